"""More invoices: of offices, as letters, of freight and web shops."""

from collections.abc import Callable

from starter import parts
from starter.invoice import Line, make_lines
from starter.parts import FEET, Firm, foot, make_firm, signature
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
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

# ----------------------------------------------------------------------
# The goods and the sums of an office invoice.


def stroke_of(plan: Plan, *, grey: bool = False) -> str:
    """Return a thin line: office programs draw black or grey ones more often than coloured."""
    colour = "#9a9a9a" if grey else plan.style.accent if plan.style.colour else "#111111"
    return f'{min(plan.style.rule, 0.8):.1f}pt + rgb("{colour}")'


def _line_cells(writer: Writer, sold: list[Line], keys: tuple[str, ...]) -> list[str]:
    cells = []
    for line in sold:
        values = {
            "qty": str(line.quantity), "code": line.code, "description": line.text,
            "price": writer.plain_money(line.price), "amount": writer.plain_money(line.amount),
            "date": writer.past_date(1),
        }  # fmt: skip
        cells += [lit(values[key]) for key in keys]
    return cells


def goods_table(plan: Plan, writer: Writer, sold: list[Line]) -> str:
    """Return the table of lines in the manner of part ``table``."""
    rng, style, part = plan.rng, plan.style, plan["table"]
    keys = rng.choice(
        (("qty", "description", "price", "amount"), ("description", "amount"),
         ("qty", "code", "description", "price", "amount"),
         ("description", "qty", "price", "amount"),
         ("date", "code", "description", "qty", "price", "amount"))
    )  # fmt: skip
    dark = part == "dark-head"
    head_fill = (style.accent if style.colour else "#333333") if dark else "#dcdcdc"
    cells = [sized(style.size, bold(writer.word(k)), fill="#ffffff" if dark else "") for k in keys]
    cells += _line_cells(writer, sold, keys)
    empty = rng.randrange(3, 14) if part == "grid-empty" else 0
    if part == "tall":
        cells += [f"#v({rng.uniform(30, 110):.0f}mm)", *[""] * (len(keys) - 1)]
    line = stroke_of(plan, grey=rng.random() < 0.35)
    sides = f"(x, y) => (left: {line}, right: {line}, top: if y < 2 {{ {line} }}, bottom: {line})"
    stroke = {
        "grid": line, "grid-empty": line, "dark-head": "none", "grey-head": "none", "tall": line,
        "rules": f"(x, y) => (bottom: {line})",
        "boxed-head": f"(x, y) => if y == 0 {{ {line} }}",
    }[part]  # fmt: skip
    stroke = sides if part == "tall" else stroke
    shaded = part in ("dark-head", "grey-head") or rng.random() < 0.25
    fill = f'(x, y) => if y == 0 {{ rgb("{head_fill}") }}' if shaded else "none"
    widths = ", ".join("1fr" if k == "description" else "auto" for k in keys)
    align = ", ".join("right" if k in ("price", "amount") else "left" for k in keys)
    body = ", ".join(f"[{c}]" for c in [*cells, *["~"] * (empty * len(keys))])
    inset = f"(x: 1.6mm, y: {rng.uniform(0.8, 1.9):.1f}mm)"
    return (
        f"#table(columns: ({widths},), align: ({align},), stroke: {stroke}, fill: {fill}, "
        f"inset: {inset}, {body})\n"
    )


