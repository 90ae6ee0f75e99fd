"""Reads the cells of the matrix with the product's own engine and says how each came out."""

import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from docsorter.configuration import resolve
from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.resources import usable_cores
from docsorter.service.engine import Engine, open_engine
from tests.matrix import pdf_cells, pdf_page_cells, raster_cells, tiff_cells
from tests.matrix.cells import Cell, Page, Plain, the_page

CLOSE: Final = 0.02  # of a probability
CELLS: Final = (*raster_cells.CELLS, *tiff_cells.CELLS, *pdf_cells.CELLS, *pdf_page_cells.CELLS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the engine made of a file.

    Attributes:
        pixels: (299, 299, 3) uint8; the first page as the classifier sees it.
        label: The most probable one.
        probability: Of that label.
    """

    pixels: NDArray[np.uint8]
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a cell came out; `detail` says what was wrong, or the words of the refusal."""

    cell: Cell
    kind: Literal["pass", "refused", "wrong"]
    detail: str = ""


class Matrix:
    """The page, the engine and what the plain versions look like."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self.page: Page = the_page()
        self._plain: dict[Plain, Seen] = {}

    def judge(self, cell: Cell) -> Outcome:
        """Write a cell, read it and compare it with the plain version."""
        try:
            seen = self._look(cell.write(self.page), f"{cell.container}.bin")
        except DocumentError as error:
            return _refused(cell, error)
        plain = self.plain(cell.plain)
        apart = float(np.abs(seen.pixels.astype(np.int16) - plain.pixels.astype(np.int16)).mean())
        far = abs(seen.probability - plain.probability) > CLOSE
        if seen.label != plain.label or far or apart > cell.tolerance:
            return Outcome(
                cell, "wrong", f"{seen.label} {seen.probability:.3f}, pixels {apart:.1f} apart"
            )
        return Outcome(cell, "pass")

    def plain(self, which: Plain) -> Seen:
        """Return what the engine makes of the plain PNG."""
        if which not in self._plain:
            png = io.BytesIO()
            self.page.plain(which).save(png, "PNG")
            self._plain[which] = self._look(png.getvalue(), "plain.png")
        return self._plain[which]

    def _look(self, data: bytes, name: str) -> Seen:
        path = self._folder / name
        path.write_bytes(data)
        found = self._engine.inspect(path, name)
        probabilities = found.prediction.probabilities
        best = max(range(len(probabilities)), key=lambda at: probabilities[at])
        return Seen(found.pages.pixels[0], found.prediction.labels[best], probabilities[best])


def _refused(cell: Cell, error: DocumentError) -> Outcome:
    said = f"{error.code}: {error.message}"
    if not cell.refusal:
        return Outcome(cell, "wrong", said)
    truthful = error.code == cell.code and re.search(cell.refusal, error.message)
    return Outcome(cell, "refused" if truthful else "wrong", said)


@contextmanager
def opened() -> Iterator[Matrix]:
    """Open the engine with its defaults, for as long as cells are read."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = resolve(Path(folder) / "workspace")
        with open_engine(configuration, usable_cores()) as engine:
            yield Matrix(engine, Path(folder))


__all__ = ["CELLS", "Matrix", "Outcome", "ReasonCode", "opened"]
