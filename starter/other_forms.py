"""None of the labels: applications, tax returns, loan and consent forms."""

from starter import parts
from starter.claim import HEADS, form_head
from starter.forms import FIELDS, INKS, SECTIONS, Form
from starter.parts import FILLS, Filler, Pen
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    lit,
    page_setup,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Dense official forms that claim nothing: returns of numbered lines, slips of half a page, loans.
#
# From afar they are the nearest neighbours of claims on official forms.

_FILLS = ("empty", "empty", "typed", "printed", "hand")


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


# ----------------------------------------------------------------------
# Forms that are no claims: applications, registrations, tax returns, pay slips.

_LOOK: Slots = {
    "head": HEADS,
    "fields": FIELDS,
    "sections": SECTIONS,
    "ink": INKS,
    "fill": FILLS,
    "numbers": ("yes", "no"),
    "length": ("short", "full"),
}


def _questions(form: Form) -> str:
    w = form.writer
    rows = ""
    for index in range(form.plan.rng.randrange(6, 16)):
        box = f"#box(width: 3mm, height: 3mm, stroke: {form.stroke})"
        rows += (
            f"[{lit(f'{index + 1}. ' + w.sentence(9))}], [{box} {lit(w.word('yes'))}  {box}"
            f" {lit(w.word('no'))}], "
        )
    return f"#block[#grid(columns: (1fr, auto), row-gutter: 3mm, {rows})]\n"


def application(plan: Plan, writer: Writer) -> str:
    """Return an application or registration form."""
    rng = plan.rng
    form = Form(plan, writer, Filler(plan.style, rng, plan["fill"]))
    body = page_setup(plan.style, margin=f"{rng.uniform(9, 20):.1f}mm", leading=0.5)
    body += (
        form_head(plan, writer, writer.word("application"), form.look.ink)
        + space(2)
        + form.note(rng.randrange(1, 4))
    )
    person = (
        form.row(("name", "first_name"))
        + form.row(("birth", "place", "phone"))
        + form.row(("address",))
        + form.row(("email",))
    )
    body += form.section(writer.word("details")) + person
    if plan["body"] == "history":
        body += form.section(writer.word("employee")) + form.grid(
            ("from", "to", "name", "department"), rng.randrange(3, 8), 2
        )
    elif plan["body"] == "questions":
        body += _questions(form)
    elif plan["body"] == "membership":
        body += form.ticks("paid", ("A", "B", "C")) + form.row(("bank", "number")) + form.note(6)
    else:
        body += form.row(("employee", "department")) + form.box(
            writer.word("purpose"), rng.uniform(25, 70)
        )
    return body + _rest(form) + form.signing()


def _rest(form: Form) -> str:
    """Return what fills the page of a long form."""
    if form.plan["length"] == "short":
        return ""
    return form.more(form.plan.style.height - form.plan.rng.uniform(75, 110), "general")


def _other_forms_slip(form: Form) -> str:
    left = (
        form.row(("name", "number")) + form.row(("address",)) + form.row(("employee", "department"))
    )
    right = (
        form.row(("amount", "tax"))
        + form.row(("subtotal", "tax"))
        + form.row(("amount", "total"))
        + form.row(("code", "number"))
    )
    return columns(("1fr", "1fr"), (left, right), 0)


def tax(plan: Plan, writer: Writer) -> str:
    """Return a tax form: numbered lines with sums at the right, or wage slips repeated."""
    rng = plan.rng
    form = Form(plan, writer, Filler(plan.style, rng, plan["fill"]))
    body = page_setup(plan.style, margin=f"{rng.uniform(7, 16):.1f}mm", leading=0.5)
    title = f"{writer.word('tax_form')} {writer.today.year}"
    if plan["body"] == "slips":
        slip = _other_forms_slip(form)
        return body + "".join(
            f"{sized(8, lit(title))}\n\n{slip}#v(8mm)\n" for _ in range(rng.choice((1, 2, 3, 4)))
        )
    body += (
        form_head(plan, writer, title, form.look.ink)
        + form.row(("name", "first_name", "number"))
        + form.row(("address", "place"))
    )
    if plan["body"] == "boxes":
        return (
            body
            + "".join(
                form.section(writer.words(2).capitalize())
                + "".join(
                    form.row(("code", "amount", "amount", "tax"))
                    for _ in range(rng.randrange(2, 5))
                )
                for _ in range(3)
            )
            + _rest(form)
        )
    rows = ""
    for index in range(rng.randrange(18, 36)):
        value = form.filler.value(writer.plain_money(rng.uniform(0, 90000)), 8)
        rows += (
            f"[{lit(str(index + 1))}], [{sized(form.look.label * 1.15, lit(writer.sentence(9)))}],"
            f" [{lit(str(index + 1))}], [{value}], "
        )
    return (
        body
        + "#table(columns: (7mm, 1fr, 7mm, 30mm), stroke: (x, y) => (bottom: 0.3pt, left: if x >="
        f" 2 {{ {form.stroke} }}), inset: 1mm, {rows})\n" + form.signing()
    )


