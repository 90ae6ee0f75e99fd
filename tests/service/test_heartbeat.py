import datetime as dt
import errno
import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import Reason, ReasonCode
from docsorter.intake.inbox import Inbox
from docsorter.intake.scan import WaitingFile
from docsorter.intake.watch import FolderSource
from docsorter.service.daemon.heartbeat import Heartbeat, ModelStatus, Pause
from docsorter.service.daemon.pipeline import Workers
from docsorter.service.systemd import Notifier
from docsorter.service.workspace import process


class Manager(Notifier):
    """Remembers what the service manager was told."""

    def __init__(self) -> None:
        super().__init__({"WATCHDOG_USEC": "20000000"})
        self.told: list[str] = []

    def send(self, *lines: str) -> bool:
        self.told += lines
        return True


class Rig:
    """A heartbeat with parts that can be made sick."""

    def __init__(self, state: Path) -> None:
        self.clock, self.manager, self.state = ManualClock(), Manager(), state
        self.waiting: tuple[WaitingFile, ...] = ()
        self.source = SimpleNamespace(
            backend="inotify", note="", interval=30.0, healthy=lambda: True
        )
        self.workers = SimpleNamespace(busy=0, done=0, longest=lambda: 0.0)
        inbox = SimpleNamespace(last_rescan=None, settling=0, waiting=lambda: self.waiting)
        self.heart = Heartbeat(state, 0o600, self.clock, self.manager, stuck_seconds=100)
        self.heart.ready(
            ModelStatus("starter-1", "abc"),
            cast("FolderSource", self.source),
            cast("Inbox", inbox),
            cast("Workers", self.workers),
        )

    def pings(self) -> int:
        """Beat once a minute later and return how many pings came of it."""
        before = self.manager.told.count("WATCHDOG=1")
        self.clock.advance(60)
        self.heart.beat("running")
        return self.manager.told.count("WATCHDOG=1") - before


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_being_ready_is_told_and_written_down(rig: Rig) -> None:
    assert "READY=1" in rig.manager.told
    beat = process.read_health(rig.state)
    assert beat is not None
    assert (beat.state, beat.model, beat.watcher) == ("running", "starter-1", "inotify")


def test_pings_go_on_while_everything_moves(rig: Rig) -> None:
    assert rig.pings() == 1


def test_a_dead_watcher_stops_the_pings(rig: Rig) -> None:
    rig.source.healthy = lambda: False
    assert rig.pings() == 0


def test_a_document_that_hangs_stops_the_pings(rig: Rig) -> None:
    rig.workers.longest = lambda: 101.0
    assert rig.pings() == 0


def test_a_pause_is_shown_and_is_no_reason_to_be_restarted(rig: Rig) -> None:
    rig.clock.advance(60)
    rig.source.healthy = lambda: False  # an inbox that is gone cannot be watched
    rig.heart.beat("paused", Pause(Reason(ReasonCode.DISK_FULL, "the disk is full"), "make room"))
    assert rig.manager.told[-1] == "STATUS=the disk is full"
    assert rig.manager.told.count("WATCHDOG=1") == 2
    beat = process.read_health(rig.state)
    assert beat is not None
    assert (beat.paused, beat.paused_reason) == ("the disk is full", "disk_full")
    assert beat.remedy == "make room"


def test_an_idle_daemon_writes_rarely_and_a_silent_one_counts_as_stale(rig: Rig) -> None:
    first = process.read_health(rig.state)
    rig.clock.advance(1)
    rig.heart.beat("running")
    assert process.read_health(rig.state) == first
    assert rig.heart.next_write() == 29
    assert first is not None
    assert not first.is_stale(rig.clock.now())
    rig.clock.advance(120)
    assert first.is_stale(rig.clock.now())


def test_a_change_right_after_a_write_is_written_half_a_second_later(rig: Rig) -> None:
    rig.clock.advance(0.1)
    rig.workers.busy = 1
    rig.heart.beat("running")
    assert rig.heart.next_write() == pytest.approx(0.4)
    rig.clock.advance(0.4)
    rig.heart.beat("running")
    beat = process.read_health(rig.state)
    assert beat is not None
    assert beat.in_flight == 1


def test_a_beat_that_came_too_early_never_asks_for_no_sleep(rig: Rig) -> None:
    rig.clock.advance(10)
    rig.heart.beat("running")  # counted, and nothing to write
    rig.clock.advance(0.3)
    rig.heart.beat("running")  # too early to count again
    assert rig.heart.next_write() == pytest.approx(0.2)
    rig.clock.advance(0.2)
    rig.heart.beat("running")
    assert rig.heart.next_write() == pytest.approx(19.5)


def test_what_was_asked_of_the_store_is_counted_at_the_same_time(rig: Rig) -> None:
    rig.clock.advance(10)
    rig.heart.beat("running")
    rig.clock.advance(0.3)
    rig.heart.beat("running", count=True)
    assert rig.heart.next_write() == pytest.approx(19.7)


def test_a_heartbeat_that_is_no_heartbeat_counts_as_none(tmp_path: Path) -> None:
    assert process.read_health(tmp_path) is None
    (tmp_path / process.HEALTH_FILE).write_text("{half")
    assert process.read_health(tmp_path) is None


def test_what_waits_in_the_inbox_is_named_with_reason_and_since_when(rig: Rig) -> None:
    since = rig.clock.now().timestamp() - 86400.3
    rig.waiting = (
        WaitingFile("a.pdf", Reason(ReasonCode.EMPTY, "it has no bytes yet"), since),
        WaitingFile("caf\udce9.pdf", Reason(ReasonCode.BUSY, "held: \udce9"), since),
    )
    rig.clock.advance(1)
    rig.heart.beat("running")
    health = process.read_health(rig.state)
    assert health is not None
    assert [(file.path, file.reason) for file in health.waiting] == [
        ("a.pdf", "empty"),
        ("caf\\udce9.pdf", "busy"),
    ]
    assert health.waiting[0].since == rig.clock.now() - dt.timedelta(days=1, seconds=1)
    assert health.busy == ("caf\\udce9.pdf: held: \\udce9",)


def test_on_a_full_disk_a_long_list_of_waiting_files_gives_way(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    reason = Reason(ReasonCode.EMPTY, "it has no bytes yet")
    rig.waiting = tuple(WaitingFile(f"{n}.pdf", reason, 1e9) for n in range(200))
    rig.clock.advance(60)
    rig.heart.beat("paused")
    health = process.read_health(rig.state)
    assert health is not None
    assert (health.state, health.waiting) == ("paused", ())
