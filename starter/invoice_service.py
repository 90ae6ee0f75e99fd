"""Invoices without a table of goods: print-outs of electronic ones, premiums, stays, payments."""

from collections.abc import Callable
from dataclasses import replace

from starter import invoice, parts
from starter.invoice import make_lines
from starter.parts import FEET, HEADS, Firm, Pen, foot, letterhead, make_firm, margins
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

Rows = list[tuple[str, str]]
_GREY = "#e2e2e2"

# ----------------------------------------------------------------------
# Electronic invoices printed through a style sheet: sections of names and values.


def _party_rows(writer: Writer) -> Rows:
    city = writer.city()
    rows = [
        ("name", writer.company()),
        ("street", writer.street()),
        ("town", city),
        ("country", writer.locale.code[3:]),
        ("vat_id", writer.code("??#########")),
        ("contact", writer.person()),
        ("phone", writer.phone()),
        ("email", writer.mail()),
        ("routing", writer.code("##-#########-##")),
    ]
    return [(writer.word(key), value) for key, value in rows[: writer.rng.randrange(5, 10)]]


def fact_rows(writer: Writer) -> Rows:
    """Return four to nine facts of an electronic invoice as (name, value)."""
    rng = writer.rng
    rows = [
        ("number", writer.code("20##-#####")),
        ("date", writer.date()),
        ("doc_type", rng.choice(("380", "TD01", "381", "326"))),
        ("currency", writer.locale.currency.strip()),
        ("due", writer.date(30)),
        ("order", writer.code("PO-#####")),
        ("customer", writer.code("######")),
        ("period", f"{writer.date(-30)} - {writer.date()}"),
        ("our_ref", writer.code("??-####")),
    ]
    return [(writer.word(key), value) for key, value in rows[: rng.randrange(4, 10)]]


def sum_rows(writer: Writer, net: float) -> Rows:
    """Return net, tax and total, at times what was paid, as (name, value)."""
    rows = [
        (writer.word("subtotal"), writer.money(net)),
        (writer.word("tax"), writer.money(net * 0.19)),
        (writer.word("total"), writer.money(net * 1.19)),
    ]
    if writer.rng.random() < 0.5:
        rows += [
            (writer.word("paid").capitalize(), writer.money(0)),
            (writer.word("balance"), writer.money(net * 1.19)),
        ]
    return rows


def _pay_rows(writer: Writer) -> Rows:
    rows = [
        ("owner", writer.company()),
        ("bank", f"{writer.family()} Bank"),
        ("due", writer.date(30)),
        ("reason", writer.code("R#######")),
    ]
    known = [(writer.word(key), value) for key, value in rows[: writer.rng.randrange(1, 5)]]
    return [*known, ("IBAN", writer.iban()), ("BIC", writer.code("????##??"))]


def _item_sections(writer: Writer, count: int) -> list[tuple[str, Rows]]:
    sections = []
    for index, line in enumerate(make_lines(writer, count)):
        rows = [
            ("code", line.code),
            ("description", line.text),
            ("qty", str(line.quantity)),
            ("unit", writer.rng.choice(("C62", "HUR", "H87", "MTR"))),
            ("price", writer.plain_money(line.price)),
            ("tax", "S"),
            ("amount", writer.plain_money(line.amount)),
            ("remarks", writer.notices()),
        ]
        named = [(writer.word(key), value) for key, value in rows[: writer.rng.randrange(5, 9)]]
        sections.append((f"{writer.word('position')} {index + 1}", named))
    return sections


