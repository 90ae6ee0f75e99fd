"""What is handed to the store and comes back from it, beside the words of docsorter.documents."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

from docsorter.documents import (
    Place,
    Prediction,
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
