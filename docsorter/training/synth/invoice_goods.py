"""The goods and the sums of an office invoice."""

from docsorter.training.synth.content import Writer
from docsorter.training.synth.invoice_table import Line
from docsorter.training.synth.markup import bold, columns, lit, sized
from docsorter.training.synth.plan import Plan


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
    notes = f"{bold(writer.word('details'))} \\ {lit(writer.paragraph(2))}"
    box = f"#block(width: 100%, stroke: {line}, inset: 2mm)[{notes}]"
    return columns(("1fr", "auto"), (box, table), 8)
