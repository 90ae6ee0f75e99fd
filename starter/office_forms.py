"""Forms that offices make themselves: lines to write on, spreadsheets, two parties side by side.

Of each there are claims and forms that claim nothing, set from the same pieces.
"""

from collections.abc import Callable
from dataclasses import replace

from starter import parts
from starter.agency_forms import AGENCY_SLOTS, SCRIPTS, FormPieces, agency
from starter.parts import FILLS
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    lit,
    place,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Forms typed in an office program: captions before underscores, no boxes.


class _Lined(FormPieces):
    """Lines to write on."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        super().__init__(plan, writer)
        self.size = self.rng.uniform(8.4, 12.0)
        self.gap = {"tight": 4.6, "normal": 6.4, "wide": 8.8}[plan["spacing"]]

    def blank(self, value: str = "", width: str = "1fr") -> str:
        """Return a line to write on, with ``value`` above it."""
        if self.plan["lines"] == "signs" and not value:
            return f"#box(width: {width}, repeat[\\_])"
        dash = ', dash: "dotted"' if self.plan["lines"] == "dots" else ""
        return (
            f"#box(width: {width}, height: {self.size * 0.42:.1f}mm, stroke: (bottom: (thickness: "
            f"0.6pt{dash})))[#align(bottom)[{value}#v(0.4mm)]]"
        )

    def row(self, body: str) -> str:
        """Return one line of the form."""
        return f"#block(above: {self.gap:.1f}mm, below: {self.gap:.1f}mm)[{body}]\n"

    def field(self) -> str:
        """Return a line with one to three captions and what is written behind them."""
        count = self.rng.choice((1, 1, 2, 2, 3))
        return self.row(" #h(2mm) ".join(
            f"{lit(self.one('plain'))}: {self.blank(self.value(self.size))}" for _ in range(count)
        ))  # fmt: skip

    def question(self) -> str:
        """Return a question with two places to mark."""
        part = self.plan["marks"]
        chosen = self.rng.randrange(2) if self.ticked() else -1
        out = lit(self.one("question")) + " #h(3mm) "
        for i, word in enumerate(self.all("yes_no")):
            x = "X" if i == chosen else ""
            mark = {
                "brackets": f"({x or '#h(2.5mm)'})",
                "underscores": self.blank(x, "9mm"),
                "boxes": f"#box(width: 3mm, height: 3mm, stroke: 0.6pt)[{x}]",
            }[part]
            out += f"{mark} {lit(word)} #h(4mm) "
        return self.row(out)

    def text_lines(self) -> str:
        """Return a heading and empty lines below it."""
        out = self.row(f"{lit(self.one('narrative'))}: {self.blank()}")
        for _ in range(self.rng.randrange(2, 8)):
            out += self.row(self.blank(self.written(self.writer.sentence(5), self.size)))
        return out

    def sums(self) -> str:
        """Return items with an amount each and their total."""
        names = self.all("sheet")
        sign = self.writer.locale.currency.strip()
        out = ""
        for name in (*self.rng.sample(names, min(len(names), self.rng.randrange(3, 9))), "="):
            value = self.blank(self.written(self.amount(), self.size), "28mm")
            out += self.row(f"{lit(name if name != '=' else 'Σ')} #h(1fr) {lit(sign)} {value}")
        return out

    def list(self) -> str:
        """Return columns of blank lines under underlined headings."""
        names = self.all("column")
        heads = self.rng.sample(names, min(len(names), self.rng.randrange(3, 6)))
        cells = [f"[#underline[{lit(h)}]]" for h in heads]
        for _ in range(self.rng.randrange(3, 10)):
            for i in range(len(heads)):
                text = self.amount() if self.claim and i == len(heads) - 1 else self.writer.family()
                cells.append(f"[{self.blank(self.written(text, self.size * 0.9), '100%')}]")
        return (
            f"#block(above: {self.gap:.1f}mm)[#grid(columns: ({'1fr, ' * len(heads)}), "
            f"column-gutter: 3mm, row-gutter: {self.gap * 0.7:.1f}mm, {', '.join(cells)})]\n"
        )


def lined(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a form whose fields are underscores in running text."""
    form, rng = _Lined(plan, writer), plan.rng
    title = sized(form.size * rng.uniform(1.1, 1.6), bold(form.one("titles")))
    firm = bold(form.one("agency"))
    logo = svg(parts.logo(rng, form.style.accent, form.style.tint), rng.uniform(13, 24))
    head = {
        "centre": f"#align(center)[{firm} \\ {title}]\n",
        "under": f"#align(center)[#underline[{title}]]\n",
        "left": f"{title} \\ {firm}\n\n",
        "logo": columns(("auto", "1fr"), (logo, f"#align(right)[{firm} \\ {title}]")),
    }[plan["head"]]
    own = (form.sums, form.list, form.text_lines) if form.claim else (form.list, form.text_lines)
    body = head + (f"#par[{lit(form.text(rng.randrange(1, 5)))}]\n" if rng.random() < 0.7 else "")
    body += "".join(form.field() for _ in range(rng.randrange(3, 8)))
    middle = list(own) if form.claim else [form.list, form.question, form.question]
    rng.shuffle(middle)
    for piece in middle[: rng.randrange(1, 4)]:
        if plan["headings"] != "none":
            word = bold(form.one("section"))
            word = f"#underline[{word}]" if plan["headings"] == "under" else word
            body += f"#block(above: {form.gap * 1.3:.1f}mm)[{word}]\n"
        body += piece() + "".join(
            rng.choice((form.field, form.question))() for _ in range(rng.randrange(1, 5))
        )
    body += f"#par[{lit(' '.join(form.all('declare')))}]\n" + space(3)
    body += form.row(
        f"{form.blank(form.sign(25))} #h(6mm) {form.blank(form.written(form.writer.date(), 9))}"
    )
    body += f"{lit(form.all('sign')[0])} #h(1fr) {lit(form.all('sign')[-1])} #h(1fr)\n"
    setup = (
        form.setup(f"{rng.uniform(14, 27):.0f}mm", 0.5) + f"#set text(size: {form.size:.1f}pt)\n"
    )
    return setup + f"#block(height: 100%, clip: true)[{body}]"


