"""Bills made of boxes, and the airy invoices of web shops and cloud services."""

from collections.abc import Callable

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.invoice_letter import fact_rows
from docsorter.training.synth.invoice_table import make_lines
from docsorter.training.synth.letterhead import foot, make_firm
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    page_setup,
    place,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "invoice-freight": {
        "top": ("two", "three", "four"),
        "columns": ("4", "6", "8"),
        "heads": ("black", "grey", "white"),
        "total": ("black", "box", "row"),
        "notes": ("left", "below", "none"),
        "frame": ("heavy", "thin"),
    },
    "invoice-web": {
        "head": ("word-left", "word-right", "logo-left", "bar"),
        "facts": ("row", "left", "right", "card"),
        "goods": ("rules", "grey-head", "cards", "dark-head"),
        "sums": ("right", "wide", "big"),
        "mark": ("none", "none", "watermark", "badge"),
        "foot": ("none", "line", "fine-print", "page-number"),
    },
}


def _boxes(plan: Plan, writer: Writer, count: int, height: float, stroke: str) -> str:
    keys = plan.rng.sample(
        ("bill_to", "ship_to", "date", "our_ref", "terms", "due", "place"), count
    )
    cells = ", ".join(
        f"[{sized(5.5, lit(writer.word(k).upper()))} \\ "
        f"{lines([writer.company(), *writer.address()][: 3 if height > 12 else 1])}]"
        for k in keys
    )
    return (
        f"#block(above: 0mm, below: 0mm)[#grid(columns: ({'1fr, ' * count}), rows: {height:.0f}mm,"
        f" stroke: {stroke}, inset: 1.2mm, {cells})]\n"
    )


def freight(plan: Plan, writer: Writer) -> str:
    """Return a bill made of boxes: carriers, printers and dealers use such forms."""
    rng, style = plan.rng, plan.style
    stroke = '1.2pt + rgb("#111111")' if plan["frame"] == "heavy" else "0.5pt + black"
    top = {"two": 2, "three": 3, "four": 4}[plan["top"]]
    width = int(plan["columns"])
    fill, colour = {
        "black": ('rgb("#111111")', "#ffffff"), "grey": ('rgb("#d0d0d0")', "#000000"),
        "white": ("none", "#000000"),
    }[plan["heads"]]  # fmt: skip
    known = ("code", "description", "qty", "unit", "mileage", "price", "tax")
    keys = (*known[: width - 1], "amount")
    heads = [sized(6.5, bold(writer.word(k).upper()), fill=colour) for k in keys]
    rows = rng.randrange(1, 9)
    cells = [
        sized(style.size * 0.9, lit(writer.item() if k == "description" else writer.code("##.##")))
        for _ in range(rows)
        for k in keys
    ]
    tall = rng.uniform(40, 110)
    cells += [f"#v({tall:.0f}mm)", *[""] * (width - 1)]
    edge = f"(left: {stroke}, right: {stroke}, bottom: if y == 0 or y == {rows + 1} {{ {stroke} }})"
    widths = ", ".join("1fr" if k == "description" else "auto" for k in keys)
    body = ", ".join(f"[{c}]" for c in [*heads, *cells])
    goods = (
        f"#block(above: 0mm, below: 0mm)[#table(columns: ({widths},), stroke: (x, y) => {edge}, "
        f"fill: (x, y) => if y == 0 {{ {fill} }}, {body})]\n"
    )
    sum_ = writer.money(rng.uniform(90, 9000))
    white = plan["total"] == "black"
    word = sized(style.size * 1.1, bold(writer.word("total")), fill="#ffffff" if white else "")
    paper = ', fill: rgb("#111111")' if white else ""
    total = f"#block(width: 70mm, stroke: {stroke}, inset: 2mm{paper})[{word}] {bold(sum_)}"
    notes = lit(writer.paragraph(rng.randrange(1, 4)))
    low = {
        "left": columns(("1fr", "auto"), (sized(6.5, notes), total)),
        "below": f"#align(right)[{total}]\n{sized(6.5, notes)}\n",
        "none": f"#align(right)[{total}]\n",
    }[plan["notes"]]
    title = sized(style.size * 2, bold(writer.word("invoice").upper()), font=style.head)
    number = sized(style.size * 1.3, lit(writer.code("No. ######")))
    return (
        page_setup(style, margin=f"{rng.uniform(7, 16):.0f}mm", leading=0.5)
        + columns(("1fr", "auto"), (f"{title} \\ {lit(writer.company())}", number))
        + _boxes(plan, writer, top, rng.uniform(16, 28), stroke)
        + _boxes(plan, writer, rng.randrange(3, 7), rng.uniform(7, 11), stroke)
        + goods
        + low
    )


