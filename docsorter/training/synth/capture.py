"""How a page came into the computer: born digital, scanned, faxed, copied or photographed."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from docsorter.training.synth import effects as fx
from docsorter.training.synth import wear
from docsorter.training.synth.effects import Rng

CAPTURES: tuple[str, ...] = (
    "digital",
    "flatbed",
    "grey",
    "bilevel",
    "fax",
    "copier",
    "phone",
    "lowres",
)
"""The ways of capture there are."""
_WEIGHTS = (22, 22, 14, 12, 8, 9, 9, 4)

FINE: dict[str, float] = {"bilevel": 1.7, "fax": 1.5, "copier": 1.5}
"""Captures that think in black and white, and how many times finer their page has to be."""
_SMALL_SCANS = frozenset({"flatbed", "grey", "bilevel", "fax", "copier", "lowres"})


@dataclass(frozen=True, slots=True)
class Capture:
    """How a document was captured: by what, and whether it was the right way up."""

    name: str
    turn: int
    """Degrees anticlockwise: 0, 90, 180 or 270."""

    @property
    def tag(self) -> str:
        """One word for metadata, such as ``fax`` or ``flatbed+180``."""
        return f"{self.name}+{self.turn}" if self.turn else self.name


def draw_capture(rng: random.Random) -> Capture:
    """Draw a way of capture; about one page in thirty is not upright."""
    name = rng.choices(CAPTURES, _WEIGHTS)[0]
    turn = 0
    if name != "digital" and rng.random() < 0.035:
        turn = rng.choices((180, 90, 270), (6, 2, 2))[0]
    return Capture(name, turn)


def _on_glass(image: Image.Image, rng: Rng) -> Image.Image:
    """Lay something small on a scanner's glass of about A4."""
    height = int(max(image.height * rng.uniform(1.05, 1.5), image.width * 1.45))
    width = int(height / 1.414)
    ground = 255 if rng.random() < 0.85 else int(rng.integers(0, 60))
    sheet = Image.new("RGB", (max(width, image.width + 4), height), (ground, ground, ground))
    x = int(rng.uniform(0, sheet.width - image.width))
    y = int(rng.uniform(0, 0.6) * (height - image.height))
    sheet.paste(image, (x, y))
    return sheet


def _handled(pixels: fx.Pixels, rng: Rng) -> fx.Pixels:
    """Let people have handled the paper."""
    marks: tuple[tuple[float, Callable[[fx.Pixels, Rng], fx.Pixels]], ...] = (
        (0.05, wear.stain), (0.14, wear.folds), (0.05, wear.marker), (0.14, wear.holes),
    )  # fmt: skip
    for chance, effect in marks:
        if rng.random() < chance:
            pixels = effect(pixels, rng)
    return pixels


def _laid(image: Image.Image, rng: Rng, spread: float) -> Image.Image:
    shift = (int(rng.normal(0, 0.012) * image.width), int(rng.normal(0, 0.012) * image.height))
    degrees = float(np.clip(rng.normal(0, spread), -3.2, 3.2))
    return fx.skewed(
        image, degrees, shift, 255 if rng.random() < 0.85 else int(rng.integers(0, 120))
    )


def _flatbed(image: Image.Image, rng: Rng) -> Image.Image:
    image = fx.blurred(_laid(image, rng, 0.9), rng.uniform(0, 0.8))
    pixels = fx.paper(_handled(fx.to_pixels(image), rng), rng)
    if rng.random() < 0.2:
        pixels = fx.show_through(pixels, rng)
    if rng.random() < 0.25:
        pixels = fx.edge_shadow(pixels, rng)
    if rng.random() < 0.08:
        pixels = fx.scan_lines(pixels, rng)
    return fx.to_image(pixels + fx.noise(rng, *pixels.shape[:2]) * rng.uniform(0.5, 6))


def _grey(image: Image.Image, rng: Rng) -> Image.Image:
    return _flatbed(image, rng).convert("L").convert("RGB")


def _bilevel(image: Image.Image, rng: Rng) -> Image.Image:
    pixels = _handled(fx.to_pixels(_laid(image, rng, 0.7)), rng)
    pixels = fx.bilevel(pixels, rng, rng.uniform(0, 12))
    if rng.random() < 0.5:
        pixels = fx.speckles(pixels, rng, rng.uniform(0.00005, 0.002))
    return fx.to_image(pixels)


