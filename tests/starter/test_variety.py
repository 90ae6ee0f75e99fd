"""What is generated differs to the eye, and everything that was written is on the page."""

import re
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from starter.capture import Capture
from starter.document import generate
from starter.kinds import KINDS, kinds_of

_DIGITAL = Capture("digital", 0)
_DRAWN = 8
_CELLS = (12, 16)
_WORD = re.compile(r"\w{5,}")
_PICTURES = {"photo", "plot", "map", "drawing"}


def _fingerprint(page: Image.Image) -> NDArray[np.float64]:
    """Return where the ink is: darkness in 12 by 16 cells, scaled to length 1."""
    grey = np.asarray(page.convert("L"), float)
    ink = np.clip(np.percentile(grey, 80) - grey, 0, None)  # the paper may be coloured
    small = Image.fromarray(ink.astype(np.uint8)).resize(_CELLS, Image.Resampling.BOX)
    cells = np.asarray(small, float)
    return (cells / max(float(np.linalg.norm(cells)), 1e-9)).ravel()


def _distinct(prints: list[NDArray[np.float64]], apart: float) -> int:
    """Count fingerprints of which no two are closer than ``apart`` (cosine distance)."""
    kept: list[NDArray[np.float64]] = []
    for print_ in prints:
        if all(1 - float(print_ @ other) > apart for other in kept):
            kept.append(print_)
    return len(kept)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["invoice", "claim", "letter"])
def test_documents_of_a_kind_look_different(label: str) -> None:
    everything = []
    for kind in kinds_of(label):  # type: ignore[arg-type]
        pages = [
            generate(kind, 50 + i, "train", height=150, locale="en_GB", capture=_DIGITAL).pages[0]
            for i in range(_DRAWN)
        ]
        prints = [_fingerprint(page) for page in pages]
        assert _distinct(prints, 0.05) >= _DRAWN - 2, kind
        everything += prints
    assert _distinct(everything, 0.05) >= 0.85 * len(everything)


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test"])
def test_whatever_was_written_stands_on_the_page(split: str) -> None:
    for seed, kind in enumerate(KINDS):
        if kind in _PICTURES:
            continue
        document = generate(kind, seed, split, height=40, capture=_DIGITAL)  # type: ignore[arg-type]
        texts = re.findall(r'#"((?:[^"\\]|\\.)*)";', document.source)
        written = [word for text in texts for word in _WORD.findall(text)]
        done = subprocess.run(
            ["pdftotext", "-", "-"], input=document.pdf(), capture_output=True, check=True
        )
        printed = set(_WORD.findall(done.stdout.decode()))
        missing = [word for word in written if word not in printed]  # a few are broken over lines
        assert len(missing) <= 0.15 * len(written), f"{kind}: {missing[:8]}"
