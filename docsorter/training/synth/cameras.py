"""Ways a page is seen from a distance: phones, cameras over a desk, screens."""

import numpy as np
from PIL import Image

from docsorter.training.synth import aged
from docsorter.training.synth import effects as fx
from docsorter.training.synth.effects import Rng
from docsorter.training.synth.scanners import handled


def phone(image: Image.Image, rng: Rng) -> Image.Image:
    """Photograph a page from above with a phone, uneven light included."""
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
        fx.to_image(handled(fx.to_pixels(image), rng)), corners, (width, height)
    )
    weight = np.asarray(mask, np.float32)[..., None] / np.float32(255)
    scene = fx.to_pixels(page) * weight + fx.tabletop(rng, height, width) * (1 - weight)
    scene = fx.uneven_light(scene, rng) + fx.noise(rng, height, width) * rng.uniform(1, 8)
    return fx.blurred(fx.to_image(scene), rng.uniform(0, 1.0))


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
        image = fx.to_image(aged.coloured(fx.to_pixels(image), rng))
    page, mask = fx.perspective(image, corners, (width, height))
    weight = np.asarray(mask, np.float32)[..., None] / np.float32(255)
    scene = fx.to_pixels(page) * weight + fx.tabletop(rng, height, width) * (1 - weight)
    scene = fx.uneven_light(scene, rng) + fx.noise(rng, height, width) * rng.uniform(1, 9)
    return fx.blurred(fx.to_image(scene), rng.uniform(0, 1.4))


def screen(image: Image.Image, rng: Rng) -> Image.Image:
    """Save what a viewer or an office program shows: a clean page, on a canvas or cut."""
    draw = rng.random()
    page = image if draw < 0.45 else aged.cut(image, rng)
    page = aged.padded(page, rng) if draw < 0.75 else page
    return aged.squeezed(page, rng) if rng.random() < 0.3 else page
