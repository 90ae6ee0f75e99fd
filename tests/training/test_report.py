"""What the HTML reports share: templates in the package, escaping, words for numbers, pictures."""

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError

from docsorter.training.report import (
    at_most,
    counted,
    printable,
    probability,
    render,
    without_padding,
)

ROOT = Path(__file__).resolve().parents[2]
_RENDER = """
import docsorter
from docsorter.training.data_report import Thumbnails, html_page
from docsorter.training.data_report import DataReport
from pathlib import Path

report = DataReport("folder", "model", 0, (), None, {}, {}, (), (), "", (), None)
print(docsorter.__file__)
print(html_page(report, {}, Thumbnails(Path(), None)))
"""


@pytest.mark.slow
def test_templates_and_style_sheet_travel_in_the_wheel(tmp_path: Path) -> None:
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")

    path = [str(tmp_path / "installed"), *sys.path[1:]]
    script = f"import sys; sys.path[:] = {path!r}\n{_RENDER}"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True
    )

    where, page = done.stdout.split("\n", 1)
    assert Path(where).is_relative_to(tmp_path)
    assert "Training can begin." in page
    assert "prefers-color-scheme" in page


def test_a_template_never_leaves_out_what_it_was_not_given() -> None:
    with pytest.raises(UndefinedError):
        render("evaluation.html.j2", evaluations={})


def test_what_cannot_be_shown_is_shown_as_an_escape() -> None:
    assert printable("a\x1b[31m\u202e\n") == r"a\x1b[31m\u202e\n"
    assert printable("scan\udcff.pdf") == r"scan\udcff.pdf"
    assert printable("5\u202f% of\u00a0all Müller") == "5\u202f% of\u00a0all Müller"
    assert printable(7) == 7


def test_probabilities_leave_doubt_and_hope_where_there_is_some() -> None:
    assert probability(0.99999) == ">99.9\u202f%"
    assert probability(0.00001) == "<0.1\u202f%"
    assert [probability(share) for share in (0.0, 0.5, 1.0)] == [
        "0.0\u202f%",
        "50.0\u202f%",
        "100.0\u202f%",
    ]


def test_things_are_counted_in_words() -> None:
    assert counted(1, "document") == "1 document"
    assert counted(2000, "document") == "2,000 documents"


def test_padding_is_cut_off_and_the_page_is_not() -> None:
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[:, 15:85] = 200

    assert without_padding(pixels).shape == (100, 70, 3)
    assert without_padding(np.full((100, 100, 3), 255, np.uint8)).shape == (100, 100, 3)
    narrow = np.full((100, 100, 3), 255, np.uint8)
    narrow[40:60, 49:51] = 0  # a little ink on white paper: not padding all the way
    assert without_padding(narrow).shape == (60, 60, 3)


def test_bounds_are_rounded_up() -> None:
    assert at_most(0.06501) == "6.6\u202f%"
    assert at_most(0.01) == "1.0\u202f%"
