"""JPEG, PNG, WebP, BMP and HEIC: one picture, one page; of an animation the first frame."""

import math
from collections.abc import Iterator
from typing import BinaryIO, Final

import pillow_heif
from PIL import BmpImagePlugin, Image, JpegImagePlugin, MpoImagePlugin, PngImagePlugin
from PIL import WebPImagePlugin as _WebPImagePlugin

from docsorter.pages import pictures
from docsorter.pages.pictures import Pictures, Wanted, decoding, open_picture, upright

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
    return Pictures(1, _only(image, wanted, notes), pictures.of_picture(image), notes)


def reduce_while_decoding(image: Image.Image, wanted: Wanted) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, still no smaller than what is of use."""
    scale = wanted.averaged / max(image.size)
    if scale < 1:
        width, height = (math.ceil(side * scale) for side in image.size)
        image.draft(None, (width, height))  # None keeps the mode


def _only(image: Image.Image, wanted: Wanted, notes: list[str]) -> Iterator[Image.Image]:
    for _ in wanted.numbers(1):
        yield upright(image, notes)


pillow_heif.register_heif_opener()
# One thread: each would reserve a stack of the child's address space.
pillow_heif.options.DECODE_THREADS = 1


def read_heif(file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool) -> Pictures:
    """Read a HEIC picture; libheif turns it upright by itself.

    Raises:
        DocumentError: Why it cannot be read.
    """
    del media_type
    with decoding("the HEIC picture", tail_missing=tail_missing):
        image = open_picture(file, "HEIF", wanted)
        image.load()
    notes: list[str] = []
    return Pictures(1, _only(image, wanted, notes), pictures.of_picture(image), notes)
