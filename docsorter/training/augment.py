"""Augmented views of pages, and batches of them made ready in advance.

What scanners, fax machines, copiers and phones do to a page. Never a mirror: text has a side.
"""

import contextlib
import io
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

Item = TypeVar("Item")

AHEAD: Final = 6
"""Batches that are made ready in advance."""


def prefetched(
    make: Callable[[int], Item], numbers: range, pool: Executor | None = None, ahead: int = AHEAD
) -> Iterator[Item]:
    """Yield `make(number)` in order, made a few numbers ahead.

    Args:
        make: Makes an item; must be picklable when `pool` has processes.
        numbers: Of the items.
        pool: What makes them; by default two threads of its own.
        ahead: Items that are made ready in advance.
    """
    with contextlib.ExitStack() as stack:
        workers = pool or stack.enter_context(ThreadPoolExecutor(2))
        waiting: deque[Future[Item]] = deque()
        try:
            for number in numbers:
                waiting.append(workers.submit(make, number))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def in_chunks(length: int, size: int) -> list[slice]:
    """Return slices that cut a range of a length into chunks of a size."""
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): the pixel (x, y) shows what was at (ax + by + c, dx + ey + f)."""

_UPSIDE_DOWN: Final = 0.03
_WHITE: Final = 255
_FAR: Final = 0.12
"""Share of pages seen as a part of the picture: on a wide canvas, on a desk, in a viewer."""
_PLAIN: Final = 0.35
"""Share of views that only cut the edges: real pages are mostly straight, sharp and on white."""
_MARGIN: Final = 0.04


def augment(
    pixels: "NDArray[np.uint8]", size: int, rng: np.random.Generator
) -> "NDArray[np.uint8]":
    """Return a page as another machine might have scanned it.

    Args:
        pixels: (side, side, 3) uint8, the page on white; side is best a little above `size`.
        size: Side of the result in pixels.
        rng: Decides everything.

    Returns:
        (size, size, 3) uint8.
    """
    image = Image.fromarray(pixels)
    if rng.random() < _PLAIN:
        left, top, right, bottom = rng.uniform(0, _MARGIN, 4) * image.width
        box = (left, top, image.width - right, image.height - bottom)
        plain = np.array(image.resize((size, size), Image.Resampling.LANCZOS, box), np.uint8)
        return _jpeg(plain, rng) if rng.random() < 0.3 else plain
    if rng.random() < 0.9:
        coefficients = random_affine(image.width, rng)
        image = image.transform(
            image.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR,
            fillcolor=_surroundings(rng),
        )  # fmt: skip
    if rng.random() < 0.1:
        image = _fax(image, rng)
    if rng.random() < 0.1:
        image = _copied(image, rng)
    image = image.resize((size, size), Image.Resampling.BOX if rng.random() < 0.3
                         else Image.Resampling.LANCZOS)  # fmt: skip
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.1)))
    elif rng.random() < 0.15:
        image = image.filter(ImageFilter.UnsharpMask(1, int(rng.uniform(40, 150)), 2))
    if rng.random() < 0.35:
        image = image.convert("L").convert("RGB")
    values = np.asarray(image, np.float32)
    for change in (_tone, _shade, _noise, _erase):
        values = change(values, rng)
    result = np.clip(values, 0, _WHITE).astype(np.uint8)
    return _jpeg(result, rng) if rng.random() < 0.3 else result


def random_affine(side: int, rng: np.random.Generator) -> Affine:
    """Draw skew, shear, scale, aspect and shift, at a low rate upside down.

    The determinant is always positive: a turn keeps the handedness of the page, a mirror does not.
    """
    spread = 1.2 if rng.random() < 0.8 else 4.0
    angle = math.radians(float(np.clip(rng.normal(0, spread), -9, 9)))
    if rng.random() < _UPSIDE_DOWN:
        angle += math.pi
    far = rng.random() < _FAR
    scale = 1 / (rng.uniform(0.5, 0.85) if far else rng.uniform(0.85, 1.16))
    aspect = math.exp(rng.uniform(-0.08, 0.08))
    shear = rng.uniform(-0.03, 0.03)
    cosine, sine = math.cos(angle), math.sin(angle)
    a, b = scale * aspect * cosine, scale * (shear * cosine - sine) / aspect
    d, e = scale * aspect * sine, scale * (shear * sine + cosine) / aspect
    middle = side / 2
    dx, dy = rng.uniform(-0.06, 0.06, size=2) * side
    c = middle - a * (middle + dx) - b * (middle + dy)
    f = middle - d * (middle + dx) - e * (middle + dy)
    return (a, b, c, d, e, f)


def _surroundings(rng: np.random.Generator) -> tuple[int, int, int]:
    """Colour of what lies around the page: mostly white, at times a dark lid or a desk."""
    draw = rng.random()
    if draw < 0.9:
        return (_WHITE, _WHITE, _WHITE)
    if draw < 0.96:
        grey = int(rng.integers(0, 60))
        return (grey, grey, grey)
    red, green, blue = (int(value) for value in rng.integers(60, 230, size=3))
    return (red, green, blue)


def _fax(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Black and white only, by a threshold or (fewer) by dithering."""
    grey = image.convert("L")
    if rng.random() < 0.3:
        return grey.convert("1").convert("RGB")
    level = rng.uniform(150, 238)
    return grey.point([_WHITE if value > level else 0 for value in range(256)]).convert("RGB")


