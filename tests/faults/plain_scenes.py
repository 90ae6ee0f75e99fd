"""Faults that take no mounts: rights, the clock, the database, writers that do not let go."""

import datetime as dt
import os
import sqlite3
from contextlib import closing
from io import FileIO
from pathlib import Path

from docsorter.documents import Place
from docsorter.errors import DependencyError, EnvironmentFaultError, StoreError
from docsorter.pages.protocol import killed
from docsorter.service.upkeep.restore import restore_backup
from docsorter.store.backups import copy_database
from tests.faults.scene import Outcome, scene
from tests.faults.stage import WORDS, Stage

_FOLDERS = (Place.SORTED, Place.REVIEW, Place.REJECTED)


@scene("permission lost", unprivileged=True, each=(Place.INBOX, *_FOLDERS, Place.SPOOL))
def no_permission(stage: Stage, place: Place) -> Outcome:
    """Somebody changes the mode of a folder under the daemon."""
    stage.make()
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.settled()
        folder = stage.root(place)
        if place is Place.INBOX:
            stage.drop("b.pdf", b"invoice 0.98")
        mode = folder.stat().st_mode
        folder.chmod(0o500)
        if place is not Place.INBOX:
            stage.drop("b.pdf", WORDS.get(place, b"invoice 0.97") + b" more")
        beat = stage.paused("no_permission")
        assert "permission" in beat.remedy, beat
        folder.chmod(mode)
        stage.settled()
    return Outcome.PAUSED


@scene("permission lost on a label's folder", unprivileged=True)
def no_permission_below(stage: Stage) -> Outcome:
    """Only one sub-folder of the destination is closed: the others go on."""
    stage.make()
    closed = stage.root(Place.SORTED) / "invoice"
    closed.mkdir(mode=0o500)
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.waits("no_permission")
        stage.drop("b.pdf", b"letter 0.99")
        stage.until(
            lambda: any(d.path.startswith("letter") for d in stage.documents()), "others go on"
        )
        stage.check()
        closed.chmod(0o700)
        stage.settled()
    return Outcome.WAITED


@scene("file that may not be read", unprivileged=True)
def unreadable_file(stage: Stage) -> Outcome:
    """A scan arrives without the right to read it."""
    stage.make()
    with stage.running():
        path = stage.drop("a.pdf", b"invoice 0.99")
        path.chmod(0)
        stage.drop("b.pdf", b"letter 0.99")
        stage.until(lambda: stage.beat().busy, "it is shown as busy")
        stage.until(lambda: len(stage.documents()) == 1, "the other one goes on")
        assert "permission denied" in stage.beat().busy[0]
        path.chmod(0o600)
        stage.settled()
    return Outcome.WAITED


@scene("clock set back by a year")
def clock_back(stage: Stage) -> Outcome:
    """What waits for its next try must not wait for a year."""
    return _clock_set(stage, dt.timedelta(days=-365))


@scene("clock set forward by a year")
def clock_forward(stage: Stage) -> Outcome:
    """Nor does anything go wrong the other way round."""
    return _clock_set(stage, dt.timedelta(days=365))


@scene("clock set back while the daemon is down")
def clock_back_over_a_restart(stage: Stage) -> Outcome:
    """The next start does not believe a next try that is a year away."""
    stage.make()
    stage.eye.before_answer = _share_gone
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.waits("storage_gone")
    stage.eye.before_answer = lambda _: None
    stage.clock.set_by -= dt.timedelta(days=365)
    with stage.running():
        stage.until(lambda: stage.documents()[0].next_try_at, "it still waits")
        late = stage.documents()[0].next_try_at
        assert late is None or late - stage.clock.now() < dt.timedelta(hours=2), late
    return Outcome.CARRIED_ON


def _latest(stage: Stage) -> dt.timedelta:
    """Return how long the document that waits longest has to wait."""
    tries = [document.next_try_at for document in stage.documents() if document.next_try_at]
    return max(tries) - stage.clock.now() if tries else dt.timedelta()


