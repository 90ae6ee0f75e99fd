"""A contact sheet: first pages of alike documents in one picture, each with its number."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageOps

from docsorter.disk import Disk
from docsorter.documents import Document
from docsorter.errors import ConflictError, DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings

MOST: Final = 24
_COLUMNS: Final = 6
_CELL: Final = (220, 300)
_CAPTION: Final = 26
_GAP: Final = 10
_INK: Final = "#1f2933"
_FRAME: Final = "#9aa5b1"
_MODE: Final = 0o600


def write_sheet(
    target: Path,
    title: str,
    documents: Sequence[Document],
    path_of: Callable[[Document], Path],
    settings: PagesSettings,
) -> int:
    """Write a PNG with the first pages of documents, readable by its owner only.

    Args:
        target: A file that does not exist.
        title: First line.
        documents: At most `MOST` of them are shown.
        path_of: Where the bytes of one are.
        settings: Limits of reading one.

    Returns:
        How many are shown; what cannot be read is left out.

    Raises:
        ConflictError: The target exists.
        EnvironmentFaultError: It cannot be written.
    """
    if target.exists():
        raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
    cells = []
    with PageReader(settings, size=299, concurrency=1) as reader:
        for document in documents[:MOST]:
            try:
                data = reader.preview(path_of(document), 0, _CELL[1])
            except (OSError, DocumentError, EnvironmentFaultError):
                continue
            with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
                cells.append((str(document.id), ImageOps.contain(picture.convert("RGB"), _CELL)))
    data = _png(_composed(title, cells))
    Disk().write_durably(target, data, _MODE)
    return len(cells)


def _composed(title: str, cells: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    columns = max(1, min(_COLUMNS, len(cells)))
    rows = -(-len(cells) // columns)
    wide, high = _CELL[0] + _GAP, _CELL[1] + _CAPTION + _GAP
    font = ImageFont.load_default(16)
    size = (max(columns * wide + _GAP, round(font.getlength(title)) + 2 * _GAP), rows * high + 50)
    sheet = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((_GAP, _GAP), title, fill=_INK, font=font)
    for number, (caption, page) in enumerate(cells):
        left = _GAP + wide * (number % columns)
        top = 40 + high * (number // columns)
        place = (left + (_CELL[0] - page.width) // 2, top)
        sheet.paste(page, place)
        corner = (place[0] + page.width, top + page.height)
        pen.rectangle((place[0] - 1, top - 1, *corner), outline=_FRAME)
        pen.text((left, top + _CELL[1] + 2), caption, fill=_INK, font=font)
    return sheet


def _png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