# ----------------------------------------------------------------------
# Forms in a spreadsheet's grid: expense reports, and time sheets and lists like them.


def _matrix(form: FormPieces, days: int) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of a week: amounts or hours by day, with their sums."""
    rng = form.rng
    first = rng.randrange(1, 20)
    heads = ["", *(f"{first + i}.{form.writer.today.month}." for i in range(days)), "Σ"]
    names = form.all("sheet")
    rows = []
    for name in rng.sample(names, min(len(names), rng.randrange(6, 15))):
        sums = [
            round(rng.lognormvariate(3.5, 1), 2) if rng.random() < 0.4 else 0.0 for _ in range(days)
        ]
        if form.claim:
            texts = [form.writer.plain_money(s) if s else "" for s in (*sums, sum(sums))]
        else:
            texts = [rng.choice(("8", "8", "7.5", "4", "x", "")) for _ in range(days + 1)]
        rows.append([name, *texts])
    last = [form.writer.plain_money(rng.uniform(20, 900)) for _ in range(days + 1)]
    return heads, [*rows, ["Σ", *last]] if form.claim else rows


def _listed(form: FormPieces) -> tuple[list[str], list[list[str]]]:
    """Return heads and rows of a list: dated expenses with amounts, or names and numbers."""
    rng, w = form.rng, form.writer
    names = form.all("column")
    heads = rng.sample(names, min(len(names), rng.randrange(4, 8)))
    rows = []
    for _ in range(rng.randrange(5, 26)):
        middle = [rng.choice((w.given, w.family, lambda: w.code("###")))() for _ in heads[2:]]
        if form.claim:
            middle = [*middle[:-1], form.amount()] if middle else [form.amount()]
            rows.append([w.date(rng.randrange(-20, 1)), form.one("sheet"), *middle])
        else:
            rows.append([w.person(), w.past_date(40), *middle])
    blank = rng.randrange(0, 12)
    rows += [[""] * len(heads) for _ in range(blank)]
    if form.claim:
        rows.append([*[""] * (len(heads) - 2), "Σ", w.money(rng.uniform(90, 4000))])
    return heads, rows


def _sheet_table(form: FormPieces, heads: list[str], rows: list[list[str]], size: float) -> str:
    """Return the grid itself."""
    rng, plan = form.rng, form.plan
    fill = {
        "none": "#ffffff", "grey": "#d9d9d9", "dark": "#404040",
        "colour": rng.choice(("#4472c4", "#f2b233", "#70ad47", "#ed7d31", "#bdd7ee", "#fff2cc")),
    }[plan["shade"]]  # fmt: skip
    tone = "#ffffff" if fill in ("#404040", "#4472c4", "#70ad47") else "#000000"
    cells = [f"[{sized(size, bold(h), fill=tone)}]" for h in heads]
    how = plan["fill"]
    for row in rows:
        for i, text in enumerate(row):
            shown = (
                lit(text) if i == 0 or how not in ("empty", "hand") else form.written(text, size)
            )
            side = "right" if i > 1 and text[:1].isdigit() else "left"
            cells.append(f"[#align({side})[{shown}]]")
    line = {"grid": '0.5pt + rgb("#555555")', "faint": '0.4pt + rgb("#c8c8c8")',
            "black": "0.9pt", "rows": "(x, y) => (bottom: 0.4pt)"}[plan["lines"]]  # fmt: skip
    zebra = f', fill: (x, y) => if y == 0 {{ rgb("{fill}") }}'
    if rng.random() < 0.3:
        zebra += ' else if calc.odd(y) { rgb("#f2f2f2") }'
    wide = rng.randrange(2)
    spec = ", ".join("2fr" if i == wide else "1fr" for i in range(len(heads)))
    row_mm = size * rng.uniform(0.5, 0.75)
    spec = f"columns: ({spec},), rows: (auto, {row_mm:.1f}mm), stroke: {line}{zebra}"
    return f"#grid({spec}, inset: 0.8mm, {', '.join(cells)})\n"


def sheet(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a form kept in a spreadsheet."""
    form, rng = FormPieces(plan, writer), plan.rng
    size = rng.uniform(6.4, 9.6)
    heads, rows = _matrix(form, rng.choice((5, 7, 7))) if plan["body"] == "week" else _listed(form)
    title = sized(size * rng.uniform(1.3, 2.2), bold(form.one("sheet_title")), font=form.style.head)
    info = [
        f"[{bold(form.one('head'))}], [{form.written(form.writer.family(), size)}]"
        for _ in range(rng.randrange(2, 9))
    ]
    stroke = rng.choice(("none", "0.4pt", "(x, y) => if calc.odd(x) { (bottom: 0.4pt) }"))
    spec = f"columns: (1fr, 1.4fr, 1fr, 1.4fr), rows: {size * 0.62:.1f}mm, stroke: {stroke}"
    facts = f"#grid({spec}, inset: 0.8mm, {', '.join(info)})\n"
    table = _sheet_table(form, heads, rows, size)
    sign = " #h(6mm) ".join(
        f"{lit(form.one('sign'))}: {form.sign(20)} #box(width: 1fr, line(length: 100%))"
        for _ in range(rng.randrange(0, 3))
    )
    body = {
        "title": f"#align(center)[{title}]\n{space(2)}{facts}{space(3)}{table}",
        "left": f"{title}\n\n{facts}{space(4)}{table}",
        "merged": "#block(width: 100%, stroke: 0.5pt, inset: 1.2mm, below: 0mm, "
        f'fill: rgb("#e8e8e8"))[#align(center)[{title}]]{table}{space(4)}{facts}',
    }[plan["head"]]
    body += space(rng.uniform(3, 10)) + f"{sign}\n\n"
    if rng.random() < 0.5:
        body += sized(size * 0.85, lit(form.text(rng.randrange(1, 4))))
    page = {"upright": (210.0, 297.0), "wide": (297.0, 210.0), "crop": (230.0, 110.0)}[plan["page"]]
    form.style = replace(form.style, width=page[0], height=page[1])
    setup = form.setup(f"{rng.uniform(5, 18):.0f}mm", 0.4) + f"#set text(size: {size:.1f}pt)\n"
    return setup + f"#block(height: 100%, width: 100%, clip: true)[{body}]"