def _clock_set(stage: Stage, by: dt.timedelta) -> Outcome:
    stage.make(extra="[review]\nlease_seconds = 0.5\nskip_seconds = 0.5\n")
    stage.eye.before_answer = _share_gone
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.waits("storage_gone")
        stage.clock.set_by += by
        beaten = stage.clock.now()
        stage.drop("b.pdf", b"letter 0.99")
        soon = dt.timedelta(minutes=5)
        stage.until(lambda: abs(stage.beat().beat_at - beaten) < soon, "a beat of the new time")
        assert not stage.beat().is_stale(stage.clock.now())
        stage.until(lambda: _latest(stage) < dt.timedelta(hours=2), "nothing waits for a year")
        stage.check()
    return Outcome.CARRIED_ON


def _share_gone(_: Path) -> None:
    raise EnvironmentFaultError("the share is gone", code="storage_gone")


@scene("database locked by another program")
def locked(stage: Stage) -> Outcome:
    """A backup program holds the database for many times longer than anybody waits for it."""
    stage.make(busy=0.2)
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        with closing(sqlite3.connect(stage.state / "docsorter.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            stage.drop("b.pdf", b"invoice 0.97")
            beat = stage.paused("database")
            assert "fuser" in beat.remedy, beat
            before = stage.manager.told.count("STATUS=watching, model test-1")
            pings = stage.manager.pings
            stage.until(lambda: stage.manager.pings > pings + 10, "several waits pass")
            after = stage.manager.told.count("STATUS=watching, model test-1")
            assert before == after, "it claimed to work meanwhile"
            other.execute("ROLLBACK")
        stage.settled()
    return Outcome.PAUSED


@scene("database damaged while the daemon runs")
def damaged_while_running(stage: Stage) -> Outcome:
    """Pages of the database are overwritten; nothing is taken in on top of that."""
    stage.make()
    database = stage.state / "docsorter.db"
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        whole = _spoilt(database)
        stage.drop("b.pdf", b"invoice 0.97")
        stage.paused("database")
        assert any(stage.root(Place.INBOX).iterdir())
    database.write_bytes(whole)
    with stage.running():
        stage.settled()
    return Outcome.PAUSED


@scene("database damaged at start")
def damaged_at_start(stage: Stage) -> Outcome:
    """A damaged database is no database; the remedy names the backups."""
    stage.make()
    stage.drop("a.pdf", b"invoice 0.98")
    database = stage.state / "docsorter.db"
    whole = database.read_bytes()
    database.write_bytes(b"no database" * 999)
    stage.refused(StoreError, "is damaged", remedy="backup")
    database.write_bytes(whole)
    with stage.running():
        stage.settled()
    return Outcome.REFUSED


@scene("database deleted while the daemon runs", each=("deleted", "moved away"))
def deleted_while_running(stage: Stage, fate: str) -> Outcome:
    """Nothing is taken in, none is made anew, and what it held is saved."""
    stage.make()
    database, aside = stage.state / "docsorter.db", stage.state / "aside.db"
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        database.rename(aside)
        stage.drop("b.pdf", b"invoice 0.97")
        beat = stage.paused("database")
        assert "was deleted or moved away while docsorter uses it" in beat.paused, beat
        assert any(stage.root(Place.INBOX).iterdir())
        if fate == "moved away":
            aside.rename(database)
            stage.settled()
            return Outcome.PAUSED
        (saved,) = stage.until(
            lambda: list((stage.state / "backups").glob("rescued-*.db")), "what it held is saved"
        )
        stage.until(lambda: str(saved) in stage.beat().remedy, "word of the copy")
        assert not database.exists()
    stage.refused(StoreError, "is gone, though docsorter has run here", remedy="restore")
    restore_backup(stage.configuration, saved, actor="anna")
    stage.forget_store()
    with stage.running():
        stage.settled()
    return Outcome.PAUSED


@scene("database emptied while the daemon runs")
def emptied_while_running(stage: Stage) -> Outcome:
    """Its pages are gone, even if a checkpoint puts some of them back."""
    stage.make()
    database, backup = stage.state / "docsorter.db", stage.state / "backups" / "daily.db"
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        copy_database(database, backup, busy_seconds=60)
        os.truncate(database, 0)
        stage.drop("b.pdf", b"invoice 0.97")
        beat = stage.paused("database")
        assert "was emptied while docsorter uses it" in beat.paused, beat
        assert any(stage.root(Place.INBOX).iterdir())
    stage.forget_store()
    restore_backup(stage.configuration, backup, actor="anna")
    with stage.running():
        stage.settled()
    return Outcome.PAUSED


@scene("database replaced while the daemon runs")
def replaced_while_running(stage: Stage) -> Outcome:
    """Another file has its name: nobody may go on writing into the one that has none."""
    stage.make()
    database = stage.state / "docsorter.db"
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.98")
        stage.settled()
        with closing(sqlite3.connect(database)) as other:
            other.execute("VACUUM INTO ?", (str(stage.state / "copy.db"),))
        (stage.state / "copy.db").rename(database)
        stage.drop("b.pdf", b"invoice 0.97")
        beat = stage.paused("database")
        assert "was replaced by another file" in beat.paused, beat
        assert f"restore {database} itself" in beat.remedy, beat
    stage.forget_store()
    restore_backup(stage.configuration, database, actor="anna")
    with stage.running():
        stage.settled()
    return Outcome.PAUSED


def _spoilt(database: Path) -> bytes:
    """Bring all into the one file, overwrite every page but the first; return it as it was."""
    with closing(sqlite3.connect(database)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = database.read_bytes()
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (len(whole) - 4096))
        os.fsync(file.fileno())
    return whole


@scene("writer that keeps its file open")
def open_writer(stage: Stage) -> Outcome:
    """However long the file rests, it is not whole while somebody may write on."""
    stage.make()
    with stage.running():
        path = stage.root(Place.INBOX) / "a.pdf"
        with path.open("wb", buffering=0) as file:
            file.write(b"invoice 0.99 ")
            stage.until(lambda: stage.beat().busy, "it is shown as busy")
            assert "open for writing" in stage.beat().busy[0]
            assert not stage.documents()
            file.write(b"and the last page")
        stage.dropped.add(b"invoice 0.99 and the last page")
        stage.settled()
    return Outcome.WAITED


@scene("writer that goes on after the claim")
def late_writer(stage: Stage) -> Outcome:
    """The last moment before the claim, a writer opens the file; what it writes is not lost."""
    stage.make()
    held: list[FileIO] = []
    claimed = stage.root(Place.SPOOL)

    def reopen(path: Path) -> None:
        if not held:
            held.append(path.open("ab", buffering=0))

    stage.eye.before_answer = reopen
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99 ")
        stage.until(lambda: held, "it is looked at")
        (file,) = held
        file.write(b"and the last page")
        stage.until(
            lambda: any(d.waiting and d.waiting.code == "busy" for d in stage.documents()),
            "it waits for its writer",
        )
        assert any(claimed.glob("1.pdf"))
        stage.dropped = {b"invoice 0.99 and the last page"}
        file.close()
        stage.settled()
    return Outcome.WAITED


@scene("poppler missing")
def no_poppler(stage: Stage) -> Outcome:
    """A program that reads PDF files is not installed; it is later."""
    return _until_mended(
        stage, DependencyError("no pdftoppm", remedy="apt install poppler-utils"), "program_missing"
    )


@scene("share of the spool fails for a while")
def failing_share(stage: Stage) -> Outcome:
    """Reading fails for a reason that is not the document's."""
    return _until_mended(stage, OSError(5, "Input/output error"), "storage_gone")


def _until_mended(stage: Stage, error: Exception, code: str) -> Outcome:
    def fail(_: Path) -> None:
        raise error

    stage.make()
    stage.eye.before_answer = fail
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.waits(code)
        stage.check()
        stage.eye.before_answer = lambda _: None
        stage.settled()
    return Outcome.WAITED


@scene("page reader killed by the memory killer, once")
def killed_once(stage: Stage) -> Outcome:
    """The machine was short of memory for a moment."""
    return _until_mended(stage, killed(), "no_resources")


@scene("page reader killed by the memory killer, always")
def killed_always(stage: Stage) -> Outcome:
    """A document that takes more memory than the machine has is refused in the end."""

    def fail(_: Path) -> None:
        raise killed()

    stage.make()
    stage.eye.before_answer = fail
    with stage.running():
        stage.drop("a.pdf", b"invoice 0.99")
        stage.settled()
    (document,) = stage.documents()
    assert document.verdict is not None
    assert document.verdict.reason.code == "memory_limit", document
    return Outcome.REJECTED
