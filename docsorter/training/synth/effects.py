"""What scanners, copiers, faxes, phones and coffee do to a page; each effect is one function.

Pictures are float32 arrays, height by width by 3, from 0 (black) to 255 (white). Nothing here
ever mirrors a page: paper can be turned, not reflected.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.float32]
Rng = np.random.Generator

_TILE = 2048


@cache
def _noise_tile() -> Pixels:
    """One square of normal noise, drawn once: cutting from it is far cheaper than drawing."""
    return np.random.default_rng(20_260_101).standard_normal((_TILE, _TILE), dtype=np.float32)


def to_pixels(image: Image.Image) -> Pixels:
    """Return ``image`` as pixels."""
    return np.asarray(image.convert("RGB"), np.float32)


def to_image(pixels: Pixels) -> Image.Image:
    """Return pixels as an RGB picture; what lies outside 0 to 255 is cut off."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _luma(pixels: Pixels) -> Pixels:
    return pixels @ np.array([0.299, 0.587, 0.114], np.float32)


def _spread(luma: Pixels) -> Pixels:
    """Return three equal channels; a copy of a view is several times quicker than ``repeat``."""
    return np.broadcast_to(luma[..., None], (*luma.shape, 3)).copy()


def noise(rng: Rng, height: int, width: int) -> Pixels:
    """Return normal noise, height by width by 1, for a page of any size."""
    tile = _noise_tile()
    spare = (_TILE - height, _TILE - width)
    if min(spare) <= 0:
        tile = np.tile(tile, (height // _TILE + 2, width // _TILE + 2))
        spare = (_TILE, _TILE)
    y, x = (int(rng.integers(0, room)) for room in spare)
    return tile[y : y + height, x : x + width, None]


def smooth_field(rng: Rng, height: int, width: int, cells: int) -> Pixels:
    """Return a field from 0 to 1, height by width by 1, that changes slowly over the page."""
    small = (rng.random((cells + 1, cells + 1)) * 255).astype(np.uint8)
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return (np.asarray(large, np.float32) / np.float32(255))[..., None]


def grey(pixels: Pixels) -> Pixels:
    """Take the colour away."""
    return _spread(_luma(pixels))


def skewed(image: Image.Image, degrees: float, shift: tuple[int, int], ground: int) -> Image.Image:
    """Turn a page a little and shift it, as if laid down carelessly."""
    return image.rotate(
        degrees,
        resample=Image.Resampling.BILINEAR,
        translate=shift,
        fillcolor=(ground, ground, ground),
    )


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """Blur with a box, which is quick and looks like a lens out of focus."""
    return image.filter(ImageFilter.BoxBlur(radius)) if radius > 0.05 else image


def paper(pixels: Pixels, rng: Rng) -> Pixels:
    """Make paper of white and ink of black: neither is pure in a scan."""
    white = (255 - 38 * rng.random() ** 2) * np.array(
        [1, rng.uniform(0.98, 1), 1 - 0.09 * rng.random() ** 2], np.float32
    )
    black = rng.uniform(0, 55)
    return black + pixels * ((white - black) / 255).astype(np.float32)


def edge_shadow(pixels: Pixels, rng: Rng) -> Pixels:
    """Darken one edge, where the lid was not quite closed."""
    height, width = pixels.shape[:2]
    side = int(rng.integers(0, 4))
    length = height if side % 2 else width
    reach = rng.uniform(0.01, 0.08) * length
    ramp = np.exp(-np.arange(length, dtype=np.float32) / reach) * rng.uniform(0.2, 0.8)
    if side >= 2:
        ramp = ramp[::-1]
    dark = ramp[:, None, None] if side % 2 else ramp[None, :, None]
    return pixels * (1 - dark)


def show_through(pixels: Pixels, rng: Rng) -> Pixels:
    """Let the back of the sheet shine through: the page itself, turned and faint."""
    back = to_pixels(blurred(to_image(pixels[::-1, ::-1]), 1.5))
    return np.minimum(pixels, 255 - (255 - back) * rng.uniform(0.04, 0.13))


def speckles(pixels: Pixels, rng: Rng, share: float) -> Pixels:
    """Scatter black and white dots over ``share`` of the page."""
    height, width = pixels.shape[:2]
    count = int(share * height * width)
    out = pixels.copy()
    ys, xs = rng.integers(0, height - 1, count), rng.integers(0, width - 1, count)
    shade = np.where(rng.random(count) < 0.75, 0, 255).astype(np.float32)
    out[ys, xs] = shade[:, None]
    big = count // 6
    out[ys[:big] + 1, xs[:big]] = shade[:big, None]
    return out


def scan_lines(pixels: Pixels, rng: Rng) -> Pixels:
    """Draw the streaks that dirt on the glass leaves: straight down the page."""
    out = pixels.copy()
    for _ in range(int(rng.integers(1, 4))):
        x = int(rng.integers(0, out.shape[1]))
        out[:, x : x + int(rng.integers(1, 3))] *= rng.uniform(0.1, 0.7)
    return out


def bilevel(pixels: Pixels, rng: Rng, softness: float) -> Pixels:
    """Reduce to black and white at a threshold; ``softness`` is the noise before it."""
    luma = _luma(pixels)
    luma = luma + noise(rng, *luma.shape)[..., 0] * softness
    return _spread(np.where(luma > rng.uniform(125, 215), np.float32(255), np.float32(0)))


def uneven_light(pixels: Pixels, rng: Rng) -> Pixels:
    """Light the page from one side and throw a soft shadow on it."""
    height, width = pixels.shape[:2]
    field = smooth_field(rng, height, width, int(rng.integers(1, 4)))
    tint = np.array([1, rng.uniform(0.93, 1.0), rng.uniform(0.8, 1.02)], np.float32)
    return pixels * (rng.uniform(0.55, 0.85) + field * rng.uniform(0.15, 0.5)) * tint


def tabletop(rng: Rng, height: int, width: int) -> Pixels:
    """Return a surface that a page may lie on: wood, stone, cloth or plain."""
    colour = rng.uniform(30, 225, 3).astype(np.float32)
    if rng.random() < 0.6:
        colour = np.array([150, 105, 65], np.float32) * rng.uniform(0.4, 1.5)
    grain = smooth_field(rng, height, max(2, width // 24), 20)
    grain = np.asarray(
        Image.fromarray((grain[..., 0] * 255).astype(np.uint8)).resize((width, height)), np.float32
    )
    return (
        colour
        + ((grain - 128) * rng.uniform(0.05, 0.35))[..., None]
        + noise(rng, height, width) * rng.uniform(1, 9)
    )


def perspective(
    page: Image.Image, corners: list[tuple[float, float]], size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """Lay a page into a picture of ``size`` so that its corners come to ``corners``.

    The corners are top left, top right, bottom right, bottom left. Returns the picture and
    the mask of where the page lies. The eight coefficients solve the usual linear system of
    a plane homography.
    """
    w, h = page.size
    source = [(0, 0), (w, 0), (w, h), (0, h)]
    matrix, target = [], []
    for (u, v), (x, y) in zip(source, corners, strict=True):
        matrix += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        target += [u, v]
    solved = np.linalg.solve(np.array(matrix, float), np.array(target, float)).tolist()
    method, kernel = Image.Transform.PERSPECTIVE, Image.Resampling.BILINEAR
    mask = Image.new("L", page.size, 255).transform(size, method, solved, kernel)
    return page.transform(size, method, solved, kernel), mask