def _copied(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Thicker or thinner strokes, as copies of copies have; thin ones stay visible."""
    if rng.random() < 0.6:
        return image.filter(ImageFilter.MinFilter(3))
    return Image.blend(image, image.filter(ImageFilter.MaxFilter(3)), rng.uniform(0.2, 0.5))


def _tone(values: "NDArray[np.float32]", rng: np.random.Generator) -> "NDArray[np.float32]":
    """Gamma, contrast, brightness and the colour of the paper."""
    if rng.random() < 0.6:
        gamma, contrast = math.exp(rng.uniform(-0.45, 0.45)), rng.uniform(0.6, 1.25)
        curved = _WHITE * (np.clip(values, 0, _WHITE) / _WHITE) ** gamma
        brightness = rng.uniform(-35, 20)
        values = np.asarray((curved - 128) * contrast + 128 + brightness, np.float32)
    if rng.random() < 0.25:
        values = values * rng.uniform(0.82, 1.03, size=3).astype(np.float32)
    return values.astype(np.float32)


def _shade(values: "NDArray[np.float32]", rng: np.random.Generator) -> "NDArray[np.float32]":
    """Light that falls off to one side, as in a photo."""
    if rng.random() >= 0.2:
        return values
    side = values.shape[0]
    ramp = np.linspace(-1, 1, side, dtype=np.float32)
    slope_x, slope_y = rng.uniform(-0.22, 0.22, size=2)
    light = 1 + slope_x * ramp[None, :, None] + slope_y * ramp[:, None, None]
    return (values * np.minimum(light, 1.08)).astype(np.float32)


def _noise(values: "NDArray[np.float32]", rng: np.random.Generator) -> "NDArray[np.float32]":
    """Sensor noise, and at times specks of dust."""
    if rng.random() < 0.4:
        grain = rng.normal(0, rng.uniform(1, 11), size=(*values.shape[:2], 1))
        values = values + grain.astype(np.float32)
    if rng.random() < 0.1:
        specks = rng.random(values.shape[:2]) < rng.uniform(0.0005, 0.004)
        values = np.where(specks[..., None], np.float32(rng.choice([0, _WHITE])), values)
    return values


def _erase(values: "NDArray[np.float32]", rng: np.random.Generator) -> "NDArray[np.float32]":
    """A part of the page covered: a fold, a note, a stain (random erasing, arXiv:1708.04896)."""
    if rng.random() >= 0.15:
        return values
    side = values.shape[0]
    height, width = (int(side * share) for share in rng.uniform(0.06, 0.35, size=2))
    top, left = int(rng.integers(0, side - height)), int(rng.integers(0, side - width))
    values = values.copy()
    patch = values[top : top + height, left : left + width]
    patch[:] = rng.uniform(30, 255) if rng.random() < 0.6 else patch * rng.uniform(0.5, 0.9)
    return values


def _jpeg(pixels: "NDArray[np.uint8]", rng: np.random.Generator) -> "NDArray[np.uint8]":
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=int(rng.integers(18, 80)))
    return np.array(Image.open(buffer), np.uint8)