def sums_table(plan: Plan, writer: Writer, sold: list[Line]) -> str:
    """Return the stack of sums in the manner of part ``sums``."""
    rng, part = plan.rng, plan["sums"]
    net = sum(line.amount for line in sold)
    keys = ["subtotal", "tax", "paid", "balance"][: rng.randrange(0, 5)]
    rows = [(writer.word(k).title(), writer.plain_money(net * rng.random())) for k in keys]
    last = (writer.word("total"), writer.money(net * 1.19))
    line = stroke_of(plan, grey=rng.random() < 0.3)
    stroke = {
        "stack": "(x, y) => if x == 1 { " + line + " }", "cells": line, "joined": line,
        "notes-left": line, "bold-last": f"(x, y) => if y == {len(rows)} {{ (top: {line}) }}",
        "plain": "none",
    }[part]  # fmt: skip
    cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
    cells += f"{', ' if rows else ''}[{bold(last[0])}], [{bold(last[1])}]"
    above = "0mm" if part == "joined" else f"{rng.uniform(1, 9):.1f}mm"
    table = (
        f"#block(above: {above}, width: 100%)[#align(right)[#table("
        f"columns: (auto, {rng.randrange(22, 36)}mm), align: right, stroke: {stroke}, "
        f"inset: (x: 1.6mm, y: 0.9mm), {cells})]]"
    )
    if part != "notes-left":
        return table + "\n"
    table = table.replace(", width: 100%", "", 1)
    notes = f"{bold(writer.word('details'))} \\ {lit(writer.notices(2))}"
    box = f"#block(width: 100%, stroke: {line}, inset: 2mm)[{notes}]"
    return columns(("1fr", "auto"), (box, table), 8)


# ----------------------------------------------------------------------
# Invoices that look like letters or like the folio of a hotel: few rules, much white.

_CORNERS = ("mark-right", "mark-left", "word-right", "word-left", "tab-left", "centre", "none")


def _corner(plan: Plan, writer: Writer) -> str:
    """Return a sign of the sender in a corner; the rest of the page stays white."""
    style, rng, part = plan.style, plan.rng, plan["corner"]
    word = sized(
        style.size * rng.uniform(1.8, 3.6),
        bold(writer.family().upper() if rng.random() < 0.6 else writer.company()),
        fill=style.accent,
        font=style.head,
    )
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(12, 30))
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
    if part == "hand":
        size = style.size * 1.5
        return f'#set text(font: "{style.hand}", size: {size:.1f}pt, fill: rgb("#24307a"))\n'
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
        below = f" \\ {lit(writer.item())} \\ {lit(line.code)}" if part == "two-level" else ""
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
    code = {
        "none": "",
        "bars": svg(parts.barcode(rng), 45),
        "square": svg(parts.matrix_code(rng), 20),
    }
    title = sized(style.size * rng.uniform(1.1, 1.8), bold(writer.word("invoice")))
    words = "".join(f"#par[{lit(writer.notices())}]\n" for _ in range(rng.randrange(1, 5)))
    return (
        page_setup(style)
        + _corner(plan, writer)
        + f"#align(right)[{code[plan['code']]}]\n"
        + _printed(plan)
        + _addressed(plan, writer, firm.one_line, fact_rows(writer))
        + f"{title}\n\n{lit(writer.notices()) if rng.random() < 0.6 else ''}\n\n"
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
        + lit(writer.notices())
        + foot(plan, firm, writer, plan["foot"])
    )


# ----------------------------------------------------------------------
# Invoices as office programs print them: facts at the right, parties, a grid, a stack of sums.


def _own(plan: Plan, firm: Firm) -> str:
    style, rng, part = plan.style, plan.rng, plan["head"]
    contact = sized(style.size * 0.9, lines(firm.contact[: rng.randrange(2, 5)]))
    name = sized(style.size * rng.uniform(1.1, 1.7), bold(firm.name), font=style.head)
    picture = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(10, 26))
    return {
        "name-left": f"{name} \\ {contact}",
        "logo-left": f"{picture} \\ {bold(firm.name)} \\ {contact}",
        "logo-right": f"{name} \\ {contact}",
        "centre": f"{name} \\ {contact}",
        "name-big": sized(style.size * 2.6, bold(firm.name.upper()), font=style.head),
        "logo-only": picture,
    }[part]


def _title(plan: Plan, word: str) -> str:
    style, rng = plan.style, plan.rng
    big = style.size * rng.uniform(1.6, 3.4)
    colour = style.accent if style.colour or rng.random() < 0.5 else "#8a8a8a"
    if plan["title"] == "right-light":
        return sized(big, lit(word.upper()), fill=colour, font=style.head)
    return sized(big, bold(word), fill=colour, font=style.head)


