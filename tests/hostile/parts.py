"""The bricks hostile files are made of: PDF objects, PNG chunks, TIFF directories, boxes."""

import io
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pillow_heif
from PIL import Image

from tests.pages.papers import sheet, stream_object

pillow_heif.register_heif_opener()

BOX = "/MediaBox[0 0 595 842]"
DRAWN = b"0.1 0.1 0.4 rg 50 700 200 80 re f 50 200 40 400 re f"
Entry = tuple[int, int, int, bytes]


def picture(format_name: str, size: tuple[int, int] = (120, 170), **options: Any) -> bytes:  # noqa: ANN401 - as Pillow has it
    """A small sound file of a format."""
    out = io.BytesIO()
    page = sheet(*size)
    page.save(out, format_name, **options)
    return out.getvalue()


def written(objects: Mapping[int, bytes], *, trailer: str = "/Root 1 0 R") -> bytes:
    """A PDF of these objects with a right cross-reference table."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += (
            b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        )
    out += f"trailer<</Size {size}{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


def paper(
    content: bytes = DRAWN,
    *,
    page: str = BOX,
    resources: str = "",
    catalog: str = "",
    extra: Mapping[int, bytes] | None = None,
    stream: bytes | None = None,
    trailer: str = "/Root 1 0 R",
) -> bytes:
    """A PDF of one page; everything about it can be spoilt."""
    objects = {
        1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode(),
        2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        4: f"<</Type/Page/Parent 2 0 R{page}/Contents 5 0 R/Resources<<{resources}>>>>".encode(),
        5: stream_object(content) if stream is None else stream,
    }
    return written(objects | dict(extra or {}), trailer=trailer)


def tree(pages: bytes, extra: Mapping[int, bytes] | None = None) -> bytes:
    """A PDF whose page tree is object 2; 4 is a sound page."""
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: pages,
        4: f"<</Type/Page/Parent 2 0 R{BOX}/Contents 5 0 R/Resources<<>>>>".encode(),
        5: stream_object(DRAWN),
    }
    return written(objects | dict(extra or {}))


def picture_object(keys: str, data: bytes = b"\0" * 64) -> bytes:
    """An image XObject."""
    return stream_object(data, f"/Type/XObject/Subtype/Image{keys}")


def drawing(image: bytes) -> bytes:
    """A PDF that draws one image XObject over its page."""
    return paper(
        b"q 500 0 0 700 40 40 cm /X Do Q", resources="/XObject<</X 9 0 R>>", extra={9: image}
    )


def grey(width: int = 8, height: int = 8, keys: str = "") -> str:
    """The keys of a grey picture."""
    return f"/Width {width}/Height {height}/ColorSpace/DeviceGray/BitsPerComponent 8{keys}"


def deflated_zeros(megabytes: int, layers: int = 1) -> bytes:
    """So many MB of zeros, deflated again and again."""
    pressed = zlib.compressobj(9)
    block = bytes(1 << 20)
    data = b"".join(pressed.compress(block) for _ in range(megabytes)) + pressed.flush()
    for _ in range(layers - 1):
        data = zlib.compress(data, 9)
    return data


def chunk(kind: bytes, data: bytes = b"", *, crc: int | None = None) -> bytes:
    """A PNG chunk."""
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", crc or zlib.crc32(body))


def png(
    width: int,
    height: int,
    *middle: bytes,
    bits: int = 8,
    colour: int = 0,
    interlaced: int = 0,
    end: bytes | None = None,
) -> bytes:
    """A PNG that claims its size; what is between the header and the end is up to the caller."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    last = chunk(b"IEND") if end is None else end
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(middle) + last


def rows(width: int, height: int) -> bytes:
    """The data of a grey PNG with something on it."""
    return chunk(b"IDAT", zlib.compress((b"\0" + b"\x40" * width) * height))


def short(tag: int, *values: int) -> Entry:
    """A TIFF entry of SHORTs."""
    return tag, 3, len(values), struct.pack(f"<{len(values)}H", *values)


def long(tag: int, *values: int) -> Entry:
    """A TIFF entry of LONGs."""
    return tag, 4, len(values), struct.pack(f"<{len(values)}I", *values)


def fields(
    width: int = 64,
    height: int = 64,
    *,
    compression: int = 1,
    offset: int = 8,
    count: int = 64 * 64,
    bits: int = 8,
) -> list[Entry]:
    """The entries of a grey strip."""
    return [
        long(256, width),
        long(257, height),
        short(258, bits),
        short(259, compression),
        short(262, 1),
        long(273, offset),
        short(277, 1),
        long(278, height),
        long(279, count),
    ]


def tiff(
    directories: Iterable[Sequence[Entry]],
    data: bytes = b"\x55" * 4096,
    *,
    following: int | None = None,
) -> bytes:
    """A TIFF: pixel data from byte 8 on, then the directories.

    Args:
        directories: Entries of each; values of more than 4 bytes are put behind it.
        data: Bytes of all strips.
        following: Offset that the last directory names as the next one; None for the end.
    """
    out = bytearray(b"II*\0\0\0\0\0") + data + b"\0" * (len(data) % 2)
    link = 4
    for entries in directories:
        at = len(out)
        struct.pack_into("<I", out, link, at)
        table_end = at + 2 + 12 * len(entries) + 4
        table, behind = struct.pack("<H", len(entries)), b""
        for tag, kind, count, value in entries:
            if len(value) > 4:
                place = struct.pack("<I", table_end + len(behind))
                behind += value + b"\0" * (len(value) % 2)
            else:
                place = value.ljust(4, b"\0")
            table += struct.pack("<HHI", tag, kind, count) + place
        out += table + b"\0\0\0\0" + behind
        link = table_end - 4
    if following is not None:
        struct.pack_into("<I", out, link, following)
    return bytes(out)


def bitmap(
    width: int, height: int, *, bits: int = 24, compression: int = 0, data: bytes = b"\x40" * 64
) -> bytes:
    """A BMP that claims its size."""
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    size = 54 + len(data)
    return b"BM" + struct.pack("<IHHI", size, 0, 0, 54) + header + data


def riff(*chunks: tuple[bytes, bytes], length: int | None = None) -> bytes:
    """A WebP of these chunks."""
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4 if length is None else length) + b"WEBP" + body


def box(kind: bytes, data: bytes = b"", *, length: int | None = None) -> bytes:
    """A box of ISO base media."""
    return struct.pack(">I", len(data) + 8 if length is None else length) + kind + data


def segment(marker: int, data: bytes = b"") -> bytes:
    """A JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    """The same file with one thing changed, which must be there."""
    assert old in data, old
    return data.replace(old, new, 1)


def image_of(colour: str, size: tuple[int, int]) -> Image.Image:
    """A sheet of one colour."""
    return Image.new("L", size, colour)
