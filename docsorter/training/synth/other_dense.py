"""Dense official forms that claim nothing: returns of numbered lines, slips of half a page, loans.

From afar they are the nearest neighbours of claims on official forms.
"""

from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.markup import bold, columns, lit, page_setup, sized
from docsorter.training.synth.plan import Plan, Slots

_FILLS = ("empty", "empty", "typed", "printed", "hand")
SLOTS: dict[str, Slots] = {
    "tax-return": {
        "head": ("three-cells", "bar", "plain", "wide"),
        "parts": ("side-label", "black-tab", "bold", "none"),
        "amounts": ("one", "two", "inner"),
        "leaders": ("dots", "none"),
        "fill": _FILLS,
        "tint": ("none", "blue", "grey"),
    },
    "wage-slip": {
        "copies": ("one", "one", "two", "three"),
        "shape": ("two-halves", "amounts-right", "even"),
        "year": ("large", "side", "none"),
        "fill": _FILLS,
        "ink": ("black", "red", "green"),
        "at": ("top", "middle"),
    },
    "loan-form": {
        "sections": ("black", "grey", "lines"),
        "columns": ("1", "2"),
        "ticks": ("many", "few"),
        "fill": _FILLS,
        "tables": ("two", "one", "none"),
        "head": ("centre", "left", "logo-box"),
    },
}


