"""Pictures: one picture, one page; of an animation, in GIF too, the first frame is the page."""

import io
import math
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, Final

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

from docsorter.pages.fit import with_density
from docsorter.pages.images import (
    BROKEN,
    PageRequest,
    PageStream,
    check_pixels,
    decoding,
    open_image,
    scanner_name,
    unreadable,
    upright,
)

pillow_heif.register_heif_opener()
# One thread: each would reserve a stack of the child's address space.
pillow_heif.options.DECODE_THREADS = 1
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Named so that importing this module loads the plug-ins before the first fork.
PLUGINS: Final = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)
_FORMATS: Final = {
    "image/jpeg": ("JPEG", "the JPEG"),
    "image/png": ("PNG", "the PNG"),
    "image/webp": ("WEBP", "the WebP picture"),
    "image/bmp": ("BMP", "the bitmap"),
    "image/gif": ("GIF", "the GIF picture"),
    "image/avif": ("AVIF", "the AVIF picture"),
    "image/jp2": ("JPEG2000", "the JPEG 2000 picture"),
}
# ITU-T T.81, table B.1, and T.87: frames of a JPEG, and those that libjpeg does not read.
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_UNREAD_FRAMES: Final = {
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical JPEG"),
    0xC3: "lossless JPEG",
    0xCB: "lossless JPEG",
    0xF7: "JPEG-LS",
}
_X_RESOLUTION, _Y_RESOLUTION = 0x011A, 0x011B
_BITFIELDS, _EMBEDDED, _ALPHA_BITFIELDS = 3, {4: "JPEG", 5: "PNG"}, 6  # compressions of a bitmap
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_OS2: Final = 64  # size of its header, in which those numbers mean something else


def read(file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool) -> PageStream:
    """Read a picture.

    Raises:
        DocumentError: Why it cannot be read.
    """
    format_name, what = _FORMATS[media_type]
    with decoding(what, tail_missing=tail_missing):
        try:
            image = open_image(file, format_name, wanted)
            _reduce_while_decoding(image, wanted)
            image.load()
        except BROKEN:
            other = _otherwise(file, format_name, wanted)
            if other is None:
                raise
            image = other
        if format_name == "GIF":
            file.seek(12)
            shape = file.read(1)[0]  # of a pixel: its width by its height, in 64ths, less 15
            image.info["aspect"] = (64, shape + 15) if shape else (1, 1)
    return _one_page(image, wanted)


def _otherwise(file: BinaryIO, format_name: str, wanted: PageRequest) -> Image.Image | None:
    """Read what Pillow does not, or say what it is; None when it ought to have read it."""
    if format_name == "JPEG":
        kind, bits = _frame(file)
        if kind in _UNREAD_FRAMES:
            raise unreadable("the file", _UNREAD_FRAMES[kind])
        if bits != 8:  # noqa: PLR2004
            raise unreadable("the file", f"a JPEG of {bits} bits")
    if format_name == "BMP":
        file.seek(0)
        head = file.read(70)
        (header,) = struct.unpack_from("<I", head, 14)
        bits, compression = struct.unpack_from("<HI", head, 28)
        if compression in _EMBEDDED and header != _OS2:
            file.seek(int.from_bytes(head[10:14], "little"))
            inside = open_image(io.BytesIO(file.read()), _EMBEDDED[compression], wanted)
            inside.load()
            return inside
        if compression in {_BITFIELDS, _ALPHA_BITFIELDS} and bits in {16, 32} and header != _OS2:
            return _by_masks(file, head, wanted)
        if header not in _BMP_HEADERS:
            raise unreadable("the bitmap", f"a header of {header} bytes")
        if compression > 2 or bits not in {1, 4, 8, 16, 24, 32}:  # noqa: PLR2004 - RLE
            raise unreadable("the bitmap", f"compression {compression} at {bits} bits")
    return None


def _frame(file: BinaryIO) -> tuple[int, int]:
    """Return the kind of a JPEG and the bits of its samples, as its frame header has them."""
    file.seek(2)
    while len(head := file.read(5)) == 5 and head[0] == 0xFF:  # noqa: PLR2004
        if head[1] in _FRAMES:
            return head[1], head[4]
        file.seek(int.from_bytes(head[2:4], "big") - 3, io.SEEK_CUR)
    return 0, 8


def _by_masks(file: BinaryIO, head: bytes, wanted: PageRequest) -> Image.Image:
    """Read a bitmap whose header says which bits of a pixel are which colour."""
    import numpy as np  # noqa: PLC0415 - for a few bitmaps only

    width, height, _, bits, compression = struct.unpack_from("<iiHHI", head, 18)
    (offset,), (header,) = struct.unpack_from("<I", head, 10), struct.unpack_from("<I", head, 14)
    size = width, abs(height)
    check_pixels(size, wanted)
    stride = -(-width * bits // 32) * 4
    file.seek(offset)
    stored = file.read(stride * size[1])
    rows = np.frombuffer(stored, f"<u{bits // 8}").reshape(size[1], -1)[:, :width]
    whole = header >= 56 or compression == _ALPHA_BITFIELDS  # noqa: PLR2004 - has a fourth mask
    masks = struct.unpack_from("<IIII" if whole else "<III", head, 54)
    bands = []
    for mask in masks if masks[-1] else masks[:3]:
        shift = (mask & -mask).bit_length() - 1
        if mask == 0:
            raise ValueError("its masks make no sense")
        scaled = ((rows & mask) >> shift) * (255 / (mask >> shift))
        bands.append(Image.fromarray((scaled + 0.5).astype(np.uint8)))
    image = Image.merge("RGBA" if len(bands) > 3 else "RGB", bands)  # noqa: PLR2004
    return image if height < 0 else image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def read_heif(
    file: BinaryIO, wanted: PageRequest, *, media_type: str, tail_missing: bool
) -> PageStream:
    """Read a HEIC picture; libheif turns it upright by itself.

    Raises:
        DocumentError: Why it cannot be read.
    """
    del media_type
    with decoding("the HEIC picture", tail_missing=tail_missing):
        image = open_image(file, "HEIF", wanted)
        image.load()
    return _one_page(image, wanted)


def _reduce_while_decoding(image: Image.Image, wanted: PageRequest) -> None:
    """Let a JPEG decode at 1/2, 1/4 or 1/8, still no smaller than what is of use."""
    scale = wanted.averaged / max(image.size)
    if scale < 1:
        width, height = (math.ceil(side * scale) for side in image.size)
        image.draft(None, (width, height))  # None keeps the mode


def _one_page(image: Image.Image, wanted: PageRequest) -> PageStream:
    notes: list[str] = []

    def pages() -> Iterator[Image.Image]:
        for _ in wanted.numbers(1):
            page = upright(image, notes)
            across, down = _resolution(image)
            lies = page.size != image.size  # its resolutions are those of the stored picture
            yield with_density(page, *((down, across) if lies else (across, down)))

    return PageStream(1, pages(), scanner_name(image), notes)


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Return dots across and down, of any unit; zeros where the file says nothing.

    Of EXIF Pillow itself takes but the first number, so it is asked before what Pillow says.
    """
    told = [image.info.get("jfif_density")]
    with suppress(*BROKEN):
        exif = image.getexif()
        told.append((exif[_X_RESOLUTION], exif[_Y_RESOLUTION]))
    told += [image.info.get("dpi"), image.info.get("aspect")]
    with suppress(*BROKEN):
        across, down = next((pair for pair in told if pair), (0, 0))
        return float(across), float(down)
    return 0.0, 0.0
