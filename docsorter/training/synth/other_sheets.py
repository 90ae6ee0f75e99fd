"""Pay slips, data sheets and the fronts of file folders."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.letterhead import make_firm
from docsorter.training.synth.markup import (
    bold,
    bullets,
    columns,
    lines,
    lit,
    page_setup,
    place,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
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


def pay_slip(plan: Plan, writer: Writer) -> str:
    """Return a statement of earnings, at times with the cheque below."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    tint = f', fill: rgb("{style.tint}")' if plan["tint"] == "yes" else ""
    title = sized(style.size * 1.7, bold(writer.words(2).title()))
    logo = svg(ink.logo(rng, style.accent, style.tint), 15)
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
    logo = svg(ink.logo(rng, style.accent, style.tint), 14)
    head = {
        "bar": f'{title}#rect(width: 100%, height: 2mm, fill: rgb("{style.accent}"))\n',
        "logo": columns(("1fr", "auto"), (title, logo)),
        "plain": f"{title}\n\n",
    }[plan["head"]]
    picture = {
        "chart": svg(ink.chart(rng, style.accent), 78) + "\n\n",
        "drawing": svg(ink.cars(rng, "#333333"), 70) + "\n\n",
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
