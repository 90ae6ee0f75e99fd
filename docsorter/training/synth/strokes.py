"""Handwriting from strokes: a small alphabet of polylines, bent by a writer's hand.

Each letter is drawn on a grid four wide; the x-height runs from 0 to 4, ascenders to 8,
descenders to -3. A hand varies slant, width, wobble, pen and how letters join, so every
seed writes differently and none looks like a font.
"""

import math
import random
from dataclasses import dataclass

Point = tuple[float, float]

_LETTERS: dict[str, str] = {
    "a": "43 24 03 01 10 30 43 41 50", "b": "08 00 20 41 43 24 03", "c": "43 24 03 01 20 41",
    "d": "43 24 03 01 20 41 48 40", "e": "02 42 43 24 03 01 20 41", "f": "37 28 17 10;04 34",
    "g": "43 24 03 01 20 41 44 4z 2y 0z", "h": "08 00;03 24 43 40", "i": "14 10 21;16 17",
    "j": "24 2z 1y 0z;26 27", "k": "08 00;34 02 30", "l": "18 11 20 31",
    "m": "04 00;03 14 23 20;23 34 43 40", "n": "04 00;03 24 43 40",
    "o": "24 03 01 20 41 43 24 44", "p": "04 0y;03 24 43 41 20 01",
    "q": "43 24 03 01 20 41;44 4y", "r": "04 00;03 14 34", "s": "43 24 03 22 41 20 01",
    "t": "17 11 20 31;05 35", "u": "04 01 20 41;44 40", "v": "04 20 44", "w": "04 10 23 30 44",
    "x": "04 40;00 44", "y": "04 20;44 20 0y", "z": "04 44 00 40", "0": "27 05 02 20 42 45 27",
    "1": "05 27 20", "2": "06 28 46 00 40", "3": "07 28 46 24 42 20 01", "4": "38 03 43;35 30",
    "5": "48 08 04 34 42 30 01", "6": "38 03 01 20 42 24 03", "7": "08 48 10",
    "8": "24 06 28 46 24 02 20 42 24", "9": "45 24 05 27 45 40", ".": "10 11", ",": "11 0z",
    "-": "03 33", "/": "00 48", ":": "11 10;13 14", "A": "00 28 40;13 33",
    "B": "00 08 38 36 04 43 31 00", "C": "47 28 05 03 20 41", "D": "00 08 28 45 43 20 00",
    "E": "48 08 00 40;04 34", "F": "48 08 00;04 34", "G": "47 28 04 20 41 43 23",
    "H": "08 00;48 40;04 44", "I": "18 10", "J": "38 31 10 01", "K": "08 00;48 04 40",
    "L": "08 00 40", "M": "00 08 24 48 40", "N": "00 08 40 48", "O": "28 05 03 20 43 45 28",
    "P": "00 08 38 46 34 04", "Q": "28 05 03 20 43 45 28;22 40", "R": "00 08 38 46 34 04;24 40",
    "S": "47 28 06 24 42 20 01", "T": "08 48;28 20", "U": "08 02 20 42 48", "V": "08 20 48",
    "W": "08 10 25 30 48", "X": "08 40;00 48", "Y": "08 24 48;24 20", "Z": "08 48 00 40",
}  # fmt: skip
_HEIGHTS = {"x": -1.0, "y": -3.0, "z": -2.0}
_FOLD = str.maketrans(
    "äöüàáâãåçèéêëìíîïñòóôõøùúûýßąćęłńśźżÄÖÜÉ", "aouaaaaaceeeeiiiinooooouuuybacelnszzAOUE"
)


@dataclass(frozen=True, slots=True)
class Hand:
    """One writer's habits."""

    slant: float
    width: float
    wobble: float
    joined: bool
    pen: float
    drift: float
    capitals: bool


def draw_hand(rng: random.Random) -> Hand:
    """Draw a writer."""
    return Hand(
        slant=rng.uniform(-0.1, 0.55),
        width=rng.uniform(0.6, 1.15),
        wobble=rng.uniform(0.12, 0.5),
        joined=rng.random() < 0.5,
        pen=rng.uniform(0.35, 0.95),
        drift=rng.uniform(-0.02, 0.03),
        capitals=rng.random() < 0.25,
    )


