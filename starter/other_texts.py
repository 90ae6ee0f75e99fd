"""None of the labels: contracts, newspapers, manuals, prose."""

from starter import parts
from starter.parts import Filler, Pen
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    bullets,
    columns,
    font_book,
    lines,
    lit,
    page_setup,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Pages of words that are no letters: scraps, contracts, newspapers, questionnaires, agendas.


def scrap(plan: Plan, writer: Writer) -> str:
    """Return a page with a line or a table on it, as people save them while trying things."""
    rng = plan.rng
    size = {"small": 9.0, "normal": 12.0, "large": 26.0}[plan["size"]]
    title = sized(size * 1.5, bold(writer.words(3).title()))
    cells = ", ".join(f"[{lit(writer.words(1))}]" for _ in range(rng.choice((6, 9, 12, 20))))
    table = f"#table(columns: {rng.choice((2, 3, 4))}, stroke: 0.5pt, {cells})\n"
    keys = "\n\n".join(f"{lit(writer.words(1))}: {lit(writer.words(2))}" for _ in range(4))
    part = {
        "title": title,
        "title-lines": f"{title}\n\n{lines(writer.words(3) for _ in range(rng.randrange(1, 4)))}",
        "list": title + "\n\n" + bullets(writer.words(4) for _ in range(rng.randrange(2, 7))),
        "table": table,
        "heading-table": f"{title}\n\n{table}",
        "sentence": lit(writer.sentence(8)),
        "keys": f"{title}\n\n{keys}",
    }[plan["content"]]
    gap = rng.uniform(60, 120) if plan["at"] == "middle" else 0
    return (
        page_setup(plan.style)
        + f"#set text(size: {size:.0f}pt)\n"
        + space(gap)
        + f"#align({plan['align']})[{part}]\n"
    )


def contract(plan: Plan, writer: Writer) -> str:
    """Return a page of a contract, a statute or terms: paragraphs to the edge, no addressee."""
    rng, style, part = plan.rng, plan.style, plan["body"]
    title = sized(style.size * rng.uniform(1.1, 1.6), bold(writer.words(4).upper()))
    head = {
        "centre": f"#align(center)[{title}]\n",
        "caps": f"#align(center)[#underline[{title}]]\n",
        "left": f"{title}\n\n",
        "ruled": f"#align(center)[{title}]#line(length: 100%)\n",
    }[plan["head"]]
    blocks = []
    for i in range(14):
        text = lit(writer.paragraph(rng.randrange(2, 7)))
        blocks.append(
            {
                "numbered": f"#par[{i // 3 + 1}.{i % 3 + 1} {text}]\n",
                "sections": f"#align(center)[{bold(f'§ {i + 1} ' + writer.words(2).title())}]\n"
                f"#par[{text}]\n",
                "plain": f"#par[{text}]\n",
                "defined": f"#par[{bold(writer.words(2).title() + '.')} {text}]\n",
            }[part]
        )
    count = rng.randrange(7, 12)
    line = "#v(10mm)#line(length: 100%)"
    sign = {
        "none": "",
        "two": columns(("1fr", "1fr"), [line + lit(writer.person())] * 2, 14),
        "lines": f"{line}{line}",
    }[plan["sign"]]
    body = f"#columns({plan['columns']}, gutter: 7mm)[{''.join(blocks[:count])}]\n"
    page = f"#place(bottom + center, dy: 6mm)[{lit(writer.code('##'))}]\n"
    return page_setup(style, leading=0.55) + "#set par(justify: true)\n" + head + body + sign + page


def questionnaire(plan: Plan, writer: Writer) -> str:
    """Return a list of questions with room for answers."""
    rng, style = plan.rng, plan.style
    filler = Filler(style, rng, plan["fill"])
    title = sized(style.size * 1.5, bold(writer.words(3).title()))
    head = {
        "centre": f"#align(center)[{title}]\n",
        "left": f"{title}\n\n",
        "bar": f'#block(width: 100%, fill: rgb("{style.tint}"), inset: 3mm)[{title}]\n',
    }[plan["head"]]
    box = "#box(width: 3.2mm, height: 3.2mm, stroke: 0.6pt)"
    body = ""
    for i in range(rng.randrange(5, 9) if plan["rows"] == "few" else rng.randrange(11, 17)):
        question = lit(f"{i + 1}. {writer.sentence(9).rstrip('.')}?")
        way = plan["answers"]
        way = rng.choice(("boxes", "scale", "lines")) if way == "mixed" else way
        answer = {
            "boxes": "  ".join(f"{box} {lit(writer.words(1))}" for _ in range(rng.randrange(2, 5))),
            "scale": " #h(6mm) ".join(f"{n} {box}" for n in range(1, 6)),
            "lines": f"{filler.value(writer.words(3), style.size)}#line(length: 100%)",
        }[way]
        body += f"#block(above: 4mm, below: 0mm)[{question} #v(-1mm) {answer}]\n"
    return page_setup(style, margin="17mm") + head + lit(writer.paragraph(2)) + body


