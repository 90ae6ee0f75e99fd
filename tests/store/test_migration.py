"""Migrations: from nothing, from every earlier version, and what is refused."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config

from docsorter import resources
from docsorter.clock import ManualClock
from docsorter.errors import ConflictError, StoreError
from docsorter.store import Store, migrate, open_store
from docsorter.store.tables import SCHEMA_VERSION
from tests.store.conftest import URL
from tests.store.office import Office
from tests.store.test_schema import scripts

NEXT = '''
"""A later version."""
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("documents") as batch:
        batch.add_column(sa.Column("colour", sa.String(8), nullable=True))
    {more}
'''


def run(folder: Path, clock: ManualClock, keep: int = 5) -> Path | None:
    return migrate(URL, clock=clock, state_dir=folder, backups_dir=folder / "backups", keep=keep)


def version(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "docsorter.db")) as connection:
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found)


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Add a revision to a copy of the migrations, and let the code speak it."""
    folder = tmp_path / "later migrations 100%"
    shutil.copytree(resources.migrations_dir(), folder)
    module = "docsorter.store.migration"
    monkeypatch.setattr(f"{module}.migrations_dir", lambda: folder)
    monkeypatch.setattr(f"{module}.SCHEMA_VERSION", "0099")
    return folder / "versions" / "0099_colour.py"


def revision(file: Path, more: str = "") -> None:
    file.write_text(NEXT.format(number="0099", after=SCHEMA_VERSION, more=more))


def test_nothing_pending_makes_no_backup(state_dir: Path, clock: ManualClock) -> None:
    assert run(state_dir, clock) is None
    assert not (state_dir / "backups").exists()


def test_a_new_database_is_private_from_the_start(tmp_path: Path, clock: ManualClock) -> None:
    assert run(tmp_path, clock) is None
    assert (tmp_path / "docsorter.db").stat().st_mode & 0o777 == 0o600
    with open_store(URL, clock=clock, state_dir=tmp_path) as store:
        assert store.documents.counts().total == 0


@pytest.mark.parametrize("start", [script.revision for script in scripts().walk_revisions()])
def test_every_earlier_version_with_data_becomes_this_one(
    tmp_path: Path, clock: ManualClock, start: str, later: Path
) -> None:
    from alembic import command  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(resources.migrations_dir()))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{tmp_path / 'docsorter.db'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, start)
        connection.exec_driver_sql(
            "INSERT INTO documents (name, source, state, place, path, size, mtime_ns, producer,"
            " arrived_at, attempts) VALUES ('old.pdf', '', 'spooled', 'spool', '1.pdf', 1, 2, '',"
            " '2025-01-01 00:00:00.000000', 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO events (at, kind, actor, document_id, detail)"
            " VALUES ('2025-01-01 00:00:00.000000', 'claimed', 'daemon', 1, '{}')"
        )
    engine.dispose()
    revision(later)
    backup = run(tmp_path, clock)
    assert backup is not None
    assert version(tmp_path) == "0099"
    with closing(sqlite3.connect(tmp_path / "docsorter.db")) as connection:
        rows = connection.execute("SELECT id, name, colour FROM documents").fetchall()
        events = connection.execute("SELECT document_id, kind FROM events").fetchall()
    assert (rows, events) == ([(1, "old.pdf", None)], [(1, "claimed")])


def test_a_rebuilt_table_keeps_what_refers_to_it(
    store: Store, office: Office, state_dir: Path, clock: ManualClock, later: Path
) -> None:
    office.review()
    revision(
        later,
        "with op.batch_alter_table('documents', recreate='always') as batch:\n"
        "        batch.alter_column('producer', nullable=True)",
    )
    store.close()
    assert run(state_dir, clock) is not None
    with closing(sqlite3.connect(state_dir / "docsorter.db")) as connection:
        (entries,) = connection.execute("SELECT count(*) FROM review_entries").fetchone()
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert entries == 1


