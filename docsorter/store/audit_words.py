"""What is compared with the disk, and what is taken in from it."""

import datetime as dt
from dataclasses import dataclass

from docsorter.documents import Document, Place, Verdict


@dataclass(frozen=True, slots=True)
class Expected:
    """A document and what must be on the disk for it.

    Attributes:
        document: As the store has it.
        sidecar: JSON text that was published beside it; None where there is none.
        moving: A move of it is planned, so it may be in either place.
    """

    document: Document
    sidecar: str | None
    moving: bool


@dataclass(frozen=True, slots=True)
class Adopted:
    """A delivered file that the store does not know, with what its sidecar says of it.

    Attributes:
        place: SORTED or REJECTED.
        path: Under it.
        name: File name it arrived with.
        source: Inbox sub-folder it arrived in.
        size: Bytes.
        mtime_ns: Modification time.
        sha256: Hex digest of the bytes.
        arrived_at: When it came.
        verdict: What was decided of it.
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
