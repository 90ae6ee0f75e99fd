"""Draws what documents of several kinds share: handwriting, stamps, letterheads."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from starter.typesetting import (
    Plan,
    Style,
    Writer,
    bold,
    columns,
    lines,
    lit,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Handwriting from strokes: a small alphabet of polylines, bent by a writer's hand.
#
# Each letter is drawn on a grid four wide; the x-height runs from 0 to 4, ascenders to 8,
# descenders to -3. A hand varies slant, width, wobble, pen and how letters join, so every
# seed writes differently and none looks like a font.

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
    tall: float
    """How high ascenders and capitals are, of what the alphabet has."""
    angular: bool
    """Whether strokes are straight from point to point."""
    habit: int
    """Seed of how this writer forms each letter."""


def draw_hand(rng: random.Random) -> Hand:
    """Draw a writer."""
    return Hand(
        slant=rng.uniform(-0.1, 0.55),
        width=rng.uniform(0.6, 1.15),
        wobble=rng.uniform(0.08, 0.4),
        joined=rng.random() < 0.5,
        pen=rng.choice((rng.uniform(0.3, 0.6), rng.uniform(0.5, 0.95), rng.uniform(0.9, 1.4))),
        drift=rng.uniform(-0.02, 0.03),
        capitals=rng.random() < 0.25,
        tall=rng.uniform(0.75, 1.05),
        angular=rng.random() < 0.2,
        habit=rng.getrandbits(32),
    )


def _strokes(letter: str, hand: Hand) -> list[list[Point]]:
    """Return the strokes of ``letter`` as this writer forms it, every time alike."""
    own = random.Random(hand.habit ^ ord(letter) << 8)
    return [
        [(x + own.gauss(0, 0.4), (y * hand.tall if y > 4 else y) + own.gauss(0, 0.3)) for x, y in s]
        for s in _model(letter)
    ]


def _model(letter: str) -> list[list[Point]]:
    shape = _LETTERS.get(letter) or _LETTERS.get(letter.lower()) or ""
    return [
        [(float(p[0]), _HEIGHTS[p[1]] if p[1] in _HEIGHTS else float(p[1])) for p in stroke.split()]
        for stroke in shape.split(";")
        if stroke
    ]


def _straight(points: list[Point]) -> str:
    """Return an SVG path from point to point."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


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
        for index, stroke in enumerate(_strokes(letter, hand)):
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


def handwriting(
    text: str, hand: Hand, rng: random.Random, colour: str = "#1a237e", *, struck: bool = False
) -> str:
    """Return an SVG of ``text`` in one line, 13 units high; if ``struck``, crossed out."""
    strokes, width = _laid_out(text.translate(_FOLD), hand, rng)
    if struck:
        ends = [(x, rng.uniform(4, 9)) for x in (0.0, width * 0.5, width, width * 0.6, width * 0.1)]
        strokes.append(ends[: rng.choice((3, 5))])
    draw = _straight if hand.angular else _smooth
    path = "".join(draw(stroke) for stroke in strokes if len(stroke) > 1)
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


def _loops(rng: random.Random) -> tuple[str, float]:
    """Return a path of loops that begin large and run out in a line, and its width."""
    points: list[Point] = []
    x, count = 5.0, rng.randrange(7, 18)
    for step in range(count):
        rise = 26 * math.exp(-step / rng.uniform(2.5, 7)) + rng.uniform(2, 9)
        points.append((x + rng.gauss(0, 3), 30 + (rise if step % 2 else -rise)))
        x += rng.uniform(3, 11)
    points.append((x + rng.uniform(5, 35), 30 + rng.uniform(-8, 8)))
    return _smooth(points), x


