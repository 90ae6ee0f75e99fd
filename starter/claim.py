"""Claims: expenses, cash and insurance, as forms, grids and typed text."""

import random
from collections.abc import Callable

from starter import parts
from starter.forms import FIELDS, INKS, SECTIONS, Form, value_for
from starter.parts import FILLS, Filler, Pen, make_firm
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    free_mark,
    lines,
    lit,
    page_setup,
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Claims: expenses, cash, motor accidents, travel, medical treatment, losses.

HEADS = ("centre", "logo", "agency", "bar", "corner-number", "two-lines", "boxed", "plain")

_SLOTS: Slots = {
    "head": HEADS,
    "fields": FIELDS,
    "sections": SECTIONS,
    "ink": INKS,
    "fill": FILLS,
    "numbers": ("yes", "no"),
    "notes": ("top", "bottom", "none", "both"),
    "office": ("top", "bottom", "none"),
    "length": ("short", "full", "full", "full"),
}


def form_head(plan: Plan, writer: Writer, title: str, colour: str) -> str:
    """Return the head of a form: who asks, and what for."""
    style, part, rng = plan.style, plan["head"], plan.rng
    firm = make_firm(writer)
    size = style.size * rng.uniform(1.25, 2.1)
    text = sized(size, bold(title), fill=colour, font=style.head)
    number = sized(6, lit(writer.code("FORM ??-#### (##/20##)")))
    simple = {
        "centre": f"#align(center)[{bold(firm.name)} \\ {text}]\n",
        "corner-number": f"#place(top + right)[{number}]\n{text}\n\n",
        "two-lines": f"{rule(style)}{text} #h(1fr) {lit(firm.name)}{rule(style)}",
        "plain": f"{sized(size, bold(firm.name))} \\ {text}\n\n",
    }
    if part in simple:
        return simple[part]
    if part == "logo":
        picture = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(12, 24))
        return columns(
            ("auto", "1fr"),
            (picture, f"#align({rng.choice(('left', 'right'))})[{text} \\ {lit(firm.name)}]"),
        )
    if part == "agency":
        seal = svg(parts.seal(rng, colour), rng.uniform(13, 22))
        return columns(
            ("auto", "1fr", "auto"),
            (seal, f"#align(center)[{lit(firm.name.upper())} \\ {text}]", number),
        )
    if part == "bar":
        white = sized(size, bold(title), fill="#ffffff", font=style.head)
        return f'#block(width: 100%, fill: rgb("{colour}"), inset: 3mm)[{white}]\n'
    sender = lines([firm.name, firm.street, firm.city])
    cells = f"[{sender}], [#align(center)[{text}]], [{number}]"
    return f'#table(columns: (1fr, 2fr, 1fr), stroke: 0.7pt + rgb("{colour}"), {cells})\n'


def _person(form: Form, *, employee: bool) -> str:
    first = ("employee", "department", "number") if employee else ("name", "first_name", "birth")
    return form.row(first) + form.row(("address", "place")) + form.row(("phone", "email", "date"))


def _expense(form: Form) -> str:
    rng = form.plan.rng
    rows = rng.randrange(6, 16)
    heads = rng.choice(
        (
            ("date", "description", "amount"),
            ("date", "description", "purpose", "tax", "amount"),
            ("date", "place", "mileage", "price", "amount"),
        )
    )
    w = form.writer
    return (
        form.section(w.word("employee"))
        + _person(form, employee=True)
        + form.section(w.word("details"))
        + form.grid(heads, rows, rng.randrange(1, rows))
        + form.row(("subtotal", "tax", "total"))
        + form.ticks("paid", (w.word("bank"), w.word("yes"), w.word("no")))
    )


