"""`docsorter bench model` as a person types it."""

import json
from pathlib import Path

import pytest

from docsorter.errors import ExitCode
from docsorter.model.threads import FILE, RuntimeChoice
from docsorter.resources import usable_cores
from tests.cli.running import docsorter

pytestmark = pytest.mark.slow


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    assert docsorter("init", tmp_path / "paper").returncode == 0
    return tmp_path / "paper"


def kept(workspace: Path) -> Path:
    (found,) = workspace.rglob(FILE)
    return found


def test_a_choice_is_said_and_kept_for_the_daemon(workspace: Path) -> None:
    said = docsorter("-w", workspace, "bench", "model", "--pages", "3")
    assert said.returncode == 0, said.stderr
    choice = RuntimeChoice.model_validate_json(kept(workspace).read_bytes())
    assert f"{choice.threads} threads from the daemon's next start" in said.stdout
    assert choice.environment.cores == usable_cores()
    assert len(choice.measured) >= 1
    assert all(one.golden_difference < 0.01 for one in choice.measured)
    assert all(len(line) <= 80 for line in said.stdout.splitlines())


def test_it_is_told_to_a_program_as_it_is_kept(workspace: Path) -> None:
    said = docsorter("-w", workspace, "bench", "model", "--pages", "3", "--json")
    assert json.loads(said.stdout) == json.loads(kept(workspace).read_bytes())


def test_a_setting_that_overrules_it_is_named(workspace: Path) -> None:
    (workspace / "docsorter.toml").write_text("[model]\nthreads = 1\n")
    said = docsorter("-w", workspace, "bench", "model", "--pages", "3")
    assert "model.threads = 1 in the settings overrules that" in said.stdout


def test_a_choice_that_cannot_be_kept_is_an_error_with_a_remedy(workspace: Path) -> None:
    first = docsorter("-w", workspace, "bench", "model", "--pages", "3")
    assert first.returncode == 0
    file = kept(workspace)
    file.unlink()
    file.mkdir()
    said = docsorter("-w", workspace, "bench", "model", "--pages", "3")
    assert said.returncode not in {0, int(ExitCode.USAGE)}
    assert "Traceback" not in said.stderr
    assert list(file.iterdir()) == []


def test_too_few_pages_are_refused(workspace: Path) -> None:
    said = docsorter("-w", workspace, "bench", "model", "--pages", "2")
    assert said.returncode == int(ExitCode.USAGE)
    assert list(workspace.rglob(FILE)) == []
