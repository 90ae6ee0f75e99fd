"""Processes are stopped at the calls they say they are, and nowhere else."""
# ruff: noqa: PTH102, PTH104, PTH106, PTH108, PTH208
# (system calls are what is tested here)

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.torture import calls
from tests.torture.recording import Operation, Recorder, read
from tests.torture.supervisor import Answer, Call, Supervisor, Watched, receive

Watch = Callable[..., Watched]
# Forking is safe here: the child calls nothing but the kernel and never returns.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    """Run a function in a child and watch what it does to the folder."""

    def run(
        work: Callable[[], object],
        answer: Answer | None = None,
        *,
        kill_at: int | None = None,
        while_it_runs: bool = False,
        idle: float = 60.0,
    ) -> Watched:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    socket.send_fds(theirs, [b"-"], [calls.stop_here()])
                    work()
                    code = 0
                except OSError as error:
                    theirs.send(str(error).encode())
                    code = error.errno or 1
                finally:
                    os._exit(code)
            try:
                listener = receive(ours)
            except OSError as error:
                os.waitpid(pid, 0)
                pytest.skip(f"calls cannot be watched here: {error}")
            supervisor = Supervisor(pid, listener, (str(tmp_path),), answer)
            return supervisor.watch(kill_at=kill_at, while_it_runs=while_it_runs, idle=idle)

    return run


def two_folders(folder: Path) -> Callable[[], None]:
    def work() -> None:
        (folder / "one").mkdir()
        (folder / "two").mkdir()
        (folder / "three").mkdir()

    return work


def test_a_kill_comes_before_the_call_takes_effect(watch: Watch, tmp_path: Path) -> None:
    seen = watch(two_folders(tmp_path), kill_at=2)
    assert os.WTERMSIG(seen.status) == signal.SIGKILL
    assert seen.killed_at is not None
    assert (seen.killed_at.name, seen.killed_at.paths) == ("mkdir", (str(tmp_path / "two"),))
    assert str(seen.killed_at) == f"2 mkdir {tmp_path}/two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]


def test_a_kill_while_the_call_runs_comes_after_no_later_call(watch: Watch, tmp_path: Path) -> None:
    seen = watch(two_folders(tmp_path), kill_at=2, while_it_runs=True)
    assert os.WTERMSIG(seen.status) == signal.SIGKILL
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names in (["one"], ["one", "two"], ["one", "three", "two"])


def test_what_is_left_alone_ends_by_itself_and_is_counted(watch: Watch, tmp_path: Path) -> None:
    seen = watch(two_folders(tmp_path), kill_at=4)
    assert (seen.status, seen.calls, seen.killed_at, seen.hung) == (0, 3, None, "")


def test_only_calls_that_change_the_folder_count(watch: Watch, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file").write_bytes(b"x")

    def work() -> None:
        descriptor = os.open(inside / "file", os.O_RDONLY)
        os.read(descriptor, 1)
        os.listdir(inside)
        os.lstat(inside)
        os.write(os.open(os.devnull, os.O_WRONLY), b"elsewhere")
        os.fsync(descriptor)

    assert watch(work).calls == 1


def test_every_kind_of_change_is_seen(watch: Watch, tmp_path: Path) -> None:
    names: list[str] = []

    def note(call: Call) -> int:
        names.append(call.name)
        return 0

    def work() -> None:
        os.chdir(tmp_path)
        descriptor = os.open("a", os.O_CREAT | os.O_RDWR)
        os.write(descriptor, b"1")
        os.pwrite(descriptor, b"2", 1)
        os.ftruncate(descriptor, 1)
        os.fsync(descriptor)
        os.fdatasync(descriptor)
        os.fchmod(descriptor, 0o600)
        os.utime("a", ns=(1, 1))
        os.link("a", "b")
        os.rename("b", "c")
        os.unlink("c")
        os.mkdir("d")
        folder = os.open("d", os.O_RDONLY)
        os.mkdir("e", dir_fd=folder)
        os.rmdir("e", dir_fd=folder)
        os.rmdir("d")

    assert watch(work, note).calls == len(names) == 15
    expected = ["openat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync", "fchmod"]
    assert names[:7] == expected
    assert names[7:12] == ["utimensat", "link", "rename", "unlink", "mkdir"]
    assert {"mkdirat", "unlinkat", "rmdir"} == set(names[12:])


def test_a_refused_call_fails_with_that_error_and_does_nothing(
    watch: Watch, tmp_path: Path
) -> None:
    seen = watch(two_folders(tmp_path), lambda call: 28 if call.paths[0].endswith("two") else 0)
    assert os.WEXITSTATUS(seen.status) == 28
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one"]


def test_a_process_that_hangs_is_ended_and_said_to_hang(watch: Watch) -> None:
    seen = watch(signal.pause, idle=0.0)
    assert "worked for 0 s" in seen.hung
    assert seen.killed_at is None


def test_a_record_has_every_byte_and_where_it_went(watch: Watch, tmp_path: Path) -> None:
    file = tmp_path.with_name(f"{tmp_path.name}.record")

    def work() -> None:
        descriptor = os.open(tmp_path / "a", os.O_CREAT | os.O_RDWR)
        os.write(descriptor, b"one")
        os.write(descriptor, b"two")
        os.pwrite(descriptor, b"x", 1)
        appending = os.open(tmp_path / "a", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(appending, b"end")
        os.unlink(tmp_path / "a")
        os.write(descriptor, b"to nobody")

    with Recorder(file) as recorder:

        def note(call: Call) -> int:
            recorder.note(call)
            return 0

        watch(work, note)
    path = (str(tmp_path / "a"),)
    written = [(o.name, o.data, o.number) for o in read(file) if o.name == "write"]
    assert written == [
        ("write", b"one", 0),
        ("write", b"two", 3),
        ("write", b"x", 1),
        ("write", b"end", 6),
    ]
    assert read(file)[-1] == Operation("unlink", path)
