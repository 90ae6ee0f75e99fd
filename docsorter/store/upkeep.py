"""Upkeep of the database: forgetting, comparing with the disk, repairs, backup, size.

A document is forgotten in two transactions with the removal of its files between them: the first
takes it out of everybody's reach and keeps its path, the second wipes the path as well. A kill in
between is found again by `unfinished_forgets`.
"""

import datetime as dt
import itertools
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, text, update
from sqlalchemy.orm import Session

from docsorter.documents import Document, MoveState, Place, Purpose, State
from docsorter.errors import ConflictError, DocsorterError, UsageError
from docsorter.store import backups, blind_checks, conversion, names, rows, words
from docsorter.store.database import Repository, damaged, make_engine, translated
from docsorter.store.records import ExpectedFile
from docsorter.store.tables import (
    CheckRow,
    DocumentRow,
    EntryRow,
    MoveRow,
    PredictionRow,
    TallyRow,
)

SLICE_PAGES = 64
"""Free pages given back per transaction: measured, such a transaction takes under 10 ms."""
_TRIES = 20
_PAUSE = 0.1
_HALFWAY = "(being forgotten)"  # until nothing of the name is left in the index of names
_AT_REST = frozenset({State.SPOOLED, State.SORTED, State.REJECTED, State.REVIEW, State.WITHDRAWN})
_WAITING = frozenset({State.SPOOLED, State.REVIEW})
_WITH_FILE = (State.SPOOLED, State.REVIEW, State.SORTED, State.REJECTED)


class UpkeepRepository(Repository):
    """Forgets, compares with the disk, repairs, and looks after the database itself."""

    def begin_forget(
        self, document_id: int, *, actor: str, detail: dict[str, object] | None = None
    ) -> Document:
        """Take a document out of everybody's reach; its files are the caller's to remove next.

        One that waited becomes WITHDRAWN. Repeating it changes nothing. `detail` are facts for the
        log, e.g. the reason; never names or content.

        Returns:
            The document, with the path that its files still have.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: A move of it is planned, or it is not claimed yet.
        """
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            if row.state not in _AT_REST or rows.planned_move_row(session, row.id) is not None:
                raise ConflictError(
                    f"document {row.id} is on its way", remedy="wait until it is sorted"
                )
            if row.forgotten_at is None:
                with rows.recounted(session, row):
                    row.forgotten_at = now
                    row.next_try_at = None
                    if row.state in _WAITING:
                        row.state = State.WITHDRAWN
                    rows.close_entry(session, row.id, now)
                    blind_checks.void_open(session, row.id, now)  # what was settled stays evidence
                rows.log(session, "forgotten", now, actor, row.id, **(detail or {}))
            return conversion.document(row)

    def finish_forget(self, *document_ids: int) -> None:
        """Wipe names, paths, digest, reasons, predictions, sidecars and words of documents.

        Their rows, their answers and their log stay: that they were, when, and who did what. The
        indexes of names and words are merged once for all of them.

        Raises:
            NotFoundError: There is none of a number.
            ConflictError: One is not being forgotten.
        """
        with self._database.write() as session:
            for number in document_ids:
                row = rows.document_row(session, number, lock=True)
                if row.forgotten_at is None:
                    raise ConflictError(
                        f"document {row.id} is not being forgotten",
                        remedy=f"begin with: docsorter forget {row.id}",
                    )
                _wipe(session, row)
        self.merge_indexes()
        wiped = DocumentRow.id.in_(document_ids) & (DocumentRow.name == _HALFWAY)
        with self._database.write() as session:
            session.execute(update(DocumentRow).where(wiped).values(name=backups.FORGOTTEN))

    def forget(self, document_id: int, *, actor: str) -> None:
        """Forget a document that has no files any more, in one go.

        Raises:
            NotFoundError: There is none of that number.
            ConflictError: A move of it is planned, or it is not claimed yet.
        """
        self.begin_forget(document_id, actor=actor)
        self.finish_forget(document_id)

    def unfinished_forgets(self) -> list[int]:
        """Return the documents whose forgetting was begun and not finished."""
        query = select(DocumentRow.id).where(
            DocumentRow.forgotten_at.is_not(None), DocumentRow.name != backups.FORGOTTEN
        )
        with self._database.read() as session:
            return list(session.scalars(query.order_by(DocumentRow.id)))

    def forgotten(self) -> list[tuple[int, dt.datetime]]:
        """Return number and arrival of every forgotten document: both together name it for ever."""
        query = select(DocumentRow.id, DocumentRow.arrived_at).where(
            DocumentRow.forgotten_at.is_not(None)
        )
        with self._database.read() as session:
            return [(number, at) for number, at in session.execute(query)]

    def rejected_before(self, time: dt.datetime, limit: int) -> list[int]:
        """Return documents that were rejected before a time and are not forgotten, oldest first."""
        query = (
            select(DocumentRow.id)
            .where(
                DocumentRow.state == State.REJECTED,
                DocumentRow.place == Place.REJECTED,
                DocumentRow.forgotten_at.is_(None),
                DocumentRow.finished_at < time,
            )
            .order_by(DocumentRow.id)
            .limit(limit)
        )
        with self._database.read() as session:
            return list(session.scalars(query))

    def drop_predictions_before(self, time: dt.datetime, limit: int) -> int:
        """Remove predictions made before a time of documents that nobody waits for any more.

        The words of these documents go with them.

        Returns:
            How many were removed; at most `limit`, so that the transaction stays short.
        """
        old = (
            select(PredictionRow.id, DocumentRow.id)
            .join(DocumentRow, DocumentRow.id == PredictionRow.document_id)
            .where(
                PredictionRow.made_at < time,
                DocumentRow.state.in_([State.SORTED, State.REJECTED, State.WITHDRAWN]),
            )
            .order_by(PredictionRow.id)
            .limit(limit)
        )
        with self._database.write() as session:
            found = session.execute(old).all()
            numbers = [number for number, _ in found]
            session.execute(delete(PredictionRow).where(PredictionRow.id.in_(numbers)))
            words.erase(session, {document_id for _, document_id in found})
            return len(numbers)

    def drop_words(self, limit: int) -> int:
        """Remove the words of at most so many documents; return of how many."""
        with self._database.write() as session:
            numbers = words.kept(session, limit)
            words.erase(session, numbers)
            return len(numbers)

    def expected(self, after_id: int, limit: int) -> list[ExpectedFile]:
        """Return documents that have a file, by number; fewer than `limit` only at the end."""
        query = (
            select(DocumentRow)
            .where(
                DocumentRow.id > after_id,
                DocumentRow.state.in_(_WITH_FILE),
                DocumentRow.forgotten_at.is_(None),
            )
            .order_by(DocumentRow.id)
            .limit(limit)
        )
        with self._database.read() as session:
            found = [conversion.document(row) for row in session.scalars(query)]
            texts = _sidecars(session, [document.id for document in found])
            moving = _moving(session, [document.id for document in found])
        return [ExpectedFile(each, texts.get(each.id), each.id in moving) for each in found]

    def expected_now(self, document_id: int) -> ExpectedFile | None:
        """Return the same of one document; None when it needs no file any more."""
        found = self.expected(document_id - 1, 1)
        return found[0] if found and found[0].document.id == document_id else None

    def knows_path(self, place: Place, path: str) -> bool:
        """Say whether a document is there, or is on its way there or from there; reads all rows."""
        here = select(DocumentRow.id).where(
            DocumentRow.path == path,
            DocumentRow.place == place,
            DocumentRow.forgotten_at.is_(None),
            DocumentRow.state.in_((State.CLAIMING, *_WITH_FILE)),
        )
        with self._database.read() as session:
            if session.scalar(here.limit(1)) is not None:
                return True
            planned = session.scalars(select(MoveRow).where(MoveRow.closed_at.is_(None)))
            return any(
                (place, path) in {(m.from_place, m.from_path), (m.to_place, m.to_path)}
                for m in planned
            )

    def mismatched_entries(self) -> list[int]:
        """Return documents whose review entry does not fit their state, and that are not moving.

        What waits for a decision is exactly what is in review; only what is sorted can be checked.
        """
        without = select(DocumentRow.id).where(
            DocumentRow.state == State.REVIEW,
            ~select(EntryRow.id)
            .where(
                EntryRow.document_id == DocumentRow.id,
                EntryRow.closed_at.is_(None),
                EntryRow.purpose == Purpose.DECIDE,
            )
            .exists(),
            ~rows.IS_PLANNED,
        )
        stale = (
            select(DocumentRow.id)
            .join(EntryRow, EntryRow.document_id == DocumentRow.id)
            .where(EntryRow.closed_at.is_(None), ~_fits(), ~rows.IS_PLANNED)
        )
        unasked = (
            select(DocumentRow.id)
            .join(CheckRow, CheckRow.document_id == DocumentRow.id)
            .where(
                CheckRow.settled_at.is_(None),
                DocumentRow.state != State.REVIEW,
                ~select(EntryRow.id)
                .where(EntryRow.document_id == DocumentRow.id, EntryRow.closed_at.is_(None))
                .exists(),
                ~rows.IS_PLANNED,
            )
        )
        with self._database.read() as session:
            found = (session.scalars(query) for query in (without, stale, unasked))
            return sorted(set(itertools.chain(*found)))

    def repair_entry(self, document_id: int, *, actor: str) -> None:
        """Open or close the review entry of a document so that it fits its state."""
        now = self._clock.now()
        with self._database.write() as session:
            row = rows.document_row(session, document_id, lock=True)
            if rows.planned_move_row(session, row.id) is not None:
                return
            entry = rows.open_entry_row(session, row.id)
            waits = entry is not None and entry.purpose is Purpose.DECIDE
            if row.state is not State.REVIEW or not waits:
                blind_checks.open_entries(session, row, now)
            rows.log(session, "entry_mended", now, actor, row.id)

    def recount(self, *, actor: str) -> None:
        """Set the counters to what is counted."""
        now = self._clock.now()
        with self._database.write() as session:
            session.execute(delete(TallyRow))
            for key, number in rows.counted_documents(session).items():
                rows.count_document(session, key, number)
            rows.log(session, "recounted", now, actor, None)

    def raise_numbers(self, documents: int, moves: int) -> None:
        """Give new documents and moves greater numbers than these: they were given before."""
        if self._database.path is None:
            return
        with self._database.write() as session:
            for table, least in (("documents", documents), ("moves", moves)):
                values = {"table": table, "least": least}
                changed = session.execute(
                    text("UPDATE sqlite_sequence SET seq = max(seq, :least) WHERE name = :table"),
                    values,
                )
                if not changed.rowcount:  # type: ignore[attr-defined]  # a CursorResult has it
                    session.execute(
                        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :least)"),
                        values,
                    )

    def numbers(self) -> tuple[int, int]:
        """Return the greatest numbers ever given to a document and to a move."""
        with self._database.read() as session:
            if self._database.path is None:
                greatest = (func.max(DocumentRow.id), func.max(MoveRow.id))
                documents, moves = (session.scalar(select(column)) or 0 for column in greatest)
                return documents, moves
            found = session.execute(text("SELECT name, seq FROM sqlite_sequence"))
            given: dict[str, int] = {str(name): int(seq) for name, seq in found}
            return given.get("documents", 0), given.get("moves", 0)

    def names_missing(self) -> int:
        """Return by how many documents the index of names is wrong; 0 without one."""
        with self._database.read() as session:
            return names.missing(session)

    def rebuild_names(self) -> None:
        """Make the indexes of names anew from the names, in one transaction."""
        with self._database.write() as session:
            names.rebuild(session)

    def merge_indexes(self) -> None:
        """Leave nothing of names and words in the indexes that are no longer in the tables."""
        for merge_slice in (names.merge_slice, words.merge_slice):
            is_left = True
            while is_left:
                with self._database.write() as session:
                    is_left = merge_slice(session)

    def backup(self, path: Path) -> Path:
        """Copy the database while it is in use, and verify the copy.

        Raises:
            ConflictError: There is a file of that name.
            UsageError: The database is a server's, which has its own tools.
            StoreError: The database, or its copy, is damaged.
            EnvironmentFaultError: The copy cannot be written.
        """
        if self._database.path is None:
            raise UsageError(
                "docsorter backs up SQLite databases only", remedy="use pg_dump on the server"
            )
        backups.copy_database(self._database.path, path, busy_seconds=self._database.busy_seconds)
        return path

    def rescue(self, path: Path) -> None:
        """Copy a database whose file was deleted, which an open connection still has.

        Raises:
            StoreError: No connection has it whole, or the copy cannot be written.
            EnvironmentFaultError: The disk is full or fails.
        """
        try:
            with self._database.ask() as connection:
                connection.exec_driver_sql("VACUUM INTO ?", (str(path),))
            if findings := backups.check(path):
                raise damaged(str(path), findings[0])
        except DocsorterError:
            path.unlink(missing_ok=True)
            raise

    def integrity_check(self) -> list[str]:
        """Return what is wrong with the database; an empty list when it is sound."""
        findings = [] if self._database.path is None else backups.check(self._database.path)
        with self._database.read() as session:
            kept, real = rows.kept_counters(session), rows.counted_documents(session)
            blocks_missing = names.blocks_missing(session)
        for key in sorted(kept.keys() | real.keys()):
            if kept.get(key, 0) != real.get(key, 0):
                state, label, _ = key
                what = f"{state} {label}".rstrip()
                findings.append(f"counts {kept.get(key, 0)} {what}, has {real.get(key, 0)}")
        if missing := self.names_missing():
            findings.append(f"the index of names lacks {missing} documents")
        if blocks_missing:
            findings.append(f"the index of names lacks {blocks_missing} blocks of documents")
        return findings

    def size(self) -> int:
        """Return how many bytes the database takes, changes not yet merged included."""
        if self._database.path is None:
            with self._database.read() as session:
                size = session.scalar(select(func.pg_database_size(text("current_database()"))))
                return int(size or 0)
        files = (self._database.path, Path(f"{self._database.path}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def check_writable(self) -> None:
        """Write to the database without changing it.

        Raises:
            StoreError: It is locked, damaged, or may not be written to.
            EnvironmentFaultError: Its disk is full or fails.
        """
        with self._database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = version_num"))

    def optimize(self) -> None:
        """Let the database learn how its values are spread (sqlite.org/lang_analyze.html).

        The analysis reads at most a few hundred rows per index, so it takes milliseconds.
        """
        with self._database.write() as session:
            if self._database.path is None:
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
        if self._database.path is None:
            return True
        mode = "TRUNCATE" if truncate else "PASSIVE"
        for _ in range(_TRIES if truncate else 1):
            busy, log, merged = self._checkpoint(mode)
            if not busy and log == merged:
                return True
            pause(_PAUSE if truncate else 0)
        return False

    def _checkpoint(self, mode: str) -> tuple[int, int, int]:
        with translated(self._database.where), self._database.engine.connect() as connection:
            # In no transaction: a checkpoint inside one is refused.
            plain = connection.connection.driver_connection
            assert plain is not None
            row: tuple[int, int, int] = plain.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            return row

    def free_pages(self) -> int:
        """Return how many pages of the file are free; 0 for a server."""
        if self._database.path is None:
            return 0
        with self._database.read() as session:
            return int(session.execute(text("PRAGMA freelist_count")).scalar_one())

    def can_shrink(self) -> bool:
        """Say whether free pages can be given back bit by bit (auto_vacuum = INCREMENTAL)."""
        if self._database.path is None:
            return False
        with self._database.read() as session:
            return int(session.execute(text("PRAGMA auto_vacuum")).scalar_one()) == 2  # noqa: PLR2004

    def release_pages(self) -> int:
        """Give a slice of free pages back to the disk, in one short transaction.

        Returns:
            How many pages are still free; repeat until it does not change.
        """
        if not self.can_shrink():
            return self.free_pages()
        with self._database.write() as session:
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
        if self._database.path is None:
            return
        self._database.engine.dispose()
        engine = make_engine(self._database.location, busy_seconds=self._database.busy_seconds)
        try:
            with translated(self._database.where), engine.connect() as connection:
                plain = connection.connection.driver_connection
                assert plain is not None
                plain.execute("PRAGMA auto_vacuum = INCREMENTAL")
                plain.execute("VACUUM")
                plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            engine.dispose()


def _wipe(session: Session, row: DocumentRow) -> None:
    row.name, row.path, row.source, row.producer = _HALFWAY, "", "", ""
    row.sha256 = row.waiting_text = row.traits = None
    row.waiting = None
    row.reason_text = None if row.reason is None else ""
    session.execute(delete(PredictionRow).where(PredictionRow.document_id == row.id))
    words.erase(session, [row.id])
    session.execute(update(CheckRow).where(CheckRow.document_id == row.id).values(source=""))
    session.execute(update(EntryRow).where(EntryRow.document_id == row.id).values(source=""))
    session.execute(
        update(MoveRow)
        .where(MoveRow.document_id == row.id)
        .values(from_path="", to_path="", sidecar=None, before={})
    )


def _fits() -> ColumnElement[bool]:
    """Return the condition "this open entry can be answered where its document lies"."""
    unsettled = select(CheckRow.id).where(
        CheckRow.document_id == DocumentRow.id, CheckRow.settled_at.is_(None)
    )
    return or_(
        and_(EntryRow.purpose == Purpose.DECIDE, DocumentRow.state == State.REVIEW),
        and_(
            EntryRow.purpose == Purpose.CHECK,
            DocumentRow.state.in_(blind_checks.CHECKABLE),
            unsettled.exists(),
        ),
        and_(EntryRow.purpose == Purpose.SECOND, DocumentRow.state.in_(blind_checks.CHECKABLE)),
    )


def _sidecars(session: Session, numbers: list[int]) -> dict[int, str | None]:
    """Return the sidecar that the last finished move of each document published."""
    last = (
        select(func.max(MoveRow.id))
        .where(MoveRow.document_id.in_(numbers), MoveRow.state == MoveState.DONE)
        .group_by(MoveRow.document_id)
    )
    found = session.execute(
        select(MoveRow.document_id, MoveRow.sidecar).where(MoveRow.id.in_(last))
    )
    return dict(found.all())


def _moving(session: Session, numbers: list[int]) -> set[int]:
    query = select(MoveRow.document_id).where(
        MoveRow.document_id.in_(numbers), MoveRow.closed_at.is_(None)
    )
    return set(session.scalars(query))
