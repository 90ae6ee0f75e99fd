"""Marks that are drawn and not set: logos, stamps, bar codes, small pictures. All are SVG."""

import random
from collections.abc import Callable

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


def body_outline(colour: str) -> str:
    """Return the outline of a person, front, as medical forms carry it, 40 by 90 units."""
    return _wrap(
        40,
        90,
        f"<g fill='none' stroke='{colour}'><circle cx='20' cy='10' r='7'/>"
        "<path d='M14 18 H26 L34 48 L30 49 L26 32 V54 L28 86 H22 L20 58 L18 86 H12 L14 54 V32 "
        "L10 49 L6 48 Z'/></g>",
    )
