"""A picture inside a PDF is decoded here as it lies in the file, at a reduced scale.

Only what scanners write is known here; the rest is None and for poppler to draw. No library that
Pillow carries reads JBIG2.
"""

import io
from collections.abc import Callable
from typing import Final

import pikepdf
from PIL import Image, ImageOps, Jpeg2KImagePlugin

from docsorter.pages import bilevel, samples
from docsorter.pages.coded import Coded, promised
from docsorter.pages.pictures import Wanted, open_picture
from docsorter.pages.unpacking import filter_of

# Named so that importing this module loads the plug-in before the first fork.
PLUGINS: Final = (Jpeg2KImagePlugin,)


def picture(stream: pikepdf.Stream, wanted: Wanted, pixels: int) -> Image.Image | None:
    """Decode a picture of a PDF.

    Args:
        stream: The picture.
        wanted: Says how many pixels are too many.
        pixels: Longest side of the whole picture that is of use.

    Returns:
        It in mode `L` or `RGB`, no smaller than what is of use, its rows from the top; None when
        it is of a kind that is not known here.

    Raises:
        DocumentError: Its header claims too many pixels.
        Exception: Whatever Pillow and pikepdf raise over broken bytes.
    """
    packing = filter_of(stream)
    decode = None if packing is None else _DECODERS.get(packing[0])
    if packing is None or decode is None:
        return None
    coded = promised(stream, packing[1], jpeg2000=packing[0] == "/JPXDecode")
    if coded is None or coded.width * coded.height > wanted.max_pixels:
        return None
    factor = max(1, max(coded.width, coded.height) // max(1, pixels))
    decoded = decode(stream.read_raw_bytes(), coded, wanted, factor)
    if decoded is None:
        return None
    return ImageOps.invert(decoded) if coded.inverted else decoded


def _jpeg(data: bytes, coded: Coded, wanted: Wanted, factor: int) -> Image.Image | None:
    if len(coded.parameters) or coded.bits != 8:  # noqa: PLR2004
        return None
    image = open_picture(io.BytesIO(data), "JPEG", wanted)
    if image.size != (coded.width, coded.height) or image.mode != coded.mode:
        return None
    image.draft(None, (coded.width // factor, coded.height // factor))
    image.load()
    return image


def _jpeg2000(data: bytes, coded: Coded, wanted: Wanted, factor: int) -> Image.Image | None:
    image = open_picture(io.BytesIO(data), "JPEG2000", wanted)
    if image.size != (coded.width, coded.height) or image.mode != coded.mode:
        return None
    # Each level of the wavelet halves the picture; what levels there are, the decoder knows.
    image.reduce = factor.bit_length() - 1  # type: ignore[method-assign,assignment]
    image.load()
    return image


_DECODERS: Final[dict[str, Callable[[bytes, Coded, Wanted, int], Image.Image | None]]] = {
    "/DCTDecode": _jpeg,
    "/JPXDecode": _jpeg2000,
    "/CCITTFaxDecode": bilevel.group4,
    "/FlateDecode": samples.flate,
}
