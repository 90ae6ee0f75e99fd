"""One lock per move, so that the daemon and a command never carry out the same move at once."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docsorter.deliver.permissions import Permissions

LOCK_FILE = ".moves.lock"


class MoveLocks:
    """Locks on single bytes of one file in the spool, which is always on a local disk.

    They belong to the open file (F_OFD_SETLK, fcntl(2)), not to the process, so threads exclude
    each other as well, and a kill releases them.

    Args:
        spool: The spool root.
        permissions: Mode and group of the lock file.
    """

    def __init__(self, spool: Path, permissions: Permissions) -> None:
        self._file = spool / LOCK_FILE
        self._permissions = permissions

    @contextmanager
    def hold(self, move_id: int) -> Iterator[None]:
        """Hold the lock of a move.

        Raises:
            OSError: EAGAIN when somebody else holds it, or the spool cannot be written to.
        """
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._file, flags, self._permissions.file_mode)
        try:
            status = os.fstat(descriptor)
            if status.st_uid == os.geteuid() and not self._permissions.fit(status):
                self._permissions.apply(descriptor)
            # struct flock: l_type, l_whence, l_start, l_len, l_pid (0 as OFD locks demand)
            wanted = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, move_id, 1, 0)
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
            yield
        finally:
            os.close(descriptor)
