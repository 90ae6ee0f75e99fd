"""Invoices that look unlike an office's: of utilities, from a pad, from a line printer."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.invoice_table import Line, make_lines
from docsorter.training.synth.letterhead import letterhead, make_firm
from docsorter.training.synth.markup import (
    bold,
    columns,
    lit,
    page_setup,
    rule,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
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
}


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
        pre = f"#place(top + right)[{svg(ink.logo(plan.rng, style.accent, style.tint), 26)}]\n"
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
