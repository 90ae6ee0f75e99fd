"""JPEG, PNG, WebP, BMP and HEIC: one picture, one page; of an animation the first frame."""

import math
from collections.abc import Iterator
from typing import BinaryIO, Final

import pillow_heif
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from docsorter.pages.images import (
    PageRequest,
    PageStream,
    decoding,
    open_image,
    scanner_name,
    upright,
)

pillow_heif.register_heif_opener()
# One thread: each would reserve a stack of the child's address space.
pillow_heif.options.DECODE_THREADS = 1
# Named so that importing this module loads the plug-ins before the first fork.
PLUGINS: Final = (
    BmpImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
_FORMATS: Final = {
    "image/jpeg": ("JPEG", "the JPEG"),
    "image/png": ("PNG", "the PNG"),
    "image/webp": ("WEBP", "the WebP picture"),
    "image/bmp": ("BMP", "the bitmap"),
}


def read(file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool) -> PageStream:
    """Read a picture.

    Raises:
        DocumentError: Why it cannot be read.
    """
    format_name, what = _FORMATS[media_type]
    with decoding(what, tail_missing=tail_missing):
        image = open_image(file, format_name, wanted)
        _reduce_while_decoding(image, wanted)
        image.load()
    return _one_page(image, wanted)


def read_heif(
    file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool
) -> PageStream:
    """Read a HEIC picture; libheif turns it upright by itself.

    Raises:
        DocumentError: Why it cannot be read.
    """
    del media_type
    with decoding("the HEIC picture", tail_missing=tail_missing):
        image = open_image(file, "HEIF", wanted)
        image.load()
    return _one_page(image, wanted)


def _reduce_while_decoding(image: Image.Image, wanted: PageRequest) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, still no smaller than what is of use."""
    scale = wanted.averaged / max(image.size)
    if scale < 1:
        width, height = (math.ceil(side * scale) for side in image.size)
        image.draft(None, (width, height))  # None keeps the mode


def _one_page(image: Image.Image, wanted: PageRequest) -> PageStream:
    notes: list[str] = []

    def pages() -> Iterator[Image.Image]:
        for _ in wanted.numbers(1):
            yield upright(image, notes)

    return PageStream(1, pages(), scanner_name(image), notes)
