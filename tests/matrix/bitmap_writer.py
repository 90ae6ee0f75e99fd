"""Writes a PNG or a BMP of any kind: what the cells need and Pillow does not write.

Sources: PNG (Third Edition), W3C; BITMAPV5HEADER and the OS/2 headers, Microsoft and IBM.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[Any]  # (height, width, samples of a pixel)

GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6
_PASSES: Final = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2),
                  (0, 1, 2, 2), (1, 0, 2, 1))  # fmt: skip


def png(
    samples: Samples,
    bits: int,
    kind: int,
    *,
    interlaced: bool = False,
    chunks: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Return a PNG; `chunks` go before the picture."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlaced))
    parts = (
        [samples[top::down, left::right] for top, left, down, right in _PASSES]
        if interlaced
        else [samples]
    )
    data = b"".join(_rows(part, bits) for part in parts if part.size)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(data)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in body)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return one chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _rows(samples: Samples, bits: int) -> bytes:
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if bits == 16:
        rows = np.ascontiguousarray(flat.astype(">u2")).view(np.uint8).reshape(height, -1)
    else:
        single = np.unpackbits(flat.astype(np.uint8)[:, :, np.newaxis], axis=2)[:, :, 8 - bits :]
        rows = np.packbits(single.reshape(height, -1), axis=1)
    return np.pad(rows, ((0, 0), (1, 0))).tobytes()


def bmp(
    pixels: Samples,
    bits: int,
    *,
    header: int = 40,
    compression: int = 0,
    masks: tuple[int, ...] = (),
    palette: Samples | None = None,
    top_down: bool = False,
    density: tuple[int, int] = (0, 0),
    packed: bytes | None = None,
    gap: int = 0,
) -> bytes:
    """Return a BMP.

    Args:
        pixels: (height, width) integers, each a whole pixel of so many bits.
        bits: Of a pixel.
        header: Size of the second header: 12 (OS/2), 40, 52, 56, 64 (OS/2), 108 or 124.
        compression: What the header says.
        masks: Red, green, blue and perhaps transparency.
        palette: (colours, 3), red first.
        top_down: The first row first.
        density: Pixels of a metre across and down.
        packed: The picture as it is stored; None for the plain pixels.
        gap: Bytes of nothing before the picture.
    """
    height, width = pixels.shape
    colours = 0 if palette is None else len(palette)
    if header == 12:
        second = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        shown = -height if top_down else height
        second = struct.pack(
            "<IiiHHIIiiII", header, width, shown, 1, bits, compression, 0, *density, colours, 0
        )
        inside = struct.pack(f"<{len(masks)}I", *masks) if header > 40 and header != 64 else b""
        second = (second + inside).ljust(header, b"\0")
        if header == 40:
            second += struct.pack(f"<{len(masks)}I", *masks)
    table = b""
    if palette is not None:
        spare = b"" if header == 12 else b"\0"
        table = b"".join(bytes(colour[::-1].tolist()) + spare for colour in palette)
    start = 14 + len(second) + len(table) + gap
    data = b"".join(_bitmap_rows(pixels if top_down else pixels[::-1], bits))
    data = data if packed is None else packed
    head = struct.pack("<2sIHHI", b"BM", start + len(data), 0, 0, start)
    return head + second + table + bytes(gap) + data


def _bitmap_rows(pixels: Samples, bits: int) -> Iterator[bytes]:
    for row in pixels:
        if bits >= 8:
            whole = np.ascontiguousarray(row.astype("<u4")).view(np.uint8).reshape(-1, 4)
            data = whole[:, : bits // 8].tobytes()
        else:
            single = np.unpackbits(row.astype(np.uint8)[:, np.newaxis], axis=1)[:, 8 - bits :]
            data = np.packbits(single.ravel()).tobytes()
        yield data + bytes(-len(data) % 4)
