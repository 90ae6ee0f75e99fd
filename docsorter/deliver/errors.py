"""What can stop a move, in the words of the project's error tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from docsorter.disk import environment_reason
from docsorter.documents import ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError

_REMEDIES = {
    ReasonCode.DISK_FULL: "free some space; it is tried again by itself",
    ReasonCode.READ_ONLY: "mount the file system for writing; it is tried again by itself",
    ReasonCode.NO_PERMISSION: "give the user of docsorter the permission; it is tried again",
    ReasonCode.BUSY: "it is tried again by itself",
}
_OTHERWISE = "check the disk or the share; it is tried again by itself"


class FileChangedError(ConflictError):
    """The bytes are not those that were seen; the document is where it was, untouched."""


class FileGoneError(ConflictError):
    """The document is neither where it was nor where it was to go."""


@contextmanager
def environment() -> Iterator[None]:
    """Turn an OSError into an EnvironmentFaultError that has it as its cause."""
    try:
        yield
    except OSError as error:
        reason = environment_reason(error)
        raise EnvironmentFaultError(
            reason.text, remedy=_REMEDIES.get(reason.code, _OTHERWISE)
        ) from error
