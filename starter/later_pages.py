"""Later pages of documents: what comes after the first page of an invoice, a claim or a letter.

They are of no label. A model learns from them which page begins a document and which goes on with
one. Attachments (receipts, photographs, plans, mails) are kinds of `other` and made there.
"""

from starter import invoice, letter, parts
from starter.forms import FIELDS, INKS, SECTIONS, Form
from starter.parts import FEET, FILLS, HEADS, Filler, Firm, Pen, foot, letterhead, make_firm
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
    rule,
    sized,
    space,
    svg,
)

RUNNING = (
    "none",
    "number",
    "page-of",
    "names",
    "reference",
    "small-logo",
    "small-name",
    "repeated",
)
"""What stands above the text of a later page; "repeated" is the whole letterhead again."""


_LETTERS = 560_000
"""About how many letters of one point fill a page; of two points, a quarter."""


def running_head(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return what stands above the text of a later page, in the manner of part ``head``."""
    style, rng, part = plan.style, plan.rng, plan["head"]
    small, side = style.size * rng.uniform(0.75, 1.0), rng.choice(("left", "right", "center"))
    second = rng.choice((2, 2, 2, 3, 4, 5))
    number = f"{writer.word('page')} {second}"
    of = f"{number} {rng.choice(('/', '-', 'of' if plan.locale.language == 'en' else '/'))} "
    of += str(second + rng.randrange(3))
    line = rule(style, width=0.5) if rng.random() < 0.5 else ""
    logo = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(8, 18))
    reference = f"{writer.word('our_ref')} {writer.code('??-####')}"
    return {
        "none": "",
        "number": f"#align({side})[{lit(rng.choice((f'- {second} -', str(second), number)))}]\n",
        "page-of": f"#align({side})[{sized(small, lit(of))}]\n{line}",
        "names": sized(small, lines([writer.person(), writer.long_date(), number])) + "\n\n",
        "reference": f"{sized(small, lit(f'{reference}   {writer.date()}'))} #h(1fr)"
        f" {sized(small, lit(of))}\n{line}",
        "small-logo": columns(("auto", "1fr"), (logo, f"#align(right)[{sized(small, lit(of))}]")),
        "small-name": f"{sized(style.size * 1.1, bold(firm.name), fill=style.accent)} #h(1fr)"
        f" {sized(small, lit(of))}\n{line}",
        "repeated": letterhead(plan, firm, rng.choice([h for h in HEADS if h != "sidebar"])),
    }[part] + space(rng.uniform(1, 9))


def _carried(plan: Plan, writer: Writer) -> str:
    """Return the sum that is carried from page to page."""
    text = f"{writer.word('carried')}: {writer.money(writer.rng.uniform(200, 20000))}"
    return f"#align({plan.rng.choice(('right', 'right', 'left'))})[{bold(text)}]\n"


def _invoice(plan: Plan, writer: Writer) -> str:
    """Return the lines of an invoice that went on, and its sums if this is its last page."""
    rng, firm, part = plan.rng, make_firm(writer), plan["part"]
    rows = {"middle": (14, 34), "last": (3, 20), "few": (1, 4), "sums": (0, 1), "text": (0, 1)}
    sold = invoice.make_lines(writer, rng.randrange(*rows[part]))
    net = sum(line.amount for line in sold) + rng.uniform(100, 9000)
    sums = [
        (writer.word("subtotal"), writer.money(net)),
        (writer.word("tax"), writer.money(net * 0.19)),
        (writer.word("total"), writer.money(net * 1.19)),
    ]
    body = page_setup(plan.style) + running_head(plan, writer, firm)
    body += _carried(plan, writer) if plan["carry"] in ("top", "both") else ""
    if sold:
        extra = sums if part != "middle" and plan["totals"] == "in-table" else []
        body += invoice.line_table(plan, writer, sold, extra)
    if part == "middle":
        body += _carried(plan, writer) if plan["carry"] in ("bottom", "both") else ""
    elif part == "text":
        texts = (f"#par[{lit(writer.paragraph(4))}]\n" for _ in range(rng.randrange(1, 6)))
        body += "".join(texts)
    else:
        body += space(rng.uniform(1, 6)) + invoice.totals(plan, writer, sums)
    if part != "middle":
        sign = svg(parts.signature(rng), 34)
        body += invoice.ending(plan, writer, sums[-1][1], sign)
    if plan["ending"] in ("slip", "qr-slip") and part != "middle":
        return body
    return body + foot(plan, firm, writer, plan["foot"])


def _letter(plan: Plan, writer: Writer) -> str:
    """Return a letter that goes on: a few lines or a full page, with a signature or without."""
    firm = make_firm(writer)
    edge = plan.style.margin + plan.rng.uniform(2, 12)
    body = page_setup(
        plan.style,
        margin=f"(x: {edge:.1f}mm, y: {edge:.1f}mm)",
        leading=plan.rng.uniform(0.55, 0.9),
    )
    if plan["face"] == "mono":
        body += f'#set text(font: "{plan.style.mono}", size: {plan.rng.uniform(9, 11):.1f}pt)\n'
    body += running_head(plan, writer, firm)
    if plan["length"] == "lines":
        body += f"#par[{lit(writer.paragraph(plan.rng.randrange(1, 4)))}]\n"
    else:
        body += letter.paragraphs(plan, writer)
    body += letter.signing(plan, writer)
    if plan.rng.random() < 0.35:
        names = [writer.words(3) for _ in range(plan.rng.randrange(1, 5))]
        body += space(6) + bold(writer.word("enclosure")) + "\n\n" + lines(names) + "\n"
    return body + foot(plan, firm, writer, plan["foot"])


def _claim(plan: Plan, writer: Writer) -> str:
    """Return a further page of a form: questions, tables, a declaration with its signature."""
    rng, style = plan.rng, plan.style
    form = Form(plan, writer, Filler(style, rng, plan["fill"]))
    edge = rng.uniform(7, 18)
    height = style.height - 2 * edge
    body = page_setup(style, margin=f"{edge:.1f}mm", leading=0.5)
    body += running_head(plan, writer, make_firm(writer)) if plan["head"] != "repeated" else ""
    part = plan["part"]
    if part in ("declaration", "mixed"):
        body += form.section(writer.word("section"))
        body += "".join(form.note(rng.randrange(3, 8)) for _ in range(rng.randrange(1, 5)))
        body += form.ticks("paid", (writer.word("yes"), writer.word("no")))
    if part == "table":
        heads = rng.choice(
            (("date", "description", "amount"), ("date", "place", "purpose", "amount"))
        )
        rows = rng.randrange(8, 24)
        body += form.grid(heads, rows, rng.randrange(1, rows)) + form.row(("subtotal", "total"))
    if part in ("questions", "mixed"):
        body += form.more(height * rng.uniform(0.4, 0.85), rng.choice(("claim", "general")))
    if part == "account":
        body += form.box(writer.word("description"), height * rng.uniform(0.3, 0.6))
        body += form.box(writer.word("damage"), height * 0.15)
    if plan["sign"] == "yes":
        body += form.signing()
    return body


def _terms(plan: Plan, writer: Writer) -> str:
    """Return the terms and conditions on the back of a sheet: small print in columns."""
    rng, style = plan.rng, plan.style
    size = rng.uniform(3.6, 5.2) if plan["size"] == "tiny" else rng.uniform(5.2, 7.8)
    colour = {"black": "#111111", "grey": "#8a8a8a", "accent": style.accent}[plan["ink"]]
    count = int(plan["columns"])
    title = sized(size * rng.uniform(1.4, 2.6), bold(writer.word("conditions")), fill=colour)
    head = {
        "none": "",
        "left": f"{title}\n\n",
        "centre": f"#align(center)[{title}]\n",
        "ruled": f"{title}{rule(style)}",
        "firm": f"{bold(writer.company())} #h(1fr) {title}\n\n",
    }[plan["head"]]
    whole = rng.uniform(0.2, 0.6) if plan["fill"] == "part" else rng.uniform(0.75, 1.1)
    whole *= _LETTERS / (size * size)
    blocks, used, number = [], 0.0, 0
    while used < whole:
        number += 1
        name = f"{'§ ' if plan['numbers'] == 'signs' else ''}{number}. {writer.words(2).title()}"
        text = writer.paragraph(rng.randrange(2, 8))
        used += len(text) + 60
        part = {"signs": bold(name), "headings": bold(name), "inline": lit(f"{number}. ")}
        blocks.append(f"#par[{part[plan['numbers']]} {lit(text)}]\n")
    height = style.height - 2 * style.margin - 16
    return (
        page_setup(style, leading=rng.uniform(0.35, 0.55))
        + f'#set text(size: {size:.2f}pt, fill: rgb("{colour}"))\n'
        + f"#set par(justify: {'true' if rng.random() < 0.7 else 'false'})\n"
        + head
        + f"#block(height: {height:.0f}mm, clip: true)"
        + f"[#columns({count}, gutter: {rng.uniform(4, 9):.0f}mm)[{''.join(blocks)}]]\n"
    )


def _table(plan: Plan, writer: Writer, count: int, rows: int, cell: str) -> str:
    """Return a table of ``cell``s: "price", "time" or "mixed"."""
    rng, style = plan.rng, plan.style
    line = f'{style.rule:.1f}pt + rgb("{style.accent}")'
    stroke = rng.choice((line, "none", f"(x, y) => (bottom: {line})"))
    fill = rng.choice(
        ("none", f'(x, y) => if y == 0 {{ rgb("{style.tint}") }}',
         f'(x, y) => if calc.even(y) {{ rgb("{style.tint}") }}')
    )  # fmt: skip
    cells = [bold(writer.words(1).capitalize()) for _ in range(count)]
    for row in range(rows):
        first = {"price": writer.item(), "time": writer.date(row), "mixed": writer.words(2)}[cell]
        rest = [
            writer.code("##:##") if cell == "time" else writer.plain_money(rng.uniform(1, 2000))
            for _ in range(count - 1)
        ]
        cells += [lit(first), *map(lit, rest)]
    spec = "1fr, " + "auto, " * (count - 1)
    body = ", ".join(f"[{c}]" for c in cells)
    inset = f"(x: 1.4mm, y: {rng.uniform(0.6, 1.8):.1f}mm)"
    return f"#table(columns: ({spec}), stroke: {stroke}, fill: {fill}, inset: {inset}, {body})\n"


def _pictures(plan: Plan, writer: Writer) -> str:
    """Return grey and coloured areas with captions, as photographs come on a sheet."""
    rng = plan.rng
    cells = []
    for number in range(rng.choice((1, 2, 4, 6))):
        tone = rng.choice(("#7d7d7d", "#4f5a4b", "#a08f7a", "#6b7f93", "#3b3b3b", "#c4bda9"))
        other = rng.choice(("#d9d4c8", "#2e2e2e", "#8c9a86", "#b9c6d2"))
        height = rng.uniform(45, 95)
        picture = (
            f'#box(width: 100%, height: {height:.0f}mm, fill: rgb("{tone}"))[#place(bottom)[#rect('
            f'width: {rng.uniform(30, 100):.0f}%, height: {rng.uniform(20, 70):.0f}%, fill: rgb("'
            f'{other}"))]#place(center + horizon)[#circle(radius: {rng.uniform(5, 16):.0f}mm, '
            f'fill: rgb("{plan.style.tint}"))]]'
        )
        cells.append(f"{picture} \\ {lit(f'{number + 1}: {writer.words(3)}')}")
    spec = ["1fr"] if len(cells) == 1 else ["1fr", "1fr"]
    return columns(spec, cells, 6)


def _annex(plan: Plan, writer: Writer) -> str:
    """Return a sheet that was enclosed: tables, prices, hours, a plan, pictures, lists."""
    rng, style, part = plan.rng, plan.style, plan["content"]
    setup = page_setup(style)
    if plan["turned"] == "yes":  # wider than high, and read that way
        setup = setup.replace(
            f"width: {style.width}mm, height: {style.height}mm",
            f"width: {style.height}mm, height: {style.width}mm",
        )
    word = f"{writer.word('enclosure')} {rng.randrange(1, 6)}"
    title = sized(style.size * rng.uniform(1.1, 1.8), bold(f"{word}: {writer.words(3)}"))
    head = {
        "title": f"{title}\n\n",
        "corner": f"#align(right)[{bold(word)}]\n",
        "hand": f"#place(top + right)[{Pen(rng).write(word, rng.uniform(7, 13))}]\n",
        "page": f"#align(center)[{lit(writer.code('- # -'))}]\n",
        "none": "",
    }[plan["head"]]
    rows = rng.randrange(8, 22) if plan["turned"] == "yes" else rng.randrange(10, 36)
    body = {
        "prices": lambda: _table(plan, writer, rng.randrange(2, 5), rows, "price"),
        "hours": lambda: (
            _table(plan, writer, rng.randrange(4, 8), rows, "time")
            + pairs([(writer.word("total"), writer.code("##,##"))])
            + Pen(rng).sign(34)
        ),
        "numbers": lambda: _table(plan, writer, rng.randrange(4, 9), rows, "mixed"),
        "pictures": lambda: _pictures(plan, writer),
        "chart": lambda: (
            svg(parts.chart(rng, style.accent), rng.uniform(90, 160))
            + f"\n\n{lit(writer.paragraph(2))}\n"
        ),
        "list": lambda: bullets(writer.sentence(9) for _ in range(rng.randrange(5, 20))),
        "text": lambda: "".join(
            f"#par[{bold(writer.words(3).capitalize())}]\n#par[{lit(writer.paragraph(5))}]\n"
            for _ in range(rng.randrange(2, 8))
        ),
    }[part]()
    return setup + head + space(rng.uniform(1, 8)) + body


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a later page of the kind that ``plan`` names."""
    builders = {
        "later-invoice": _invoice,
        "later-letter": _letter,
        "later-claim": _claim,
        "later-terms": _terms,
        "later-annex": _annex,
    }
    return builders[plan.kind](plan, writer)


SLOTS: dict[str, Slots] = {
    "later-invoice": {
        "head": RUNNING,
        "part": ("middle", "middle", "last", "last", "few", "sums", "text"),
        "carry": ("none", "top", "bottom", "both"),
        "table": invoice.TABLES,
        "totals": invoice.TOTALS,
        "ending": invoice.ENDINGS,
        "foot": FEET,
    },
    "later-letter": {
        "head": RUNNING,
        "body": ("plain", "justified", "indented", "numbered", "bullets", "headings", "table"),
        "length": ("lines", "short", "medium", "long", "full"),
        "sign": ("left", "right", "two", "printed", "none"),
        "foot": FEET,
        "face": ("body", "body", "mono"),
    },
    "later-claim": {
        "head": RUNNING,
        "part": ("questions", "table", "declaration", "mixed", "account"),
        "fields": FIELDS,
        "sections": SECTIONS,
        "ink": INKS,
        "fill": FILLS,
        "numbers": ("yes", "no"),
        "sign": ("yes", "no"),
    },
    "later-terms": {
        "columns": ("1", "2", "2", "3"),
        "head": ("none", "left", "centre", "ruled", "firm"),
        "size": ("tiny", "small"),
        "ink": ("black", "black", "grey", "accent"),
        "numbers": ("signs", "headings", "inline"),
        "fill": ("full", "full", "part"),
    },
    "later-annex": {
        "content": ("prices", "hours", "numbers", "pictures", "chart", "list", "text"),
        "head": ("title", "corner", "hand", "page", "none"),
        "turned": ("no", "no", "yes"),
    },
}