class _Written:
    """Writes amounts and words into boxes in the manner of part ``fill``."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        self.plan, self.writer, self.rng = plan, writer, plan.rng
        self._pen = Pen(plan.rng)
        self._share = plan.rng.uniform(0.3, 0.9)

    def __call__(self, *, amount: bool) -> str:
        rng, how = self.rng, self.plan["fill"]
        if how == "empty" or rng.random() > self._share:
            return ""
        text = self.writer.plain_money(rng.uniform(10, 90000)) if amount else self.writer.family()
        if how == "hand":
            return self._pen.write(text, 6)
        face = f', font: "{self.plan.style.mono}"' if how == "typed" else ""
        return f'#text(size: 8pt, fill: rgb("#14143c"){face})[{lit(text)}]'


def tax_return(plan: Plan, writer: Writer) -> str:
    """Return a tax return: numbered lines of small print, amounts in columns at the right."""
    rng, write = plan.rng, _Written(plan, writer)
    size = rng.uniform(5.4, 7.4)
    name = sized(size * 2.2, bold(writer.code("####")), font=plan.style.head)
    title = bold(writer.word("tax_form"))
    year = sized(size * 3, bold(str(writer.today.year)))
    head = {
        "three-cells": f"#grid(columns: (1fr, 3fr, 1fr), stroke: 0.7pt, inset: 2mm, [{name}], "
        f"[#align(center)[{title} \\ {lit(writer.sentence(9))}]], [#align(center)[{year}]])\n",
        "bar": f'#block(width: 100%, fill: rgb("#111111"), inset: 2mm)'
        f"[{sized(size * 1.6, title, fill='#ffffff')}]\n",
        "plain": f"{name} {title}\n\n",
        "wide": columns(("1fr", "auto"), (f"{title} \\ {lit(writer.sentence(12))}", year)),
    }[plan["head"]]
    person = ", ".join(
        f"[{sized(size * 0.8, lit(writer.words(2)))} \\ {write(amount=False)}]" for _ in range(6)
    )
    top = f"#grid(columns: (2fr, 2fr, 1fr), rows: 8mm, stroke: 0.5pt, inset: 0.8mm, {person})\n"
    amounts = {"one": 1, "two": 2, "inner": 1}[plan["amounts"]]
    tint = {"none": "none", "blue": 'rgb("#dcebf7")', "grey": 'rgb("#e4e4e4")'}[plan["tint"]]
    cells = []
    for i in range(rng.randrange(26, 52)):
        part = f"{writer.word('section')} {'IVX'[i % 3]}" if i % 11 == 0 else ""
        label = bold(part) if plan["parts"] != "none" else ""
        if part and plan["parts"] == "black-tab":
            label = f"#box(fill: black, inset: 0.6mm)[{sized(size, label, fill='#ffffff')}]"
        dots = " #box(width: 1fr, repeat[. ])" if plan["leaders"] == "dots" else ""
        cells += [label, bold(str(i + 1)), f"{lit(writer.words(rng.randrange(4, 11)))}{dots}"]
        for _ in range(amounts):
            cells += [str(i + 1), f"#align(right)[{write(amount=True)}]"]
    body = ", ".join(f"[{c}]" for c in cells)
    first = "14mm" if plan["parts"] == "side-label" else "9mm"
    spec = f"{first}, 5mm, 1fr" + ", 5mm, 24mm" * amounts
    right = "(left: 0.5pt, right: 0.5pt, bottom: 0.4pt)"
    table = (
        f"#grid(columns: ({spec}), stroke: (x, y) => if x > 2 {{ {right} }}, "
        f"fill: (x, y) => if x > 2 {{ {tint} }}, inset: (x: 0.8mm, y: 0.75mm), {body})\n"
    )
    setup = page_setup(plan.style, margin=f"{rng.uniform(8, 15):.0f}mm", leading=0.4)
    return setup + f"#set text(size: {size:.1f}pt)\n" + head + top + table


def _slip(plan: Plan, writer: Writer, write: _Written, ink: str, height: float) -> str:
    rng, shape = plan.rng, plan["shape"]
    stroke = f'0.6pt + rgb("{ink}")'

    def box(index: int, *, amount: bool) -> str:
        text = sized(4.6, lit(f"{index} {writer.words(3)}"), fill=ink)
        return f"[{text} \\ {write(amount=amount)}]"

    rows = rng.randrange(5, 9)
    row = height / rows

    def half(count: int, start: int, *, amount: bool) -> str:
        cells = ", ".join(box(start + i, amount=amount) for i in range(count * rows))
        return (
            f"#grid(columns: ({'1fr, ' * count}), rows: {row:.1f}mm, stroke: {stroke}, "
            f"inset: 0.8mm, {cells})"
        )

    tall = ", ".join(box(i, amount=False) for i in range(4))
    left = (
        f"#grid(columns: (1fr,), rows: {height / 4:.1f}mm, stroke: {stroke}, inset: 0.8mm, {tall})"
    )
    right = half(2, 5, amount=True)
    year = sized(24, bold(str(writer.today.year)), fill=ink)
    side = "" if plan["year"] != "side" else f"#rotate(90deg)[{year}]"
    if shape == "even":
        body = half(4, 1, amount=True)
    elif shape == "two-halves":
        body = columns(("1fr", "1fr"), (left, right), 0)
    else:
        body = columns(("3fr", "2fr", "12mm"), (left, half(1, 5, amount=True), side), 0)
    low = sized(9, bold(writer.words(3).title()), fill=ink)
    foot = f"{low} #h(1fr) {year if plan['year'] == 'large' else ''}"
    return f"#block(above: 0mm)[{body}]{foot}\n"


def wage_slip(plan: Plan, writer: Writer) -> str:
    """Return a statement of wages or interest: a form of half a page, once or repeated."""
    rng, write = plan.rng, _Written(plan, writer)
    ink = {"black": "#111111", "red": "#b3271e", "green": "#1f6b40"}[plan["ink"]]
    copies = {"one": 1, "two": 2, "three": 3}[plan["copies"]]
    height = rng.uniform(62, 100) if copies < 3 else rng.uniform(55, 68)
    gap = rng.uniform(40, 90) if plan["at"] == "middle" and copies == 1 else 0
    slips = "#v(7mm)".join(_slip(plan, writer, write, ink, height) for _ in range(copies))
    margin = f"{rng.uniform(8, 18):.0f}mm"
    return page_setup(plan.style, margin=margin, leading=0.4) + f"#v({gap:.0f}mm)\n" + slips


def loan_form(plan: Plan, writer: Writer) -> str:
    """Return an application for a loan or a benefit: sections, fields on lines, many boxes."""
    rng, write = plan.rng, _Written(plan, writer)
    size = rng.uniform(5.6, 7.6)
    title = sized(size * 2, bold(writer.word("application")))
    box = "#box(width: 2.2mm, height: 2.2mm, stroke: 0.5pt)"
    head = {
        "centre": f"#align(center)[{title}]\n",
        "left": f"{title}\n\n",
        "logo-box": columns(("1fr", "40mm"), (title, "#rect(width: 100%, height: 14mm)")),
    }[plan["head"]]

    def section() -> str:
        word = bold(writer.words(3).title())
        fill = {"black": "#111111", "grey": "#cfcfcf"}.get(plan["sections"])
        if fill is None:
            return f"#block(above: 3mm)[{word}#v(-2mm)#line(length: 100%)]\n"
        tone = "#ffffff" if fill == "#111111" else "#000000"
        return (
            f'#block(width: 100%, fill: rgb("{fill}"), inset: 1mm, above: 3mm, below: 2mm)'
            f"[{sized(size * 1.1, word, fill=tone)}]\n"
        )

    def fields() -> str:
        out = ""
        for _ in range(rng.randrange(3, 8)):
            if rng.random() < (0.5 if plan["ticks"] == "many" else 0.15):
                marks = "  ".join(f"{box} {lit(writer.words(2))}" for _ in range(3))
                out += f"#block(above: 2.2mm)[{lit(writer.words(4))} {marks}]\n"
            else:
                cells = [
                    f"{lit(writer.words(2))} {write(amount=rng.random() < 0.3)}"
                    "#v(-2mm)#line(length: 100%, stroke: 0.4pt)"
                    for _ in range(rng.randrange(1, 4))
                ]
                out += f"#block(above: 2mm)[{columns(['1fr'] * len(cells), cells)}]\n"
        return out

    def table() -> str:
        cells = ", ".join(
            f"[{lit(writer.words(2))}], [{write(amount=True)}], [{lit(writer.words(2))}], "
            f"[{write(amount=True)}]"
            for _ in range(rng.randrange(4, 10))
        )
        return f"#table(columns: (2fr, 1fr, 2fr, 1fr), stroke: 0.5pt, inset: 0.9mm, {cells})\n"

    blocks = [section() + fields() for _ in range(rng.randrange(3, 6))]
    for _ in range({"two": 2, "one": 1, "none": 0}[plan["tables"]]):
        blocks.insert(rng.randrange(1, len(blocks)), section() + table())
    body = f"#columns({plan['columns']}, gutter: 5mm)[{''.join(blocks)}]\n"
    setup = page_setup(plan.style, margin=f"{rng.uniform(9, 16):.0f}mm", leading=0.45)
    return setup + f"#set text(size: {size:.1f}pt)\n" + head + body
