"""What is handed to the store and comes back from it, beside the words of docsorter.documents.

Frozen records, by repository: documents and moves, the review queue, checks, learning, the disk.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, TypedDict

from docsorter.documents import (
    Answer,
    CheckOutcome,
    Document,
    Move,
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

    `source` is the inbox sub-folder ("" for the inbox itself), `path` relative to the inbox.
    """

    name: str
    source: str
    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a move goes, and what the document waits for once it is there.

    `path` is under the place, with forward slashes; `sidecar` is the JSON text published beside
    the document, None for none.
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
        text: Its words in reading order, to be found by; empty when none are to be kept.
    """

    prediction: Prediction | None = None
    pages: int | None = None
    media_type: str | None = None
    producer: str = ""
    duplicate_of: int | None = None
    digest: Digest | None = None
    traits: Mapping[str, float | str] = field(default_factory=dict)
    text: str = ""


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
        label: Of the last verdict.
        since: Arrived then or later.
        text: Part of the name; the case of ASCII letters does not matter.
        source: Inbox sub-folder ("" is the inbox itself, None any).
        words: All of these words were read in it, the last one perhaps only begins so; None any.
    """

    state: State | None = None
    label: str | None = None
    since: dt.datetime | None = None
    text: str = ""
    source: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many documents were ever claimed: in all, per state (every one named), and sorted.

    `labels` counts the sorted ones per label; `sorted_alone` no person was needed for.
    """

    states: dict[State, int]
    labels: dict[str, int]
    sorted_alone: int
    sorted_by_people: int
    total: int


@dataclass(frozen=True, slots=True)
class TakeBackFilter:
    """Which documents to take back; every condition given must hold.

    Attributes:
        ids: Only these documents; None any. Rejected ones are meant only when named, here or by
            the person who rejected them.
        since: Decided then or later.
        model: Name of the model that looked at them last.
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


@dataclass(frozen=True, slots=True)
class SampledDocument:
    """What one document says of its time.

    Attributes:
        source: Inbox sub-folder.
        media_type: What its bytes are, "" when not known.
        producer: What the scanner says of itself.
        traits: What the scan looks like; empty when that was not measured.
        model: Name of the model that looked last, "" for none.
        label: Its most probable label, "" for none.
        confidence: Probability of that, 0-1.
        novelty: Percentile, 0-100.
    """

    document_id: int
    source: str
    media_type: str
    producer: str
    traits: dict[str, object]
    model: str = ""
    label: str = ""
    confidence: float = 0.0
    novelty: float = 0.0


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

    A condition on reason, label or tone leaves out what is judged blind: it would give away what
    was seen.

    Attributes:
        label: The model's best guess.
        source: Inbox sub-folder ("" is the inbox itself, None any).
        text: Part of the name; the case of ASCII letters does not matter.
        older: They have waited for at least so long.
        words: As in a `DocumentFilter`.
        tone: How their words sound: "negative", "positive", "mixed" or "neutral".
    """

    reason: ReasonCode | None = None
    label: str | None = None
    source: str | None = None
    text: str = ""
    purpose: Purpose | None = None
    older: dt.timedelta | None = None
    words: str | None = None
    tone: str | None = None


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
    """An entry held by one reviewer, and the secret that shows who holds it."""

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
class AnswerSummary:
    """One answer, as the statistics read it.

    Attributes:
        label: None rejects.
        guess: Label of the model, None when it gave none.
        seconds: From being shown to the answer, None when nobody measured.
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
    """Two labels given to one document, the second blind, and by whom; None rejects."""

    first: str | None
    second: str | None
    reviewers: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Draw:
    """A document that was drawn for a blind answer, before it is written down.

    Attributes:
        rule: Key of the sort rule that it was drawn under.
        model: Name of the model.
        label: Given by the model.
        score: What the threshold applies to: the probability of that label, 0-1.
        inclusion: With which probability such a document was drawn, (0, 1].
    """

    rule: str
    model: str
    label: str
    score: float
    inclusion: float


@dataclass(frozen=True, slots=True)
class Check:
    """One drawn document and what people said of it.

    Attributes:
        source: Inbox sub-folder it came in.
        first: The first blind answer that stands.
        second: The second look, after a disagreement.
        outcome: right, wrong or void; None while it is open.
    """

    id: int
    document_id: int
    drawn_at: dt.datetime
    draw: Draw
    source: str
    first: Answer | None = None
    second: Answer | None = None
    outcome: CheckOutcome | None = None
    settled_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """Where a document goes after a second look (or before a person), and why."""

    destination: Destination
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CheckResult:
    """An answer to a check and what it came to.

    Attributes:
        check: As it is now; still open when a second look is asked for.
        move: What carries a confirmed error to the right folder; None where nothing moves.
    """

    answer: Answer
    check: Check
    move: Move | None = None


class CheckEvidence(NamedTuple):
    """One check as evidence.

    Attributes:
        check_id: They grow in the order of drawing.
        score: 0-1.
        inclusion: (0, 1].
        outcome: right or wrong; None while it is open.
        first_answer_id: Of the first answer that stands; None while nobody answered.
    """

    check_id: int
    document_id: int
    score: float
    inclusion: float
    outcome: CheckOutcome | None
    first_answer_id: int | None