def _fact_rows(writer: Writer) -> list[tuple[str, str]]:
    rows = [
        (f"{writer.word('invoice').title()} {writer.word('number')}", writer.code("INV-###")),
        (writer.word("date"), writer.date()),
        (writer.word("customer"), writer.code("CID-##")),
        (writer.word("due"), writer.date(30)),
        (writer.word("our_ref"), writer.code("PO-####")),
        (writer.word("terms"), writer.notices()[:22]),
    ]
    return rows[: writer.rng.randrange(2, 7)]


def _facts(plan: Plan, writer: Writer) -> str:
    rows, part = _fact_rows(writer), plan["facts"]
    line = stroke_of(plan, grey=plan.rng.random() < 0.5)
    if part == "lines":
        return "#align(right)[" + " \\ ".join(f"{bold(a + ':')} {lit(b)}" for a, b in rows) + "]\n"
    if part == "values":
        return f"#align(right)[{lines(b for _, b in rows)}]\n"
    if part == "strip":
        heads = ", ".join(f"[{bold(a)}]" for a, _ in rows)
        values = ", ".join(f"[{lit(b)}]" for _, b in rows)
        return (
            f"#table(columns: ({'1fr, ' * len(rows)}), align: center, stroke: {line}, "
            f"{heads}, {values})\n"
        )
    boxed = "(x, y) => if x == 1 { " + line + " }" if part == "boxes" else line
    cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
    return (
        f"#align(right)[#table(columns: (auto, 32mm), align: (right, center), stroke: {boxed}, "
        f"inset: (x: 1.5mm, y: 0.8mm), {cells})]\n"
    )


def _party(writer: Writer) -> list[str]:
    rng = writer.rng
    rows = [writer.person(), writer.company(), *writer.address(), writer.phone()]
    return rows[rng.randrange(2) : rng.randrange(4, 6)]


def _parties(plan: Plan, writer: Writer, firm: Firm) -> str:
    part, style = plan["parties"], plan.style
    words = [writer.word("bill_to"), writer.word("ship_to"), writer.word("address")]
    blocks = [f"{bold(w.upper())} \\ {lines(_party(writer))}" for w in words]
    if part == "one":
        return blocks[0] + "\n\n"
    if part == "three":
        return columns(["1fr"] * 3, blocks)
    if part == "from-to":
        blocks[0] = f"{bold(writer.word('from'))} \\ {lines([firm.name, *firm.contact[:2]])}"
    if part == "bars":
        fill, ink_ = (style.accent, "#ffffff") if style.colour else ("#d9d9d9", "#000000")
        blocks = [
            f'#block(fill: rgb("{fill}"), width: 80%, inset: 1mm, below: 1.5mm)'
            f"[{sized(style.size, bold(w), fill=ink_)}]{lines(_party(writer))}"
            for w in words
        ]
    if part == "boxed":
        frame = f"#block(width: 100%, stroke: {stroke_of(plan)}, inset: 2mm)"
        blocks = [f"{frame}[{b}]" for b in blocks]
    return columns(("1fr", "1fr"), blocks[:2])


def _strip(plan: Plan, writer: Writer) -> str:
    """Return the row of clerk, order, carrier and terms that many forms carry."""
    part = plan["strip"]
    if part == "none":
        return ""
    known = ("employee", "our_ref", "department", "mileage", "terms", "due")
    keys = known[: plan.rng.randrange(3, 7)]
    heads = ", ".join(f"[{sized(plan.style.size * 0.8, bold(writer.word(k)))}]" for k in keys)
    values = ", ".join(f"[{lit(writer.words(1) if plan.rng.random() < 0.5 else '')}]" for _ in keys)
    rows = values if part != "two-rows" else f"{values}, {'[], ' * len(keys)}".rstrip(", ")
    fill = "none" if part == "grid" else f'(x, y) => if y == 0 {{ rgb("{plan.style.tint}") }}'
    return (
        f"#table(columns: ({'1fr, ' * len(keys)}), align: center, fill: {fill}, "
        f"stroke: {stroke_of(plan)}, {heads}, {rows})\n"
    )


