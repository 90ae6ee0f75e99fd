"""The page in a TIFF: depths, photometrics, planes, predictors, compressions and directories."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from tests.matrix.cells import Cell, Page, Write
from tests.matrix.tiff_writer import Samples, Tiff, written

_PACKINGS: Final = {
    "raw": 1, "packbits": 32773, "lzw": 5, "deflate": 8, "old deflate": 32946, "zstd": 50000,
    "lzma": 34925,
}  # fmt: skip
_GREY, _RGB = 1, 2

Take = Callable[[Page], Samples]


def grey(page: Page) -> Samples:
    """Return (height, width, 1), 0-255."""
    return np.asarray(page.grey)[:, :, np.newaxis]


def colour(page: Page) -> Samples:
    """Return (height, width, 3), 0-255."""
    return np.asarray(page.colour)


def deep(take: Take, bits: int) -> Take:
    """Return what stretches 0-255 to the whole range of `bits`."""
    scale = ((1 << bits) - 1) / 255
    return lambda page: np.round(take(page).astype(np.float64) * scale).astype(np.uint64)


def tiff(take: Take, **shape: Any) -> Write:  # noqa: ANN401 - fields of Tiff
    """Return what writes a TIFF of one page."""
    return lambda page: written(Tiff(take(page), **shape))


def _depths() -> Iterator[Cell]:
    """Every depth of grey and colour, in both byte orders and planar layouts, raw and packed."""
    ways = itertools.product(
        (2, 4, 6, 8, 10, 12, 14, 16, 24, 32), "<>", ("raw", "lzw", "deflate"), (False, True)
    )
    for bits, order, packing, separate in ways:
        shape: dict[str, Any] = {
            "bits": bits, "order": order, "rows": 37, "compression": _PACKINGS[packing],
        }  # fmt: skip
        name = f"{bits} bits, {_ORDERS[order]}, {packing}{', separate planes' * separate}"
        write = tiff(deep(colour, bits), photometric=_RGB, separate=separate, **shape)
        yield Cell("TIFF", f"colour, {name}", write)
        if not separate:
            write = tiff(deep(grey, bits), photometric=_GREY, **shape)
            yield Cell("TIFF", f"grey, {name}", write, plain="grey")


_ORDERS: Final = {"<": "II", ">": "MM"}
CELLS: Final[list[Cell]] = [*_depths()]