def _named(rng: random.Random, letters: int) -> tuple[str, float]:
    """Return a path of joined letters that shrink after the capitals, and its width."""
    hand = replace(draw_hand(rng), joined=True, capitals=False, slant=rng.uniform(0.2, 0.9))
    path, x = "", 0.0
    for _ in range(rng.choice((1, 2, 2))):
        text = rng.choice("ABCDEFGHIJKLMNOPRSTUVWZ")
        text += "".join(rng.choice("aeiounrmlstehd") for _ in range(rng.randrange(letters)))
        strokes, width = _laid_out(text, hand, rng)
        scale, first = rng.uniform(2.6, 3.6), rng.uniform(1.0, 1.7)
        flat = rng.uniform(0.4, 1.0)  # hurried hands hardly rise
        for index, stroke in enumerate(strokes):
            size = scale * (first if index == 0 else 1.0)
            points = [
                (x + px * scale, 44 - (9.0 - py) * size * (1.0 if index == 0 else flat))
                for px, py in stroke
            ]
            path += _smooth(points) if len(points) > 1 else ""
        x += width * scale * rng.uniform(0.7, 1.0)
    return path, x


def _wave(rng: random.Random) -> tuple[str, float]:
    """Return a path of one large stroke and a flat wave, and its width."""
    start = rng.uniform(0, 25)
    points: list[Point] = [(start, 8.0), (rng.uniform(0, 15), 50.0), (start + 20, 22.0)]
    x = start + 14
    for step in range(rng.randrange(3, 12)):
        points.append((x, 34 + (-1) ** step * rng.uniform(1, 7)))
        x += rng.uniform(4, 10)
    points.append((x + rng.uniform(10, 40), 34 + rng.uniform(-14, 10)))
    return _smooth(points), x


def signature(rng: random.Random, colour: str = "#1a237e") -> str:
    """Return an SVG of a signature: loops, letters of a name, initials or a wave."""
    way = rng.random()
    path, x = (
        _loops(rng) if way < 0.25 else _wave(rng) if way < 0.4 else
        _named(rng, 2) if way < 0.55 else _named(rng, 8)
    )  # fmt: skip
    extra = ""
    if rng.random() < 0.4:
        extra = _smooth([(rng.uniform(0, 20), 50.0), (x / 2, 46.0), (x + 20, 49.0)])
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='-5 -5 {x + 50:.0f} 75'>"
        f"<path d='{path}{extra}' fill='none' stroke='{colour}' "
        f"stroke-width='{rng.uniform(0.9, 2.4):.1f}' stroke-linecap='round'/></svg>"
    )


# ----------------------------------------------------------------------
# How a form is filled in: by hand, by typewriter, by computer, or not at all.

FILLS = ("hand", "typed", "printed", "empty", "mixed")
"""The ways of filling there are."""

_INKS = (
    "#1a237e", "#0d1b5e", "#111111", "#222244", "#1b3a8a", "#2b2b2b", "#2f55c4", "#1d1d1d",
    "#5f6368", "#7a7a7a",
)  # fmt: skip
"""Ball pens, fountain pens and, in grey, pencils."""


_STRUCK = 0.02
"""Share of entries that are crossed out."""


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
        struck = self._rng.random() < _STRUCK
        picture = handwriting(text, self._hand, self._rng, self.colour, struck=struck)
        width = handwriting_width(text, self._hand, height)
        # The inner box is as high as the picture, which would be cropped to the outer one.
        whole = f"#box(height: {height * 1.3:.1f}mm)[{svg(picture, width)}]"
        return f"#box(height: {height * 0.55:.1f}mm)[#move(dy: -{height * 0.16:.1f}mm)[{whole}]]"

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


# ----------------------------------------------------------------------
# Marks that are drawn and not set: logos, stamps, bar codes, small pictures. All are SVG.

_HEAD = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {w} {h}'>"


def _wrap(width: float, height: float, body: str) -> str:
    return _HEAD.format(w=round(width, 1), h=round(height, 1)) + body + "</svg>"


def _discs(rng: random.Random, a: str, b: str) -> str:
    n = rng.randrange(1, 5)
    return "".join(
        f"<circle cx='{rng.randrange(25, 75)}' cy='{rng.randrange(25, 75)}' "
        f"r='{rng.randrange(12, 26)}' fill='{rng.choice((a, b))}' fill-opacity='0.8'/>"
        for _ in range(n)
    )


def _bars(rng: random.Random, a: str, b: str) -> str:
    return "".join(
        f"<rect x='{10 + i * 18}' y='{(y := rng.randrange(5, 60))}' width='13' "
        f"height='{95 - y}' fill='{a if i % 2 else b}'/>"
        for i in range(5)
    )


