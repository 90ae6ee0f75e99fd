"""Labelled folders of drawn pages, small enough to train on in a test."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from docsorter.training.request import Effort, ExportGate

SIZE = 75
OPEN_GATE = ExportGate(accuracy_drop=1.0, equal_labels=0.0, difference=1.0)
MICRO = Effort(
    size=SIZE, pages=40, least_views=2, most_views=2, foreign=0, tuning_epochs=0.2,
    gate=OPEN_GATE, variants=("int8-weights",),
)  # fmt: skip


def draw(label: str, seed: int) -> Image.Image:
    """A page in the way of its label: bars for one, a grid for any other."""
    rng = np.random.default_rng([seed, len(label)])
    page = Image.new("RGB", (210, 297), "white")
    pen = ImageDraw.Draw(page)
    top = int(rng.integers(10, 90))
    for x, y in rng.integers(0, 250, (12, 2)).tolist():  # no two are near-duplicates
        pen.rectangle((x, y, x + 14, y + 9), fill="grey")
    for row in range(int(rng.integers(4, 12))):
        if label == "bars":
            right = int(rng.integers(90, 200))
            pen.rectangle((20, top + 18 * row, right, top + 18 * row + 9), fill="black")
        else:
            pen.line((20 + 17 * row, top, 20 + 17 * row, 290), fill="red", width=2)
            pen.line((20, top + 17 * row, int(rng.integers(120, 200)), top + 17 * row), fill="red")
    return page


def labelled(root: Path, **counts: int) -> Path:
    """Write a labelled folder of PNG files."""
    for label, count in counts.items():
        (root / label).mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            draw(label, seed).save(root / label / f"{seed:03}.png")
    return root


def weights(path: Path) -> Path:
    """Write a file with one kernel of the trunk; all others become random ones."""
    kernel = np.random.default_rng(0).normal(0, 0.2, (3, 3, 3, 32)).astype(np.float16)
    arrays = {"00/kernel": kernel, "00/bias": np.zeros(32, np.float32)}
    np.savez(path, **arrays)  # type: ignore[arg-type] # numpy#28985
    return path