def _section(plan: Plan, title: str, rows: Rows) -> str:
    """Return one section of names and values in the manner of part ``look``."""
    style, part, rng = plan.style, plan["look"], plan.rng
    fill = style.tint if style.colour else _GREY
    ink = "#ffffff" if part == "bars" and style.colour else style.accent
    word = sized(style.size * 1.12, bold(title), fill=ink)
    value = 'fill: (x, y) => if x == 1 { rgb("#ececec") }, ' if part == "grey-values" else ""
    stroke = {
        "grid": '0.4pt + rgb("#888888")',
        "grey-values": '(bottom: 1.2pt + rgb("#ffffff"))',
        "headings": '(bottom: (paint: rgb("#aaaaaa"), thickness: 0.4pt, dash: "dotted"))',
    }.get(part, "none")
    share = rng.choice(("auto, 1fr", "1fr, 1fr", "2fr, 3fr"))
    codes = plan["codes"] == "codes"
    cells = ", ".join(
        f"[{lit(a + (f' (BT-{rng.randrange(1, 160)})' if codes else ':'))}], [{lit(b)}]"
        for a, b in rows
    )
    table = (
        f"#table(columns: ({share}), inset: (x: 1.2mm, y: {rng.uniform(0.5, 1.2):.2f}mm), "
        f"{value}stroke: {stroke}, {cells})"
    )
    if part == "bars":
        dark = style.accent if style.colour else "#c8c8c8"
        bar = f'#block(width: 100%, fill: rgb("{dark}"), inset: 1.2mm, below: 1mm)[{word}]'
        return f"#block(width: 100%, breakable: false)[{bar}{table}]\n"
    if part == "boxes":
        frame = f'stroke: 0.6pt + rgb("{style.accent}"), inset: 2mm'
        return f"#block(width: 100%, breakable: false, {frame})[{word}\n\n{table}]\n"
    if part == "tinted":
        return f'#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[{word}\n\n{table}]\n'
    below = rule(style, width=0.6) if part == "headings" else ""
    return f"#block(width: 100%, breakable: false)[{word}\n{below}{table}]\n"


def _sheet_head(plan: Plan, writer: Writer) -> str:
    """Return the head that the style sheet gives the page."""
    style, part = plan.style, plan["head"]
    word = f"{writer.word('invoice')} {writer.code('####-####')}"
    big = sized(style.size * plan.rng.uniform(1.4, 2.2), bold(word), font=style.head)
    if part == "tabs":
        names = [writer.word(k) for k in ("invoice_data", "details", "remarks", "enclosure")]
        cells = ", ".join(f"[{bold(name)}]" for name in names)
        fill = f'(x, y) => if x == 0 {{ rgb("{style.tint}") }} else {{ rgb("{_GREY}") }}'
        tabs = f"#table(columns: (1fr, 1fr, 1fr, 1fr), align: center, fill: {fill}, {cells})"
        return f"{tabs}\n{big}\n\n"
    if part == "bar":
        white = sized(style.size * 1.5, bold(word), fill="#ffffff")
        fill = style.accent if style.colour else "#444444"
        return f'#block(width: 100%, fill: rgb("{fill}"), inset: 3mm)[{white}]\n'
    if part == "logo":
        return columns(("1fr", "auto"), (big, svg(parts.logo(plan.rng, style.accent, _GREY), 18)))
    return f"#align({part})[{big}]\n" if part in ("center", "left") else ""


def printed_data(plan: Plan, writer: Writer) -> str:
    """Return an electronic invoice printed through a style sheet: names and values, no letter."""
    rng = plan.rng
    style = replace(plan.style, size=rng.uniform(6.4, 9.4), margin=rng.uniform(9, 20))
    plan = replace(plan, style=style)
    parties = [(writer.word(k), _party_rows(writer)) for k in ("buyer", "seller")]
    facts = [(writer.word("invoice_data"), fact_rows(writer))]
    facts.append((writer.word("delivery_data"), _party_rows(writer)[:4]))
    sums = [(writer.word("invoice_sums"), sum_rows(writer, rng.uniform(50, 20000)))]
    sums.append((writer.word("vat_breakdown"), sum_rows(writer, rng.uniform(50, 20000))[:3]))
    paid = [(writer.word("pay_data"), _pay_rows(writer))]
    paid.append((writer.word("remarks"), [(writer.word("remarks"), writer.notices(2))]))
    first = facts + parties if plan["order"] == "facts-first" else parties + facts
    sold = _item_sections(writer, rng.randrange(1, 6))
    wide = ""
    if plan["items"] == "table":
        wide, sold = invoice.line_table(_tabled(plan), writer, make_lines(writer, 4), []), []
    middle = [*sums, *sold] if plan["items"] != "last" else sums
    last = [*paid, *sold] if plan["items"] == "last" else paid
    body = _sheet_head(plan, writer) + _arranged(plan, first) + wide + _arranged(plan, middle)
    return page_setup(style, leading=0.5) + body + _arranged(plan, last)


