"""Pages of words that are no letters: scraps, contracts, newspapers, questionnaires, agendas."""

from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Filler
from docsorter.training.synth.markup import (
    bold,
    bullets,
    columns,
    lines,
    lit,
    page_setup,
    sized,
    space,
)
from docsorter.training.synth.plan import Plan, Slots

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
}


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
