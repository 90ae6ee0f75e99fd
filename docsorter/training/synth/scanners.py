"""Machines that a page is laid into: scanners, fax machines, copiers, microfilm."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from docsorter.training.synth import aged, wear
from docsorter.training.synth import effects as fx
from docsorter.training.synth.effects import Rng


def handled(pixels: fx.Pixels, rng: Rng) -> fx.Pixels:
    """Let people have handled the paper."""
    marks: tuple[tuple[float, Callable[[fx.Pixels, Rng], fx.Pixels]], ...] = (
        (0.05, wear.stain), (0.14, wear.folds), (0.05, wear.marker), (0.14, wear.holes),
    )  # fmt: skip
    for chance, effect in marks:
        if rng.random() < chance:
            pixels = effect(pixels, rng)
    return pixels


def laid(image: Image.Image, rng: Rng, spread: float) -> Image.Image:
    """Lay a page on the glass, a little askew and off its place."""
    shift = (int(rng.normal(0, 0.012) * image.width), int(rng.normal(0, 0.012) * image.height))
    degrees = float(np.clip(rng.normal(0, spread), -3.2, 3.2))
    return fx.skewed(
        image, degrees, shift, 255 if rng.random() < 0.85 else int(rng.integers(0, 120))
    )


def flatbed(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in colour on the glass of an office scanner."""
    if rng.random() < 0.08:
        image = fx.to_image(aged.coloured(fx.to_pixels(image), rng))
    image = fx.blurred(laid(image, rng, 0.9), rng.uniform(0, 0.8))
    pixels = fx.paper(handled(fx.to_pixels(image), rng), rng)
    if rng.random() < 0.2:
        pixels = fx.show_through(pixels, rng)
    if rng.random() < 0.25:
        pixels = fx.edge_shadow(pixels, rng)
    if rng.random() < 0.08:
        pixels = fx.scan_lines(pixels, rng)
    return fx.to_image(pixels + fx.noise(rng, *pixels.shape[:2]) * rng.uniform(0.5, 6))


def grey(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in shades of grey."""
    return flatbed(image, rng).convert("L").convert("RGB")


def bilevel(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in black and white, as document scanners are set up to do."""
    pixels = handled(fx.to_pixels(laid(image, rng, 0.7)), rng)
    pixels = fx.bilevel(pixels, rng, rng.uniform(0, 12))
    if rng.random() < 0.5:
        pixels = fx.speckles(pixels, rng, rng.uniform(0.00005, 0.002))
    return fx.to_image(pixels)


def fax(image: Image.Image, rng: Rng) -> Image.Image:
    """Send through a fax machine: coarse, black and white, stretched a little."""
    sheet = laid(image, rng, 1.0)
    scale = rng.uniform(0.55, 0.95)
    small = sheet.resize(
        (int(sheet.width * scale * 1.1), int(sheet.height * scale)), Image.Resampling.BOX
    )
    pixels = fx.bilevel(fx.to_pixels(small), rng, rng.uniform(3, 25))
    pixels = fx.speckles(pixels, rng, rng.uniform(0.0002, 0.004))
    if rng.random() < 0.4:
        pixels = fx.scan_lines(pixels, rng)
    return fx.to_image(pixels).resize(sheet.size, Image.Resampling.BILINEAR)


def copier(image: Image.Image, rng: Rng) -> Image.Image:
    """Copy first and scan then: hard contrast, dirt, black edges."""
    pixels = handled(fx.to_pixels(fx.blurred(laid(image, rng, 1.2), rng.uniform(0.3, 1.1))), rng)
    pixels = fx.grey(pixels)
    gain = rng.uniform(1.3, 3.0)
    pivot = rng.uniform(150, 225)
    pixels = (pixels - pivot) * gain + pivot + rng.uniform(-10, 30)
    pixels = wear.copier_border(np.clip(pixels, 0, 255), rng)
    pixels = fx.speckles(pixels, rng, rng.uniform(0.0002, 0.004))
    blur = fx.blurred(fx.to_image(pixels), rng.uniform(0, 0.6))
    return fx.to_image(fx.bilevel(fx.to_pixels(blur), rng, 10)) if rng.random() < 0.4 else blur


def lowres(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan at a resolution that is too low."""
    scale = rng.uniform(0.3, 0.5)
    small = flatbed(image, rng).resize(
        (int(image.width * scale), int(image.height * scale)), Image.Resampling.BOX
    )
    return small.resize(image.size, Image.Resampling.BILINEAR)


def archive(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan a copy of an old sheet in black and white, or nearly: the look of 1960 to 2000."""
    sheet = aged.strokes_changed(laid(image, rng, 1.1), rng)
    scale = rng.uniform(0.5, 1.0)
    size = (int(sheet.width * scale), int(sheet.height * scale))
    small = fx.blurred(sheet.resize(size, Image.Resampling.BOX), rng.uniform(0, 0.9))
    pixels = fx.to_pixels(small)
    if rng.random() < 0.5:
        pixels = aged.patchy(pixels, rng)
    if rng.random() < 0.3:
        pixels = fx.show_through(pixels, rng)
    pixels = wear.holes(pixels, rng) if rng.random() < 0.3 else pixels
    pixels = aged.two_tone(pixels, rng) if rng.random() < 0.8 else fx.grey(fx.paper(pixels, rng))
    pixels = aged.copy_edges(aged.pepper(pixels, rng), rng)
    if rng.random() < 0.2:
        pixels = fx.scan_lines(pixels, rng)
    way = Image.Resampling.NEAREST if rng.random() < 0.4 else Image.Resampling.BILINEAR
    return fx.to_image(pixels).resize(image.size, way)


def microfilm(image: Image.Image, rng: Rng) -> Image.Image:
    """Photograph on film and scan the film: soft, grainy, dark towards the edges."""
    soft = fx.blurred(aged.strokes_changed(laid(image, rng, 0.8), rng), rng.uniform(0.4, 1.6))
    return fx.to_image(aged.copy_edges(aged.film(fx.to_pixels(soft), rng), rng))
