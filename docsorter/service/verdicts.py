"""Verdicts and reasons of the pipeline that no model has a part in."""

from typing import Final

from docsorter.documents import Document, Reason, ReasonCode, Verdict, VerdictKind
from docsorter.errors import DocumentError, ModelError

STILL_OPEN: Final = Reason(
    ReasonCode.BUSY, "its writer still has it open, though it rested; it waits for that"
)
STILL_WRITTEN: Final = Reason(
    ReasonCode.CHANGED, "the file was still being written; it rests again"
)


def duplicate(document: Document, earlier: Document, *, skips: bool) -> Verdict:
    """Return the verdict on a document with the same bytes as another one.

    Args:
        document: The one in question.
        earlier: The one that was kept.
        skips: Whether duplicates are rejected rather than shown to a person.
    """
    first = "came earlier" if earlier.id < document.id else "was looked at first"
    # By its number alone: the log keeps this for ever, and names may be forgotten.
    text = f"the same bytes as document {earlier.id}, which {first}"
    kind = VerdictKind.REJECT if skips else VerdictKind.REVIEW
    return Verdict(kind, Reason(ReasonCode.DUPLICATE, text))


def unreadable(error: DocumentError) -> Verdict:
    """Return the verdict on a document that cannot be read."""
    text = f"{error.message}; {error.remedy}" if error.remedy else error.message
    return Verdict(VerdictKind.REJECT, Reason(ReasonCode(error.code), text))


def broken_model(error: ModelError) -> Verdict:
    """Return the verdict on a document of which the model said nothing that can be used."""
    return Verdict(VerdictKind.REVIEW, Reason(ReasonCode.INTERNAL, error.message))


def our_fault(error: Exception) -> Reason:
    """Return the reason for our own code having failed on a document."""
    return Reason(ReasonCode.INTERNAL, f"docsorter failed: {type(error).__name__}: {error}")


def kills_its_reader(tries: int) -> Verdict:
    """Return the verdict on a document whose reader the machine killed every time."""
    reason = Reason(
        ReasonCode.MEMORY_LIMIT,
        f"the machine killed its reader {tries} times for want of memory; "
        "scan at a lower resolution, or give the machine more memory",
    )
    return Verdict(VerdictKind.REJECT, reason)
