"""Neighbours made of tables: orders, delivery notes, statements, spreadsheets."""

from docsorter.training.synth import invoice_parts as parts
from docsorter.training.synth import invoice_table
from docsorter.training.synth.content import Writer
from docsorter.training.synth.letterhead import (
    FEET,
    HEADS,
    foot,
    letterhead,
    make_firm,
    margins,
)
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    page_setup,
    pairs,
    rule,
    sized,
    space,
)
from docsorter.training.synth.plan import Plan, Slots

LOOKS = ("grid", "zebra", "rules", "bare")
"""The looks a table has."""
_BUSINESS: Slots = {
    "head": HEADS,
    "facts": parts.FACTS,
    "parties": parts.PARTIES,
    "table": parts.TABLES,
    "foot": FEET,
    "sign": ("yes", "no", "boxes"),
}
SLOTS: dict[str, Slots] = {
    "order": {**_BUSINESS, "title": parts.TITLES},
    "delivery-note": {**_BUSINESS, "title": parts.TITLES},
    "bank-statement": {
        "head": HEADS,
        "look": LOOKS,
        "summary": ("strip", "box", "none"),
        "foot": FEET,
        "columns": ("4", "5", "6"),
    },
    "spreadsheet": {
        "look": LOOKS,
        "columns": ("5", "8", "12"),
        "turned": ("yes", "no"),
        "heads": ("ruled", "filled", "plain"),
    },
}


def heading(plan: Plan, text: str) -> str:
    """Return a heading in the manner of part ``heads``."""
    style, part = plan.style, plan["heads"]
    if part == "filled":
        return (
            f'#block(width: 100%, fill: rgb("{style.accent}"), inset: 1.3mm, above: 4mm, below:'
            f" 2mm)[{sized(style.size, bold(text), fill='#ffffff')}]\n"
        )
    word = sized(
        style.size * 1.25, bold(text.upper() if part == "caps" else text), fill=style.accent
    )
    return f"#block(above: 4mm, below: 2mm)[{word}]\n" + (rule(style) if part == "ruled" else "")


def trade(plan: Plan, writer: Writer) -> str:
    """Return an order or a delivery note: like an invoice, with other sums or none."""
    rng = plan.rng
    firm = make_firm(writer)
    word = writer.word("order" if plan.kind == "order" else "delivery")
    sold = invoice_table.make_lines(writer, rng.randrange(2, 14))
    rows = [
        (writer.word("number"), writer.code("PO-#####")),
        (writer.word("date"), writer.date()),
        (writer.word("ship_to"), writer.date(9)),
    ]
    body = (
        page_setup(plan.style, margin=margins(plan, plan["head"]))
        + letterhead(plan, firm, plan["head"])
        + space(4)
    )
    body += (
        parts.title(plan, word)
        + parts.parties(plan, writer, firm.one_line)
        + parts.facts(plan, rows)
        + space(4)
    )
    body += (
        invoice_table.line_table(plan, writer, sold, [])
        if plan.kind == "order"
        else _goods(plan, writer, sold)
    )
    if plan["sign"] == "boxes":
        cells = ", ".join(
            f"[#box(height: 16mm)[{lit(writer.word(k))}]]" for k in ("date", "name", "signature")
        )
        body += space(6) + f"#table(columns: (1fr, 1fr, 1fr), stroke: 0.5pt, {cells})\n"
    elif plan["sign"] == "yes":
        body += space(12) + columns(
            ("1fr", "60mm"), ("", f"{rule(plan.style)}{lit(writer.word('signature'))}")
        )
    return body + foot(plan, firm, writer, plan["foot"])


def _goods(plan: Plan, writer: Writer, sold: list[invoice_table.Line]) -> str:
    cells = [bold(writer.word(k)) for k in ("code", "description", "qty", "unit")]
    for line in sold:
        cells += [
            lit(line.code),
            lit(line.text),
            lit(str(line.quantity)),
            "#box(width: 4mm, height: 4mm, stroke: 0.5pt)",
        ]
    body = ", ".join(f"[{c}]" for c in cells)
    return (
        f"#table(columns: (auto, 1fr, auto, auto), stroke: {plan.style.rule}pt +"
        f' rgb("{plan.style.accent}"), {body})\n'
    )


