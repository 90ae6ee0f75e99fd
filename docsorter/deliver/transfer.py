"""One attempt at a move: its paths and named steps, and how the bytes get to their final name.

Order: folder, sidecar, document, flush, source away; the commit follows. The source goes *before*
the commit: until then the planned move says where to look, after it nobody would know of a
leftover, and the inbox would offer it a second time. Before it goes the bytes are whole, flushed,
and under their final name.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from docsorter.deliver.names import numbered, safe_name
from docsorter.deliver.permissions import Permissions, ensure_folder, locate, prune, require_root
from docsorter.deliver.sidecar import document_of, sidecar_path
from docsorter.documents import Document, Move, Place, ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.filesystem import Disk, environment_reason
from docsorter.store import Store

PRIVATE = ".docsorter"
"""Folder in the inbox, in its own mount, where claimed files wait for their copy."""

_CLAIM = "claim-"
_PRIVATE_BYTES = 200

OWN_PREFIX = ".docsorter-"
"""Every name that a move uses on its way begins with this and its number."""


_REMEDIES = {
    ReasonCode.DISK_FULL: "free some space; it is tried again by itself",
    ReasonCode.READ_ONLY: "mount the file system for writing; it is tried again by itself",
    ReasonCode.NO_PERMISSION: "give the user of docsorter the permission; it is tried again",
    ReasonCode.BUSY: "it is tried again by itself",
}
_OTHERWISE = "check the disk or the share; it is tried again by itself"


class FileChangedError(ConflictError):
    """The bytes are not those that were seen; the document is where it was, untouched."""


class FileGoneError(ConflictError):
    """The document is neither where it was nor where it was to go."""


@contextmanager
def environment_faults() -> Iterator[None]:
    """Turn an OSError into an EnvironmentFaultError that has it as its cause."""
    try:
        yield
    except OSError as error:
        reason = environment_reason(error)
        raise EnvironmentFaultError(
            reason.text, remedy=_REMEDIES.get(reason.code, _OTHERWISE)
        ) from error


Hook = Callable[[str], None]
"""Called with "STEP:before" and "STEP:after"."""


class FaultPoint(StrEnum):
    """The steps of a move, in the order in which they come."""

    CLAIM_PRIVATE = "claim-private"  # the inbox name becomes a private one in the inbox's mount
    FOLDER = "folder"  # the target folder is made
    SIDECAR_WRITTEN = "sidecar-written"  # whole, under a private name
    PERMISSIONS = "permissions"  # of the document, before it gets its final name
    COPY = "copy"  # whole and verified, under a private name in the target folder
    RECORD = "record"  # a note that a copy or a placeholder is about to get the final name
    RENAME = "rename"  # the atomic way to a final name
    LINK = "link"  # without RENAME_NOREPLACE
    PLACEHOLDER = "placeholder"  # without hard links
    REPLACE_PLACEHOLDER = "replace-placeholder"
    TARGET_SYNC = "target-sync"  # the final name is on the disk
    COLLISION_CLEARED = "collision-cleared"  # our sidecar at a name that turned out to be taken
    REPLAN = "replan"  # the store knows the new name
    SOURCE_REMOVED = "source-removed"
    OLD_SIDECAR_REMOVED = "old-sidecar-removed"
    RECORD_REMOVED = "record-removed"
    COMMIT = "commit"  # the store knows the new place


class PlanPoint(StrEnum):
    """The steps around a move: what is written down before it, and what gives it up."""

    CLAIM_PLANNED = "claim-planned"  # a complete file in the inbox has its number and its move
    VERDICT_PLANNED = "verdict-planned"  # digest and verdict, and the move that follows
    PUT_OFF = "put-off"  # the document waits, with its reason and its next try
    ANSWER_PLANNED = "answer-planned"  # what a person said, and the move that follows from it
    UNDO_PLANNED = "undo-planned"  # the answer does not stand any more, and the move back
    TAKEN_BACK = "taken-back"  # the bytes of a move that is given up are where they were
    ABANDONED = "abandoned"  # the store knows that it was given up
    RETURNED = "returned"  # a file whose claim nobody knows is in the inbox again


Step = Callable[[FaultPoint | PlanPoint], AbstractContextManager[None]]
"""Surrounds a step that cannot be taken back."""


def steps_told_to(hook: Hook) -> Step:
    """Return a `Step` that calls the hook before a step, and after it when it succeeded."""

    @contextmanager
    def step(point: FaultPoint | PlanPoint) -> Iterator[None]:
        hook(f"{point}:before")
        yield
        hook(f"{point}:after")

    return step


@dataclass(frozen=True, slots=True)
class Job:
    """The paths that a move touches.

    Attributes:
        move: The move, as the store has it now.
        document: Whose bytes.
        origin: The name they had when the move was planned.
        private: The name they have in the inbox between claim and copy.
        target: The name they get.
        part: A copy on its way, in the target folder.
        sidecar: The sidecar's final name.
        sidecar_part: The sidecar on its way.
        record: Says that a copy or a placeholder may have the final name.
    """

    move: Move
    document: Document
    origin: Path
    private: Path
    target: Path
    part: Path
    sidecar: Path
    sidecar_part: Path
    record: Path

    @property
    def is_claim(self) -> bool:
        """Whether the bytes leave the inbox."""
        return self.move.from_place is Place.INBOX

    @property
    def source(self) -> Path:
        """The name the bytes have before they arrive."""
        return self.private if self.is_claim and os.path.lexists(self.private) else self.origin


def make_job(move: Move, document: Document, roots: Mapping[Place, Path]) -> Job:
    """Return the paths of a move.

    Raises:
        WorkspaceError: A path leaves its root.
    """
    target = locate(roots[move.to_place], move.to_path)
    own = f"{OWN_PREFIX}{move.id}"
    return Job(
        move=move,
        document=document,
        origin=locate(roots[move.from_place], move.from_path),
        private=private_path(roots[Place.INBOX], move),
        target=target,
        part=target.with_name(f"{own}.part"),
        sidecar=sidecar_path(target),
        sidecar_part=target.with_name(f"{own}.sidecar"),
        record=target.with_name(f"{own}.record"),
    )


def private_path(inbox: Path, move: Move) -> Path:
    """Return the private name of a claimed file inside the inbox's own mount.

    It ends in the name that the file came with, so that it can be given back without the store.
    """
    name = safe_name(PurePosixPath(move.from_path).name, _PRIVATE_BYTES)
    return inbox / PRIVATE / f"{_CLAIM}{move.id}-{name}"


def stray_claims(inbox: Path) -> dict[Path, tuple[int, str]]:
    """Return the files under private names: path -> (number of the move, name it came with)."""
    found = {}
    for path in sorted((inbox / PRIVATE).glob(f"{_CLAIM}*")):
        number, _, name = path.name.removeprefix(_CLAIM).partition("-")
        if number.isdecimal() and name:
            found[path] = (int(number), name)
    return found


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


class Transfer:
    """Brings documents from one place to another, for the mover."""

    def __init__(
        self,
        store: Store,
        disk: Disk,
        roots: Mapping[Place, Path],
        allowed: Mapping[Place, Permissions],
        step: Step,
    ) -> None:
        self._store = store
        self._disk = disk
        self._roots = roots
        self._allowed = allowed
        self._step = step
        self._publisher = Publisher(disk, step)
        inbox, spool = roots[Place.INBOX], allowed[Place.SPOOL]
        self.claimer = Claimer(inbox, disk, step, self._publisher, spool)

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
        _drop_placeholders(self._disk, job, source)
        if os.path.lexists(job.target):
            if not _has_arrived(self._disk, job, source):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(job.target))
            arrival = _Arrival(None if job.is_claim else self._disk.sha256(job.target))
        elif os.path.lexists(source):
            arrival = self._start(job, inode)
        else:
            raise self.gone(job)
        return self._finish(job, arrival)

    def _start(self, job: Job, inode: int | None) -> _Arrival:
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
                f"{job.document.name} changed after it was read", remedy="it is read again"
            )
        document = self._store.documents.set_hash(
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
                _grant(job.origin, allowed)
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
                _grant(job.target, allowed)
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
        if _may_remove(self._disk, job, source, copied=copied):
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
            if not job.is_claim and _owns_sidecar(job):
                self._disk.unlink(job.sidecar)
            self._remove_debris(job)

    def take_back(self, job: Job) -> None:
        """Undo a move that was begun; the bytes are where they were.

        Raises:
            ConflictError: They have arrived and their old place is empty: finish the move.
            OSError: What the system says.
        """
        source = job.source
        _drop_placeholders(self._disk, job, source)
        if os.path.lexists(job.target) and _has_arrived(self._disk, job, source):
            if not _may_remove(self._disk, job, source):
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


class Publisher:
    """The steps that put a file under its final name."""

    def __init__(self, disk: Disk, step: Step) -> None:
        self._disk = disk
        self._step = step

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
            _grant(job.part, permissions)
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
                f"{job.document.name} changed while it was copied", remedy="it is read again"
            )
        if self._disk.sha256(job.part) != digest:
            raise OSError(errno.EIO, "the copy reads back differently", str(job.part))
        os.utime(job.part, ns=(before.st_atime_ns, before.st_mtime_ns), follow_symlinks=False)
        return digest

    def publish_sidecar(self, job: Job, permissions: Permissions) -> None:
        """Put the move's sidecar under its final name; one of ours that is older is replaced.

        Raises:
            FileExistsError: A foreign file has that name.
            OSError: What the system says.
        """
        if job.move.sidecar is None or _has_sidecar(job):
            return
        is_ours = os.path.lexists(job.sidecar) and _owns_sidecar(job)
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


def _grant(path: Path, permissions: Permissions) -> None:
    """Give a file its group and mode, and flush them."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        permissions.apply(descriptor)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _has_sidecar(job: Job) -> bool:
    """Say whether the sidecar of the move has its final name, whole."""
    if not job.sidecar.is_file() or job.sidecar.is_symlink() or job.move.sidecar is None:
        return False
    wanted = job.move.sidecar.encode()
    return job.sidecar.stat().st_size == len(wanted) and job.sidecar.read_bytes() == wanted


