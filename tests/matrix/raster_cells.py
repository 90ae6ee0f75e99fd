"""The page in PNG, JPEG, BMP, WebP, GIF, HEIC, AVIF and JPEG 2000."""

import io
from typing import Any, Final

from tests.matrix.cells import Cell, Page, Plain, Write


def by_pillow(form: str, plain: Plain = "colour", **options: Any) -> Write:  # noqa: ANN401 - as Pillow has it
    """Return what writes one of the plain versions as Pillow does."""

    def write(page: Page) -> bytes:
        out = io.BytesIO()
        page.plain(plain).save(out, form, **options)
        return out.getvalue()

    return write


CELLS: Final[list[Cell]] = [
    Cell("PNG", "colour", by_pillow("PNG"), quick=True),
    Cell("JPEG", "colour", by_pillow("JPEG", quality=90), quick=True),
]
