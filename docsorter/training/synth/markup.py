"""Small pieces of Typst markup, and the typesetter itself."""

import io
from collections.abc import Iterable, Sequence
from functools import cache

import typst
from PIL import Image

from docsorter.training.synth.fonts import font_book
from docsorter.training.synth.plan import Plan, Style

_MM_PER_INCH = 25.4


def lit(text: str) -> str:
    """Return markup that prints ``text`` exactly as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'#"{escaped}";'


def lines(texts: Iterable[str]) -> str:
    """Return markup with one text a line."""
    return " \\ ".join(lit(text) for text in texts)


def bullets(texts: Iterable[str]) -> str:
    """Return a list with a bullet before each text."""
    return f"#list({', '.join(f'[{lit(text)}]' for text in texts)})\n"


def bold(text: str) -> str:
    """Return markup for ``text`` in bold."""
    return f"#strong[{lit(text)}]"


def sized(
    points: float, body: str, *, fill: str = "", font: str = "", weight: str = "regular"
) -> str:
    """Return ``body`` at ``points``, optionally with colour, font and weight."""
    extra = f', fill: rgb("{fill}")' if fill else ""
    extra += f', font: "{font}"' if font else ""
    return f'#text(size: {points:.2f}pt, weight: "{weight}"{extra})[{body}]'


def place(x: float, y: float, body: str, width: float | None = None) -> str:
    """Put ``body`` at ``x``, ``y`` millimetres from the top left corner of the page."""
    box = f"#box(width: {width:.1f}mm)[{body}]" if width is not None else f"#box[{body}]"
    return f"#place(top + left, dx: {x:.1f}mm, dy: {y:.1f}mm)[{box}]"


def free_mark(plan: Plan, body: str, width: float, *, low: bool = False) -> str:
    """Put a mark (stamp, note) somewhere on the page, in the lower half if ``low``."""
    style = plan.style
    x = plan.rng.uniform(0, style.width - 2 * style.margin - width)
    y = plan.rng.uniform(0.5 if low else 0.02, 0.85) * (style.height - 2 * style.margin)
    return place(x, y, body)


def svg(source: str, width: float) -> str:
    """Draw an SVG ``width`` millimetres wide."""
    escaped = source.replace("\\", "\\\\").replace('"', '\\"')
    return f'#image(bytes("{escaped}"), format: "svg", width: {width:.1f}mm)'


def space(mm: float) -> str:
    """Leave ``mm`` millimetres of vertical space."""
    return f"#v({mm:.1f}mm, weak: false)\n"


def columns(widths: Sequence[str], cells: Sequence[str], gutter: float = 4.0) -> str:
    """Set ``cells`` side by side in columns of the given Typst widths."""
    body = ", ".join(f"[{cell}]" for cell in cells)
    return f"#grid(columns: ({', '.join(widths)},), column-gutter: {gutter:.1f}mm, {body})\n"


def pairs(rows: Iterable[tuple[str, str]], gutter: float = 3.0, align: str = "left") -> str:
    """Set names and values in two columns without lines."""
    body = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
    return (
        f"#grid(columns: (auto, auto), column-gutter: {gutter:.1f}mm, row-gutter: 0.55em, "
        f"align: (left, {align}), {body})\n"
    )


def rule(style: Style, colour: str = "", width: float | None = None) -> str:
    """Draw a line across the column."""
    points = style.rule if width is None else width
    return f'#line(length: 100%, stroke: {points:.1f}pt + rgb("{colour or style.accent}"))\n'


def page_setup(style: Style, *, margin: str = "", fill: str = "", leading: float = 0.62) -> str:
    """Return the preamble that sets paper, margins and body text."""
    edges = margin or f"{style.margin:.1f}mm"
    paper = f', fill: rgb("{fill}")' if fill else ""
    return (
        f"#set page(width: {style.width}mm, height: {style.height}mm, margin: {edges}{paper})\n"
        f'#set text(font: "{style.body}", size: {style.size:.2f}pt, fallback: true)\n'
        f"#set par(leading: {leading:.2f}em, spacing: {leading * 1.9:.2f}em)\n"
        "#set table(inset: (x: 1.6mm, y: 1.2mm))\n"
    )


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=font_book().fonts)


def to_images(source: str, height_mm: float, height_px: int) -> list[Image.Image]:
    """Typeset ``source`` and return its pages as RGB pictures about ``height_px`` high.

    Raises:
        typst.TypstError: if the markup does not compile.
    """
    ppi = height_px * _MM_PER_INCH / height_mm
    rendered = _compiler().compile(input=source.encode(), format="png", ppi=ppi)
    assert rendered is not None  # it is only when an output file is named
    pages = rendered if isinstance(rendered, list) else [rendered]
    return [Image.open(io.BytesIO(page)).convert("RGB") for page in pages]


def to_pdf(source: str) -> bytes:
    """Typeset ``source`` and return a PDF with a fixed creation date.

    Raises:
        typst.TypstError: if the markup does not compile.
    """
    pdf = _compiler().compile(input=source.encode(), format="pdf", timestamp=1_790_000_000)
    assert isinstance(pdf, bytes)
    return pdf