def _tabled(plan: Plan) -> Plan:
    look = plan.rng.choice(("grid", "rules", "bare", "tinted"))
    return replace(plan, parts={**plan.parts, "table": look})


def _arranged(plan: Plan, sections: list[tuple[str, Rows]]) -> str:
    done = [_section(plan, title, rows) for title, rows in sections]
    if plan["columns"] == "one":
        return "".join(done)
    widths = ("1fr", "1fr") if plan["columns"] == "two" else ("2fr", "3fr")
    both = [columns(widths, pair, 5) for pair in zip(done[::2], done[1::2], strict=False)]
    return space(2).join([*both, *done[len(both) * 2 :]]) + space(2)


# ----------------------------------------------------------------------
# Invoices that are letters: premiums, fees and supplies, with a slip to pay with.


def _fee_rows(writer: Writer) -> Rows:
    rng = writer.rng
    keys = ["base_fee", "use_fee", "levy", "rebate"][: rng.randrange(1, 5)]
    sums = [(k, rng.uniform(8, 600)) for k in keys]
    whole = sum(-value if key == "rebate" else value for key, value in sums)
    rows = [(writer.word(k), writer.money(v)) for k, v in sums]
    return [*rows, (writer.word("total"), writer.money(abs(whole)))]


def _fees(plan: Plan, writer: Writer, rows: Rows) -> str:
    style, part = plan.style, plan["fees"]
    if part == "list":
        return bullets(f"{a}: {b}" for a, b in rows)
    if part == "line":
        return f"{bold(f'{rows[-1][0]}: {rows[-1][1]}')}\n\n"
    if part == "indented":
        return f"#pad(left: 22mm)[{pairs(rows, 14, 'right')}]\n"
    if part == "boxed":
        box = f'stroke: 0.7pt + rgb("{style.accent}"), inset: 3mm'
        return f"#align(center)[#block({box})[{pairs(rows, 20, 'right')}]]\n"
    if part == "leaders":
        dots = "#box(width: 1fr, repeat[.])"
        return " \\ ".join(f"{lit(a)} {dots} {lit(b)}" for a, b in rows) + "\n\n"
    cells = ", ".join(f"[{lit(a)}], [{lit(writer.date())}], [{lit(b)}]" for a, b in rows)
    line = f'(x, y) => (bottom: 0.4pt + rgb("{style.accent}"))'
    return (
        f"#table(columns: (1fr, auto, auto), align: (left, left, right), stroke: {line}, {cells})\n"
    )


def _slip(plan: Plan, writer: Writer, total: str) -> str:
    """Return the form to pay with that hangs at the bottom of the page."""
    rng, style, part = plan.rng, plan.style, plan["slip"]
    red = rng.choice(("#d9534f", "#e58f6f", "#333333", style.accent))
    names = [writer.word(k) for k in ("owner", "reason", "seller", "due", "amount")]
    values = [
        writer.company(),
        writer.code("#### #### #### ####"),
        writer.company(),
        writer.date(20),
    ]
    small = [sized(5.6, lit(name)) for name in names]
    cells = [f"{n} \\ {sized(8.5, lit(v))}" for n, v in zip(small, [*values, total], strict=True)]
    if part == "swiss":
        code = svg(parts.matrix_code(rng, 33), 40)
        left = " \\ ".join(cells[:3]) + f" \\ {cells[4]}"
        body = columns(("52mm", "auto", "1fr"), (left, code, " \\ ".join(cells)), 5)
    elif part == "boxes":
        ink = f'rgb("{red}")'
        digits = ", ".join(f"[{lit(c)}]" for c in writer.iban().replace(" ", ""))
        comb = f"#table(columns: 24, align: center, inset: 0.9mm, stroke: 0.4pt + {ink}, {digits})"
        rows = ", ".join(f"[{c}]" for c in cells[:3])
        inner = f"{comb}#table(columns: 1fr, stroke: 0.5pt + {ink}, {rows})"
        paper = rng.choice(("#fbe3d6", "#fdf0ea", "#ffffff"))
        body = (
            f'#block(fill: rgb("{paper}"), width: 100%, inset: 2mm)'
            f"[{inner}#align(right)[{bold(total)}]]"
        )
    elif part == "giro":
        grid = ", ".join(f"[{c}]" for c in [*cells[:4], "", cells[4]])
        bars = svg(parts.barcode(rng, 70), 105)
        body = f"#table(columns: (3fr, 2fr), stroke: 0.6pt, inset: 2.2mm, {grid})#v(1mm){bars}"
    elif part == "stub":
        body = columns(("1fr", "1fr", "auto"), (" \\ ".join(cells[:2]), cells[3], bold(total)))
    else:
        return ""
    dash = '#line(length: 100%, stroke: (thickness: 0.5pt, dash: "dashed"))'
    return f"#place(bottom)[#block(width: 100%, fill: white)[{dash}#v(2mm){body}]]\n"


