"""What a scan looks like as a scan, whatever stands on it: to notice that a scanner is new.

Measured in the child on the first page as it was decoded anyway, on a piece of it, in a few
milliseconds and without NumPy. What comes back is believed in nothing but being numbers.
"""

from collections.abc import Mapping
from typing import Any, Final

from PIL import Image, ImageChops, ImageFilter, ImageStat

from docsorter.pages.fit import flatten, shrunk
from docsorter.pages.pictures import BROKEN

INKS: Final = ("bw", "grey", "colour")
_NUMBERS: Final = {
    "dpi": (0.0, 10_000.0),
    "shape": (0.0, 100.0),
    "noise": (0.0, 1.0),
    "paper": (0.0, 1.0),
    "frame": (0.0, 1.0),
}
_PIECE: Final = 480  # pixels; the side of what noise is measured on
_SMALL: Final = 160
_COLOURED: Final = 18  # of 255: mean difference of the channels on grey paper stays below
_EXTREME: Final = 0.985  # of all pixels are nearly black or nearly white on a bitonal page
_DARK: Final = 96

Traits = dict[str, float | str]


def traits_of(page: Image.Image, small: Image.Image | None = None) -> Traits:
    """Return the traits of a decoded page.

    Args:
        page: Upright, of any mode; its `info` may say at how many dots per inch it was scanned.
        small: The same page as RGB of a few hundred pixels, where somebody has made one already.

    Returns:
        `dpi` as the file says, 0 when it says nothing; `shape`, height by width; `ink`, one of
        `INKS`; `noise`, mean deviation from the surroundings, 0-1; `paper`, the most frequent
        brightness, 0-1; `frame`, share of dark pixels along the edges, 0-1. Nothing where a page
        cannot be measured.
    """
    try:
        return _measured(page, small or page)
    except BROKEN:
        return {}  # a page is never refused for want of them


def _measured(page: Image.Image, seen: Image.Image) -> Traits:
    small = shrunk(seen, (_SMALL, _SMALL), Image.Resampling.BOX).convert("RGB")
    piece = _piece(page)
    histogram = piece.histogram()
    return {
        "dpi": _dpi(page),
        "shape": min(_NUMBERS["shape"][1], round(page.height / page.width, 2)),
        "ink": _ink(page, small, histogram),
        "noise": round(_noise(piece), 4),
        "paper": round(max(range(256), key=lambda level: histogram[level]) / 255, 3),
        "frame": round(_frame(small.convert("L")), 3),
    }


def checked(told: object) -> Traits:
    """Return the traits that a child told, without whatever is none."""
    if not isinstance(told, Mapping):
        return {}
    found: Traits = {}
    for name, (low, high) in _NUMBERS.items():
        value: Any = told.get(name)
        if isinstance(value, int | float) and low <= value <= high:
            found[name] = float(value)
    if told.get("ink") in INKS:
        found["ink"] = str(told["ink"])
    return found


def _piece(page: Image.Image) -> Image.Image:
    width, height = min(_PIECE, page.width), min(_PIECE, page.height)
    left, top = (page.width - width) // 2, (page.height - height) // 2
    return flatten(page.crop((left, top, left + width, top + height))).convert("L")


def _dpi(page: Image.Image) -> float:
    told = page.info.get("dpi")
    value = told[0] if isinstance(told, tuple) and told else 0
    try:
        number = round(float(value))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return 0.0
    low, high = _NUMBERS["dpi"]
    return float(number) if low <= number <= high else 0.0


def _ink(page: Image.Image, small: Image.Image, histogram: list[int]) -> str:
    red, green, blue = small.split()
    apart = ImageChops.lighter(
        ImageChops.difference(red, green), ImageChops.difference(green, blue)
    )
    # Coloured in places is enough: a logo, a stamp. Paper that is yellow all over is not meant.
    if ImageStat.Stat(apart).stddev[0] > _COLOURED:
        return "colour"
    extreme = sum(histogram[:24]) + sum(histogram[232:])
    return "bw" if page.mode == "1" or extreme >= _EXTREME * sum(histogram) else "grey"


def _noise(piece: Image.Image) -> float:
    """Mean deviation from the mean of the neighbours: grain, speckle, the traces of JPEG."""
    blurred = piece.filter(ImageFilter.BoxBlur(1))
    return float(ImageStat.Stat(ImageChops.difference(piece, blurred)).mean[0]) / 255


def _frame(small: Image.Image) -> float:
    dark = small.point([255] * _DARK + [0] * (256 - _DARK))
    edge = max(1, small.width // 50)
    strips = (
        (0, 0, small.width, edge),
        (0, small.height - edge, small.width, small.height),
        (0, 0, edge, small.height),
        (small.width - edge, 0, small.width, small.height),
    )
    means = [ImageStat.Stat(dark.crop(strip)).mean[0] / 255 for strip in strips]
    return sum(means) / len(means)
