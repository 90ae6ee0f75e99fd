"""What is said of a fault: one reason of the closed list, one remedy, wherever it is met."""

import datetime as dt
import errno
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Place, Reason, ReasonCode
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.filesystem import environment_reason, is_being_written
from docsorter.intake.watch import EVENTS, POLLING, FolderSource
from docsorter.service.daemon.daemon import ClockWatch
from docsorter.service.daemon.heartbeat import pause_of
from docsorter.service.workspace import process, roots
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.service.workspace.process import Health, WorkspaceLock
from docsorter.settings import IntakeSettings
from docsorter.store import Arrival
from docsorter.store.database import fault
from tests.cli.running import docsorter
from tests.faults.play import SCENES
from tests.faults.scene import Outcome

DOCS = Path(__file__).resolve().parents[2] / "docs"
NUMBERS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO, errno.ESTALE,
           errno.ENOMEM, errno.EMFILE, errno.ENOTCONN, errno.EBUSY, 9999)  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_whatever_the_system_answers_is_a_reason_with_a_row_in_the_table(number: int) -> None:
    pause = pause_of(OSError(number, os.strerror(number), "/x"))
    table = (DOCS / "use" / "reasons.md").read_text(encoding="utf-8")
    assert f"| `{pause.reason.code}` |" in table
    assert pause.remedy
    assert "\n" not in pause.reason.text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (sqlite3.SQLITE_FULL, ReasonCode.DISK_FULL),
        (sqlite3.SQLITE_IOERR, ReasonCode.DATABASE),
        (sqlite3.SQLITE_BUSY, ReasonCode.DATABASE),
        (sqlite3.SQLITE_CORRUPT, ReasonCode.DATABASE),
        (sqlite3.SQLITE_READONLY, ReasonCode.DATABASE),
    ],
)
def test_whatever_the_database_answers_is_a_pause_with_a_remedy(
    code: int, reason: ReasonCode
) -> None:
    error = sqlite3.OperationalError("no")
    error.sqlite_errorcode = code
    said = fault(error, "docsorter.db")
    assert isinstance(said, EnvironmentFaultError | StoreError)
    assert pause_of(said).reason.code is reason
    assert pause_of(said).remedy


def test_every_fault_that_is_staged_stands_in_the_table_of_faults_and_the_other_way_round() -> None:
    text = (DOCS / "run" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|.*\|$", text, re.MULTILINE))
    assert {scene.kind for scene in SCENES} <= rows.keys()
    for outcome in Outcome:
        assert outcome in text


def test_a_root_that_does_not_answer_is_a_pause_and_never_a_crash(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(_: Path) -> bool:
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN), "/share")

    monkeypatch.setattr(Path, "is_dir", dead)
    with pytest.raises(EnvironmentFaultError, match="does not answer") as caught:
        roots.check_roots(configuration)
    assert pause_of(caught.value).reason.code is ReasonCode.STORAGE_GONE


def test_a_disk_without_inodes_is_not_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = list(os.statvfs(tmp_path))
    status[5], status[7] = 1000, 0
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(status))
    reason = environment_reason(OSError(errno.ENOSPC, "No space left", str(tmp_path / "a")))
    assert "no inodes left" in reason.text


