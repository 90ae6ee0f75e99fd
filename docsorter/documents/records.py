"""What the store keeps of a document: where it is, how it moves, who said what."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from docsorter.documents.prediction import Prediction, Verdict
from docsorter.documents.reasons import Reason


class Place(StrEnum):
    """A root of the workspace; a path is always relative to its place."""

    INBOX = "inbox"
    SPOOL = "spool"
    SORTED = "sorted"
    REVIEW = "review"
    REJECTED = "rejected"


class State(StrEnum):
    """What a document is waiting for."""

    CLAIMING = "claiming"  # a move from the inbox to the spool is planned, perhaps done
    SPOOLED = "spooled"  # ours; waits to be looked at, or for its next try
    REVIEW = "review"  # waits for a person
    SORTED = "sorted"  # delivered
    REJECTED = "rejected"  # refused, with a reason
    WITHDRAWN = "withdrawn"  # taken out of the inbox by somebody else before the claim


@dataclass(frozen=True, slots=True)
class Document:
    """One incoming file, as the store knows it.

    Attributes:
        id: Number given at the claim; what people type.
        name: File name it arrived with.
        source: Inbox sub-folder it arrived in ("" for the inbox itself).
        state: What it waits for.
        place: Root its bytes are under.
        path: Path relative to that root, with forward slashes.
        size: Bytes, at the claim.
        mtime_ns: Modification time at the claim, nanoseconds since the epoch.
        sha256: Hex digest of the bytes; None until they are hashed.
        arrived_at: When it was claimed (UTC).
        decided_at: When the last verdict fell.
        finished_at: When it reached sorted or rejected.
        verdict: The last verdict, if any.
        model: Bundle that made the prediction, if any.
        pages: Number of pages, once known.
        attempts: Failed tries since the last success.
        next_try_at: Not before this time, when it waits after a failed try.
        waiting: Why it waits, after a failed try.
        answered_by: Name of the person whose answer it was.
        duplicate_of: Id of the earlier document with the same bytes.
    """

    id: int
    name: str
    source: str
    state: State
    place: Place
    path: str
    size: int
    mtime_ns: int
    arrived_at: dt.datetime
    sha256: str | None = None
    decided_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    verdict: Verdict | None = None
    model: str | None = None
    pages: int | None = None
    attempts: int = 0
    next_try_at: dt.datetime | None = None
    waiting: Reason | None = None
    answered_by: str | None = None
    duplicate_of: int | None = None


class Purpose(StrEnum):
    """What a review entry, and the answer to it, is for."""

    DECIDE = "decide"  # the document waits for it
    CHECK = "check"  # drawn by chance from those sorted alone, to keep the promise alive
    SECOND = "second"  # a second opinion of what a person said


class CheckOutcome(StrEnum):
    """What a blind check showed of the model's label."""

    RIGHT = "right"
    WRONG = "wrong"
    VOID = "void"  # the answer was taken back, or the document forgotten: no evidence


class MoveState(StrEnum):
    """Where a move of bytes stands."""

    PLANNED = "planned"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a document's bytes, committed before it begins and after it is done.

    Attributes:
        id: Number of the move.
        document_id: Whose bytes.
        from_place: Root they leave.
        from_path: Path under it.
        to_place: Root they go to.
        to_path: Path under it.
        state: planned, done or abandoned.
        next_state: State of the document once the move is done.
        sidecar: JSON text published beside the document, None for places without one.
        planned_at: When it was committed.
    """

    id: int
    document_id: int
    from_place: Place
    from_path: str
    to_place: Place
    to_path: str
    state: MoveState
    next_state: State
    planned_at: dt.datetime
    sidecar: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewEntry:
    """A document that waits for a person.

    Attributes:
        id: Number of the entry (not of the document).
        document: The document.
        prediction: What the model saw, None when it saw nothing.
        created_at: Since when it waits.
        skips: How often it was put back.
        lease_owner: Who holds it just now.
        lease_expires_at: Until when.
        purpose: What the answer is for; only `decide` moves a document out of review.
        blind: Nothing of the model may be shown before the answer.
        not_for: Who looked first; somebody else is asked before them.
    """

    id: int
    document: Document
    prediction: Prediction | None
    created_at: dt.datetime
    skips: int = 0
    lease_owner: str | None = None
    lease_expires_at: dt.datetime | None = None
    purpose: Purpose = Purpose.DECIDE
    blind: bool = False
    not_for: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said of a review entry.

    Attributes:
        id: Number of the answer.
        entry_id: Of which entry.
        document_id: Of which document.
        label: The label given; None means "reject it".
        reviewer: Unix user name.
        uid: Unix user id.
        answered_at: When.
        undone_at: When it was taken back, if it was.
        purpose: What it was asked for.
        blind: It was given without seeing what the model said.
        seconds: From the page being shown to the answer, None when nobody measured.
        batch: What joins the answers of one gesture, None for a single one.
    """

    id: int
    entry_id: int
    document_id: int
    label: str | None
    reviewer: str
    uid: int
    answered_at: dt.datetime
    undone_at: dt.datetime | None = None
    purpose: Purpose = Purpose.DECIDE
    blind: bool = False
    seconds: float | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only log.

    Attributes:
        id: Number, growing.
        at: When.
        kind: What, e.g. "claimed", "verdict", "delivered", "answered", "undone".
        actor: Who: "daemon", or a Unix user name.
        document_id: Of which document, None for the service itself.
        detail: Facts, JSON-serializable.
    """

    id: int
    at: dt.datetime
    kind: str
    actor: str
    document_id: int | None = None
    detail: dict[str, object] = field(default_factory=dict)