def _star(rng: random.Random, a: str, b: str) -> str:
    points = " ".join(
        f"{rng.randrange(5, 95)},{rng.randrange(5, 95)}" for _ in range(rng.randrange(3, 7))
    )
    return f"<circle cx='50' cy='50' r='48' fill='{b}'/><polygon points='{points}' fill='{a}'/>"


def _swoosh(rng: random.Random, a: str, b: str) -> str:
    y = [rng.randrange(10, 90) for _ in range(4)]
    return (
        f"<path d='M5 {y[0]} C40 {y[1]} 60 {y[2]} 95 {y[3]} L95 {y[3] + 8} "
        f"C60 {y[2] + 25} 40 {y[1] + 25} 5 {y[0]}' fill='{a}'/>"
        f"<circle cx='{rng.randrange(30, 70)}' cy='{rng.randrange(20, 60)}' r='14' fill='{b}'/>"
    )


def _shield(rng: random.Random, a: str, b: str) -> str:
    cut = rng.randrange(20, 60)
    return (
        f"<path d='M10 5 H90 V50 Q90 85 50 98 Q10 85 10 50 Z' fill='{a}'/>"
        f"<path d='M22 {cut} H78 V{cut + 14} H22 Z' fill='{b}'/>"
    )


def _letter(rng: random.Random, a: str, b: str) -> str:
    shape = rng.choice(("<rect width='100' height='100' ", "<circle cx='50' cy='50' r='50' "))
    return (
        f"{shape}fill='{a}'/><text x='50' y='72' font-size='62' font-weight='bold' "
        f"text-anchor='middle' fill='{rng.choice(('#ffffff', b))}' font-family='DejaVu Sans'>"
        f"{rng.choice('ABCDEFGHKLMNPRSTVWZ')}</text>"
    )


def _seal(rng: random.Random, a: str, b: str) -> str:
    spokes = rng.randrange(12, 40)
    return (
        f"<circle cx='50' cy='50' r='46' fill='none' stroke='{a}' stroke-width='4' "
        f"stroke-dasharray='{200 / spokes:.1f} 2'/><circle cx='50' cy='50' r='36' fill='none' "
        f"stroke='{a}' stroke-width='1.5'/><path d='M50 20 L72 70 L22 40 H78 L28 70 Z' fill='{a}'/>"
        f"<circle cx='50' cy='50' r='9' fill='{b}'/>"
    )


def _tiles(rng: random.Random, a: str, b: str) -> str:
    size = rng.choice((2, 3, 4))
    step = 96 / size
    return "".join(
        f"<rect x='{2 + i * step:.0f}' y='{2 + j * step:.0f}' width='{step - 4:.0f}' "
        f"height='{step - 4:.0f}' fill='{rng.choice((a, b, '#ffffff'))}'/>"
        for i in range(size)
        for j in range(size)
    )


_LOGOS: tuple[Callable[[random.Random, str, str], str], ...] = (
    _discs, _bars, _star, _swoosh, _shield, _letter, _seal, _tiles,
)  # fmt: skip


def logo(rng: random.Random, colour: str, second: str) -> str:
    """Return a made-up square logo in two colours."""
    return _wrap(100, 100, rng.choice(_LOGOS)(rng, colour, second))


def seal(rng: random.Random, colour: str) -> str:
    """Return the round seal of an authority."""
    return _wrap(100, 100, _seal(rng, colour, colour))


def stamp(rng: random.Random, text: str, below: str, colour: str) -> str:
    """Return a rubber stamp, box or round, turned a little; 120 by 60 units."""
    turn = rng.uniform(-22, 18)
    size = min(22.0, 150.0 / max(4, len(text)))
    frame = (
        "<rect x='8' y='12' width='104' height='36' rx='4' "
        if rng.random() < 0.7
        else "<ellipse cx='60' cy='30' rx='54' ry='24' "
    )
    return _wrap(
        120,
        60,
        f"<g transform='rotate({turn:.0f} 60 30)' opacity='{rng.uniform(0.55, 0.9):.2f}'>"
        f"{frame}fill='none' stroke='{colour}' stroke-width='2.5'/>"
        f"<text x='60' y='31' font-size='{size:.0f}' font-weight='bold' text-anchor='middle' "
        f"fill='{colour}' font-family='DejaVu Sans'>{text}</text>"
        f"<text x='60' y='43' font-size='8' text-anchor='middle' fill='{colour}' "
        f"font-family='DejaVu Sans Mono'>{below}</text></g>",
    )


