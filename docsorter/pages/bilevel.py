"""Group 4, in which scanners and copiers keep black and white: libtiff reads it, once wrapped."""

import io
import struct
from typing import Final

from PIL import Image

from docsorter.pages.bands import reduced
from docsorter.pages.coded import Coded
from docsorter.pages.pictures import Wanted, open_picture

_SHORT, _LONG = 3, 4  # field types of TIFF 6.0, section 2
_END: Final = "000000000001" * 2  # two ends of line end a page of Group 4 (ITU-T T.6)
_TAIL: Final = 512
_BLACK_IS_0, _BLACK_IS_1 = 1, 0  # PhotometricInterpretation


def group4(data: bytes, coded: Coded, wanted: Wanted, factor: int) -> Image.Image | None:
    """Decode a picture packed by CCITTFaxDecode; None for other kinds of fax than Group 4.

    Args:
        data: What the stream holds.
        coded: What its dictionary promises.
        wanted: Says how many pixels are too many.
        factor: By how much it is reduced.
    """
    parameters = coded.parameters
    columns = int(parameters.get("/Columns", 1728))
    plain = int(parameters.get("/K", 0)) < 0 and not parameters.get("/EncodedByteAlign", False)
    if not plain or columns != coded.width or coded.bits != 1 or coded.mode == "RGB":
        return None
    if not _is_whole(data):
        return None
    black_is_1 = bool(parameters.get("/BlackIs1", False))
    if coded.mode == "P":
        if coded.colours not in _PALETTES:
            return None
        black_is_1 ^= _PALETTES[coded.colours]
    image = open_picture(io.BytesIO(_tiff(data, coded, black_is_1=black_is_1)), "TIFF", wanted)
    image.load()
    return reduced(image, (factor, factor))


_PALETTES: Final = {b"\0\0\0\xff\xff\xff": False, b"\xff\xff\xff\0\0\0": True}
"""Palettes that are black and white, and whether the first colour is white."""


def _is_whole(data: bytes) -> bool:
    """Whether the page's end is there: of one cut off, libtiff and poppler make different things.

    The mark need not start with a byte, and writers leave a few bytes of nothing behind it.
    """
    tail = data[-_TAIL:]
    return _END in f"{int.from_bytes(tail, 'big'):0{len(tail) * 8}b}"


def _tiff(data: bytes, coded: Coded, *, black_is_1: bool) -> bytes:
    """Return the data as a TIFF of one strip."""
    entries = [
        (256, _LONG, coded.width),
        (257, _LONG, coded.height),
        (258, _SHORT, 1),  # bits per sample
        (259, _SHORT, 4),  # compression: Group 4
        (262, _SHORT, _BLACK_IS_0 if black_is_1 else _BLACK_IS_1),
        (273, _LONG, 0),  # offset of the strip, set below
        (277, _SHORT, 1),  # samples per pixel
        (278, _LONG, coded.height),  # rows per strip
        (279, _LONG, len(data)),
    ]
    start = 8 + 2 + 12 * len(entries) + 4
    directory = b"".join(
        struct.pack("<HHII", tag, kind, 1, start if tag == 273 else value)  # noqa: PLR2004
        for tag, kind, value in entries
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    return head + directory + bytes(4) + data
