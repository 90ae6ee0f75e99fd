"""`docsorter sort` and `docsorter demo` with the real model."""

import json
import shutil
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import ExitCode
from docsorter.service.daemon.sort_once import example_files
from tests.cli.running import docsorter
from tests.service.running import RunningDaemon

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
    assert "reject" in done.stdout


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


def test_the_demo_shows_every_example_once_and_what_to_try_next(tmp_path: Path) -> None:
    done = docsorter("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "uncertified on your paper" in text
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