def _close(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return what the page ends with, in the manner of part ``close``."""
    rng, part = plan.rng, plan["close"]
    contact = lit(f"{firm.name}, {firm.phone}, {firm.mail}")
    thanks = bold(writer.word("thanks").upper() if rng.random() < 0.5 else writer.word("thanks"))
    if part == "thanks":
        return space(rng.uniform(6, 40)) + f"#align(center)[{contact} \\ {thanks}]\n"
    if part == "remit":
        rows = lines([firm.name, firm.street, firm.city])
        return space(rng.uniform(8, 30)) + f"{bold(writer.word('payment'))} \\ {rows}\n"
    if part == "stub":
        cells = columns(("1fr", "1fr", "1fr"), (lines(_party(writer)), contact, thanks))
        dashed = '(thickness: 0.6pt, dash: "dashed")'
        return f"#place(bottom)[#line(length: 100%, stroke: {dashed})#v(3mm){cells}#v(9mm)]\n"
    if part == "signature":
        return space(14) + f"#align(right)[{svg(signature(rng), 36)} \\ {lit(writer.person())}]\n"
    if part == "fine-print":
        small = sized(plan.style.size * 0.75, lit(writer.notices(rng.randrange(2, 7))))
        return f"#place(bottom)[{small}]\n"
    return ""


def office(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of an office invoice laid out as ``plan`` says."""
    rng, firm = plan.rng, make_firm(writer)
    sold = make_lines(writer, rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 7, 10)))
    title, own, facts = _title(plan, writer.word("invoice")), _own(plan, firm), _facts(plan, writer)
    strip = plan["facts"] == "strip"
    right = "" if strip else facts
    if plan["title"] in ("right", "right-light"):
        top = columns(("1fr", "auto"), (own, f"#align(right)[{title}]\n\n{right}"))
    elif plan["title"] == "band":
        fill = plan.style.accent if plan.style.colour else "#e4e4e4"
        word = sized(plan.style.size * 2, bold(writer.word("invoice")), font=plan.style.head)
        band = f'#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[{word}]\n'
        top = band + columns(("1fr", "auto"), (own, right))
    elif plan["title"] == "left-big":
        top = columns(("1fr", "auto"), (f"{title}\n\n{right}", own))
    else:
        top = columns(("1fr", "auto"), (own, right)) + f"#align(center)[{title}]\n"
    if plan["head"] == "logo-right":
        picture = svg(parts.logo(rng, plan.style.accent, plan.style.tint), 18)
        top = f"#align(right)[{picture}]\n" + top
    body = page_setup(plan.style) + top + space(rng.uniform(3, 14))
    body += _parties(plan, writer, firm) + space(rng.uniform(3, 12)) + (facts if strip else "")
    body += _strip(plan, writer) + space(rng.uniform(1, 7)) + goods_table(plan, writer, sold)
    return body + sums_table(plan, writer, sold) + _close(plan, writer, firm)


# ----------------------------------------------------------------------
# Bills made of boxes, and the airy invoices of web shops and cloud services.


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
    notes = lit(writer.notices(rng.randrange(1, 4)))
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
        small = sized(plan.style.size * 0.8, lit(writer.item()), fill="#8a8a8a")
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
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(9, 18))
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


SLOTS: dict[str, Slots] = {
    "invoice-letter": {
        "corner": _CORNERS,
        "print": ("same", "mono", "mono-bold", "bold", "hand"),
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
    "invoice-office": {
        "head": ("name-left", "logo-left", "logo-right", "centre", "name-big", "logo-only"),
        "title": ("right", "right-light", "below", "band", "left-big"),
        "facts": ("lines", "grid", "boxes", "values", "strip"),
        "parties": ("two", "three", "bars", "one", "from-to", "boxed"),
        "strip": ("none", "grid", "tinted", "two-rows"),
        "table": ("grid", "grid-empty", "dark-head", "grey-head", "rules", "tall", "boxed-head"),
        "sums": ("stack", "cells", "joined", "notes-left", "bold-last", "plain"),
        "close": ("thanks", "remit", "stub", "signature", "nothing", "fine-print"),
    },
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
