"""The page in a PDF: image operators, colour spaces, masks, boxes, heads and tails."""

import io
from typing import Final

from tests.matrix.cells import Cell, Page


def _by_pillow(page: Page) -> bytes:
    out = io.BytesIO()
    page.colour.save(out, "PDF", resolution=72)
    return out.getvalue()


CELLS: Final[list[Cell]] = [
    Cell("PDF", "by Pillow", _by_pillow, quick=True),
]
