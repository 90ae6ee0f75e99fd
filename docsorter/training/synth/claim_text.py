"""Claims born in an office program or on a web site, and official ones that are mostly words."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import FILLS, Filler
from docsorter.training.synth.form_fields import value_for
from docsorter.training.synth.letterhead import make_firm
from docsorter.training.synth.markup import bold, columns, lit, page_setup, sized, space, svg
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "claim-digital": {
        "head": ("centre", "left", "left-number", "bar", "firm", "logo"),
        "topic": ("motor", "loss", "medical", "travel"),
        "sections": ("grey-bar", "bold", "rule", "plain", "accent", "boxed"),
        "pairs": ("two-columns", "run-on", "stacked", "table", "two-by-two"),
        "table": ("grid", "rules", "list", "none"),
        "spacing": ("tight", "normal", "wide"),
    },
    "claim-notice": {
        "head": ("mark-left", "centre", "rule", "boxed"),
        "topic": ("medical", "loss", "travel", "expense"),
        "boxes": ("two", "grid", "one", "none"),
        "fields": ("lines", "boxes", "few"),
        "print": ("small", "normal"),
        "fill": FILLS,
    },
}

_SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("insured", ("name", "policy", "customer", "address", "phone", "email")),
    ("details", ("policy", "date", "from", "to", "amount")),
    ("section", ("date", "time", "place", "police", "witness")),
    ("vehicle", ("make", "plate", "mileage", "driver", "number")),
    ("doctor", ("doctor", "number", "diagnosis", "date", "amount")),
    ("damage", ("damage", "amount", "description")),
    ("bank", ("bank", "number", "name")),
)


def _section(plan: Plan, text: str) -> str:
    style, part = plan.style, plan["sections"]
    words = bold(text.upper() if plan.rng.random() < 0.6 else text)
    if part in ("grey-bar", "accent"):
        colour = style.accent if part == "accent" and style.colour else "#e2e2e2"
        tone = "#ffffff" if part == "accent" and style.colour else "#000000"
        return (
            f'#block(width: 100%, fill: rgb("{colour}"), inset: 1.5mm, above: 4mm, below: 3mm)'
            f"[{sized(style.size, words, fill=tone)}]\n"
        )
    if part == "rule":
        return f"#block(above: 4mm, below: 2mm)[{words}#v(-2mm)#line(length: 100%)]\n"
    if part == "boxed":
        return f"#block(stroke: 0.6pt, width: 100%, inset: 1.4mm, above: 4mm)[{words}]\n"
    body = sized(style.size * 1.15, words) if part == "bold" else lit(text)
    return f"#block(above: 5mm, below: 3mm)[{body}]\n"


def _pairs(plan: Plan, writer: Writer, keys: tuple[str, ...], gap: float) -> str:
    rows = [
        (writer.word(k), value_for(k, writer) if k != "damage" else writer.sentence(9))
        for k in keys
        if plan.rng.random() < 0.9
    ]
    part = plan["pairs"]
    if not rows:
        return ""
    if part == "run-on":
        return "".join(f"#block(above: {gap:.1f}mm)[{lit(f'{a}: {b}')}]\n" for a, b in rows)
    if part == "stacked":
        return "".join(f"#block(above: {gap:.1f}mm)[{bold(a)} \\ {lit(b)}]\n" for a, b in rows)
    cells = ", ".join(f"[{bold(a)}], [{lit(b)}]" for a, b in rows)
    if part == "table":
        return f"#table(columns: (50mm, 1fr), stroke: 0.4pt, {cells})\n"
    spec = "(38mm, 1fr)" if part == "two-columns" else "(30mm, 1fr, 30mm, 1fr)"
    return f"#grid(columns: {spec}, column-gutter: 4mm, row-gutter: {gap:.1f}mm, {cells})\n"


def _damage(plan: Plan, writer: Writer) -> str:
    """Return the list or table of what is claimed, with its sum."""
    rng, part = plan.rng, plan["table"]
    count = rng.randrange(2, 7)
    if part == "none":
        return ""
    if part == "list":
        return "".join(f"#par[{lit('- ' + writer.words(4))}]\n" for _ in range(count))
    keys = ("description", "date", "price", "amount")
    cells = [bold(writer.word(k)) for k in keys]
    for _ in range(count):
        cells += [lit(writer.item()), lit(writer.date())]
        cells += [lit(writer.money(rng.uniform(20, 900))) for _ in range(2)]
    stroke = "0.5pt" if part == "grid" else "(x, y) => (bottom: 0.5pt)"
    body = ", ".join(f"[{c}]" for c in cells)
    total = f"{bold(writer.word('total'))}: {bold(writer.money(rng.uniform(100, 9000)))}"
    return (
        f"#table(columns: (1fr, auto, auto, auto), stroke: {stroke}, fill: (x, y) => if y == 0 "
        f'{{ rgb("#ececec") }}, {body})\n#align(right)[{total}]\n'
    )


def _head(plan: Plan, writer: Writer, title: str) -> str:
    style, rng, part = plan.style, plan.rng, plan["head"]
    firm = make_firm(writer)
    word = sized(style.size * rng.uniform(1.1, 2.0), bold(title), font=style.head)
    number = bold(f"{writer.word('claim_no')}: {writer.code('CLM-20##-###')}")
    fill = style.accent if style.colour else "#333333"
    white = sized(style.size * 1.6, bold(title), fill="#ffffff")
    return {
        "centre": f"#align(center)[{bold(firm.name)} \\ {word}]\n",
        "left": f"{word}\n\n{number}\n",
        "left-number": columns(("1fr", "auto"), (word, number)),
        "bar": f'#block(width: 100%, fill: rgb("{fill}"), inset: 3mm)[{white}]\n',
        "firm": f"{sized(style.size * 1.5, lit(firm.name))} \\ {word} \\ {lit(firm.one_line)}\n\n",
        "logo": columns(
            ("auto", "1fr"),
            (svg(ink.logo(rng, style.accent, style.tint), 18), f"#align(right)[{word}]"),
        ),
    }[part]


def digital(plan: Plan, writer: Writer) -> str:
    """Return a claim as a program prints it: headings, names and values, much white."""
    rng = plan.rng
    gap = {"tight": 2.0, "normal": 3.4, "wide": 5.6}[plan["spacing"]]
    chosen = rng.sample(_SECTIONS, rng.randrange(3, 7))
    body = page_setup(plan.style) + _head(plan, writer, writer.word(f"claim_{plan['topic']}"))
    body += space(rng.uniform(2, 9))
    for heading, keys in chosen:
        body += _section(plan, writer.word(heading)) + _pairs(plan, writer, keys, gap)
    body += _damage(plan, writer)
    if rng.random() < 0.3:
        body += space(6) + f"{lit(writer.word('signature'))}: #line(length: 60mm)\n"
    return body


def _fields(plan: Plan, writer: Writer, filler: Filler) -> str:
    part, size = plan["fields"], plan.style.size
    keys = ("name", "first_name", "birth", "address", "place", "phone", "policy", "date")
    small = size * 0.75
    cells = [
        f"{sized(small, lit(writer.word(k)))} \\ {filler.value(value_for(k, writer), size)}"
        for k in (keys[:3] if part == "few" else keys)
    ]
    spec = ", ".join(["1fr"] * plan.rng.choice((2, 3, 4)))
    stroke = "0.6pt" if part == "boxes" else "(x, y) => (bottom: 0.5pt)"
    body = ", ".join(f"[{c}]" for c in cells)
    return f"#grid(columns: ({spec},), rows: 9mm, stroke: {stroke}, inset: 1mm, {body})\n"


def notice(plan: Plan, writer: Writer) -> str:
    """Return an official claim that explains itself at length before it asks."""
    rng, style = plan.rng, plan.style
    filler = Filler(style, rng, plan["fill"])
    firm = make_firm(writer)
    size = rng.uniform(5.8, 7.6) if plan["print"] == "small" else rng.uniform(7.6, 9.4)
    title = sized(size * rng.uniform(1.3, 1.9), bold(writer.word(f"claim_{plan['topic']}").upper()))
    seal = svg(ink.seal(rng, "#222222"), rng.uniform(8, 14))
    head = {
        "mark-left": f"{seal} {bold(firm.name)}\n\n#align(center)[{title}]\n",
        "centre": f"#align(center)[{title}]\n",
        "rule": f"{title}#line(length: 100%, stroke: 1.2pt)\n",
        "boxed": f"#block(width: 100%, stroke: 0.8pt, inset: 2mm)[#align(center)[{title}]]\n",
    }[plan["head"]]

    def box() -> str:
        tick = "#box(width: 2.4mm, height: 2.4mm, stroke: 0.6pt)"
        rows = " \\ ".join(f"{tick} {lit(writer.words(4))}" for _ in range(rng.randrange(2, 5)))
        return f"#block(width: 100%, stroke: 0.7pt, inset: 1.6mm)[{rows}]"

    boxes = {
        "two": columns(("1fr", "1fr"), (box(), box())),
        "grid": columns(("1fr", "1fr"), (box(), box())) * 2,
        "one": box(),
        "none": "",
    }[plan["boxes"]]
    texts = [f"#par[{lit(writer.paragraph(rng.randrange(2, 6)))}]\n" for _ in range(6)]
    heads = [f"#par[{bold(writer.sentence(5).upper())}]\n" for _ in range(3)]
    cut = rng.randrange(1, 5)
    return (
        page_setup(style, margin=f"{rng.uniform(9, 17):.0f}mm", leading=0.5)
        + f"#set text(size: {size:.1f}pt)\n#set par(justify: {str(rng.random() < 0.5).lower()})\n"
        + head
        + heads[0]
        + "".join(texts[:cut])
        + boxes
        + heads[1]
        + _fields(plan, writer, filler)
        + "".join(texts[cut:])
        + heads[2]
        + _fields(plan, writer, filler)
        + space(3)
        + f"{lit(writer.word('signature'))} {filler.signature(30)}\n"
    )
