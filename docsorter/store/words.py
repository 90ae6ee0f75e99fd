"""What is handed to the store and comes back from it, beside the words of docsorter.documents."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypedDict

from docsorter.documents import (
    Place,
    Prediction,
    Purpose,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete file in the inbox, about to be claimed.

    Attributes:
        name: File name.
        source: Inbox sub-folder ("" for the inbox itself).
        path: Path relative to the inbox.
        size: Bytes.
        mtime_ns: Modification time, nanoseconds since the epoch.
    """

    name: str
    source: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a move goes, and what the document waits for once it is there.

    Attributes:
        place: Root.
        path: Path under it, with forward slashes.
        next_state: State of the document after the move.
        sidecar: JSON text published beside the document; None for none.
    """

    place: Place
    path: str
    next_state: State
    sidecar: str | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What identifies bytes: hex SHA-256, with the size and modification time that they had."""

    sha256: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What looking at a document brought to light.

    Attributes:
        prediction: None when no model was asked.
        pages: Number of pages, None when unknown.
        media_type: What the bytes are, None when unknown.
        producer: What the scanner says of itself.
        duplicate_of: Id of an earlier document with the same bytes.
        digest: Of the bytes that were looked at, None when they were not read.
        traits: What the scan looks like as a scan; empty when that was not measured.
    """

    prediction: Prediction | None = None
    pages: int | None = None
    media_type: str | None = None
    producer: str = ""
    duplicate_of: int | None = None
    digest: Digest | None = None
    traits: Mapping[str, float | str] = field(default_factory=dict)


class Changes(TypedDict, total=False):
    """Facts of a document that may become known with the end of a move."""

    verdict: Verdict
    answered_by: str | None
    sha256: str
    size: int
    mtime_ns: int
    pages: int
    duplicate_of: int


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents to list; every condition given must hold.

    Attributes:
        state: What they wait for.
        label: Label of the last verdict.
        since: Arrived then or later.
        text: Part of the name; the case of ASCII letters does not matter.
        source: Inbox sub-folder ("" is the inbox itself, None any).
    """

    state: State | None = None
    label: str | None = None
    since: dt.datetime | None = None
    text: str = ""
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents there are.

    Attributes:
        states: Per state, every state named.
        labels: Sorted documents per label.
        sorted_alone: Sorted with no person.
        sorted_by_people: Sorted by an answer.
        total: All documents ever claimed.
    """

    states: dict[State, int]
    labels: dict[str, int]
    sorted_alone: int
    sorted_by_people: int
    total: int


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Which documents to take back; every condition given must hold.

    Attributes:
        ids: Only these documents; None any. Rejected ones are meant only when named, here or by
            the person who rejected them.
        since: Decided then or later.
        model: Name of the model that looked at them last.
        label: Sorted to it.
        by: Unix name of who answered; "" whoever, `BY_MACHINE` nobody did.
        in_spool: Also those that were taken back and were not decided again.
    """

    ids: tuple[int, ...] | None = None
    since: dt.datetime | None = None
    model: str | None = None
    label: str | None = None
    by: str = ""
    in_spool: bool = False


BY_MACHINE: Final = "machine"
"""What people type for "sorted with no person"."""


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
