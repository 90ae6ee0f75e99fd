"""The parts of an invoice: title, facts, parties, table of lines, totals, ending."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    pairs,
    rule,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan

TITLES = ("left", "right", "centre", "bar", "boxed", "inline", "huge")
FACTS = ("pairs-right", "grid-right", "strip", "pairs-left", "inline", "two-columns", "stacked")
PARTIES = ("window", "two", "boxed-two", "three", "right-window", "bars", "underlined")
TABLES = (
    "grid",
    "header",
    "zebra",
    "rules",
    "tall",
    "bare",
    "dotted",
    "outer",
    "tinted",
    "tall-grid",
)
TOTALS = ("pairs", "grid", "in-table", "bar", "beside-notes", "big", "breakdown", "boxed-last")
ENDINGS = ("none", "thanks", "terms", "slip", "qr-slip", "signature", "bank", "notes-box")


def line_of(plan: Plan) -> str:
    """Return the layout's line as Typst writes it."""
    return f'{plan.style.rule:.1f}pt + rgb("{plan.style.accent}")'


def title(plan: Plan, word: str) -> str:
    """Return the word "invoice" as the layout's title."""
    style, part = plan.style, plan["title"]
    big = style.size * plan.rng.uniform(1.5, 2.6)
    text = sized(big, lit(word), fill=style.accent, font=style.head, weight="bold")
    if part == "bar":
        fill = style.accent if style.colour else "#222222"
        white = sized(big * 0.8, bold(word), fill="#ffffff", font=style.head)
        return f'#block(width: 100%, fill: rgb("{fill}"), inset: 2mm)[{white}]\n'
    if part == "boxed":
        return f"#align(center)[#box(stroke: {line_of(plan)}, inset: 2.5mm)[{text}]]\n"
    if part == "huge":
        return (
            sized(big * 1.8, lit(word.upper()), fill=style.accent, font=style.head, weight="bold")
            + "\n"
        )
    if part == "inline":
        return bold(word) + "\n"
    return f"#align({ {'centre': 'center'}.get(part, part) })[{text}]\n"


def facts(plan: Plan, rows: list[tuple[str, str]]) -> str:
    """Return number, date, due date and the like."""
    part, style = plan["facts"], plan.style
    simple = {
        "pairs-right": f"#align(right)[{pairs(rows, align='right')}]\n",
        "pairs-left": pairs(rows),
        "inline": lit("     ".join(f"{a}: {b}" for a, b in rows)) + "\n\n",
        "stacked": f"#align(right)[{lines(f'{a} {b}' for a, b in rows)}]\n",
        "two-columns": columns(("1fr", "1fr"), (pairs(rows[::2]), pairs(rows[1::2]))),
    }
    if part in simple:
        return simple[part]
    if part == "grid-right":
        cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
        table = f"#table(columns: (auto, auto), align: left, stroke: {line_of(plan)}, {cells})"
        return f"#align(right)[{table}]\n"
    head = ", ".join(f"[{sized(style.size * 0.75, bold(a))}]" for a, _ in rows)
    values = ", ".join(f"[{lit(b)}]" for _, b in rows)
    fill = f'rgb("{style.tint}")' if plan.rng.random() < 0.6 else "none"
    return (
        f"#table(columns: ({'1fr, ' * len(rows)}), align: center, stroke: {line_of(plan)}, "
        f"fill: (x, y) => if y == 0 {{ {fill} }}, {head}, {values})\n"
    )


def parties(plan: Plan, writer: Writer, sender: str) -> str:
    """Return the blocks that say who pays and where it goes."""
    part, style = plan["parties"], plan.style

    def someone() -> list[str]:
        first = writer.company() if writer.rng.random() < 0.6 else writer.person()
        return [first, *writer.address()]

    bill, ship = writer.word("bill_to"), writer.word("ship_to")
    if part in ("window", "right-window"):
        line = sized(style.size * 0.62, f"#underline[{lit(sender)}]")
        block = f"{line} \\ {lines(someone())}"
        where = "right" if part == "right-window" else "left"
        return f"#align({where})[#box(width: 78mm)[#align(left)[{block}]]]\n"
    blocks = [f"{bold(bill)} \\ {lines(someone())}", f"{bold(ship)} \\ {lines(someone())}"]
    if part == "three":
        blocks.append(
            f"{bold(writer.word('terms'))} \\"
            f" {lines([writer.code('## d'), writer.code('??-####')])}"
        )
    if part == "bars":
        blocks = [
            f'#block(width: 100%, fill: rgb("{style.tint}"), inset:'
            f" 1.2mm)[{bold(t)}]{lines(someone())}"
            for t in (bill, ship)
        ]
    if part == "underlined":
        blocks = [f"{bold(t)}{rule(style)}{lines(someone())}" for t in (bill, ship)]
    if part == "boxed-two":
        blocks = [f"#block(width: 100%, stroke: {line_of(plan)}, inset: 2mm)[{b}]" for b in blocks]
    return columns(["1fr"] * len(blocks), blocks)


def _slip(plan: Plan, writer: Writer, total: str, *, code: bool) -> str:
    fields = [
        writer.company(),
        writer.iban(),
        total,
        writer.code("#### #### ####"),
        writer.date(30),
    ]
    cells = ", ".join(f"[{lit(f)}]" for f in fields)
    stroke = '0.5pt + rgb("#333333")'
    body = f"#table(columns: (1fr, 1fr), stroke: {stroke}, inset: 2.2mm, {cells}, [])"
    if code:
        body = columns(("auto", "1fr"), (svg(ink.matrix_code(plan.rng), 42), body))
    fill = plan.rng.choice(("#ffffff", "#fbe3d6", "#e8eef7", "#ffffff"))
    word = bold(writer.word("payment"))
    return (
        "#place(bottom + left)[#line(length: 100%, stroke: (paint: black, thickness: 0.6pt, dash:"
        f' "dashed"))#block(width: 100%, fill: rgb("{fill}"), inset: 2mm)[{word}{body}]]\n'
    )


def ending(plan: Plan, writer: Writer, total: str, sign: str) -> str:
    """Return what stands below the sums."""
    part, style = plan["ending"], plan.style
    if part in ("none", "thanks"):
        words = (
            ""
            if part == "none"
            else sized(style.size * 1.1, bold(writer.word("thanks")), fill=style.accent)
        )
        return space(8) + f"#align({plan.rng.choice(('center', 'left'))})[{words}]\n"
    if part in ("slip", "qr-slip"):
        return _slip(plan, writer, total, code=part == "qr-slip")
    if part == "signature":
        return space(10) + columns(
            ("1fr", "60mm"), ("", f"{sign}{rule(style)}{lit(writer.word('signature'))}")
        )
    if part == "bank":
        rows = [
            (writer.word("bank"), writer.family()),
            ("IBAN", writer.iban()),
            ("BIC", writer.code("????##??")),
        ]
        return space(6) + pairs(rows)
    if part == "terms":
        text = lit(writer.paragraph(plan.rng.randrange(1, 5)))
        return space(6) + f"{bold(writer.word('terms'))} \\ {text}\n"
    notes = lit(writer.paragraph(2))
    return space(5) + f"#block(width: 100%, stroke: {line_of(plan)}, inset: 3mm)[{notes}]\n"
