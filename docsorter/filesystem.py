"""The system calls that move files without losing them, what their errors mean, and mounts.

Everything that moves a document goes through a `Disk`, so that tests can make each step fail.
"""

import ctypes
import errno
import fcntl
import hashlib
import os
import re
import signal
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from docsorter.documents import Reason, ReasonCode

_ENVIRONMENT = {
    errno.ENOSPC: (ReasonCode.DISK_FULL, "the disk is full"),
    errno.EDQUOT: (ReasonCode.DISK_FULL, "the disk quota is used up"),
    errno.EFBIG: (ReasonCode.DISK_FULL, "the file is larger than a limit allows"),
    errno.EROFS: (ReasonCode.READ_ONLY, "the file system is read-only"),
    errno.EACCES: (ReasonCode.NO_PERMISSION, "permission denied"),
    errno.EPERM: (ReasonCode.NO_PERMISSION, "operation not permitted"),
    errno.EBUSY: (ReasonCode.BUSY, "the file is busy"),
    errno.ETXTBSY: (ReasonCode.BUSY, "the file is busy"),
    errno.EAGAIN: (ReasonCode.BUSY, "the file is locked"),
    errno.ENOMEM: (ReasonCode.NO_RESOURCES, "the machine has no memory left"),
    errno.EMFILE: (ReasonCode.NO_RESOURCES, "too many files are open"),
    errno.ENFILE: (ReasonCode.NO_RESOURCES, "too many files are open on this machine"),
    errno.EIO: (ReasonCode.STORAGE_GONE, "the storage answers with an error"),
    errno.ENXIO: (ReasonCode.STORAGE_GONE, "the device is gone"),
    errno.ESTALE: (ReasonCode.STORAGE_GONE, "the network share was replaced"),
    errno.ENODEV: (ReasonCode.STORAGE_GONE, "the device is gone"),
    errno.ENOTCONN: (ReasonCode.STORAGE_GONE, "the network share is not connected"),
    errno.EHOSTDOWN: (ReasonCode.STORAGE_GONE, "the file server is down"),
    errno.ETIMEDOUT: (ReasonCode.STORAGE_GONE, "the file server does not answer"),
}
_NO_INODES = "the disk holds as many files as it can (no inodes left)"
_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_CHUNK = 1024 * 1024
# renameat2 answers these where the file system cannot do RENAME_NOREPLACE (renameat2(2)).
_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
# link(2) answers these where the file system has no hard links (exFAT, some SMB servers).
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})

MOUNTINFO = Path("/proc/self/mountinfo")
UNKNOWN = "unknown"
# They give no change events (watchdog#668, #1005, microsoft/WSL#4739) and are no place for a
# database (Sonarr#1886).
_REMOTE = frozenset(
    {
        # network
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs", "autofs",
        # cluster and distributed: another node's change makes no event here
        "ceph", "glusterfs", "lustre", "gfs2", "ocfs2", "beegfs", "gpfs", "pvfs2", "orangefs",
        # shared from the host of a virtual machine or of a container engine
        "9p", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs", "fakeowner",
        # a program in user space, mostly in front of a network: sshfs, rclone, s3fs, ...
        "fuse",
    }
)  # fmt: skip
# `overlay` is not among them: watches on its folders do report what is done through the mount, as
# everything in a container is; only a watch on a single file is lost when that file is copied up
# (libuv#1201, kubernetes/test-infra#5859), and folders are all we watch.
# `fuseblk` is a local disk (NTFS, exFAT).
# The kernel tells the breaking of a lease by a signal. SIGIO, the usual one, ends a process that
# does not expect it; this one is ignored by default.
_HARMLESS: Final = signal.SIGURG


def environment_reason(error: OSError) -> Reason:
    """Return why the environment failed; unknown errors count as storage trouble."""
    code, text = _ENVIRONMENT.get(
        error.errno or 0, (ReasonCode.STORAGE_GONE, error.strerror or type(error).__name__)
    )
    path = error.filename2 or error.filename
    if error.errno == errno.ENOSPC and isinstance(path, str | Path) and out_of_inodes(Path(path)):
        text = _NO_INODES
    where = f": {path}" if error.filename else ""
    return Reason(code, f"{text}{where}")


