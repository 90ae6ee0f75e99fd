"""The few file operations that decide whether a sheet is lost: rename, copy, flush, digest.

Everything that moves a document goes through a `Disk`, so that tests can make each step fail.
"""

import ctypes
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docsorter.surroundings import environment_reason

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_CHUNK = 1024 * 1024
# renameat2 answers these where the file system cannot do RENAME_NOREPLACE (renameat2(2)).
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
# link(2) answers these where the file system has no hard links (exFAT, some SMB servers).
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})

__all__ = ["Disk", "environment_reason"]


class Disk:
    """The machine's file system."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._renameat2 = libc.renameat2
        self._renameat2.argtypes = [
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        ]

    def rename_noreplace(self, source: Path, target: Path) -> bool:
        """Give `source` the name `target` without ever replacing a file.

        Tries renameat2(RENAME_NOREPLACE), then a hard link, then an exclusively created empty
        placeholder that the rename replaces.

        Returns:
            True when `source` still exists as a second name of the same bytes (hard link) and is
            to be unlinked by the caller once the move is committed.

        Raises:
            FileExistsError: `target` is taken.
            OSError: EXDEV when both are on different mounts, or what the system says.
        """
        if self.rename_exclusive(source, target):
            return False
        if self.link(source, target):
            return True
        self.create_placeholder(target)
        self.replace_placeholder(source, target)
        return False

    def rename_exclusive(self, source: Path, target: Path) -> bool:
        """Rename by renameat2(RENAME_NOREPLACE).

        Returns:
            False when the file system cannot do that; nothing happened then.

        Raises:
            FileExistsError: `target` is taken.
            OSError: EXDEV when both are on different mounts, or what the system says.
        """
        code = self._rename_flag(source, target)
        if code not in {0, *_NOT_SUPPORTED}:
            raise OSError(code, os.strerror(code), str(source), None, str(target))
        return code == 0

    def _rename_flag(self, source: Path, target: Path) -> int:
        result = self._renameat2(
            _AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE
        )
        return 0 if result == 0 else ctypes.get_errno()

    def link(self, source: Path, target: Path) -> bool:
        """Give the bytes of `source` a second name.

        Returns:
            False when the file system has no hard links; nothing happened then.

        Raises:
            FileExistsError: `target` is taken by another file.
            OSError: What the system says.
        """
        try:
            target.hardlink_to(source)
        except FileExistsError:
            # Over NFS a request may be sent again, and a link that was made then "exists".
            if not os.path.samestat(source.lstat(), target.lstat()):
                raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return False
        return True

    def create_placeholder(self, target: Path) -> None:
        """Take a name with an empty file.

        Raises:
            FileExistsError: `target` is taken.
            OSError: What the system says.
        """
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))

    def replace_placeholder(self, source: Path, target: Path) -> None:
        """Rename `source` over the placeholder at `target`; remove the placeholder on failure.

        Raises:
            OSError: What the system says. A server may say so after it has renamed: what is at
                `target` is only removed while it is still the placeholder.
        """
        placeholder = target.lstat()
        try:
            source.rename(target)
        except OSError:
            if os.path.lexists(target) and os.path.samestat(target.lstat(), placeholder):
                target.unlink(missing_ok=True)
            raise

    def copy_durably(self, source: Path, target: Path) -> str:
        """Copy bytes into a new private file and flush it.

        Returns:
            The hex SHA-256 of what was read.

        Raises:
            FileExistsError: `target` is there already.
            OSError: What the system says, or `source` is no regular file; a half copy is removed.
        """
        digest = hashlib.sha256()
        with _regular(source) as reading:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            with os.fdopen(os.open(target, flags, 0o600), "wb") as writing:
                try:
                    while chunk := os.read(reading, _CHUNK):
                        digest.update(chunk)
                        writing.write(chunk)
                    writing.flush()
                    os.fsync(writing.fileno())
                except OSError:
                    target.unlink(missing_ok=True)
                    raise
        return digest.hexdigest()

    def sha256(self, path: Path) -> str:
        """Return the hex SHA-256 of a regular file, never following a symlink.

        Raises:
            OSError: What the system says, or `path` is no regular file.
        """
        digest = hashlib.sha256()
        with _regular(path) as descriptor:
            while chunk := os.read(descriptor, _CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def write_durably(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        """Write a small file whole or not at all, replacing an old one."""
        # Cut in bytes: 200 characters may be 800 bytes, and a name holds 255.
        part = path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:200])}.part")
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
        self.sync_directory(path.parent)

    def sync_file(self, path: Path) -> None:
        """Flush a file's bytes to the disk (fsync(2))."""
        with _descriptor(path, os.O_RDONLY | os.O_NOFOLLOW) as descriptor:
            os.fsync(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Flush a directory's names to the disk; file systems that cannot are left alone."""
        with _descriptor(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:  # some network shares
                    raise

    def rename(self, source: Path, target: Path) -> None:
        """Rename, replacing `target`: only for names that nobody else uses.

        Raises:
            OSError: EXDEV when both are on different mounts, or what the system says.
        """
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Remove a name; one that is gone already is fine."""
        path.unlink(missing_ok=True)


@contextmanager
def _descriptor(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _regular(path: Path) -> Iterator[int]:
    """Open a regular file for reading; O_NONBLOCK, for opening a named pipe would wait for ever."""
    with _descriptor(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK) as descriptor:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        yield descriptor
