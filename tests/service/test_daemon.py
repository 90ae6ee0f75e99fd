"""The daemon as a process, with the real model, real files and real signals."""

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from docsorter.configuration import Configuration, load
from docsorter.documents import Place, State
from docsorter.errors import ExitCode
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.review.service import open_review_service
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.service.workspace.process import WorkspaceLock
from docsorter.store import Store
from tests.cli.running import docsorter
from tests.service.running import RunningDaemon, every_file, finished, wait_until

pytestmark = pytest.mark.slow
PDF = ".pdf"


@pytest.fixture
def quick(configuration: Configuration) -> Configuration:
    """Return a workspace whose files need only a short rest."""
    text = "[intake]\nrest_seconds = 0.3\nslow_rest_seconds = 1.0\nrescan_seconds = 1.0\n"
    (configuration.workspace / "docsorter.toml").write_text(text)
    return load(configuration.workspace)


@pytest.fixture
def store(quick: Configuration) -> Iterator[Store]:
    with open_workspace_store(quick) as opened:
        yield opened


@pytest.fixture(scope="module")
def good() -> list[Path]:
    """Return example scans that can be read, each with other bytes."""
    odd = {"Vertraulich.pdf", "scan_20260914_0013.pdf", "Rechnung Müller & Söhne_2.pdf"}
    return [path for path in example_files() if path.name not in odd]