# ----------------------------------------------------------------------
# Consents and screenings, taken for letters or claims: questions to tick, much small print.


def consent_form(plan: Plan, writer: Writer) -> str:
    """Return a consent, a screening or a registration: questions to tick and much small print."""
    style, rng = plan.style, plan.rng
    size = rng.uniform(5.6, 7.8)
    filler = Filler(style, rng, plan["fill"])
    title = sized(size * 1.7, bold(writer.words(5).title()))
    head = {
        "centre": f"#align(center)[{title}]\n",
        "left": f"{title}\n\n",
        "bar": f'#block(width: 100%, fill: rgb("{style.tint}"), inset: 2mm)[{title}]\n',
        "logo": columns(
            ("auto", "1fr"), (svg(parts.logo(rng, style.accent, style.tint), 16), title)
        ),
    }[plan["head"]]  # fmt: skip
    person = "".join(_on_line(plan, writer, filler, size) for _ in range(rng.randrange(2, 5)))
    small = lit(writer.paragraph(rng.randrange(14, 30) if plan["small"] == "long" else 7))
    small = sized(size * 0.92, small)
    if plan["small"] == "columns":
        small = f"#columns(2, gutter: 4mm)[{small} {small}]"
    signing = columns(
        ("2fr", "1fr"),
        [f"{filler.signature(34)}#v(-2mm)#line(length: 100%, stroke: 0.4pt){lit(writer.words(3))}"]
        * 2,
        6,
    )
    last = _official(plan, writer, filler, size) if plan["table"] == "yes" else ""
    setup = page_setup(style, margin=f"{rng.uniform(9, 17):.0f}mm", leading=0.42)
    blocks = [
        head,
        person,
        _other_consents_questions(plan, writer, filler),
        small + "\n\n",
        signing,
        last,
    ]
    return setup + f"#set text(size: {size:.1f}pt)\n" + space(2.5).join(blocks)


def _on_line(plan: Plan, writer: Writer, filler: Filler, size: float) -> str:
    cells = [
        f"{lit(writer.words(2))} {filler.value(writer.family(), size * 1.2)}"
        "#v(-1.5mm)#line(length: 100%, stroke: 0.4pt)"
        for _ in range(plan.rng.randrange(2, 5))
    ]
    return f"#block(above: 2mm)[{columns(['1fr'] * len(cells), cells)}]\n"


def _other_consents_questions(plan: Plan, writer: Writer, filler: Filler) -> str:
    rng = plan.rng
    ways = 2 if plan["answers"] == "two" else 3
    rows = []
    for number in range(rng.randrange(8, 24)):
        marks = ["#box(width: 2mm, height: 2mm, stroke: 0.4pt)"] * ways
        if filler.tick():
            marks[rng.randrange(ways)] = "✓" if rng.random() < 0.5 else "X"
        long = writer.sentence(rng.randrange(6, 24))
        rows += [f"[{number + 1}.]", f"[{lit(long)}]", *(f"[{mark}]" for mark in marks)]
    look = {
        "shaded": f'stroke: none, fill: (x, y) => if calc.odd(y) {{ rgb("{plan.style.tint}") }}',
        "lines": "stroke: (x, y) => (bottom: 0.3pt)",
        "grid": "stroke: 0.4pt",
    }[plan["rows"]]
    spec = "5mm, 1fr" + ", 8mm" * ways
    return f"#table(columns: ({spec}), {look}, inset: 0.9mm, {', '.join(rows)})\n"


def _official(plan: Plan, writer: Writer, filler: Filler, size: float) -> str:
    rng = plan.rng
    count = rng.randrange(4, 9)
    heads = ", ".join(f"[{bold(writer.words(1).title())}]" for _ in range(count))
    cells = ", ".join(
        f"[{filler.value(writer.code('####'), size)}]" for _ in range(count * rng.randrange(2, 6))
    )
    return f"#table(columns: ({'1fr, ' * count}), stroke: 0.5pt, {heads}, {cells})\n"


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
    "application-form": {**_LOOK, "body": ("person", "history", "questions", "membership")},
    "tax-form": {**_LOOK, "body": ("lines", "slips", "boxes")},
    "consent-form": {
        "head": ("centre", "left", "bar", "logo"),
        "rows": ("shaded", "lines", "grid"),
        "answers": ("two", "three"),
        "small": ("long", "short", "columns"),
        "table": ("yes", "no"),
        "fill": ("empty", "hand", "printed", "mixed"),
    },
}
