"""Reduce a packed picture piece by piece: a child pays for every page of memory that it touches."""

from typing import Final

from PIL import Image

_BAND: Final = 16  # rows of the reduced picture that are made at a time


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
