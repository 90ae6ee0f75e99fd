"""Care of the database: backup, checks and size."""

from pathlib import Path

from sqlalchemy import func, select, text

from docsorter.errors import UsageError
from docsorter.store import backups, tallies
from docsorter.store.names import NamesStore


class MaintenanceStore(NamesStore):
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
        if missing := self.names_missing():
            findings.append(f"the index of names lacks {missing} documents")
        if missing := self.blocks_missing():
            findings.append(f"the index of names lacks {missing} blocks of documents")
        return findings

    def size(self) -> int:
        """Return how many bytes the database takes, changes not yet merged included."""
        if self.path is None:
            with self.read() as session:
                size = session.scalar(select(func.pg_database_size(text("current_database()"))))
                return int(size or 0)
        files = (self.path, Path(f"{self.path}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())