def _strokes(letter: str) -> list[list[Point]]:
    shape = _LETTERS.get(letter) or _LETTERS.get(letter.lower()) or ""
    return [
        [(float(p[0]), _HEIGHTS[p[1]] if p[1] in _HEIGHTS else float(p[1])) for p in stroke.split()]
        for stroke in shape.split(";")
        if stroke
    ]


def _smooth(points: list[Point]) -> str:
    """Return an SVG path through ``points`` (Catmull-Rom turned into Bezier curves)."""
    padded = [points[0], *points, points[-1]]
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        c1 = (start[0] + (end[0] - before[0]) / 6, start[1] + (end[1] - before[1]) / 6)
        c2 = (end[0] - (after[0] - start[0]) / 6, end[1] - (after[1] - start[1]) / 6)
        path += f"C{c1[0]:.1f} {c1[1]:.1f} {c2[0]:.1f} {c2[1]:.1f} {end[0]:.1f} {end[1]:.1f}"
    return path


def _laid_out(text: str, hand: Hand, rng: random.Random) -> tuple[list[list[Point]], float]:
    """Return the strokes of a line, and its width, with y growing downwards from the ascender."""
    strokes: list[list[Point]] = []
    x = 1.0
    last: list[Point] | None = None
    for letter in text.upper() if hand.capitals else text:
        if letter == " ":
            x += 3.2 * hand.width
            last = None
            continue
        for index, stroke in enumerate(_strokes(letter)):
            bent = [
                (
                    x + (px + rng.gauss(0, hand.wobble)) * hand.width + py * hand.slant,
                    9.0 - py + rng.gauss(0, hand.wobble) + x * hand.drift,
                )
                for px, py in stroke
            ]
            if hand.joined and index == 0 and last is not None and letter.islower():
                last.extend(bent)
            else:
                strokes.append(bent)
                last = bent
        x += (5.0 + rng.gauss(0, 0.35)) * hand.width
    return strokes, x + 4.0


def handwriting(text: str, hand: Hand, rng: random.Random, colour: str = "#1a237e") -> str:
    """Return an SVG of ``text`` in one line; its height is 13 units, its width as needed."""
    strokes, width = _laid_out(text.translate(_FOLD), hand, rng)
    path = "".join(_smooth(stroke) for stroke in strokes if len(stroke) > 1)
    height = 13 + abs(hand.drift) * width
    top = min(0.0, hand.drift * width)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 {top:.1f} {width:.1f} {height:.1f}'>"
        f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='{hand.pen:.2f}' "
        "stroke-linecap='round'/></svg>"
    )


def handwriting_width(text: str, hand: Hand, height_mm: float) -> float:
    """Return how wide ``text`` becomes, in millimetres, if its line is ``height_mm`` high."""
    units = sum(3.2 if c == " " else 5.0 for c in text) * hand.width + 5.0
    return units * height_mm / (13 + abs(hand.drift) * units)


def signature(rng: random.Random, colour: str = "#1a237e") -> str:
    """Return an SVG of a signature: loops that begin large and run out in a line."""
    points: list[Point] = []
    x, count = 5.0, rng.randrange(7, 18)
    for step in range(count):
        rise = 26 * math.exp(-step / rng.uniform(2.5, 7)) + rng.uniform(2, 9)
        points.append((x + rng.gauss(0, 3), 30 + (rise if step % 2 else -rise)))
        x += rng.uniform(3, 11)
    points.append((x + rng.uniform(5, 35), 30 + rng.uniform(-8, 8)))
    extra = ""
    if rng.random() < 0.5:
        extra = _smooth([(rng.uniform(0, 20), 45.0), (x / 2, 41.0), (x + 20, 44.0)])
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='-5 -5 {x + 50:.0f} 75'>"
        f"<path d='{_smooth(points)}{extra}' fill='none' stroke='{colour}' "
        f"stroke-width='{rng.uniform(0.9, 2.4):.1f}' stroke-linecap='round'/></svg>"
    )
