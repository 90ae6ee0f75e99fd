"""What a scanner, a fax or a camera makes of a page."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

# ----------------------------------------------------------------------
# What scanners, copiers, faxes, phones and coffee do to a page; each effect is one function.
#
# Pictures are float32 arrays, height by width by 3, from 0 (black) to 255 (white). Nothing here
# ever mirrors a page: paper can be turned, not reflected.

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


def greyed(pixels: Pixels) -> Pixels:
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
    """Make paper of white and ink of black: most scanners clip the paper, few keep its tone."""
    tint = np.array([1, rng.uniform(0.98, 1), 1 - 0.09 * rng.random() ** 2], np.float32)
    toned = rng.random() < 0.35
    white = (255 - 38 * rng.random() ** 2) * tint if toned else np.full(3, rng.uniform(255, 275))
    black = 55 * rng.random() ** 2
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


_SCREEN = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]], np.float32)
"""Bayer's matrix: the order in which the dots of a cell turn white."""


def bilevel(pixels: Pixels, rng: Rng, softness: float) -> Pixels:
    """Reduce to black and white at a threshold; ``softness`` is the noise before it.

    At times tints become a screen of dots, as drivers of scanners and printers do it.
    """
    luma = _luma(pixels)
    if rng.random() < 0.25:
        height, width = luma.shape
        cells = np.tile(_SCREEN, (height // 4 + 1, width // 4 + 1))[:height, :width]
        return _spread(np.where(luma > 16 * cells + 8, np.float32(255), np.float32(0)))
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


# ----------------------------------------------------------------------
# What use does to paper: holes, staples, stains, folds, marks; and the edges of a copy.


def copier_border(pixels: Pixels, rng: Rng) -> Pixels:
    """Blacken the edges that the lid of a copier did not cover."""
    out = pixels.copy()
    height, width = out.shape[:2]
    for side in range(4):
        if rng.random() < 0.3:
            reach = int(rng.uniform(0.005, 0.05) * (height if side % 2 else width))
            ragged = reach + (
                smooth_field(rng, 1, height if side < 2 else width, 12)[0, :, 0] * reach * 0.7
            )
            axis = np.arange(width if side < 2 else height)
            mask = axis[None, :] < ragged[:, None]
            if side in (1, 3):
                mask = mask[:, ::-1]
            out[mask if side < 2 else mask.T] = rng.uniform(0, 40)
    return out


def holes(pixels: Pixels, rng: Rng) -> Pixels:
    """Show punch holes or the shadow of a staple."""
    out = pixels.copy()
    height, width = out.shape[:2]
    y, x = np.ogrid[:height, :width]
    if rng.random() < 0.7:
        middle, gap = height * rng.uniform(0.46, 0.54), height * rng.choice([0.135, 0.36])
        for centre in (
            (middle - gap, middle + gap)
            if gap > 0.3 * height
            else (middle - gap / 2, middle + gap / 2)
        ):
            disc = (y - centre) ** 2 + (x - width * 0.035) ** 2 < (width * 0.013) ** 2
            out[disc] = rng.uniform(0, 90)
        return out
    left, top = int(width * rng.uniform(0.02, 0.08)), int(height * rng.uniform(0.01, 0.05))
    for step in range(int(width * 0.035)):
        out[top + step // 2 : top + step // 2 + 2, left + step] = 40
    return out


def stain(pixels: Pixels, rng: Rng) -> Pixels:
    """Leave the ring of a cup or a spill."""
    height, width = pixels.shape[:2]
    y, x = np.ogrid[:height, :width]
    radius = rng.uniform(0.07, 0.16) * width
    cy, cx = rng.uniform(0.1, 0.9) * height, rng.uniform(0.1, 0.9) * width
    away = np.sqrt((y - cy) ** 2 + (x - cx) ** 2).astype(np.float32)
    ring = np.exp(-(((away - radius) / (radius * 0.07)) ** 2)) * rng.uniform(0.3, 0.8)
    spill = (away < radius) * rng.uniform(0.05, 0.25)
    strength = (ring + spill)[..., None] * (0.5 + smooth_field(rng, height, width, 14))
    colour = np.array([150, 105, 55], np.float32)
    return pixels * (1 - strength * (1 - colour / 255)).astype(np.float32)


def folds(pixels: Pixels, rng: Rng) -> Pixels:
    """Show where the letter was folded."""
    out = pixels.copy()
    height, width = out.shape[:2]
    for share in (1 / 3, 2 / 3) if rng.random() < 0.6 else (0.5,):
        line = int(height * (share + rng.uniform(-0.015, 0.015)))
        out[line : line + 2] *= rng.uniform(0.7, 0.93)
        out[line + 2 : line + 4] += rng.uniform(3, 18)
        out[line + 4 :] *= rng.uniform(0.95, 1.0)
    if rng.random() < 0.25:
        out[:, width // 2 : width // 2 + 2] *= 0.85
    return out


def marker(pixels: Pixels, rng: Rng) -> Pixels:
    """Draw over a line with a highlighter or strike it with a pen."""
    out = pixels.copy()
    height, width = out.shape[:2]
    colours = ([255, 240, 90], [150, 255, 150], [255, 170, 210])
    for _ in range(int(rng.integers(1, 4))):
        top, left = int(rng.uniform(0.1, 0.9) * height), int(rng.uniform(0.05, 0.6) * width)
        area = (
            slice(top, top + height // 70),
            slice(left, left + int(rng.uniform(0.08, 0.35) * width)),
        )
        out[area] = np.minimum(out[area], np.array(colours[int(rng.integers(0, 3))], np.float32))
    return out


# ----------------------------------------------------------------------
# What decades, copies of copies and cheap machines do to a page.

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
    field = smooth_field(rng, height, width, int(rng.integers(4, 14)))
    return 255 - (255 - pixels) * (1 - rng.uniform(0.2, 0.75) * field)


def ink_share(pixels: Pixels) -> float:
    """Return the mean darkness of a page, 0 (white) to 1 (black)."""
    return float(1 - pixels.mean() / 255)


def two_tone(pixels: Pixels, rng: Rng) -> Pixels:
    """Reduce to black and white at a level of its own, harsh but never so that the ink is gone.

    The level lies between the page's ink and its paper; light levels break thin strokes, dark
    ones clog them.
    """
    grey = greyed(pixels)
    paper, ink = (float(v) for v in np.percentile(grey[::3, ::3, 0], (70, 1)))
    level = ink + (paper - ink) * rng.uniform(0.35, 0.84)
    grain = noise(rng, *grey.shape[:2]) * rng.uniform(1, 13)
    done = np.where(grey + grain > level, np.float32(255), np.float32(0))
    if ink_share(done) < _LEAST_INK * ink_share(grey):
        middle = ink + (paper - ink) * 0.8
        done = np.where(grey > middle, np.float32(255), np.float32(0))
    return done


def pepper(pixels: Pixels, rng: Rng) -> Pixels:
    """Strew dirt in clouds: much of it near an edge, single dots elsewhere."""
    height, width = pixels.shape[:2]
    out = speckles(pixels, rng, 0.002 * rng.random() ** 2)
    cloud = smooth_field(rng, height, width, int(rng.integers(3, 9)))[..., 0]
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))[None, :]
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))[:, None]
    edge = np.maximum(x, y) ** 6
    chance = (cloud**3 * 0.3 + edge) * 0.035 * rng.random() ** 2
    dots = noise(rng, height, width)[..., 0] > 3.6 - np.minimum(chance * 60, 1.6)
    out[dots] = 0
    return out


def copy_edges(pixels: Pixels, rng: Rng) -> Pixels:
    """Draw the black wedges, lines and corners that a copier's lid leaves around a sheet."""
    out = pixels.copy()
    height, width = out.shape[:2]
    for side in range(4):
        if rng.random() > 0.2:
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
    grey = greyed(pixels)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None, None]
    fall = 1 - rng.uniform(0.05, 0.4) * (x**2 + y**2) ** rng.uniform(0.8, 2)
    low, high = rng.uniform(30, 110), rng.uniform(160, 245)
    out = low + (grey / 255) ** rng.uniform(0.6, 1.8) * (high - low)
    out = out * fall * (0.94 + 0.12 * smooth_field(rng, height, width, 4))
    return out + noise(rng, height, width) * rng.uniform(3, 18)


