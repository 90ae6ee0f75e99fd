"""What hangs is found, and a machine that is busy with others is not taken for it."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.patience import Patience, Used, family, kept_waiting, wait_until


class Played:
    """A clock, and threads whose time passes as the test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.used: dict[int, Used] = {}

    def look(self, pid: int) -> Mapping[int, Used]:
        assert pid == 7
        return dict(self.used)

    def patience(self) -> Patience:
        return Patience(7, idle=60, work=100, now=lambda: self.now, look=self.look)


def passed(
    played: Played,
    patience: Patience,
    seconds: int,
    *,
    ran: float,
    ready: float,
    disk: bool = False,
) -> str:
    """Let so many seconds pass, each with so much of it run and waited for a processor."""
    for _ in range(seconds):
        played.now += 1
        before = played.used.get(8, Used(0, 0))
        played.used[8] = Used(before.ran + ran, before.ready + ready, disk)
        if why := patience.over():
            return why
    return ""


def test_what_waits_for_something_that_never_comes_is_found() -> None:
    played = Played()
    patience = played.patience()
    assert passed(played, patience, 50, ran=0.01, ready=0) == ""
    assert (
        passed(played, patience, 50, ran=0.01, ready=0) == "it worked for 1 s and waited for 60 s"
    )


def test_what_never_stops_working_is_found_however_slow_the_machine_is() -> None:
    played = Played()
    patience = played.patience()
    assert passed(played, patience, 900, ran=0.1, ready=0.9) == ""
    assert passed(played, patience, 200, ran=0.1, ready=0.9).startswith("it worked for 100 s")


@pytest.mark.parametrize(("ready", "disk"), [(1.0, False), (0.0, True)])
def test_a_machine_that_is_slow_is_no_hang(ready: float, disk: bool) -> None:  # noqa: FBT001
    played = Played()
    assert passed(played, played.patience(), 10_000, ran=0.001, ready=ready, disk=disk) == ""


def test_threads_that_came_later_count_from_their_beginning() -> None:
    played = Played()
    patience = played.patience()
    played.now, played.used = 50.0, {9: Used(20.0, 30.0)}
    assert patience.over() == ""
    assert (patience.work, patience.idle) == (20.0, 0.0)


def test_a_process_is_seen_with_all_that_it_started() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with child:
        threads = family(os.getpid())
        assert {os.getpid(), child.pid} <= set(threads)
        assert threads[os.getpid()].ran > 0
        assert kept_waiting(child.pid) >= 0
        assert child.stdin is not None
        child.stdin.close()
    assert family(child.pid) == {}
    assert kept_waiting(child.pid) == 0


def test_a_wait_returns_what_it_found_or_says_what_did_not_happen() -> None:
    turns = iter([None, 0, 5])
    assert wait_until(lambda: next(turns), "five") == 5
    with pytest.raises(AssertionError, match=r"did not happen: pigs fly; it worked .*; nor hens"):
        wait_until(lambda: None, "pigs fly", idle=0.2, said=lambda: "nor hens")
