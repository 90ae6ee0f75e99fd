"""Small regular care of a SQLite file, in steps that nobody who writes has to wait for."""

import time
from collections.abc import Callable

from sqlalchemy import text

from docsorter.store.engine import make_engine
from docsorter.store.faults import translated
from docsorter.store.transactions import Transactions

SLICE_PAGES = 64
"""Free pages given back per transaction: measured, such a transaction takes under 10 ms."""
_TRIES = 20
_PAUSE = 0.1


class UpkeepStore(Transactions):
    """The part of the store that keeps its file small and its questions quick."""

    def optimize(self) -> None:
        """Let the database learn how its values are spread (sqlite.org/lang_analyze.html).

        The analysis reads at most a few hundred rows per index, so it takes milliseconds.
        """
        with self.write() as session:
            if self.path is None:
                session.execute(text("ANALYZE"))
                return
            session.execute(text("PRAGMA analysis_limit = 400"))
            session.execute(text("PRAGMA optimize"))

    def checkpoint(
        self, *, truncate: bool = False, pause: Callable[[float], None] = time.sleep
    ) -> bool:
        """Merge the write-ahead log into the database file.

        Args:
            truncate: Also empty the log, so that nothing of what was overwritten stays in it; waits
                for readers, a little at a time.
            pause: Waits between tries.

        Returns:
            Whether everything was merged (and emptied); a reader that goes on for long prevents it.
        """
        if self.path is None:
            return True
        mode = "TRUNCATE" if truncate else "PASSIVE"
        for _ in range(_TRIES if truncate else 1):
            busy, log, merged = self._checkpoint(mode)
            if not busy and log == merged:
                return True
            pause(_PAUSE if truncate else 0)
        return False

    def _checkpoint(self, mode: str) -> tuple[int, int, int]:
        with translated(self.where), self._engine.connect() as connection:
            # In no transaction: a checkpoint inside one is refused.
            plain = connection.connection.driver_connection
            assert plain is not None
            row: tuple[int, int, int] = plain.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            return row

    def free_pages(self) -> int:
        """Return how many pages of the file are free; 0 for a server."""
        if self.path is None:
            return 0
        with self.read() as session:
            return int(session.execute(text("PRAGMA freelist_count")).scalar_one())

    def shrinks(self) -> bool:
        """Say whether free pages can be given back bit by bit (auto_vacuum = INCREMENTAL)."""
        if self.path is None:
            return False
        with self.read() as session:
            return int(session.execute(text("PRAGMA auto_vacuum")).scalar_one()) == 2  # noqa: PLR2004

    def give_back_pages(self) -> int:
        """Give a slice of free pages back to the disk, in one short transaction.

        Returns:
            How many pages are still free; repeat until it does not change.
        """
        if not self.shrinks():
            return self.free_pages()
        with self.write() as session:
            plain = session.connection().connection.driver_connection
            assert plain is not None
            # Each page is a step of the statement, so it has to be read to its end.
            plain.execute(f"PRAGMA incremental_vacuum({SLICE_PAGES})").fetchall()
        return self.free_pages()

    def compact(self) -> None:
        """Write the whole file anew (VACUUM): nobody else may use it meanwhile.

        A database made by an early version gets `auto_vacuum` with it.

        Raises:
            StoreError: Somebody else uses it.
        """
        if self.path is None:
            return
        self._engine.dispose()
        engine = make_engine(self._location, busy_seconds=self._busy_seconds)
        try:
            with translated(self.where), engine.connect() as connection:
                plain = connection.connection.driver_connection
                assert plain is not None
                plain.execute("PRAGMA auto_vacuum = INCREMENTAL")
                plain.execute("VACUUM")
                plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            engine.dispose()
