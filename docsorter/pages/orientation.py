"""Which way is up: the only place where the orientation tag is obeyed.

The numbers are those of TIFF 6.0 (tag 274) and EXIF 2.3. Pillow turns a TIFF itself while it loads
it and removes the tag (Pillow#4053, #4063, #7381); the tag is therefore read after loading, when
whatever is left of it is still to be done. libheif does the same for HEIC.
"""

import warnings
from typing import Final

from PIL import Image

from docsorter.pages.pictures import BROKEN

_TAG: Final = 0x0112
_TURN: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, notes: list[str]) -> Image.Image:
    """Return a loaded picture the right way up.

    Args:
        image: Loaded picture.
        notes: Gains a line when the EXIF block is broken, which is no reason to refuse a page.
    """
    if _exif_broken(image):
        notes.append("the EXIF block is broken and was ignored")
        return image
    turn = _TURN.get(image.getexif().get(_TAG, 1))
    return image if turn is None else image.transpose(turn)


def _exif_broken(image: Image.Image) -> bool:
    """Whether the block fails to parse; Pillow itself may have swallowed that while opening."""
    block = image.info.get("exif")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            if isinstance(block, bytes):
                Image.Exif().load(block)
            hash(image.getexif().get(_TAG, 1))
    except (UserWarning, *BROKEN):
        return True
    return False
