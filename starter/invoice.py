"""Invoices: of firms, utilities, pads and matrix printers."""

from dataclasses import dataclass

from starter import parts
from starter.parts import FEET, HEADS, Pen, foot, letterhead, make_firm, margins, signature
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
    pairs,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# The parts of an invoice: title, facts, parties, table of lines, totals, ending.

TITLES = ("left", "right", "centre", "bar", "boxed", "inline", "huge")
FACTS = ("pairs-right", "grid-right", "strip", "pairs-left", "inline", "two-columns", "stacked")
PARTIES = ("window", "two", "boxed-two", "three", "right-window", "bars", "underlined")
TABLES = (
    "grid",
    "header",
    "zebra",
    "rules",
    "tall",
    "bare",
    "dotted",
    "outer",
    "tinted",
    "tall-grid",
)
TOTALS = ("pairs", "grid", "in-table", "bar", "beside-notes", "big", "breakdown", "boxed-last")
ENDINGS = ("none", "thanks", "terms", "slip", "qr-slip", "signature", "bank", "notes-box")


def line_of(plan: Plan) -> str:
    """Return the layout's line as Typst writes it."""
    return f'{plan.style.rule:.1f}pt + rgb("{plan.style.accent}")'


def title_line(plan: Plan, word: str) -> str:
    """Return the word "invoice" as the layout's title."""
    style, part = plan.style, plan["title"]
    big = style.size * plan.rng.uniform(1.5, 2.6)
    text = sized(big, lit(word), fill=style.accent, font=style.head, weight="bold")
    if part == "bar":
        fill = style.accent if style.colour else "#222222"
        white = sized(big * 0.8, bold(word), fill="#ffffff", font=style.head)
        return f'#block(width: 100%, fill: rgb("{fill}"), inset: 2mm)[{white}]\n'
    if part == "boxed":
        return f"#align(center)[#box(stroke: {line_of(plan)}, inset: 2.5mm)[{text}]]\n"
    if part == "huge":
        return (
            sized(big * 1.8, lit(word.upper()), fill=style.accent, font=style.head, weight="bold")
            + "\n"
        )
    if part == "inline":
        return bold(word) + "\n"
    return f"#align({ {'centre': 'center'}.get(part, part) })[{text}]\n"


def facts_block(plan: Plan, rows: list[tuple[str, str]]) -> str:
    """Return number, date, due date and the like."""
    part, style = plan["facts"], plan.style
    simple = {
        "pairs-right": f"#align(right)[{pairs(rows, align='right')}]\n",
        "pairs-left": pairs(rows),
        "inline": lit("     ".join(f"{a}: {b}" for a, b in rows)) + "\n\n",
        "stacked": f"#align(right)[{lines(f'{a} {b}' for a, b in rows)}]\n",
        "two-columns": columns(("1fr", "1fr"), (pairs(rows[::2]), pairs(rows[1::2]))),
    }
    if part in simple:
        return simple[part]
    if part == "grid-right":
        cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
        table = f"#table(columns: (auto, auto), align: left, stroke: {line_of(plan)}, {cells})"
        return f"#align(right)[{table}]\n"
    head = ", ".join(f"[{sized(style.size * 0.75, bold(a))}]" for a, _ in rows)
    values = ", ".join(f"[{lit(b)}]" for _, b in rows)
    fill = f'rgb("{style.tint}")' if plan.rng.random() < 0.6 else "none"
    return (
        f"#table(columns: ({'1fr, ' * len(rows)}), align: center, stroke: {line_of(plan)}, "
        f"fill: (x, y) => if y == 0 {{ {fill} }}, {head}, {values})\n"
    )


