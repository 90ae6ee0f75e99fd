"""Neighbours from the office: orders, statements, reports, tables, résumés, articles, mail."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.letterhead import letterhead, make_firm
from docsorter.training.synth.markup import (
    bold,
    bullets,
    columns,
    lines,
    lit,
    page_setup,
    pairs,
    rule,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots
from docsorter.training.synth.tables import LOOKS, heading, table

SLOTS: dict[str, Slots] = {
    "resume": {
        "shape": ("side-left", "side-right", "single", "table"),
        "photo": ("yes", "no"),
        "heads": ("ruled", "filled", "plain", "caps"),
    },
    "article": {
        "columns": ("1", "2", "2", "3"),
        "figure": ("chart", "table", "none", "both"),
        "abstract": ("box", "indent", "none"),
        "title": ("centre", "left"),
    },
    "report": {
        "head": ("title", "cover", "band"),
        "figure": ("chart", "table", "both"),
        "look": LOOKS,
        "columns": ("1", "2"),
        "heads": ("ruled", "filled", "plain", "caps"),
    },
    "email": {
        "block": ("ruled", "grid", "plain", "grey"),
        "quote": ("yes", "no"),
        "head": ("name", "logo", "bar"),
        "length": ("short", "long"),
    },
}


def resume(plan: Plan, writer: Writer) -> str:
    """Return a résumé."""
    style, rng = plan.style, plan.rng
    photo = (
        "#box(width: 28mm, height: 35mm, fill:"
        f' rgb("{rng.choice(("#c9b8a8", "#8fa3b5", "#b9c4a7"))}"))[#align(center +'
        ' horizon)[#circle(radius: 8mm, fill: rgb("#7a5c46"))]]'
        if plan["photo"] == "yes"
        else ""
    )
    name = sized(style.size * 2.2, bold(writer.person()), fill=style.accent, font=style.head)

    def jobs(count: int) -> str:
        return "".join(
            columns(
                ("30mm", "1fr"),
                (
                    lit(f"{writer.today.year - i - 2} - {writer.today.year - i}"),
                    f"{bold(writer.company())} \\ {lit(writer.sentence(12))}",
                ),
            )
            + bullets(writer.sentence(7) for _ in range(rng.randrange(1, 4)))
            for i in range(count)
        )

    main = (
        heading(plan, writer.words(2).title())
        + jobs(rng.randrange(2, 5))
        + heading(plan, writer.words(1).title())
        + jobs(rng.randrange(1, 3))
    )
    contact = lines([*writer.address(), writer.phone(), writer.mail()])
    skills = heading(plan, writer.words(1).title()) + lines(writer.words(2) for _ in range(7))
    side = f"{photo}\n\n{contact}\n\n{skills}"
    shape = plan["shape"]
    if shape in ("side-left", "side-right"):
        boxed = f'#block(fill: rgb("{style.tint}"), inset: 4mm, height: 235mm, width: 100%)[{side}]'
        cells = (boxed, name + "\n\n" + main)
        widths = ("58mm", "1fr")
        if shape == "side-right":
            cells, widths = cells[::-1], widths[::-1]
        return page_setup(style) + columns(widths, cells, 7)
    if shape == "table":
        return (
            page_setup(style)
            + sized(style.size * 1.8, bold(writer.word("resume")))
            + space(4)
            + columns(("1fr", "auto"), (contact, photo))
            + main
        )
    return (
        page_setup(style)
        + f"#align(center)[{name} \\ {sized(style.size * 0.85, lit(writer.mail()))}]\n"
        + photo
        + main
    )


def article(plan: Plan, writer: Writer) -> str:
    """Return the first page of an article in columns."""
    style, rng = plan.style, plan.rng
    align = "center" if plan["title"] == "centre" else "left"
    title = sized(style.size * 1.9, bold(writer.sentence(8).rstrip(".")))
    authors = ", ".join(writer.person() for _ in range(rng.randrange(1, 5)))
    body = (
        page_setup(style, leading=0.55)
        + "#set par(justify: true)\n"
        + f"#align({align})[{title}\n\n{lit(authors)}]\n"
    )
    abstract = lit(writer.paragraph(6))
    if plan["abstract"] == "box":
        body += f'#block(fill: rgb("{style.tint}"), inset: 3mm, width: 100%)[{abstract}]\n'
    elif plan["abstract"] == "indent":
        body += f"#pad(x: 12mm)[{sized(style.size * 0.9, abstract)}]\n"
    text = ""
    for i in range(rng.randrange(5, 9)):
        text += (
            f"#par[{bold(f'{i + 1}. {writer.words(3).capitalize()}')}]\n"
            if rng.random() < 0.6
            else ""
        )
        text += f"#par[{lit(writer.paragraph(rng.randrange(4, 9)))}]\n"
        if i == 1 and plan["figure"] in ("chart", "both"):
            text += f"{svg(ink.chart(rng, style.accent), 70)}\n\n"
        if i == 3 and plan["figure"] in ("table", "both"):
            cells = ", ".join(f"[{rng.uniform(0, 1):.3f}]" for _ in range(20))
            text += (
                f"#table(columns: 4, stroke: (x, y) => if y == 0 {{ (bottom: 0.6pt) }}, {cells})\n"
            )
    return body + f"#columns({plan['columns']}, gutter: 6mm)[{text}]\n"


def report(plan: Plan, writer: Writer) -> str:
    """Return a page of a report with figures and tables."""
    style, rng = plan.style, plan.rng
    title = sized(style.size * 2.3, bold(writer.word("report")), fill=style.accent)
    if plan["head"] == "cover":
        fill = (
            f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[#rect(width:"
            f' {style.width}mm, height: {rng.uniform(60, 290):.0f}mm, fill: rgb("{style.accent}"))]'
        )
        white = sized(style.size * 3.4, bold(writer.word("report")), fill="#ffffff")
        return (
            page_setup(style)
            + fill
            + space(rng.uniform(10, 50))
            + white
            + "\n\n"
            + sized(style.size * 1.3, lit(writer.company()), fill="#ffffff")
            + space(120)
            + lit(str(writer.today.year))
        )
    body = (
        page_setup(style)
        + (letterhead(plan, make_firm(writer), "band") if plan["head"] == "band" else "")
        + title
        + "\n\n"
    )
    text = ""
    for _ in range(rng.randrange(2, 4)):
        text += heading(plan, writer.words(3).capitalize()) + f"#par[{lit(writer.paragraph(5))}]\n"
        if plan["figure"] in ("chart", "both"):
            text += svg(ink.chart(rng, style.accent), 75) + "\n\n"
        if plan["figure"] in ("table", "both"):
            rows = [
                [writer.words(1), *[f"{rng.uniform(0, 999):.1f}" for _ in range(3)]]
                for _ in range(rng.randrange(4, 9))
            ]
            text += table(plan, ["", "Q1", "Q2", "Q3"], rows, style.size * 0.85)
    return body + f"#columns({plan['columns']}, gutter: 6mm)[{text}]\n"


def email(plan: Plan, writer: Writer) -> str:
    """Return a printed e-mail."""
    style, rng = plan.style, plan.rng
    rows = [
        (writer.word("from") + ":", f"{writer.person()} <{writer.mail()}>"),
        (writer.word("to") + ":", writer.mail()),
        (writer.word("date") + ":", f"{writer.long_date()} {writer.code('##:##')}"),
        (writer.word("subject") + ":", writer.sentence(6)),
    ]
    block = pairs(rows)
    if plan["block"] == "grid":
        block = (
            "#table(columns: (auto, 1fr), stroke: 0.4pt,"
            f" {', '.join(f'[{bold(a)}], [{lit(b)}]' for a, b in rows)})\n"
        )
    if plan["block"] == "grey":
        block = f'#block(fill: rgb("#eeeeee"), width: 100%, inset: 3mm)[{block}]\n'
    head = {
        "name": bold(writer.person()),
        "logo": svg(ink.logo(rng, style.accent, style.tint), 9) + " " + bold(writer.company()),
        "bar": "",
    }[plan["head"]]
    line = (
        rule(style, width=2.0 if plan["head"] == "bar" else 0.8, colour="#000000")
        if plan["block"] != "grey"
        else ""
    )
    count = rng.randrange(1, 3) if plan["length"] == "short" else rng.randrange(3, 6)
    text = (
        "".join(f"#par[{lit(writer.paragraph(3))}]\n" for _ in range(count))
        + lines([writer.given(), writer.phone()])
        + "\n\n"
    )
    if plan["quote"] == "yes":
        text += (
            '#block(stroke: (left: 1.5pt + rgb("#3b6fb5")), inset: (left:'
            f" 3mm))[{pairs(rows[:3])}{lit(writer.paragraph(4))}]\n"
        )
    top = sized(7, lit(f"{writer.date()}    {writer.sentence(4)}    {writer.word('page')} 1/1"))
    return page_setup(style) + top + "\n\n" + head + "\n\n" + line + block + line + space(4) + text
