"""Invoices of web services, of designers and tills, and those in other scripts."""

from collections.abc import Callable
from dataclasses import replace

from starter import invoice, invoice_service, invoice_trade, parts
from starter.invoice import Line, make_lines
from starter.invoice_service import fact_rows, sum_rows
from starter.parts import Pen, foot, make_firm
from starter.typesetting import (
    SCRIPTS,
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    draw_parts,
    layout_id,
    lines,
    lit,
    locale_named,
    page_setup,
    pairs,
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Payments by card over the web, and invoices whose things are blocks of words.


def _block(plan: Plan, writer: Writer, line: Line) -> str:
    """Return one thing that was sold in the manner of part ``items``."""
    style, pay = plan.style, writer.money(line.amount)
    each = f"{line.quantity} x {writer.money(line.price)}"
    small = [sized(style.size * 0.82, lit(t), fill="#666666") for t in (each, writer.notices())]
    row = f"{lit(line.text)} #h(1fr) {lit(pay)}"
    named = pairs(
        [
            (writer.word("description"), line.text),
            (writer.word("qty"), str(line.quantity)),
            (writer.word("amount"), pay),
        ]
    )
    frame = 'stroke: 0.5pt + rgb("#cccccc"), radius: 1.5mm, inset: 3mm'
    tint = f'fill: rgb("{style.tint}"), inset: 2.5mm, below: 1mm'
    return {
        "rows": f"{row}\n\n",
        "blocks": f"#strong[{row}] \\ {small[0]} \\ {small[1]}\n\n{space(2)}",
        "cards": f"#block(width: 100%, {frame})[{row} \\ {small[0]}]\n",
        "stripes": f"#block(width: 100%, {tint})[{row}]\n",
        "dashes": f"{lit(f'- {line.text}, {each} = {pay}')}\n\n",
        "stacked": f"{named}{space(2)}",
    }[plan["items"]]


def _blocks(plan: Plan, writer: Writer) -> tuple[str, float]:
    """Return what was sold as blocks of words without a table, and the sum."""
    sold = make_lines(writer, plan.rng.choice((1, 1, 2, 2, 3, 4)))
    return "".join(_block(plan, writer, line) for line in sold), sum(line.amount for line in sold)


def _paid(plan: Plan, writer: Writer, total: float) -> str:
    """Return how much was paid and when, in the manner of part ``amount``."""
    style, part = plan.style, plan["amount"]
    size = style.size * plan.rng.uniform(2, 3.2)
    big = sized(size, bold(writer.money(total)), font=style.head)
    status = lit(f"{writer.word('paid').capitalize()} {writer.long_date()}")
    band = f'#block(width: 100%, fill: rgb("{style.accent}"), inset: 5mm)[#set text(fill: white)\n'
    return {
        "top": f"{big} \\ {status}\n\n",
        "bottom": "",
        "centre": f"#align(center)[{big} \\ {status}]\n",
        "banner": f"{band}{big} #h(1fr) {status}]\n",
    }[part]


def _payment_facts(writer: Writer) -> list[tuple[str, str]]:
    rows = [
        (writer.word("number"), writer.code("INV-########")),
        (writer.word("date"), writer.long_date()),
        (writer.word("card"), writer.code("**** ####")),
        (writer.word("reason"), writer.code("ch_????####??")),
        (writer.word("customer"), writer.mail()),
        (writer.word("period"), f"{writer.date()} - {writer.date(30)}"),
    ]
    return rows[: writer.rng.randrange(2, 7)]


def payment(plan: Plan, writer: Writer) -> str:
    """Return an invoice for a payment already made, as web services send it."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    items, total = _blocks(plan, writer)
    title = sized(style.size * rng.uniform(1.2, 2.4), bold(writer.word("invoice")), font=style.head)
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(8, 22))
    who = f"{bold(writer.word('bill_to'))} \\ {lines([writer.person(), *writer.address()])}"
    body = (
        columns(("1fr", "auto"), (title, mark))
        + space(rng.uniform(2, 8))
        + _paid(plan, writer, total)
        + columns(("1fr", "1fr"), (who, pairs(_payment_facts(writer))))
        + space(rng.uniform(3, 9))
        + items
        + rule(style, "#cccccc", 0.6)
        + f"#align(right)[{pairs(sum_rows(writer, total), 12, 'right')}]\n"
        + lit(writer.notices(rng.randrange(1, 4)))
    )
    if plan["shape"] == "plain":
        return page_setup(style) + body + foot(plan, firm, writer, plan["foot"])
    width = style.width * rng.uniform(0.6, 0.85)
    if plan["shape"] == "narrow":
        side = f"{(style.width - width) / 2:.1f}mm"
        return page_setup(style, margin=f"(x: {side}, y: {style.margin:.1f}mm)") + body
    fill = rng.choice(("#f0f2f5", "#eef1f6", "#f6f6f6", style.tint))
    frame = 'fill: white, inset: 8mm, radius: 2mm, stroke: 0.4pt + rgb("#dddddd")'
    card = f"#block(width: {width:.0f}mm, {frame})[#align(left)[{body}]]"
    return page_setup(style, fill=fill) + f"#align(center)[{card}]\n"


def _path(colour: str, *points: str | float) -> str:
    shape = " ".join(p if isinstance(p, str) else f"{p:.0f}" for p in points)
    return f"<path d='{shape}' fill='{colour}'/>"


def _decorated(plan: Plan) -> str:
    """Return the coloured shapes of a designed page; they lie under everything."""
    style, rng, part = plan.style, plan.rng, plan["shape"]
    second = rng.choice(("#f39c12", "#1abc9c", "#34495e", style.tint, "#e74c3c", "#222222"))
    first = style.accent if style.colour else rng.choice(("#e67e22", "#117a65", "#1f4e79"))
    w, h = style.width, style.height
    a, b, low = rng.uniform(14, 40), rng.uniform(30, 55), h - rng.uniform(8, 30)
    squares = ""
    for _ in range(9):
        x, y = rng.choice((rng.uniform(0, 45), w - 35)), rng.choice((rng.uniform(0, 25), h - 40))
        x, y, side = x + rng.uniform(0, 20), y + rng.uniform(0, 20), rng.uniform(6, 22)
        squares += _path(
            rng.choice((first, second)), "M", x, y, "h", side, "v", side, "h", -side, "z"
        )
    top = _path(first, "M0 0H", w, "V", a, "H0Z")
    shapes = {
        "top-bottom": top + _path(second, "M0", low, "H", w, "V", h, "H0Z"),
        "side": _path(first, "M0 0H", a * 0.8, "V", h, "H0Z"),
        "wave": _path(first, "M0 0H", w, "V", a, "C", w * 0.7, 60, w * 0.3, 5, 0, b, "Z")
        + _path(second, "M0", h, "H", w, "V", low, "C", 140, low - 30, 60, h, 0, low - 5, "Z"),
        "diagonal": _path(first, "M", w, "0V", b * 2, "L", w * 0.5, "0Z")
        + _path(second, "M0", h, "V", h - b, "L", w * 0.4, h, "Z"),
        "squares": squares,
        "blob": f"<circle cx='{a * 5:.0f}' cy='{b * 5:.0f}' r='{b * 2:.0f}' "
        f"fill='{first}' fill-opacity='0.12'/>",
        "frame": f"<rect x='4' y='4' width='{w - 8}' height='{h - 8}' fill='none' "
        f"stroke='{first}' stroke-width='3'/>",
    }
    picture = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {w} {h}'>{shapes[part]}</svg>"
    return place(-style.margin, -style.margin, svg(picture, w), w)


def _designed_top(plan: Plan, writer: Writer) -> str:
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    size = {"big": rng.uniform(35, 60), "huge": rng.uniform(70, 110), "none": 0.0}[plan["logo"]]
    mark = svg(parts.logo(rng, style.accent, style.tint), size) if size else ""
    name = bold(writer.word("invoice").upper())
    word = sized(style.size * rng.uniform(2.5, 5), name, font=style.head)
    who = f"{lit(writer.word('bill_to'))} \\ {bold(writer.person())} \\ {lines(writer.address())}"
    facts = pairs(fact_rows(writer)[: rng.randrange(2, 5)])
    both = columns(("1fr", "1fr"), (who, facts))
    own = f"{mark}\n\n{lines(firm.contact)}"
    return {
        "huge": f"{word}\n\n{columns(('1fr', 'auto'), (who, facts + mark))}",
        "right": columns(("1fr", "auto"), (own, word)) + both,
        "centre": f"#align(center)[{mark} \\ {bold(firm.name)} \\ {word}]\n{both}",
        "under": f"{mark}\n\n{who}\n\n{word}\n\n{facts}",
    }[plan["title"]]


def designed(plan: Plan, writer: Writer) -> str:
    """Return an invoice from a designer's template: shapes, a big sign, blocks of words."""
    rng, style = plan.rng, plan.style
    style = replace(style, margin=max(style.margin, 20.0), size=rng.uniform(8.5, 12.5))
    plan = replace(plan, style=style)
    items, total = _blocks(plan, writer)
    fill = f'fill: rgb("{style.accent if style.colour else "#333333"}")'
    pay = sized(style.size * 2, bold(writer.money(total * 1.2)), fill="#ffffff")
    name = sized(style.size, bold(writer.word("total")), fill="#ffffff")
    last = {
        "panel": f"#align(right)[#block({fill}, inset: 5mm)[{pay}]]\n",
        "banner": f"#block(width: 100%, {fill}, inset: 3mm)[{name} #h(1fr) {pay}]\n",
        "plain": f"#align(right)[{pairs(sum_rows(writer, total), 10, 'right')}]\n",
    }[plan["total"]]
    thanks = sized(style.size * rng.uniform(1.2, 3), bold(writer.word("thanks")), fill=style.accent)
    blocks = [space(12) + _designed_top(plan, writer), items, last, thanks]
    notes = lit(writer.notices(rng.randrange(1, 4)))
    return page_setup(style) + _decorated(plan) + space(rng.uniform(4, 12)).join([*blocks, notes])


# ----------------------------------------------------------------------
# Invoices in a till's narrow column on a whole sheet, and those in other scripts.


def narrow(plan: Plan, writer: Writer) -> str:
    """Return an invoice printed in a narrow column, as a till would, on a sheet of paper."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    mono = plan["print"] == "mono"
    sold = make_lines(writer, {"few": 3, "many": 12}[plan["rows"]] + rng.randrange(4))
    mark = lit("-" * 44) + "\n\n" if mono else rule(style, "#444444", 0.6)
    body = " \\ ".join(
        f"{lit(line.text)} #h(1fr) {lit(f'{line.quantity}  {writer.plain_money(line.amount)}')}"
        for line in sold
    )
    total = sum(line.amount for line in sold)
    who = [writer.company(), writer.person(), *writer.address()] if rng.random() < 0.7 else []
    end = {
        "square": svg(parts.matrix_code(rng, 33), rng.uniform(25, 45)),
        "bars": svg(parts.barcode(rng), 60),
        "words": lit(writer.notices(3)),
        "sign": Pen(rng).sign(40),
    }[plan["end"]]
    where = rng.choice(("left", "center"))
    due = sized(style.size * 1.2, bold(writer.word("total")))
    text = (
        f"#align({where})[{bold(firm.name)} \\ {lines(firm.contact[:3])}]\n"
        f"{mark}{bold(writer.word('invoice'))}\n\n{pairs(fact_rows(writer)[:3])}\n"
        f"{lines(who)}\n\n{mark}{body}\n\n{mark}"
        f"{due} #h(1fr) {bold(writer.money(total))}\n\n"
        f"{pairs(sum_rows(writer, total)[:2], 6, 'right')}{lit(writer.word('thanks'))}\n\n{end}\n"
    )
    width = {"left": 85.0, "centre": 95.0, "wide": style.width - 2 * style.margin}[plan["column"]]
    side = "center" if plan["column"] == "centre" else "left"
    font = f'#set text(font: "{style.mono if mono else style.body}")'
    column = f"#box(width: {width:.0f}mm)[#align(left)[{font}\n{text}]]"
    return page_setup(style) + f"#align({side})[{column}]\n"


_AS: dict[str, tuple[Slots, Callable[[Plan, Writer], str]]] = {
    "invoice-business": (invoice.SLOTS["invoice-business"], invoice.build),
    "invoice-plain": (invoice.SLOTS["invoice-plain"], invoice.build),
    "invoice-office": (invoice_trade.SLOTS["invoice-office"], invoice_trade.office),
    "invoice-letter": (invoice_trade.SLOTS["invoice-letter"], invoice_trade.letterlike),
    "invoice-web": (invoice_trade.SLOTS["invoice-web"], invoice_trade.web),
    "invoice-data": (invoice_service.SLOTS["invoice-data"], invoice_service.printed_data),
    "invoice-stay": (invoice_service.SLOTS["invoice-stay"], invoice_service.stay),
}


def in_script(plan: Plan, writer: Writer) -> str:
    """Return an invoice in a language that is not written in Latin letters."""
    kind, locale = plan["as"], locale_named(plan["script"])
    slots, builder = _AS[kind]
    chosen = draw_parts(kind, slots, plan.split, plan.rng)
    inner = replace(
        plan,
        kind=kind,
        parts=chosen,
        layout=layout_id(kind, chosen),
        locale=locale,
        style=replace(plan.style, width=210.0, height=297.0),
    )
    flow = "#set text(dir: rtl)\n" if locale.language == "ar" else ""
    return flow + builder(inner, Writer(locale, writer.rng))


SLOTS: dict[str, Slots] = {
    "invoice-payment": {
        "shape": ("plain", "plain", "card", "narrow"),
        "amount": ("top", "bottom", "centre", "banner"),
        "items": ("rows", "blocks", "cards", "stacked", "dashes"),
        "foot": ("none", "line", "fine-print", "page-number"),
    },
    "invoice-designed": {
        "shape": ("top-bottom", "side", "wave", "diagonal", "squares", "blob", "frame"),
        "items": ("rows", "blocks", "stripes", "cards"),
        "logo": ("big", "huge", "none"),
        "title": ("huge", "right", "centre", "under"),
        "total": ("panel", "banner", "plain"),
    },
    "invoice-narrow": {
        "column": ("left", "centre", "wide"),
        "print": ("mono", "same"),
        "rows": ("few", "many"),
        "end": ("square", "bars", "words", "sign"),
    },
    "invoice-script": {
        "script": tuple(locale.code for locale in SCRIPTS),
        "as": tuple(_AS),
    },
}
