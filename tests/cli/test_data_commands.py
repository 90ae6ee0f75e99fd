import json
from pathlib import Path

import pytest

from tests.cli.running import ROOT, docsorter
from tests.training.labelled_folders import labelled


@pytest.mark.slow
def test_a_report_is_a_page_and_a_summary_that_fits_80_columns(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 5, "delivery note": 5})
    (root / "invoice" / ("long name " * 12 + ".pdf")).write_text("no scan")

    done = docsorter("data", "report", root, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "a text file is not a scan" in " ".join(done.stdout.split())
    assert "Training can begin." in done.stdout
    assert (tmp_path / "data-report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.slow
def test_json_has_the_numbers_and_writes_no_page_unasked(tmp_path: Path) -> None:
    root = labelled(tmp_path / "d", {"invoice": 5, "letter": 2})

    done = docsorter("data", "report", root, "--json", "--no-suspects", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert {one["label"]: one["documents"] for one in found["labels"]} == {
        "invoice": 5,
        "letter": 2,
    }
    assert "'letter' has 2" in found["refusal"]["message"]
    assert not (tmp_path / "data-report.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no folder of labelled documents: nowhere does not exist"),
        (["d", "--out", "d/report.html"], "the report may not lie among the documents"),
        (["d", "--out", "d2"], "d2 is a folder"),
        (["d", "--out", "d3/report.html"], "there is no folder d3 for the report"),
    ],
)
def test_bad_input_is_one_line_and_a_tip(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d2").mkdir()

    done = docsorter("data", "report", *arguments, "--no-suspects", cwd=tmp_path)

    assert done.returncode == 2
    error, tip = done.stderr.splitlines()
    assert message in error
    assert tip.startswith("tip:")


def test_without_the_extra_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "cleanlab.py").write_text("raise ImportError('not here', name='cleanlab')\n")
    (tmp_path / "d").mkdir()

    done = docsorter("data", "report", "d", "--json", cwd=tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}")

    assert done.returncode == 10
    told = json.loads(done.stderr)["error"]
    assert told["message"].endswith("takes libraries that are not installed: cleanlab")
    assert "'.[train]'" in told["remedy"]
    assert "--no-suspects" in told["remedy"]