def test_a_migration_that_breaks_references_is_not_carried_out(
    store: Store, office: Office, state_dir: Path, clock: ManualClock, later: Path
) -> None:
    office.review()
    store.close()
    revision(later, "op.execute('DELETE FROM documents')")
    with pytest.raises(StoreError, match="would break"):
        run(state_dir, clock)
    assert version(state_dir) == SCHEMA_VERSION
    assert store.documents.counts().total == 1
    assert store.upkeep.integrity_check() == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    store: Store, office: Office, state_dir: Path, clock: ManualClock, later: Path
) -> None:
    office.review()
    store.close()
    revision(later, "op.execute('INSERT INTO nowhere VALUES (1)')")
    with pytest.raises(StoreError, match="no such table"):
        run(state_dir, clock)
    assert version(state_dir) == SCHEMA_VERSION
    assert store.documents.counts().total == 1


def test_the_backup_has_the_old_version_and_all_data(
    store: Store,
    office: Office,
    clock: ManualClock,
    later: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = office.sort()
    store.close()
    revision(later)
    backup = run(tmp_path, clock)
    monkeypatch.undo()  # the old version again
    assert backup is not None
    assert backup.name == f"docsorter-{SCHEMA_VERSION}-20260105T090000000000.db"
    (tmp_path / "restored").mkdir()
    shutil.copy(backup, tmp_path / "restored" / "docsorter.db")
    with open_store(URL, clock=clock, state_dir=tmp_path / "restored") as restored:
        assert restored.documents.find() == [document]
    with pytest.raises(StoreError, match=r"newer \(0099\)") as caught:
        open_store(URL, clock=clock, state_dir=tmp_path)
    assert "install the version" in caught.value.remedy


def test_old_backups_are_removed_but_never_other_files(
    state_dir: Path, clock: ManualClock, later: Path
) -> None:
    revision(later)
    folder = state_dir / "backups"
    folder.mkdir()
    (folder / "mine.db").write_text("mine")
    (folder / "docsorter-by-hand.db").write_text("mine")
    whole = (state_dir / "docsorter.db").read_bytes()
    made = []
    for _ in range(4):
        (state_dir / "docsorter.db").write_bytes(whole)
        made.append(run(state_dir, clock, keep=2))
        clock.advance(1)
    left = sorted(folder.glob("docsorter-0*"))
    assert left == made[-2:]
    assert (folder / "mine.db").exists()
    assert (folder / "docsorter-by-hand.db").exists()


def test_no_migration_without_its_backup(state_dir: Path, clock: ManualClock, later: Path) -> None:
    revision(later)
    (state_dir / "backups").mkdir()
    taken = state_dir / "backups" / f"docsorter-{SCHEMA_VERSION}-20260105T090000000000.db"
    taken.write_text("in the way")
    with pytest.raises(ConflictError, match="exists already"):
        run(state_dir, clock)
    assert version(state_dir) == SCHEMA_VERSION


def test_a_newer_database_is_refused_untouched(state_dir: Path, clock: ManualClock) -> None:
    with closing(sqlite3.connect(state_dir / "docsorter.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match=r"newer \(9999\)"):
        migrate(URL, clock=clock, state_dir=state_dir, backups_dir=state_dir / "b")
    assert version(state_dir) == "9999"


def test_an_older_database_is_not_opened(state_dir: Path, clock: ManualClock) -> None:
    with closing(sqlite3.connect(state_dir / "docsorter.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
        connection.commit()
    with pytest.raises(StoreError, match="older version") as caught:
        open_store(URL, clock=clock, state_dir=state_dir)
    assert "docsorter run" in caught.value.remedy


def test_the_database_of_another_program_is_left_alone(tmp_path: Path, clock: ManualClock) -> None:
    with closing(sqlite3.connect(tmp_path / "docsorter.db")) as connection:
        connection.execute("CREATE TABLE bookmarks (id INTEGER)")
    with pytest.raises(StoreError, match="another program"):
        run(tmp_path, clock)
    with closing(sqlite3.connect(tmp_path / "docsorter.db")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("bookmarks",)]


def test_a_missing_state_folder_is_explained(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(StoreError, match="cannot be created"):
        run(tmp_path / "nowhere", clock)
