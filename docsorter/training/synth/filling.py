"""How a form is filled in: by hand, by typewriter, by computer, or not at all."""

import random

from docsorter.training.synth.markup import lit, sized, svg
from docsorter.training.synth.plan import Style
from docsorter.training.synth.strokes import draw_hand, handwriting, handwriting_width, signature

FILLS = ("hand", "typed", "printed", "empty", "mixed")
"""The ways of filling there are."""

_INKS = ("#1a237e", "#0d1b5e", "#111111", "#222244", "#1b3a8a", "#2b2b2b")


class Pen:
    """One person's handwriting with one pen."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._hand = draw_hand(rng)
        self.colour = rng.choice(_INKS)

    def write(self, text: str, height: float) -> str:
        """Return markup for ``text`` written in one line ``height`` millimetres high."""
        if not text.strip():
            return ""
        picture = handwriting(text, self._hand, self._rng, self.colour)
        width = handwriting_width(text, self._hand, height)
        return (
            f"#box(height: {height * 0.55:.1f}mm)[#move(dy:"
            f" -{height * 0.16:.1f}mm)[{svg(picture, width)}]]"
        )

    def sign(self, width: float) -> str:
        """Return markup for a signature."""
        return svg(signature(self._rng, self.colour), width)


class Filler:
    """Writes values into a form's fields in the manner of ``part``, one of ``FILLS``."""

    def __init__(self, style: Style, rng: random.Random, part: str) -> None:
        self._style = style
        self._rng = rng
        self._part = part
        self._pen = Pen(rng)
        self._missing = rng.uniform(0.0, 0.35)

    def value(self, text: str, size: float) -> str:
        """Return markup for a field's value at ``size`` points; at times nothing."""
        if self._part == "empty" or self._rng.random() < self._missing:
            return ""
        part = self._part if self._part != "mixed" else self._rng.choice(("hand", "printed"))
        if part == "hand":
            return self._pen.write(text[:26], size * 0.72)
        if part == "typed":
            return sized(size, lit(text.upper()), font=self._style.mono, fill="#111111")
        return sized(size, lit(text), fill="#111111")

    def signature(self, width: float) -> str:
        """Return a signature, or nothing on an empty form."""
        return "" if self._part == "empty" else self._pen.sign(width)

    def tick(self) -> bool:
        """Say whether a box is ticked."""
        return self._part != "empty" and self._rng.random() < 0.45
