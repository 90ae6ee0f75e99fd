"""JPEG, PNG, WebP and BMP: one picture, one page; of an animation the first frame."""

import math
from collections.abc import Iterator
from typing import BinaryIO, Final

from PIL import BmpImagePlugin, Image, JpegImagePlugin, MpoImagePlugin, PngImagePlugin
from PIL import WebPImagePlugin as _WebPImagePlugin

from docsorter.pages import producer
from docsorter.pages.orientation import upright
from docsorter.pages.pictures import Pictures, Wanted, decoding, open_picture

# Named so that importing this module loads the plug-ins before the first fork.
PLUGINS: Final = (
    BmpImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    _WebPImagePlugin,
)
_FORMATS: Final = {
    "image/jpeg": ("JPEG", "the JPEG"),
    "image/png": ("PNG", "the PNG"),
    "image/webp": ("WEBP", "the WebP picture"),
    "image/bmp": ("BMP", "the bitmap"),
}


def read(file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool) -> Pictures:
    """Read a picture.

    Args:
        file: The document, at its start.
        wanted: What is asked of it.
        media_type: What its first bytes say it is.
        tail_missing: Whether the end that the format prescribes is not there.

    Raises:
        DocumentError: Why it cannot be read.
    """
    format_name, what = _FORMATS[media_type]
    with decoding(what, tail_missing=tail_missing):
        image = open_picture(file, format_name, wanted)
        reduce_while_decoding(image, wanted)
        image.load()
    notes: list[str] = []
    return Pictures(1, _only(image, wanted, notes), producer.of_picture(image), notes)


def reduce_while_decoding(image: Image.Image, wanted: Wanted) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, still no smaller than what is of use."""
    scale = wanted.averaged / max(image.size)
    if scale < 1:
        width, height = (math.ceil(side * scale) for side in image.size)
        image.draft(None, (width, height))  # None keeps the mode


def _only(image: Image.Image, wanted: Wanted, notes: list[str]) -> Iterator[Image.Image]:
    for _ in wanted.numbers(1):
        yield upright(image, notes)