def newspaper(plan: Plan, writer: Writer) -> str:
    """Return a page or a clipping of a newspaper."""
    rng, style = plan.rng, plan.style
    banner = sized(rng.uniform(30, 46), bold(writer.words(2).title()))
    headline = sized(rng.uniform(18, 30), bold(writer.sentence(5).rstrip(".")))
    line = "#line(length: 100%, stroke: 1pt)"
    head = {
        "banner": f"#align(center)[{banner}]{line}{headline}\n\n",
        "headline": f"{headline}\n\n",
        "none": "",
    }[plan["head"]]
    grey = rng.choice(("#8a8a8a", "#5c5c5c", "#b4b4b4"))
    picture = f'#rect(width: 100%, height: {rng.uniform(30, 60):.0f}mm, fill: rgb("{grey}"))\n'
    blocks = []
    for i in range(16):
        if i % 4 == 2:
            blocks.append(f"#par[{sized(style.size * 1.3, bold(writer.sentence(4)))}]\n")
        blocks.append(f"#par[{lit(writer.paragraph(rng.randrange(3, 8)))}]\n")
    for _ in range({"grey": 1, "two": 2, "none": 0}[plan["picture"]]):
        blocks.insert(rng.randrange(len(blocks)), picture)
    edge = line if plan["rules"] == "yes" else ""
    count = plan["columns"]
    return (
        page_setup(style, margin="11mm", leading=0.45)
        + "#set par(justify: true)\n"
        + f"#set text(size: {rng.uniform(6.5, 8.5):.1f}pt)\n"
        + head
        + edge
        + f"#block(height: 78%, clip: true)[#columns({count}, gutter: 4mm)[{''.join(blocks)}]]\n"
    )


def programme(plan: Plan, writer: Writer) -> str:
    """Return an agenda, minutes, a list of people or a timetable."""
    rng, style = plan.rng, plan.style
    title = sized(style.size * 1.6, bold(writer.words(3).title()))
    head = {
        "centre": f"#align(center)[{title} \\ {lit(writer.long_date())}]\n",
        "left": f"{title}\n\n{lit(writer.date())}\n\n",
        "bar": f'#block(width: 100%, fill: rgb("{style.tint}"), inset: 3mm)[{title}]\n',
    }[plan["head"]]
    shape = plan["shape"]
    if shape in ("minutes", "agenda"):
        body = "".join(
            f"#par[{bold(f'{i + 1}. {writer.words(3).title()}')}]\n"
            + (f"#par[{lit(writer.paragraph(3))}]\n" if shape == "minutes" else "")
            + bullets(writer.words(5) for _ in range(rng.randrange(1, 5)))
            for i in range(rng.randrange(4, 8))
        )
        return page_setup(style) + head + body
    width = 3 if shape == "list" else 7
    rows = rng.randrange(14, 34) if shape == "list" else rng.randrange(8, 14)
    cells = ", ".join(
        f"[{lit(writer.person() if shape == 'list' and i % 3 == 0 else writer.code('##:##'))}]"
        for i in range(width * rows)
    )
    stroke = {"plain": "none", "ruled": "(x, y) => (bottom: 0.4pt)", "grid": "0.5pt"}[plan["look"]]
    spec = "1fr, " * width
    return page_setup(style) + head + f"#table(columns: ({spec}), stroke: {stroke}, {cells})\n"


# ----------------------------------------------------------------------
# Pages of words that are taken for letters or claims: manuals and prose.


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
    logo = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(14, 34))
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
        return svg(parts.chart(rng, style.accent), rng.uniform(60, 110)) + "\n\n"
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


SLOTS: dict[str, Slots] = {
    "scrap": {
        "content": ("title", "title-lines", "list", "table", "heading-table", "sentence", "keys"),
        "size": ("small", "normal", "large"),
        "at": ("top", "middle"),
        "align": ("left", "center"),
    },
    "contract": {
        "head": ("centre", "caps", "left", "ruled"),
        "body": ("numbered", "sections", "plain", "defined"),
        "columns": ("1", "1", "2"),
        "sign": ("none", "two", "lines"),
    },
    "questionnaire": {
        "answers": ("boxes", "scale", "lines", "mixed"),
        "head": ("centre", "left", "bar"),
        "fill": ("hand", "empty", "printed"),
        "rows": ("few", "many"),
    },
    "newspaper": {
        "columns": ("2", "3", "4", "5"),
        "head": ("banner", "headline", "none"),
        "picture": ("grey", "none", "two"),
        "rules": ("yes", "no"),
    },
    "programme": {
        "shape": ("agenda", "minutes", "list", "timetable"),
        "head": ("centre", "left", "bar"),
        "look": ("plain", "ruled", "grid"),
    },
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