def parties(plan: Plan, writer: Writer, sender: str) -> str:
    """Return the blocks that say who pays and where it goes."""
    part, style = plan["parties"], plan.style

    def someone() -> list[str]:
        first = writer.company() if writer.rng.random() < 0.6 else writer.person()
        return [first, *writer.address()]

    bill, ship = writer.word("bill_to"), writer.word("ship_to")
    if part in ("window", "right-window"):
        line = sized(style.size * 0.62, f"#underline[{lit(sender)}]")
        block = f"{line} \\ {lines(someone())}"
        where = "right" if part == "right-window" else "left"
        return f"#align({where})[#box(width: 78mm)[#align(left)[{block}]]]\n"
    blocks = [f"{bold(bill)} \\ {lines(someone())}", f"{bold(ship)} \\ {lines(someone())}"]
    if part == "three":
        blocks.append(
            f"{bold(writer.word('terms'))} \\"
            f" {lines([writer.code('## d'), writer.code('??-####')])}"
        )
    if part == "bars":
        blocks = [
            f'#block(width: 100%, fill: rgb("{style.tint}"), inset:'
            f" 1.2mm)[{bold(t)}]{lines(someone())}"
            for t in (bill, ship)
        ]
    if part == "underlined":
        blocks = [f"{bold(t)}{rule(style)}{lines(someone())}" for t in (bill, ship)]
    if part == "boxed-two":
        blocks = [f"#block(width: 100%, stroke: {line_of(plan)}, inset: 2mm)[{b}]" for b in blocks]
    return columns(["1fr"] * len(blocks), blocks)


def _slip(plan: Plan, writer: Writer, total: str, *, code: bool) -> str:
    fields = [
        writer.company(),
        writer.iban(),
        total,
        writer.code("#### #### ####"),
        writer.date(30),
    ]
    cells = ", ".join(f"[{lit(f)}]" for f in fields)
    stroke = '0.5pt + rgb("#333333")'
    body = f"#table(columns: (1fr, 1fr), stroke: {stroke}, inset: 2.2mm, {cells}, [])"
    if code:
        body = columns(("auto", "1fr"), (svg(parts.matrix_code(plan.rng), 42), body))
    fill = plan.rng.choice(("#ffffff", "#fbe3d6", "#e8eef7", "#ffffff"))
    word = bold(writer.word("payment"))
    return (
        "#place(bottom + left)[#line(length: 100%, stroke: (paint: black, thickness: 0.6pt, dash:"
        f' "dashed"))#block(width: 100%, fill: rgb("{fill}"), inset: 2mm)[{word}{body}]]\n'
    )


def ending(plan: Plan, writer: Writer, total: str, sign: str) -> str:
    """Return what stands below the sums."""
    part, style = plan["ending"], plan.style
    if part in ("none", "thanks"):
        words = (
            ""
            if part == "none"
            else sized(style.size * 1.1, bold(writer.word("thanks")), fill=style.accent)
        )
        return space(8) + f"#align({plan.rng.choice(('center', 'left'))})[{words}]\n"
    if part in ("slip", "qr-slip"):
        return _slip(plan, writer, total, code=part == "qr-slip")
    if part == "signature":
        return space(10) + columns(
            ("1fr", "60mm"), ("", f"{sign}{rule(style)}{lit(writer.word('signature'))}")
        )
    if part == "bank":
        rows = [
            (writer.word("bank"), writer.family()),
            ("IBAN", writer.iban()),
            ("BIC", writer.code("????##??")),
        ]
        return space(6) + pairs(rows)
    if part == "terms":
        text = lit(writer.notices(plan.rng.randrange(1, 5)))
        return space(6) + f"{bold(writer.word('terms'))} \\ {text}\n"
    notes = lit(writer.notices(2))
    return space(5) + f"#block(width: 100%, stroke: {line_of(plan)}, inset: 3mm)[{notes}]\n"


