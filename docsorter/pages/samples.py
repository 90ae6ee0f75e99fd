"""Pictures without loss in a PDF: rows of samples packed by Flate, plain or as PNG has them."""

import io
import struct
import zlib
from typing import Final

from PIL import Image

from docsorter.pages.bands import reduced
from docsorter.pages.coded import Coded
from docsorter.pages.pictures import Wanted, open_picture

_BAND: Final = 1 << 22  # bytes unpacked at a time: a sheet is never whole in memory
_LEAST_PNG_PREDICTOR: Final = 10
_PNG_COLOURS: Final = {"L": 0, "RGB": 2, "P": 3}
_BITS: Final = {"L": (1, 8), "RGB": (8,), "P": (1, 2, 4, 8)}


def flate(data: bytes, coded: Coded, wanted: Wanted, factor: int) -> Image.Image | None:
    """Decode a picture packed by FlateDecode; None for the predictor of TIFF and odd depths.

    Args:
        data: What the stream holds.
        coded: What its dictionary promises.
        wanted: Says how many pixels are too many.
        factor: By how much it is reduced.
    """
    if coded.bits not in _BITS[coded.mode]:
        return None
    predictor = int(coded.parameters.get("/Predictor", 1))
    if predictor == 1:
        return _rows(data, coded, factor)
    if predictor < _LEAST_PNG_PREDICTOR or _row_shape(coded) != (
        int(coded.parameters.get("/Columns", 1)),
        int(coded.parameters.get("/Colors", 1)),
        int(coded.parameters.get("/BitsPerComponent", 8)),
    ):
        return None
    image = open_picture(io.BytesIO(_png(data, coded)), "PNG", wanted)
    image.load()
    return reduced(image, (factor, factor))


def _row_shape(coded: Coded) -> tuple[int, int, int]:
    return coded.width, coded.components, coded.bits


def _rows(data: bytes, coded: Coded, factor: int) -> Image.Image | None:
    """Unpack and reduce band by band, each a multiple of the factor high."""
    stride = (coded.width * coded.components * coded.bits + 7) // 8
    high = max(1, _BAND // stride // factor) * factor
    whole: Image.Image | None = None
    unpacking = zlib.decompressobj()
    for top in range(0, coded.height, high):
        rows = min(high, coded.height - top)
        samples = unpacking.decompress(data, rows * stride)
        data = unpacking.unconsumed_tail
        if len(samples) != rows * stride:
            return None
        band = reduced(_band(samples, coded, rows), (factor, factor))
        if whole is None:
            whole = Image.new(band.mode, (band.width, -(-coded.height // factor)))
        whole.paste(band, (0, top // factor))
    return whole


def _band(samples: bytes, coded: Coded, rows: int) -> Image.Image:
    size = coded.width, rows
    if coded.mode == "P":
        layout = "P" if coded.bits == 8 else f"P;{coded.bits}"  # noqa: PLR2004
        band = Image.frombytes("P", size, samples, "raw", layout)
        band.putpalette(coded.colours)
        return band
    mode = "1" if coded.bits == 1 else coded.mode
    return Image.frombytes(mode, size, samples)


def _png(data: bytes, coded: Coded) -> bytes:
    """Return the data as a PNG, whose rows are packed in the same way (ISO 32000-1, 7.4.4.4)."""
    colour = _PNG_COLOURS[coded.mode]
    header = struct.pack(">IIBBBBB", coded.width, coded.height, coded.bits, colour, 0, 0, 0)
    palette = _chunk(b"PLTE", coded.colours) if coded.mode == "P" else b""
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            palette,
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)
