import json
from pathlib import Path
from typing import Any

import pytest

from bench.compare import KEPT, compare, main, ratios_of


def a_run(limit: float, cpu: float) -> dict[str, Any]:
    return {
        "ratios": {"limit": {"scans": limit, "scans, cpu": cpu}},
        "accuracy": {"docsorter": {"right": 0.99}, "script": {"right": 0.99}},
    }


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(ratios_of(a_run(0.8, 0.6))))
    return path


@pytest.mark.parametrize(
    ("limit", "cpu", "code"),
    [(0.8, 0.6, 0), (0.9, 0.9, 0), (0.7, 0.55, 0), (0.5, 0.6, 1), (0.8, 0.45, 1)],
)
def test_a_ratio_that_is_worse_beyond_its_tolerance_fails_the_comparison(
    tmp_path: Path, kept: Path, limit: float, cpu: float, code: int
) -> None:
    run = tmp_path / "run.json"
    run.write_text(json.dumps(a_run(limit, cpu)))
    assert main([str(run), "--with", str(kept)]) == code


def test_a_ratio_that_was_not_measured_fails_the_comparison() -> None:
    (one,) = compare({"text: scans": 40.0}, {})
    assert one.is_worse


def test_a_run_that_cannot_be_read_is_told_from_a_slow_one(tmp_path: Path, kept: Path) -> None:
    assert main([str(tmp_path / "none.json"), "--with", str(kept)]) == 2


def test_ratios_of_a_run_can_be_kept(tmp_path: Path) -> None:
    run, kept = tmp_path / "run.json", tmp_path / "kept.json"
    run.write_text(json.dumps(a_run(0.8, 0.6)))
    assert main([str(run), "--with", str(kept), "--keep"]) == 0
    assert json.loads(kept.read_text()) == ratios_of(a_run(0.8, 0.6))


def test_the_repository_keeps_ratios_only() -> None:
    kept = json.loads(KEPT.read_text())
    assert "limit: scans, cpu" in kept
    assert all(isinstance(value, float) and value > 0 for value in kept.values())