def _fax(image: Image.Image, rng: Rng) -> Image.Image:
    laid = _laid(image, rng, 1.0)
    scale = rng.uniform(0.55, 0.95)
    small = laid.resize(
        (int(laid.width * scale * 1.1), int(laid.height * scale)), Image.Resampling.BOX
    )
    pixels = fx.bilevel(fx.to_pixels(small), rng, rng.uniform(3, 25))
    pixels = fx.speckles(pixels, rng, rng.uniform(0.0002, 0.004))
    if rng.random() < 0.4:
        pixels = fx.scan_lines(pixels, rng)
    return fx.to_image(pixels).resize(laid.size, Image.Resampling.BILINEAR)


def _copier(image: Image.Image, rng: Rng) -> Image.Image:
    pixels = _handled(fx.to_pixels(fx.blurred(_laid(image, rng, 1.2), rng.uniform(0.3, 1.1))), rng)
    pixels = fx.grey(pixels)
    gain = rng.uniform(1.3, 3.0)
    pivot = rng.uniform(150, 225)
    pixels = (pixels - pivot) * gain + pivot + rng.uniform(-10, 30)
    pixels = wear.copier_border(np.clip(pixels, 0, 255), rng)
    pixels = fx.speckles(pixels, rng, rng.uniform(0.0002, 0.004))
    blur = fx.blurred(fx.to_image(pixels), rng.uniform(0, 0.6))
    return fx.to_image(fx.bilevel(fx.to_pixels(blur), rng, 10)) if rng.random() < 0.4 else blur


def _phone(image: Image.Image, rng: Rng) -> Image.Image:
    width = int(image.width * rng.uniform(1.02, 1.35))
    height = int(image.height * rng.uniform(1.02, 1.3))
    dx, dy = (width - image.width) / 2, (height - image.height) / 2
    jitter = 0.05 * image.width
    turn = np.deg2rad(rng.normal(0, 2.5))
    corners = []
    for x, y in ((0, 0), (image.width, 0), (image.width, image.height), (0, image.height)):
        ox, oy = x - image.width / 2, y - image.height / 2
        rx = ox * np.cos(turn) - oy * np.sin(turn) + image.width / 2 + dx
        ry = ox * np.sin(turn) + oy * np.cos(turn) + image.height / 2 + dy
        corners.append(
            (float(rx + rng.normal(0, jitter * 0.5)), float(ry + rng.normal(0, jitter * 0.5)))
        )
    page, mask = fx.perspective(
        fx.to_image(_handled(fx.to_pixels(image), rng)), corners, (width, height)
    )
    weight = np.asarray(mask, np.float32)[..., None] / np.float32(255)
    scene = fx.to_pixels(page) * weight + fx.tabletop(rng, height, width) * (1 - weight)
    scene = fx.uneven_light(scene, rng) + fx.noise(rng, height, width) * rng.uniform(1, 8)
    return fx.blurred(fx.to_image(scene), rng.uniform(0, 1.0))


def _lowres(image: Image.Image, rng: Rng) -> Image.Image:
    scale = rng.uniform(0.3, 0.5)
    small = _flatbed(image, rng).resize(
        (int(image.width * scale), int(image.height * scale)), Image.Resampling.BOX
    )
    return small.resize(image.size, Image.Resampling.BILINEAR)


def _digital(image: Image.Image, rng: Rng) -> Image.Image:  # noqa: ARG001 - same shape as the others
    return image


_EFFECTS: dict[str, Callable[[Image.Image, Rng], Image.Image]] = {
    "digital": _digital, "flatbed": _flatbed, "grey": _grey, "bilevel": _bilevel, "fax": _fax,
    "copier": _copier, "phone": _phone, "lowres": _lowres,
}  # fmt: skip


def captured(
    image: Image.Image, capture: Capture, seed: int, *, small: bool = False
) -> Image.Image:
    """Return ``image`` (RGB) as ``capture`` would have delivered it.

    ``small`` says that the thing is smaller than a sheet, so a scanner sees it on its glass.
    The same seed gives the same picture.
    """
    rng = np.random.default_rng(seed)
    if small and capture.name in _SMALL_SCANS:
        image = _on_glass(image, rng)
    done = _EFFECTS[capture.name](image, rng)
    return done.rotate(capture.turn, expand=True) if capture.turn else done
