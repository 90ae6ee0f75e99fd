import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import docsorter
from docsorter.resources import has_ended, process_mark, usable_cores


@pytest.mark.parametrize(
    ("text", "share"),
    [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("junk", None), ("", None)],
)
def test_a_container_gets_no_more_threads_than_its_share_of_the_cores(
    tmp_path: Path, text: str, share: int | None
) -> None:
    (tmp_path / "cpu.max").write_text(text)
    pinned = len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path / "cpu.max") == (share or pinned)


def test_without_a_quota_the_cores_count_that_we_are_pinned_to(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores(tmp_path / "none") == 1
    finally:
        os.sched_setaffinity(0, before)


def test_no_module_counts_the_cores_of_the_machine_instead_of_its_own() -> None:
    machine = {"cpu_count", "process_cpu_count"}
    asking = [
        f"{path}:{node.lineno}"
        for path in Path(docsorter.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr in machine)
        or (isinstance(node, ast.alias) and node.name in machine)
    ]
    assert asking == []


def test_a_process_that_has_ended_is_told_from_one_that_runs_and_from_one_elsewhere() -> None:
    program = "from docsorter.resources import process_mark; print(process_mark(), flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", program + "input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        mark = process.stdout.readline().strip()
        assert not has_ended(mark)
        assert not has_ended(f"{mark}-secret")
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert has_ended(mark)  # nobody has asked how it ended
    assert has_ended(f"{mark}-secret")
    machine, number, began = process_mark().split("-")
    assert has_ended(f"{machine}-{number}-{int(began) - 1}")  # its number was given again
    assert not has_ended(f"00000000-{mark.split('-')[1]}-{began}")
    assert not any(map(has_ended, ("", "-", "a" * 32, f"{machine}-x-1")))
    assert len(process_mark()) < 30
