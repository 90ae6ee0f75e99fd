"""A picture of any size and mode becomes the square that the classifier sees.

This is the only place where it happens: training and the daemon both call it, so that the model is
asked about the same pixels that it was taught on.
"""

from typing import TYPE_CHECKING

from PIL import Image, ImageCms

from docsorter.pages.bands import reduced

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WHITE = (255, 255, 255)
_REDUCING_GAP = 2.0  # box-reduce to twice the target first: the same picture in a third of the time
_MAX_8_BIT = 255.0


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
    longest = max(image.size)
    width, height = (max(1, round(side * size / longest)) for side in image.size)
    return shrunk(image, (width, height), Image.Resampling.LANCZOS).convert("RGB")


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


def flatten(image: Image.Image) -> Image.Image:
    """Return a picture of any mode as `L` or `RGB`, what is transparent being white."""
    if image.mode in {"L", "RGB"} and not image.has_transparency_data:
        return image
    if image.has_transparency_data:
        over = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        paper = Image.new("RGBA", over.size, (*_WHITE, 255))
        return Image.alpha_composite(paper, over).convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bit(image)
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, *profiles, outputMode="RGB")
        return image.convert("RGB") if converted is None else converted
    return image.convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale a picture of more than 8 bits per sample to 8 bits.

    Sixteen-bit samples use their whole range. For integers of 32 bits and for floats no range is
    agreed on: the brightest sample is taken for white, unless all of them fit 0-255 already.
    """
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    extrema = image.getextrema()
    brightest = float(str(extrema[1]))
    scale = 1.0 if 1.0 < brightest <= _MAX_8_BIT else _MAX_8_BIT / max(brightest, 1e-9)
    return image.convert("F").point(lambda value: value * scale).convert("L")
