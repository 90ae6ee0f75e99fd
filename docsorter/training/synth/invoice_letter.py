"""Invoices that look like letters or like the folio of a hotel: few rules, much white."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.invoice_table import make_lines
from docsorter.training.synth.letterhead import FEET, foot, make_firm
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

_CORNERS = ("mark-right", "mark-left", "word-right", "word-left", "tab-left", "centre", "none")
SLOTS: dict[str, Slots] = {
    "invoice-letter": {
        "corner": _CORNERS,
        "print": ("same", "mono", "mono-bold", "bold"),
        "facts": ("right", "middle", "line", "left"),
        "goods": ("two-level", "ruled", "plain", "head-only"),
        "code": ("none", "none", "bars", "square"),
        "foot": FEET,
    },
    "invoice-folio": {
        "corner": _CORNERS,
        "print": ("same", "mono", "bold", "same"),
        "facts": ("right", "middle", "left"),
        "rows": ("few", "some", "many"),
        "rules": ("every", "head", "zebra", "none"),
        "taxes": ("below", "beside", "none"),
        "foot": FEET,
    },
}


def _corner(plan: Plan, writer: Writer) -> str:
    """Return a sign of the sender in a corner; the rest of the page stays white."""
    style, rng, part = plan.style, plan.rng, plan["corner"]
    word = sized(
        style.size * rng.uniform(1.8, 3.6),
        bold(writer.family().upper() if rng.random() < 0.6 else writer.company()),
        fill=style.accent,
        font=style.head,
    )
    mark = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(12, 30))
    edge = style.margin
    if part == "tab-left":
        white = sized(style.size * 2, bold(writer.family()), fill="#ffffff", font=style.head)
        fill = style.accent if style.colour else "#555555"
        tab = f'#block(fill: rgb("{fill}"), inset: (x: 7mm, y: 5mm), radius: 1mm)[{white}]'
        return place(-edge, -edge, tab) + space(14)
    return {
        "mark-right": f"#align(right)[{mark}]\n",
        "mark-left": mark + "\n\n",
        "word-right": f"#align(right)[{word}]\n",
        "word-left": word + "\n\n",
        "centre": f"#align(center)[{mark} \\ {word}]\n",
        "none": "",
    }[part]


def _printed(plan: Plan) -> str:
    """Return the rule for what the program printed onto the firm's paper."""
    part, style = plan["print"], plan.style
    if part in ("mono", "mono-bold"):
        weight = ', weight: "bold"' if part == "mono-bold" else ""
        return f'#set text(font: "{style.mono}", size: {style.size * 0.9:.1f}pt{weight})\n'
    return '#set text(weight: "bold")\n' if part == "bold" else ""


def _addressed(plan: Plan, writer: Writer, sender: str, rows: list[tuple[str, str]]) -> str:
    """Return the address in its window and the facts beside, below or in one line."""
    back = sized(plan.style.size * 0.65, f"#underline[{lit(sender)}]")
    who = f"{back} \\ {lines([writer.company(), writer.person(), *writer.address()])}"
    cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
    table = f"#grid(columns: (auto, auto), column-gutter: 5mm, row-gutter: 1.3mm, {cells})"
    gap = space(plan.rng.uniform(4, 22))
    if plan["facts"] == "right":
        return columns(("1fr", "auto"), (who, table)) + gap
    if plan["facts"] == "middle":
        return f"{who}\n{gap}#pad(left: 38%)[{table}]\n" + gap
    if plan["facts"] == "left":
        return f"{who}\n{gap}{table}\n" + gap
    heads = [f"{sized(plan.style.size * 0.75, lit(a))} \\ {lit(b)}" for a, b in rows]
    return who + gap + columns(["1fr"] * len(rows), heads) + gap


def fact_rows(writer: Writer) -> list[tuple[str, str]]:
    """Return three to seven facts of an invoice as (name, value)."""
    rows = [
        (writer.word("number"), writer.code("########")),
        (writer.word("date"), writer.date()),
        (writer.word("customer"), writer.code("#######")),
        (writer.word("our_ref"), writer.code("??-#####")),
        (writer.word("due"), writer.date(14)),
        (writer.word("from"), writer.date(-3)),
        (writer.word("to"), writer.date()),
    ]
    return rows[: writer.rng.randrange(3, 8)]


