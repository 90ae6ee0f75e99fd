"""`docsorter forget`: a document's content goes from every place; that it was stays in the log."""

import datetime as dt
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import locate, permissions, prune
from docsorter.deliver.sidecar import document_of, sidecar_path
from docsorter.documents import Document, Place, State
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError
from docsorter.filesystem import Disk, environment_reason
from docsorter.service.learning.snapshots import Snapshots
from docsorter.service.upkeep.backup import (
    DATABASE,
    read_archive,
    row_counts,
    scratch,
    write_archive,
)
from docsorter.store import Store
from docsorter.store.backups import ForgottenDocument, scrub, scrub_copy

FILE_NAME: Final = "forgotten.jsonl"
_EVENTS = 10_000


@dataclass(frozen=True, slots=True)
class ScrubReport:
    """What became of the backups.

    Attributes:
        rewritten: Knew a document and have forgotten it.
        out_of_reach: Could not be read or written anew, each with the reason; or are no longer
            where they were written.
    """

    rewritten: list[Path] = field(default_factory=list)
    out_of_reach: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """What was forgotten.

    Attributes:
        removed: Files that are gone, relative to the workspace where they are in it.
        twins: Other documents with the same bytes; each is to be forgotten on its own.
        models: Models that learned from it; what they learned stays until they are removed.
        log_merged: The write-ahead log of the database was emptied; if not, somebody was reading,
            and `docsorter maintain` does it.
    """

    document_id: int
    removed: tuple[Path, ...]
    backups: ScrubReport
    twins: tuple[int, ...]
    models: tuple[str, ...]
    log_merged: bool


class Forgetting:
    """Forgets documents; works with and without a running daemon, and again after a kill."""

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        disk: Disk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._disk = disk or Disk()
        self._clock = clock or SystemClock()

    def forget(self, document_id: int, *, actor: str, uid: int, reason: str = "") -> ForgetReport:
        """Erase a document from the folders, the database and the backups.

        Args:
            document_id: The document.
            actor: Who asks.
            uid: Their Unix number.
            reason: Why, kept in the log for ever: it must not repeat what is to be forgotten.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: It is on its way, or its file is not the one that was sorted.
            EnvironmentFaultError: A file cannot be removed, or a backup not be written; say it
                again once that is mended, it goes on where it was.
        """
        (done,) = self.forget_all([document_id], actor=actor, uid=uid, reason=reason)
        return done

    def forget_all(
        self, document_ids: Sequence[int], *, actor: str, uid: int | None, reason: str
    ) -> list[ForgetReport]:
        """Forget several at once, so that each backup is written anew only once.

        Raises:
            What `forget` raises, for the first document it concerns; those before it are erased
            and finished with the next `resume`.
        """
        detail: dict[str, object] = {"reason": reason, "uid": uid}
        begun = []
        for number in document_ids:
            self._refuse_foreign(self._store.documents.get(number))
            begun.append(self._store.upkeep.begin_forget(number, actor=actor, detail=detail))
        return self._finish(begun)

    def resume(self) -> list[int]:
        """Finish what a kill interrupted."""
        numbers = self._store.upkeep.unfinished_forgets()
        self._finish([self._store.documents.get(number) for number in numbers])
        return numbers

    def _finish(self, documents: Sequence[Document]) -> list[ForgetReport]:
        if not documents:
            return []
        twins = {
            document.id: tuple(self._store.documents.with_same_bytes(document))
            for document in documents
        }
        removed = {document.id: self._erase(document) for document in documents}
        marks = [(document.id, document.arrived_at) for document in documents]
        backups = scrub_backups(self._configuration, self._store, marks, self._clock.now())
        self._store.upkeep.finish_forget(*removed)
        merged = self._store.upkeep.checkpoint(truncate=True)
        models = {
            n: tuple(name for name, _, _ in self._store.learning.learned_by(n)) for n in removed
        }
        return [
            ForgetReport(n, tuple(removed[n]), backups, twins[n], models[n], merged)
            for n in removed
        ]

    def _erase(self, document: Document) -> list[Path]:
        try:
            removed = self._remove_files(document)
            frozen = Snapshots(self._configuration.state, self._disk).erase(document.id)
            removed += [self._shown(file) for file in frozen]
            mode = permissions(self._configuration.settings)[Place.SPOOL].file_mode
            add_to_ledger(self._configuration.state, document.id, document.arrived_at, mode)
        except OSError as error:
            raise EnvironmentFaultError(
                f"document {document.id} is not forgotten yet: {environment_reason(error).text}",
                remedy=f"correct that, then repeat: docsorter forget {document.id}",
            ) from error
        return removed

    def _refuse_foreign(self, document: Document) -> None:
        """Do not remove what somebody put in the place of the document."""
        path = self._path(document)
        if path is None or not os.path.lexists(path):
            return
        is_file = stat.S_ISREG(path.lstat().st_mode)
        if is_file and document.sha256 in {None, self._disk.sha256(path)}:
            return
        raise ConflictError(
            f"the file at {path} is not the one that was sorted as document {document.id}",
            remedy="look at it, move it away or delete it by hand, then forget the document",
        )

    def _remove_files(self, document: Document) -> list[Path]:
        path = self._path(document)
        if path is None:
            return []
        removed = []
        sidecar = sidecar_path(path)
        if document_of(sidecar) == document.id:
            removed.append(sidecar)
        if os.path.lexists(path):
            removed.append(path)
        for file in removed:
            self._disk.unlink(file)
        if path.parent.is_dir():
            self._disk.sync_directory(path.parent)
        prune(self._configuration.root(document.place), path.parent)
        return [self._shown(file) for file in removed]

    def _path(self, document: Document) -> Path | None:
        """Return where the document's file is; None when it has none of ours (any more)."""
        if not document.path or document.state is State.CLAIMING or document.place is Place.INBOX:
            return None
        return locate(self._configuration.root(document.place), document.path)

    def _shown(self, path: Path) -> Path:
        workspace = self._configuration.workspace
        return path.relative_to(workspace) if path.is_relative_to(workspace) else path


