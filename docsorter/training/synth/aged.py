"""What decades, copies of copies and cheap machines do to a page; see ``effects`` for the rest."""

import io

import numpy as np
from PIL import Image, ImageFilter

from docsorter.training.synth import effects as fx
from docsorter.training.synth.effects import Pixels, Rng

_LEAST_INK = 0.25
"""Share of a page's ink that a threshold has to leave."""


def strokes_changed(image: Image.Image, rng: Rng) -> Image.Image:
    """Let strokes grow together or wear thin, as each copy of a copy does."""
    draw = rng.random()
    if draw < 0.35:
        return image.filter(ImageFilter.MinFilter(3))
    if draw < 0.5:
        return Image.blend(image, image.filter(ImageFilter.MaxFilter(3)), rng.uniform(0.2, 0.6))
    return image


def patchy(pixels: Pixels, rng: Rng) -> Pixels:
    """Let toner or ribbon fail in places: ink there is paler."""
    height, width = pixels.shape[:2]
    field = fx.smooth_field(rng, height, width, int(rng.integers(4, 14)))
    return 255 - (255 - pixels) * (1 - rng.uniform(0.2, 0.75) * field)


def ink_share(pixels: Pixels) -> float:
    """Return the mean darkness of a page, 0 (white) to 1 (black)."""
    return float(1 - pixels.mean() / 255)


def two_tone(pixels: Pixels, rng: Rng) -> Pixels:
    """Reduce to black and white at a level of its own, harsh but never so that the ink is gone.

    The level lies between the page's ink and its paper; light levels break thin strokes, dark
    ones clog them.
    """
    grey = fx.grey(pixels)
    paper, ink = (float(v) for v in np.percentile(grey[::3, ::3, 0], (70, 1)))
    level = ink + (paper - ink) * rng.uniform(0.35, 0.84)
    grain = fx.noise(rng, *grey.shape[:2]) * rng.uniform(1, 13)
    done = np.where(grey + grain > level, np.float32(255), np.float32(0))
    if ink_share(done) < _LEAST_INK * ink_share(grey):
        middle = ink + (paper - ink) * 0.8
        done = np.where(grey > middle, np.float32(255), np.float32(0))
    return done


def pepper(pixels: Pixels, rng: Rng) -> Pixels:
    """Strew dirt in clouds: much of it near an edge, single dots elsewhere."""
    height, width = pixels.shape[:2]
    out = fx.speckles(pixels, rng, rng.uniform(0.0001, 0.003))
    cloud = fx.smooth_field(rng, height, width, int(rng.integers(3, 9)))[..., 0]
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :]
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))[:, None]
    edge = np.maximum(x, y) ** 6
    chance = (cloud**3 * 0.3 + edge) * rng.uniform(0.001, 0.035)
    dots = fx.noise(rng, height, width)[..., 0] > 3.2 - np.minimum(chance * 60, 1.6)
    out[dots] = 0
    return out


def copy_edges(pixels: Pixels, rng: Rng) -> Pixels:
    """Draw the black wedges, lines and corners that a copier's lid leaves around a sheet."""
    out = pixels.copy()
    height, width = out.shape[:2]
    for side in range(4):
        if rng.random() > 0.35:
            continue
        length, depth = (height, width) if side < 2 else (width, height)
        along = np.linspace(0, 1, length, dtype=np.float32)
        start, end = rng.uniform(0, 0.035, 2) * depth
        reach = start + (end - start) * along + rng.uniform(0, 2)
        if rng.random() < 0.3:
            reach = np.where(np.abs(along - rng.random()) < rng.uniform(0.05, 0.4), reach, 0)
        mask = np.arange(depth)[None, :] < reach[:, None]
        mask = mask[:, ::-1] if side % 2 else mask
        out[mask if side < 2 else mask.T] = rng.uniform(0, 60)
    if rng.random() < 0.12:
        reach = int(rng.uniform(0.04, 0.16) * width)
        corner = np.add.outer(np.arange(reach), np.arange(reach)) < reach * 0.9
        block = corner[:, ::-1] if rng.random() < 0.5 else corner
        area = out[:reach, -reach:] if block is not corner else out[:reach, :reach]
        area[block] = rng.uniform(0, 50)
    return out


def film(pixels: Pixels, rng: Rng) -> Pixels:
    """Look at a page through microfilm: soft, grey, grainy, darker towards the edges."""
    height, width = pixels.shape[:2]
    grey = fx.grey(pixels)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    fall = 1 - rng.uniform(0.05, 0.4) * (x**2 + y**2) ** rng.uniform(0.8, 2)
    low, high = rng.uniform(30, 110), rng.uniform(160, 245)
    out = low + (grey / 255) ** rng.uniform(0.6, 1.8) * (high - low)
    out = out * fall * (0.94 + 0.12 * fx.smooth_field(rng, height, width, 4))
    return out + fx.noise(rng, height, width) * rng.uniform(3, 18)


def coloured(pixels: Pixels, rng: Rng) -> Pixels:
    """Print the page on coloured or aged paper."""
    papers = (
        (250, 244, 214), (255, 246, 158), (252, 216, 226), (214, 234, 250), (216, 243, 216),
        (235, 219, 186), (223, 223, 218), (255, 226, 190),
    )  # fmt: skip
    paper = np.array(papers[int(rng.integers(0, len(papers)))], np.float32)
    height, width = pixels.shape[:2]
    spots = 1 - rng.uniform(0, 0.14) * fx.smooth_field(rng, height, width, 9)
    return pixels * (paper / 255) * spots


def squeezed(image: Image.Image, rng: Rng) -> Image.Image:
    """Save at a very low quality, or at a low resolution, and read it again."""
    scale = rng.uniform(0.35, 0.8) if rng.random() < 0.6 else 1.0
    size = (max(8, int(image.width * scale)), max(8, int(image.height * scale)))
    small = image.resize(
        size, Image.Resampling.BOX if rng.random() < 0.7 else Image.Resampling.NEAREST
    )
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=int(rng.integers(12, 55)))
    back = Image.open(buffer).convert("RGB")
    return back.resize(image.size, Image.Resampling.BILINEAR)


def padded(image: Image.Image, rng: Rng) -> Image.Image:
    """Lay a page on a wider canvas, as viewers, slides and screenshots deliver it."""
    wide = rng.random() < 0.6
    across = rng.uniform(1.3, 2.0) if wide else rng.uniform(1.02, 1.4)
    down = rng.uniform(1.0, 1.08) if wide else rng.uniform(1.02, 1.5)
    shade = int(rng.choice([255] * 8 + [0, 40, 82, 128, 200, 230]))
    size = (int(image.width * across), int(image.height * down))
    sheet = Image.new("RGB", size, (shade, shade, shade))
    middle = rng.random() < 0.7
    x, y = ((size[0] - image.width) // 2, (size[1] - image.height) // 2)
    if not middle:
        x, y = (int(rng.uniform(0, 1) * 2 * v) for v in (x, y))
    sheet.paste(image, (x, y))
    return sheet


def cut(image: Image.Image, rng: Rng) -> Image.Image:
    """Cut a little off the edges, or the lower part of the page, as people crop what they save."""
    width, height = image.size
    left, right = (rng.uniform(0, 0.05) * width for _ in range(2))
    top = rng.uniform(0, 0.05) * height
    low = rng.uniform(0, 0.05) if rng.random() < 0.75 else rng.uniform(0.2, 0.5)
    box = (int(left), int(top), int(width - right), int(height * (1 - low)))
    return image.crop(box)
