"""Giving bytes their final name, whatever the file system can do, and never over another file."""

import errno
import os
from pathlib import Path

from docsorter.deliver.errors import FileChangedError
from docsorter.deliver.faults import FaultPoint, Steps
from docsorter.deliver.job import Job
from docsorter.deliver.permissions import Permissions
from docsorter.deliver.sidecar import document_of
from docsorter.disk import Disk


class Publisher:
    """The steps that put a file under its final name.

    Args:
        disk: Does them.
        steps: Announces them.
    """

    def __init__(self, disk: Disk, steps: Steps) -> None:
        self._disk = disk
        self._step = steps.step

    def publish(self, source: Path, target: Path, record: Path) -> None:
        """Give `source` the name `target`; after a hard link `source` is still there.

        Args:
            source: A whole file, on the disk.
            target: A free name in the same mount.
            record: Where to note that an empty `target` is a placeholder of ours.

        Raises:
            FileExistsError: `target` is taken.
            OSError: EXDEV when both are on different mounts, or what the system says.
        """
        with self._step(FaultPoint.RENAME):
            renamed = self._disk.rename_exclusive(source, target)
        if renamed:
            return
        with self._step(FaultPoint.LINK):
            linked = self._disk.link(source, target)
        if linked:
            return
        self.note(record)
        with self._step(FaultPoint.PLACEHOLDER):
            self._disk.create_placeholder(target)
        with self._step(FaultPoint.REPLACE_PLACEHOLDER):
            self._disk.replace_placeholder(source, target)

    def note(self, record: Path) -> None:
        """Write down, durably, that the next step may give the final name."""
        if not record.exists():
            with self._step(FaultPoint.RECORD):
                self._disk.create_placeholder(record)
                self._disk.sync_directory(record.parent)

    def publish_copy(self, source: Path, job: Job, permissions: Permissions) -> str:
        """Copy `source` beside the target, check the copy, and give it the final name.

        Returns:
            The hex SHA-256 of the bytes.

        Raises:
            FileChangedError: The source changed meanwhile, or is not what the store knows.
            FileExistsError: The target is taken; the copy is removed.
            OSError: What the system says.
        """
        with self._step(FaultPoint.COPY):
            digest = self._checked_copy(source, job)
        with self._step(FaultPoint.PERMISSIONS):
            self.grant(job.part, permissions)
        self.note(job.record)
        try:
            self.publish(job.part, job.target, job.record)
        except FileExistsError:
            self._disk.unlink(job.part)
            raise
        self._disk.unlink(job.part)
        return digest

    def _checked_copy(self, source: Path, job: Job) -> str:
        before = source.lstat()
        digest = self._disk.copy_durably(source, job.part)
        expected = job.document.sha256
        is_same = _same_version(before, source.lstat()) and expected in {None, digest}
        if not is_same:
            self._disk.unlink(job.part)
            raise FileChangedError(
                f"{job.document.name} changed while it was copied", remedy="it is looked at again"
            )
        if self._disk.sha256(job.part) != digest:
            raise OSError(errno.EIO, "the copy reads back differently", str(job.part))
        os.utime(job.part, ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)
        return digest

    def grant(self, path: Path, permissions: Permissions) -> None:
        """Give a file its group and mode, and flush them."""
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            permissions.apply(descriptor)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def publish_sidecar(self, job: Job, permissions: Permissions) -> None:
        """Put the move's sidecar under its final name; one of ours that is older is replaced.

        Raises:
            FileExistsError: A foreign file has that name.
            OSError: What the system says.
        """
        if job.move.sidecar is None or self._has_sidecar(job):
            return
        is_ours = os.path.lexists(job.sidecar) and self.owns_sidecar(job)
        self._disk.unlink(job.sidecar_part)
        with self._step(FaultPoint.SIDECAR_WRITTEN):
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
            with os.fdopen(os.open(job.sidecar_part, flags, 0o600), "wb") as file:
                file.write(job.move.sidecar.encode())
                permissions.apply(file.fileno())
                file.flush()
                os.fsync(file.fileno())
        if is_ours:
            with self._step(FaultPoint.RENAME):
                self._disk.rename(job.sidecar_part, job.sidecar)
        else:
            self.publish(job.sidecar_part, job.sidecar, job.record)
        self._disk.unlink(job.sidecar_part)

    def _has_sidecar(self, job: Job) -> bool:
        if not job.sidecar.is_file() or job.sidecar.is_symlink() or job.move.sidecar is None:
            return False
        wanted = job.move.sidecar.encode()
        return job.sidecar.stat().st_size == len(wanted) and job.sidecar.read_bytes() == wanted

    def owns_sidecar(self, job: Job) -> bool:
        """Say whether the file at the sidecar's name was written for this document."""
        return self._has_sidecar(job) or document_of(job.sidecar) == job.document.id


def _same_version(one: os.stat_result, other: os.stat_result) -> bool:
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )
