"""A lived-in database of every revision becomes today's, is worked with, and goes back again.

`revisions/0001.sql` and so on hold the rows of such databases, frozen when their revision was the
newest. A revision without a file of its own is reached from the newest earlier one.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from docsorter import resources
from docsorter.clock import ManualClock
from docsorter.documents import Purpose, State
from docsorter.errors import StoreError, UsageError
from docsorter.store import DocumentFilter, migrate, open_store
from docsorter.store.migration import revisions
from docsorter.store.tables import SCHEMA_VERSION
from tests.store.conftest import URL
from tests.store.office import Office

FROZEN = Path(__file__).parent / "revisions"
ALL = revisions()
KEPT = {  # what must survive any migration in either direction, since which revision
    "0001": {
        "documents": "id, name, source, state, place, path, size, sha256, label, forgotten_at",
        "moves": "id, document_id, from_place, from_path, to_place, to_path, state, sidecar",
        "events": "id, at, kind, actor, document_id",
        "answers": "id, document_id, label, reviewer, uid, undone_at",
        "predictions": "id, document_id, model, labels, probabilities",
    },
    "0002": {
        "documents": "id, traits, reason",
        "review_entries": "id, document_id, reason, closed_at, purpose, blind, not_for",
        "answers": "id, purpose, blind, seconds, batch",
        "checks": "id, document_id, rule, inclusion, first_answer_id, outcome, settled_at",
        "promises": "id, rule, threshold, checked, errors, why, detail",
        "learned": "model, document_id, label",
    },
}


def make(folder: Path, revision: str) -> None:
    """Build a database of a revision with rows in it."""
    frozen = max(path for path in FROZEN.glob("*.sql") if path.stem <= revision)
    config = Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{folder / 'docsorter.db'}")

    def upgrade(to: str) -> None:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    upgrade(frozen.stem)
    with closing(sqlite3.connect(folder / "docsorter.db")) as database:
        database.executescript(frozen.read_text(encoding="utf-8"))
    upgrade(revision)
    engine.dispose()


def go(folder: Path, clock: ManualClock, to: str = "") -> Path | None:
    return migrate(URL, clock=clock, state_dir=folder, backups_dir=folder / "backups", to=to)


def rows(folder: Path, since: str = ALL[0]) -> dict[str, list[Any]]:
    """Return everything that a revision knows; the files of a database must be sound."""
    known = [
        (table, columns)
        for revision, tables in KEPT.items()
        for table, columns in tables.items()
        if revision <= since
    ]
    with closing(sqlite3.connect(folder / "docsorter.db")) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return {
            f"{table}: {columns}": database.execute(
                f"SELECT {columns} FROM {table} ORDER BY 1, 2"
            ).fetchall()
            for table, columns in known
        }


def test_the_first_revision_is_frozen() -> None:
    assert (FROZEN / f"{ALL[0]}.sql").is_file()
    assert ALL[-1] == SCHEMA_VERSION


@pytest.mark.parametrize("revision", ALL)
def test_it_becomes_todays_and_is_worked_with(tmp_path: Path, revision: str) -> None:
    make(tmp_path, revision)
    before = rows(tmp_path, revision)
    documents = next(iter(before.values()))
    assert {row[3] for row in documents} == set(State) - {State.WITHDRAWN}
    clock = ManualClock()
    backup = go(tmp_path, clock)
    assert (backup is None) == (revision == ALL[-1])
    assert rows(tmp_path, revision) == before
    clock.advance(3600)
    with open_store(URL, clock=clock, state_dir=tmp_path) as store:
        office = Office(store)
        assert store.upkeep.integrity_check() == []
        assert store.upkeep.mismatched_entries() == []
        assert store.documents.counts().total == len(documents)
        entries = [entry for entry in store.review.entries() if entry.purpose is Purpose.DECIDE]
        waiting = [entry.document for entry in entries]
        assert {document.name for document in waiting} == {"c.pdf", "held.pdf"}
        answered = office.answer(waiting[0], "letter", "ben")
        store.review.undo_answer(answered.id, office.back(answered), reviewer="ben", uid=2)
        assert office.sort(name="new.pdf").id > documents[-1][0]
        assert [d.name for d in store.documents.due(9, clock.now())] == ["f.pdf"]
        assert len(store.moves.planned()) == 2
        odd = store.documents.find(limit=100)[-2]
        assert odd.name == "b\udcff\x01.pdf"
        assert store.upkeep.integrity_check() == []


@pytest.mark.parametrize("revision", ALL[:-1] or ALL)
def test_it_goes_back_and_forth_without_losing_a_document_or_a_move(
    tmp_path: Path, revision: str
) -> None:
    make(tmp_path, ALL[-1])
    before = rows(tmp_path, revision)
    assert all(before.values()), "an empty table proves nothing"
    clock = ManualClock()
    backup = go(tmp_path, clock, revision)
    assert (backup is not None) == (revision != ALL[-1])
    assert rows(tmp_path, revision) == before
    with closing(sqlite3.connect(tmp_path / "docsorter.db")) as database:
        found = database.execute("SELECT version_num FROM alembic_version").fetchone()
        refused = "DELETE FROM events"
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(refused)
    assert found == (revision,)
    if revision != ALL[-1]:
        with pytest.raises(StoreError, match="older version"):
            open_store(URL, clock=clock, state_dir=tmp_path)
    clock.advance(1)
    go(tmp_path, clock)
    assert rows(tmp_path, revision) == before
    with open_store(URL, clock=clock, state_dir=tmp_path) as store:
        assert store.upkeep.integrity_check() == []
        assert store.upkeep.mismatched_entries() == []
        assert [d.name for d in store.documents.find(DocumentFilter(text="HNUN"))] == [
            "Rechnung 1.pdf"
        ]


def test_before_blind_checks_only_what_is_in_review_waits_and_for_reasons_that_were_known(
    tmp_path: Path, clock: ManualClock
) -> None:
    make(tmp_path, ALL[-1])
    go(tmp_path, clock, "0001")
    with closing(sqlite3.connect(tmp_path / "docsorter.db")) as database:
        waiting = "SELECT document_id FROM review_entries WHERE closed_at IS NULL ORDER BY 1"
        in_review = "SELECT id FROM documents WHERE state = 'review' ORDER BY 1"
        assert database.execute(waiting).fetchall() == database.execute(in_review).fetchall()
        found = "SELECT reason FROM documents UNION SELECT reason FROM review_entries"
        reasons = {reason for (reason,) in database.execute(found) if reason}
    assert reasons.isdisjoint({"earning", "probation", "reviewers_disagree"})


def test_there_is_no_way_to_a_revision_that_does_not_exist(
    tmp_path: Path, clock: ManualClock
) -> None:
    make(tmp_path, ALL[-1])
    before = rows(tmp_path)
    for nowhere in ("0000", "base", "9999", "-1"):
        with pytest.raises(UsageError, match="there is no revision") as caught:
            go(tmp_path, clock, nowhere)
        assert "0001" in caught.value.remedy
    assert rows(tmp_path) == before
