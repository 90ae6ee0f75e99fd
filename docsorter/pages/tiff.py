"""TIFF, what office copiers and fax gateways write: G4, LZW, JPEG inside, many pages."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, cast

from PIL import Image, ImagePalette
from PIL import TiffImagePlugin as Tag

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.pages.fit import with_density
from docsorter.pages.images import (
    BROKEN,
    PageRequest,
    PageStream,
    check_pixels,
    decoding,
    open_image,
    scanner_name,
    size_of,
    truncated,
    turned,
    unreadable,
    upright,
)

_WHAT: Final = "the TIFF"
_FORMAT: Final = "TIFF PAGES"
_MOST_DIRECTORIES: Final = 100_000
_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _PHOTOMETRIC = 254, 255, 262
_REDUCED, _MASK_BIT = 1, 4  # bits of the first: a thumbnail of another page, or a mask for it
_OLD_REDUCED: Final = 2  # value of the second
_MASK: Final = 4  # value of the third
_SHORT: Final = 3
_BIG_ENDIAN_BIG, _EXCHANGED = b"MM\0+", b"MM+\0"
_ORIENTATION: Final = 274
_LYING: Final = frozenset({5, 6, 7, 8})  # orientations that swap width and height
_DATA_TAGS: Final = ((273, 279), (324, 325))  # offsets and byte counts of strips, of tiles
_RESOLUTION: Final = (282, 283)  # across and down; which unit they have does not matter
_FAX: Final = frozenset({2, 3, 4, 32771})
_FAX_OPTIONS, _UNCOMPRESSED = (292, 293), 2  # T4Options and T6Options, and a bit of both
_OLD_JPEG, _THUNDERSCAN = 6, 32809
_PACKINGS: Final = frozenset({1, 5, 7, 8, 32773, 32946, 34925, 50000})
_RGB, _PALETTE, _YCBCR = 2, 3, 6
_RGB_SAMPLES: Final = 3
_ORDINARY: Final = frozenset({(0, 1), (1, 1), (1, 2), (2, 3), (2, 4), (3, 1), (5, 4)})
_WHITE: Final = 255


@dataclass(slots=True)
class Directories:
    """What the chain of image directories holds.

    Attributes:
        pages: Positions in the chain of what is a page, which thumbnails and masks are not unless
            there is nothing else.
        cut: The chain leads beyond the end of the file.
        loop: The chain leads back into itself.
    """

    pages: list[int] = field(default_factory=list)
    cut: bool = False
    loop: bool = False


class _Chain(Tag.TiffImageFile):
    """Pillow's reader of a chain of pages, which describes only those that it reads right."""

    ordinary = True

    def _setup(self) -> None:
        tags = self.tag_v2
        self.ordinary = _is_ordinary(tags)
        if not self.ordinary:
            self._mode, self.tile = "L", []
            self._size = int(tags[Tag.IMAGEWIDTH]), int(tags[Tag.IMAGELENGTH])
            return
        tags[Tag.PHOTOMETRIC_INTERPRETATION] = photometric_of(tags)
        # Colours at a lower resolution than brightness are put together by LibTIFF only.
        Tag.READ_LIBTIFF = tags[Tag.PHOTOMETRIC_INTERPRETATION] == _YCBCR
        super()._setup()
        table = tags.get(Tag.COLORMAP, ())
        if self.palette and max(table) <= _WHITE:  # written with 8 bits instead of 16
            self.palette = ImagePalette.raw("RGB;L", bytes(table))


class _BigEndianBig:
    """A BigTIFF with the highest byte first, as Pillow knows it: it looks for 43 in byte 2 only."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else is the file's
        return getattr(self._file, name)

    def read(self, size: int = -1) -> bytes:
        """Read; of a header alone, which is Pillow's to parse, the bytes of 43 are exchanged."""
        alone = size >= 0 and self._file.tell() == 0
        data = self._file.read(size)
        return _EXCHANGED + data[len(_EXCHANGED) :] if alone else data


Image.register_open(_FORMAT, _Chain)
Tag.PREFIXES.append(_EXCHANGED)


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
    header = file.read(len(_BIG_ENDIAN_BIG))
    stored = cast("BinaryIO", _BigEndianBig(file)) if header == _BIG_ENDIAN_BIG else file
    with decoding(_WHAT, tail_missing=directories.cut):
        image = open_image(stored, _FORMAT, wanted)
        if not isinstance(image, _Chain):
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
    kinds: dict[str, list[int]] = {"page": [], "thumbnail": [], "mask": []}
    try:
        (offset,) = struct.unpack_from(order + offset_form, head, start)
        seen: set[int] = set()
        while offset and len(seen) < _MOST_DIRECTORIES:
            if offset in seen:
                found.loop = True
                break
            seen.add(offset)
            offset, kind = _directory(file, offset, order, (count_form, entry_size))
            kinds[kind].append(len(seen) - 1)
    except (struct.error, OverflowError, OSError):
        found.cut = True
    found.pages = kinds["page"] or kinds["thumbnail"] or kinds["mask"]
    return found


def _directory(file: BinaryIO, offset: int, order: str, form: tuple[str, int]) -> tuple[int, str]:
    """Return where the next directory is, and whether this one is a page, thumbnail or mask."""
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
    return following, _kind(entries, order, entry_size, value_at)


