"""Writes a TIFF of any shape: what the cells need and no library writes.

Sources: TIFF 6.0; Adobe Photoshop TIFF Technical Notes 1 to 3 (floating point predictor, LZMA and
others are LibTIFF's); BigTIFF, https://www.awaresystems.be/imaging/tiff/bigtiff.html.
"""

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

Samples = NDArray[Any]
_BY_LIBTIFF: Final = {
    5: "tiff_lzw",
    8: "tiff_adobe_deflate",
    32773: "packbits",
    32946: "tiff_deflate",
    34925: "lzma",
    50000: "zstd",
}
_FAX: Final = {2: "tiff_ccitt", 3: "group3", 4: "group4"}
_JPEG: Final = 7
_SHORT, _LONG, _RATIONAL, _LONG8 = 3, 4, 5, 16
_CODES: Final = {1: "B", _SHORT: "H", _LONG: "I", 7: "B", _LONG8: "Q", 13: "I"}

Field = tuple[int, Sequence[int]]
"""Type and values of a tag; of a rational, numerators and denominators in turn."""


@dataclass(frozen=True, slots=True)
class Tiff:
    """One directory and its picture.

    Attributes:
        samples: (height, width, samples of a pixel); values as they are stored.
        bits: Of one sample.
        kind: SampleFormat: 1 unsigned, 2 signed, 3 float.
        photometric: Tag 262.
        order: "<" or ">".
        big: BigTIFF.
        separate: Each sample in a plane of its own.
        compression: Tag 259.
        predictor: Tag 317.
        tile: Width and height; None for strips.
        rows: Of a strip; 0 for all of them in one.
        fill: Tag 266.
        extra: Tag 338, one value for each extra sample.
        tags: Whatever else is in the directory; replaces what is written by itself.
        omitted: Tags that are left out.
        blocks: Strips or tiles as they are stored, instead of what the samples give.
    """

    samples: Samples
    bits: int = 8
    kind: int = 1
    photometric: int = 1
    order: str = "<"
    big: bool = False
    separate: bool = False
    compression: int = 1
    predictor: int = 1
    tile: tuple[int, int] | None = None
    rows: int = 0
    fill: int = 1
    extra: tuple[int, ...] = ()
    tags: Mapping[int, Field] = field(default_factory=dict)
    omitted: frozenset[int] = frozenset()
    blocks: tuple[bytes, ...] = ()


def written(*pages: Tiff) -> bytes:
    """Return a TIFF of one directory per page; byte order and size are those of the first."""
    order, big = pages[0].order, pages[0].big
    out = bytearray(b"II" if order == "<" else b"MM")
    out += struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
    link = 8 if big else 4
    for page in pages:
        link = _append(out, page, link, order, big=big)
    return bytes(out)


def _append(out: bytearray, page: Tiff, link: int, order: str, *, big: bool) -> int:
    """Add data and directory of a page; return where the offset of the next one belongs."""
    offsets, counts = [], []
    for block in page.blocks or tuple(_blocks(page)):
        out += bytes(len(out) % 2)
        offsets.append(len(out))
        counts.append(len(block))
        out += block
    fields = _fields(page, offsets, counts, big=big)
    word = "Q" if big else "I"
    room = 8 if big else 4
    entries = b""
    for tag in sorted(set(fields) - page.omitted):
        kind, values = fields[tag]
        number = len(values) // 2 if kind == _RATIONAL else len(values)
        packed = struct.pack(f"{order}{len(values)}{_CODES.get(kind, 'I')}", *values)
        if len(packed) > room:
            out += bytes(len(out) % 2)
            packed, place = struct.pack(order + word, len(out)), packed
            out += place
        entries += struct.pack(f"{order}HH{word}", tag, kind, number) + packed.ljust(room, b"\0")
    out += bytes(len(out) % 2)
    out[link : link + room] = struct.pack(order + word, len(out))
    count = len(fields.keys() - page.omitted)
    out += struct.pack(order + ("Q" if big else "H"), count) + entries
    end = len(out)
    out += bytes(room)
    return end


def _fields(page: Tiff, offsets: list[int], counts: list[int], *, big: bool) -> dict[int, Field]:
    height, width, samples = page.samples.shape
    wide = _LONG8 if big else _LONG
    fields: dict[int, Field] = {
        256: (_LONG, [width]),
        257: (_LONG, [height]),
        258: (_SHORT, [page.bits] * samples),
        259: (_SHORT, [page.compression]),
        262: (_SHORT, [page.photometric]),
        277: (_SHORT, [samples]),
        284: (_SHORT, [2 if page.separate else 1]),
    }
    if page.tile:
        fields |= {322: (_LONG, [page.tile[0]]), 323: (_LONG, [page.tile[1]])}
        fields |= {324: (wide, offsets), 325: (wide, counts)}
    else:
        fields |= {278: (_LONG, [page.rows or height])}
        fields |= {273: (wide, offsets), 279: (wide, counts)}
    if page.fill != 1:
        fields[266] = (_SHORT, [page.fill])
    if page.predictor != 1:
        fields[317] = (_SHORT, [page.predictor])
    if page.extra:
        fields[338] = (_SHORT, list(page.extra))
    if page.kind != 1:
        fields[339] = (_SHORT, [page.kind] * samples)
    return fields | dict(page.tags)


