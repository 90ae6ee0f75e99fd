import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.service.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(5)
        yield listener


def test_the_service_manager_hears_that_we_are_ready(manager: socket.socket) -> None:
    Notifier({"NOTIFY_SOCKET": manager.getsockname()}).ready("watching")
    assert manager.recv(100) == b"READY=1\nSTATUS=watching"


def test_the_abstract_namespace_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0docsorter-test-notify")
        listener.settimeout(5)
        Notifier({"NOTIFY_SOCKET": "@docsorter-test-notify"}).ping()
        assert listener.recv(100) == b"WATCHDOG=1"


def test_pings_come_at_half_the_watchdogs_time() -> None:
    assert Notifier({"WATCHDOG_USEC": "60000000"}).ping_seconds == 30
    assert Notifier({}).ping_seconds is None


def test_without_a_service_manager_nothing_happens(tmp_path: Path) -> None:
    assert not Notifier({}).send("READY=1")
    assert not Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")


def test_a_service_manager_that_does_not_read_holds_nothing_up(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname()})
    told = notifier.send("WATCHDOG=1")
    for _ in range(100_000):
        if not told:
            return
        told = notifier.send("WATCHDOG=1")
    raise AssertionError("its queue has no end")