def barcode(rng: random.Random, bars: int = 45) -> str:
    """Return bars of a code that says nothing, 100 by 24 units."""
    x, body = 0.0, ""
    unit = 100 / (bars * 2.6)
    for _ in range(bars):
        width = unit * rng.choice((1, 1, 2, 3))
        body += f"<rect x='{x:.1f}' y='0' width='{width:.2f}' height='24'/>"
        x += width + unit * rng.choice((1, 1, 2))
    return _wrap(x, 24, body)


def matrix_code(rng: random.Random, modules: int = 25) -> str:
    """Return a square code with three finder marks that says nothing."""
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y in range(modules)
        for x in range(modules)
        if rng.random() < 0.48
        and not ((x < 8 or x > modules - 9) and y < 8)
        and not (x < 8 and y > modules - 9)
    )
    for x, y in ((0, 0), (modules - 7, 0), (0, modules - 7)):
        path += f"M{x} {y}h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3z"
    return _wrap(modules, modules, f"<path d='{path}' fill-rule='evenodd'/>")


def chart(rng: random.Random, colour: str, values: int = 12) -> str:
    """Return a small bar or line chart, 120 by 50 units."""
    heights = [rng.randrange(5, 42) for _ in range(values)]
    step = 110 / values
    if rng.random() < 0.6:
        body = "".join(
            f"<rect x='{8 + i * step:.1f}' y='{46 - h}' width='{step * 0.6:.1f}' height='{h}' "
            f"fill='{colour}'/>"
            for i, h in enumerate(heights)
        )
    else:
        line = " ".join(f"{8 + i * step:.1f},{46 - h}" for i, h in enumerate(heights))
        body = f"<polyline points='{line}' fill='none' stroke='{colour}' stroke-width='1.5'/>"
    return _wrap(120, 50, "<path d='M6 2V46H118' fill='none' stroke='#555'/>" + body)


def cars(rng: random.Random, colour: str) -> str:
    """Return the sketch of two cars seen from above that accident forms carry, 100 by 60 units."""
    body = ""
    for x in (18, 62):
        turn = rng.choice((0, 0, 0, -20, 25))
        body += (
            f"<g transform='rotate({turn} {x + 10} 30)' fill='none' stroke='{colour}'>"
            f"<rect x='{x}' y='10' width='20' height='40' rx='6'/>"
            f"<rect x='{x + 3}' y='19' width='14' height='8'/>"
            f"<rect x='{x + 3}' y='38' width='14' height='6'/></g>"
        )
    return _wrap(100, 60, body)


# ----------------------------------------------------------------------
# Letterheads and feet of firms, offices and people, shared by everything they send.


@dataclass(frozen=True, slots=True)
class Firm:
    """Who sends the document."""

    name: str
    street: str
    city: str
    phone: str
    mail: str
    site: str

    @property
    def contact(self) -> list[str]:
        """Street, city, telephone and mail, one a line."""
        return [self.street, self.city, self.phone, self.mail]

    @property
    def one_line(self) -> str:
        """Name and address in one line."""
        return f"{self.name} · {self.street} · {self.city}"


def make_firm(writer: Writer) -> Firm:
    """Make up a firm."""
    return Firm(
        writer.company(),
        writer.street(),
        writer.city(),
        writer.phone(),
        writer.mail(),
        writer.site(),
    )


