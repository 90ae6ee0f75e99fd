"""Pictures that could be photographs, made of noise."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "photo": {
        "scene": ("landscape", "blobs", "interior", "portrait"),
        "border": ("yes", "no"),
        "turned": ("yes", "no"),
        "tone": ("colour", "grey", "sepia"),
    },
}


def _noise(rng: np.random.Generator, height: int, width: int, cell: int) -> NDArray[np.float32]:
    """Return smooth noise between 0 and 1 with features about ``cell`` pixels wide."""
    small = (rng.random((height // cell + 2, width // cell + 2)) * 255).astype(np.uint8)
    large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def _scene(plan: Plan, rng: np.random.Generator, height: int, width: int) -> NDArray[np.float32]:
    """Return a made-up photograph, float RGB from 0 to 255."""
    coarse, fine = _noise(rng, height, width, 160), _noise(rng, height, width, 12)
    a, b, c = (rng.uniform(20, 235, 3).astype(np.float32) for _ in range(3))
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    if plan["scene"] == "landscape":
        level = 0.35 + 0.3 * _noise(rng, 2, width, 90)[0][None, :]
        mask = np.clip((y - level) * 40, 0, 1)
    elif plan["scene"] == "interior":
        mask = np.clip(
            np.floor(x * rng.integers(2, 7) + y * rng.integers(1, 5)) % 2 + 0.3 * coarse, 0, 1
        )
    elif plan["scene"] == "portrait":
        mask = np.clip(
            (((x - 0.5) / 0.28) ** 2 + ((y - 0.45) / 0.33) ** 2 < 1) * 1.0 + 0.2 * fine, 0, 1
        )
    else:
        mask = np.clip((coarse - 0.5) * 6 + 0.5, 0, 1)
    mask = mask.astype(np.float32)[..., None]
    base = a * (1 - mask) + b * mask + (c - 128) * 0.35 * coarse[..., None]
    return (
        base
        + (fine[..., None] - 0.5) * rng.uniform(20, 90)
        + rng.normal(0, 4, base.shape).astype(np.float32)
    )


def photo(plan: Plan, height: int) -> Image.Image:
    """Return a picture that could be a photograph; no page is behind it unless it has a border."""
    rng = np.random.default_rng(plan.rng.getrandbits(32))
    size = (height, int(height * 1.33)) if plan["turned"] == "yes" else (height, int(height * 0.72))
    pixels = np.clip(_scene(plan, rng, *size), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(plan.rng.uniform(0, 1.5)))
    if plan["tone"] != "colour":
        image = image.convert("L").convert("RGB")
    if plan["tone"] == "sepia":
        image = Image.fromarray((np.asarray(image) * np.array([1.0, 0.88, 0.7])).astype(np.uint8))
    if plan["border"] == "yes":
        sheet = Image.new("RGB", image.size, "white")
        inner = image.resize((int(image.width * 0.75), int(image.height * 0.6)))
        sheet.paste(
            inner, (int(image.width * 0.12), int(image.height * plan.rng.uniform(0.05, 0.3)))
        )
        return sheet
    return image
