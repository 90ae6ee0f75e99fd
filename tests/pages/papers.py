"""Papers for the tests of the pages room, drawn and written here."""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

INK = (24, 32, 96)


def sheet(width: int = 620, height: int = 877, seed: int = 0) -> Image.Image:
    """A page that looks different whichever way it is turned or mirrored."""
    page = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(page)
    pen.rectangle((width // 12, height // 16, width // 3, height // 6), fill=INK)
    pen.rectangle((width // 12, height // 5, width // 8, height * 3 // 4), fill=(160, 40, 40))
    for line in range(12):
        top = height // 3 + line * height // 26
        length = width // 4 + (line * 37 + seed * 91) % (width // 2)
        pen.rectangle((width // 5, top, width // 5 + length, top + height // 90), fill=INK)
    return page


def apart(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures, 0-255."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The pixels that a file must hold so that the tag turns them back to `image`."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image if orientation == 1 else image.transpose(undo[orientation])


def exif(**tags: object) -> Image.Exif:
    block = Image.Exif()
    numbers = {"orientation": 0x0112, "make": 0x010F, "model": 0x0110, "software": 0x0131}
    for name, value in tags.items():
        block[numbers[name]] = value
    return block


def saved(path: Path, image: Image.Image, **options: Any) -> Path:  # noqa: ANN401 - as Pillow has it
    image.save(path, **options)
    return path


def pdf(
    contents: Iterable[bytes],
    *,
    box: str = "0 0 595 842",
    page_keys: str = "",
    extra: Iterable[bytes] = (),
    resources: str = "",
) -> bytes:
    """A PDF written by hand: one page per content stream, extra objects from number 100 on."""
    streams = list(contents)
    objects: dict[int, bytes] = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    kids = " ".join(f"{10 + 2 * index} 0 R" for index in range(len(streams)))
    objects[2] = f"<</Type/Pages/Kids[{kids}]/Count {len(streams)}>>".encode()
    objects[3] = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
    for index, stream in enumerate(streams):
        number = 10 + 2 * index
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {number + 1} 0 R {page_keys}"
            f"/Resources<</Font<</F 3 0 R>>{resources}>>>>"
        ).encode()
        objects[number + 1] = stream_object(stream)
    objects.update({100 + index: body for index, body in enumerate(extra)})
    return _numbered(objects)


def stream_object(data: bytes, keys: str = "") -> bytes:
    return f"<</Length {len(data)}{keys}>>stream\n".encode() + data + b"\nendstream"


def _numbered(objects: dict[int, bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places: dict[int, int] = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    last = max(objects) + 1
    out += b"xref\n0 %d\n" % last
    for number in range(last):
        place = places.get(number)
        out += b"0000000000 65535 f \n" if place is None else b"%010d 00000 n \n" % place
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (last, start)
    return bytes(out)


SQUARES = b"0.1 0.1 0.4 rg 50 700 200 80 re f 50 200 40 400 re f 150 500 300 12 re f"


def endless_pdf() -> bytes:
    """A small PDF that takes longer than anybody waits: forms that draw forms, 10 to the 12th."""
    levels = 12
    extra = []
    for level in range(levels):
        inner = b"/X Do " * 10 if level + 1 < levels else SQUARES
        uses = f"/Resources<</XObject<</X {101 + level} 0 R>>>>" if level + 1 < levels else ""
        keys = f"/Type/XObject/Subtype/Form/BBox[0 0 595 842]{uses}"
        extra.append(stream_object(inner, keys))
    return pdf([b"/X Do"], resources="/XObject<</X 100 0 R>>", extra=extra)


def png_of_zeros(width: int, height: int, *, bits: int, colour: int, rows: int) -> bytes:
    """A PNG that claims width x height and holds so many rows of zeros."""
    samples = {0: 1, 2: 3, 6: 4}[colour]
    row = b"\0" * (1 + (width * bits * samples + 7) // 8)
    deflate = zlib.compressobj(1)
    data = b"".join(deflate.compress(row) for _ in range(rows)) + deflate.flush()
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND")


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    out = io.BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()
