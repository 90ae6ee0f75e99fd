"""Small pictures of first pages, as `data:` URIs, within what a report may weigh."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PIL import Image

from docsorter.training.evaluation.pictures import without_padding
from docsorter.training.rasters import BASE, RasterCache

SMALL: Final = 132
"""Longer side of a page on a contact sheet, pixels."""

LARGE: Final = 300
"""Longer side of a page that somebody has to judge."""

BUDGET: Final = 8_500_000
"""Bytes of pictures in a report, so that the whole of it stays below 10 MB."""

_QUALITY: Final = 62


class Thumbnails:
    """Gives pictures until the budget is spent.

    Args:
        page: Draws the first page of a document, by its path below the folder, as a JPEG of a
            given longer side: see `of_cache`.
        budget: Bytes that all pictures together may have, as they are written into the page.
    """

    def __init__(self, page: Callable[[str, int], bytes], budget: int = BUDGET) -> None:
        self._page = page
        self._left = budget
        self._kept_back = budget // 2

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return self._left

    def case(self, file: str, side: int) -> str:
        """Return the same as `uri`, leaving half of the budget to the contact sheets."""
        return self.uri(file, side) if self._left > self._kept_back else ""

    def uri(self, file: str, side: int) -> str:
        """Return a picture as a `data:` URI, "" when it would exceed the budget."""
        text = base64.b64encode(self._page(file, side)).decode("ascii")
        uri = f"data:image/jpeg;base64,{text}"
        if len(uri) > self._left:
            return ""
        self._left -= len(uri)
        return uri


def of_cache(root: Path, cache: RasterCache) -> Callable[[str, int], bytes]:
    """Return what draws the first page of a document as a JPEG of a given longer side."""

    def draw(file: str, side: int) -> bytes:
        image = Image.fromarray(without_padding(cache.pages(root / file, BASE)[0]))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=_QUALITY, optimize=True)
        return buffer.getvalue()

    return draw
