"""Consents and screenings, taken for letters or claims: questions to tick, much small print."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Filler
from docsorter.training.synth.markup import (
    bold,
    columns,
    lit,
    page_setup,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "consent-form": {
        "head": ("centre", "left", "bar", "logo"),
        "rows": ("shaded", "lines", "grid"),
        "answers": ("two", "three"),
        "small": ("long", "short", "columns"),
        "table": ("yes", "no"),
        "fill": ("empty", "hand", "printed", "mixed"),
    },
}


def consent_form(plan: Plan, writer: Writer) -> str:
    """Return a consent, a screening or a registration: questions to tick and much small print."""
    style, rng = plan.style, plan.rng
    size = rng.uniform(5.6, 7.8)
    filler = Filler(style, rng, plan["fill"])
    title = sized(size * 1.7, bold(writer.words(5).title()))
    head = {
        "centre": f"#align(center)[{title}]\n",
        "left": f"{title}\n\n",
        "bar": f'#block(width: 100%, fill: rgb("{style.tint}"), inset: 2mm)[{title}]\n',
        "logo": columns(
            ("auto", "1fr"), (svg(ink.logo(rng, style.accent, style.tint), 16), title)
        ),
    }[plan["head"]]  # fmt: skip
    person = "".join(_on_line(plan, writer, filler, size) for _ in range(rng.randrange(2, 5)))
    small = lit(writer.paragraph(rng.randrange(14, 30) if plan["small"] == "long" else 7))
    small = sized(size * 0.92, small)
    if plan["small"] == "columns":
        small = f"#columns(2, gutter: 4mm)[{small} {small}]"
    signing = columns(
        ("2fr", "1fr"),
        [f"{filler.signature(34)}#v(-2mm)#line(length: 100%, stroke: 0.4pt){lit(writer.words(3))}"]
        * 2,
        6,
    )
    last = _official(plan, writer, filler, size) if plan["table"] == "yes" else ""
    setup = page_setup(style, margin=f"{rng.uniform(9, 17):.0f}mm", leading=0.42)
    blocks = [head, person, _questions(plan, writer, filler), small + "\n\n", signing, last]
    return setup + f"#set text(size: {size:.1f}pt)\n" + space(2.5).join(blocks)


def _on_line(plan: Plan, writer: Writer, filler: Filler, size: float) -> str:
    cells = [
        f"{lit(writer.words(2))} {filler.value(writer.family(), size * 1.2)}"
        "#v(-1.5mm)#line(length: 100%, stroke: 0.4pt)"
        for _ in range(plan.rng.randrange(2, 5))
    ]
    return f"#block(above: 2mm)[{columns(['1fr'] * len(cells), cells)}]\n"


def _questions(plan: Plan, writer: Writer, filler: Filler) -> str:
    rng = plan.rng
    ways = 2 if plan["answers"] == "two" else 3
    rows = []
    for number in range(rng.randrange(8, 24)):
        marks = ["#box(width: 2mm, height: 2mm, stroke: 0.4pt)"] * ways
        if filler.tick():
            marks[rng.randrange(ways)] = "✓" if rng.random() < 0.5 else "X"
        long = writer.sentence(rng.randrange(6, 24))
        rows += [f"[{number + 1}.]", f"[{lit(long)}]", *(f"[{mark}]" for mark in marks)]
    look = {
        "shaded": f'stroke: none, fill: (x, y) => if calc.odd(y) {{ rgb("{plan.style.tint}") }}',
        "lines": "stroke: (x, y) => (bottom: 0.3pt)",
        "grid": "stroke: 0.4pt",
    }[plan["rows"]]
    spec = "5mm, 1fr" + ", 8mm" * ways
    return f"#table(columns: ({spec}), {look}, inset: 0.9mm, {', '.join(rows)})\n"


def _official(plan: Plan, writer: Writer, filler: Filler, size: float) -> str:
    rng = plan.rng
    count = rng.randrange(4, 9)
    heads = ", ".join(f"[{bold(writer.words(1).title())}]" for _ in range(count))
    cells = ", ".join(
        f"[{filler.value(writer.code('####'), size)}]" for _ in range(count * rng.randrange(2, 6))
    )
    return f"#table(columns: ({'1fr, ' * count}), stroke: 0.5pt, {heads}, {cells})\n"
