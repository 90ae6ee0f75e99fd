"""TIFF, what office copiers and fax gateways write: G4, LZW, JPEG inside, many pages."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from PIL import Image, TiffImagePlugin

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.pages.images import (
    PageRequest,
    PageStream,
    check_pixels,
    decoding,
    open_image,
    scanner_name,
    size_of,
    truncated,
    upright,
)

_WHAT: Final = "the TIFF"
_MOST_DIRECTORIES: Final = 100_000
_SUBFILE_TYPE: Final = 254
_REDUCED: Final = 1  # bit of that tag: a thumbnail of another page
_ORIENTATION: Final = 274
_LYING: Final = frozenset({5, 6, 7, 8})  # orientations that swap width and height
_DATA_TAGS: Final = ((273, 279), (324, 325))  # offsets and byte counts of strips, of tiles
_SQUARE: Final = 1.1  # pixels less oblong than this are left as they are
_MOST_OBLONG: Final = 10.0


@dataclass(slots=True)
class Directories:
    """What the chain of image directories holds.

    Attributes:
        pages: Positions in the chain of what is a page, thumbnails being none.
        cut: The chain leads beyond the end of the file.
        loop: The chain leads back into itself.
    """

    pages: list[int] = field(default_factory=list)
    cut: bool = False
    loop: bool = False


def read(file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool) -> PageStream:
    """Read a TIFF.

    Raises:
        DocumentError: Why it cannot be read.
    """
    del media_type, tail_missing
    directories = read_directories(file)
    if not directories.pages:
        if directories.cut:
            raise truncated(_WHAT)
        raise DocumentError(
            ReasonCode.EMPTY, f"{_WHAT} has no pages", remedy="scan or send it again"
        )
    file.seek(0)
    with decoding(_WHAT, tail_missing=directories.cut):
        image = open_image(file, "TIFF", wanted)
        if not isinstance(image, TiffImagePlugin.TiffImageFile):
            raise TypeError("its header makes no sense")
        producer = scanner_name(image)
    notes = ["the directories of the TIFF lead in a circle"] if directories.loop else []
    pages = _pages(image, directories, wanted, notes)
    return PageStream(len(directories.pages), pages, producer, notes)


def read_directories(file: BinaryIO) -> Directories:
    """Follow the chain of directories without reading what they describe.

    Source: TIFF 6.0, section 2; BigTIFF, https://www.awaresystems.be/imaging/tiff/bigtiff.html.
    """
    found = Directories()
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    big = head[2:4] in {b"+\0", b"\0+"}
    count_form, entry_size, offset_form = ("Q", 20, "Q") if big else ("H", 12, "I")
    start = 8 if big else 4
    try:
        (offset,) = struct.unpack_from(order + offset_form, head, start)
        seen: set[int] = set()
        while offset and len(seen) < _MOST_DIRECTORIES:
            if offset in seen:
                found.loop = True
                break
            seen.add(offset)
            offset, thumbnail = _directory(file, offset, order, (count_form, entry_size))
            if not thumbnail:
                found.pages.append(len(seen) - 1)
    except (struct.error, OverflowError, OSError):
        found.cut = True
    return found


def _directory(file: BinaryIO, offset: int, order: str, form: tuple[str, int]) -> tuple[int, bool]:
    """Return where the next directory is, and whether this one describes a thumbnail."""
    count_form, entry_size = form
    if offset >= size_of(file):
        raise struct.error
    file.seek(offset)
    head = file.read(struct.calcsize("<" + count_form))
    (count,) = struct.unpack(order + count_form, head)
    if count * entry_size > size_of(file):
        raise struct.error
    entries = file.read(count * entry_size)
    next_form = order + ("Q" if count_form == "Q" else "I")
    (following,) = struct.unpack(next_form, file.read(struct.calcsize(next_form)))
    value_at = entry_size - struct.calcsize(next_form)
    thumbnail = any(
        struct.unpack_from(order + "H", entries, at)[0] == _SUBFILE_TYPE
        and struct.unpack_from(order + "I", entries, at + value_at)[0] & _REDUCED
        for at in range(0, len(entries), entry_size)
    )
    return following, thumbnail


def _pages(
    image: TiffImagePlugin.TiffImageFile,
    directories: Directories,
    wanted: PageRequest,
    notes: list[str],
) -> Iterator[Image.Image]:
    for number in wanted.numbers(len(directories.pages)):
        with decoding(_WHAT, tail_missing=directories.cut):
            image.seek(directories.pages[number])
            check_pixels(image.size, wanted)
            lying = image.tag_v2.get(_ORIENTATION) in _LYING
            missing = _data_missing(image)
        with decoding(_WHAT, tail_missing=missing):
            image.load()
            page = _square_pixels(upright(image, notes), lying=lying)
        yield page


def _data_missing(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether a strip or a tile of this page lies beyond the end of the file."""
    assert image.fp is not None
    end = 0
    for offsets_tag, counts_tag in _DATA_TAGS:
        offsets, counts = image.tag_v2.get(offsets_tag, ()), image.tag_v2.get(counts_tag, ())
        if isinstance(offsets, tuple) and isinstance(counts, tuple):
            ends = (offset + count for offset, count in zip(offsets, counts, strict=False))
            end = max(end, *ends, 0)
    return end > size_of(image.fp)  # type: ignore[arg-type] # IO[bytes] with a descriptor


def _square_pixels(image: Image.Image, *, lying: bool) -> Image.Image:
    """Undo the oblong pixels of fax: 204 by 98 dots per inch look half as high as they are.

    Args:
        image: Upright page.
        lying: Whether turning it upright swapped its sides, as its resolutions did not.
    """
    try:
        across, down = (float(value) for value in image.info["dpi"])
        ratio = down / across if lying else across / down
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return image
    width, height = image.size
    if _SQUARE < ratio <= _MOST_OBLONG:
        return _resized(image, max(1, round(width / ratio)), height)
    if _SQUARE < 1 / max(ratio, 1 / _MOST_OBLONG) <= _MOST_OBLONG:
        return _resized(image, width, max(1, round(height * ratio)))
    return image


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    smooth = image.convert("L") if image.mode == "1" else image
    return smooth.resize((width, height), Image.Resampling.BOX)
