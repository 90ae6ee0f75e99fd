"""What wakes the rescan: events, their limits, and what is not watched."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.events import FileCreatedEvent, FileMovedEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.utils import BaseThread

from docsorter.clock import ManualClock
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import FileSystem
from docsorter.intake import watch
from docsorter.intake.completeness import check_end
from docsorter.intake.inbox import Inbox
from docsorter.intake.watch import (
    EVENTS,
    POLLING,
    ArrivalObserver,
    FolderSource,
    InotifyLimits,
    inotify_limits,
    is_watch_limit,
    watch_tip,
)
from docsorter.settings import IntakeSettings

LONG = 20.0
SETTINGS = IntakeSettings(watch="events")


class Bell:
    """Counts wake-ups, and lets a test wait for them."""

    def __init__(self) -> None:
        self.rung = 0
        self._changed = threading.Condition()

    def __call__(self) -> None:
        with self._changed:
            self.rung += 1
            self._changed.notify_all()

    def wait(self, times: int = 1) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.rung >= times, LONG)


@pytest.fixture
def bell() -> Bell:
    return Bell()


Make = Callable[..., FolderSource]


@pytest.fixture
def make(root: Path, bell: Bell) -> Iterator[Make]:
    made = []

    def build(settings: IntakeSettings = SETTINGS, **options: object) -> FolderSource:
        source = FolderSource(root, settings, bell, **options)  # type: ignore[arg-type]
        made.append(source)
        return source

    yield build
    for source in made:
        source.stop()


def watchers() -> int:
    return sum(1 for thread in threading.enumerate() if isinstance(thread, BaseThread))


def test_it_says_how_it_watches(make: Make) -> None:
    source = make()
    source.start()
    assert (source.backend, source.note) == (EVENTS, "")
    assert source.interval == SETTINGS.rescan_seconds
    assert source.healthy()


def test_a_dropped_file_wakes(root: Path, make: Make, bell: Bell) -> None:
    make().start()
    (root / "a.pdf").write_bytes(b"x")
    assert bell.wait()


def test_a_file_or_folder_moved_in_wakes(
    root: Path, tmp_path: Path, make: Make, bell: Bell
) -> None:
    make().start()
    (tmp_path / "a.pdf").write_bytes(b"x")
    (tmp_path / "a.pdf").rename(root / "a.pdf")
    assert bell.wait()
    before = bell.rung
    (tmp_path / "batch").mkdir()
    (tmp_path / "batch").rename(root / "batch")
    assert bell.wait(before + 1)


def test_a_file_in_a_new_sub_folder_wakes(root: Path, make: Make, bell: Bell) -> None:
    (root / "old").mkdir()
    make().start()
    (root / "old" / "a.pdf").write_bytes(b"x")
    assert bell.wait()


def test_an_inbox_reached_through_a_link_is_watched(root: Path, tmp_path: Path, bell: Bell) -> None:
    (tmp_path / "link").symlink_to(root)
    source = FolderSource(tmp_path / "link", SETTINGS, bell)
    source.start()
    try:
        (root / "a.pdf").write_bytes(b"x")
        assert bell.wait()
    finally:
        source.stop()


def test_own_reading_and_claiming_wakes_nobody(
    root: Path, make: Make, bell: Bell, clock: ManualClock
) -> None:
    (root / ".docsorter").mkdir()
    files = [root / f"{number}.pdf" for number in range(20)]
    for file in files:
        file.write_bytes(b"%PDF-1.7 %%EOF")
    make().start()
    inbox = Inbox(root, IntakeSettings(), clock)
    inbox.tick()
    for file in files:
        check_end(file)
        file.rename(root / ".docsorter" / file.name)
    # Events come in order: once the marker's two have come, all before them were passed over.
    (root / "marker").write_bytes(b"x")
    assert bell.wait(2)
    assert bell.rung == 2


def test_no_thread_is_left_behind(make: Make) -> None:
    before = watchers()
    source = make()
    source.start()
    assert watchers() > before
    source.stop()
    source.stop()
    assert watchers() == before
    assert not source.healthy()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_dead_watcher_thread_is_noticed_and_replaced(
    root: Path, make: Make, bell: Bell, which: int
) -> None:
    source = make()
    source.start()
    assert len(source._threads) == 3  # one reads from the kernel, one sorts, one calls us
    victim = source._threads[which]
    assert isinstance(victim, BaseThread)
    victim.stop()
    victim.join(LONG)
    assert not victim.is_alive()
    assert not source.healthy()
    source.rebuild()
    assert source.healthy()
    before = bell.rung
    (root / "a.pdf").write_bytes(b"x")
    assert bell.wait(before + 1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_of_an_exception_is_noticed_and_replaced(root: Path) -> None:
    bell = Bell()
    failing = True

    def wake() -> None:
        if failing:
            raise RuntimeError("broken")
        bell()

    source = FolderSource(root, SETTINGS, wake)
    source.start()
    try:
        threads = list(source._threads)
        (root / "a.pdf").write_bytes(b"x")
        next(t for t in threads if isinstance(t, BaseObserver)).join(LONG)
        assert not source.healthy()
        failing = False
        source.rebuild()
        assert source.healthy()
        (root / "b.pdf").write_bytes(b"x")
        assert bell.wait()
    finally:
        source.stop()


def test_a_replaced_inbox_is_noticed_and_watched_anew(root: Path, make: Make, bell: Bell) -> None:
    source = make()
    source.start()
    old = root.rename(root.with_name("old"))
    assert not source.healthy()
    with pytest.raises(EnvironmentFaultError, match="the inbox is gone: there is no folder"):
        source.rebuild()
    assert not source.healthy()
    root.mkdir()
    assert not source.healthy()
    source.rebuild()
    assert source.healthy()
    before = bell.rung
    (root / "a.pdf").write_bytes(b"x")
    assert bell.wait(before + 1)
    assert old.is_dir()


class Refusing:
    """A real observer whose watch the kernel refuses at some step."""

    def __init__(self, code: int, step: str) -> None:
        self.code = code
        self.step = step

    def __call__(self) -> BaseObserver:
        if self.step == "make":
            raise OSError(self.code, os.strerror(self.code))
        observer = Observer()

        def refuse(handler: FileSystemEventHandler, path: str, **options: object) -> ObservedWatch:
            raise OSError(self.code, "inotify watch limit reached")

        observer.schedule = refuse  # type: ignore[method-assign,assignment]
        return observer


@pytest.mark.parametrize(
    ("code", "step", "sysctl"),
    [
        (errno.ENOSPC, "schedule", "fs.inotify.max_user_watches="),
        (errno.EMFILE, "make", "fs.inotify.max_user_instances="),
    ],
)
def test_a_used_up_limit_becomes_polling_with_a_tip(
    make: Make, code: int, step: str, sysctl: str
) -> None:
    before = watchers()
    source = make(observer=Refusing(code, step))
    source.start()
    assert source.backend == POLLING
    assert f"TIP: sudo sysctl -w {sysctl}" in source.note
    assert "\n" not in source.note
    assert source.interval == SETTINGS.poll_seconds
    assert source.healthy()
    assert watchers() == before


def test_any_other_refusal_becomes_polling_with_its_reason(make: Make) -> None:
    source = make(observer=Refusing(errno.ENOSYS, "make"))
    source.start()
    assert source.backend == POLLING
    assert "cannot be watched: Function not implemented" in source.note


def test_polling_has_no_threads_and_its_own_interval(make: Make) -> None:
    before = watchers()
    source = make(IntakeSettings(watch="polling", poll_seconds=3))
    source.start()
    assert (source.backend, source.note, source.interval) == (POLLING, "polling is set", 3)
    assert watchers() == before
    assert source.healthy()


def test_network_file_systems_are_polled_unless_told_otherwise(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = FileSystem("cifs", "/srv/scans", "//filer/scans")
    monkeypatch.setattr(watch, "file_system", lambda _path: share)
    source = make(IntakeSettings())
    source.start()
    assert source.backend == POLLING
    assert source.note == "cifs at /srv/scans tells nothing of changes made elsewhere"
    told = make(IntakeSettings(watch="events"))
    told.start()
    assert told.backend == EVENTS


def test_local_file_systems_are_watched(make: Make) -> None:
    source = make(IntakeSettings())
    source.start()
    assert source.backend == EVENTS


def test_a_missing_inbox_is_an_environment_fault(root: Path, make: Make) -> None:
    root.rmdir()
    source = make()
    with pytest.raises(EnvironmentFaultError, match="the inbox is gone"):
        source.start()
    assert not source.healthy()


IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE = 0x40, 0x80, 0x100


def test_arrivals_are_heard_and_departures_are_not(tmp_path: Path) -> None:
    observer = ArrivalObserver()
    observer.schedule(
        FileSystemEventHandler(), str(tmp_path), event_filter=[FileCreatedEvent, FileMovedEvent]
    )
    observer.start()
    try:
        (emitter,) = observer.emitters
        mask = emitter.get_event_mask_from_filter()  # type: ignore[attr-defined] # inotify's own
        assert mask & IN_MOVED_TO
        assert mask & IN_CREATE
        assert not mask & IN_MOVED_FROM
    finally:
        observer.stop()
        observer.join()


def test_the_limits_of_this_machine_are_read() -> None:
    limits = inotify_limits()
    assert limits.max_user_watches is not None
    assert limits.max_user_watches > 0
    assert limits.max_user_instances is not None


def test_limits_that_cannot_be_read_are_unknown(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("many")
    assert inotify_limits(tmp_path) == InotifyLimits(None, None, None)


def test_no_space_left_means_watches_and_tells_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "max_user_watches").write_text("8192\n")
    tip = watch_tip(OSError(errno.ENOSPC, "inotify watch limit reached"), tmp_path)
    assert "fs.inotify.max_user_watches of 8192 is used up" in tip
    assert "sysctl -w fs.inotify.max_user_watches=524288" in tip
    assert "\n" not in tip


def test_the_advice_is_always_more_than_there_is(tmp_path: Path) -> None:
    (tmp_path / "max_user_instances").write_text("1024\n")
    tip = watch_tip(OSError(errno.EMFILE, "inotify instance limit reached"), tmp_path)
    assert tip.endswith("fs.inotify.max_user_instances=2048")


def test_other_errors_are_no_limit() -> None:
    assert is_watch_limit(OSError(errno.ENOSPC, "x"))
    assert not is_watch_limit(OSError(errno.ENOENT, "x"))