def letterlike(plan: Plan, writer: Writer) -> str:
    """Return an invoice written like a letter: few lines, hardly a rule, words around them."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    sold = make_lines(writer, rng.choice((1, 1, 2, 2, 3, 4)))
    part = plan["goods"]
    cells = [bold(writer.word(k)) for k in ("number", "description", "qty", "price", "amount")]
    for i, line in enumerate(sold):
        below = f" \\ {lit(writer.words(4))} \\ {lit(line.code)}" if part == "two-level" else ""
        cells += [
            lit(str(i + 1)),
            lit(line.text) + below,
            lit(str(line.quantity)),
            lit(writer.plain_money(line.price)),
            lit(writer.plain_money(line.amount)),
        ]
    line_ = '0.5pt + rgb("#444444")'
    strokes = {
        "ruled": f"(x, y) => (bottom: {line_})", "head-only": f"(x, y) => if y == 0 {{ ({'top'}:"
        f" {line_}, bottom: {line_}) }}",
    }  # fmt: skip
    stroke = strokes.get(part, "none")
    body = ", ".join(f"[{c}]" for c in cells)
    total = sum(i.amount for i in sold)
    sums = ", ".join(
        f"[{lit(writer.word(k))}], [{lit(writer.money(v))}]"
        for k, v in (("subtotal", total), ("tax", total * 0.19), ("total", total * 1.19))
    )
    code = {"none": "", "bars": svg(ink.barcode(rng), 45), "square": svg(ink.matrix_code(rng), 20)}
    title = sized(style.size * rng.uniform(1.1, 1.8), bold(writer.word("invoice")))
    words = "".join(f"#par[{lit(writer.sentence(9))}]\n" for _ in range(rng.randrange(1, 5)))
    return (
        page_setup(style)
        + _corner(plan, writer)
        + f"#align(right)[{code[plan['code']]}]\n"
        + _printed(plan)
        + _addressed(plan, writer, firm.one_line, fact_rows(writer))
        + f"{title}\n\n{lit(writer.sentence(8)) if rng.random() < 0.6 else ''}\n\n"
        + f"#table(columns: (auto, 1fr, auto, auto, auto), stroke: {stroke}, {body})\n"
        + f"#align(right)[#table(columns: 2, stroke: none, inset: 0.8mm, {sums})]\n"
        + space(rng.uniform(3, 14))
        + words
        + foot(plan, firm, writer, plan["foot"])
    )


def folio(plan: Plan, writer: Writer) -> str:
    """Return a bill of dated lines with the taxes broken down below, as hotels print it."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    count = {"few": 3, "some": 9, "many": 22}[plan["rows"]] + rng.randrange(3)
    grey = '0.4pt + rgb("#777777")'
    rules, zebra = plan["rules"], f'(x, y) => if calc.odd(y) {{ rgb("{style.tint}") }}'
    stroke = {
        "every": f"(x, y) => (bottom: {grey})",
        "head": f"(x, y) => if y == 0 {{ (top: {grey}, bottom: {grey}) }}",
    }.get(rules, "none")
    cells = [bold(writer.word(k)) for k in ("date", "description", "amount", "paid")]
    for i in range(count):
        owed = writer.plain_money(rng.uniform(2, 180))
        late = i >= count - 1
        cells += [writer.date(i), writer.item(), "" if late else owed, owed if late else ""]
    body = ", ".join(f"[{c if i < 4 else lit(c)}]" for i, c in enumerate(cells))
    tax = ", ".join(
        f"[{lit(t)}]"
        for _ in range(rng.randrange(2, 4))
        for t in (writer.word("tax"), *(writer.plain_money(rng.uniform(1, 300)) for _ in range(3)))
    )
    taxes = f"#table(columns: 4, stroke: (x, y) => (bottom: {grey}), inset: 0.9mm, {tax})\n"
    total = f"{bold(writer.word('total'))} #h(1fr) {bold(writer.money(rng.uniform(50, 900)))}"
    lower = {
        "below": f"#block(width: 60%)[{total}]\n{space(3)}{taxes}",
        "beside": columns(("auto", "1fr"), (taxes, total), 12),
        "none": f"#align(right)[#block(width: 45%)[{total}]]\n",
    }[plan["taxes"]]
    title = sized(style.size * rng.uniform(1.2, 2.0), bold(writer.word("invoice")))
    return (
        page_setup(style)
        + _corner(plan, writer)
        + space(rng.uniform(2, 16))
        + _addressed(plan, writer, firm.one_line, fact_rows(writer))
        + f"{title}\n\n"
        + _printed(plan)
        + f"#table(columns: (auto, 1fr, auto, auto), stroke: {stroke}, inset: (x: 1.5mm, y: 0.8mm),"
        f" fill: {zebra if rules == 'zebra' else 'none'}, {body})\n"
        + space(rng.uniform(1, 6))
        + lower
        + space(rng.uniform(3, 15))
        + lit(writer.sentence(12))
        + foot(plan, firm, writer, plan["foot"])
    )
