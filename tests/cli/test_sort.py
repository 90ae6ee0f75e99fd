"""`docsorter sort` and `docsorter demo` with the real model."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from docsorter.configuration import Configuration
from docsorter.errors import ExitCode
from docsorter.service.daemon.sort_once import example_files
from tests.cli.running import docsorter
from tests.service.running import RunningDaemon, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(configuration: Configuration) -> Path:
    return configuration.workspace


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Return a folder with a few example scans of several formats."""
    folder = tmp_path / "scans"
    folder.mkdir()
    chosen = {path.suffix: path for path in example_files()}
    for path in chosen.values():
        shutil.copy(path, folder)
    return folder


def test_a_dry_run_needs_no_workspace_and_touches_nothing(scans: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in scans.iterdir()}
    done = docsorter("sort", "--dry-run", "--json", scans, cwd=tmp_path)
    outcomes = json.loads(done.stdout)
    assert sorted(Path(o["file"]).name for o in outcomes) == sorted(p.name for p in before)
    assert all(o["place"] is None and o["verdict"]["reason"]["text"] for o in outcomes)
    assert {path: path.read_bytes() for path in scans.iterdir()} == before


def test_sorted_files_move_into_the_workspace(workspace: Path, scans: Path) -> None:
    before = {path.name: path.read_bytes() for path in scans.iterdir()}
    done = docsorter("-w", workspace, "sort", "--json", scans)
    outcomes = json.loads(done.stdout)
    assert list(scans.iterdir()) == []
    for outcome in outcomes:
        assert Path(outcome["place"]).read_bytes() == before[Path(outcome["file"]).name]
    assert [p.name for p in (workspace / "inbox").iterdir()] == [".docsorter"]


def test_with_copy_the_originals_stay(workspace: Path, scans: Path) -> None:
    before = sorted(scans.iterdir())
    done = docsorter("-w", workspace, "sort", "--copy", before[0])
    assert done.returncode in {ExitCode.OK, ExitCode.DOCUMENT}
    assert before[0].name in done.stdout.replace("\n", "")
    assert sorted(scans.iterdir()) == before


