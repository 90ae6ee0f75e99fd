"""Folders of labelled documents for tests, drawn here: every number is another page."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from docsorter.documents import RawOutput
from docsorter.training.dataset import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray


def page(seed: int) -> Image.Image:
    """Draw a page of dark and light cells that no other number gives."""
    cells = np.random.default_rng(seed).integers(40, 256, (14, 10), dtype=np.uint8)
    return Image.fromarray(cells.repeat(12, axis=0).repeat(12, axis=1))


def put(path: Path, seed: int) -> Path:
    """Write a page as PNG, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page(seed).save(path)
    return path


def labelled(root: Path, counts: Mapping[str, int]) -> Path:
    """Write so many different pages per label."""
    seed = 0
    for label, count in counts.items():
        for number in range(count):
            seed += 1
            put(root / label / f"{number:03}.png", seed)
    return root


def sample(label: str, name: str, source: str = "") -> Sample:
    """Return a sample as `read_labelled` makes them, of a file that need not exist."""
    place = f"{label}/{source}" if source else ""
    path = Path("/d") / label / source / name
    return Sample(path, label, "", place or f"{label}/{name}", place)


class Shades:
    """A classifier whose features are the mean shades of an 8 x 8 grid over the page."""

    def classify(self, pixels: "NDArray[np.uint8]") -> RawOutput:
        """Look at pages."""
        side = pixels.shape[1] // 8
        cells = pixels[:, : side * 8, : side * 8].reshape(len(pixels), 8, side, 8, side, 3)
        features = cells.mean(axis=(2, 4, 5)).reshape(len(pixels), -1)
        return RawOutput(np.zeros((len(pixels), 2), np.float32), features.astype(np.float32))
