"""Make many different files out of a few: other bytes, the same picture, a valid end."""

import struct
import zlib
from pathlib import Path


def variant(data: bytes, number: int) -> bytes | None:
    """Return the same document with other bytes; None for a format we cannot mark harmlessly."""
    mark = f"docsorter bench {number}".encode()
    if data.startswith(b"%PDF"):
        return data + b"\n%" + mark + b"\n%%EOF\n"
    if data.startswith(b"\xff\xd8"):  # a comment segment right after the start of the image
        return data[:2] + b"\xff\xfe" + struct.pack(">H", len(mark) + 2) + mark + data[2:]
    if data.startswith(b"\x89PNG"):  # a text chunk right after the header chunk
        body = b"tEXt" + b"Comment\0" + mark
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return data[:33] + chunk + data[33:]
    if data[:4] in {b"II*\0", b"MM\0*"}:  # offsets are absolute, so bytes at the end are free
        return data + mark
    return None


def make_inputs(examples: list[Path], count: int, directory: Path) -> list[Path]:
    """Write `count` different documents made from the examples in turn, and return them."""
    marked = [(p, data) for p in examples if variant(data := p.read_bytes(), 0) is not None]
    made = []
    for number in range(count):
        path, data = marked[number % len(marked)]
        target = directory / f"{path.stem}-{number:05}{path.suffix}"
        target.write_bytes(variant(data, number) or data)
        made.append(target)
    return made