def _cash(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(2, 7)
    return (
        form.row(("number", "date", "department"))
        + form.row(("name", "amount"))
        + form.row(("purpose",))
        + form.grid(("description", "amount"), rows, rng.randrange(1, rows + 1))
        + form.row(("total", "paid"))
        + form.box(w.word("purpose"), rng.uniform(14, 40))
    )


def _motor(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    yes_no = (w.word("yes"), w.word("no"))
    sketch = svg(parts.cars(rng, form.look.ink), rng.uniform(40, 70))
    both = rng.random() < 0.5
    head = (
        form.row(("date", "time", "place"))
        + form.ticks("injury", yes_no)
        + form.ticks("police", yes_no)
        + form.row(("witness", "phone"))
    )
    vehicle = (
        form.row(("insured", "policy"))
        + form.row(("make", "plate"))
        + form.row(("driver", "birth"))
    )
    if both:
        cells = (
            form.section(f"{w.word('vehicle')} A") + vehicle,
            form.section(f"{w.word('vehicle')} B")
            + form.row(("insured", "policy"))
            + form.row(("make", "plate"))
            + form.row(("driver", "birth")),
        )
        vehicles = columns(("1fr", "1fr"), cells, 3)
    else:
        vehicles = form.section(w.word("vehicle")) + vehicle
    last = columns(("auto", "1fr"), (sketch, form.box(w.word("damage"), rng.uniform(25, 45))))
    return head + vehicles + form.section(w.word("damage")) + last


def _travel(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(5, 14)
    return (
        _person(form, employee=True)
        + form.section(w.word("purpose"))
        + form.row(("from", "to", "date"))
        + form.grid(
            ("date", "from", "to", "mileage", "price", "amount"), rows, rng.randrange(2, rows)
        )
        + form.row(("mileage", "subtotal", "total"))
        + form.ticks("paid", (w.word("yes"), w.word("no")))
    )


def _medical(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(4, 22)
    heads = rng.choice(
        (
            ("date", "place", "code", "diagnosis", "qty", "amount"),
            ("code", "description", "date", "qty", "amount"),
            ("date", "doctor", "diagnosis", "amount"),
        )
    )
    sex = ("M", "F")
    return (
        form.ticks("insured", ("A", "B", "C", "D", w.word("customer")))
        + form.row(("name", "first_name", "birth", "policy"))
        + form.row(("address", "insured"))
        + form.row(("place", "phone", "number"))
        + form.ticks("injury", (*sex, w.word("yes"), w.word("no")))
        + form.section(w.word("doctor"))
        + form.row(("doctor", "number", "date"))
        + form.row(("diagnosis", "diagnosis", "diagnosis", "code"))
        + form.grid(heads, rows, rng.randrange(1, max(2, rows // 2)))
        + form.row(("number", "customer", "total", "paid", "balance"))
    )


def _loss(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(3, 8)
    return (
        form.section(w.word("insured"))
        + form.row(("policy", "claim_no"))
        + _person(form, employee=False)
        + form.section(w.word("damage"))
        + form.row(("date", "time", "place"))
        + form.ticks("police", (w.word("yes"), w.word("no")))
        + form.box(w.word("description"), rng.uniform(18, 50))
        + form.section(w.word("details"))
        + form.grid(("description", "date", "price", "amount"), rows, rng.randrange(1, rows))
        + form.row(("total", "bank"))
    )


_BODIES: dict[str, Callable[[Form], str]] = {
    "expense": _expense,
    "cash": _cash,
    "motor": _motor,
    "travel": _travel,
    "medical": _medical,
    "loss": _loss,
}


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a claim laid out as ``plan`` says."""
    rng, style = plan.rng, plan.style
    topic = plan.kind.removeprefix("claim-")
    form = Form(plan, writer, Filler(style, rng, plan["fill"]))
    title = writer.word(f"claim_{topic}")
    edge = rng.uniform(6, 18)
    margin = f"{edge:.1f}mm"
    fill = "#fffdf5" if rng.random() < 0.05 else ""
    body = page_setup(style, margin=margin, fill=fill, leading=0.5)
    body += form_head(
        plan, writer, title, form.look.ink if plan["ink"] != "faint" else "#555555"
    ) + space(2)
    body += form.official(rng.uniform(8, 16)) if plan["office"] == "top" else ""
    body += form.note(rng.randrange(1, 6)) if plan["notes"] in ("top", "both") else ""
    body += _BODIES[topic](form)
    if plan["length"] == "full":
        body += form.more(style.height - 2 * edge - rng.uniform(38, 60), "claim")
    body += form.note(rng.randrange(2, 7)) if plan["notes"] in ("bottom", "both") else ""
    body += form.signing()
    body += form.official(rng.uniform(10, 30)) if plan["office"] == "bottom" else ""
    if rng.random() < 0.15:
        colour = rng.choice(("#c0392b", "#1f3c88", "#333333"))
        mark = parts.stamp(rng, writer.word("paid"), writer.date(5), colour)
        body += free_mark(plan, svg(mark, rng.uniform(35, 60)), 60, low=True)
    return body


# ----------------------------------------------------------------------
# Claims on official forms: hundreds of numbered boxes, columns of service lines, typed values.
#
# Forms whose coloured lines the scanner dropped are of another kind: see agency_forms.


_KEYS = (
    "name", "address", "birth", "policy", "claim_no", "date", "insured", "doctor", "number",
    "amount", "total", "code", "place", "phone", "employee", "time", "diagnosis", "official",
)  # fmt: skip


class _Grid:
    """Draws bands of boxes; each method returns markup for one part of the form."""

    def __init__(self, plan: Plan, writer: Writer) -> None:
        self.plan, self.writer, self.rng = plan, writer, plan.rng
        self.left = 0.0
        ink = {
            "black": "#111111",
            "red": "#c0271f",
            "grey": "#8a8a8a",
            "green": "#2f7d4f",
            "blue": "#2f5f9f",
        }[plan["lines"]]
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


def grid(plan: Plan, writer: Writer) -> str:
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


# ----------------------------------------------------------------------
# Claims born in an office program or on a web site, and official ones that are mostly words.


_SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("insured", ("name", "policy", "customer", "address", "phone", "email")),
    ("details", ("policy", "date", "from", "to", "amount")),
    ("section", ("date", "time", "place", "police", "witness")),
    ("vehicle", ("make", "plate", "mileage", "driver", "number")),
    ("doctor", ("doctor", "number", "diagnosis", "date", "amount")),
    ("damage", ("damage", "amount", "description")),
    ("bank", ("bank", "number", "name")),
)


def _section(plan: Plan, text: str) -> str:
    style, part = plan.style, plan["sections"]
    words = bold(text.upper() if plan.rng.random() < 0.6 else text)
    if part in ("grey-bar", "accent"):
        colour = style.accent if part == "accent" and style.colour else "#e2e2e2"
        tone = "#ffffff" if part == "accent" and style.colour else "#000000"
        return (
            f'#block(width: 100%, fill: rgb("{colour}"), inset: 1.5mm, above: 4mm, below: 3mm)'
            f"[{sized(style.size, words, fill=tone)}]\n"
        )
    if part == "rule":
        return f"#block(above: 4mm, below: 2mm)[{words}#v(-2mm)#line(length: 100%)]\n"
    if part == "boxed":
        return f"#block(stroke: 0.6pt, width: 100%, inset: 1.4mm, above: 4mm)[{words}]\n"
    body = sized(style.size * 1.15, words) if part == "bold" else lit(text)
    return f"#block(above: 5mm, below: 3mm)[{body}]\n"


def _pairs(plan: Plan, writer: Writer, keys: tuple[str, ...], gap: float) -> str:
    rows = [
        (writer.word(k), value_for(k, writer) if k != "damage" else writer.sentence(9))
        for k in keys
        if plan.rng.random() < 0.9
    ]
    part = plan["pairs"]
    if not rows:
        return ""
    if part == "run-on":
        return "".join(f"#block(above: {gap:.1f}mm)[{lit(f'{a}: {b}')}]\n" for a, b in rows)
    if part == "stacked":
        return "".join(f"#block(above: {gap:.1f}mm)[{bold(a)} \\ {lit(b)}]\n" for a, b in rows)
    cells = ", ".join(f"[{bold(a)}], [{lit(b)}]" for a, b in rows)
    if part == "table":
        return f"#table(columns: (50mm, 1fr), stroke: 0.4pt, {cells})\n"
    spec = "(38mm, 1fr)" if part == "two-columns" else "(30mm, 1fr, 30mm, 1fr)"
    return f"#grid(columns: {spec}, column-gutter: 4mm, row-gutter: {gap:.1f}mm, {cells})\n"


def _damage(plan: Plan, writer: Writer) -> str:
    """Return the list or table of what is claimed, with its sum."""
    rng, part = plan.rng, plan["table"]
    count = rng.randrange(2, 7)
    if part == "none":
        return ""
    if part == "list":
        return "".join(f"#par[{lit('- ' + writer.words(4))}]\n" for _ in range(count))
    keys = ("description", "date", "price", "amount")
    cells = [bold(writer.word(k)) for k in keys]
    for _ in range(count):
        cells += [lit(writer.item()), lit(writer.date())]
        cells += [lit(writer.money(rng.uniform(20, 900))) for _ in range(2)]
    stroke = "0.5pt" if part == "grid" else "(x, y) => (bottom: 0.5pt)"
    body = ", ".join(f"[{c}]" for c in cells)
    total = f"{bold(writer.word('total'))}: {bold(writer.money(rng.uniform(100, 9000)))}"
    return (
        f"#table(columns: (1fr, auto, auto, auto), stroke: {stroke}, fill: (x, y) => if y == 0 "
        f'{{ rgb("#ececec") }}, {body})\n#align(right)[{total}]\n'
    )


def _head(plan: Plan, writer: Writer, title: str) -> str:
    style, rng, part = plan.style, plan.rng, plan["head"]
    firm = make_firm(writer)
    word = sized(style.size * rng.uniform(1.1, 2.0), bold(title), font=style.head)
    number = bold(f"{writer.word('claim_no')}: {writer.code('CLM-20##-###')}")
    fill = style.accent if style.colour else "#333333"
    white = sized(style.size * 1.6, bold(title), fill="#ffffff")
    return {
        "centre": f"#align(center)[{bold(firm.name)} \\ {word}]\n",
        "left": f"{word}\n\n{number}\n",
        "left-number": columns(("1fr", "auto"), (word, number)),
        "bar": f'#block(width: 100%, fill: rgb("{fill}"), inset: 3mm)[{white}]\n',
        "firm": f"{sized(style.size * 1.5, lit(firm.name))} \\ {word} \\ {lit(firm.one_line)}\n\n",
        "logo": columns(
            ("auto", "1fr"),
            (svg(parts.logo(rng, style.accent, style.tint), 18), f"#align(right)[{word}]"),
        ),
    }[part]


def digital(plan: Plan, writer: Writer) -> str:
    """Return a claim as a program prints it: headings, names and values, much white."""
    rng = plan.rng
    gap = {"tight": 2.0, "normal": 3.4, "wide": 5.6}[plan["spacing"]]
    chosen = rng.sample(_SECTIONS, rng.randrange(3, 7))
    body = page_setup(plan.style) + _head(plan, writer, writer.word(f"claim_{plan['topic']}"))
    body += space(rng.uniform(2, 9))
    for heading, keys in chosen:
        body += _section(plan, writer.word(heading)) + _pairs(plan, writer, keys, gap)
    body += _damage(plan, writer)
    if rng.random() < 0.3:
        body += space(6) + f"{lit(writer.word('signature'))}: #line(length: 60mm)\n"
    return body


def _fields(plan: Plan, writer: Writer, filler: Filler) -> str:
    part, size = plan["fields"], plan.style.size
    keys = ("name", "first_name", "birth", "address", "place", "phone", "policy", "date")
    small = size * 0.75
    cells = [
        f"{sized(small, lit(writer.word(k)))} \\ {filler.value(value_for(k, writer), size)}"
        for k in (keys[:3] if part == "few" else keys)
    ]
    spec = ", ".join(["1fr"] * plan.rng.choice((2, 3, 4)))
    stroke = "0.6pt" if part == "boxes" else "(x, y) => (bottom: 0.5pt)"
    body = ", ".join(f"[{c}]" for c in cells)
    return f"#grid(columns: ({spec},), rows: 9mm, stroke: {stroke}, inset: 1mm, {body})\n"


def notice(plan: Plan, writer: Writer) -> str:
    """Return an official claim that explains itself at length before it asks."""
    rng, style = plan.rng, plan.style
    filler = Filler(style, rng, plan["fill"])
    firm = make_firm(writer)
    size = rng.uniform(5.8, 7.6) if plan["print"] == "small" else rng.uniform(7.6, 9.4)
    title = sized(size * rng.uniform(1.3, 1.9), bold(writer.word(f"claim_{plan['topic']}").upper()))
    seal = svg(parts.seal(rng, "#222222"), rng.uniform(8, 14))
    head = {
        "mark-left": f"{seal} {bold(firm.name)}\n\n#align(center)[{title}]\n",
        "centre": f"#align(center)[{title}]\n",
        "rule": f"{title}#line(length: 100%, stroke: 1.2pt)\n",
        "boxed": f"#block(width: 100%, stroke: 0.8pt, inset: 2mm)[#align(center)[{title}]]\n",
    }[plan["head"]]

    def box() -> str:
        tick = "#box(width: 2.4mm, height: 2.4mm, stroke: 0.6pt)"
        rows = " \\ ".join(f"{tick} {lit(writer.words(4))}" for _ in range(rng.randrange(2, 5)))
        return f"#block(width: 100%, stroke: 0.7pt, inset: 1.6mm)[{rows}]"

    boxes = {
        "two": columns(("1fr", "1fr"), (box(), box())),
        "grid": columns(("1fr", "1fr"), (box(), box())) * 2,
        "one": box(),
        "none": "",
    }[plan["boxes"]]
    texts = [f"#par[{lit(writer.paragraph(rng.randrange(2, 6)))}]\n" for _ in range(6)]
    heads = [f"#par[{bold(writer.sentence(5).upper())}]\n" for _ in range(3)]
    cut = rng.randrange(1, 5)
    return (
        page_setup(style, margin=f"{rng.uniform(9, 17):.0f}mm", leading=0.5)
        + f"#set text(size: {size:.1f}pt)\n#set par(justify: {str(rng.random() < 0.5).lower()})\n"
        + head
        + heads[0]
        + "".join(texts[:cut])
        + boxes
        + heads[1]
        + _fields(plan, writer, filler)
        + "".join(texts[cut:])
        + heads[2]
        + _fields(plan, writer, filler)
        + space(3)
        + f"{lit(writer.word('signature'))} {filler.signature(30)}\n"
    )


SLOTS: dict[str, Slots] = {
    **{
        f"claim-{name}": _SLOTS
        for name in ("expense", "cash", "motor", "travel", "medical", "loss")
    },
    "claim-grid": {
        "head": ("none", "none", *HEADS),
        "lines": ("black", "black", "black", "black", "red", "grey", "green", "blue"),
        "fill": ("typed", "typed", "typed", "hand", "empty", "printed"),
        "service": ("bands", "columns", "stripes", "two-tables"),
        "density": ("fine", "finer", "coarse"),
        "black": ("none", "cells", "strips"),
        "edge": ("tight", "framed"),
        "numbers": ("yes", "no"),
    },
    "claim-digital": {
        "head": ("centre", "left", "left-number", "bar", "firm", "logo"),
        "topic": ("motor", "loss", "medical", "travel"),
        "sections": ("grey-bar", "bold", "rule", "plain", "accent", "boxed"),
        "pairs": ("two-columns", "run-on", "stacked", "table", "two-by-two"),
        "table": ("grid", "rules", "list", "none"),
        "spacing": ("tight", "normal", "wide"),
    },
    "claim-notice": {
        "head": ("mark-left", "centre", "rule", "boxed"),
        "topic": ("medical", "loss", "travel", "expense"),
        "boxes": ("two", "grid", "one", "none"),
        "fields": ("lines", "boxes", "few"),
        "print": ("small", "normal"),
        "fill": FILLS,
    },
}
