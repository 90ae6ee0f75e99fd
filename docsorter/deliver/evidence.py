"""What the disk tells about a move that was interrupted: has it arrived, and what may go?"""

import os
import stat
from pathlib import Path

from docsorter.deliver.claim import is_observed
from docsorter.deliver.job import Job
from docsorter.deliver.publish import Publisher
from docsorter.disk import Disk


class Evidence:
    """Tells our own files from those of others.

    Args:
        disk: Reads digests.
        publisher: Knows our sidecars.
    """

    def __init__(self, disk: Disk, publisher: Publisher) -> None:
        self._disk = disk
        self._publisher = publisher

    def drop_placeholders(self, job: Job, source: Path) -> None:
        """Remove empty files that hold a final name for us; the record says they are ours."""
        if not job.record.exists():
            return
        for path, is_safe in ((job.sidecar, True), (job.target, os.path.lexists(source))):
            if is_safe and os.path.lexists(path) and path.lstat().st_size == 0:
                self._disk.unlink(path)

    def has_arrived(self, job: Job, source: Path) -> bool:
        """Say whether the file under the final name is the document, not somebody else's.

        A file of the same bytes is no proof by itself: it may be a document that was delivered
        before. Proof is the same inode, or the record of a copy that is no longer on its way, or
        that `source` is a newcomer under the old name.
        """
        target = job.target.lstat()
        if not stat.S_ISREG(target.st_mode):
            return False
        if not os.path.lexists(source):
            return job.is_claim or self._is_document(job, job.target) or self._has_sidecar(job)
        if os.path.samestat(source.lstat(), target):
            return True
        if os.path.lexists(job.part):
            return os.path.samestat(job.part.lstat(), target)
        if job.record.exists():
            return self._are_same_bytes(source, job.target)
        return (
            not self._is_document(job, source)
            and self._is_document(job, job.target)
            and (job.move.sidecar is None or self._has_sidecar(job))
        )

    def may_remove(self, job: Job, source: Path, *, copied: bool = False) -> bool:
        """Say whether `source` is nothing but a second copy of what has arrived.

        Args:
            job: A move whose document has arrived.
            source: The name it had.
            copied: The bytes were read from `source` just now and are known to be the same.
        """
        if not os.path.lexists(source):
            return False
        if os.path.samestat(source.lstat(), job.target.lstat()):
            return True
        if job.is_claim and source == job.origin and not is_observed(job, source.lstat()):
            return False  # a new file under the same name, or somebody wrote on
        return copied or self._are_same_bytes(source, job.target)

    def _has_sidecar(self, job: Job) -> bool:
        return job.move.sidecar is not None and self._publisher.owns_sidecar(job)

    def _is_document(self, job: Job, path: Path) -> bool:
        if job.is_claim:
            return is_observed(job, path.lstat())
        status = path.lstat()
        return (
            stat.S_ISREG(status.st_mode)
            and status.st_size == job.document.size
            and job.document.sha256 in {None, self._disk.sha256(path)}
        )

    def _are_same_bytes(self, one: Path, other: Path) -> bool:
        first, second = one.lstat(), other.lstat()
        return (
            stat.S_ISREG(first.st_mode)
            and first.st_size == second.st_size
            and self._disk.sha256(one) == self._disk.sha256(other)
        )