# ----------------------------------------------------------------------
# The table of lines of an invoice, and its sums.


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice."""

    code: str
    text: str
    quantity: int
    price: float

    @property
    def amount(self) -> float:
        """Quantity times price."""
        return self.quantity * self.price


def make_lines(writer: Writer, count: int) -> list[Line]:
    """Make up ``count`` lines."""
    rng = writer.rng
    return [
        Line(
            writer.code(rng.choice(("####", "??-###", "#####-#"))),
            writer.item() + (f" {writer.words(3)}" if rng.random() < 0.25 else ""),
            rng.choice((1, 1, 2, 3, 4, 5, 10, 12, 25)),
            round(rng.choice((rng.uniform(1, 40), rng.uniform(20, 900))), 2),
        )
        for _ in range(count)
    ]


def _table_look(plan: Plan, rows: int) -> tuple[str, str]:
    """Return Typst's ``stroke`` and ``fill`` for the table of lines."""
    style, part = plan.style, plan["table"]
    line, head = line_of(plan), style.accent if style.colour else "#dddddd"
    thin = f'0.3pt + rgb("{style.accent}")'
    strokes = {
        "grid": line,
        "header": "none",
        "zebra": "none",
        "rules": f"(x, y) => (bottom: {line})",
        "bare": f"(x, y) => if y == 0 {{ (bottom: {line}) }}",
        "dotted": (
            f'(x, y) => (bottom: (thickness: 0.5pt, paint: rgb("{style.accent}"), dash: "dotted"))'
        ),
        "tinted": f"(x, y) => (bottom: {thin})",
        "tall": (
            f"(x, y) => (left: {line}, right: {line}, top: if y <= 1 {{ {line} }}, "
            f"bottom: if y == {rows} {{ {line} }})"
        ),
        "outer": f"(x, y) => (top: if y <= 1 {{ {line} }}, bottom: if y == {rows} {{ {line} }})",
        "tall-grid": line,
    }
    fills = {
        "header": f'(x, y) => if y == 0 {{ rgb("{head}") }}',
        "zebra": (
            f'(x, y) => if y == 0 {{ rgb("{head}") }} else if calc.even(y) {{'
            f' rgb("{style.tint}") }}'
        ),
        "tinted": f'(x, y) => rgb("{style.tint}")',
    }
    default = (
        f'(x, y) => if y == 0 {{ rgb("{style.tint}") }}' if plan.rng.random() < 0.4 else "none"
    )
    return strokes[part], fills.get(part, default)


def _column_set(writer: Writer) -> list[tuple[str, str, str]]:
    """Return (key, Typst width, alignment) for each column, in one of several orders."""
    sets = (
        ("qty", "text", "price", "amount"),
        ("text", "qty", "price", "amount"),
        ("code", "text", "qty", "price", "amount"),
        ("text", "amount"),
        ("date", "text", "qty", "price", "amount"),
        ("pos", "code", "text", "qty", "unit", "price", "tax", "amount"),
        ("pos", "text", "qty", "price", "amount"),
        ("qty", "code", "text", "price", "tax", "amount"),
    )
    widths = {"text": "1fr"}
    right = {"qty", "price", "amount", "tax"}
    chosen = writer.rng.choice(sets)
    return [(k, widths.get(k, "auto"), "right" if k in right else "left") for k in chosen]


def _cell(key: str, line: Line, index: int, writer: Writer) -> str:
    return {
        "pos": str(index + 1),
        "code": line.code,
        "text": line.text,
        "qty": str(line.quantity),
        "unit": writer.rng.choice(("pc", "h", "m", "kg")),
        "price": writer.plain_money(line.price),
        "tax": writer.rng.choice(("7 %", "19 %", "20 %")),
        "amount": writer.plain_money(line.amount),
        "date": writer.date(-index),
    }[key]


_HEADINGS = {"text": "description", "pos": "number"}


