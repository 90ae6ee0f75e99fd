"""Every fault of docs/run/troubleshooting.md is staged for real, once; in torture everywhere."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.conftest import STRANGER, Python
from tests.faults.play import SCENES
from tests.faults.scene import Scene
from tests.faults.stage import may_mount

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PLAY = ["-m", "tests.faults.play", "--first"]
IN_NAMESPACE = ["unshare", "-rm", "--propagation", "private"]
FIRST = list({scene.kind: scene for scene in reversed(SCENES)}.values())[::-1]


def played(
    name: str, command: list[str], tmp_path_factory: pytest.TempPathFactory, python: Python | None
) -> dict[str, dict[str, str]]:
    """Play all scenes of a family, once for all processes of this test run."""
    shared = (
        tmp_path_factory.getbasetemp().parent if _is_worker() else tmp_path_factory.getbasetemp()
    )
    file = shared / f"scenes-{name}.jsonl"
    with file.open("a+") as results:
        fcntl.flock(results, fcntl.LOCK_EX)
        results.seek(0)
        said = results.read()
        if not said:
            said = _said(command, python)
            results.write(said)
    return {found["kind"]: found for found in map(json.loads, said.splitlines())}


def _is_worker() -> bool:
    return "PYTEST_XDIST_WORKER" in os.environ


def _said(command: list[str], python: Python | None) -> str:
    stranger = STRANGER if python is not None and os.geteuid() == 0 else None
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=600,
        env={
            **os.environ,
            **(python.environment if python else {}),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=stranger,
        group=stranger,
        extra_groups=None if stranger is None else [],
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def _of(scenes: list[Scene]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", [scene.kind for scene in scenes])


def _check(results: dict[str, dict[str, str]], kind: str) -> None:
    assert not results[kind]["failure"], results[kind]
    expected = (ROOT / "docs" / "run" / "troubleshooting.md").read_text(encoding="utf-8")
    assert results[kind]["outcome"] in expected


@_of([scene for scene in FIRST if scene.mounts])
def test_a_fault_of_a_file_system_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    reason = may_mount()
    if reason:
        pytest.skip(reason)
    command = [*IN_NAMESPACE, sys.executable, *PLAY, "--mounts"]
    _check(played("mounts", command, tmp_path_factory, None), kind)


@_of([scene for scene in FIRST if scene.unprivileged])
def test_a_permission_that_is_lost_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory, python: Python, kind: str
) -> None:
    command = [str(python.path), *PLAY, "--unprivileged"]
    _check(played("unprivileged", command, tmp_path_factory, python), kind)


@_of([scene for scene in FIRST if not (scene.mounts or scene.unprivileged)])
def test_any_other_fault_loses_nothing(tmp_path_factory: pytest.TempPathFactory, kind: str) -> None:
    _check(played("plain", [sys.executable, *PLAY], tmp_path_factory, None), kind)
