"""Pages of words that are taken for letters or claims: manuals and prose."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.fonts import font_book
from docsorter.training.synth.markup import (
    bold,
    bullets,
    columns,
    lines,
    lit,
    page_setup,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "manual": {
        "head": ("ruled", "band", "crumbs", "logo", "none"),
        "body": ("sections", "steps", "code", "terms", "conclusions", "mixed"),
        "numbers": ("yes", "no"),
        "figure": ("none", "none", "screen", "table", "chart"),
        "foot": ("page", "ruled", "copyright", "none"),
        "indent": ("none", "left", "wide"),
    },
    "prose": {
        "head": ("none", "chapter", "running", "centre-heads"),
        "text": ("full", "full", "part", "passage"),
        "par": ("indent", "gap", "verse"),
        "quotes": ("yes", "no"),
        "face": ("serif", "own", "mono"),
        "justify": ("yes", "no"),
    },
}


def manual(plan: Plan, writer: Writer) -> str:
    """Return a page of documentation, a guide or a report: text under headings, no addressee."""
    style, rng = plan.style, plan.rng
    left = {"none": style.margin, "left": style.margin + 14, "wide": style.margin + 34}
    edge = left[plan["indent"]]
    setup = page_setup(style, margin=f"(left: {edge:.1f}mm, right: {style.margin:.1f}mm, y: 24mm)")
    return setup + _running(plan, writer, edge) + _sections(plan, writer, rng.randrange(3, 7))


def _running(plan: Plan, writer: Writer, edge: float) -> str:
    """Return what stands at the head and foot of every page of a longer work."""
    style, rng = plan.style, plan.rng
    wide = f"{style.width - edge - style.margin:.1f}mm"
    small = style.size * 0.78
    pair = (
        f"{sized(small, lit(writer.words(4).capitalize()))} #h(1fr)"
        f" {sized(small, lit(writer.words(2).capitalize()))}"
    )
    line = f'#line(length: 100%, stroke: {style.rule:.1f}pt + rgb("{style.accent}"))'
    logo = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(14, 34))
    tint = f'fill: rgb("{style.tint}"), inset: 2mm'
    head = {
        "ruled": f"{pair}#v(-2mm){line}",
        "band": f"#block(width: 100%, {tint})[{pair}]",
        "crumbs": sized(small * 0.9, lit(" / ".join(writer.words(1) for _ in range(4)))),
        "logo": f"#align(right)[{logo}]",
        "none": "",
    }[plan["head"]]
    number = writer.code("##")
    holder = lit(f"© {writer.today.year} {writer.company()}")
    foot = {
        "page": f"#align(center)[{number}]",
        "ruled": f"{line}#v(-2mm){sized(small, lit(writer.code('???-###.#')))} #h(1fr) {number}",
        "copyright": f"{sized(small, holder)} #h(1fr) {number}",
        "none": "",
    }[plan["foot"]]
    return (
        f"#place(top, dy: -16mm)[#box(width: {wide})[{head}]]\n"
        f"#place(bottom, dy: 14mm)[#box(width: {wide})[{foot}]]\n"
    )


def _sections(plan: Plan, writer: Writer, count: int) -> str:
    style, rng = plan.style, plan.rng
    first, part = rng.randrange(1, 9), plan["body"]
    shown = rng.randrange(count)
    body = f"#par[{lit(writer.paragraph(2))}]\n" if rng.random() < 0.5 else ""
    for index in range(count):
        number = f"{first}.{index + 1}  " if plan["numbers"] == "yes" else ""
        title = sized(
            style.size * rng.uniform(1.1, 1.5), bold(number + writer.words(3).capitalize()),
            font=style.head,
        )  # fmt: skip
        body += f"#block(above: 5mm, below: 3mm)[{title}]\n"
        way = rng.choice(("sections", "steps", "code", "terms")) if part == "mixed" else part
        body += _passage(plan, writer, way)
        if index == shown:
            body += _figure(plan, writer)
    if part == "conclusions":
        pen = Pen(rng)
        signed = [pen.sign(30) + "\n\n" + lines([writer.person(), writer.words(2)])] * 2
        body += space(6) + lit(f"{writer.city()}, {writer.long_date()}") + columns(
            ("1fr", "1fr"), signed
        )  # fmt: skip
    return body


def _passage(plan: Plan, writer: Writer, way: str) -> str:
    style, rng = plan.style, plan.rng
    text = f"#par[{lit(writer.paragraph(rng.randrange(2, 6)))}]\n"
    if way == "steps":
        items = ", ".join(f"[{lit(writer.sentence(10))}]" for _ in range(rng.randrange(3, 8)))
        return text + f"#enum({items})\n"
    if way == "terms":
        rows = ", ".join(
            f"[{bold(writer.words(2))}], [{lit(writer.sentence(14))}]"
            for _ in range(rng.randrange(3, 7))
        )
        return f"#grid(columns: (32mm, 1fr), row-gutter: 3mm, {rows})\n"
    if way == "code":
        rows = " \\ ".join(
            "#h(" + str(4 * rng.randrange(4)) + "mm)" + lit(writer.words(rng.randrange(1, 5)))
            for _ in range(rng.randrange(4, 13))
        )
        fill = rng.choice(('rgb("#f0f0f0")', "none", 'rgb("#e8eef4")'))
        code = sized(style.size * 0.85, rows, font=style.mono)
        return text + f"#block(width: 100%, inset: 2mm, fill: {fill})[{code}]\n"
    return text + (bullets(writer.sentence(9) for _ in range(3)) if rng.random() < 0.3 else text)


def _figure(plan: Plan, writer: Writer) -> str:
    style, rng = plan.style, plan.rng
    if plan["figure"] == "none":
        return ""
    if plan["figure"] == "chart":
        return svg(ink.chart(rng, style.accent), rng.uniform(60, 110)) + "\n\n"
    if plan["figure"] == "screen":
        bar = f'#rect(width: 100%, height: 5mm, fill: rgb("{style.accent}"))'
        inside = f"{bar}#pad(x: 3mm)[{bullets(writer.words(3) for _ in range(4))}]"
        return (
            f"#rect(width: {rng.uniform(50, 100):.0f}%, inset: 0mm, stroke: 0.6pt)[{inside}]\n"
            f"{sized(style.size * 0.85, lit(writer.sentence(6)))}\n\n"
        )
    cells = ", ".join(f"[{lit(writer.words(2))}]" for _ in range(3 * rng.randrange(3, 8)))
    return f"#table(columns: (1fr, 1fr, 1fr), stroke: 0.4pt, {cells})\n"


def prose(plan: Plan, writer: Writer) -> str:
    """Return a page of running text: a story, an essay, rules of a game, a passage of something."""
    style, rng = plan.style, plan.rng
    face = {
        "serif": rng.choice(font_book().faces("serif", plan.split)),
        "own": style.body,
        "mono": style.mono,
    }[plan["face"]]
    indent = "6mm" if plan["par"] == "indent" else "0mm"
    gap = "0.65em" if plan["par"] == "indent" else f"{rng.uniform(1.0, 1.6):.2f}em"
    setup = (
        page_setup(style, margin=f"{rng.uniform(18, 34):.0f}mm", leading=rng.uniform(0.5, 1.0))
        + f'#set text(font: "{face}", size: {rng.uniform(8.5, 12.5):.1f}pt)\n'
        + f"#set par(justify: {'true' if plan['justify'] == 'yes' else 'false'}, "
        + f"first-line-indent: {indent}, spacing: {gap})\n"
    )
    title = sized(style.size * 1.5, bold(writer.words(2).upper()))
    head = {
        "none": "",
        "chapter": f"#v({rng.uniform(0, 40):.0f}mm)#align(center)[{title}]#v(8mm)\n",
        "running": f"#place(top + right, dy: -10mm)[{lit(writer.code('###'))}]\n",
        "centre-heads": f"#align(center)[#underline[{title}]]\n",
    }[plan["head"]]
    count = {
        "full": rng.randrange(9, 15),
        "part": rng.randrange(3, 7),
        "passage": rng.randrange(1, 3),
    }[plan["text"]]
    body = ""
    for index in range(count):
        if index % 5 == 4 and plan["head"] == "centre-heads":
            body += f"#align(center)[{bold(writer.words(2).title())}]\n"
        if plan["par"] == "verse":
            text = lines(writer.words(rng.randrange(3, 7)).capitalize() for _ in range(4))
        else:
            text = lit(writer.paragraph(rng.randrange(2, 7)))
        quoted = plan["quotes"] == "yes" and index % 4 == 1
        body += f"#pad(x: 9mm)[#emph[{text}]]\n" if quoted else f"#par[{text}]\n"
    return setup + head + body