def line_table(plan: Plan, writer: Writer, sold: list[Line], extra: list[tuple[str, str]]) -> str:
    """Return the table of lines; ``extra`` rows (totals) join it where the layout says so."""
    cols = _column_set(writer)
    part = plan["table"]
    head = [writer.word(_HEADINGS.get(k, k)) for k, _, _ in cols]
    white = part in ("header", "zebra") and plan.style.colour
    cells = [sized(plan.style.size * 0.92, bold(h), fill="#ffffff" if white else "") for h in head]
    for index, line in enumerate(sold):
        cells += [lit(_cell(key, line, index, writer)) for key, _, _ in cols]
    rows = len(sold)
    empty = plan.rng.randrange(3, 9) if part == "tall-grid" else 0
    cells += [""] * (empty * len(cols))
    rows += empty
    if part == "tall":
        cells += [f"#v({plan.rng.uniform(25, 90):.0f}mm)", *[""] * (len(cols) - 1)]
        rows += 1
    stroke, fill = _table_look(plan, rows)
    body = ", ".join(f"[{c}]" for c in cells)
    for name, value in extra:
        body += (
            f", table.cell(colspan: {len(cols) - 1}, align: right)[{lit(name)}], [{bold(value)}]"
        )
    spec = ", ".join(width for _, width, _ in cols)
    align = ", ".join(side for _, _, side in cols)
    inset = f"(x: 1.5mm, y: {plan.rng.uniform(0.7, 2.2):.1f}mm)"
    return (
        f"#table(columns: ({spec},), align: ({align},), stroke: {stroke}, fill: {fill}, "
        f"inset: {inset}, {body})\n"
    )


def totals(plan: Plan, writer: Writer, rows: list[tuple[str, str]]) -> str:
    """Return the block of sums."""
    part, style = plan["totals"], plan.style
    last_name, last = rows[-1]
    if part == "in-table":
        return ""
    if part == "bar":
        fill = style.accent if style.colour else "#222222"
        text = sized(style.size * 1.2, f"{bold(last_name)} #h(1fr) {bold(last)}", fill="#ffffff")
        head = f"#align(right)[{pairs(rows[:-1], align='right')}]"
        return head + f'\n#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[{text}]\n'
    if part == "big":
        big = sized(style.size * 2.2, bold(last), fill=style.accent)
        return f"#align(right)[{lit(last_name)} \\ {big}]\n"
    cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows[:-1])
    final = f"[{bold(last_name)}], [{bold(last)}]"
    stroke = "none" if part in ("pairs", "beside-notes") else line_of(plan)
    if part == "boxed-last":
        stroke = f"(x, y) => if y == {len(rows) - 1} {{ {line_of(plan)} }}"
    table = (
        f"#table(columns: ({plan.rng.randrange(28, 45)}mm, 30mm), align: (left, right), stroke:"
        f" {stroke}, {cells}, {final})"
    )
    if part == "beside-notes":
        notes = f"{bold(writer.word('terms'))} \\ {lit(writer.notices())}"
        return columns(("1fr", "auto"), (notes, table))
    if part == "breakdown":
        tax = ", ".join(
            f"[{lit(writer.plain_money(writer.rng.uniform(1, 900)))}]" for _ in range(6)
        )
        left = f"#table(columns: 3, stroke: {line_of(plan)}, {tax})"
        return columns(("1fr", "auto"), (left, table))
    return f"#align(right)[{table}]\n"


# ----------------------------------------------------------------------
# Invoices: of firms, from office templates, and plain ones of people who work alone.

_COMMON: Slots = {
    "title": TITLES,
    "facts": FACTS,
    "parties": PARTIES,
    "table": TABLES,
    "totals": TOTALS,
    "ending": ENDINGS,
    "foot": FEET,
}


def _facts(writer: Writer) -> list[tuple[str, str]]:
    rows = [
        (
            f"{writer.word('invoice').title()} {writer.word('number')}",
            writer.code(writer.rng.choice(("#####", "??-####", "20##/####"))),
        ),
        (writer.word("date"), writer.date()),
        (writer.word("customer"), writer.code("#####")),
        (writer.word("due"), writer.date(30)),
        (writer.word("our_ref"), writer.code("??##")),
    ]
    return rows[: writer.rng.randrange(2, 6)]