def _logo(plan: Plan, size: float) -> str:
    style, rng = plan.style, plan.rng
    second = rng.choice((style.tint, "#f39c12", "#95a5a6", "#222222", style.accent))
    wide = rng.random() < 0.35
    picture = svg(logo(rng, style.accent, second), size)
    if not wide:
        return picture
    word = sized(
        size * 1.1,
        bold(rng.choice("ABCDEGHKLMNPRSTVW").upper() + "&" + rng.choice("ABCKMT")),
        fill=style.accent,
        font=style.head,
    )
    return f"#stack(dir: ltr, spacing: 2mm, [{picture}], [#v({size * 0.25:.1f}mm){word}])"


def _name(plan: Plan, firm: Firm, factor: float = 1.9) -> str:
    return sized(
        plan.style.size * plan.rng.uniform(factor * 0.75, factor * 1.25),
        lit(firm.name),
        fill=plan.style.accent,
        font=plan.style.head,
        weight=plan.rng.choice(("bold", "bold", "regular")),
    )


def _small(plan: Plan, texts: list[str]) -> str:
    return sized(plan.style.size * 0.82, lines(texts))


def _logo_left(plan: Plan, firm: Firm) -> str:
    size = plan.rng.uniform(14, 32)
    right = f"#align(right)[{_small(plan, [firm.name, *firm.contact])}]"
    return columns(("auto", "1fr"), (_logo(plan, size), right))


def _logo_right(plan: Plan, firm: Firm) -> str:
    size = plan.rng.uniform(14, 34)
    left = f"{_name(plan, firm)}\n\n{_small(plan, firm.contact)}"
    return columns(("1fr", "auto"), (left, _logo(plan, size)))


def _centre(plan: Plan, firm: Firm) -> str:
    top = _logo(plan, plan.rng.uniform(12, 24)) if plan.rng.random() < 0.4 else ""
    contact = sized(plan.style.size * 0.8, lit("  ·  ".join(firm.contact[:3])))
    body = f"#align(center)[{top}\n\n{_name(plan, firm, 2.1)}\n\n{contact}]\n"
    return body + (rule(plan.style) if plan.rng.random() < 0.6 else "")


def _band(plan: Plan, firm: Firm) -> str:
    style = plan.style
    height = plan.rng.uniform(14, 38)
    name = sized(style.size * 2, bold(firm.name), fill="#ffffff", font=style.head)
    contact = sized(style.size * 0.75, lines(firm.contact[:3]), fill="#ffffff")
    inner = (
        f"#grid(columns: (1fr, auto), align: (left + horizon, right + horizon), [{name}],"
        f" [{contact}])"
    )
    fill = style.accent if style.colour else "#333333"
    band = (
        f'#block(width: {style.width}mm, height: {height:.1f}mm, fill: rgb("{fill}"), '
        f"inset: (x: {style.margin:.1f}mm, y: 3mm))[{inner}]"
    )
    shift = f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[{band}]\n"
    return shift + space(max(2.0, height - style.margin + 4))


def _split(plan: Plan, firm: Firm) -> str:
    right = f"#align(right)[{_small(plan, firm.contact)}]"
    return columns(("1fr", "1fr"), (_name(plan, firm, 2.2), right)) + rule(plan.style)


def _boxed(plan: Plan, firm: Firm) -> str:
    stroke = f'{plan.style.rule:.1f}pt + rgb("{plan.style.accent}")'
    return (
        f"#block(stroke: {stroke}, inset: 3mm, radius: {plan.rng.choice((0, 0, 2))}mm)"
        f"[{_name(plan, firm, 1.5)}\n\n{_small(plan, firm.contact)}]\n"
    )


def _plain(_plan: Plan, firm: Firm) -> str:
    return f"{bold(firm.name)} \\ {lines(firm.contact[:3])}\n"


def _right_block(plan: Plan, firm: Firm) -> str:
    block = f"{_name(plan, firm, 1.4)}\n\n{_small(plan, firm.contact)}"
    return f"#align(right)[#box(width: 62mm)[#align(left)[{block}]]]\n"