def out_of_inodes(path: Path) -> bool:
    """Say whether the file system of a path can hold no more files.

    File systems without a fixed number of inodes (Btrfs, many shares) say 0 of 0 and never run out.
    """
    for place in (path, path.parent):
        with suppress(OSError):
            status = os.statvfs(place)
            return status.f_files > 0 and status.f_favail == 0
    return False


class Disk:
    """The machine's file system."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._renameat2 = libc.renameat2
        number, name = ctypes.c_int, ctypes.c_char_p
        self._renameat2.argtypes = [number, name, number, name, ctypes.c_uint]

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


@dataclass(frozen=True, slots=True)
class FileSystem:
    """The file system of a path.

    Attributes:
        kind: Its type, e.g. "ext4", "nfs4", "fuse.sshfs"; "unknown" when the system does not say.
        mount_point: Where it is mounted.
        device: What is mounted there, e.g. "/dev/sda1" or "server:/share".
    """

    kind: str
    mount_point: str
    device: str

    @property
    def remote(self) -> bool:
        """Whether it is a network or virtual file system."""
        return self.kind in _REMOTE or self.kind.startswith("fuse.")


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo."""

    id: int
    file_system: FileSystem


def file_system(path: Path) -> FileSystem:
    """Return the file system `path` is on, or would be on once it is made."""
    resolved = _existing(path)
    try:
        mounts = list(parse_mounts(MOUNTINFO.read_text(errors="surrogateescape").splitlines()))
    except OSError:
        return FileSystem(UNKNOWN, "/", "")
    number = _mount_id(resolved)
    for mount in mounts:
        if mount.id == number:
            return mount.file_system
    return longest_match(mounts, resolved)


def is_network_or_virtual(path: Path) -> bool:
    """Say whether `path` is on a network or virtual file system."""
    return file_system(path).remote


def parse_mounts(lines: Iterable[str]) -> Iterator[Mount]:
    """Read lines of /proc/self/mountinfo (proc_pid_mountinfo(5)); odd lines are left out."""
    for line in lines:
        left, separator, right = line.partition(" - ")
        fields, described = left.split(" "), right.split(" ")
        if separator and fields[0].isdecimal() and fields[4:] and described[1:]:
            where = FileSystem(described[0], _unescape(fields[4]), _unescape(described[1]))
            yield Mount(int(fields[0]), where)


def longest_match(mounts: Iterable[Mount], path: Path) -> FileSystem:
    """Return the mount whose mount point is the longest prefix of `path`, the last of equals."""
    best = FileSystem(UNKNOWN, "", "")
    for mount in mounts:
        point = mount.file_system.mount_point
        if path.is_relative_to(point) and len(point) >= len(best.mount_point):
            best = mount.file_system
    return best


def _unescape(text: str) -> str:
    """Undo the kernel's octal escapes of space, tab, newline and backslash."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _existing(path: Path) -> Path:
    """Return the path itself or its nearest ancestor that exists, without links."""
    resolved = Path(os.path.realpath(path))
    while not os.path.lexists(resolved) and resolved != resolved.parent:
        resolved = resolved.parent
    return resolved


def _mount_id(path: Path) -> int | None:
    """Ask the kernel for the mount of an open file: right also where mounts hide each other."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        text = Path(f"/proc/self/fdinfo/{descriptor}").read_text()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    found = re.search(r"^mnt_id:\s*(\d+)$", text, re.MULTILINE)
    return int(found[1]) if found else None


def has_writer(descriptor: int) -> bool | None:
    """Say whether a file is open for writing anywhere on this machine.

    A writer may go on through its descriptor though the file rests or was renamed. A read lease
    (fcntl(2), "Leases") is granted only while no process has the file open for writing or mapped
    for it; it is given back at once. Whoever opens the file in these microseconds waits for that.

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
