"""The real command in a real terminal (tmux), and what is left when it is killed."""

import fcntl
import getpass
import os
import pty
import select
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
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


class Sitting:
    """`docsorter review` on a terminal of its own, which can be closed."""

    def __init__(self, scene: Scene, *options: str) -> None:
        self._master, slave = pty.openpty()
        name = os.ttyname(slave)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # Whoever runs the tests may ignore hang-ups, and a program inherits that.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.process = subprocess.Popen(
            # What the first process of a session opens becomes its terminal.
            ["sh", "-c", f"exec <{name} >{name} 2>&1; {command(scene, *options)}"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        signal.signal(signal.SIGHUP, before)
        self._slave = slave  # else the master has nobody before the program begins
        self._text = b""

    def wait_for(self, text: str) -> None:
        while text.encode() not in self._text:
            assert self.process.poll() is None, f"no {text!r} in {self._text[-2000:]!r}"
            ready, _, _ = select.select([self._master], [], [], _PATIENCE)
            assert ready, f"no {text!r} in {self._text[-2000:]!r}"
            self._text += os.read(self._master, 65536)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def hang_up(self) -> None:
        self._let_slave_go()
        os.close(self._master)
        self._master = -1

    def _let_slave_go(self) -> None:
        if self._slave >= 0:
            os.close(self._slave)
            self._slave = -1

    def end(self) -> int:
        """Read on until the program ends, and return its exit code."""
        self._let_slave_go()
        while self._master >= 0:
            try:
                if not os.read(self._master, 65536):
                    break
            except OSError:  # EIO: nobody has the other end open any more
                self.hang_up()
        return self.process.wait(_PATIENCE)


@pytest.fixture
def sit(scene: Scene) -> Iterator[Callable[..., Sitting]]:
    sittings: list[Sitting] = []

    def start(*options: str) -> Sitting:
        sittings.append(Sitting(scene, *options))
        return sittings[-1]

    yield start
    for sitting in sittings:
        sitting.process.kill()
        sitting.end()


SCREEN, PLAIN = ((), "claim-2"), (("--plain",), "Document 1")


@pytest.mark.slow
@pytest.mark.parametrize(("options", "shown"), [SCREEN, PLAIN], ids=["screen", "plain"])
@pytest.mark.parametrize("how", ["hang up", signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_reviewer_whose_terminal_closes_gives_everything_back(
    scene: Scene,
    sit: Callable[..., Sitting],
    how: signal.Signals | str,
    options: tuple[str, ...],
    shown: str,
) -> None:
    documents = scene.wait("invoice-1.png", "claim-2.png")
    sitting = sit(*options, "--order", "oldest" if options else "newest")
    sitting.wait_for(shown)
    assert scene.desk.store.review.count_held(getpass.getuser(), ())
    if isinstance(how, signal.Signals):
        os.kill(sitting.process.pid, how)
        assert sitting.end() == 128 + how
    else:
        sitting.hang_up()
        assert sitting.end() != ExitCode.OK
    for document in documents:
        assert scene.desk.store.review.entry_for_document(document.id).lease_owner is None


@pytest.mark.slow
def test_what_a_killed_session_held_is_the_same_persons_at_once_and_nobody_elses(
    scene: Scene, sit: Callable[..., Sitting]
) -> None:
    (document,) = scene.wait("invoice-1.png")
    sitting = sit("--plain")
    sitting.wait_for("Document 1")
    assert "Document 1" not in plainly(scene, "no\n")  # it lives
    sitting.process.kill()
    sitting.end()
    bob = docsorter(
        *("-w", scene.desk.configuration.workspace, "--as", "bob", "review", "--plain"),
    )
    assert "others hold the 1 that wait" in bob.stdout
    assert "invoice-1.png is claim." in plainly(scene, "2\n")
    assert scene.now(document).path.startswith("claim/")


@pytest.mark.slow
def test_what_a_living_session_holds_is_taken_over_only_when_asked_and_it_is_told(
    scene: Scene, sit: Callable[..., Sitting]
) -> None:
    (document,) = scene.wait("invoice-1.png")
    sitting = sit("--plain")
    sitting.wait_for("Document 1")
    heard = plainly(scene, "yes\n2\n")
    assert "Another session of yours holds 1 of the 1 that wait. Take them over" in heard
    assert scene.now(document).path.startswith("claim/")
    sitting.type("3\r")
    sitting.wait_for("Not done: document 1 does not wait for a person")
    assert sitting.end() == 0
    assert scene.now(document).path.startswith("claim/")


def plainly(scene: Scene, lines: str) -> str:
    done = subprocess.run(
        ["sh", "-c", command(scene, "--plain")],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == ExitCode.OK, done.stderr
    return done.stdout


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
