"""Pages as pictures inside the report: small JPEGs, written into the page itself."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from PIL import Image

from docsorter.training.dataset import Sample
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE: Final = 512
_QUALITY: Final = 72
_NARROWEST: Final = 0.6
"""Padding is cut away down to this width over height: beyond, white is more likely the paper's."""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of a page.

    Attributes:
        uri: The picture itself, as a `data:` URI.
        width: Pixels.
        height: Pixels.
    """

    uri: str
    width: int
    height: int


class PictureSource(Protocol):
    """Gives pictures of documents."""

    def picture(self, sample: Sample) -> PagePicture | None:
        """Return the first page of a document; None when it may not, or cannot, be shown."""
        ...


class CachePictures:
    """Pictures of the squares that a cache makes.

    Args:
        cache: Makes the squares.
        side: Longer side of a picture, pixels.
    """

    def __init__(self, cache: RasterCache, side: int = SIDE) -> None:
        self._cache = cache
        self._side = side

    def picture(self, sample: Sample) -> PagePicture | None:
        """Return the first page; None when it cannot be read (any more)."""
        try:
            pixels = self._cache.pages(sample.path, self._side)[0]
        except (ValueError, OSError):
            return None
        image = Image.fromarray(without_padding(pixels))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
        text = base64.b64encode(buffer.getvalue()).decode("ascii")
        return PagePicture(f"data:image/jpeg;base64,{text}", image.width, image.height)


def without_padding(pixels: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    """Cut off white bars that lie alike on both sides, (side, side, 3) to (height, width, 3)."""
    side = len(pixels)
    most = round(side * (1 - _NARROWEST) / 2)
    dark = (pixels < 255).any(axis=2)
    across, down = _bar(np.any(dark, axis=0), most), _bar(np.any(dark, axis=1), most)
    return pixels[down : side - down, across : side - across]


def _bar(used: "NDArray[np.bool_]", most: int) -> int:
    where = np.flatnonzero(used)
    return min(int(where[0]), len(used) - 1 - int(where[-1]), most) if len(where) else 0