def _kind(entries: bytes, order: str, entry_size: int, value_at: int) -> str:
    values = {}
    for at in range(0, len(entries), entry_size):
        tag, form = struct.unpack_from(order + "HH", entries, at)
        if tag in {_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _PHOTOMETRIC}:
            number = "H" if form == _SHORT else "I"
            (values[tag],) = struct.unpack_from(order + number, entries, at + value_at)
    flags = values.get(_NEW_SUBFILE_TYPE, 0)
    if flags & _MASK_BIT or values.get(_PHOTOMETRIC) == _MASK:
        return "mask"
    reduced = flags & _REDUCED or values.get(_SUBFILE_TYPE) == _OLD_REDUCED
    return "thumbnail" if reduced else "page"


def _is_ordinary(tags: Mapping[int, Any]) -> bool:
    """Whether Pillow reads a page right: what nearly all scanners and fax gateways write."""
    packing, bits = int(tags.get(Tag.COMPRESSION, 1)), numbers(tags, Tag.BITSPERSAMPLE, 1)
    told = _RGB_SAMPLES if packing == _OLD_JPEG else len(bits)
    samples = int(tags.get(Tag.SAMPLESPERPIXEL, told))
    if packing in _FAX or packing == _THUNDERSCAN:
        return samples == 1
    if packing == _OLD_JPEG:
        return samples == _RGB_SAMPLES
    together = samples == 1 or tags.get(Tag.PLANAR_CONFIGURATION) != 2  # noqa: PLR2004
    plain = numbers(tags, Tag.SAMPLEFORMAT, 1)[0] == 1 and packing in _PACKINGS
    photometric = photometric_of(tags)
    if Tag.SAMPLESPERPIXEL not in tags and samples > 1:  # which others take for one sample
        return False
    if bits == (1,):
        return plain and samples == 1 and photometric in {0, 1, _PALETTE}
    usual = photometric == _YCBCR or (photometric, samples) in _ORDINARY
    return plain and together and usual and set(bits) == {8} and tags.get(Tag.FILLORDER, 1) == 1


def numbers(tags: Mapping[int, Any], tag: int, default: int) -> tuple[int, ...]:
    """Return what a tag holds, one number or several."""
    value = tags.get(tag, default)
    return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)


def photometric_of(tags: Mapping[int, Any]) -> int:
    """Return what the samples mean; where the tag is left out, what readers take it to be."""
    if Tag.PHOTOMETRIC_INTERPRETATION in tags:
        return int(tags[Tag.PHOTOMETRIC_INTERPRETATION])
    if Tag.COLORMAP in tags:
        return _PALETTE
    if int(tags.get(Tag.SAMPLESPERPIXEL, 1)) >= _RGB_SAMPLES:
        return _RGB
    return 0 if tags.get(Tag.COMPRESSION) in _FAX else 1


def _pages(
    image: _Chain, directories: Directories, wanted: PageRequest, notes: list[str]
) -> Iterator[Image.Image | DocumentError]:
    for number in wanted.numbers(len(directories.pages)):
        missing = directories.cut
        try:
            with decoding(_WHAT, tail_missing=missing):
                image.seek(directories.pages[number])
                check_pixels(image.size, wanted)
                missing = _data_missing(image)
            with decoding(_WHAT, tail_missing=missing):
                page = _page(image, wanted, notes)
        except DocumentError as error:
            if error.code == ReasonCode.TOO_LARGE:
                raise
            yield error
        else:
            yield page


def _page(image: _Chain, wanted: PageRequest, notes: list[str]) -> Image.Image:
    orientation = image.tag_v2.get(_ORIENTATION, 1)
    across, down = (float(image.tag_v2.get(tag, 0)) for tag in _RESOLUTION)
    if image.ordinary:
        try:
            image.load()
        except BROKEN:
            if any(image.tag_v2.get(tag, 0) & _UNCOMPRESSED for tag in _FAX_OPTIONS):
                raise unreadable(_WHAT, "fax that is partly not compressed") from None
            raise
        page = upright(image, notes)
    else:
        # Loaded, with NumPy, only for the few pages that take it.
        from docsorter.pages.tiff_samples import picture  # noqa: PLC0415

        file = cast("BinaryIO", image.fp)
        order = "<" if image.tag_v2.prefix == b"II" else ">"
        page = turned(picture(file, image.tag_v2, order, wanted), orientation)
        page.info.update(image.info)
    if orientation in _LYING:  # its sides are swapped by now, its resolutions are not
        across, down = down, across
    return with_density(page, across, down)


def _data_missing(image: Tag.TiffImageFile) -> bool:
    """Whether a strip or a tile of this page lies beyond the end of the file."""
    assert image.fp is not None
    end = 0
    for offsets_tag, counts_tag in _DATA_TAGS:
        offsets, counts = image.tag_v2.get(offsets_tag, ()), image.tag_v2.get(counts_tag, ())
        if isinstance(offsets, tuple) and isinstance(counts, tuple):
            ends = (offset + count for offset, count in zip(offsets, counts, strict=False))
            end = max(end, *ends, 0)
    return end > size_of(image.fp)  # type: ignore[arg-type] # IO[bytes] with a descriptor
