"""Invoices as office programs print them: facts at the right, parties, a grid, a stack of sums."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.invoice_goods import goods_table, stroke_of, sums_table
from docsorter.training.synth.invoice_table import make_lines
from docsorter.training.synth.letterhead import Firm, make_firm
from docsorter.training.synth.markup import bold, columns, lines, lit, page_setup, sized, space, svg
from docsorter.training.synth.plan import Plan, Slots
from docsorter.training.synth.strokes import signature

SLOTS: dict[str, Slots] = {
    "invoice-office": {
        "head": ("name-left", "logo-left", "logo-right", "centre", "name-big", "logo-only"),
        "title": ("right", "right-light", "below", "band", "left-big"),
        "facts": ("lines", "grid", "boxes", "values", "strip"),
        "parties": ("two", "three", "bars", "one", "from-to", "boxed"),
        "strip": ("none", "grid", "tinted", "two-rows"),
        "table": ("grid", "grid-empty", "dark-head", "grey-head", "rules", "tall", "boxed-head"),
        "sums": ("stack", "cells", "joined", "notes-left", "bold-last", "plain"),
        "close": ("thanks", "remit", "stub", "signature", "nothing", "fine-print"),
    }
}


def _own(plan: Plan, firm: Firm) -> str:
    style, rng, part = plan.style, plan.rng, plan["head"]
    contact = sized(style.size * 0.9, lines(firm.contact[: rng.randrange(2, 5)]))
    name = sized(style.size * rng.uniform(1.1, 1.7), bold(firm.name), font=style.head)
    picture = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(10, 26))
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
        (writer.word("terms"), writer.words(2)),
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
        small = sized(plan.style.size * 0.75, lit(writer.paragraph(rng.randrange(2, 7))))
        return f"#place(bottom)[{small}]\n"
    return ""


def build(plan: Plan, writer: Writer) -> str:
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
        picture = svg(ink.logo(rng, plan.style.accent, plan.style.tint), 18)
        top = f"#align(right)[{picture}]\n" + top
    body = page_setup(plan.style) + top + space(rng.uniform(3, 14))
    body += _parties(plan, writer, firm) + space(rng.uniform(3, 12)) + (facts if strip else "")
    body += _strip(plan, writer) + space(rng.uniform(1, 7)) + goods_table(plan, writer, sold)
    return body + sums_table(plan, writer, sold) + _close(plan, writer, firm)
