"""What hostile code could do inside a child: tried for real, in a process shut in the same way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from docsorter.pages.reader import PageReader, sandbox_report
from tests.pages.papers import saved, sheet

ROOT = Path(__file__).resolve().parent.parent.parent
PRELUDE = """
import ctypes, json, os, resource, signal, socket, subprocess, sys, threading
from docsorter.pages import kernel, sandbox
document = int(sys.argv[1])
"""
SHUT_IN = """
features, report = sandbox.examine()
bounds = sandbox.Limits(seconds=20, memory=1 << 30, output=1 << 20)
sandbox.confine(features, bounds, server=os.getppid(), document=document)
def tried(act):
    try:
        act()
    except OSError as error:
        return error.errno
    return 0
"""


def run(script: str, document: Path, *, shut_in: bool = True) -> dict[str, object]:
    """Run code in a process that has shut itself in; it prints a JSON object last."""
    with document.open("rb") as file:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PRELUDE + (SHUT_IN if shut_in else "") + script,
                f"{file.fileno()}",
            ],
            pass_fds=[file.fileno()],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return saved(tmp_path / "mine.jpg", sheet())


@pytest.fixture(scope="module")
def report() -> dict[str, str]:
    return sandbox_report()


@pytest.fixture
def landlock(report: dict[str, str]) -> None:
    if not report["landlock"].startswith("active"):
        pytest.skip(f"Landlock {report['landlock']}")


@pytest.fixture
def seccomp(report: dict[str, str]) -> None:
    if not report["seccomp"].startswith("active"):
        pytest.skip(f"seccomp {report['seccomp']}")


def test_the_report_says_how_every_part_stands(report: dict[str, str]) -> None:
    parts = {"no_new_privs", "landlock", "capabilities", "seccomp", "limits", "poppler"}
    assert set(report) == parts
    assert report["no_new_privs"] == "active"
    for said in report.values():
        assert said.startswith(("active", "not available: ", "/"))


def test_a_running_reader_reports_as_well(reader: PageReader) -> None:
    assert reader.sandbox_report()["limits"].startswith("active")


def test_only_the_document_can_be_read(landlock: None, document: Path, tmp_path: Path) -> None:
    other = saved(tmp_path / "other.jpg", sheet())
    script = f"""
print(json.dumps({{
    "document": tried(lambda: open(f"/proc/self/fd/{{document}}", "rb").read()),
    "other": tried(lambda: open({str(other)!r}, "rb")),
    "passwd": tried(lambda: open("/etc/passwd")),
    "list": tried(lambda: os.listdir({str(tmp_path)!r})),
    "write": tried(lambda: open({str(tmp_path / "new")!r}, "w")),
    "overwrite": tried(lambda: open({str(document)!r}, "r+b")),
    "remove": tried(lambda: os.unlink({str(other)!r})),
    "rename": tried(lambda: os.rename({str(other)!r}, {str(tmp_path / "x")!r})),
    "tmp": tried(lambda: open("/tmp/docsorter-sandbox-test", "w")),
}}))
"""
    errors = run(script, document)
    assert errors.pop("document") == 0
    denied = {13, 18}  # EACCES; EXDEV is how Landlock denies a rename
    assert {name: error for name, error in errors.items() if error not in denied} == {}
    assert other.exists()
    assert not (tmp_path / "new").exists()


def test_there_are_no_sockets(seccomp: None, document: Path) -> None:
    script = """
families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX,
            "netlink": socket.AF_NETLINK}
print(json.dumps({name: tried(lambda: socket.socket(family)) for name, family in families.items()}))
"""
    assert set(run(script, document).values()) == {1}


def test_other_processes_are_out_of_reach(seccomp: None, document: Path) -> None:
    script = """
parent = os.getppid()
call = ctypes.CDLL(None, use_errno=True)
def ptrace():
    if call.ptrace(16, parent, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "")
def unshare():
    if call.unshare(0x10000000) < 0:
        raise OSError(ctypes.get_errno(), "")
def chmod():
    os.chmod("/proc/self/fd/%d" % document, 0o777)
print(json.dumps({
    "ptrace": tried(ptrace),
    "unshare": tried(unshare),
    "kill": tried(lambda: os.kill(parent, 0)),
    "setsid": tried(os.setsid),
    "chmod": tried(chmod),
    "chown": tried(lambda: os.fchown(document, 1, 1)),
}))
"""
    assert set(run(script, document).values()) == {1}


def test_what_it_starts_is_shut_in_as_well(landlock: None, seccomp: None, document: Path) -> None:
    script = """
cat = subprocess.run(["cat", "/etc/passwd"], capture_output=True)
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
print(json.dumps({"cat": cat.returncode, "bytes": len(cat.stdout)}))
"""
    assert run(script, document) == {"cat": 1, "bytes": 0}


def test_the_limits_hold(document: Path) -> None:
    script = """
def memory():
    try:
        bytearray(2 << 30)
    except MemoryError:
        return "refused"
def files():
    opened = []
    try:
        while len(opened) < 200:
            opened.append(os.dup(0))
    except OSError as error:
        return error.errno
    finally:
        for descriptor in opened:
            os.close(descriptor)
def output():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    descriptor = os.memfd_create("x")
    try:
        while True:
            os.write(descriptor, bytes(1 << 19))
    except OSError as error:
        return error.errno
print(json.dumps({
    "memory": memory(), "files": files(), "output": output(),
    "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
    "cpu": resource.getrlimit(resource.RLIMIT_CPU)[1],
}))
"""
    assert run(script, document) == {
        "memory": "refused",
        "files": 24,
        "output": 27,
        "core": 0,
        "cpu": 21,
    }


def test_a_filter_that_kills_landlock_costs_landlock_alone(seccomp: None, document: Path) -> None:
    script = """
number = kernel._CREATE_RULESET
lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)]
filters = (kernel._SockFilter * 4)(*(kernel._SockFilter(*line) for line in lines))
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.prctl(kernel.PR_SET_SECCOMP, 2, ctypes.byref(kernel._SockFprog(4, filters)))
features, report = sandbox.examine()
said = report["landlock"]
print(json.dumps({"abi": features.landlock_abi, "seccomp": features.seccomp, "said": said}))
"""
    assert run(script, document, shut_in=False) == {
        "abi": 0,
        "seccomp": True,
        "said": "not available: a system call filter around this program kills it",
    }


def test_an_unknown_processor_says_so(
    seccomp: None, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = """
import platform
platform.machine = lambda: "riscv64"
features, report = sandbox.examine()
print(json.dumps({"seccomp": features.seccomp, "said": report["seccomp"]}))
"""
    assert run(script, document, shut_in=False) == {
        "seccomp": False,
        "said": "not available: no filter for this processor",
    }


def test_the_server_has_one_thread_and_neither_numpy_nor_the_model(
    reader: PageReader, document: Path
) -> None:
    reader.read(document)
    status = Path(f"/proc/{reader.server_pid}/status").read_text(encoding="utf-8")
    assert "Threads:\t1\n" in status
    maps = Path(f"/proc/{reader.server_pid}/maps").read_text(encoding="utf-8")
    assert "numpy" not in maps
    assert "litert" not in maps
