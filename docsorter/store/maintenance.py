"""Care of the database: backup, checks, size, and forgetting a document."""

from pathlib import Path

from sqlalchemy import delete, func, select, text, update

from docsorter.documents import State
from docsorter.errors import ConflictError, UsageError
from docsorter.store import backups, rows, tallies
from docsorter.store.tables import DocumentRow, MoveRow, PredictionRow
from docsorter.store.transactions import Transactions

_AT_REST = frozenset({State.SORTED, State.REJECTED, State.REVIEW})


class MaintenanceStore(Transactions):
    """The part of the store that looks after the database itself."""

    def backup(self, path: Path) -> Path:
        """Copy the database while it is in use, and verify the copy.

        Raises:
            ConflictError: There is a file of that name.
            UsageError: The database is a server's, which has its own tools.
            StoreError: The database, or its copy, is damaged.
            EnvironmentFaultError: The copy cannot be written.
        """
        if self.path is None:
            raise UsageError(
                "docsorter backs up SQLite databases only", remedy="use pg_dump on the server"
            )
        backups.copy_database(self.path, path, busy_seconds=self._busy_seconds)
        return path

    def integrity_check(self) -> list[str]:
        """Return what is wrong with the database; an empty list when it is sound."""
        findings = [] if self.path is None else backups.check(self.path)
        with self.read() as session:
            kept, real = tallies.kept(session), tallies.real(session)
        for key in sorted(kept.keys() | real.keys()):
            if kept.get(key, 0) != real.get(key, 0):
                state, label, _ = key
                what = f"{state} {label}".rstrip()
                findings.append(f"counts {kept.get(key, 0)} {what}, has {real.get(key, 0)}")
        return findings

    def size(self) -> int:
        """Return how many bytes the database takes, changes not yet merged included."""
        if self.path is None:
            with self.read() as session:
                size = session.scalar(select(func.pg_database_size(text("current_database()"))))
                return int(size or 0)
        files = (self.path, Path(f"{self.path}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def forget(self, document_id: int, *, actor: str) -> None:
        """Wipe what the database knows of a document's content; its row and its log stay.

        Name, path, digest, reasons in words, predictions and sidecars go. Its files are the
        caller's to remove first. One that waited for a person becomes WITHDRAWN.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: It is on its way.
        """
        now = self._now()
        with self.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            if row.state not in _AT_REST or rows.planned_move_row(session, row.id) is not None:
                raise ConflictError(
                    f"document {row.id} is on its way", remedy="wait until it is sorted"
                )
            with tallies.recounted(session, row):
                _wipe(row)
                row.forgotten_at = now
                if row.state is State.REVIEW:
                    row.state = State.WITHDRAWN
                    rows.close_entry(session, row.id, now)
            session.execute(delete(PredictionRow).where(PredictionRow.document_id == row.id))
            session.execute(
                update(MoveRow)
                .where(MoveRow.document_id == row.id)
                .values(from_path="", to_path="", sidecar=None, before={})
            )
            rows.log(session, "forgotten", at=now, actor=actor, document_id=row.id)


def _wipe(row: DocumentRow) -> None:
    row.name, row.path, row.producer = "(forgotten)", "", ""
    row.sha256 = row.waiting_text = None
    row.reason_text = None if row.reason is None else ""