# ----------------------------------------------------------------------
# Forms of two parties side by side: the agreed statement of an accident, the record of a
# dwelling handed over.


def _side(form: FormPieces, name: str, fill: str, height: float) -> str:
    captions = form.all("side_caption")
    rows = [f"#align(center)[{sized(9, bold(name))}]"]
    for number, caption in enumerate(captions, 6):
        value = form.value(8.5)
        lines = "#line(length: 100%, stroke: 0.3pt)" * form.rng.choice((1, 1, 2))
        rows.append(f"{sized(6.4, bold(f'{number}. {caption}'))} {value} #v(-0.6mm) {lines}")
    if form.claim:
        car = svg(parts.cars(form.rng, "#222222"), 22)
        rows.insert(8, f"#align(center)[{car}]")
    body = ", ".join(f"[{row}]" for row in rows)
    return (
        f'#block(width: 100%, height: {height:.0f}mm, clip: true, fill: rgb("{fill}"), '
        f"inset: 1.4mm, stroke: 0.5pt)[#grid(columns: (1fr,), rows: (1fr,), {body})]"
    )


def _checks(form: FormPieces, height: float) -> str:
    box = "#box(width: 2.6mm, height: 2.6mm, stroke: 0.5pt)[#align(center + horizon)[{}]]"
    cells = []
    for number, text in enumerate(form.all("parts"), 1):
        left, right = (sized(6, lit("X")) if form.ticked() else "" for _ in range(2))
        cells += [f"[{box.format(left)}]", f"[{sized(6, lit(f'{number}  {text}'))}]",
                  f"[{box.format(right)}]"]  # fmt: skip
    head = f"#align(center)[{sized(8, bold('12. ' + form.all('middle')[0]))}]"
    grid = (
        f"#grid(columns: (auto, 1fr, auto), column-gutter: 1mm, rows: (1fr,), {', '.join(cells)})"
    )
    return f"{head}#block(height: {height - 7:.0f}mm, above: 1mm)[{grid}]"


