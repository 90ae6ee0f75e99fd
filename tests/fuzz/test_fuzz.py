"""A short, always equal run of every fuzz target; a long one is `python -m tests.fuzz NAME`."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.harness import mutated
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
RUNS = 250


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_by_changing_seeds(name: str) -> None:
    target, seeds, _ = TARGETS[name]
    for data in mutated(seeds, RUNS, seed=len(name)):
        try:
            target(data)
        except Exception as error:
            raise AssertionError(f"{name}: {data[:300]!r}") from error


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this Python"
)
def test_nothing_is_found_by_following_the_coverage() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "template", "-runs=3000", "-seed=1", "-max_len=300"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 3000 runs" in done.stderr
