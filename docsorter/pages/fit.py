"""An image of any size and mode becomes the square that the classifier sees; traits of a scan.

Training and the daemon both call `fit_page`, so that the model is asked about the same pixels that
it was trained on. Traits (resolution, ink, noise) are measured in the child on the first page, in a
few milliseconds and without NumPy; of what comes back only the ranges are trusted.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageChops, ImageCms, ImageFilter, ImageStat

from docsorter.pages.images import BROKEN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BAND: Final = 16  # rows of the reduced picture that are made at a time
_WHITE = (255, 255, 255)
_REDUCING_GAP = 2.0  # box-reduce to twice the target first: the same picture in a third of the time
_MAX_8_BIT = 255.0
_SQUARE: Final = 1.02  # pixels less oblong than this are left as they are
_OBLONG: Final = 10.0  # and these cannot be meant
_SIDES: Final = "sides in square pixels"  # key of a page's info

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


def fit_page(image: Image.Image, size: int) -> "NDArray[np.uint8]":
    """Return a page as the classifier sees it.

    Args:
        image: Upright page of any mode and size.
        size: Side of the square in pixels, >= 1.

    Returns:
        (size, size, 3) uint8, RGB, 0-255: the page over white, its aspect kept, resized with
        Lanczos, centred on white.
    """
    # NumPy is loaded on demand: the process that forks the readers does without it.
    import numpy as np  # noqa: PLC0415

    return np.array(centred(reduce_to(image, size), size), dtype=np.uint8)


def reduce_to(image: Image.Image, size: int) -> Image.Image:
    """Return a picture as RGB, its longer side `size` pixels: what `centred` puts on white."""
    sides = seen_sides(image)
    width, height = (max(1, round(side * size / max(sides))) for side in sides)
    small = shrunk(image, (width, height), Image.Resampling.LANCZOS).convert("RGB")
    small.info.pop(_SIDES, None)
    return small


def with_density(image: Image.Image, across: float, down: float) -> Image.Image:
    """Note oblong pixels: a fax of 204 by 98 dots per inch is twice as high as it is stored.

    Args:
        image: Upright page; its `info` keeps what `seen_sides` returns.
        across: Dots per any unit, from left to right; 0 when nothing is said.
        down: The same from top to bottom.
    """
    image.info.pop(_SIDES, None)
    if across > 0 and down > 0 and _SQUARE < max(across / down, down / across) <= _OBLONG:
        width, height = image.size
        image.info[_SIDES] = (width * min(1, down / across), height * min(1, across / down))
    return image


def seen_sides(image: Image.Image) -> tuple[float, float]:
    """Return width and height that a page has to the eye, in square pixels."""
    sides: tuple[float, float] = image.info.get(_SIDES, image.size)
    return sides


def centred(small: Image.Image, size: int) -> Image.Image:
    """Return an RGB picture of at most `size` x `size` in the middle of a white square."""
    square = Image.new("RGB", (size, size), _WHITE)
    square.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
    return square


def shrunk(image: Image.Image, size: tuple[int, int], by: Image.Resampling) -> Image.Image:
    """Return a picture as `L` or `RGB` of another size, averaged down to twice that size first.

    A black and white page is not unpacked whole for that, which took three times as long as all
    else that is done to it; the pixels are the same.

    Args:
        image: Of any mode.
        size: Width and height, pixels, >= 1.
        by: The filter of the last step.
    """
    if image.mode != "1" or image.has_transparency_data:
        return flatten(image).resize(size, by, reducing_gap=_REDUCING_GAP)
    across, down = (
        max(1, int(own / new / _REDUCING_GAP)) for own, new in zip(image.size, size, strict=True)
    )
    seen = (0.0, 0.0, image.width / across, image.height / down)
    return reduced(image, (across, down)).resize(size, by, seen)


def reduced(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    """Return a picture of mode `1`, `P`, `L` or `RGB` as `L` or `RGB`, reduced by two factors.

    Args:
        image: Of those that Pillow cannot average as they are, `1` and `P`, only a band at a time
            is unpacked. The pixels are those of unpacking it whole.
        factors: By how much, across and down, >= 1.
    """
    if image.mode in {"1", "P"} and image.height > _BAND * factors[1]:
        return _by_bands(image, factors)
    if image.mode in {"1", "P"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image.reduce(factors) if max(factors) > 1 else image


def _by_bands(image: Image.Image, factors: tuple[int, int]) -> Image.Image:
    width, height = (-(-side // factor) for side, factor in zip(image.size, factors, strict=True))
    whole = Image.new("L" if image.mode == "1" else "RGB", (width, height))
    for top in range(0, height, _BAND):
        bottom = min((top + _BAND) * factors[1], image.height)
        band = image.crop((0, top * factors[1], image.width, bottom))
        whole.paste(reduced(band, factors), (0, top))
    return whole


def flatten(image: Image.Image) -> Image.Image:
    """Return a picture of any mode as `L` or `RGB`, what is transparent being white."""
    if image.mode in {"L", "RGB"} and not image.has_transparency_data:
        return image
    if image.has_transparency_data and not image.mode.startswith("I"):
        return _over_white((image.convert("LA") if image.mode == "La" else image).convert("RGBA"))
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        return image.convert("RGB") if converted is None else converted
    return image.convert("RGB")


def _over_white(image: Image.Image) -> Image.Image:
    """Lay an `RGBA` picture over white.

    Where all of it is transparent and something is on it all the same, its writer left the samples
    of transparency empty, as many do in bitmaps of 32 bits: they are not heeded.
    """
    alpha = image.getchannel("A")
    if alpha.getextrema() == (0, 0):
        colours = image.convert("RGB")
        if any(len(set(ends)) > 1 for ends in colours.getextrema() if isinstance(ends, tuple)):
            return colours
    paper = Image.new("RGBA", image.size, (*_WHITE, 255))
    return Image.alpha_composite(paper, image).convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale a picture of more than 8 bits per sample to 8 bits.

    Sixteen-bit samples use their whole range. For integers of 32 bits and for floats no range is
    agreed on: the brightest sample is taken for white, unless all of them fit 0-255 already.
    """
    if image.mode.startswith("I;16"):
        levels = [value // 257 for value in range(65536)]
        if isinstance(key := image.info.get("transparency"), int):  # of a PNG
            levels[key & 65535] = 255
        return image.convert("I").point(levels, "L")
    extrema = image.getextrema()
    brightest = float(str(extrema[1]))
    scale = 1.0 if 1.0 < brightest <= _MAX_8_BIT else _MAX_8_BIT / max(brightest, 1e-9)
    return image.convert("F").point(lambda value: value * scale).convert("L")


def measure_traits(page: Image.Image, small: Image.Image | None = None) -> Traits:
    """Return the traits of a decoded page.

    Args:
        page: Upright, of any mode; its `info` may say at how many dots per inch it was scanned.
        small: The same page as RGB of a few hundred pixels, where somebody has made one already.

    Returns:
        `dpi` as the file says, 0 when it says nothing; `shape`, height by width; `ink`, one of
        `INKS`; `noise`, mean deviation from neighbouring pixels, 0-1; `paper`, the most frequent
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
    width, height = seen_sides(page)
    histogram = piece.histogram()
    return {
        "dpi": _dpi(page),
        "shape": min(_NUMBERS["shape"][1], round(height / width, 2)),
        "ink": _ink(page, small, histogram),
        "noise": round(_noise(piece), 4),
        "paper": round(max(range(256), key=lambda level: histogram[level]) / 255, 3),
        "frame": round(_frame(small.convert("L")), 3),
    }


def checked_traits(sent: object) -> Traits:
    """Return the traits that a child sent, without whatever is out of range."""
    if not isinstance(sent, Mapping):
        return {}
    found: Traits = {}
    for name, (low, high) in _NUMBERS.items():
        value: Any = sent.get(name)
        if isinstance(value, int | float) and low <= value <= high:
            found[name] = float(value)
    if sent.get("ink") in INKS:
        found["ink"] = str(sent["ink"])
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
