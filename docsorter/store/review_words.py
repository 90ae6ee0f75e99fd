"""What is handed to the store and comes back from it about the review queue and its answers."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from docsorter.documents import (
    Purpose,
    ReasonCode,
    ReviewEntry,
)


class ReviewOrder(StrEnum):
    """How to go through the review queue."""

    HELPS = "helps"  # what has waited too long, then what an answer teaches most
    OLDEST = "oldest"
    NEWEST = "newest"
    UNSURE = "unsure"
    SURE = "sure"


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is in the order HELPS.

    Attributes:
        number: How many documents this person took before; the kinds take turns by it.
        overdue: Entries that have waited so long come before all others; None knows no limit.
    """

    number: int = 0
    overdue: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """Which review entries to show; every condition given must hold.

    A condition on reason or label leaves out what is judged blind: it would give the model away.

    Attributes:
        reason: Why they wait.
        label: The model's best guess.
        source: Inbox sub-folder ("" is the inbox itself, None any).
        text: Part of the name; the case of ASCII letters does not matter.
        purpose: What their answer is for.
        older: They have waited for at least so long.
    """

    reason: ReasonCode | None = None
    label: str | None = None
    source: str | None = None
    text: str = ""
    purpose: Purpose | None = None
    older: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer was given.

    Attributes:
        seconds: From the page being shown to the answer, None when nobody measured.
        batch: What joins the answers of one gesture, None for a single one.
        ask_again: Chance wants a second opinion of it, blind, from somebody else; not of an answer
            to a check that disagrees, which has a second look of its own.
    """

    seconds: float | None = None
    batch: str | None = None
    ask_again: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """An entry held by one reviewer.

    Attributes:
        entry: The entry.
        token: Secret that shows who holds it.
    """

    entry: ReviewEntry
    token: str


@dataclass(frozen=True, slots=True)
class ReviewStats:
    """The review queue in numbers.

    Attributes:
        open: Entries that wait.
        leased: Of those, held by somebody just now.
        skipped: Of those, put back and resting.
        reasons: Entries that wait, per reason.
        answered: Answers given since the time asked for and not taken back.
        agreed: Of those, equal to the model's guess.
        undone: Answers taken back since the time asked for.
    """

    open: int
    leased: int
    skipped: int
    reasons: dict[ReasonCode, int] = field(default_factory=dict)
    answered: int = 0
    agreed: int = 0
    undone: int = 0


@dataclass(frozen=True, slots=True)
class Given:
    """One answer, as the statistics read it.

    Attributes:
        at: When.
        reviewer: Unix user name.
        label: None rejects.
        guess: What the model said, None when it said nothing.
        seconds: From being shown to the answer, None when nobody measured.
        undone: It was taken back.
        purpose: What it was asked for.
        blind: The model's guess was not shown.
    """

    at: dt.datetime
    reviewer: str
    label: str | None
    guess: str | None
    seconds: float | None
    undone: bool
    purpose: Purpose
    blind: bool


@dataclass(frozen=True, slots=True)
class OpinionPair:
    """Two answers to one document, the second given blind.

    Attributes:
        first: Label of the first, None rejects.
        second: Label of the second, None rejects.
        reviewers: Who gave them.
    """

    first: str | None
    second: str | None
    reviewers: tuple[str, str]
