"""`python -m starter.synth`: documents in a folder, and one clear line for what cannot be done."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docsorter.errors import ExitCode
from starter.dataset import INDEX, read_index
from starter.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
_COMMAND = [sys.executable, "-m", "starter.synth"]
_FEW = ("--kinds", "scrap,invoice-web", "--other", "2", "--workers", "1", "--invoice")


def synth(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    return subprocess.run(
        [*_COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=170,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    )  # fmt: skip


def test_documents_are_made_once_and_counted(tmp_path: Path) -> None:
    out = tmp_path / "made"
    done = synth(out, *_FEW, "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"3 documents for train in {out}: 1 invoice, 2 other")
    again = synth(out, *_FEW, "2", "--json")
    told = json.loads(again.stdout)
    assert (told["documents"], told["new"]) == (4, 1)
    assert told["kinds"] == {"invoice-web": 2, "scrap": 2}
    assert len(list(out.rglob("*.jpg"))) == len(read_index(out)) == 4


def test_the_kinds_are_listed_in_80_columns() -> None:
    done = synth("--list-kinds")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
    told = json.loads(synth("--list-kinds", "--json").stdout)
    assert {row["kind"]: row["label"] for row in told} == KINDS
    assert all(row["kind"] in done.stdout for row in told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no folder is named"),
        (("{out}", "--kinds", "poem"), "no kind of document called 'poem'"),
        (("{out}", "--kinds", "scrap", "--claim", "1"), "no kind of it is chosen"),
        (("{out}", "--kinds", "scrap", "--other", "0"), "no document is asked for"),
        (("{file}",), "is a file"),
    ],
)
def test_bad_input_is_one_line_and_a_tip(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "file").write_text("x")
    places = {"out": tmp_path / "out", "file": tmp_path / "file"}
    done = synth(*(text.format(**places) for text in arguments))
    assert done.returncode == ExitCode.USAGE
    error, tip = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert said in error
    assert tip.startswith("tip:")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_keeps_what_was_made(tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "made"
    command = [*_COMMAND, str(out), "--workers", "2"]
    with subprocess.Popen(
        [*command, "--kinds", "scrap", "--other", "3000"],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        index = out / INDEX
        deadline = time.monotonic() + 60
        while not (index.exists() and index.read_bytes().count(b"\n") > 3):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)  # a poll of another process, bounded by the deadline
        os.killpg(process.pid, number)  # as a terminal does: every process of the command
        told = process.stderr.read()
        assert process.wait(60) == code
    assert told == "interrupted; the same command goes on where it was\n"
    entries = read_index(out)
    assert len(entries) > 3
    assert all((out / name).exists() for name in entries)
