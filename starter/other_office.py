"""None of the labels: office papers, tables and data sheets."""

from starter import invoice, parts
from starter.parts import FEET, HEADS, Pen, foot, letterhead, make_firm, margins
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    bullets,
    columns,
    lines,
    lit,
    page_setup,
    pairs,
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Neighbours made of tables: orders, delivery notes, statements, spreadsheets.

LOOKS = ("grid", "zebra", "rules", "bare")
"""The looks a table has."""
_BUSINESS: Slots = {
    "head": HEADS,
    "facts": invoice.FACTS,
    "parties": invoice.PARTIES,
    "table": invoice.TABLES,
    "foot": FEET,
    "sign": ("yes", "no", "boxes"),
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
    sold = invoice.make_lines(writer, rng.randrange(2, 14))
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
        invoice.title_line(plan, word)
        + invoice.parties(plan, writer, firm.one_line)
        + invoice.facts_block(plan, rows)
        + space(4)
    )
    body += (
        invoice.line_table(plan, writer, sold, [])
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


def _goods(plan: Plan, writer: Writer, sold: list[invoice.Line]) -> str:
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


# ----------------------------------------------------------------------
# Neighbours from the office: orders, statements, reports, tables, résumés, articles, mail.


def resume(plan: Plan, writer: Writer) -> str:
    """Return a résumé."""
    style, rng = plan.style, plan.rng
    photo = (
        "#box(width: 28mm, height: 35mm, fill:"
        f' rgb("{rng.choice(("#c9b8a8", "#8fa3b5", "#b9c4a7"))}"))[#align(center +'
        ' horizon)[#circle(radius: 8mm, fill: rgb("#7a5c46"))]]'
        if plan["photo"] == "yes"
        else ""
    )
    name = sized(style.size * 2.2, bold(writer.person()), fill=style.accent, font=style.head)

    def jobs(count: int) -> str:
        return "".join(
            columns(
                ("30mm", "1fr"),
                (
                    lit(f"{writer.today.year - i - 2} - {writer.today.year - i}"),
                    f"{bold(writer.company())} \\ {lit(writer.sentence(12))}",
                ),
            )
            + bullets(writer.sentence(7) for _ in range(rng.randrange(1, 4)))
            for i in range(count)
        )

    main = (
        heading(plan, writer.words(2).title())
        + jobs(rng.randrange(2, 5))
        + heading(plan, writer.words(1).title())
        + jobs(rng.randrange(1, 3))
    )
    contact = lines([*writer.address(), writer.phone(), writer.mail()])
    skills = heading(plan, writer.words(1).title()) + lines(writer.words(2) for _ in range(7))
    side = f"{photo}\n\n{contact}\n\n{skills}"
    shape = plan["shape"]
    if shape in ("side-left", "side-right"):
        boxed = f'#block(fill: rgb("{style.tint}"), inset: 4mm, height: 235mm, width: 100%)[{side}]'
        cells = (boxed, name + "\n\n" + main)
        widths = ("58mm", "1fr")
        if shape == "side-right":
            cells, widths = cells[::-1], widths[::-1]
        return page_setup(style) + columns(widths, cells, 7)
    if shape == "table":
        return (
            page_setup(style)
            + sized(style.size * 1.8, bold(writer.word("resume")))
            + space(4)
            + columns(("1fr", "auto"), (contact, photo))
            + main
        )
    return (
        page_setup(style)
        + f"#align(center)[{name} \\ {sized(style.size * 0.85, lit(writer.mail()))}]\n"
        + photo
        + main
    )


def article(plan: Plan, writer: Writer) -> str:
    """Return the first page of an article in columns."""
    style, rng = plan.style, plan.rng
    align = "center" if plan["title"] == "centre" else "left"
    title = sized(style.size * 1.9, bold(writer.sentence(8).rstrip(".")))
    authors = ", ".join(writer.person() for _ in range(rng.randrange(1, 5)))
    body = (
        page_setup(style, leading=0.55)
        + "#set par(justify: true)\n"
        + f"#align({align})[{title}\n\n{lit(authors)}]\n"
    )
    abstract = lit(writer.paragraph(6))
    if plan["abstract"] == "box":
        body += f'#block(fill: rgb("{style.tint}"), inset: 3mm, width: 100%)[{abstract}]\n'
    elif plan["abstract"] == "indent":
        body += f"#pad(x: 12mm)[{sized(style.size * 0.9, abstract)}]\n"
    text = ""
    for i in range(rng.randrange(5, 9)):
        text += (
            f"#par[{bold(f'{i + 1}. {writer.words(3).capitalize()}')}]\n"
            if rng.random() < 0.6
            else ""
        )
        text += f"#par[{lit(writer.paragraph(rng.randrange(4, 9)))}]\n"
        if i == 1 and plan["figure"] in ("chart", "both"):
            text += f"{svg(parts.chart(rng, style.accent), 70)}\n\n"
        if i == 3 and plan["figure"] in ("table", "both"):
            cells = ", ".join(f"[{rng.uniform(0, 1):.3f}]" for _ in range(20))
            text += (
                f"#table(columns: 4, stroke: (x, y) => if y == 0 {{ (bottom: 0.6pt) }}, {cells})\n"
            )
    return body + f"#columns({plan['columns']}, gutter: 6mm)[{text}]\n"


def report(plan: Plan, writer: Writer) -> str:
    """Return a page of a report with figures and tables."""
    style, rng = plan.style, plan.rng
    title = sized(style.size * 2.3, bold(writer.word("report")), fill=style.accent)
    if plan["head"] == "cover":
        fill = (
            f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[#rect(width:"
            f' {style.width}mm, height: {rng.uniform(60, 290):.0f}mm, fill: rgb("{style.accent}"))]'
        )
        white = sized(style.size * 3.4, bold(writer.word("report")), fill="#ffffff")
        return (
            page_setup(style)
            + fill
            + space(rng.uniform(10, 50))
            + white
            + "\n\n"
            + sized(style.size * 1.3, lit(writer.company()), fill="#ffffff")
            + space(120)
            + lit(str(writer.today.year))
        )
    body = (
        page_setup(style)
        + (letterhead(plan, make_firm(writer), "band") if plan["head"] == "band" else "")
        + title
        + "\n\n"
    )
    text = ""
    for _ in range(rng.randrange(2, 4)):
        text += heading(plan, writer.words(3).capitalize()) + f"#par[{lit(writer.paragraph(5))}]\n"
        if plan["figure"] in ("chart", "both"):
            text += svg(parts.chart(rng, style.accent), 75) + "\n\n"
        if plan["figure"] in ("table", "both"):
            rows = [
                [writer.words(1), *[f"{rng.uniform(0, 999):.1f}" for _ in range(3)]]
                for _ in range(rng.randrange(4, 9))
            ]
            text += table(plan, ["", "Q1", "Q2", "Q3"], rows, style.size * 0.85)
    return body + f"#columns({plan['columns']}, gutter: 6mm)[{text}]\n"


def email(plan: Plan, writer: Writer) -> str:
    """Return a printed e-mail."""
    style, rng = plan.style, plan.rng
    rows = [
        (writer.word("from") + ":", f"{writer.person()} <{writer.mail()}>"),
        (writer.word("to") + ":", writer.mail()),
        (writer.word("date") + ":", f"{writer.long_date()} {writer.code('##:##')}"),
        (writer.word("subject") + ":", writer.sentence(6)),
    ]
    block = pairs(rows)
    if plan["block"] == "grid":
        block = (
            "#table(columns: (auto, 1fr), stroke: 0.4pt,"
            f" {', '.join(f'[{bold(a)}], [{lit(b)}]' for a, b in rows)})\n"
        )
    if plan["block"] == "grey":
        block = f'#block(fill: rgb("#eeeeee"), width: 100%, inset: 3mm)[{block}]\n'
    head = {
        "name": bold(writer.person()),
        "logo": svg(parts.logo(rng, style.accent, style.tint), 9) + " " + bold(writer.company()),
        "bar": "",
    }[plan["head"]]
    line = (
        rule(style, width=2.0 if plan["head"] == "bar" else 0.8, colour="#000000")
        if plan["block"] != "grey"
        else ""
    )
    count = rng.randrange(1, 3) if plan["length"] == "short" else rng.randrange(3, 6)
    text = (
        "".join(f"#par[{lit(writer.paragraph(3))}]\n" for _ in range(count))
        + lines([writer.given(), writer.phone()])
        + "\n\n"
    )
    if plan["quote"] == "yes":
        text += (
            '#block(stroke: (left: 1.5pt + rgb("#3b6fb5")), inset: (left:'
            f" 3mm))[{pairs(rows[:3])}{lit(writer.paragraph(4))}]\n"
        )
    top = sized(7, lit(f"{writer.date()}    {writer.sentence(4)}    {writer.word('page')} 1/1"))
    return page_setup(style) + top + "\n\n" + head + "\n\n" + line + block + line + space(4) + text


# ----------------------------------------------------------------------
# Pay slips, data sheets and the fronts of file folders.


def pay_slip(plan: Plan, writer: Writer) -> str:
    """Return a statement of earnings, at times with the cheque below."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    tint = f', fill: rgb("{style.tint}")' if plan["tint"] == "yes" else ""
    title = sized(style.size * 1.7, bold(writer.words(2).title()))
    logo = svg(parts.logo(rng, style.accent, style.tint), 15)
    head = {
        "split": columns(("1fr", "auto"), (lines([firm.name, *firm.contact[:2]]), title)),
        "logo": columns(("auto", "1fr"), (logo, f"#align(right)[{title}]")),
        "boxed": f"#block(stroke: 0.6pt, inset: 2mm, width: 100%)[{title} \\ {lit(firm.name)}]\n",
    }[plan["head"]]

    def sums(rows: int) -> str:
        cells = ", ".join(
            f"[{lit(writer.words(1).title())}], "
            + ", ".join(f"[{lit(writer.plain_money(rng.uniform(1, 4000)))}]" for _ in range(3))
            for _ in range(rows)
        )
        stroke = "0.4pt" if plan["table"] == "grid" else "(x, y) => if y == 0 { (bottom: 0.6pt) }"
        return f"#table(columns: (1fr, auto, auto, auto), stroke: {stroke}{tint}, {cells})\n"

    tables = sums(rng.randrange(9, 18))
    if plan["table"] == "two":
        tables = columns(("1fr", "1fr"), (sums(10), sums(rng.randrange(4, 11))), 3)
    who = columns(("1fr", "1fr"), (lines([writer.person(), *writer.address()]), lines(
        [writer.date(-14), writer.date(), writer.code("######")]
    )))  # fmt: skip
    body = page_setup(style, margin="13mm") + head + space(5) + who + space(4) + tables
    if plan["cheque"] == "yes":
        name = f"{lit(writer.person())} #h(1fr) {bold(writer.money(rng.uniform(300, 5000)))}"
        inner = f"{bold(firm.name)}\n\n{name}\n\n{Pen(rng).sign(38)}"
        body += (
            f'#place(bottom)[#block(width: 100%, stroke: 0.8pt, fill: rgb("{style.tint}"), '
            f"inset: 6mm)[{inner}]]\n"
        )
    return body


def data_sheet(plan: Plan, writer: Writer) -> str:
    """Return the data sheet of a product: a heading, a picture, tables of values."""
    rng, style = plan.rng, plan.style
    title = sized(style.size * 1.8, bold(writer.words(2).title()), fill=style.accent)
    logo = svg(parts.logo(rng, style.accent, style.tint), 14)
    head = {
        "bar": f'{title}#rect(width: 100%, height: 2mm, fill: rgb("{style.accent}"))\n',
        "logo": columns(("1fr", "auto"), (title, logo)),
        "plain": f"{title}\n\n",
    }[plan["head"]]
    picture = {
        "chart": svg(parts.chart(rng, style.accent), 78) + "\n\n",
        "drawing": svg(parts.cars(rng, "#333333"), 70) + "\n\n",
        "none": "",
    }[plan["picture"]]

    def values() -> str:
        cells = ", ".join(
            f"[{lit(writer.words(2))}], [{lit(writer.code('##.# ??'))}]"
            for _ in range(rng.randrange(6, 16))
        )
        stroke = "0.5pt" if plan["table"] == "grid" else "(x, y) => (bottom: 0.3pt)"
        fill = f'(x, y) => if calc.odd(y) {{ rgb("{style.tint}") }}'
        shade = fill if plan["table"] == "zebra" else "none"
        return f"#table(columns: (1fr, auto), stroke: {stroke}, fill: {shade}, {cells})\n"

    points = bullets(writer.words(5) for _ in range(rng.randrange(3, 8)))
    body = f"{picture}{points}{values()}\n\n{lit(writer.paragraph(3))}\n\n{values()}"
    return (
        page_setup(style, margin="15mm")
        + head
        + (f"#columns({plan['columns']}, gutter: 6mm)[{body}]\n")
    )


def folder(plan: Plan, writer: Writer) -> str:
    """Return the front of a file folder: an empty sheet with a tab and a label."""
    rng, style = plan.rng, plan.style
    fill = {"manila": "#ead9ac", "grey": "#c9c9c9", "white": "#ffffff"}[plan["tone"]]
    name = writer.words(2).upper()
    label = {
        "typed": sized(11, lit(name), font=style.mono),
        "hand": Pen(rng).write(name, 12),
        "box": f"#box(stroke: 0.8pt, inset: 3mm)[{lit(name)} \\ {lit(writer.code('##-####'))}]",
        "none": "",
    }[plan["label"]]
    x = {"left": 6, "middle": 70, "right": 135}[plan["tab"]]
    tab = place(
        x,
        2,
        f'#box(stroke: 1pt + rgb("#444444"), fill: rgb("#f3ecd9"), inset: 3mm, width: 55mm)'
        f"[{label}#v(1mm)]",
    )
    low = place(rng.uniform(0, 90), rng.uniform(30, 200), label)
    turn = "flipped: true, " if plan["turned"] == "yes" else ""
    setup = page_setup(style, margin="8mm", fill=fill)
    setup = setup.replace("#set page(", f"#set page({turn}", 1)
    return setup + tab + (low if rng.random() < 0.5 else "") + "#hide[.]\n"


SLOTS: dict[str, Slots] = {
    "order": {**_BUSINESS, "title": invoice.TITLES},
    "delivery-note": {**_BUSINESS, "title": invoice.TITLES},
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
    "resume": {
        "shape": ("side-left", "side-right", "single", "table"),
        "photo": ("yes", "no"),
        "heads": ("ruled", "filled", "plain", "caps"),
    },
    "article": {
        "columns": ("1", "2", "2", "3"),
        "figure": ("chart", "table", "none", "both"),
        "abstract": ("box", "indent", "none"),
        "title": ("centre", "left"),
    },
    "report": {
        "head": ("title", "cover", "band"),
        "figure": ("chart", "table", "both"),
        "look": LOOKS,
        "columns": ("1", "2"),
        "heads": ("ruled", "filled", "plain", "caps"),
    },
    "email": {
        "block": ("ruled", "grid", "plain", "grey"),
        "quote": ("yes", "no"),
        "head": ("name", "logo", "bar"),
        "length": ("short", "long"),
    },
    "pay-slip": {
        "head": ("split", "logo", "boxed"),
        "table": ("two", "one", "grid"),
        "cheque": ("yes", "no"),
        "tint": ("yes", "no"),
    },
    "data-sheet": {
        "head": ("bar", "logo", "plain"),
        "picture": ("chart", "drawing", "none"),
        "table": ("grid", "rules", "zebra"),
        "columns": ("1", "2"),
    },
    "folder": {
        "tab": ("left", "right", "middle"),
        "label": ("typed", "hand", "box", "none"),
        "tone": ("manila", "grey", "white"),
        "turned": ("yes", "no"),
    },
}