def letter_of_fees(plan: Plan, writer: Writer) -> str:
    """Return an invoice in the form of a letter: prose, a few sums and often a slip."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    rows = _fee_rows(writer)
    facts = [
        (writer.word("policy"), writer.code("??-########")),
        (writer.word("date"), writer.long_date()),
        (writer.word("customer"), writer.code("### ### ###")),
        (writer.word("our_ref"), writer.person()),
    ][: rng.randrange(1, 5)]
    who = lines([writer.person(), *writer.address()])
    beside = (
        pairs(facts) if plan["facts"] != "line" else lit(f"{writer.city()}, {writer.long_date()}")
    )
    widths = ("1fr", "auto") if plan["facts"] == "right" else ("1fr", "1fr")
    top = columns(widths, (who, beside)) if plan["facts"] != "below" else f"{who}\n\n{beside}\n"
    subject = bold(f"{writer.word('premium')} {writer.code('20##/####')}")
    long = plan["prose"] == "long"
    first, second = (
        writer.notices(rng.randrange(1, 5 if long else 3)),
        writer.notices(4 if long else 2),
    )
    closing = f"{lit(writer.word('regards'))}\n\n"
    closing += {"yes": Pen(rng).sign(34) + "\n\n", "no": ""}[plan["sign"]] + lit(firm.name)
    gap = space(rng.uniform(2, 9))
    slip = _slip(plan, writer, rows[-1][1])
    return (
        page_setup(style, margin=margins(plan, plan["head"]))
        + letterhead(plan, firm, plan["head"])
        + space(rng.uniform(3, 14))
        + top
        + gap
        + sized(style.size * rng.uniform(1.0, 1.5), subject)
        + f"\n\n{lit(writer.word('dear_customer'))}\n\n{lit(first)}\n\n"
        + _fees(plan, writer, rows)
        + f"\n{lit(second)}\n\n{closing}\n"
        + (slip or foot(plan, firm, writer, plan["foot"]))
    )


# ----------------------------------------------------------------------
# Stays and rentals: who, where and when in a block, then a dense list of days.

_CHARGES = {
    "hotel": ("night", "breakfast", "city_tax", "parking", "meal"),
    "flat": ("day_rate", "waiver", "city_tax", "use_fee"),
    "car": ("day_rate", "waiver", "fuel", "levy"),
}
_STAY_FACTS = {
    "hotel": ("guest", "room", "arrival", "departure", "folio", "cashier", "page"),
    "flat": ("guest", "arrival", "departure", "folio", "address", "period"),
    "car": ("driver", "vehicle", "plate", "pick_up", "give_back", "mileage", "folio"),
}


def _stay_facts(plan: Plan, writer: Writer) -> str:
    rng, part = plan.rng, plan["facts"]
    dates = {"arrival", "departure", "pick_up", "give_back"}
    known: dict[str, Callable[[], str]] = {
        "guest": writer.person,
        "driver": writer.person,
        "address": writer.street,
        "room": lambda: writer.code("###"),
        "page": lambda: "1 / 1",
        "vehicle": lambda: writer.code("??? #.#"),
        "plate": lambda: writer.code("?? ?? ###"),
        "mileage": lambda: writer.code("##### - #####"),
        "cashier": lambda: writer.code("##"),
        "period": lambda: f"{writer.date(-30)} - {writer.date()}",
        "folio": lambda: writer.code("#########"),
    }
    rows = []
    for i, key in enumerate(_STAY_FACTS[plan["what"]][: rng.randrange(4, 8)]):
        value = writer.date(i) + writer.code(" ##:##") if key in dates else known[key]()
        rows.append((writer.word(key), value))
    who = lines([writer.person(), writer.company(), *writer.address()])
    half = len(rows) // 2
    cells = ", ".join(f"[{sized(plan.style.size * 0.75, lit(a))} \\ {lit(b)}]" for a, b in rows)
    return {
        "right": columns(("1fr", "auto"), (who, pairs(rows))),
        "left": f"{who}\n\n{space(4)}{pairs(rows, 8)}",
        "two": f"{who}\n\n{space(3)}"
        + columns(("1fr", "1fr"), (pairs(rows[:half]), pairs(rows[half:]))),
        "boxed": f"#table(columns: (1fr, 1fr, 1fr), stroke: 0.5pt, {cells})\n",
        "strip": f"{who}\n\n#table(columns: ({'1fr, ' * len(rows)}), stroke: 0.3pt, {cells})\n",
    }[part]


def _charge_cells(plan: Plan, writer: Writer, count: int, heads: list[str]) -> tuple[str, float]:
    """Return the cells of ``count`` charges, one payment if there is a column, and the sum."""
    keys = _CHARGES[plan["what"]]
    fixed = {key: (writer.word(key), plan.rng.uniform(3, 180)) for key in keys}
    rows: list[dict[str, str]] = []
    total = 0.0
    for i in range(count):
        name, price = fixed[keys[i % len(keys)]]
        total += price
        rows.append({"date": writer.date(i // len(keys)), "number": writer.code("####")})
        rows[-1] |= {"description": name, "amount": writer.plain_money(price)}
    if "paid" in heads:
        card = writer.word("card") + writer.code(" XXXX####")
        rows.append({"date": rows[-1]["date"], "description": card})
        rows[-1]["paid"] = writer.plain_money(total)
    cells = [bold(writer.word(head).capitalize()) for head in heads]
    cells += [lit(row.get(head, "")) for row in rows for head in heads]
    return ", ".join(f"[{cell}]" for cell in cells), total


def _charges(plan: Plan, writer: Writer) -> tuple[str, float]:
    """Return the dense list of charges and their sum."""
    rng, style, part = plan.rng, plan.style, plan["lines"]
    count = {"few": 4, "some": 12, "many": 26}[plan["rows"]] + rng.randrange(4)
    maybe = [[], ["number"]][rng.random() < 0.5], [[], ["paid"]][rng.random() < 0.6]
    heads = ["date", *maybe[0], "description", "amount", *maybe[1]]
    body, total = _charge_cells(plan, writer, count, heads)
    line = '0.5pt + rgb("#555555")'
    last = count + len(maybe[1])
    stroke = {
        "frame": f"(x, y) => (left: {line}, right: {line}, top: if y < 2 {{ {line} }}, "
        f"bottom: if y == {last} {{ {line} }})",
        "head-lines": f"(x, y) => if y == 0 {{ (top: {line}, bottom: {line}) }}",
        "dotted": '(bottom: (paint: rgb("#888888"), thickness: 0.4pt, dash: "dotted"))',
    }.get(part, "none")
    fill = f'(x, y) => if y == 0 {{ rgb("{style.tint}") }}' if part == "shaded" else "none"
    widths = ", ".join("1fr" if h == "description" else "auto" for h in heads)
    align = ", ".join("right" if h in {"amount", "paid"} else "left" for h in heads)
    mono = f'#set text(font: "{style.mono}")\n' if plan["print"] == "mono" else ""
    inset = f"(x: 1.5mm, y: {rng.uniform(0.35, 0.9):.2f}mm)"
    table = (
        f"#table(columns: ({widths},), align: ({align},), stroke: {stroke}, fill: {fill}, "
        f"inset: {inset}, {body})"
    )
    return f"#block(width: 100%)[{mono}{table}]\n", total


def _tail(plan: Plan, writer: Writer, total: float) -> str:
    part, style, pen = plan["tail"], plan.style, Pen(plan.rng)
    sums = pairs(sum_rows(writer, total / 1.19), 10, "right")
    head = ", ".join(f"[{lit(writer.word(k))}]" for k in ("tax", "subtotal", "tax", "amount"))
    tax = ", ".join(f"[{lit(writer.plain_money(total * plan.rng.random()))}]" for _ in range(8))
    table = f"#table(columns: 4, stroke: none, inset: 0.8mm, {head}, {tax})"
    agreed = sized(style.size * 0.75, lit(writer.notices(3)))
    sign = f"{agreed}\n\n{pen.sign(38)}\n{rule(style, width=0.4)}"
    card = pairs(
        [
            (writer.word("card"), writer.code("XXXXXXXXXXXX####")),
            (writer.word("approved"), writer.code("######")),
        ]
    )
    return {
        "sums": f"#align(right)[{sums}]\n",
        "taxes": columns(("auto", "1fr"), (table, f"#align(right)[{sums}]"), 8),
        "sign": f"#align(right)[{sums}]\n{space(4)}{sign}",
        "card": columns(("1fr", "1fr"), (card, sums), 8),
        "all": columns(("auto", "1fr"), (table, sums), 8) + card + space(3) + sign,
    }[part]


def _stay_head(plan: Plan, firm: Firm) -> str:
    style, rng = plan.style, plan.rng
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(16, 40))
    size, name = style.size * rng.uniform(1.8, 3.4), bold(firm.name.upper())
    word = sized(size, name, font=style.head, fill=style.accent)
    contact = sized(style.size * 0.8, lines(firm.contact))
    return {
        "logo-centre": f"#align(center)[{mark} \\ {lit(firm.name)}]\n",
        "logo-left": columns(("auto", "1fr"), (mark, f"#align(right)[{contact}]")),
        "logo-right": columns(("1fr", "auto"), (contact, mark)),
        "word-centre": f"#align(center)[{word} \\ {contact}]\n",
        "word-left": f"{word}\n\n",
        "none": f"{lines([firm.name, *firm.contact[:2]])}\n\n",
    }[plan["head"]]


def stay(plan: Plan, writer: Writer) -> str:
    """Return the bill of a hotel, a flat or a hired car: dense lines of days, few rules."""
    rng, firm = plan.rng, make_firm(writer)
    style = replace(plan.style, size=rng.uniform(7.0, 9.6))
    plan = replace(plan, style=style)
    key = "invoice" if plan["what"] == "hotel" or rng.random() < 0.5 else "rental"
    word = bold(f"{writer.word(key)} {writer.code('######')}")
    title = sized(style.size * rng.uniform(1.1, 2.0), word)
    where = rng.choice(("left", "left", "center", "right"))
    charges, total = _charges(plan, writer)
    small = [sized(style.size * 0.72, lit(t)) for t in (writer.notices(9), firm.one_line)]
    fine = f"#place(bottom)[#align(center)[{small[0]} \\ {small[1]}]]\n"
    gap = space(rng.uniform(2, 9))
    return (
        page_setup(style, leading=0.5)
        + _stay_head(plan, firm)
        + gap
        + _stay_facts(plan, writer)
        + gap
        + f"#align({where})[{title}]\n{charges}"
        + space(rng.uniform(1, 5))
        + _tail(plan, writer, total)
        + (fine if plan["end"] == "fine" else foot(plan, firm, writer, plan["end"]))
    )


SLOTS: dict[str, Slots] = {
    "invoice-data": {
        "look": ("bars", "boxes", "headings", "grid", "grey-values", "plain", "tinted"),
        "columns": ("two", "two", "uneven", "one"),
        "items": ("middle", "last", "table"),
        "codes": ("none", "none", "codes"),
        "head": ("tabs", "bar", "logo", "center", "left", "none"),
        "order": ("facts-first", "parties-first"),
    },
    "invoice-premium": {
        "head": HEADS,
        "facts": ("right", "half", "below", "line"),
        "fees": ("list", "line", "indented", "boxed", "leaders", "table"),
        "slip": ("swiss", "boxes", "giro", "stub", "none", "none"),
        "prose": ("long", "short"),
        "sign": ("yes", "no"),
        "foot": FEET,
    },
    "invoice-stay": {
        "head": ("logo-centre", "logo-left", "logo-right", "word-centre", "word-left", "none"),
        "what": ("hotel", "hotel", "flat", "car"),
        "facts": ("right", "left", "two", "boxed", "strip"),
        "lines": ("frame", "head-lines", "dotted", "shaded", "bare"),
        "print": ("mono", "same", "same"),
        "rows": ("few", "some", "many"),
        "tail": ("sums", "taxes", "sign", "card", "all"),
        "end": ("fine", "fine", "columns", "line", "none"),
    },
}