def _blocks(page: Tiff) -> Iterator[bytes]:
    height, width, count = page.samples.shape
    planes = (
        [page.samples[:, :, at : at + 1] for at in range(count)]
        if page.separate
        else [page.samples]
    )
    for plane in planes:
        if page.tile:
            wide, high = page.tile
            down, right = -height % high, -width % wide
            padded = np.pad(plane, ((0, down), (0, right), (0, 0)), mode="edge")
            for top in range(0, height, high):
                for left in range(0, width, wide):
                    yield _stored(page, padded[top : top + high, left : left + wide])
        else:
            rows = page.rows or height
            for top in range(0, height, rows):
                yield _stored(page, plane[top : top + rows])


def _stored(page: Tiff, block: Samples) -> bytes:
    """Return a strip or a tile as it stands in the file."""
    if page.compression == _JPEG:
        return _as_jpeg(page, block)
    rows = packed_rows(_predicted(page, block), page)
    if page.compression in _FAX:
        stored = _compressed(rows, block.shape[1], _FAX[page.compression], bilevel=True)
    else:
        stored = packed(rows, page.compression)
    if page.fill == 2:
        return np.packbits(
            np.unpackbits(np.frombuffer(stored, np.uint8), bitorder="little")
        ).tobytes()
    return stored


def packed_rows(block: Samples, page: Tiff) -> NDArray[np.uint8]:
    """Return rows of bytes; samples of less than a byte begin with the highest bit."""
    height = block.shape[0]
    flat = block.reshape(height, -1)
    if page.kind == 3 and page.predictor != 3:
        return _bytes_of(flat.astype(f"{page.order}f{page.bits // 8}"))
    if page.bits in {8, 16, 32, 64}:
        whole = flat.astype(np.int64).astype(np.uint64) if page.kind == 2 else flat
        return _bytes_of(whole.astype(f"{page.order}u{page.bits // 8}"))
    if page.bits == 24:
        four = _bytes_of(flat.astype(f"{page.order}u4")).reshape(height, -1, 4)
        return (four[:, :, :3] if page.order == "<" else four[:, :, 1:]).reshape(height, -1)
    single = np.unpackbits(_bytes_of(flat.astype(">u4")).reshape(height, -1, 4), axis=2)
    return np.packbits(single[:, :, -page.bits :].reshape(height, -1), axis=1)


def _bytes_of(rows: Samples) -> NDArray[np.uint8]:
    return np.ascontiguousarray(rows).view(np.uint8).reshape(rows.shape[0], -1)


def _predicted(page: Tiff, block: Samples) -> Samples:
    if page.predictor == 2:
        whole = block.astype(np.int64)
        whole[:, 1:] -= block.astype(np.int64)[:, :-1]
        return whole & ((1 << page.bits) - 1)
    if page.predictor == 3:
        return _float_predicted(page, block)
    return block


def _float_predicted(page: Tiff, block: Samples) -> Samples:
    """Bytes of equal weight side by side, the highest first, each as a difference."""
    height, width, count = block.shape
    size = page.bits // 8
    wide = _bytes_of(block.reshape(height, -1).astype(f">f{size}"))
    planes = wide.reshape(height, width * count, size).transpose(0, 2, 1).reshape(height, -1)
    apart = planes.copy()
    apart[:, count:] -= planes[:, :-count]
    return np.ascontiguousarray(apart).view(f"{page.order}u{size}")[:, :, np.newaxis]


def packed(rows: NDArray[np.uint8], compression: int) -> bytes:
    """Return rows of bytes as one strip."""
    if compression == 1:
        return rows.tobytes()
    return _compressed(rows, rows.shape[1], _BY_LIBTIFF[compression])


def _compressed(
    rows: NDArray[np.uint8], width: int, compression: str, *, bilevel: bool = False
) -> bytes:
    """Have LibTIFF pack rows as one strip, and take that out."""
    mode = "1" if bilevel else "L"
    image = Image.frombytes(mode, (width, rows.shape[0]), rows.tobytes())
    out = io.BytesIO()
    before, TiffImagePlugin.STRIP_SIZE = TiffImagePlugin.STRIP_SIZE, 1 << 30
    try:
        image.save(out, "TIFF", compression=compression)
    finally:
        TiffImagePlugin.STRIP_SIZE = before
    with Image.open(out) as made:
        assert isinstance(made, TiffImagePlugin.TiffImageFile)
        (offset,), (count,) = made.tag_v2[273], made.tag_v2[279]
    return out.getvalue()[offset : offset + count]


def _as_jpeg(page: Tiff, block: Samples) -> bytes:
    modes = {1: "L", 3: "RGB", 4: "CMYK"}
    array = np.ascontiguousarray(block.astype(np.uint8))
    mode = modes[array.shape[2]]
    if mode == "CMYK":
        array = ~array  # which Pillow does once more, for Adobe; in a TIFF they are as they are
    image = Image.frombytes(mode, (array.shape[1], array.shape[0]), array.tobytes())
    across, down = page.tags.get(530, (_SHORT, (1, 1)))[1]
    out = io.BytesIO()
    way: dict[str, Any] = {"quality": 95}
    if mode == "RGB" and page.photometric == 2:
        way["keep_rgb"] = True
    elif mode == "RGB":
        way["subsampling"] = {(1, 1): 0, (2, 1): 1, (2, 2): 2}[across, down]
    image.save(out, "JPEG", **way)
    return out.getvalue()
