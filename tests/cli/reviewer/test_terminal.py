"""The real command in a real terminal (tmux), and what is left when it is killed."""

import getpass
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock, SystemClock
from docsorter.documents import Place, State
from docsorter.errors import ExitCode
from docsorter.service.workspace.layout import open_workspace_store
from tests.cli.reviewer.scene import Scene
from tests.cli.running import ROOT, docsorter

_PATIENCE = 60.0


class Terminal:
    """A command in a tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")

    def _tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", os.devnull, *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        return done.stdout

    def start(self, command: str, *, columns: int = 80, lines: int = 24) -> None:
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(lines), command)
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def pid(self) -> int:
        return int(self._tmux("list-panes", "-F", "#{pane_pid}"))

    def wait_for(self, text: str) -> str:
        deadline = time.monotonic() + _PATIENCE
        while text not in (shown := self.text()):
            assert time.monotonic() < deadline, f"no {text!r} on the screen:\n{shown}"
            time.sleep(0.05)  # a poll of another process, bounded by the deadline
        return shown

    def stop(self) -> None:
        subprocess.run(["tmux", "-S", self._socket, "kill-server"], check=False, timeout=30)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    opened = Terminal(tmp_path)
    yield opened
    opened.stop()


def command(scene: Scene, *options: str) -> str:
    words = [
        "env",
        f"PYTHONPATH={ROOT}",
        "DOCSORTER_REVIEW__PICTURES=dots",
        sys.executable,
        "-m",
        "docsorter",
        "-w",
        str(scene.desk.configuration.workspace),
        "review",
        *options,
    ]
    return "exec " + shlex.join(words)


@pytest.mark.slow
def test_a_reviewer_who_is_killed_loses_nothing_and_the_lease_runs_out(
    scene: Scene, terminal: Terminal
) -> None:
    first, second = scene.wait("invoice-1.png", "claim-2.png")
    terminal.start(command(scene))
    shown = terminal.wait_for("⣿")
    assert "unsure: invoice 0.54, claim" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    time.sleep(0.3)  # a page must have been seen for a moment before a key answers it
    terminal.keys("Enter")
    terminal.wait_for("claim-2.png")
    terminal.wait_for("is invoice")

    os.kill(terminal.pid(), signal.SIGKILL)
    terminal.wait_for("Pane is dead")

    assert scene.now(first).state is State.SORTED
    assert len(scene.desk.files(Place.SORTED)) == 2  # the document and its sidecar
    entry = scene.desk.store.review.entry_for_document(second.id)
    assert entry.lease_owner == getpass.getuser()
    later = ManualClock(SystemClock().now())
    with open_workspace_store(scene.desk.configuration, later) as store:
        assert entry.lease_expires_at is not None
        assert entry.lease_expires_at > later.now()
        later.advance(601)
        assert store.review.lease(None, owner="bob", seconds=60).entry.document.id == second.id


@pytest.mark.slow
def test_plain_mode_needs_no_terminal_at_all(scene: Scene) -> None:
    (document,) = scene.wait("invoice-1.png")
    done = subprocess.run(
        ["sh", "-c", command(scene, "--plain")],
        input="2\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == ExitCode.OK, done.stderr
    assert "Labels: 1 invoice, 2 claim, 3 letter. Enter takes invoice." in done.stdout
    assert "\x1b" not in done.stdout
    assert scene.now(document).path.startswith("claim/")


def test_the_screen_without_a_terminal_says_what_to_do(scene: Scene) -> None:
    done = docsorter("-w", scene.desk.configuration.workspace, "review")
    assert done.returncode == ExitCode.USAGE
    assert "needs a terminal" in done.stderr
    assert "--plain" in done.stderr
