"""`docsorter forget`: a document's content goes from every place; that it was stays in the log."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.folders import locate, prune
from docsorter.deliver.permissions import permissions
from docsorter.deliver.sidecar import document_of, sidecar_path
from docsorter.disk import Disk
from docsorter.documents import Document, Place, State
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.service.copies import Scrubbed, scrub_backups
from docsorter.service.learning.snapshot_folders import Snapshots
from docsorter.service.ledger import add_to_ledger
from docsorter.store import Store
from docsorter.surroundings import environment_reason


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten.

    Attributes:
        document_id: The document.
        removed: Files that are gone, relative to the workspace where they are in it.
        backups: What became of the backups.
        twins: Other documents with the same bytes; each is to be forgotten on its own.
        models: Models that learned from it; what they learned stays until they are removed.
        log_merged: The write-ahead log of the database was emptied; if not, somebody was reading,
            and `docsorter maintain` does it.
    """

    document_id: int
    removed: tuple[Path, ...]
    backups: Scrubbed
    twins: tuple[int, ...]
    models: tuple[str, ...]
    log_merged: bool


class Forgetting:
    """Forgets documents; works with and without a running daemon, and again after a kill.

    Args:
        configuration: The workspace.
        store: Its database.
        disk: Removes files.
        clock: Dates it.
    """

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

    def forget(self, document_id: int, *, actor: str, uid: int, reason: str = "") -> Forgotten:
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
    ) -> list[Forgotten]:
        """Forget several at once, so that each backup is written anew only once.

        Raises:
            What `forget` raises, for the first document it concerns; those before it are erased
            and finished with the next `resume`.
        """
        detail: dict[str, object] = {"reason": reason, "uid": uid}
        begun = []
        for number in document_ids:
            self._refuse_foreign(self._store.document(number))
            begun.append(self._store.begin_forget(number, actor=actor, detail=detail))
        return self._finish(begun)

    def resume(self) -> list[int]:
        """Finish what a kill interrupted.

        Raises:
            EnvironmentFaultError: A file cannot be removed, or a backup not be written.
        """
        numbers = self._store.unfinished_forgets()
        self._finish([self._store.document(number) for number in numbers])
        return numbers

    def _finish(self, documents: Sequence[Document]) -> list[Forgotten]:
        if not documents:
            return []
        twins = {document.id: tuple(self._store.twins(document)) for document in documents}
        removed = {document.id: self._erase(document) for document in documents}
        marks = [(document.id, document.arrived_at) for document in documents]
        backups = scrub_backups(self._configuration, self._store, marks, self._clock.now())
        self._store.finish_forget(*removed)
        merged = self._store.checkpoint(truncate=True)
        models = {n: tuple(name for name, _, _ in self._store.learned_by(n)) for n in removed}
        return [
            Forgotten(n, tuple(removed[n]), backups, twins[n], models[n], merged) for n in removed
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
                remedy=f"mend that, then say again: docsorter forget {document.id}",
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
