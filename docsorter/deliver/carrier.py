"""One attempt at a move: look at the disk, do what is missing, clear up.

Order: folder, sidecar, document, flush, source away; the commit follows. The source goes *before*
the commit: until then the planned move says where to look, after it nobody would know of a
leftover, and the inbox would offer it a second time. Before it goes the bytes are whole, flushed,
and under their final name.
"""

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from docsorter.deliver.claim import Claimer
from docsorter.deliver.errors import FileChangedError, FileGoneError
from docsorter.deliver.evidence import Evidence
from docsorter.deliver.faults import FaultPoint, Steps
from docsorter.deliver.folders import ensure_folder, prune, require_root
from docsorter.deliver.job import Job
from docsorter.deliver.permissions import Permissions
from docsorter.deliver.publish import Publisher
from docsorter.deliver.sidecar import document_of, sidecar_path
from docsorter.disk import Disk
from docsorter.documents import Move, Place
from docsorter.errors import ConflictError
from docsorter.store import Store


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the bytes of a move are now.

    Attributes:
        move: The move, with the name it got in the end.
        path: Where the document is.
        size: Its bytes.
        mtime_ns: Its modification time, nanoseconds since the epoch.
        sha256: Hex digest; None when nobody has read the bytes yet.
    """

    move: Move
    path: Path
    size: int
    mtime_ns: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class _Arrival:
    """How the bytes came under their final name."""

    sha256: str | None
    copied: bool = False


class Carrier:
    """Carries documents from one place to another.

    Args:
        store: Learns the digest of a document that a person changed.
        disk: The only way to a document's bytes.
        roots: Absolute root of every place.
        allowed: Modes and groups of every place.
        steps: Announces steps.
    """

    def __init__(
        self,
        store: Store,
        disk: Disk,
        roots: Mapping[Place, Path],
        allowed: Mapping[Place, Permissions],
        steps: Steps,
    ) -> None:
        self._store = store
        self._disk = disk
        self._roots = roots
        self._allowed = allowed
        self._step = steps.step
        self._publisher = Publisher(disk, steps)
        self._evidence = Evidence(disk, self._publisher)
        inbox, spool = roots[Place.INBOX], allowed[Place.SPOOL]
        self.claimer = Claimer(inbox, disk, steps, self._publisher, spool)

    def attempt(self, job: Job, inode: int | None) -> Delivery:
        """Do what is still missing of a move.

        Raises:
            FileExistsError: The final name is somebody else's.
            FileChangedError: The bytes are not what was seen or hashed; they are where they were.
            FileGoneError: The bytes are neither here nor there.
            OSError: What the system says.
        """
        for place in (job.move.from_place, job.move.to_place):
            require_root(self._roots[place])
        source = job.source
        self._evidence.drop_placeholders(job, source)
        if os.path.lexists(job.target):
            if not self._evidence.has_arrived(job, source):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(job.target))
            arrival = _Arrival(None if job.is_claim else self._disk.sha256(job.target))
        elif os.path.lexists(source):
            arrival = self._bring(job, inode)
        else:
            raise self.gone(job)
        return self._finish(job, arrival)

    def _bring(self, job: Job, inode: int | None) -> _Arrival:
        allowed = self._allowed[job.move.to_place]
        self._remove_debris(job)
        with self._step(FaultPoint.FOLDER):
            root = self._roots[job.move.to_place]
            ensure_folder(root, job.target.parent, allowed, self._disk)
        if job.is_claim:
            digest = self.claimer.claim(job, inode)
            return _Arrival(digest, copied=digest is not None)
        job = self._hashed(job)
        self._publisher.publish_sidecar(job, allowed)
        if self._rename(job, allowed):
            return _Arrival(job.document.sha256)
        return _Arrival(self._publisher.publish_copy(job.origin, job, allowed), copied=True)

    def _hashed(self, job: Job) -> Job:
        """Make sure of the bytes; a person may have changed them anywhere but in the spool."""
        status = job.origin.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise FileChangedError(
                f"{job.document.name} is no regular file any more", remedy="put the file back"
            )
        digest = self._disk.sha256(job.origin)
        if digest == job.document.sha256:
            return job
        if job.move.from_place is Place.SPOOL and job.document.sha256 is not None:
            raise FileChangedError(
                f"{job.document.name} changed after it was read", remedy="it is looked at again"
            )
        document = self._store.set_hash(
            job.document.id, sha256=digest, size=status.st_size, mtime_ns=status.st_mtime_ns
        )
        return replace(job, document=document)

    def _rename(self, job: Job, allowed: Permissions) -> bool:
        """Move within one mount; only an owner can give a file its mode, others must copy."""
        status = job.origin.lstat()
        if not allowed.fit(status) and os.geteuid() not in {0, status.st_uid}:
            return False
        try:
            with self._step(FaultPoint.PERMISSIONS):
                self._publisher.grant(job.origin, allowed)
            self._publisher.publish(job.origin, job.target, job.record)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _finish(self, job: Job, arrival: _Arrival) -> Delivery:
        """Flush the final name and remove what is left of the old one."""
        allowed = self._allowed[job.move.to_place]
        if job.is_claim and not allowed.fit(job.target.lstat()):
            with self._step(FaultPoint.PERMISSIONS):
                self._publisher.grant(job.target, allowed)
        if not os.path.lexists(job.sidecar):  # a power cut may have kept the later name only
            self._publisher.publish_sidecar(job, allowed)
        with self._step(FaultPoint.TARGET_SYNC):
            self._disk.sync_file(job.target)
            self._disk.sync_directory(job.target.parent)
        self._remove_source(job, copied=arrival.copied)
        if self._debris(job):
            with self._step(FaultPoint.RECORD_REMOVED):
                self._remove_debris(job)
                self._disk.sync_directory(job.target.parent)
        status = job.target.lstat()
        return Delivery(job.move, job.target, status.st_size, status.st_mtime_ns, arrival.sha256)

    def _remove_source(self, job: Job, *, copied: bool) -> None:
        source = job.source
        if self._evidence.may_remove(job, source, copied=copied):
            with self._step(FaultPoint.SOURCE_REMOVED):
                self._disk.unlink(source)
        old = sidecar_path(job.origin)
        if not job.is_claim and old != job.sidecar and document_of(old) == job.document.id:
            with self._step(FaultPoint.OLD_SIDECAR_REMOVED):
                self._disk.unlink(old)
        if source.parent.is_dir():
            self._disk.sync_directory(source.parent)
        if job.move.from_place is Place.REVIEW:
            prune(self._roots[Place.REVIEW], job.origin.parent)

    def clear_target(self, job: Job) -> None:
        """Remove what we put beside a final name that we do not get: sidecar, copy, record."""
        with self._step(FaultPoint.COLLISION_CLEARED):
            if not job.is_claim and self._publisher.owns_sidecar(job):
                self._disk.unlink(job.sidecar)
            self._remove_debris(job)

    def take_back(self, job: Job) -> None:
        """Undo a move that was begun; the bytes are where they were.

        Raises:
            ConflictError: They have arrived and their old place is empty: finish the move.
            OSError: What the system says.
        """
        source = job.source
        self._evidence.drop_placeholders(job, source)
        if os.path.lexists(job.target) and self._evidence.has_arrived(job, source):
            if not self._evidence.may_remove(job, source):
                raise ConflictError(
                    f"document {job.document.id} has arrived already",
                    remedy="finish the move instead",
                )
            self._disk.unlink(job.target)
        if job.is_claim and os.path.lexists(job.private):
            self.claimer.restore(job.private, job.origin)
        if job.target.parent.is_dir():
            self.clear_target(job)

    def gone(self, job: Job) -> FileGoneError:
        """Clear up after a document that was taken away, and return the error for it."""
        if job.target.parent.is_dir():
            self.clear_target(job)
        return FileGoneError(
            f"{job.document.name} is gone: neither in {job.move.from_place} as"
            f" {job.move.from_path} nor in {job.move.to_place} as {job.move.to_path}",
            remedy=f"put it back, or see docsorter explain {job.document.id}",
        )

    def _debris(self, job: Job) -> list[Path]:
        return [p for p in (job.part, job.sidecar_part, job.record) if os.path.lexists(p)]

    def _remove_debris(self, job: Job) -> None:
        for path in self._debris(job):
            self._disk.unlink(path)
