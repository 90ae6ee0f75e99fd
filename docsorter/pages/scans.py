"""A PDF page that is one picture becomes that picture, laid on the page as its matrix says.

Drawing such a page unpacks every pixel, works out its colour and averages it again, in a program
that has to be started first. Here the decoder reduces while it decodes. What comes out is compared
with what poppler draws by tests, picture by picture.
"""

from typing import Final

import pikepdf
from PIL import Image

from docsorter.pages.embedded import picture
from docsorter.pages.matrix import Matrix
from docsorter.pages.only_picture import only_picture
from docsorter.pages.outline import Box, Sheet
from docsorter.pages.pictures import Wanted

_TRANSPOSE = Image.Transpose
# What turns rows from the top into the page, by the signs of the matrix: across, up.
_UPRIGHT: Final = {
    (True, True): None,
    (False, True): _TRANSPOSE.FLIP_LEFT_RIGHT,
    (True, False): _TRANSPOSE.FLIP_TOP_BOTTOM,
    (False, False): _TRANSPOSE.ROTATE_180,
}
# The same where rows run up or down the page, by the signs of c and b.
_LYING: Final = {
    (False, True): _TRANSPOSE.ROTATE_90,
    (True, False): _TRANSPOSE.ROTATE_270,
    (True, True): _TRANSPOSE.TRANSVERSE,
    (False, False): _TRANSPOSE.TRANSPOSE,
}
_TURNED: Final = {
    90: _TRANSPOSE.ROTATE_270,
    180: _TRANSPOSE.ROTATE_180,
    270: _TRANSPOSE.ROTATE_90,
}
_LEAST_SHARE: Final = 0.5  # of the page that the picture covers, and of the picture that is seen
_SLACK: Final = 1.0  # pixels at an edge that are left as they are
_OBLONG: Final = 0.003  # shares by which the pixels may be wider than high, or the reverse
_WHITE: Final[dict[str, int | tuple[int, int, int]]] = {"L": 255, "RGB": (255, 255, 255)}


def scanned(file: pikepdf.Pdf, sheet: Sheet, wanted: Wanted) -> Image.Image | None:
    """Return a page that is one picture, upright; None when it is for poppler to draw.

    Args:
        file: The document.
        sheet: The page.
        wanted: How many pixels are of use, and how many are too many.
    """
    try:
        return _taken(file, sheet, wanted)
    except Exception:  # noqa: BLE001 - poppler reads on where others give up, and says what is wrong
        return None


def _taken(file: pikepdf.Pdf, sheet: Sheet, wanted: Wanted) -> Image.Image | None:
    placed = only_picture(file, sheet)
    if placed is None:
        return None
    place, box = placed.matrix.box(), sheet.box
    shown = _shown(place, box)
    if shown is None:
        return None
    decoded = picture(placed.picture, wanted, round(wanted.averaged / shown))
    if decoded is None:
        return None
    turn = _turn_of(placed.matrix)
    page = _cut(decoded if turn is None else decoded.transpose(turn), place, box)
    return page.transpose(_TURNED[sheet.turn]) if sheet.turn else page


def _shown(place: Box, box: Box) -> float | None:
    """Return which share of the picture's longer side the page's longer side is.

    None when picture and page have little in common, so that the pixels of the one say little
    about those that the other needs.
    """
    across = min(place.right, box.right) - max(place.left, box.left)
    up = min(place.top, box.top) - max(place.bottom, box.bottom)
    least = _LEAST_SHARE
    if across < least * max(place.width, box.width) or up < least * max(place.height, box.height):
        return None
    return max(box.width, box.height) / max(place.width, place.height)


def _turn_of(matrix: Matrix) -> Image.Transpose | None:
    if abs(matrix.a) > abs(matrix.b):
        return _UPRIGHT[matrix.a > 0, matrix.d > 0]
    return _LYING[matrix.c > 0, matrix.b > 0]


def _cut(image: Image.Image, place: Box, box: Box) -> Image.Image:
    """Cut a picture to the page, white being where it does not reach, and make pixels square."""
    across, up = image.width / place.width, image.height / place.height  # pixels per point
    edges = (
        (box.left - place.left) * across,
        (place.top - box.top) * up,
        (box.right - place.left) * across,
        (place.top - box.bottom) * up,
    )
    whole = (0, 0, image.width, image.height)
    if any(abs(edge - own) > _SLACK for edge, own in zip(edges, whole, strict=True)):
        left, top, right, bottom = map(round, edges)
        page = Image.new(image.mode, (right - left, bottom - top), _WHITE[image.mode])
        page.paste(image, (-left, -top))
        image = page
    oblong = image.width / image.height * box.height / box.width
    if abs(oblong - 1) <= _OBLONG:
        return image
    width, height = image.size
    if oblong > 1:
        return image.resize((max(1, round(width / oblong)), height), Image.Resampling.BOX)
    return image.resize((width, max(1, round(height * oblong))), Image.Resampling.BOX)
