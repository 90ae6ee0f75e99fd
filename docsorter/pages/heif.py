"""HEIC, what phones take photos in: the primary picture is the page."""

from collections.abc import Iterator
from typing import BinaryIO

import pillow_heif
from PIL import Image

from docsorter.pages import producer
from docsorter.pages.orientation import upright
from docsorter.pages.pictures import Pictures, Wanted, decoding, open_picture

pillow_heif.register_heif_opener()
# One thread: each would reserve a stack of the child's address space.
pillow_heif.options.DECODE_THREADS = 1


def read(file: BinaryIO, wanted: Wanted, *, media_type: str, tail_missing: bool) -> Pictures:
    """Read a HEIC picture; libheif turns it upright by itself.

    Raises:
        DocumentError: Why it cannot be read.
    """
    del media_type
    with decoding("the HEIC picture", tail_missing=tail_missing):
        image = open_picture(file, "HEIF", wanted)
        image.load()
    notes: list[str] = []
    return Pictures(1, _only(image, wanted, notes), producer.of_picture(image), notes)


def _only(image: Image.Image, wanted: Wanted, notes: list[str]) -> Iterator[Image.Image]:
    for _ in wanted.numbers(1):
        yield upright(image, notes)
