"""Claims on official forms: hundreds of numbered boxes, columns of service lines, typed values.

A form whose coloured lines the scanner has dropped is not among them: without its boxes nothing
tells it from a printed list, and a person has to look at it.
"""

import random

from docsorter.training.synth.claim import HEADS, form_head
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.markup import bold, lit, page_setup, place, sized
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "claim-grid": {
        "head": ("none", "none", *HEADS),
        "lines": ("black", "black", "black", "red", "grey"),
        "fill": ("typed", "typed", "typed", "hand", "empty", "printed"),
        "service": ("bands", "columns", "stripes", "two-tables"),
        "density": ("fine", "finer", "coarse"),
        "black": ("none", "cells", "strips"),
        "edge": ("tight", "framed"),
        "numbers": ("yes", "no"),
    }
}

_KEYS = (
    "name", "address", "birth", "policy", "claim_no", "date", "insured", "doctor", "number",
    "amount", "total", "code", "place", "phone", "employee", "time", "diagnosis", "official",
)  # fmt: skip


class _Grid:
    """Draws bands of boxes; each method returns markup for one part of the form."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        self.plan, self.writer, self.rng = plan, writer, plan.rng
        self.left = 0.0
        ink = {"black": "#111111", "red": "#c0271f", "grey": "#8a8a8a"}[plan["lines"]]
        self.ink = ink
        self.stroke = f'{self.rng.choice((0.4, 0.6, 0.8))}pt + rgb("{ink}")'
        self.label = self.rng.uniform(3.4, 5.2)
        self.row = {"finer": 5.2, "fine": 6.6, "coarse": 8.6}[plan["density"]]
        self.row *= self.rng.uniform(0.92, 1.1)
        self.type = min(self.row * 1.35, 9.5)
        self._pen = Pen(self.rng)
        self._number = 0
        self._filled = self.rng.uniform(0.35, 0.9)

    def value(self) -> str:
        """Return what somebody wrote into a box; often nothing."""
        rng, how = self.rng, self.plan["fill"]
        if how == "empty" or rng.random() > self._filled:
            return ""
        w = self.writer
        text = rng.choice((w.family, w.given, w.date, lambda: w.code("#####"), w.city,
                           lambda: w.plain_money(rng.uniform(5, 3000)), lambda: "X"))()  # fmt: skip
        if how == "hand":
            return self._pen.write(text[:18], self.row * 0.95)
        face = f', font: "{self.plan.style.mono}"' if how == "typed" else ""
        return f"#text(size: {self.type:.1f}pt, fill: black{face})[{lit(text.upper()[:24])}]"

    def _caption(self, key: str) -> str:
        self._number += 1
        number = f"{self._number} " if self.plan["numbers"] == "yes" else ""
        text = f"{number}{self.writer.word(key).upper()}"
        return sized(self.label, lit(text), fill=self.ink)

    def cell(self) -> str:
        """Return one box with its caption."""
        if self.plan["black"] == "cells" and self.rng.random() < 0.06:
            return f'#box(width: 100%, height: 90%, fill: rgb("{self.ink}"))'
        if self.rng.random() < 0.12:
            box = f"#box(width: 2mm, height: 2mm, stroke: {self.stroke})"
            word = sized(self.label, lit(self.writer.word("yes")), fill=self.ink)
            return f"{self._caption(self.rng.choice(_KEYS))} {box} {word} {box}"
        gap = "#v(-1.4mm)" if self.row < 6.4 else "\\ "
        return f"{self._caption(self.rng.choice(_KEYS))} {gap} {self.value()}"

    def band(self) -> str:
        """Return one row of boxes of different widths."""
        rng = self.rng
        count = rng.choice((1, 2, 3, 3, 4, 4, 5, 6, 8))
        widths = ", ".join(f"{rng.choice((1, 1, 1.5, 2, 3, 4))}fr" for _ in range(count))
        height = self.row * rng.choice((1, 1, 1, 1, 1.4))
        self.left -= height
        cells = ", ".join(f"[{self.cell()}]" for _ in range(count))
        strip = self.plan["black"] == "strips" and rng.random() < 0.12
        fill = f', fill: (x, y) => if x == 0 {{ rgb("{self.ink}") }}' if strip else ""
        return self._block(
            f"#grid(columns: ({widths},), rows: {height:.1f}mm, stroke: {self.stroke}{fill}, "
            f"inset: (x: 0.6mm, y: 0.5mm), {cells})"
        )

    def _block(self, body: str) -> str:
        return f"#block(above: 0mm, below: 0mm)[{body}]\n"

    def service(self, rows: int) -> str:
        """Return the table of service lines, ``rows`` rows high."""
        rng, part = self.rng, self.plan["service"]
        count = rng.randrange(5, 11)
        widths = [rng.choice((1.0, 1.0, 1.4, 2.0, 4.0)) for _ in range(count)]
        height = self.row * rng.uniform(0.62, 0.85)
        self.left -= height * (rows + 1)
        heads = [self._caption(rng.choice(_KEYS)) for _ in range(count)]
        used = 0 if self.plan["fill"] == "empty" else rng.randrange(1, max(2, rows))
        body = [
            self.value() if i < used and rng.random() < 0.8 else ""
            for i in range(rows)
            for _ in range(count)
        ]
        upright = f"(left: {self.stroke}, right: {self.stroke}"
        stroke = {
            "bands": self.stroke,
            "columns": f"(x, y) => {upright}, bottom: if y == 0 or y == {rows} "
            f"{{ {self.stroke} }})",
            "stripes": f"(x, y) => {upright})",
            "two-tables": self.stroke,
        }[part]
        shade = '"#ffffff"' if self.ink == "#ffffff" else '"#dcdcdc"'
        fill = f"(x, y) => if calc.even(y) {{ rgb({shade}) }}" if part == "stripes" else "none"
        cells = ", ".join(f"[{c}]" for c in [*heads, *body])
        spec = ", ".join(f"{w}fr" for w in widths)
        return self._block(
            f"#grid(columns: ({spec},), rows: {height:.1f}mm, stroke: {stroke}, fill: {fill}, "
            f"inset: (x: 0.5mm, y: 0.4mm), {cells})"
        )

    def bands(self, until: float) -> str:
        """Return bands of boxes until ``until`` millimetres of the page are left."""
        body = ""
        while self.left > until:
            body += self.band()
        return body


def _edges(rng: random.Random, part: str) -> tuple[float, float]:
    return (rng.uniform(4, 9), rng.uniform(4, 9)) if part == "tight" else (
        rng.uniform(9, 17), rng.uniform(8, 20)
    )  # fmt: skip


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a claim on an official form."""
    rng, style = plan.rng, plan.style
    x, y = _edges(rng, plan["edge"])
    grid = _Grid(plan, writer)
    title = writer.word(f"claim_{rng.choice(('medical', 'travel', 'loss', 'motor'))}").upper()
    head = ""
    grid.left = style.height - 2 * y - 4
    if plan["head"] != "none":
        head = form_head(plan, writer, title, grid.ink)
        grid.left -= 26
    else:
        head = f"{sized(style.size * 0.9, bold(title), fill=grid.ink)}\n"
        grid.left -= 6
    rows = rng.randrange(5, 24)
    upper = grid.left * rng.uniform(0.45, 0.75)
    body = grid.bands(upper) + grid.service(min(rows, int(grid.left / grid.row / 1.1)))
    if plan["service"] == "two-tables" and grid.left > grid.row * 6:
        body += grid.band() + grid.service(rng.randrange(2, 5))
    body += grid.bands(grid.row * 1.6)
    code = sized(5, lit(writer.code("FORM-#### (##-##)")), fill=grid.ink)
    corner = place(0, style.height - 2 * y - 2, code)
    return page_setup(style, margin=f"(x: {x:.1f}mm, y: {y:.1f}mm)", leading=0.4) + (
        corner + head + body
    )