def _sums(writer: Writer, sold: list[Line]) -> list[tuple[str, str]]:
    net = sum(line.amount for line in sold)
    tax = net * 0.19
    rows = [(writer.word("subtotal"), writer.money(net)), (writer.word("tax"), writer.money(tax))]
    if writer.rng.random() < 0.2:
        rows.append((writer.word("paid").title(), writer.money(0)))
    return [*rows, (writer.word("total"), writer.money(net + tax))]


def _template_head(plan: Plan, writer: Writer, title: str) -> str:
    """Return the head of an office template: a large word beside the sender."""
    firm = make_firm(writer)
    own = letterhead(plan, firm, "plain")
    if plan["head"] == "title-right":
        return columns(("1fr", "auto"), (own, title))
    if plan["head"] == "title-left":
        return title + own
    if plan["head"] == "logo-title":
        picture = svg(
            parts.logo(plan.rng, plan.style.accent, plan.style.tint), plan.rng.uniform(15, 30)
        )
        return columns(("auto", "1fr"), (picture, f"#align(right)[{title}]")) + own
    return own + title


def _head(plan: Plan, writer: Writer, title: str, facts: str) -> str:
    if plan.kind == "invoice-template":
        return _template_head(plan, writer, title) + space(4) + parties(plan, writer, "") + facts
    firm = make_firm(writer)
    top = letterhead(plan, firm, plan["head"]) + space(plan.rng.uniform(3, 12))
    who = parties(plan, writer, firm.one_line)
    if plan["order"] == "title-first":
        return top + title + who + space(3) + facts
    if plan["order"] == "side-by-side":
        return top + columns(("1fr", "1fr"), (who, title + facts))
    return top + who + space(4) + title + facts


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of an invoice laid out as ``plan`` says."""
    rng = plan.rng
    sold = make_lines(writer, rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 11, 15)))
    sums = _sums(writer, sold)
    title = title_line(plan, writer.word("invoice"))
    facts = facts_block(plan, _facts(writer))
    sign = svg(signature(rng), 34)
    body = page_setup(plan.style, margin=margins(plan, plan["head"]), fill=_paper(plan))
    body += _head(plan, writer, title, facts) + space(rng.uniform(3, 10))
    if rng.random() < 0.3:
        body += f"#block[{lit(writer.notices())}]\n"
    body += line_table(plan, writer, sold, sums if plan["totals"] == "in-table" else [])
    body += space(rng.uniform(1, 6)) + totals(plan, writer, sums)
    body += ending(plan, writer, sums[-1][1], sign)
    if plan["ending"] not in ("slip", "qr-slip"):
        body += foot(plan, make_firm(writer), writer, plan["foot"])
    return body + _marks(plan, writer)


def _paper(plan: Plan) -> str:
    return plan.rng.choice(("#fdf6d8", "#f3f7fb", "#f6f1e7")) if plan.rng.random() < 0.05 else ""


def _marks(plan: Plan, writer: Writer) -> str:
    rng = plan.rng
    marks = ""
    if rng.random() < 0.14:
        colour = rng.choice(("#c0392b", "#1f3c88", "#222222", "#2e7d32"))
        stamp = parts.stamp(rng, writer.word("paid"), writer.date(3), colour)
        marks += free_mark(plan, svg(stamp, rng.uniform(35, 65)), 65)
    if rng.random() < 0.08:
        marks += free_mark(plan, svg(parts.matrix_code(rng), rng.uniform(18, 34)), 34)
    if rng.random() < 0.08:
        marks += free_mark(plan, svg(parts.barcode(rng), rng.uniform(35, 60)), 60)
    return marks


# ----------------------------------------------------------------------
# Invoices that look unlike an office's: of utilities, from a pad, from a line printer.


def pad(plan: Plan, writer: Writer) -> str:
    """Return a form from an invoice pad, filled in by hand."""
    style, pen = plan.style, Pen(plan.rng)
    sold = make_lines(writer, plan.rng.randrange(1, 7))
    stroke = f'{style.rule:.1f}pt + rgb("{style.accent}")'
    firm = make_firm(writer)
    head = letterhead(plan, firm, "boxed" if plan["head"] == "stamp" else plan["head"])
    colour = "#c0392b" if plan["numbers"] == "printed-red" else "#000000"
    number = sized(style.size * 1.6, lit(writer.code("No ######")), fill=colour)
    title = sized(style.size * 2.2, bold(writer.word("invoice")), fill=style.accent)
    cells = (title, f"#align(right)[{number}]")
    top = columns(("1fr", "1fr"), cells if plan["side"] == "left" else cells[::-1])
    who = "".join(
        f"{lit(writer.word(k))}: {pen.write(v, 6)}{rule(style, width=0.4)}"
        for k, v in (
            ("bill_to", writer.person()),
            ("address", writer.street()),
            ("date", writer.date()),
        )
    )
    body = (
        page_setup(style, fill=plan.rng.choice(("", "", "#fdf3c4", "#fbe4ea", "#eaf3fb")))
        + head
        + space(4)
        + top
        + who
    )
    body += space(3) + _pad_table(plan, writer, sold, pen, stroke)
    if plan["sign"] == "yes":
        body += space(4) + f"{lit(writer.word('signature'))} {pen.sign(40)}\n"
    return body


def _pad_table(plan: Plan, writer: Writer, sold: list[Line], pen: Pen, stroke: str) -> str:
    rows = 9 if plan["rows"] == "few" else 18
    cells = [bold(writer.word(k)) for k in ("qty", "description", "price", "amount")]
    for line in sold:
        cells += [
            pen.write(str(line.quantity), 5),
            pen.write(line.text[:22], 5),
            pen.write(writer.plain_money(line.price), 5),
            pen.write(writer.plain_money(line.amount), 5),
        ]
    cells += [""] * (4 * (rows - len(sold) - 1))
    total = writer.plain_money(sum(line.amount for line in sold))
    cells += ["", "", bold(writer.word("total")), pen.write(total, 6)]
    ruling = {
        "grid": stroke,
        "rows": f"(x, y) => (bottom: {stroke})",
        "tall": (
            f"(x, y) => (left: {stroke}, right: {stroke}, top: if y <= 1 {{ {stroke} }}, bottom: if"
            f" y >= {rows - 1} {{ {stroke} }})"
        ),
    }[plan["ruling"]]
    body = ", ".join(f"[{c}]" for c in cells)
    height = plan.rng.uniform(7, 10)
    return (
        f"#table(columns: (16mm, 1fr, 28mm, 32mm), rows: {height:.1f}mm, stroke: {ruling}, align:"
        f" horizon, inset: 1mm, {body})\n"
    )


def _printed(plan: Plan, text: list[str]) -> str:
    """Return lines of a line printer; every blank counts."""
    inner = (plan.style.width - 2 * plan.style.margin) / 0.3528
    size = min(inner / (78 * 0.602), 10.5) * plan.rng.uniform(0.85, 1.0)
    body = " \\ ".join(
        f'#"{line.replace(chr(34), chr(39)).replace(chr(92), "/")}";'
        for line in (s.replace(" ", " ") for s in text)
    )
    return f'#block[#set text(font: "{plan.style.mono}", size: {size:.1f}pt)\n{body}]\n'


def matrix(plan: Plan, writer: Writer) -> str:
    """Return an invoice printed by a line printer, often on a pre-printed form."""
    style = plan.style
    firm = make_firm(writer)
    count = {"few": 4, "many": 14, "dense": 26}[plan["rows"]]
    sold = make_lines(writer, plan.rng.randrange(2, count + 1))
    dash = {"dashes": "-", "pipes": "=", "blank": " ", "greenbar": "_"}[plan["frame"]] * 76
    left = [firm.name.upper(), firm.street.upper(), firm.city.upper(), firm.phone]
    text = [t.center(76) for t in left] if plan["head"] == "centre" else left
    if plan["head"] == "two":
        right = [
            writer.word("invoice").upper(),
            writer.code("######"),
            writer.date(),
            writer.code("CUST #####"),
        ]
        text = [a[:44].ljust(46) + b for a, b in zip(left, right, strict=True)]
    text += [
        "",
        f"  {writer.word('invoice').upper()}   {writer.code('########')}    {writer.date()}",
        "",
    ]
    text += ["   " + t.upper() for t in (writer.company(), *writer.address())] + ["", dash]
    bar = " | " if plan["frame"] == "pipes" else "   "
    text += [
        bar.join(
            (
                i.code.ljust(8),
                i.text[:30].upper().ljust(30),
                str(i.quantity).rjust(4),
                writer.plain_money(i.price).rjust(10),
                writer.plain_money(i.amount).rjust(11),
            )
        )
        for i in sold
    ]
    total = writer.money(sum(i.amount for i in sold))
    text += [
        dash,
        f"{writer.word('total').upper()}  {total}".rjust(76 if plan["totals"] != "block" else 40),
    ]
    pre = ""
    if plan["preprinted"] == "boxes":
        for y, h in ((0, 32), (38, 34), (76, 150)):
            pre += (
                f"#place(top + left, dy: {y}mm)[#rect(width: 100%, height: {h}mm, stroke:"
                f' {style.rule:.1f}pt + rgb("{style.accent}"))]\n'
            )
    elif plan["preprinted"] == "logo":
        pre = f"#place(top + right)[{svg(parts.logo(plan.rng, style.accent, style.tint), 26)}]\n"
    if plan["frame"] == "greenbar":
        pre += "".join(
            f"#place(top + left, dy: {y}mm)[#rect(width: 100%, height: 8mm, fill:"
            ' rgb("#dff0df"))]\n'
            for y in range(0, 240, 16)
        )
    return (
        page_setup(style, leading=plan.rng.uniform(0.5, 0.8))
        + pre
        + space(3)
        + _printed(plan, text)
    )


# ----------------------------------------------------------------------
# Bills for electricity, water, gas and telephones.


def _summary(plan: Plan, writer: Writer, total: str) -> str:
    style, part = plan.style, plan["summary"]
    fill = style.accent if style.colour else "#444444"
    name, due = writer.word("total"), f"{writer.word('due')}: {writer.date(20)}"
    big = sized(style.size * 2.1, bold(total), fill="#ffffff")
    text = f"#set text(fill: white)\n{lit(name)} \\ {big} \\ {lit(due)}"
    if part == "panel-right":
        panel = f'#block(width: 62mm, fill: rgb("{fill}"), inset: 5mm, radius: 2mm)[{text}]'
        return columns(("1fr", "auto"), (_account(writer), panel))
    if part == "box-left":
        panel = (
            f'#block(width: 70mm, stroke: 1.2pt + rgb("{fill}"), inset: 4mm)[{lit(name)} \\'
            f" {sized(style.size * 2, bold(total))} \\ {lit(due)}]"
        )
        return columns(("auto", "1fr"), (panel, _account(writer)))
    if part == "circle":
        disc = f'#circle(radius: 21mm, fill: rgb("{fill}"))[#align(center + horizon)[{text}]]'
        return columns(("1fr", "auto"), (_account(writer), disc))
    return (
        f'#block(width: 100%, fill: rgb("{style.tint}"), inset:'
        f" 4mm)[{columns(('1fr', 'auto', 'auto'), (lit(due), lit(name), bold(total)), 8)}]\n"
    )


def _account(writer: Writer) -> str:
    return pairs(
        [
            (writer.word("customer"), writer.code("## ### ###")),
            (writer.word("date"), writer.date()),
            (writer.word("invoice").title(), writer.code("R-########")),
            (writer.word("address"), writer.street()),
        ]
    )


def _detail(plan: Plan, writer: Writer) -> str:
    style, part = plan.style, plan["detail"]
    chart = f"{bold(writer.word('usage'))}\n\n{svg(parts.chart(plan.rng, style.accent), 95)}\n"
    count = plan.rng.randrange(4, 12)
    cells = "".join(
        f"[{lit(writer.item())}], [{lit(writer.date(-30 * i))}], "
        f"[{lit(writer.plain_money(writer.rng.uniform(2, 90)))}], "
        for i in range(count)
    )
    table = (
        "#table(columns: (1fr, auto, auto), align: (left, left, right), stroke: (x, y) => (bottom:"
        f' 0.4pt + rgb("{style.accent}")), {cells})\n'
    )
    return {
        "chart": chart,
        "table": table,
        "both": table + chart,
        "text": table + lit(writer.notices(6)) + "\n",
    }[part]


def utility(plan: Plan, writer: Writer) -> str:
    """Return a bill for electricity, water or a telephone."""
    firm = make_firm(writer)
    total = writer.money(writer.rng.uniform(18, 480))
    who = f"{lines([writer.person(), *writer.address()])}\n"
    main = _detail(plan, writer)
    advice = f"{bold(writer.word('remarks'))} {lit(writer.notices(5))}"
    small = sized(plan.style.size * 0.85, advice)
    aside = f'#block(fill: rgb("{plan.style.tint}"), inset: 3mm, width: 100%)[{small}]'
    if plan["aside"] == "left":
        main = columns(("48mm", "1fr"), (aside + aside, main), 6)
    elif plan["aside"] == "right":
        main = columns(("1fr", "48mm"), (main, aside), 6)
    body = page_setup(plan.style) + letterhead(plan, firm, plan["head"]) + space(6) + who + space(8)
    title = sized(
        plan.style.size * 1.7,
        bold(f"{writer.word('invoice').title()} {writer.long_date()}"),
        fill=plan.style.accent,
    )
    body += title + "\n\n" + _summary(plan, writer, total) + space(6) + main
    if plan["slip"] == "none":
        return body + foot(plan, firm, writer, plan["foot"])
    dash = ', dash: "dashed"' if plan["slip"] == "dashed" else ""
    stub = columns(
        ("1fr", "1fr", "auto"),
        (_account(writer), lines([firm.name, *writer.address()]), bold(total)),
    )
    return (
        body + "#place(bottom + left)[#line(length: 100%, stroke: (paint: black, thickness:"
        f" 0.6pt{dash}))"
        f"{stub}{svg(parts.barcode(plan.rng), 80)}]\n"
    )


SLOTS: dict[str, Slots] = {
    "invoice-business": {
        **_COMMON,
        "head": HEADS,
        "order": ("address-first", "title-first", "side-by-side"),
    },
    "invoice-template": {
        **_COMMON,
        "head": ("title-left", "title-right", "logo-title", "bare"),
        "order": ("title-first",),
    },
    "invoice-plain": {
        **_COMMON,
        "head": ("plain", "right-block", "centre"),
        "title": ("inline", "left", "centre"),
        "table": ("bare", "rules", "grid", "dotted"),
        "totals": ("pairs", "big", "in-table"),
        "ending": ("none", "thanks", "terms", "bank", "signature"),
        "order": ("address-first", "title-first"),
    },
    "invoice-pad": {
        "head": ("stamp", "centre", "plain", "boxed"),
        "ruling": ("grid", "rows", "tall"),
        "rows": ("few", "many"),
        "numbers": ("printed-red", "none"),
        "side": ("left", "right"),
        "sign": ("yes", "no"),
    },
    "invoice-matrix": {
        "frame": ("dashes", "pipes", "blank", "greenbar"),
        "head": ("left", "centre", "two"),
        "totals": ("right", "row", "block"),
        "rows": ("few", "many", "dense"),
        "preprinted": ("boxes", "none", "logo"),
    },
    "invoice-utility": {
        "head": ("logo-left", "logo-right", "band", "split", "wedge"),
        "summary": ("panel-right", "strip", "circle", "box-left"),
        "detail": ("chart", "table", "both", "text"),
        "slip": ("stub", "none", "dashed"),
        "foot": FEET,
        "aside": ("left", "right", "none"),
    },
}
