"""What a document will look like before a word of it is written: parts, style, place.

A kind is made of *slots* (letterhead, table, totals ...) with a few *parts* each. One part
for every slot is a layout; its identity is a hash of the parts. A fifth of all layouts,
chosen by that hash, belongs to the split ``test`` and is never drawn for ``train``.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from docsorter.training.synth.fonts import FontBook
from docsorter.training.synth.kinds import Split
from docsorter.training.synth.locales import LOCALES, WEIGHTS, Locale

T = TypeVar("T")
Slots = Mapping[str, Sequence[str]]

_TEST_SHARE = 5  # one layout in five

_ACCENTS = (
    "#1f4e79", "#2e75b6", "#0b6e4f", "#7b241c", "#b03a2e", "#6c3483", "#d35400", "#117a65",
    "#2c3e50", "#34495e", "#c0392b", "#16a085", "#8e44ad", "#e67e22", "#0077b6", "#588157",
    "#bc4749", "#003049", "#5f0f40", "#606c38", "#f4a261", "#3a86ff", "#9a031e", "#444444",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is printed, whatever it says."""

    body: str
    head: str
    mono: str
    hand: str
    size: float
    """Body text in points."""
    accent: str
    tint: str
    """A light relative of ``accent`` for shaded areas."""
    rule: float
    """Line width in points."""
    width: float
    height: float
    """Paper in millimetres."""
    margin: float
    colour: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the content."""

    kind: str
    split: Split
    parts: Mapping[str, str]
    layout: str
    locale: Locale
    style: Style
    rng: random.Random

    def __getitem__(self, slot: str) -> str:
        return self.parts[slot]


def layout_id(kind: str, parts: Mapping[str, str]) -> str:
    """Return the identity of a layout: its kind and eight hex digits of its parts."""
    text = kind + "|" + "|".join(f"{slot}={parts[slot]}" for slot in sorted(parts))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def split_of(layout: str) -> Split:
    """Return the one split that may use ``layout``."""
    return "test" if int(layout[-8:], 16) % _TEST_SHARE == 0 else "train"


def draw_parts(kind: str, slots: Slots, split: Split, rng: random.Random) -> dict[str, str]:
    """Draw one part for each slot such that the layout belongs to ``split``.

    Raises:
        ValueError: if the kind has too few layouts for one of them to fall into ``split``.
    """
    for _ in range(2000):
        parts = {slot: rng.choice(list(options)) for slot, options in slots.items()}
        if split_of(layout_id(kind, parts)) == split:
            return parts
    raise ValueError(f"{kind} has no layout for {split}: give it more parts")


def tinted(colour: str, share: float) -> str:
    """Mix ``share`` (0 to 1) of ``colour``, ``#rrggbb``, into white."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - c) * share):02x}" for c in channels)


def draw_style(locale: Locale, split: Split, fonts: FontBook, rng: random.Random) -> Style:
    """Draw fonts, sizes and colours; ``split`` decides which fonts may be drawn."""
    role = rng.choices(("sans", "serif", "mono"), (70, 26, 4))[0]
    body = rng.choice(fonts.faces(role, split))  # type: ignore[arg-type]
    head = body if rng.random() < 0.6 else rng.choice(fonts.faces("sans", split))
    colour = rng.random() < 0.55
    accent = rng.choice(_ACCENTS) if colour else rng.choice(("#000000", "#222222", "#444444"))
    a4 = locale.paper == "a4"
    return Style(
        body=body,
        head=head,
        mono=rng.choice(fonts.faces("mono", split)),
        hand=rng.choice(fonts.faces("hand", split)),
        size=rng.uniform(7.6, 11.2),
        accent=accent,
        tint=tinted(accent, rng.uniform(0.08, 0.28)),
        rule=rng.choice((0.3, 0.5, 0.5, 0.7, 1.0, 1.4)),
        width=210.0 if a4 else 215.9,
        height=297.0 if a4 else 279.4,
        margin=rng.uniform(10.0, 26.0),
        colour=colour,
    )


def draw_locale(rng: random.Random) -> Locale:
    """Draw a locale, the more common ones more often."""
    return rng.choices(LOCALES, WEIGHTS)[0]


def make_plan(
    kind: str,
    slots: Slots,
    split: Split,
    fonts: FontBook,
    rng: random.Random,
    locale: Locale | None = None,
) -> Plan:
    """Decide layout, style and locale for one document.

    Raises:
        ValueError: see ``draw_parts``.
    """
    place = locale if locale is not None else draw_locale(rng)
    parts = draw_parts(kind, slots, split, rng)
    style = draw_style(place, split, fonts, rng)
    return Plan(kind, split, parts, layout_id(kind, parts), place, style, rng)