class Mistake(NamedTuple):
    """A document that was sorted alone, score 0-1, to a label that a check found wrong."""

    document_id: int
    score: float
    label: str
    settled_at: dt.datetime | None


class DrawnCheck(NamedTuple):
    """One draw, whatever became of it; `score` is 0-1, `inclusion` (0, 1]."""

    check_id: int
    at: dt.datetime
    score: float
    inclusion: float


@dataclass(frozen=True, slots=True)
class CheckTally:
    """Checks of one rule in numbers; void ones are no evidence.

    `last_id` is the number of the last one drawn, 0 without any; `settled_at` the last settling.
    """

    open: int = 0
    right: int = 0
    wrong: int = 0
    void: int = 0
    last_id: int = 0
    settled_at: dt.datetime | None = None


class ChangeReason(StrEnum):
    """Why the threshold in use changed."""

    CERTIFIED = "certified"  # the evidence allows it
    ALARM = "alarm"  # the evidence speaks against the threshold that was in use
    WITHDRAWN = "withdrawn"  # answers that it rested on were taken back
    SAMPLING = "sampling"  # the threshold stays; more or less is drawn from now on
    NEW_RULE = "new_rule"  # another model, other policies or another target: new evidence


@dataclass(frozen=True, slots=True)
class PromiseChange:
    """One change of the threshold in use.

    Attributes:
        model: Name of the model.
        rule: Key of the sort rule.
        threshold: In use from then on; None sorts nothing alone.
        target: Error rate that is promised.
        confidence: Confidence level of the promise.
        checked: Checks above the threshold that it rests on.
        errors: Errors among them.
        upper_bound: Of the error above the threshold, valid at any time.
        last_check_id: The last settled check that was looked at; None without any.
        detail: More facts; `evidence_after` is the number of the last check that does not count
            any more.
        id: 0 before it is written down.
    """

    model: str
    rule: str
    threshold: float | None
    target: float
    confidence: float
    checked: int
    errors: int
    upper_bound: float
    why: ChangeReason
    last_check_id: int | None = None
    detail: dict[str, object] = field(default_factory=dict)
    id: int = 0
    at: dt.datetime | None = None


SHADOW_RULE = "rehearsal"
"""Stands for the rule of a check that is evidence for no model in use: its document could not have
been sorted alone, and was drawn because another model may think otherwise."""


class ShadowCandidate(NamedTuple):
    """A check that a waiting model may be told of.

    Attributes:
        check_id: They grow in the order of drawing.
        document: Where it lies now.
        answered: Label that people gave last; "" when they gave none, None when nobody answered.
        inclusion: Probability with which it was drawn, (0, 1].
    """

    check_id: int
    document: Document
    answered: str | None
    inclusion: float


class ShadowPrediction(NamedTuple):
    """A waiting model's label of a drawn document, and its score: what its threshold applies to."""

    check_id: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class AnsweredDocument:
    """An answered document that a model may learn from.

    Attributes:
        document: Sorted, not forgotten; its label is what stands.
        answer_id: The newest answer that says so.
        guess: What the model in use at the time suggested, None for nothing.
        agreeing: How many answers that stand say the same.
        disputed: Another answer that stands says something else.
        doubt: Probability that the last model to look gave to its own most probable label, where
            that is another one; 0 where it is the same.
        predicted: That other label, "" where it is the same.
    """

    document: Document
    answer_id: int
    label: str
    guess: str | None
    answered_at: dt.datetime
    agreeing: int
    disputed: bool
    doubt: float
    predicted: str


class LabelledDocument(NamedTuple):
    """A document that people have labelled, and whether a model was trained on it.

    It is sorted, not forgotten, and nobody is to be asked about it again.
    """

    document: Document
    label: str
    trained: bool


@dataclass(frozen=True, slots=True)
class HeldOutCheck:
    """A settled blind check of a document that a model did not learn from.

    Attributes:
        check_id: Checks are settled in the order of `settled_at`.
        truth: What blind answers say it is.
        predicted: Label that the model in use gave when it was drawn.
        model: That model.
        inclusion: Probability with which it was drawn, (0, 1].
    """

    check_id: int
    document: Document
    truth: str
    predicted: str
    model: str
    inclusion: float
    drawn_at: dt.datetime
    settled_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ExpectedFile:
    """A document and what must be on the disk for it.

    Attributes:
        sidecar: JSON text that was published beside it; None where there is none.
        moving: A move of it is planned, so it may be in either place.
    """

    document: Document
    sidecar: str | None
    moving: bool


@dataclass(frozen=True, slots=True)
class AdoptedFile:
    """A delivered file that the store does not know, with what its sidecar says of it.

    Attributes:
        place: SORTED or REJECTED.
        name: File name it arrived with.
        source: Inbox sub-folder it arrived in.
        sha256: Hex digest of the bytes.
        answered_by: Who said so, None for the model.
        pages: How many, None when unknown.
        sidecar: The JSON text beside it, an object.
    """

    place: Place
    path: str
    name: str
    source: str
    size: int
    mtime_ns: int
    sha256: str
    arrived_at: dt.datetime
    verdict: Verdict
    answered_by: str | None
    pages: int | None
    sidecar: str