def _web_goods(plan: Plan, writer: Writer) -> tuple[str, float]:
    sold = make_lines(writer, plan.rng.choice((1, 1, 2, 3, 4, 6)))
    part = plan["goods"]
    dark = part == "dark-head"
    head = plan.style.accent if plan.style.colour and dark else "#222222" if dark else "#efefef"
    fill = f'(x, y) => if y == 0 {{ rgb("{head}") }}' if part.endswith("head") else "none"
    stroke = '(x, y) => (bottom: 0.4pt + rgb("#d5d5d5"))' if part == "rules" else "none"
    tone = "#ffffff" if dark else "#555555"
    keys = ("description", "qty", "price", "amount")
    cells = [sized(plan.style.size * 0.9, lit(writer.word(k)), fill=tone) for k in keys]
    for line in sold:
        small = sized(plan.style.size * 0.8, lit(writer.words(4)), fill="#8a8a8a")
        cells += [
            f"{bold(line.text)} \\ {small}" if part == "cards" else lit(line.text),
            lit(str(line.quantity)),
            lit(writer.money(line.price)),
            lit(writer.money(line.amount)),
        ]
    body = ", ".join(f"[{c}]" for c in cells)
    inset = f"(x: 2mm, y: {plan.rng.uniform(1.4, 3.2):.1f}mm)"
    table = (
        f"#table(columns: (1fr, auto, auto, auto), align: (left, right, right, right), "
        f"stroke: {stroke}, fill: {fill}, inset: {inset}, {body})\n"
    )
    return table, sum(line.amount for line in sold)


def web(plan: Plan, writer: Writer) -> str:
    """Return an invoice as a web shop or a cloud service makes it: grey, airy, born digital."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    word = sized(style.size * rng.uniform(2, 3.2), bold(writer.word("invoice")), font=style.head)
    name = sized(style.size * 1.6, bold(firm.name), fill=style.accent, font=style.head)
    mark = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(9, 18))
    bar = f'#block(width: 100%, height: 3mm, fill: rgb("{style.accent}"))'
    head = {
        "word-left": columns(("1fr", "auto"), (word, name)),
        "word-right": columns(("1fr", "auto"), (name, word)),
        "logo-left": columns(("auto", "1fr"), (mark, f"#align(right)[{word}]")),
        "bar": f"{bar}{word}\n\n",
    }[plan["head"]]
    rows = fact_rows(writer)[:5]
    facts = [f"{sized(style.size * 0.8, lit(a), fill='#888888')} \\ {lit(b)}" for a, b in rows]
    who = [
        f"{bold(writer.word(k))} \\ {lines([writer.person(), *writer.address(), writer.mail()])}"
        for k in ("from", "bill_to")
    ]
    stacked = " \\ ".join(f"{lit(a)}: {bold(b)}" for a, b in rows)
    middle = {
        "row": columns(["1fr"] * len(facts), facts) + space(6) + columns(("1fr", "1fr"), who),
        "left": stacked + space(6) + columns(("1fr", "1fr"), who),
        "right": columns(("1fr", "1fr", "auto"), (*who, stacked)),
        "card": f'#block(fill: rgb("#f5f5f5"), inset: 4mm, width: 100%)'
        f"[{columns(('1fr', '1fr', 'auto'), (*who, stacked))}]\n",
    }[plan["facts"]]
    goods, total = _web_goods(plan, writer)
    big = sized(style.size * 1.9, bold(writer.money(total * 1.19)))
    line = f"{lit(writer.word('total'))} #h(1fr) {bold(writer.money(total * 1.19))}"
    sums = {
        "right": f"#align(right)[#block(width: 45%)[{line}]]\n",
        "wide": f"#line(length: 100%, stroke: 0.5pt)\n{line}\n\n",
        "big": f"#align(right)[{lit(writer.word('total'))} \\ {big}]\n",
    }[plan["sums"]]
    marks: dict[str, Callable[[], str]] = {
        "none": lambda: "",
        "watermark": lambda: "#place(center + horizon)[#rotate(-40deg)["
        + sized(rng.uniform(60, 110), bold(writer.word("paid")), fill="#d9d9d9")
        + "]]\n",
        "badge": lambda: place(
            60, 4, f'#box(fill: rgb("#2e7d32"), inset: 2mm, radius: 2mm)'
            f"[{sized(style.size, bold(writer.word('paid')), fill='#ffffff')}]"
        ),
    }  # fmt: skip
    gap = space(rng.uniform(4, 14))
    under = marks[plan["mark"]]()
    tail = foot(plan, firm, writer, plan["foot"])
    return page_setup(style) + under + head + gap + middle + gap + goods + gap + sums + tail
