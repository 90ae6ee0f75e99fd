"""A document is opened once, before any child sees it."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError, EnvironmentFaultError

_MEGA: Final = 1_000_000


@contextmanager
def system_faults() -> Iterator[None]:
    """Whatever the machine refuses us here is no fault of a document."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFaultError(
            f"cannot read a document now: {error.strerror or error}"
        ) from error


@contextmanager
def opened(path: Path, max_file_mb: float) -> Iterator[int]:
    """Open a document without following links or waiting for a FIFO, and check its size.

    Raises:
        DocumentError: It is no file, has no bytes or too many.
        EnvironmentFaultError: It is gone, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise _not_regular() from error
        raise EnvironmentFaultError(f"cannot open the document: {error.strerror}") from error
    try:
        _check(os.fstat(descriptor), max_file_mb)
        yield descriptor
    finally:
        os.close(descriptor)


def _check(found: os.stat_result, max_file_mb: float) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _not_regular()
    if found.st_size == 0:
        raise DocumentError(
            ReasonCode.EMPTY, "the file has no bytes in it", remedy="scan or send it again"
        )
    if found.st_size > max_file_mb * _MEGA:
        raise DocumentError(
            ReasonCode.TOO_LARGE,
            f"the file has {found.st_size / _MEGA:.1f} MB, more than the limit of {max_file_mb:g}",
            remedy="scan at a lower resolution, or raise pages.max_file_mb",
        )


def _not_regular() -> DocumentError:
    return DocumentError(
        ReasonCode.UNSUPPORTED,
        "it is a link, a folder or a device and not a file",
        remedy="send the file itself",
    )
