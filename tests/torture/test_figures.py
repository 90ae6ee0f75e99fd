"""The page of figures is written from what a run found, with nothing left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.torture.figures import BEGIN, END, PAGE, main, tables


def section(*failures: str, skipped: str = "", **figures: object) -> dict[str, Any]:
    named = {name.replace("_", " "): figure for name, figure in figures.items()}
    return {"figures": named, "failures": list(failures), "skipped": skipped, "minutes": 1.0}


@pytest.fixture
def report() -> dict[str, Any]:
    hostile = section(tried=5, read_all_the_same=2, hangs=0)
    hostile["figures"] |= {
        "rejected: damaged": 3,
        "crashes of the reader's server": 0,
        "peak memory of a child, MB": 1016,
    }
    faults = section(faults_injected=2, kinds=1)
    faults["figures"] |= {"paused, then went on": 2, "injected: disk full": 2}
    return {
        "version": "1.2",
        "seed": 7,
        "cores": 2,
        "minutes": 15.3,
        "total": {
            "kills survived": 2300,
            "documents checked": 3000,
            "lost": 0,
            "doubled": 1,
            "half files": 0,
        },
        "sections": {
            "kills under load": section(
                "seed 5: doubled:\n it is there twice",
                kills_survived=2300,
                drops=600,
                writers=5,
                lost=0,
                doubled=1,
                half_files=0,
                other_faults=4,
            ),
            "power cuts": section(skipped="the kernel says no"),
            "any order": section(histories=300, steps_each=40),
            "faults": faults,
            "hostile files": hostile,
        },
    }


def test_the_figures_and_every_finding_are_told(report: dict[str, Any]) -> None:
    told = tables(report)
    for line in (
        "Seed 7, docsorter 1.2, 2 cores, 15.3 minutes:",
        "| kills under load | 2,300 kills, 600 drops by 5 writers | 0 | 1 | 0 | 4 |",
        "| any order | 300 histories of 40 steps | 0 | 0 | 0 | 0 |",
        "| power cuts | skipped: the kernel says no | | | | |",
        "| **together** | **2,300 kills, 3,000 documents checked** | **0** | **1** | **0** | |",
        "* power cuts: skipped: the kernel says no",
        "* kills under load: seed 5: doubled: it is there twice",
    ):
        assert line in told.splitlines()
    assert "kinds (paused, then went on: 2)." in told
    assert "5 tried, 2 read all the same, 3 rejected (`damaged` 3)" in told
    report["sections"]["kills under load"]["failures"] = []
    assert tables(report).endswith("Findings: none.\n")


def test_they_are_put_into_the_page_and_replace_the_last_ones(
    report: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = tmp_path / "torture.json", tmp_path / "page.md"
    file.write_text(json.dumps(report), encoding="utf-8")
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    for _ in range(2):
        assert main([str(file), "--write", "--page", str(page)]) == 0
    assert page.read_text() == f"before\n{BEGIN}\n\n{tables(report)}\n{END}\nafter\n"
    page.write_text("no marks\n", encoding="utf-8")
    assert main([str(file), "--write", "--page", str(page)]) == 1
    assert "lacks the marks" in capsys.readouterr().err
    assert main([str(file)]) == 0
    assert capsys.readouterr().out == tables(report)


def test_the_page_has_the_marks() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert page.index(BEGIN) < page.index(END)
