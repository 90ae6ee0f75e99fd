"""What use does to paper: holes, staples, stains, folds, marks; and the edges of a copy."""

import numpy as np

from docsorter.training.synth.effects import Pixels, Rng, smooth_field


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
