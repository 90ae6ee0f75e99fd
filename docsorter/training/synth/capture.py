"""How a page came into the computer: born digital, scanned, faxed, copied or photographed."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from docsorter.training.synth import cameras, scanners
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
    "archive",
    "microfilm",
    "screen",
    "desk",
)
"""The ways of capture there are."""
_WEIGHTS = (22, 15, 9, 9, 5, 6, 7, 4, 10, 3, 7, 3)

FINE: dict[str, float] = {"bilevel": 1.7, "fax": 1.5, "copier": 1.5, "archive": 1.2}
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


_OLD = frozenset({"letter-archive", "letter-naval", "letter-typewritten", "letter-fax"})
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
    "digital": _digital, "flatbed": scanners.flatbed, "grey": scanners.grey,
    "bilevel": scanners.bilevel, "fax": scanners.fax, "copier": scanners.copier,
    "phone": cameras.phone, "lowres": scanners.lowres, "archive": scanners.archive,
    "microfilm": scanners.microfilm, "screen": cameras.screen, "desk": cameras.desk,
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
