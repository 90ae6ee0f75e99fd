"""Which file system a path is on, and whether others can change it behind this machine's back.

Such file systems give no change events (watchdog#668, #1005, microsoft/WSL#4739) and are no place
for a database (Sonarr#1886).
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
UNKNOWN = "unknown"
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
    """One line of mountinfo.

    Attributes:
        id: Number of the mount.
        file_system: What is mounted where.
    """

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
