"""Bills for electricity, water, gas and telephones."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.letterhead import (
    FEET,
    foot,
    letterhead,
    make_firm,
)
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    page_setup,
    pairs,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "invoice-utility": {
        "head": ("logo-left", "logo-right", "band", "split", "wedge"),
        "summary": ("panel-right", "strip", "circle", "box-left"),
        "detail": ("chart", "table", "both", "text"),
        "slip": ("stub", "none", "dashed"),
        "foot": FEET,
        "aside": ("left", "right", "none"),
    },
}


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
    chart = f"{bold(writer.word('usage'))}\n\n{svg(ink.chart(plan.rng, style.accent), 95)}\n"
    count = plan.rng.randrange(4, 12)
    cells = "".join(
        f"[{lit(writer.words(3).capitalize())}], [{lit(writer.date(-30 * i))}], "
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
        "text": table + lit(writer.paragraph(6)) + "\n",
    }[part]


def utility(plan: Plan, writer: Writer) -> str:
    """Return a bill for electricity, water or a telephone."""
    firm = make_firm(writer)
    total = writer.money(writer.rng.uniform(18, 480))
    who = f"{lines([writer.person(), *writer.address()])}\n"
    main = _detail(plan, writer)
    advice = f"{bold(writer.words(3).capitalize())} {lit(writer.paragraph(5))}"
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
        f"{stub}{svg(ink.barcode(plan.rng), 80)}]\n"
    )
