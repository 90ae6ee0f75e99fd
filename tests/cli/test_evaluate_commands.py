"""`docsorter evaluate` as a user types it, with the shipped model on drawn pages."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from docsorter.errors import ExitCode
from tests.cli.running import docsorter


def _page(label: str, seed: int) -> Image.Image:
    rng = np.random.default_rng([seed, len(label)])
    page = Image.new("RGB", (420, 594), "white")
    pen = ImageDraw.Draw(page)
    for row in range(12 + 4 * (label == "letter")):
        top = 40 + 30 * row + int(rng.integers(6))
        pen.line((40, top, 40 + int(rng.integers(120, 330)), top), fill="black", width=3)
        if label == "invoice":
            pen.line((330, top, 380, top), fill="black", width=3)
    return page


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("documents") / "checked"
    for label in ("invoice", "letter", "receipt"):
        (root / label / "Acme").mkdir(parents=True)
        for seed in range(3):
            _page(label, seed).save(root / label / "Acme" / f"Müller & Söhne {seed}.png")
    return root


@pytest.mark.slow
def test_a_folder_is_measured_and_nothing_is_moved(checked: Path, tmp_path: Path) -> None:
    before = sorted(checked.rglob("*"))

    done = docsorter("evaluate", "starter", checked, "--out", tmp_path / "report", cwd=tmp_path)

    assert done.returncode == ExitCode.OK, done.stderr
    assert "it was / said" in done.stdout
    assert "receipt 3" in done.stdout
    assert "labels without a document here: claim" in done.stdout
    rows = [line for line in done.stdout.splitlines() if str(tmp_path.parent) not in line]
    assert max(map(len, rows)) <= 80
    assert sorted(checked.rglob("*")) == before
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "data:image/jpeg" in page
    numbers = json.loads((tmp_path / "report" / "evaluation.json").read_text(encoding="utf-8"))
    assert numbers["documents"] == 9
    assert numbers["at_rule"]["foreign"] == 3


@pytest.mark.slow
def test_a_report_to_pass_on_shows_and_names_nothing(checked: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    done = docsorter(
        "evaluate", "starter", checked, "--out", out, "--no-pictures", "--json", cwd=tmp_path
    )

    assert done.returncode == ExitCode.OK, done.stderr
    assert json.loads(done.stdout)["foreign_labels"] == {"receipt": 3}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "data:image" not in page
    assert "Müller" not in page
    assert "Acme" not in page


@pytest.mark.parametrize(
    ("bundle", "folder", "code", "words"),
    [
        ("nonesuch", "checked", ExitCode.MODEL, "starter"),
        ("starter", "nowhere", ExitCode.USAGE, "nowhere"),
        ("starter", "empty", ExitCode.USAGE, "empty"),
        ("starter", "cats", ExitCode.USAGE, "invoice, claim, letter"),
        ("starter", "broken", ExitCode.DOCUMENT, "not one of the 1 files"),
    ],
)
def test_bad_input_gets_a_line_and_an_exit_code(
    checked: Path, tmp_path: Path, bundle: str, folder: str, code: ExitCode, words: str
) -> None:
    (tmp_path / "checked").symlink_to(checked)
    (tmp_path / "empty").mkdir()
    (tmp_path / "cats" / "cat").mkdir(parents=True)
    _page("letter", 1).save(tmp_path / "cats" / "cat" / "1.png")
    (tmp_path / "broken" / "invoice").mkdir(parents=True)
    (tmp_path / "broken" / "invoice" / "1.pdf").write_bytes(b"%PDF-1.4 cut off")

    done = docsorter("evaluate", bundle, tmp_path / folder, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")


def test_the_report_may_not_lie_among_the_documents(checked: Path, tmp_path: Path) -> None:
    done = docsorter("evaluate", "starter", checked, "--out", checked / "letter", cwd=tmp_path)

    assert done.returncode == ExitCode.USAGE
    assert "among the documents" in done.stderr