def test_a_rejected_file_shows_in_the_exit_code(workspace: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\nnothing follows")
    done = docsorter("-w", workspace, "sort", broken)
    assert done.returncode == ExitCode.DOCUMENT
    assert done.stdout.startswith("refused: 1\n")


def test_beside_a_running_daemon_the_files_are_handed_to_it(
    workspace: Path, scans: Path, tmp_path: Path
) -> None:
    (workspace / "docsorter.toml").write_text("[intake]\nrest_seconds = 0.3\n")
    with RunningDaemon(workspace, tmp_path):
        done = docsorter("-w", workspace, "sort", "--json", scans)
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == len({o["document_id"] for o in outcomes})
    assert all(Path(o["place"]).is_file() for o in outcomes)
    assert list(scans.iterdir()) == []


def test_a_tree_is_sorted_with_totals_and_what_was_left_alone(
    workspace: Path, scans: Path, tmp_path: Path
) -> None:
    chosen = example_files()[:3]
    deep = scans / "2024" / "Büro"
    deep.mkdir(parents=True)
    shutil.copy(chosen[0], deep / ("x" * 100 + chosen[0].suffix))
    (scans / ".hidden").write_text("x")
    (scans / "empty.pdf").touch()
    number = len([p for p in scans.rglob("*") if p.is_file()])
    done = docsorter("sort", scans, "--copy", "-w", workspace)
    assert f"\n{number} files in " in done.stdout
    assert "2 left alone" in " ".join(done.stdout.split())
    assert "empty: 0 bytes" in done.stdout
    assert "…" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    shown = json.loads(docsorter("history", "--json", "-w", workspace).stdout)
    assert {one["source"] for one in shown} == {"", "2024/Büro"}


def test_ctrl_c_ends_with_the_totals_and_loses_nothing(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    chosen = next(path for path in example_files() if path.suffix == ".heic")
    for number in range(60):
        (folder / f"{number}.heic").write_bytes(chosen.read_bytes() + bytes([number]))
    command = [sys.executable, "-m", "docsorter", "sort", str(folder), "--json"]
    command += ["-w", str(workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        wait_until(lambda: any((workspace / "sorted").rglob("*.heic")), "the first is sorted")
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate()
    assert program.returncode == 128 + signal.SIGINT
    told = json.loads(out)
    left = {Path(one["file"]) for one in told if one["left"] == "not begun: interrupted"}
    assert len(told) == 60
    assert left == set(folder.iterdir())
    assert len(left) < 60
    assert all(Path(one["place"]).is_file() for one in told if not one["left"])


def test_a_file_that_cannot_be_taken_in_stops_none_of_the_others(
    workspace: Path, scans: Path
) -> None:
    gone = scans / "gone"
    gone.mkdir()
    shutil.copy(example_files()[0], gone / "a.pdf")
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    gone.chmod(0o500)
    try:
        done = docsorter("-w", workspace, "sort", scans, "--json")
    finally:
        gone.chmod(0o700)
    assert done.returncode == ExitCode.ENVIRONMENT
    left = [one for one in json.loads(done.stdout) if one["left"]]
    assert [Path(one["file"]).name for one in left] == ["a.pdf"]
    assert "could not be taken in" in left[0]["left"]
    assert [path.name for path in scans.iterdir()] == ["gone"]


def test_many_with_one_reason_are_gathered(workspace: Path, tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.pdf").touch()
    done = docsorter("-w", workspace, "sort", "--copy", tmp_path)
    assert "and 30 more empty: 0 bytes" in done.stdout
    assert len(done.stdout.splitlines()) < 20
    assert done.stdout.rstrip().endswith("40 left alone")


def test_an_empty_folder_has_nothing_to_sort(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = docsorter("-w", workspace, "sort", tmp_path / "empty")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no files in ")


def test_the_demo_is_one_line_a_document_in_80_columns(tmp_path: Path) -> None:
    done = docsorter("demo", cwd=tmp_path)
    lines = done.stdout.splitlines()
    totals = next(number for number, line in enumerate(lines) if " files in " in line)
    assert max(map(cell_len, lines[: totals + 4])) <= 80
    assert [line.split(":")[0] for line in lines if re.match(r"[a-z ]+: \d+$", line)] == [
        "needs you",
        "refused",
        "sorted",
    ]
    for path in example_files():
        assert sum(path.name in line for line in lines) == 1, path.name
    assert re.search(r"needs \d\d\.\d %", done.stdout)
    assert not re.search(r"\b0\.\d\d", done.stdout), "percentages everywhere"
    assert re.search(r"^30 files in \d+ s: 16 sorted \(claim 5, ", done.stdout, re.MULTILINE)


def test_the_demo_shows_every_example_once_and_what_to_try_next(tmp_path: Path) -> None:
    done = docsorter("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "Uncertified on your paper" in text
    assert " review list" in text
    again = docsorter("demo", "--json", cwd=tmp_path)
    shown = [item["example"] for item in json.loads(again.stdout)]
    assert shown == sorted(path.name for path in example_files())


def test_the_demo_without_poppler_says_what_to_install(tmp_path: Path) -> None:
    done = docsorter("demo", cwd=tmp_path, PATH="/nonexistent")
    assert done.returncode == ExitCode.DEPENDENCY
    assert "apt install poppler-utils" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_leaves_a_folder_that_is_none_of_its_own_alone(tmp_path: Path) -> None:
    (tmp_path / "docsorter-demo").mkdir()
    (tmp_path / "docsorter-demo" / "mine.txt").write_text("x")
    done = docsorter("demo", cwd=tmp_path)
    assert done.returncode == ExitCode.USAGE
    assert "is no demo" in done.stderr
    assert (tmp_path / "docsorter-demo" / "mine.txt").exists()