def _sketch(form: FormPieces, height: float) -> str:
    grid = "#block(width: 100%, height: {h}mm, stroke: 0.6pt, clip: true, inset: 1mm)[{b}]"
    rng = form.rng
    drawn = ""
    if form.how != "empty":
        drawn = "".join(
            place(rng.uniform(5, 60), rng.uniform(4, height * 0.5), form.sign(rng.uniform(15, 40)))
            for _ in range(2)
        )
        if form.claim:
            drawn += place(30, 6, svg(parts.cars(rng, "#1a237e"), rng.uniform(25, 45)))
    words = sized(5.4, bold(f"13. {form.all('middle')[2]}"))
    return grid.format(h=round(height), b=words + drawn)


def joint(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a form with a column for either party."""
    form, rng = FormPieces(plan, writer), plan.rng
    margin = rng.uniform(6, 13)
    free = form.style.height - 2 * margin
    title = sized(rng.uniform(10, 15), bold(form.one("joint_title")), font=form.style.head)
    tops = [
        f"[{sized(6.4, bold(f'{i}. {text}'))} \\ {form.value(8)}]"
        for i, text in enumerate(form.all("top"), 1)
    ]
    rows = rng.choice((9.0, 10.5, 12.0))
    spec = f"columns: (1fr, 1fr, 2fr), rows: {rows}mm, stroke: 0.5pt, inset: 0.8mm"
    top = f"#grid({spec}, {', '.join(tops)})\n"
    fills = {
        "blue-yellow": ("#cfe2f3", "#fdf0b8"), "grey": ("#e9e9e9", "#e9e9e9"),
        "white": ("#ffffff", "#ffffff"), "green": ("#d8ecd6", "#f8e3d4"),
    }[plan["tints"]]  # fmt: skip
    share = {"below": (0.44, 0.6), "above": (0.44, 0.6), "none": (0.68, 0.78)}[plan["sketch"]]
    height = free * rng.uniform(*share)
    left, right = (_side(form, n, f, height) for n, f in zip(form.all("sides"), fills, strict=True))
    middle = _checks(form, height)
    cells = {
        "middle": (left, middle, right),
        "right": (left, right, middle),
        "left": (middle, left, right),
        "none": (left, right),
    }[plan["checks"]]
    widths = ["1fr"] * len(cells)
    if plan["checks"] != "none":
        widths[cells.index(middle)] = f"{rng.uniform(0.6, 1.1):.2f}fr"
    body = columns(widths, cells, rng.uniform(0, 3))
    sketch = (
        "" if plan["sketch"] == "none" else _sketch(form, max(24.0, free - height - 2 * rows - 44))
    )
    signs = columns(("1fr", "1fr"), [
        f"#block(width: 100%, height: 13mm, stroke: 0.5pt, inset: 0.8mm)"
        f"[{sized(5.4, bold('15. ' + form.all('sign')[0]))} {form.sign(24)}]" for _ in range(2)
    ], 2)  # fmt: skip
    note = sized(5.6, lit(form.text(2)))
    head = {
        "left": f"{title} #h(1fr) {note}\n\n",
        "centre": f"#align(center)[{title} \\ {note}]\n",
        "bar": f'#block(width: 100%, fill: rgb("{form.style.accent}"), inset: 1.6mm)'
        f"[{sized(13, bold(form.one('joint_title')), fill='#ffffff')}]\n",
    }[plan["head"]]
    low = (sketch, body) if plan["sketch"] == "above" else (body, sketch)
    pieces = space(1).join((head, top, *low, signs))
    return form.setup(f"{margin:.1f}mm", 0.4) + f"#block(height: 100%, clip: true)[{pieces}]"


_LINED: Slots = {
    "script": SCRIPTS,
    "head": ("centre", "under", "left", "logo"),
    "spacing": ("tight", "normal", "wide"),
    "lines": ("signs", "signs", "rules", "dots"),
    "marks": ("brackets", "underscores", "boxes"),
    "headings": ("none", "bold", "under"),
    "fill": ("empty", "empty", "empty", *FILLS),
}
_SHEET: Slots = {
    "script": SCRIPTS,
    "head": ("title", "left", "merged"),
    "body": ("week", "list"),
    "page": ("upright", "upright", "wide", "crop"),
    "lines": ("grid", "faint", "black", "rows"),
    "shade": ("none", "grey", "colour", "colour", "dark"),
    "fill": ("printed", "printed", "typed", "hand", "empty"),
}
_JOINT: Slots = {
    "script": ("latin",),
    "head": ("left", "centre", "bar"),
    "tints": ("blue-yellow", "blue-yellow", "grey", "white", "green"),
    "checks": ("middle", "middle", "right", "left", "none"),
    "sketch": ("below", "below", "above", "none"),
    "fill": ("hand", "hand", "empty", "mixed", "typed"),
}

BUILDERS: dict[str, Callable[[Plan, Writer], str]] = {
    "claim-agency": agency,
    "claim-lined": lined,
    "claim-sheet": sheet,
    "claim-joint": joint,
    "agency-form": agency,
    "lined-form": lined,
    "time-sheet": sheet,
    "inspection-form": joint,
}
"""What builds each kind: four of claim and, set from the same pieces, four of other."""

SLOTS: dict[str, Slots] = {
    kind: slots
    for slots, kinds in (
        (AGENCY_SLOTS, ("claim-agency", "agency-form")),
        (_LINED, ("claim-lined", "lined-form")),
        (_SHEET, ("claim-sheet", "time-sheet")),
        (_JOINT, ("claim-joint", "inspection-form")),
    )
    for kind in kinds
}
