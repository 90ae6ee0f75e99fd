"""Which regions of a page speak for a label: cover them, and see how much less sure the model is.

Occlusion sensitivity (Zeiler and Fergus 2014, arXiv 1311.2901), from coarse to fine: a grid of
large cells first, then only the cells that matter are divided. A cell is covered with the colour of
the paper, so that it stays a page with less on it.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.errors import UsageError

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]

GRID: Final = 6
"""Cells along the longer side of the page, at first."""
LEVELS: Final = 3
REFINED: Final = 10
"""Cells that are divided into four at each further level."""

_LEAST_SIDE: Final = 8  # pixels; smaller cells cover nothing that could be seen


@dataclass(frozen=True, slots=True)
class Cell:
    """A region of the square that the model sees.

    Attributes:
        top: First row.
        left: First column.
        bottom: Row after the last.
        right: Column after the last.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """Pixels in it."""
        return (self.bottom - self.top) * (self.right - self.left)

    def quarters(self) -> "tuple[Cell, ...]":
        """Return its four quarters; itself alone when it is too small to divide."""
        middle, centre = (self.top + self.bottom) // 2, (self.left + self.right) // 2
        if min(self.bottom - self.top, self.right - self.left) < 2 * _LEAST_SIDE:
            return (self,)
        rows = (self.top, middle), (middle, self.bottom)
        columns = (self.left, centre), (centre, self.right)
        return tuple(Cell(t, left, b, right) for t, b in rows for left, right in columns)


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """What covering showed.

    Attributes:
        density: (side, side) fall of the log-odds of the label per pixel; above 0 speaks for it,
            below 0 against it. The sum over a cell of the first grid is what covering it cost.
        probability: Of the label, with nothing covered.
        strongest: The cell of the first grid that spoke for it most.
        without: Probability of the label with that cell covered.
        evaluations: How often the model was run.
    """

    density: Floats
    probability: float
    strongest: Cell
    without: float
    evaluations: int


def occlude(
    pixels: Pixels,
    probabilities: Callable[[Pixels], Floats],
    page: Cell,
    *,
    batch: int = 16,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Occlusion:
    """Run a model on a page with one region after the other covered.

    Args:
        pixels: (side, side, 3) uint8, the page as the model sees it.
        probabilities: Of the label for (n, side, side, 3) pages, (n,) within 0-1.
        page: Where the page lies in the square.
        batch: Pages per run of the model.
        progress: Called with how many evaluations are done, and of how many at most.

    Raises:
        UsageError: The page has no pixels.
    """
    if page.area < 1:
        raise UsageError("the page has no pixels")
    paper = _paper_colour(pixels, page)
    cells = _grid(page)
    most = 1 + len(cells) + 4 * REFINED * (LEVELS - 1)
    evaluations = 0

    def falls(covered: Sequence[Cell]) -> tuple[Floats, Floats]:
        nonlocal evaluations
        found = []
        for start in range(0, len(covered), batch):
            part = covered[start : start + batch]
            found.append(probabilities(np.stack([_covered(pixels, c, paper) for c in part])))
            evaluations += len(part)
            progress(evaluations, most)
        shares = np.concatenate(found)
        return _log_odds(whole) - _log_odds(shares), shares

    whole = probabilities(pixels[np.newaxis])
    evaluations += 1
    drops, shares = falls(cells)
    density = np.zeros(pixels.shape[:2])
    for cell, drop in zip(cells, drops, strict=True):
        _fill(density, cell, float(drop))
    strongest = int(drops.argmax())
    weighed = list(zip(cells, drops.tolist(), strict=True))
    for _ in range(LEVELS - 1):
        weighed = _refine(weighed, falls, density)
    progress(most, most)
    return Occlusion(
        density, float(whole[0]), cells[strongest], float(shares[strongest]), evaluations
    )


def _grid(page: Cell) -> list[Cell]:
    height, width = page.bottom - page.top, page.right - page.left
    side = max(height, width) / GRID
    rows = _edges(page.top, page.bottom, max(1, round(height / side)))
    columns = _edges(page.left, page.right, max(1, round(width / side)))
    return [
        Cell(top, left, bottom, right)
        for top, bottom in itertools.pairwise(rows)
        for left, right in itertools.pairwise(columns)
        if bottom > top and right > left
    ]


def _edges(first: int, end: int, parts: int) -> list[int]:
    return [first + round((end - first) * part / parts) for part in range(parts + 1)]


def _refine(
    weighed: list[tuple[Cell, float]],
    falls: Callable[[Sequence[Cell]], tuple[Floats, Floats]],
    density: Floats,
) -> list[tuple[Cell, float]]:
    """Divide the cells that matter most; what a cell cost is shared out among its quarters."""
    chosen = sorted(weighed, key=lambda each: -abs(each[1]))[:REFINED]
    divided = [(cell, drop, cell.quarters()) for cell, drop in chosen]
    divided = [each for each in divided if len(each[2]) > 1]
    if not divided:
        return []
    drops, _ = falls([part for _, _, parts in divided for part in parts])
    found: list[tuple[Cell, float]] = []
    for number, (cell, drop, parts) in enumerate(divided):
        own = np.clip(np.sign(drop) * drops[4 * number : 4 * number + 4], 0.0, None)
        areas = np.array([part.area for part in parts], np.float64)
        shares = own / own.sum() if own.sum() > 0 else areas / cell.area
        for part, share in zip(parts, shares, strict=True):
            _fill(density, part, drop * float(share))
            found.append((part, drop * float(share)))
    return found


def _paper_colour(pixels: Pixels, page: Cell) -> Pixels:
    inside = pixels[page.top : page.bottom, page.left : page.right].reshape(-1, 3)
    paper: Pixels = np.median(inside, axis=0).astype(np.uint8)
    return paper


def _covered(pixels: Pixels, cell: Cell, paper: Pixels) -> Pixels:
    changed = pixels.copy()
    changed[cell.top : cell.bottom, cell.left : cell.right] = paper
    return changed


def _fill(density: Floats, cell: Cell, drop: float) -> None:
    density[cell.top : cell.bottom, cell.left : cell.right] = drop / cell.area


def _log_odds(shares: Floats) -> Floats:
    inside = np.clip(shares, 1e-6, 1 - 1e-6)
    odds: Floats = np.log(inside / (1 - inside))
    return odds
