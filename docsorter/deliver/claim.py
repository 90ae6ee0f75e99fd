"""Taking a file out of the inbox: make sure it is the one that was seen, then make it ours."""

import errno
import os
import stat
from pathlib import Path

from docsorter.deliver.errors import FileChangedError
from docsorter.deliver.faults import FaultPoint, Steps
from docsorter.deliver.folders import ensure_folder
from docsorter.deliver.job import Job
from docsorter.deliver.names import numbered
from docsorter.deliver.permissions import Permissions
from docsorter.deliver.publish import Publisher
from docsorter.disk import Disk


class Claimer:
    """Moves a file from the inbox to the spool.

    A file with a second hard link, or one that belongs to another user, is copied and not renamed:
    whoever holds the other name or owns the file could change our bytes, or find its mode changed.

    Args:
        inbox: Root of the inbox.
        disk: Does the steps.
        steps: Announces them.
        publisher: Gives final names.
        permissions: Of the spool.
    """

    def __init__(
        self,
        inbox: Path,
        disk: Disk,
        steps: Steps,
        publisher: Publisher,
        permissions: Permissions,
    ) -> None:
        self._inbox = inbox
        self._disk = disk
        self._step = steps.step
        self._publisher = publisher
        self._permissions = permissions

    def claim(self, job: Job, inode: int | None) -> str | None:
        """Bring the bytes of the inbox under their name in the spool.

        Returns:
            The hex SHA-256 when they were copied, None when they were renamed.

        Raises:
            FileChangedError: It is not the file that was seen; it is in the inbox, untouched.
            OSError: What the system says; the file is in the inbox, perhaps under its private name.
        """
        if os.path.lexists(job.private):
            return self._copy(job.private, job)
        status = job.origin.lstat()
        if not is_observed(job, status) or inode not in {None, status.st_ino}:
            raise changed(job)
        if not _must_copy(status) and self._rename(job, status):
            return None
        _require_readable(job.origin)
        source = job.private if self._make_private(job, status) else job.origin
        return self._copy(source, job)

    def _copy(self, source: Path, job: Job) -> str:
        try:
            return self._publisher.publish_copy(source, job, self._permissions)
        except FileChangedError:
            if source == job.private:
                self.restore(source, job.origin)
            raise

    def _rename(self, job: Job, status: os.stat_result) -> bool:
        try:
            self._publisher.publish(job.origin, job.target, job.record)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        if not _is_unchanged(status, job.target.lstat()):
            self.restore(job.target, job.origin)
            raise changed(job)
        return True

    def _make_private(self, job: Job, status: os.stat_result) -> bool:
        """Rename within the inbox's own mount; a sub-folder may be a mount of its own."""
        folder = job.private.parent
        ensure_folder(self._inbox, folder, self._permissions, self._disk)
        try:
            with self._step(FaultPoint.CLAIM_PRIVATE):
                self._disk.rename(job.origin, job.private)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        if not _is_unchanged(status, job.private.lstat()):
            self.restore(job.private, job.origin)
            raise changed(job)
        self._disk.sync_file(job.private)
        self._disk.sync_directory(folder)
        self._disk.sync_directory(job.origin.parent)
        return True

    def restore(self, path: Path, origin: Path) -> Path:
        """Put claimed bytes into the inbox, at `origin` or, if that is taken, beside it.

        Returns:
            Where they are now.

        Raises:
            OSError: What the system says; the file is where it was.
        """
        folder = origin.parent if origin.parent.is_dir() else self._inbox
        wanted = folder / origin.name
        if os.path.lexists(wanted) and os.path.samestat(wanted.lstat(), path.lstat()):
            self._disk.unlink(path)  # a second link; the inbox name is there already
            return wanted
        number = 1
        while True:
            name = origin.name if number == 1 else numbered(origin.name, number)
            try:
                linked = self._disk.rename_noreplace(path, folder / name)
            except FileExistsError:
                number += 1
                continue
            if linked:
                self._disk.unlink(path)
            self._disk.sync_directory(folder)
            return folder / name


def is_observed(job: Job, status: os.stat_result) -> bool:
    """Say whether a file has the type, size and time that were seen when it was planned."""
    seen = (job.document.size, job.document.mtime_ns)
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == seen


def changed(job: Job) -> FileChangedError:
    """Return the error for a file in the inbox that is not the one that was seen."""
    return FileChangedError(
        f"{job.document.name} changed before it was claimed",
        remedy="it is claimed when it has come to rest again",
    )


def _is_unchanged(before: os.stat_result, after: os.stat_result) -> bool:
    """Compare all that a rename keeps."""
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )


def _must_copy(status: os.stat_result) -> bool:
    is_others = status.st_uid != os.geteuid() and os.geteuid() != 0
    return status.st_nlink > 1 or is_others


def _require_readable(path: Path) -> None:
    """Fail before a file that we cannot read is hidden from its owner."""
    os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
