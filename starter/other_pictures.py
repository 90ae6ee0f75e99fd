"""None of the labels: photographs, plots, maps, drawings, book pages."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from starter import parts
from starter.typesetting import Plan, Slots, Writer, bold, lit, page_setup, sized, space, svg

# ----------------------------------------------------------------------
# Pictures that could be photographs, made of noise.


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


# ----------------------------------------------------------------------
# Neighbours that are pictures: plots, maps, technical drawings, photographs; and book pages.


def _turned(plan: Plan) -> str:
    setup = page_setup(plan.style, margin="14mm")
    if plan["turned"] == "yes":
        style = plan.style
        setup = setup.replace(
            f"width: {style.width}mm, height: {style.height}mm",
            f"width: {style.height}mm, height: {style.width}mm",
        )
    return setup


def _picture(body: str, width: int = 180, height: int = 180) -> str:
    return f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'>{body}</svg>"


def _series(plan: Plan) -> str:
    rng = plan.rng
    colours = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#111111")
    body = ""
    for index in range(rng.randrange(1, 5)):
        a, b, c = rng.uniform(0.02, 0.12), rng.uniform(5, 50), rng.uniform(40, 130)
        points = [
            (20 + x, c + b * math.sin(a * x + index) - x * rng.uniform(0, 0.3))
            for x in range(0, 150, 5)
        ]
        colour = colours[index]
        if plan["shape"] == "scatter":
            body += "".join(
                f"<circle cx='{x:.0f}' cy='{y + rng.gauss(0, 9):.0f}' r='1.6' fill='{colour}'/>"
                for x, y in points
            )
        elif plan["shape"] == "bars":
            body += "".join(
                f"<rect x='{x + index * 2:.0f}' y='{min(y, 150):.0f}' width='3'"
                f" height='{max(1, 160 - y):.0f}' fill='{colour}'/>"
                for x, y in points[::2]
            )
        else:
            line = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
            body += f"<polyline points='{line}' fill='none' stroke='{colour}' stroke-width='1.2'/>"
    return body


def plot(plan: Plan, writer: Writer) -> str:
    """Return a page with one large plot, or several."""
    frame = (
        "<rect x='18' y='8' width='156' height='152' fill='none' stroke='#222'/>"
        if plan["frame"] == "box"
        else "<path d='M18 8V160H174' fill='none' stroke='#222'/>"
    )
    ticks = "".join(
        f"<path d='M{18 + i * 15} 160v3M18 {160 - i * 15}h-3' stroke='#222'/><text"
        f" x='{16 + i * 15}' y='169' font-size='5'>{i * 10}</text>"
        for i in range(10)
    )
    if plan["shape"] == "many":
        charts = "".join(
            f"[{svg(parts.chart(plan.rng, plan.style.accent), 80)}], "
            for _ in range(plan.rng.randrange(4, 9))
        )
        body = f"#grid(columns: 2, gutter: 6mm, {charts})\n"
    else:
        body = svg(_picture(frame + ticks + _series(plan)), 165) + "\n\n"
    caption = f"{bold('1.')} {lit(writer.paragraph(2))}" if plan["caption"] == "yes" else ""
    return _turned(plan) + sized(14, lit(writer.sentence(4))) + "\n\n" + body + caption


def chart_map(plan: Plan, writer: Writer) -> str:
    """Return a street map of nowhere."""
    rng = plan.rng
    ground = {"green": "#dcebc8", "cream": "#f5efdc", "white": "#ffffff"}[plan["ground"]]
    body = f"<rect width='180' height='230' fill='{ground}'/>"
    body += "".join(
        f"<rect x='{rng.randrange(170)}' y='{rng.randrange(220)}' width='{rng.randrange(5, 30)}'"
        f" height='{rng.randrange(5, 30)}' fill='{rng.choice(('#c5dfa5', '#e5ddc8', '#f0d9c8'))}'/>"
        for _ in range(30)
    )
    if plan["water"] == "river":
        body += (
            f"<path d='M0 {rng.randrange(40, 190)} C60 {rng.randrange(230)} 120"
            f" {rng.randrange(230)} 180 {rng.randrange(40, 190)}' fill='none' stroke='#8fbfe0'"
            f" stroke-width='{rng.randrange(6, 16)}'/>"
        )
    if plan["water"] == "lake":
        body += (
            f"<ellipse cx='{rng.randrange(40, 140)}' cy='{rng.randrange(40, 190)}'"
            f" rx='{rng.randrange(15, 45)}' ry='{rng.randrange(12, 40)}' fill='#8fbfe0'/>"
        )
    for _ in range(rng.randrange(14, 34)):
        x, y, turn = rng.randrange(180), rng.randrange(230), rng.uniform(0, math.pi)
        dx, dy = 130 * math.cos(turn), 130 * math.sin(turn)
        wide = rng.choice((1.0, 1.0, 1.5, 3.0))
        body += (
            f"<path d='M{x - dx:.0f} {y - dy:.0f} Q{x + rng.randrange(-20, 20)}"
            f" {y + rng.randrange(-20, 20)} {x + dx:.0f} {y + dy:.0f}' fill='none' stroke='#a08f78'"
            f" stroke-width='{wide + 0.7}'/><path d='M{x - dx:.0f} {y - dy:.0f} Q{x} {y}"
            f" {x + dx:.0f} {y + dy:.0f}' fill='none'"
            f" stroke='{'#f7c873' if wide > 2 else '#ffffff'}' stroke-width='{wide}'/>"
        )
    body += "".join(
        f"<text x='{rng.randrange(150)}' y='{rng.randrange(10, 225)}'"
        f" font-size='{rng.choice((4, 5, 8))}' font-family='DejaVu"
        f" Sans'>{writer.words(1).title()}</text>"
        for _ in range(16)
    )
    legend = (
        "#place(bottom + right)[#block(fill: white, stroke: 0.5pt, inset:"
        f" 3mm)[{lit(writer.words(2))} \\ {lit('1 : 25 000')}]]"
        if plan["legend"] == "yes"
        else ""
    )
    return (
        _turned(plan)
        + svg(_picture(body, 180, 230), 140 if plan["turned"] == "yes" else 180)
        + legend
    )


def drawing(plan: Plan, writer: Writer) -> str:
    """Return a technical drawing: a floor plan, a part, or a wiring diagram."""
    rng = plan.rng
    colour = "#111111" if plan["ink"] == "black" else "#1b4f8f"
    body = "<rect x='2' y='2' width='176' height='176' fill='none' stroke-width='1.2'/>"
    for _ in range(rng.randrange(10, 28)):
        x, y, w, h = (
            rng.randrange(10, 130),
            rng.randrange(10, 130),
            rng.randrange(8, 50),
            rng.randrange(8, 50),
        )
        if plan["shape"] == "plan":
            body += (
                f"<rect x='{x}' y='{y}' width='{w}' height='{h}' fill='none'"
                f" stroke-width='1.6'/><path d='M{x} {y}a12 12 0 0 1 12 12' fill='none'/>"
            )
        elif plan["shape"] == "part":
            body += (
                f"<circle cx='{x + 20}' cy='{y + 20}' r='{w / 3:.0f}' fill='none'/><path d='M{x}"
                f" {y + 20}h{w}M{x + 20} {y}v{h}' stroke-dasharray='4 1 1 1' stroke-width='0.4'/>"
            )
        else:
            body += (
                f"<path d='M{x} {y}h{w}v{h}h{rng.randrange(5, 40)}' fill='none'/><rect x='{x - 3}'"
                f" y='{y - 2}' width='6' height='4' fill='white'/>"
            )
        body += (
            f"<text x='{x}' y='{y - 2}' font-size='4' fill='{colour}' stroke='none'"
            f" font-family='DejaVu Sans'>{rng.randrange(10, 900)}</text>"
        )
    block = (
        "#place(bottom + right)[#table(columns: 2, stroke: 0.6pt,"
        f" {', '.join(f'[{lit(writer.words(1))}]' for _ in range(6))})]"
        if plan["block"] == "yes"
        else ""
    )
    return (
        _turned(plan)
        + svg(_picture(f"<g stroke='{colour}' stroke-width='0.7'>{body}</g>"), 165)
        + block
    )


def book_page(plan: Plan, writer: Writer) -> str:
    """Return a page of running text from a book."""
    style, rng = plan.style, plan.rng
    edge = rng.uniform(18, 42)
    chapter = sized(style.size * 1.5, lit(writer.words(2).upper()))
    head = f"#align(center)[{chapter}]\n" + space(rng.uniform(8, 40))
    head = head if plan["chapter"] == "yes" else ""
    number = f"#align(center)[{lit(writer.code('##'))}]\n" if plan["number"] == "top" else ""
    initial = (
        f"#box(baseline: 30%)[{sized(style.size * 3, bold(writer.words(1)[0].upper()))}]"
        if plan["initial"] == "yes"
        else ""
    )
    text = "".join(
        f"#par[{initial if i == 0 else ''}{lit(writer.paragraph(rng.randrange(3, 10)))}]\n"
        for i in range(rng.randrange(4, 10))
    )
    notes = (
        "#place(bottom + left)[#line(length:"
        f" 30%)\n{sized(style.size * 0.75, lit(writer.paragraph(2)))}]\n"
        if plan["notes"] == "yes"
        else ""
    )
    if plan["number"] == "bottom":
        number = f"#place(bottom + center, dy: 8mm)[{lit(writer.code('##'))}]\n"
    setup = page_setup(style, margin=f"{edge:.0f}mm", leading=rng.uniform(0.55, 0.9))
    rules = "#set par(justify: true, first-line-indent: 5mm)\n"
    return (
        setup
        + rules
        + number
        + head
        + (f"#columns(2)[{text}]\n" if plan["columns"] == "2" else text)
        + space(2)
        + notes
    )


SLOTS: dict[str, Slots] = {
    "photo": {
        "scene": ("landscape", "blobs", "interior", "portrait"),
        "border": ("yes", "no"),
        "turned": ("yes", "no"),
        "tone": ("colour", "grey", "sepia"),
    },
    "plot": {
        "shape": ("lines", "bars", "scatter", "many"),
        "frame": ("box", "axes"),
        "caption": ("yes", "no"),
        "turned": ("yes", "no"),
    },
    "map": {
        "ground": ("green", "cream", "white"),
        "water": ("river", "lake", "none"),
        "legend": ("yes", "no"),
        "turned": ("yes", "no"),
    },
    "drawing": {
        "shape": ("plan", "part", "wiring"),
        "block": ("yes", "no"),
        "turned": ("yes", "no"),
        "ink": ("black", "blue"),
    },
    "book-page": {
        "chapter": ("yes", "no"),
        "initial": ("yes", "no"),
        "number": ("top", "bottom", "none"),
        "notes": ("yes", "no"),
        "columns": ("1", "2"),
    },
}