def table(plan: Plan, heads: list[str], rows: list[list[str]], size: float) -> str:
    """Return a table in the manner of part ``look``."""
    style = plan.style
    line = f'{style.rule:.1f}pt + rgb("{style.accent}")'
    stroke = {
        "grid": line,
        "zebra": "none",
        "rules": f"(x, y) => (bottom: {line})",
        "bare": "none",
    }[plan["look"]]
    fill = (
        f'(x, y) => if y == 0 {{ rgb("{style.accent}") }} else if calc.even(y) {{'
        f' rgb("{style.tint}") }}'
        if plan["look"] == "zebra"
        else "none"
    )
    colour = "#ffffff" if plan["look"] == "zebra" else ""
    cells = [sized(size, bold(h), fill=colour) for h in heads]
    cells += [sized(size, lit(value)) for row in rows for value in row]
    widths = ", ".join("1fr" if i == 1 else "auto" for i in range(len(heads)))
    body = ", ".join(f"[{c}]" for c in cells)
    return (
        f"#table(columns: ({widths},), stroke: {stroke}, fill: {fill}, inset: (x: 1.3mm, y: 0.9mm),"
        f" {body})\n"
    )


def statement(plan: Plan, writer: Writer) -> str:
    """Return a bank statement: many dated lines and a running balance."""
    rng, firm, style = plan.rng, make_firm(writer), plan.style
    width = int(plan["columns"])
    heads = [
        writer.word(k) for k in ("date", "description", "number", "amount", "balance", "total")
    ][:width]
    rows, held = [], rng.uniform(500, 9000)
    for i in range(rng.randrange(12, 38)):
        step = rng.uniform(-400, 500)
        held += step
        values = [
            writer.date(i),
            writer.words(3).capitalize(),
            writer.code("####"),
            writer.plain_money(step),
            writer.plain_money(held),
            writer.plain_money(held),
        ]
        rows.append(values[:width])
    body = (
        page_setup(style, margin=margins(plan, plan["head"]))
        + letterhead(plan, firm, plan["head"])
        + space(3)
    )
    body += columns(
        ("1fr", "auto"),
        (
            lines([writer.person(), *writer.address()]),
            pairs([("IBAN", writer.iban()), (writer.word("date"), writer.date())]),
        ),
    )
    body += (
        space(4)
        + sized(style.size * 1.5, bold(writer.word("statement")), fill=style.accent)
        + "\n\n"
    )
    if plan["summary"] != "none":
        cells = [
            f"{lit(writer.word('balance'))} \\ {bold(writer.money(rng.uniform(100, 9000)))}"
            for _ in range(3)
        ]
        fill = f'fill: rgb("{style.tint}")' if plan["summary"] == "strip" else "stroke: 0.6pt"
        body += f"#block(width: 100%, {fill}, inset: 3mm)[{columns(['1fr'] * 3, cells)}]\n"
    return (
        body + table(plan, heads, rows, style.size * 0.8) + foot(plan, firm, writer, plan["foot"])
    )


def spreadsheet(plan: Plan, writer: Writer) -> str:
    """Return a printed spreadsheet, often on its side."""
    style, rng = plan.style, plan.rng
    count = int(plan["columns"])
    heads = [writer.words(1).capitalize() for _ in range(count)]
    rows = [
        [
            str(i + 1),
            writer.words(1),
            *[f"{rng.uniform(0, 9999):.{rng.randrange(3)}f}" for _ in range(count - 2)],
        ]
        for i in range(rng.randrange(18, 44))
    ]
    setup = page_setup(style, margin="12mm")
    if plan["turned"] == "yes":
        setup = setup.replace(
            f"width: {style.width}mm, height: {style.height}mm",
            f"width: {style.height}mm, height: {style.width}mm",
        )
        rows = rows[:26]
    return (
        setup
        + heading(plan, writer.sentence(4))
        + table(plan, heads, rows, min(style.size, 8.5) * (0.8 if count > 8 else 0.95))
    )