def test_a_full_disk_pauses_but_a_full_inbox_does_not(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> object:
        asked.append(path)
        return type("Usage", (), {"free": 2**40})

    monkeypatch.setattr(shutil, "disk_usage", usage)
    roots.check_space(configuration)
    assert configuration.root(Place.INBOX) not in asked
    assert configuration.root(Place.SPOOL) in asked


def test_mounts_that_cannot_be_remembered_are_no_reason_to_stop(
    configuration: Configuration,
) -> None:
    (configuration.state / roots.MOUNTS_FILE).write_text('{"half')
    memory = roots.MountMemory(configuration)
    memory.check()
    memory.check()
    assert (configuration.state / roots.MOUNTS_FILE).read_text().startswith("{\n")


def test_a_lock_that_cannot_be_written_says_what_to_do(
    tmp_path: Path,
) -> None:
    with pytest.raises(EnvironmentFaultError, match="cannot lock the workspace") as caught:
        WorkspaceLock(tmp_path / "gone").acquire()
    assert caught.value.remedy


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    (tmp_path / "daemon.lock").write_text("1234567890\n")
    with WorkspaceLock(tmp_path):
        assert WorkspaceLock(tmp_path).holder() == os.getpid()


def test_a_heartbeat_is_written_over_the_old_one_where_no_new_file_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    def beat(paused: str) -> Health:
        now = clock.now()
        return Health(
            pid=1, version="1", state="paused", started_at=now, beat_at=now, paused=paused
        )

    process.write_health(tmp_path, beat("the disk is slow and many words are made about it"), 0o600)

    def full(_: Path, __: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    process.write_health(tmp_path, beat("the disk is full"), 0o600)
    said = process.read_health(tmp_path)
    assert said is not None
    assert said.paused == "the disk is full"
    (tmp_path / process.HEALTH_FILE).unlink()
    with pytest.raises(FileNotFoundError):
        process.write_health(tmp_path, beat("the disk is full"), 0o600)


def test_a_clock_that_is_set_is_noticed_once(
    configuration: Configuration, clock: ManualClock
) -> None:
    watch = ClockWatch(configuration, clock)
    clock.advance(3600)
    assert watch.jumped() == 0.0
    clock._monotonic += 60
    assert watch.jumped() == -60
    assert watch.jumped() == 0.0


def test_a_writer_is_seen_while_it_has_a_file_open_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with path.open("wb") as file:
        if is_being_written(path) is None:
            pytest.skip("this file system has no leases")
        file.write(b"x")
        file.flush()
        assert is_being_written(path) is True
    assert is_being_written(path) is False
    with path.open("rb"):
        assert is_being_written(path) is False


def test_folders_that_are_not_watched_are_counted_and_said(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    (inbox / "one").mkdir(parents=True)
    (inbox / "two").mkdir()
    inodes = {(inbox / name).stat().st_ino for name in ("one", "two")}
    settings = IntakeSettings(watch="events", rescan_seconds=30, poll_seconds=5)
    source = FolderSource(inbox, settings, lambda: None)
    source.start()
    try:
        assert not source.compare(inodes)
        assert (source.note, source.interval) == ("", 30)
        strange = {*inodes, 2**60}
        assert source.compare(strange)  # perhaps only new: look again
        assert source.note == ""
        assert not source.compare(strange)
        assert "1 sub-folder is not watched" in source.note
        assert (source.backend, source.interval, source.worth_another_try) == (EVENTS, 5, True)
        source.rebuild()
        assert (source.note, source.interval) == ("", 30)
    finally:
        source.stop()


def test_a_watcher_without_a_thread_leaves_it_to_the_rescan(tmp_path: Path) -> None:
    def refuse() -> object:
        raise RuntimeError("can't start new thread")

    source = FolderSource(
        tmp_path,
        IntakeSettings(watch="events"),
        lambda: None,
        observer=refuse,  # type: ignore[arg-type]
    )
    source.start()
    assert source.backend == POLLING
    assert "can't start new thread" in source.note
    source.stop()


@pytest.mark.slow
def test_status_shows_pause_remedy_and_what_waits_and_ends_with_1(
    configuration: Configuration, clock: ManualClock
) -> None:
    now = dt.datetime.now(dt.UTC)
    beat = Health(
        pid=os.getpid(),
        version="1",
        state="paused",
        started_at=now,
        beat_at=now,
        watcher="inotify, every 5 s",
        watch_note="2 sub-folders are not watched",
        paused="only 3 MB free for the sorted folder /srv/sorted",
        paused_reason="disk_full",
        remedy="make room, or lower service.min_free_mb",
    )
    process.write_health(configuration.state, beat, 0o600)
    with open_workspace_store(configuration, clock) as store:
        arrival = Arrival("a.pdf", "", "a.pdf", 9, 9)
        document, _ = store.documents.plan_claim(arrival, actor="test")
        reason = Reason(ReasonCode.PROGRAM_MISSING, "no poppler")
        store.documents.defer(document.id, reason, clock.now() + dt.timedelta(hours=1))
        assert store.documents.waiting_reasons() == {ReasonCode.PROGRAM_MISSING: 1}
    with WorkspaceLock(configuration.state):
        said = docsorter("-w", str(configuration.workspace), "status")
        told = docsorter("-w", str(configuration.workspace), "status", "--json")
    assert (said.returncode, told.returncode) == (1, 1)
    for words in ("[disk_full]", "make room", "2 sub-folders", "1 for program_missing"):
        assert words in said.stdout, said.stdout
    shown = json.loads(told.stdout)
    assert shown["well"] is False
    assert shown["health"]["paused_reason"] == "disk_full"
    assert shown["waiting"] == {"program_missing": 1}
