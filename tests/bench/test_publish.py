"""The figures of the runs arrive in the documentation, met and missed aims told apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.compare import KEPT, ratios_of
from bench.publish import BEGIN, END, figures, main, placed

ROOT = Path(__file__).resolve().parents[2]
_WAYS = ("docsorter", "limit", "script")


def a_run(limit: float = 0.85) -> dict[str, Any]:
    """What `bench.run` writes, of a machine without Tesseract."""
    sets = {"scans": 51, "born digital": 9}
    both = dict.fromkeys(sets, 40.0)
    names = ("scans", "scans, cpu", "born digital", "born digital, cpu")
    right = {"right": 0.967, "as_docsorter": 1.0, "documents": 60}
    return {
        "version": "1.0",
        "cores": 2,
        "taken": {way: dict(sets) for way in _WAYS},
        "cpu_ms": {way: dict(both) for way in _WAYS},
        "limit_cpu_ms": {name: {"decode": 14.0, "inference": 15.0} for name in sets},
        "ratios": {
            "limit": dict(zip(names, (limit, 0.6, 0.9, 0.7), strict=True)),
            "script": dict(zip(names, (6.5, 5.0, 4.0, 3.0), strict=True)),
        },
        "accuracy": {"docsorter": right, "script": right},
        "latency": {
            "single": {"documents": 30, "median_ms": 90.0, "p99_ms": 140.0},
            "stream": {
                "share_of_throughput": 0.6,
                "documents": 200,
                "median_ms": 210.0,
                "p99_ms": 900.0,
            },
        },
        "memory_mb": {"daemon": 164, "with_children": 260},
        "start_to_ready_s": 0.9,
    }


def at_rest(megabytes: float) -> dict[str, Any]:
    """What `bench.idle` writes of one look."""
    return {
        "resident_mb": megabytes,
        "proportional_mb": megabytes - 20,
        "cpu_ms_per_s": 0.3,
        "wakes_per_s": {"1 python": 0.1},
    }


SOAK = {
    "blind_documents": 100_000,
    "blind_stored_before": 1_000_000,
    "blind_documents_per_s": 110.0,
    "blind_work_early_ms": 6.5,
    "blind_work_late_ms": 6.6,
    "blind_work_growth_percent": 1.5,
    "blind_growth_percent": 0.4,
}
CORES = [
    {"cores": 1, "docsorter_per_s": 20.0, "limit_per_s": 30.0, "wall": 0.66, "cpu": 0.65},
    {"cores": 2, "docsorter_per_s": 40.0, "limit_per_s": 60.0, "wall": 0.67, "cpu": 0.66},
]


def test_an_aim_that_was_missed_says_so() -> None:
    assert "| the bare limit | 0.85 | 0.6 | 0.9 | 0.7 | 0.8: met |" in figures(a_run(0.85))
    assert "| the bare limit | 0.7 | 0.6 | 0.9 | 0.7 | 0.8: **missed** |" in figures(a_run(0.7))
    said = figures(a_run())
    assert "median 90 ms (aim 200: met)" in said
    assert "median 210 ms (aim 200: **missed**)" in said
    assert "99th percentile 900 ms (aim 1000: met)" in said


def test_what_did_not_run_is_left_out() -> None:
    said = figures(a_run())
    assert "text sorter" not in said
    assert "At rest" not in said
    assert "Growth" not in said


def test_rest_cores_and_growth_are_told_where_they_ran() -> None:
    idle = {"fresh": at_rest(140), "after_documents": at_rest(149)}
    said = figures(a_run(), idle, CORES, SOAK)
    assert "140 MB resident (PSS 120 MB) after the start, 149 MB" in said
    assert "(aim 150: met)" in said
    assert "| 2 | 40.0 | 60.0 | 0.67 | 0.66 |" in said
    assert "100,000 documents on a store that held 1,000,000" in said
    assert "+1.5 % (aim 10 %: met)" in said
    assert "**missed**" in figures(a_run(), idle | {"after_documents": at_rest(151)})


def test_the_page_keeps_everything_around_its_figures(tmp_path: Path) -> None:
    out, docs, kept = tmp_path / "out", tmp_path / "docs", tmp_path / "kept.json"
    out.mkdir()
    (docs / "develop").mkdir(parents=True)
    (docs / "pictures").mkdir()
    (docs / "develop" / "performance.md").write_text(f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    (out / "bench.json").write_text(json.dumps(a_run()))
    asked = ["--out", str(out), "--docs", str(docs), "--kept", str(kept)]
    assert main(asked) == 0
    once = (docs / "develop" / "performance.md").read_text()
    assert once.startswith(f"before\n\n{BEGIN}\n\ndocsorter 1.0")
    assert once.endswith(f"\n\n{END}\n\nafter\n")
    assert "old" not in once
    assert (docs / "pictures" / "performance-work.svg").read_text().startswith("<svg")
    assert json.loads(kept.read_text()) == ratios_of(a_run())
    assert main(asked) == 0
    assert (docs / "develop" / "performance.md").read_text() == once


def test_without_a_run_nothing_is_written(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--docs", str(tmp_path)]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place for figures"):
        placed(f"{END} {BEGIN}", "x")


def test_the_page_in_the_repository_has_its_place_and_its_ratios() -> None:
    page = (ROOT / "docs" / "develop" / "performance.md").read_text("utf-8")
    assert placed(page, "x").count(BEGIN) == 1
    assert "limit: scans" in json.loads((ROOT / KEPT).read_text("utf-8"))