def test_what_is_dropped_by_slow_and_fast_writers_arrives_whole(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    inbox = quick.root(Place.INBOX)
    names = {f"writer-{number}{path.suffix}": path for number, path in enumerate(good[:8])}

    def write_slowly(target: Path, source: Path) -> None:
        data = source.read_bytes()
        step = max(1, len(data) // 6)
        pause = threading.Event()
        with target.open("wb", buffering=0) as file:
            for start in range(0, len(data), step):
                file.write(data[start : start + step])
                pause.wait(0.1)

    with RunningDaemon(quick.workspace, tmp_path):
        writers = []
        for number, (name, source) in enumerate(names.items()):
            slow = number % 2
            act = write_slowly if slow else lambda t, s: shutil.copy(s, t)
            writers.append(threading.Thread(target=act, args=(inbox / name, source)))
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        documents = wait_until(finished(store, len(names)), "all written files are sorted")

    assert sorted(d.name for d in documents) == sorted(names)
    for document in documents:
        arrived = quick.root(document.place) / document.path
        assert arrived.read_bytes() == names[document.name].read_bytes()
    assert every_file(quick)[Place.INBOX] == every_file(quick)[Place.SPOOL] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_a_restart_goes_on(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path, number: int
) -> None:
    inbox = quick.root(Place.INBOX)
    for index, path in enumerate(good[:10]):
        shutil.copy(path, inbox / f"{index}-{path.name}")
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        wait_until(lambda: store.documents.counts().total, "the first claim")
        assert daemon.stop(number) == 0
    counts = store.documents.counts()
    assert store.moves.planned() == []
    in_hand = counts.states.get(State.SPOOLED, 0)
    assert len(every_file(quick)[Place.SPOOL]) == in_hand
    assert sum(map(len, every_file(quick).values())) == 10

    with RunningDaemon(quick.workspace, tmp_path):
        wait_until(finished(store, 10), "the rest after the restart")
    assert sum(map(len, every_file(quick).values())) == 10
    assert every_file(quick)[Place.SPOOL] == []


def test_a_kill_loses_and_doubles_nothing(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    inbox = quick.root(Place.INBOX)
    for index, path in enumerate(good[:12]):
        shutil.copy(path, inbox / f"{index}-{path.name}")
    for least in (1, 3, 5):
        with RunningDaemon(quick.workspace, tmp_path) as daemon:
            wait_until(partial(_claimed, store, least), "a claim in this round")
            daemon.process.kill()
    with RunningDaemon(quick.workspace, tmp_path):
        wait_until(finished(store, 12), "everything after three kills")
    assert store.documents.counts().total == 12
    assert sum(map(len, every_file(quick).values())) == 12


def _claimed(store: Store, least: int) -> bool:
    return store.documents.counts().total >= least


def test_files_that_were_there_before_the_start_are_sorted(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    target = quick.root(Place.INBOX) / "scanner-2" / good[0].name
    target.parent.mkdir()
    shutil.copy(good[0], target)
    with RunningDaemon(quick.workspace, tmp_path):
        (document,) = wait_until(finished(store, 1), "the file that was there")
    assert document.source == "scanner-2"


def test_a_broken_file_costs_only_itself(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    inbox = quick.root(Place.INBOX)
    (inbox / "cut.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<<")
    (inbox / "words.txt").write_text("hello")
    os.mkfifo(inbox / "pipe.pdf")
    (inbox / "link.pdf").symlink_to("/etc/passwd")
    shutil.copy(good[0], inbox)
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        documents = wait_until(finished(store, 3), "two rejections and one good file")
        assert "left alone in the inbox: link.pdf" in daemon.log
    by_name = {d.name: d for d in documents}
    assert by_name["cut.pdf"].state is State.REJECTED
    assert by_name["words.txt"].state is State.REJECTED
    assert by_name[good[0].name].state in {State.SORTED, State.REVIEW}
    assert (inbox / "link.pdf").is_symlink()


def test_a_second_daemon_is_refused_and_the_heartbeat_tells_of_the_first(
    quick: Configuration, tmp_path: Path
) -> None:
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        assert WorkspaceLock(quick.state).holder() == daemon.process.pid
        beat = process.read_health(quick.state)
        assert beat is not None
        assert (beat.state, beat.pid) == ("running", daemon.process.pid)
        second = docsorter("run", quick.workspace)
        assert second.returncode == ExitCode.ALREADY_RUNNING
        assert "already runs" in second.stderr
        daemon.wait_for_notice(b"WATCHDOG=1")
        assert daemon.stop() == 0
    stopped = process.read_health(quick.state)
    assert stopped is not None
    assert stopped.state == "stopped"
    assert WorkspaceLock(quick.state).holder() is None


def test_a_vanished_inbox_pauses_the_daemon_and_its_return_resumes_it(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    inbox = quick.root(Place.INBOX)
    away = quick.workspace.with_name("away")
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        inbox.rename(away)
        wait_until(lambda: (process.read_health(quick.state) or beat_of()).paused, "a pause")
        assert daemon.process.poll() is None
        away.rename(inbox)
        shutil.copy(good[0], inbox)
        wait_until(finished(store, 1), "the file dropped after the return")
        assert "works again" in daemon.log


def test_settings_are_reloaded_when_asked_and_wrong_ones_are_not_used(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    file, inbox = quick.workspace / "docsorter.toml", quick.root(Place.INBOX)
    text = file.read_text()

    def note() -> str:
        return (process.read_health(quick.state) or beat_of()).settings_note

    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        pid = daemon.process.pid
        file.write_text(text.replace("[intake]\n", '[intake]\nignore = ["*.bak"]\n'))
        (inbox / "x.pdf").touch()  # wakes it
        wait_until(lambda: "is not in use yet; to reload" in note(), "word of the change")
        file.write_text("[intake]\nrest_seconds = -1\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "were not reloaded" in note(), "word of the mistake")
        assert "intake.rest_seconds" in note()
        file.write_text('[places]\nstate = "other"\n')
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "places.state cannot be changed" in note(), "word of the state folder")
        file.write_text(text.replace("[intake]\n", '[intake]\nignore = ["*.bak"]\n'))
        shutil.copy(good[0], inbox / "scan.bak")
        wait_until(finished(store, 1), "it is no pattern yet")
        shutil.copy(good[1], inbox)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for_notice(b"RELOADING=1")
        daemon.wait_for_notice(b"READY=1")
        assert note() == ""
        shutil.copy(good[2], inbox / "later.bak")
        shutil.copy(good[3], inbox)
        wait_until(finished(store, 3), "what came before and after the reload")
        assert (inbox / "later.bak").exists()
        assert daemon.process.pid == pid
        assert "the settings were reloaded" in daemon.log
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "nothing to reload" in daemon.log, "word that nothing changed")
        assert daemon.stop() == 0
    assert sum(map(len, every_file(quick).values())) == 5


def test_settings_that_cannot_be_used_leave_those_before_in_use(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    file = quick.workspace / "docsorter.toml"
    with RunningDaemon(quick.workspace, tmp_path) as daemon:
        file.write_text(file.read_text() + '[model]\nbundle = "nowhere"\n')
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "were not reloaded" in daemon.log, "word of the bundle")
        shutil.copy(good[0], quick.root(Place.INBOX))
        wait_until(finished(store, 1), "a document under the settings before")
        beat = process.read_health(quick.state) or beat_of()
        assert "nowhere" in beat.settings_note
        assert daemon.stop() == 0


def beat_of() -> process.Health:
    raise AssertionError("there is no heartbeat")


def test_review_answers_and_undo_work_beside_the_running_daemon(
    quick: Configuration, store: Store, good: list[Path], tmp_path: Path
) -> None:
    for path in good:
        shutil.copy(path, quick.root(Place.INBOX))
    with RunningDaemon(quick.workspace, tmp_path):
        wait_until(finished(store, len(good)), "all examples")
        entry = store.review.entries(limit=1)[0]
        with open_review_service(quick) as service:
            done = service.answer(entry.document.id, "letter", reviewer="ada", uid=7)
            assert service.path_of(done).is_file()
            assert service.undo(done.id, reviewer="ada", uid=7).state is State.REVIEW
    assert sum(map(len, every_file(quick).values())) == len(good)