def coloured(pixels: Pixels, rng: Rng) -> Pixels:
    """Print the page on coloured or aged paper."""
    papers = (
        (250, 244, 214), (255, 246, 158), (252, 216, 226), (214, 234, 250), (216, 243, 216),
        (235, 219, 186), (223, 223, 218), (255, 226, 190),
    )  # fmt: skip
    paper = np.array(papers[int(rng.integers(0, len(papers)))], np.float32)
    height, width = pixels.shape[:2]
    spots = 1 - rng.uniform(0, 0.14) * smooth_field(rng, height, width, 9)
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
    shade = int(rng.choice([255] * 18 + [0, 40, 82, 128, 200, 230]))
    size = (int(image.width * across), int(image.height * down))
    sheet = Image.new("RGB", size, (shade, shade, shade))
    middle = rng.random() < 0.7
    x, y = ((size[0] - image.width) // 2, (size[1] - image.height) // 2)
    if not middle:
        x, y = (int(rng.uniform(0, 1) * 2 * v) for v in (x, y))
    sheet.paste(image, (x, y))
    return sheet


def cut(image: Image.Image, rng: Rng) -> Image.Image:
    """Crop a page as people crop what they save: at the edges, to half of it, or to the ink."""
    width, height = image.size
    ink = ImageOps.invert(image.convert("L")).point(lambda value: 255 * (value > 60)).getbbox()
    if rng.random() < 0.3 and ink and min(ink[2] - ink[0], ink[3] - ink[1]) > width // 3:
        edge = int(rng.uniform(0, 0.04) * width)
        left, top = (max(0, value - edge) for value in ink[:2])
        return image.crop((left, top, min(ink[2] + edge, width), min(ink[3] + edge, height)))
    left, right = (int(rng.uniform(0, 0.05) * width) for _ in range(2))
    low = rng.uniform(0, 0.05) if rng.random() < 0.75 else rng.uniform(0.2, 0.5)
    top = int(rng.uniform(0, 0.05) * height)
    return image.crop((left, top, width - right, int(height * (1 - low))))


# ----------------------------------------------------------------------
# Machines that a page is laid into: scanners, fax machines, copiers, microfilm.


def handled(pixels: Pixels, rng: Rng) -> Pixels:
    """Let people have handled the paper."""
    marks: tuple[tuple[float, Callable[[Pixels, Rng], Pixels]], ...] = (
        (0.02, stain), (0.08, folds), (0.04, marker), (0.1, holes),
    )  # fmt: skip
    for chance, effect in marks:
        if rng.random() < chance:
            pixels = effect(pixels, rng)
    return pixels


def laid(image: Image.Image, rng: Rng, spread: float) -> Image.Image:
    """Lay a page on the glass, off its place and a little askew, or fed and straightened."""
    spread *= 1.0 if rng.random() < 0.5 else 0.2
    shift = (int(rng.normal(0, 0.012) * image.width), int(rng.normal(0, 0.012) * image.height))
    degrees = float(np.clip(rng.normal(0, spread), -3.2, 3.2))
    return skewed(image, degrees, shift, 255 if rng.random() < 0.92 else int(rng.integers(0, 120)))


def flatbed(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in colour on the glass of an office scanner."""
    if rng.random() < 0.08:
        image = to_image(coloured(to_pixels(image), rng))
    image = blurred(laid(image, rng, 0.9), rng.uniform(0, 0.6))
    pixels = paper(handled(to_pixels(image), rng), rng)
    if rng.random() < 0.12:
        pixels = show_through(pixels, rng)
    if rng.random() < 0.12:
        pixels = edge_shadow(pixels, rng)
    if rng.random() < 0.05:
        pixels = scan_lines(pixels, rng)
    return to_image(pixels + noise(rng, *pixels.shape[:2]) * (0.3 + 5 * rng.random() ** 2))


def scan_grey(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in shades of grey."""
    return flatbed(image, rng).convert("L").convert("RGB")


def scan_bilevel(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan in black and white, as document scanners are set up to do."""
    pixels = handled(to_pixels(laid(image, rng, 0.7)), rng)
    pixels = bilevel(pixels, rng, 12 * rng.random() ** 2)
    if rng.random() < 0.3:
        pixels = speckles(pixels, rng, 0.0015 * rng.random() ** 2)
    return to_image(pixels)


def fax(image: Image.Image, rng: Rng) -> Image.Image:
    """Send through a fax machine: coarse, black and white, stretched a little."""
    sheet = laid(image, rng, 1.0)
    scale = rng.uniform(0.55, 0.95)
    small = sheet.resize(
        (int(sheet.width * scale * 1.1), int(sheet.height * scale)), Image.Resampling.BOX
    )
    pixels = bilevel(to_pixels(small), rng, rng.uniform(3, 25))
    pixels = speckles(pixels, rng, 0.003 * rng.random() ** 2)
    if rng.random() < 0.2:
        pixels = scan_lines(pixels, rng)
    return to_image(pixels).resize(sheet.size, Image.Resampling.BILINEAR)


def copier(image: Image.Image, rng: Rng) -> Image.Image:
    """Copy first and scan then: hard contrast, dirt, black edges."""
    pixels = handled(to_pixels(blurred(laid(image, rng, 1.2), rng.uniform(0.3, 1.1))), rng)
    pixels = greyed(pixels)
    gain = rng.uniform(1.3, 3.0)
    pivot = rng.uniform(150, 225)
    pixels = (pixels - pivot) * gain + pivot + rng.uniform(-10, 30)
    pixels = copier_border(np.clip(pixels, 0, 255), rng)
    pixels = speckles(pixels, rng, 0.003 * rng.random() ** 2)
    blur = blurred(to_image(pixels), rng.uniform(0, 0.6))
    return to_image(bilevel(to_pixels(blur), rng, 10)) if rng.random() < 0.4 else blur


def lowres(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan at a resolution that is too low."""
    scale = rng.uniform(0.3, 0.5)
    small = flatbed(image, rng).resize(
        (int(image.width * scale), int(image.height * scale)), Image.Resampling.BOX
    )
    return small.resize(image.size, Image.Resampling.BILINEAR)


def archive(image: Image.Image, rng: Rng) -> Image.Image:
    """Scan a copy of an old sheet in black and white, or nearly: the look of 1960 to 2000."""
    sheet = strokes_changed(laid(image, rng, 1.1), rng)
    scale = rng.uniform(0.45, 1.0)
    size = (int(sheet.width * scale), int(sheet.height * scale))
    small = blurred(sheet.resize(size, Image.Resampling.BOX), rng.uniform(0, 0.9))
    pixels = to_pixels(small)
    if rng.random() < 0.5:
        pixels = patchy(pixels, rng)
    if rng.random() < 0.3:
        pixels = show_through(pixels, rng)
    pixels = holes(pixels, rng) if rng.random() < 0.3 else pixels
    pixels = two_tone(pixels, rng) if rng.random() < 0.8 else greyed(paper(pixels, rng))
    pixels = copy_edges(pepper(pixels, rng), rng)
    if rng.random() < 0.08:
        pixels = scan_lines(pixels, rng)
    way = Image.Resampling.NEAREST if rng.random() < 0.4 else Image.Resampling.BILINEAR
    return to_image(pixels).resize(image.size, way)


def microfilm(image: Image.Image, rng: Rng) -> Image.Image:
    """Photograph on film and scan the film: soft, grainy, dark towards the edges."""
    soft = blurred(strokes_changed(laid(image, rng, 0.8), rng), rng.uniform(0.4, 1.6))
    return to_image(copy_edges(film(to_pixels(soft), rng), rng))


# ----------------------------------------------------------------------
# Ways a page is seen from a distance: phones, cameras over a desk, screens.


def phone(image: Image.Image, rng: Rng) -> Image.Image:
    """Photograph a page from above with a phone, uneven light included.

    Programs that photograph paper cut the picture to the page.
    """
    spare = 0.0 if rng.random() < 0.35 else 1.0
    width = int(image.width * (1 + spare * rng.uniform(0.02, 0.35)))
    height = int(image.height * (1 + spare * rng.uniform(0.02, 0.3)))
    dx, dy = (width - image.width) / 2, (height - image.height) / 2
    jitter = (0.01 + 0.04 * spare) * image.width
    turn = np.deg2rad(rng.normal(0, 0.4 + 2.1 * spare))
    corners = []
    for x, y in ((0, 0), (image.width, 0), (image.width, image.height), (0, image.height)):
        ox, oy = x - image.width / 2, y - image.height / 2
        rx = ox * np.cos(turn) - oy * np.sin(turn) + image.width / 2 + dx
        ry = ox * np.sin(turn) + oy * np.cos(turn) + image.height / 2 + dy
        corners.append(
            (float(rx + rng.normal(0, jitter * 0.5)), float(ry + rng.normal(0, jitter * 0.5)))
        )
    page, mask = perspective(to_image(handled(to_pixels(image), rng)), corners, (width, height))
    weight = np.asarray(mask, np.float32)[..., None] / np.float32(255)
    scene = to_pixels(page) * weight + tabletop(rng, height, width) * (1 - weight)
    scene = uneven_light(scene, rng) + noise(rng, height, width) * rng.uniform(1, 8)
    return blurred(to_image(scene), rng.uniform(0, 1.0))


def desk(image: Image.Image, rng: Rng) -> Image.Image:
    """Photograph a page from the side, so that it fills the picture or lies far away in it."""
    far = rng.uniform(1.0, 1.9)
    smaller = max(1.0, far * 0.75)
    size = (int(image.width / smaller), int(image.height / smaller))
    image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    width, height = int(image.width * far), int(image.height * far * rng.uniform(0.8, 1.1))
    middle = np.array([width, height]) / 2 + rng.normal(0, 0.03, 2) * width
    turn = np.deg2rad(rng.normal(0, 9))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    narrow = rng.uniform(0.72, 1.0)
    half = np.array([image.width, image.height]) / 2
    corners: list[tuple[float, float]] = []
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        wide = narrow if y < 0 else 1.0
        point = middle + spin @ (half * np.array([x * wide, y * rng.uniform(0.86, 1.0)]))
        corners.append((float(point[0]), float(point[1])))
    if rng.random() < 0.2:
        image = to_image(coloured(to_pixels(image), rng))
    page, mask = perspective(image, corners, (width, height))
    weight = np.asarray(mask, np.float32)[..., None] / np.float32(255)
    scene = to_pixels(page) * weight + tabletop(rng, height, width) * (1 - weight)
    scene = uneven_light(scene, rng) + noise(rng, height, width) * rng.uniform(1, 9)
    return blurred(to_image(scene), rng.uniform(0, 1.4))


def screen(image: Image.Image, rng: Rng) -> Image.Image:
    """Save what a viewer or an office program shows: a clean page, on a canvas or cut."""
    draw = rng.random()
    page = image if draw < 0.45 else cut(image, rng)
    page = padded(page, rng) if draw < 0.75 else page
    return squeezed(page, rng) if rng.random() < 0.3 else page


# ----------------------------------------------------------------------
# How a page came into the computer: born digital, scanned, faxed, copied or photographed.

CAPTURES: tuple[str, ...] = (
    "digital",
    "flatbed",
    "grey",
    "bilevel",
    "fax",
    "copier",
    "phone",
    "lowres",
    "archive",
    "microfilm",
    "screen",
    "desk",
)
"""The ways of capture there are."""
_WEIGHTS = (33, 12, 8, 14, 3, 4, 5, 3, 5, 1, 9, 3)

FINE: dict[str, float] = {"bilevel": 2.0, "fax": 1.5, "copier": 1.7, "archive": 1.5}
"""Captures that think in black and white, and how many times finer their page has to be."""
_SMALL_SCANS = frozenset(
    {"flatbed", "grey", "bilevel", "fax", "copier", "lowres", "archive", "microfilm"}
)


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


_OLD = frozenset(
    {"letter-archive", "letter-naval", "letter-typewritten", "letter-fax"}
    | {"memo", "typed-report", "cable", "transcript"}
)
_NEW = frozenset({"invoice-web", "claim-digital", "scrap"})
_OLD_WAYS = {"archive": 4.0, "microfilm": 3.0, "copier": 1.5, "digital": 0.2, "screen": 0.3}
_IN_THE_HAND = frozenset({"receipt", "ticket", "business-card", "id-card"})
_HAND_WAYS = {"phone": 3.0, "desk": 5.0, "screen": 0.5}
_NEW_WAYS = {"digital": 2.0, "screen": 2.0, "archive": 0.4, "microfilm": 0.3, "fax": 0.5}

_LIKES = ((_OLD, _OLD_WAYS), (_NEW, _NEW_WAYS), (_IN_THE_HAND, _HAND_WAYS))


def draw_capture(rng: random.Random, kind: str = "") -> Capture:
    """Draw a way of capture that ``kind`` often meets; one page in thirty is not upright."""
    likes = next((ways for kinds, ways in _LIKES if kind in kinds), {})
    weights = [w * likes.get(n, 1.0) for n, w in zip(CAPTURES, _WEIGHTS, strict=True)]
    name = rng.choices(CAPTURES, weights)[0]
    turn = 0
    if name not in ("digital", "screen") and rng.random() < 0.035:
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


def _digital(image: Image.Image, rng: Rng) -> Image.Image:  # noqa: ARG001 - same shape as the others
    return image


_EFFECTS: dict[str, Callable[[Image.Image, Rng], Image.Image]] = {
    "digital": _digital, "flatbed": flatbed, "grey": scan_grey,
    "bilevel": scan_bilevel, "fax": fax, "copier": copier,
    "phone": phone, "lowres": lowres, "archive": archive,
    "microfilm": microfilm, "screen": screen, "desk": desk,
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
