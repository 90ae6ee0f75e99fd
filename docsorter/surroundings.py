"""What the system's error numbers say of the surroundings, as reasons from the closed list."""

import errno
import os
from contextlib import suppress
from pathlib import Path

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


def environment_reason(error: OSError) -> Reason:
    """Say in words why the surroundings failed; unknown errors count as storage trouble."""
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
