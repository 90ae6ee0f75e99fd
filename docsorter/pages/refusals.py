"""How a child may end without an answer, as reasons that people read."""

import signal
from typing import Final

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError, EnvironmentFaultError
from docsorter.pages.protocol import Request

_MEGABYTE: Final = 1 << 20
_MUCH: Final = 0.5  # of the memory limit: a crash beyond it is laid to memory


class ReaderKilledError(EnvironmentFaultError):
    """Whoever read the document was killed from outside, which says little about the document."""


def killed() -> ReaderKilledError:
    """Return the error of a reader that something outside of it killed."""
    return ReaderKilledError(
        "the reader of a document was killed: the machine is short of memory",
        remedy="give it more memory, or lower service.workers",
        code=ReasonCode.NO_RESOURCES,
    )


def time_limit(request: Request) -> DocumentError:
    """Return the refusal of a document that takes too long."""
    return DocumentError(
        ReasonCode.TIME_LIMIT,
        f"reading it takes longer than {request.time_limit:g} s",
        remedy="scan it again, print it to a new PDF, or raise pages.time_limit_seconds",
    )


def memory_limit(request: Request) -> DocumentError:
    """Return the refusal of a document that needs too much memory."""
    return DocumentError(
        ReasonCode.MEMORY_LIMIT,
        f"reading it takes more than {request.memory_limit // _MEGABYTE} MB of memory",
        remedy="scan at a lower resolution, or raise pages.memory_limit_mb",
    )


def crashed(detail: str) -> DocumentError:
    """Return the refusal of a document that brings the reader down."""
    return DocumentError(
        ReasonCode.DAMAGED,
        f"the reader crashed ({detail})",
        remedy="scan it again, or print it to a new PDF",
    )


def of_death(
    request: Request, *, number: int, timed_out: bool, peak_kb: int
) -> DocumentError | ReaderKilledError:
    """Return why a child died: of the document, or because something outside killed it.

    Args:
        request: What it was to do.
        number: Signal that killed it, 0 when it ended by itself.
        timed_out: Whether it was killed at the time limit.
        peak_kb: Most memory that it or one of its programs held, KiB.
    """
    if timed_out or number == signal.SIGXCPU:
        return time_limit(request)
    if number == signal.SIGKILL and peak_kb * 1024 <= request.memory_limit * _MUCH:
        return killed()  # not by its own limits, which end it in other ways
    if number == signal.SIGKILL:
        return memory_limit(request)
    if peak_kb * 1024 > request.memory_limit * _MUCH:
        return memory_limit(request)
    return crashed(f"signal {number}" if number else "without an answer")
