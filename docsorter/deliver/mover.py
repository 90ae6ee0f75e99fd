"""Carries out planned moves; each of their steps can be killed and taken up again."""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from docsorter.clock import Clock
from docsorter.deliver.names import numbered, safe_name
from docsorter.deliver.permissions import Permissions, permissions
from docsorter.deliver.sidecar import sidecar_path
from docsorter.deliver.transfer import (
    Delivery,
    FaultPoint,
    Hook,
    Job,
    PlanPoint,
    Transfer,
    environment_faults,
    make_job,
    steps_told_to,
)
from docsorter.documents import Document, Move, MoveState, Place, State
from docsorter.errors import ConflictError
from docsorter.filesystem import Disk
from docsorter.settings import Settings
from docsorter.store import Changes, Store

LOCK_FILE = ".moves.lock"


class MoveLocks:
    """Locks on single bytes of one file in the spool, which is always on a local disk.

    They belong to the open file (F_OFD_SETLK, fcntl(2)), not to the process, so threads exclude
    each other as well, and a kill releases them.
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


_MOST = 2**40


def free_name(folder: Path, base: str, *, with_sidecar: bool) -> str:
    """Return `base`, or `base` with a number, such that nothing has that name now.

    Scanners that call everything `scan.pdf` make thousands of neighbours, so the numbers are not
    tried one by one: doubled until one is free, then halved back to a free one after a taken one.

    Args:
        folder: Where the name is to be free; may be missing.
        base: The name that is wanted.
        with_sidecar: Whether the sidecar's name must be free as well.
    """

    def is_free(number: int) -> bool:
        path = folder / (base if number == 1 else numbered(base, number))
        return not os.path.lexists(path) and not (
            with_sidecar and os.path.lexists(sidecar_path(path))
        )

    if is_free(1):
        return base
    taken, free = 1, 2
    while not is_free(free) and free < _MOST:
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (taken, middle) if is_free(middle) else (middle, free)
    return numbered(base, free)


_EVENTS = {
    State.SPOOLED: "claimed",
    State.SORTED: "delivered",
    State.REVIEW: "queued",
    State.REJECTED: "rejected",
}
_TRIES = 100
_SHORT_NAME = 100  # encrypted folders hold 143 bytes (eCryptfs), with room for a number and .json


class Mover:
    """Moves documents between the places of a workspace; may be shared by threads.

    Args:
        store: Where moves are planned and committed.
        disk: The only way to a document's bytes.
        roots: Absolute root of every place.
        settings: Modes and groups.
        clock: Dates what recovery puts off.
        at: Called before and after every step that cannot be taken back; for tests.

    Raises:
        SettingsError: A group does not exist.
    """

    def __init__(
        self,
        store: Store,
        disk: Disk,
        roots: Mapping[Place, Path],
        settings: Settings,
        clock: Clock,
        *,
        at: Hook = lambda _: None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.roots = roots
        allowed = permissions(settings)
        self.step = steps_told_to(at)
        """Surrounds a step that cannot be taken back; those who plan moves announce theirs too."""
        self._transfer = Transfer(store, disk, roots, allowed, self.step)
        self._locks = MoveLocks(roots[Place.SPOOL], allowed[Place.SPOOL])

    def complete(
        self,
        move: Move,
        *,
        actor: str,
        detail: dict[str, object] | None = None,
        inode: int | None = None,
    ) -> Document:
        """Move the bytes, or find out that they were moved, and commit; safe to repeat.

        Args:
            move: A planned move.
            actor: Who moves it.
            detail: Facts for the line in the log.
            inode: For a claim, the inode that was seen in the inbox.

        Raises:
            FileChangedError: They are not what was seen or hashed; they are where they were.
            FileGoneError: They are neither here nor there.
            ConflictError: The move is not planned any more, or no name is free.
            EnvironmentFaultError: The disk or the share fails; the OSError is its cause.
            StoreError: The database fails; the bytes have arrived.
            WorkspaceError: A path leaves its root.
        """
        with environment_faults(), self._locks.hold(move.id):
            delivery = self._move(move.id, inode)
            facts: Changes = {"size": delivery.size, "mtime_ns": delivery.mtime_ns}
            if delivery.sha256 is not None:
                facts["sha256"] = delivery.sha256
            with self.step(FaultPoint.COMMIT):
                event = _EVENTS.get(move.next_state, "moved")
                return self.store.moves.finish(
                    move.id, actor=actor, event=event, detail=detail, **facts
                )

    def abandon(self, move: Move, *, actor: str, reason: str, withdraw: bool = False) -> Document:
        """Give up a move: what was half done is taken back, then the store is told.

        Bytes of a claim go back to the inbox; the store then withdraws the document, and the inbox
        offers the file anew.

        Raises:
            ConflictError: The bytes have arrived already, or the move is not planned any more.
            EnvironmentFaultError: The disk or the share fails; the OSError is its cause.
        """
        with environment_faults(), self._locks.hold(move.id):
            job = self._planned(move.id)
            with self.step(PlanPoint.TAKEN_BACK):
                self._transfer.take_back(job)
            with self.step(PlanPoint.ABANDONED):
                return self.store.moves.abandon(
                    move.id, actor=actor, reason=reason, withdraw=withdraw or job.is_claim
                )

    def give_back(self, stray: Path, name: str) -> Path:
        """Put a file of the inbox's private folder, whose claim is unknown, into the inbox.

        Raises:
            EnvironmentFaultError: The disk or the share fails; the OSError is its cause.
        """
        with environment_faults(), self.step(PlanPoint.RETURNED):
            return self._transfer.claimer.restore(stray, self.roots[Place.INBOX] / name)

    def _planned(self, move_id: int) -> Job:
        move, document = self.store.moves.with_document(move_id)
        if move.state is not MoveState.PLANNED:
            raise ConflictError(
                f"move {move_id} is {move.state} already", remedy="nothing is left to do"
            )
        return make_job(move, document, self.roots)

    def _move(self, move_id: int, inode: int | None) -> Delivery:
        job = self._planned(move_id)
        base = job.target.name
        for _ in range(_TRIES):
            try:
                return self._transfer.attempt(job, inode)
            except FileExistsError:
                job = self._rename_target(job, base)
            except FileNotFoundError:
                if not os.path.lexists(job.source) and not os.path.lexists(job.target):
                    raise self._transfer.gone(job) from None
                # a folder was pruned under our hands: it is made again
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG or base == safe_name(base, _SHORT_NAME):
                    raise
                base = safe_name(base, _SHORT_NAME)
                job = self._rename_target(job, base)
        raise ConflictError(
            f"no free name for {base} after {_TRIES} tries", remedy="tidy the folder it goes to"
        )

    def _rename_target(self, job: Job, base: str) -> Job:
        """Choose another name because this one is somebody else's, or too long."""
        self._transfer.clear_target(job)
        name = free_name(job.target.parent, base, with_sidecar=job.move.sidecar is not None)
        path = str(PurePosixPath(job.move.to_path).with_name(name))
        with self.step(FaultPoint.REPLAN):
            move = self.store.moves.replan(job.move.id, path, job.move.sidecar)
        return make_job(move, self.store.documents.get(move.document_id), self.roots)