def _owns_sidecar(job: Job) -> bool:
    """Say whether the file at the sidecar's name was written for this document."""
    return _has_sidecar(job) or document_of(job.sidecar) == job.document.id


def _same_version(one: os.stat_result, other: os.stat_result) -> bool:
    return os.path.samestat(one, other) and (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )


class Claimer:
    """Moves a file from the inbox to the spool.

    A file with a second hard link, or one that belongs to another user, is copied and not renamed:
    whoever holds the other name or owns the file could change our bytes, or find its mode changed.
    """

    def __init__(
        self,
        inbox: Path,
        disk: Disk,
        step: Step,
        publisher: Publisher,
        permissions: Permissions,
    ) -> None:
        self._inbox = inbox
        self._disk = disk
        self._step = step
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
        if not _is_observed(job, status) or inode not in {None, status.st_ino}:
            raise _changed(job)
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
            raise _changed(job)
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
            raise _changed(job)
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


def _is_observed(job: Job, status: os.stat_result) -> bool:
    """Say whether a file has the type, size and time that were seen when it was planned."""
    seen = (job.document.size, job.document.mtime_ns)
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == seen


def _changed(job: Job) -> FileChangedError:
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


def _drop_placeholders(disk: Disk, job: Job, source: Path) -> None:
    """Remove empty files that hold a final name for us; the record says they are ours."""
    if not job.record.exists():
        return
    for path, is_safe in ((job.sidecar, True), (job.target, os.path.lexists(source))):
        if is_safe and os.path.lexists(path) and path.lstat().st_size == 0:
            disk.unlink(path)


