"""Does anybody still have a file open for writing? Asked of the kernel, by a lease.

A file may have rested for seconds and been renamed, and its writer may yet go on writing through
the descriptor it kept. A read lease (fcntl(2), "Leases") is granted only while nobody, in any
process, has the file open for writing or mapped for it; that is what the question costs.
"""

import errno
import fcntl
import os
import signal
from pathlib import Path
from typing import Final

# A lease that somebody wants broken is told by a signal. SIGIO, the usual one, ends a process that
# does not expect it; this one is ignored by whoever does not.
_HARMLESS: Final = signal.SIGURG


def has_writer(descriptor: int) -> bool | None:
    """Say whether a file is open for writing anywhere on this machine.

    The lease is given back at once. Whoever opens the file in these microseconds waits for that.

    Args:
        descriptor: A regular file, opened for reading only.

    Returns:
        None where nobody can say: the file is another user's, or its file system has no leases.
        Never ask on a network file system: there the answer is about the server's promises.
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, int(_HARMLESS))
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def is_being_written(path: Path) -> bool | None:
    """Say the same of a path.

    Raises:
        OSError: It cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    try:
        return has_writer(descriptor)
    finally:
        os.close(descriptor)
