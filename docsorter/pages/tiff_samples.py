"""TIFF pages that Pillow does not describe: any depth, sample format, planes, predictor, colours.

LibTIFF unpacks each plane as rows of bytes, which takes it no knowledge of what they mean; samples
and colours are made of them here, a band at a time. Sources: TIFF 6.0; TIFF Technical Note 3
(predictor of floats); LibTIFF, tif_predict.c and tif_getimage.c.
"""

import dataclasses
import io
import math
import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

# One thread: each would reserve memory of the child's address space. Read when NumPy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL import TiffImagePlugin as Tag

from docsorter.pages.fit import flatten
from docsorter.pages.images import PageRequest, open_image, unreadable
from docsorter.pages.tiff import numbers, photometric_of

Samples = NDArray[Any]  # integers or floats
Bytes = NDArray[np.uint8]
Tags = Mapping[int, Any]

_WHAT: Final = "the TIFF"
_RAW, _JPEG, _PACKBITS = 1, 7, 32773
_UNPACKED: Final = frozenset({_RAW, 5, _JPEG, 8, _PACKBITS, 32946, 34925, 50000})
_PICTURES: Final = {33003: "JPEG2000", 33005: "JPEG2000", 34712: "JPEG2000", 50001: "WEBP"}
_YCBCR_INSIDE: Final = 33003  # JPEG 2000 that does not say so, as Aperio writes it
_PACKINGS: Final = {
    2: "fax of another depth", 3: "fax of another depth", 4: "fax of another depth",
    6: "old-style JPEG of another depth", 9: "JBIG", 10: "JBIG", 262: "Kodak's compression",
    22610: "JPEG XR", 32766: "NeXT's compression", 32809: "ThunderScan", 32908: "PixarFilm",
    32909: "PixarLog", 34661: "JBIG", 34676: "LogLuv", 34677: "LogLuv", 34887: "LERC",
    34892: "the lossy JPEG of DNG", 34933: "PNG", 34934: "JPEG XR", 50002: "JPEG XL",
    52546: "JPEG XL",
}  # fmt: skip
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = range(7)
_CIELAB, _ICCLAB, _ITULAB = 8, 9, 10
_COLOURS: Final = {0: 1, 1: 1, 2: 3, 3: 1, 4: 1, 5: 4, 6: 3, 8: 3, 9: 3, 10: 3}
_MODES: Final = {_CMYK: "CMYK", _YCBCR: "YCbCr", _CIELAB: "LAB", _ICCLAB: "LAB", _ITULAB: "LAB"}
_MEANINGS: Final = {
    32803: "the raw samples of a camera", 34892: "the raw samples of a camera",
    32844: "LogL samples", 32845: "LogLuv samples",
}  # fmt: skip
_FORMATS: Final = {1: "u", 2: "i", 3: "f", 4: "u"}  # of SampleFormat; 4: undefined
_ASSOCIATED, _UNASSOCIATED = 1, 2
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3
_MAX_SAMPLE_VALUE, _INK_SET, _INDEXED = 281, 332, 346
_MOST_SAMPLES: Final = 64
_WHOLE_RANGE: Final = 16  # up to so many bits an unsigned sample uses its whole range
_NATIVE: Final = frozenset({8, 16, 32, 64})
_WHITE: Final = 255
_HEAD: Final = 8  # bytes before the data of a TIFF written here
_BAND: Final = 1 << 19  # samples that are worked on at a time