def _sidebar(plan: Plan, firm: Firm) -> str:
    style = plan.style
    text = _small(plan, [*firm.contact, firm.site])
    fill = style.tint if plan.rng.random() < 0.6 else style.accent
    colour = "#ffffff" if fill == style.accent and style.colour else "#222222"
    side = (
        f'#block(width: 42mm, height: {style.height}mm, fill: rgb("{fill}"), inset: 5mm)'
        f'[#set text(fill: rgb("{colour}"))\n{_logo(plan, 24)}\n\n{bold(firm.name)}\n\n{text}]'
    )
    return f"#place(top + left, dx: -46mm, dy: -{style.margin:.1f}mm)[{side}]\n"


def _wedge(plan: Plan, firm: Firm) -> str:
    style = plan.style
    wedge = (
        f'#polygon(fill: rgb("{style.accent}"), (0mm, 0mm), ({plan.rng.uniform(70, 150):.0f}mm,'
        f" 0mm), (0mm, {plan.rng.uniform(20, 55):.0f}mm))"
    )
    put = f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[{wedge}]\n"
    return put + f"#align(right)[{_name(plan, firm)}\n\n{_small(plan, firm.contact[:3])}]\n"


def _double_rule(plan: Plan, firm: Firm) -> str:
    top = rule(plan.style, width=2.5) + _name(plan, firm, 2.4) + "\n"
    return top + rule(plan.style, width=0.5) + _small(plan, [" | ".join(firm.contact)]) + "\n"


_HEADS: dict[str, Callable[[Plan, Firm], str]] = {
    "logo-left": _logo_left,
    "logo-right": _logo_right,
    "centre": _centre,
    "band": _band,
    "split": _split,
    "boxed": _boxed,
    "plain": _plain,
    "right-block": _right_block,
    "sidebar": _sidebar,
    "wedge": _wedge,
    "double-rule": _double_rule,
}

HEADS: tuple[str, ...] = tuple(_HEADS)
"""The letterheads there are."""
FEET: tuple[str, ...] = ("columns", "line", "none", "bar", "page-number", "fine-print")
"""The page feet there are."""


def letterhead(plan: Plan, firm: Firm, part: str) -> str:
    """Return the markup of letterhead ``part``, one of ``HEADS``."""
    return _HEADS[part](plan, firm)


def margins(plan: Plan, part: str) -> str:
    """Return the page margins that letterhead ``part`` needs."""
    if part != "sidebar":
        return ""
    edge = plan.style.margin
    return f"(left: 50mm, right: {min(edge, 18.0):.1f}mm, top: {edge:.1f}mm, bottom: {edge:.1f}mm)"


def foot(plan: Plan, firm: Firm, writer: Writer, part: str) -> str:
    """Return the foot ``part``, one of ``FEET``, placed at the bottom of the page."""
    small = plan.style.size * 0.72
    inner = ""
    if part == "columns":
        cells = [
            lines([firm.name, firm.street, firm.city]),
            lines([firm.phone, firm.mail, firm.site]),
            lines(
                [
                    writer.word("bank") + " " + writer.family(),
                    writer.iban(),
                    writer.code("BIC ????##??"),
                ]
            ),
        ]
        if plan.rng.random() < 0.5:
            cells.append(
                lines([writer.code("HRB ######"), writer.code("ID ###/###/####"), writer.person()])
            )
        line = rule(plan.style, width=0.4) if plan.rng.random() < 0.7 else ""
        inner = line + columns(["1fr"] * len(cells), cells)
    elif part == "line":
        inner = (
            f"#align(center)[{lit(f'{firm.name} · {firm.street} · {firm.city} · {firm.phone}')}]"
        )
    elif part == "bar":
        fill = plan.style.accent if plan.style.colour else "#444444"
        words = sized(small, lit(f"{firm.site}    {firm.phone}    {firm.mail}"), fill="#ffffff")
        inner = f'#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[#align(center)[{words}]]'
    elif part == "page-number":
        inner = (
            f"#align({plan.rng.choice(('center', 'right'))})[{lit(writer.word('page') + ' 1 / 1')}]"
        )
    elif part == "fine-print":
        inner = f"#set par(justify: true)\n{lit(writer.paragraph(5))}"
    if not inner:
        return ""
    offset = plan.style.margin * 0.45
    body = sized(small, inner)
    return f"#place(bottom + left, dy: {offset:.1f}mm, float: false)[#block(width: 100%)[{body}]]\n"