def _has_arrived(disk: Disk, job: Job, source: Path) -> bool:
    """Say whether the file under the final name is the document, not somebody else's.

    A file of the same bytes is no proof by itself: it may be a document that was delivered
    before. Proof is the same inode, or the record of a copy that is no longer on its way, or
    that `source` is a newcomer under the old name.
    """
    target = job.target.lstat()
    if not stat.S_ISREG(target.st_mode):
        return False
    if not os.path.lexists(source):
        return job.is_claim or _is_document(disk, job, job.target) or _has_our_sidecar(job)
    if os.path.samestat(source.lstat(), target):
        return True
    if os.path.lexists(job.part):
        return os.path.samestat(job.part.lstat(), target)
    if job.record.exists():
        return _are_same_bytes(disk, source, job.target)
    return (
        not _is_document(disk, job, source)
        and _is_document(disk, job, job.target)
        and (job.move.sidecar is None or _has_our_sidecar(job))
    )


def _has_our_sidecar(job: Job) -> bool:
    return job.move.sidecar is not None and _owns_sidecar(job)


def _may_remove(disk: Disk, job: Job, source: Path, *, copied: bool = False) -> bool:
    """Say whether `source` is nothing but a second copy of what has arrived.

    Args:
        disk: Reads digests.
        job: A move whose document has arrived.
        source: The name it had.
        copied: The bytes were read from `source` just now and are known to be the same.
    """
    if not os.path.lexists(source):
        return False
    if os.path.samestat(source.lstat(), job.target.lstat()):
        return True
    if job.is_claim and source == job.origin and not _is_observed(job, source.lstat()):
        return False  # a new file under the same name, or somebody wrote on
    return copied or _are_same_bytes(disk, source, job.target)


def _is_document(disk: Disk, job: Job, path: Path) -> bool:
    if job.is_claim:
        return _is_observed(job, path.lstat())
    status = path.lstat()
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_size == job.document.size
        and job.document.sha256 in {None, disk.sha256(path)}
    )


def _are_same_bytes(disk: Disk, one: Path, other: Path) -> bool:
    first, second = one.lstat(), other.lstat()
    return (
        stat.S_ISREG(first.st_mode)
        and first.st_size == second.st_size
        and disk.sha256(one) == disk.sha256(other)
    )