@dataclass(frozen=True, slots=True)
class SampleLayout:
    """How the samples of a page are stored.

    Attributes:
        size: Width and height, pixels.
        samples: Of a pixel.
        bits: Of a sample.
        form: "u" unsigned, "i" signed, "f" float.
        photometric: What the samples mean.
        compression: How they are packed.
        predictor: 1 none, 2 differences, 3 differences of the bytes of floats.
        order: "<" or ">".
        separate: Each sample of all pixels is in a plane of its own.
        block: Width and height of a tile, or of a strip.
        alpha: Which sample is the transparency; 0 for none.
        associated: Whether the colours are multiplied by it.
    """

    size: tuple[int, int]
    samples: int
    bits: int
    form: str
    photometric: int
    compression: int
    predictor: int
    order: str
    separate: bool
    block: tuple[int, int]
    alpha: int
    associated: bool

    @property
    def colours(self) -> int:
        """Samples of a pixel that are colours."""
        return min(_COLOURS[self.photometric], self.samples)

    @property
    def used(self) -> list[int]:
        """Which samples of a pixel are of use: colours, then transparency."""
        return [*range(self.colours), *([self.alpha] if self.alpha else [])]

    @property
    def together(self) -> int:
        """Samples of a pixel that stand side by side."""
        return 1 if self.separate else self.samples

    @property
    def block_bytes(self) -> int:
        """Bytes in a row of a block."""
        return (self.block[0] * self.together * self.bits + 7) // 8

    @property
    def across(self) -> int:
        """Blocks side by side."""
        return -(-self.size[0] // self.block[0])


def picture(file: BinaryIO, tags: Tags, order: str, wanted: PageRequest) -> Image.Image:
    """Return a page as `L`, `RGB`, `RGBA` or `LAB`, lying as it is stored.

    Args:
        file: The whole TIFF.
        tags: Of the page's directory; its number of pixels has been checked.
        order: "<" or ">", the byte order.
        wanted: Its limit of pixels holds for pictures inside as well.

    Raises:
        DocumentError: `unsupported`, naming what nothing here reads.
        ValueError: The directory contradicts itself or the data.
    """
    layout = sample_layout(tags, order)
    if layout.compression in _PICTURES:
        return _of_pictures(file, tags, layout, wanted)
    planes = _planes(file, tags, layout, wanted)
    ends = _range(planes, layout, tags)
    whole: Image.Image | None = None
    for top, samples in _bands(planes, layout):
        band = _coloured(samples, layout, tags, ends)
        if whole is None:
            whole = Image.new(band.mode, layout.size)
        whole.paste(band, (0, top))
    assert whole is not None
    return whole


def sample_layout(tags: Tags, order: str) -> SampleLayout:
    """Return how a page is stored.

    Raises:
        DocumentError: `unsupported`.
        ValueError: The tags contradict each other.
    """
    width, height = int(tags[Tag.IMAGEWIDTH]), int(tags[Tag.IMAGELENGTH])
    bits, kinds = numbers(tags, Tag.BITSPERSAMPLE, 1), numbers(tags, Tag.SAMPLEFORMAT, 1)
    samples = int(tags.get(Tag.SAMPLESPERPIXEL, len(bits)))
    photometric = photometric_of(tags)
    _refuse_unread(tags, photometric, bits, kinds)
    tiled = Tag.TILEOFFSETS in tags
    strip = width, max(1, min(int(tags.get(Tag.ROWSPERSTRIP, 0)) or height, height))
    block = (int(tags[Tag.TILEWIDTH]), int(tags[Tag.TILELENGTH])) if tiled else strip
    if not 1 <= samples <= _MOST_SAMPLES or min(width, height, *bits, *block) < 1:
        raise ValueError("its directory makes no sense")
    compression = int(tags.get(Tag.COMPRESSION, _RAW))
    alpha, associated = _transparency(tags, photometric, samples)
    return SampleLayout(
        size=(width, height),
        samples=samples,
        bits=bits[0],
        form="u" if _MODES.get(photometric) == "LAB" else _FORMATS[kinds[0]],
        photometric=photometric,
        compression=compression,
        predictor=1 if compression in {_RAW, _PACKBITS} else int(tags.get(Tag.PREDICTOR, 1)),
        order=order,
        separate=tags.get(Tag.PLANAR_CONFIGURATION) == 2 and samples > 1,  # noqa: PLR2004
        block=block,
        alpha=alpha,
        associated=associated,
    )


def _transparency(tags: Tags, photometric: int, samples: int) -> tuple[int, bool]:
    """Return which sample is the transparency, 0 for none, and whether it is associated."""
    colours = min(_COLOURS[photometric], samples)
    # A fourth sample that nothing is said of is transparency, as other readers have it.
    unsaid = _UNASSOCIATED if photometric == _RGB and samples == colours + 1 else 0
    for at, kind in enumerate(numbers(tags, Tag.EXTRASAMPLES, unsaid)[: samples - colours]):
        if kind in {_ASSOCIATED, _UNASSOCIATED}:
            return colours + at, kind == _ASSOCIATED
    return 0, False


def _refuse_unread(
    tags: Tags, photometric: int, bits: tuple[int, ...], kinds: tuple[int, ...]
) -> None:
    """Raise `unsupported`, naming the first thing that nothing here reads."""
    packing = int(tags.get(Tag.COMPRESSION, _RAW))
    lab, palette = _MODES.get(photometric) == "LAB", photometric == _PALETTE
    reasons = {
        _PACKINGS.get(packing, f"compression {packing}"): packing not in _UNPACKED | {*_PICTURES},
        _MEANINGS.get(photometric, f"colours of kind {photometric}"): photometric not in _COLOURS,
        f"JPEG of {bits[0]} bits": packing == _JPEG and set(bits) != {8},
        "samples of different sizes": len(set(bits)) > 1 or (len(set(kinds)) > 1 and not lab),
        "complex numbers as samples": not {*kinds} <= _FORMATS.keys(),
        f"floats of {bits[0]} bits": kinds[0] == 3 and bits[0] not in {16, 32, 64},  # noqa: PLR2004
        f"samples of {bits[0]} bits": not (1 <= bits[0] <= 32 or bits[0] == 64),  # noqa: PLR2004
        f"Lab colours of {bits[0]} bits": lab and bits[0] not in {8, 16},
        f"a palette at {bits[0]} bits": palette and bits[0] > _WHOLE_RANGE,
        "inks other than cyan, magenta, yellow and black": photometric == _CMYK
        and int(tags.get(_INK_SET, 1)) != 1,
        "a palette of other colours than red, green and blue": not palette
        and bool(int(tags.get(_INDEXED, 0))),
        "reduced colours in samples of their own": photometric == _YCBCR
        and packing != _JPEG
        and numbers(tags, Tag.YCBCRSUBSAMPLING, 2) != (1, 1),
    }
    for what, unread in reasons.items():
        if unread:
            raise unreadable(_WHAT, what)


def _planes(file: BinaryIO, tags: Tags, layout: SampleLayout, wanted: PageRequest) -> list[Bytes]:
    """Return the planes that are of use, each (height, bytes of a row of blocks)."""
    each = layout.across * -(-layout.size[1] // layout.block[1])
    blocks = _blocks(file, tags, layout)
    limit = dataclasses.replace(wanted, max_pixels=wanted.max_pixels * layout.samples * 8)
    found = []
    for number in layout.used if layout.separate else [0]:
        part = blocks[number * each : (number + 1) * each]
        alone = io.BytesIO(_alone(file, part, tags, layout))
        image = open_image(alone, "TIFF", limit)
        image.load()
        rows = np.asarray(image)
        found.append(rows.reshape(len(rows), -1))
    return found


def _blocks(file: BinaryIO, tags: Tags, layout: SampleLayout) -> list[tuple[int, int]]:
    """Return where strips or tiles are and how long; old writers leave the lengths out."""
    tiled = Tag.TILEOFFSETS in tags
    offsets = numbers(tags, Tag.TILEOFFSETS if tiled else Tag.STRIPOFFSETS, 0)
    whole = layout.block_bytes * layout.block[1]
    counts = numbers(tags, Tag.TILEBYTECOUNTS if tiled else Tag.STRIPBYTECOUNTS, whole)
    if len(counts) == 1 or layout.compression == _RAW:  # which is as long as it must be
        counts = (whole if layout.compression == _RAW else counts[0],) * len(offsets)
    if sum(counts) > 2 * file.seek(0, io.SEEK_END) + whole:
        raise ValueError("its strips overlap")
    return list(zip(offsets, counts, strict=False))


def _alone(
    file: BinaryIO, blocks: list[tuple[int, int]], tags: Tags, layout: SampleLayout
) -> bytes:
    """Return one plane as a TIFF of its own; but for JPEG its pixels are the bytes of the rows."""
    tiled, as_jpeg = Tag.TILEOFFSETS in tags, layout.compression == _JPEG
    pixels = layout.together if as_jpeg else 1
    width = layout.block[0] if as_jpeg else layout.block_bytes
    fields: dict[int, tuple[int, ...]] = {
        Tag.IMAGEWIDTH: (width * layout.across,),
        Tag.IMAGELENGTH: (layout.size[1],),
        Tag.BITSPERSAMPLE: (8,) * pixels,
        Tag.COMPRESSION: (layout.compression,),
        Tag.PHOTOMETRIC_INTERPRETATION: ({3: _RGB, 4: _CMYK}.get(pixels, _BLACK_IS_ZERO),),
        Tag.FILLORDER: numbers(tags, Tag.FILLORDER, 1),
        Tag.SAMPLESPERPIXEL: (pixels,),
    }
    data = bytearray()
    starts = []
    for offset, count in blocks:
        file.seek(offset)
        starts.append(_HEAD + len(data))
        data += file.read(count)
    counts = tuple(count for _, count in blocks)
    if tiled:
        fields |= {Tag.TILEWIDTH: (width,), Tag.TILELENGTH: (layout.block[1],)}
        fields |= {Tag.TILEOFFSETS: tuple(starts), Tag.TILEBYTECOUNTS: counts}
    else:
        fields |= {Tag.ROWSPERSTRIP: (layout.block[1],)}
        fields |= {Tag.STRIPOFFSETS: tuple(starts), Tag.STRIPBYTECOUNTS: counts}
    if as_jpeg and Tag.JPEGTABLES in tags:
        fields[Tag.JPEGTABLES] = tuple(tags[Tag.JPEGTABLES])
    return _one_page(fields, bytes(data))


def _one_page(fields: Mapping[int, tuple[int, ...]], data: bytes) -> bytes:
    """Return a TIFF of one directory behind its data, which starts at `_HEAD`."""
    data += bytes(len(data) % 2)
    start = _HEAD + len(data)
    entries, values = b"", b""
    beyond = start + 2 + 12 * len(fields) + 4
    for tag in sorted(fields):
        of_bytes = tag == Tag.JPEGTABLES
        packed = struct.pack(f"<{len(fields[tag])}{'B' if of_bytes else 'I'}", *fields[tag])
        entries += struct.pack("<HHI", tag, 7 if of_bytes else 4, len(fields[tag]))
        if len(packed) > 4:  # noqa: PLR2004 - what has room in an entry
            values, packed = values + packed, struct.pack("<I", beyond + len(values))
        entries += packed.ljust(4, b"\0")
    count = struct.pack("<H", len(fields))
    return struct.pack("<2sHI", b"II", 42, start) + data + count + entries + bytes(4) + values


def _bands(planes: list[Bytes], layout: SampleLayout) -> Iterator[tuple[int, Samples]]:
    """Yield the first row and the samples of one band after the other, (rows, width, used)."""
    width, height = layout.size
    high = max(1, _BAND // (width * layout.together))
    for top in range(0, height, high):
        parts = [_samples(plane[top : top + high], layout) for plane in planes]
        yield top, np.concatenate(parts, axis=2) if layout.separate else parts[0][..., layout.used]


def _samples(rows: Bytes, layout: SampleLayout) -> Samples:
    """Return (rows, width, samples side by side) of rows of bytes."""
    whole = len(rows), layout.across, layout.block[0], layout.together
    blocks = rows.reshape(len(rows), layout.across, -1)
    if layout.compression == _JPEG:
        samples: Samples = blocks
    elif layout.predictor == _FLOAT_DIFFERENCES and layout.form == "f":
        samples = _floats(blocks, layout)
    elif layout.bits not in _NATIVE:
        samples = _odd(blocks, layout).reshape(whole)
    else:
        size = layout.bits // 8
        stored = np.ascontiguousarray(blocks).view(f"{layout.order}u{size}").reshape(whole)
        if layout.predictor == _DIFFERENCES:
            stored = stored.cumsum(axis=2, dtype=f"u{size}")
        samples = stored.astype(f"u{size}", copy=False).view(f"{layout.form}{size}")
    return samples.reshape(len(rows), -1, layout.together)[:, : layout.size[0]]


def _floats(blocks: Bytes, layout: SampleLayout) -> Samples:
    """Undo the predictor of floats: their bytes, the highest of all first, as differences."""
    size, lead = layout.bits // 8, blocks.shape[:2]
    summed = blocks.reshape(*lead, -1, layout.together).cumsum(axis=2, dtype=np.uint8)
    together = summed.reshape(*lead, size, -1).swapaxes(2, 3)
    return np.ascontiguousarray(together).view(f">f{size}")


def _odd(blocks: Bytes, layout: SampleLayout) -> Samples:
    """Return samples that are not 8, 16, 32 or 64 bits long; the highest bit comes first."""
    count = layout.block[0] * layout.together
    if layout.bits % 8 == 0 and layout.order == "<":
        size = layout.bits // 8
        blocks = blocks.reshape(*blocks.shape[:2], -1, size)[..., ::-1].reshape(blocks.shape)
    single = np.unpackbits(blocks, axis=2)[:, :, : count * layout.bits]
    found = np.zeros((*blocks.shape[:2], count), np.uint32)
    for bit in range(layout.bits):
        found = (found << np.uint32(1)) | single[:, :, bit :: layout.bits]
    if layout.predictor == _DIFFERENCES:
        apart = found.reshape(*blocks.shape[:2], -1, layout.together)
        summed = apart.cumsum(axis=2, dtype=np.uint32) & np.uint32((1 << layout.bits) - 1)
        found = summed.reshape(found.shape)
    if layout.form == "i":
        high = 32 - layout.bits
        return (found << np.uint32(high)).view(np.int32) >> high
    return found


def _range(planes: list[Bytes], layout: SampleLayout, tags: Tags) -> tuple[float, float]:
    """Return the ends of what samples are used for.

    Unsigned integers up to 16 bits use their whole range, or what MaxSampleValue says. For others
    no range is agreed on: the brightest is taken for the end of it, unless all fit 0-255 already.
    """
    whole = float((1 << layout.bits) - 1)
    if layout.form == "u" and layout.bits <= _WHOLE_RANGE:
        told = max(numbers(tags, _MAX_SAMPLE_VALUE, 0))
        return 0.0, float(told) if _WHITE <= told < whole else whole
    low, high = math.inf, -math.inf
    for _, samples in _bands(planes, layout):
        colours = samples[:, :, : layout.colours]
        finite = colours[np.isfinite(colours)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if layout.form == "i" and low < 0:
        return -(whole + 1) / 2, (whole - 1) / 2
    as_stored = 1 < high <= _WHITE and layout.bits > 8  # noqa: PLR2004
    return 0.0, float(_WHITE) if as_stored else max(high, 1e-9)


def _coloured(
    samples: Samples, layout: SampleLayout, tags: Tags, ends: tuple[float, float]
) -> Image.Image:
    """Return a band as a picture."""
    colours = samples[:, :, : layout.colours]
    mode = _MODES.get(layout.photometric, "RGB")
    if layout.photometric == _PALETTE:
        seen = palette_of(tags)[np.minimum(colours[:, :, 0], len(palette_of(tags)) - 1)]
    elif mode == "LAB":
        seen = _lab(colours, layout)
    else:
        seen = _scaled(colours, ends)
    if layout.photometric == _WHITE_IS_ZERO:
        seen = _WHITE - seen
    size = seen.shape[1], seen.shape[0]
    if seen.shape[2] < 3:  # noqa: PLR2004
        band = Image.frombytes("L", size, np.ascontiguousarray(seen[:, :, 0]).tobytes())
    else:
        band = Image.frombytes(mode, size, np.ascontiguousarray(seen).tobytes())
    if mode == "LAB":
        return band
    band = band.convert("RGB") if band.mode in {"CMYK", "YCbCr"} else band
    return _transparent(band, _scaled(samples[:, :, -1], ends), layout) if layout.alpha else band


def _transparent(band: Image.Image, alpha: Bytes, layout: SampleLayout) -> Image.Image:
    layer = Image.frombytes("L", band.size, alpha.tobytes())
    mode = "RGBa" if layout.associated else "RGBA"
    return Image.merge(mode, [*band.convert("RGB").split(), layer]).convert("RGBA")


def palette_of(tags: Tags) -> Bytes:
    """Return (colours, 3); some writers fill the table of 16 bits with values of 8."""
    table = np.array(tags[Tag.COLORMAP], np.uint16)
    if table.max(initial=0) > _WHITE:
        table >>= 8
    return table[: len(table) // 3 * 3].reshape(3, -1).T.astype(np.uint8)


def _scaled(samples: Samples, ends: tuple[float, float]) -> Bytes:
    low, high = ends
    size = samples.dtype.itemsize
    if low == 0 and high == (1 << 8 * size) - 1 and size <= 2:  # noqa: PLR2004
        return (samples >> 8 * (size - 1)).astype(np.uint8)
    precise = "f8" if size > 2 else "f4"  # noqa: PLR2004
    values: Samples = (samples.astype(precise) - low) * (_WHITE / (high - low))
    return (np.nan_to_num(values, posinf=_WHITE, neginf=0).clip(0, _WHITE) + 0.5).astype(np.uint8)


def _lab(colours: Samples, layout: SampleLayout) -> Bytes:
    """Return Lab as Pillow takes it: 8 bits, a and b signed.

    Source: TIFF 6.0, section 23; TIFF Technical Note 4 (ICCLab); RFC 3949, 5.2.3 (ITULab).
    """
    seen: Bytes = (colours >> (layout.bits - 8)).astype(np.uint8)
    if layout.photometric == _ICCLAB:
        seen[:, :, 1:] ^= 0x80
    elif layout.photometric == _ITULAB:
        from_zero = seen[:, :, 1:].astype(np.int16) - np.array([128, 96], np.int16)
        apart = from_zero * np.array([170 / 255, 200 / 255])
        seen[:, :, 1:] = apart.round().clip(-128, 127).astype(np.int8).view(np.uint8)
    return seen


def _of_pictures(
    file: BinaryIO, tags: Tags, layout: SampleLayout, wanted: PageRequest
) -> Image.Image:
    """Return a page whose strips or tiles are whole pictures: JPEG 2000 or WebP."""
    if layout.separate:
        raise unreadable(_WHAT, "pictures in planes of their own")
    (wide, high), (width, height) = layout.block, layout.size
    whole = Image.new("RGB", layout.size)
    most = layout.across * -(-height // high)
    for number, (offset, count) in enumerate(_blocks(file, tags, layout)[:most]):
        file.seek(offset)
        packed = io.BytesIO(file.read(count))
        image = open_image(packed, _PICTURES[layout.compression], wanted)
        if image.width > max(wide, width) or image.height > high:
            raise ValueError("a picture in it is larger than its place")
        image.load()
        if layout.compression == _YCBCR_INSIDE:
            image = Image.merge("YCbCr", image.convert("RGB").split())
        down, right = divmod(number, layout.across)
        whole.paste(flatten(image).convert("RGB"), (right * wide, down * high))
    return whole
