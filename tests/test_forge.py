"""A forked program is a program like any other."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from docsorter import __version__
from docsorter.configuration import Configuration
from tests import forge
from tests.cli.running import anew, docsorter
from tests.service.running import wait_until


def test_it_says_and_returns_what_a_fresh_python_does(tmp_path: Path) -> None:
    for words in (["status"], ["frobnicate"], ["history", "--help"]):
        forked, fresh = docsorter(*words, cwd=tmp_path), anew(*words, cwd=tmp_path)
        seen = [(done.returncode, done.stdout, done.stderr) for done in (forked, fresh)]
        assert seen[0] == seen[1], words
    assert __version__ in docsorter("--version").stdout


def test_it_has_folder_environment_and_descriptors_of_its_own(
    configuration: Configuration, tmp_path: Path
) -> None:
    before = {"here": Path.cwd(), "variables": dict(os.environ)}
    with (tmp_path / "out").open("w+b") as out:
        program = forge.start(["run", "."], stdout=out, stderr=out, env={"X": "1"},
                              cwd=configuration.workspace)  # fmt: skip
        assert program.poll() is None
        process = Path(f"/proc/{program.pid}")
        wait_until(lambda: (process / "cwd").readlink() == configuration.workspace, "its folder")
        assert {process.stat().st_uid} == {os.geteuid()}
        links = [(process / "fd" / number).readlink() for number in ("0", "1", "2")]
        assert links == [Path(os.devnull), tmp_path / "out", tmp_path / "out"]
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.01)
        program.kill()
        assert program.wait(30) == program.poll() == -signal.SIGKILL
        program.send_signal(signal.SIGTERM)  # to nobody: it has ended
    assert before == {"here": Path.cwd(), "variables": dict(os.environ)}


def test_many_run_at_the_same_time(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w+b") as out:
        started = [
            forge.start(["--version"], stdout=out, stderr=out, env=os.environ) for _ in range(5)
        ]
        assert len({program.pid for program in started}) == 5
        assert [program.wait(60) for program in started] == [0] * 5