def scrub_backups(
    configuration: Configuration,
    store: Store,
    forgotten: Sequence[ForgottenDocument],
    now: dt.datetime,
) -> ScrubReport:
    """Write every backup anew that knows one of the documents."""
    report = ScrubReport()
    folder = configuration.state / "backups"
    inside = sorted(path for path in folder.glob("*") if path.suffix in {".db", ".tar"})
    elsewhere = [path for path in _written(store) if path.parent != folder]
    for path in (*inside, *elsewhere):
        if not path.exists():
            report.out_of_reach.append(f"{path}: it is no longer there")
            continue
        try:
            if _scrub(configuration, path, forgotten, now):
                report.rewritten.append(path)
        except DocsorterError as error:
            report.out_of_reach.append(f"{path}: {error.message}")
    return report


def _scrub(
    configuration: Configuration,
    path: Path,
    forgotten: Sequence[ForgottenDocument],
    now: dt.datetime,
) -> int:
    if path.suffix == ".tar":
        return _scrub_archive(configuration, path, forgotten, now)
    if Path(f"{path}-wal").exists():  # one that was set aside while it was damaged
        return scrub(path, forgotten, now)
    return scrub_copy(path, forgotten, now)


def _scrub_archive(
    configuration: Configuration,
    path: Path,
    forgotten: Sequence[ForgottenDocument],
    now: dt.datetime,
) -> int:
    with scratch(configuration) as private:
        manifest = read_archive(path, private)
        known = scrub(private / DATABASE, forgotten, now)
        if known:
            files = {member.name: private / member.name for member in manifest.members}
            changed = manifest.model_copy(update={"rows": row_counts(private / DATABASE)})
            mode = path.stat().st_mode & 0o777
            write_archive(path, files, changed, mode=mode, replace=True)
        return known


def _written(store: Store) -> list[Path]:
    """Return where the log says that backups were put, each once, in order."""
    events = store.documents.events_of_kind("backed_up", limit=_EVENTS)
    return list(dict.fromkeys(Path(str(event.detail.get("file", ""))) for event in events))


def read_ledger(state: Path) -> list[tuple[int, dt.datetime]]:
    """Return number and arrival of every document in the list; damaged lines are left out."""
    found = []
    try:
        lines = (state / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            entry = json.loads(line)
            at = dt.datetime.fromisoformat(entry["arrived_at"])
            found.append((int(entry["id"]), at.astimezone(dt.UTC)))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def add_to_ledger(state: Path, document_id: int, arrived_at: dt.datetime, mode: int) -> None:
    """Add a document, durably; twice does no harm."""
    line = json.dumps({"id": document_id, "arrived_at": arrived_at.isoformat()}) + "\n"
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(state / FILE_NAME, flags, 0o600)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, mode)  # whatever the umask, colleagues may add to it
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    Disk().sync_directory(state)
