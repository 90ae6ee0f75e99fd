"""The parts of a letter: address, reference, subject, text, signature."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.letterhead import (
    Firm,
)
from docsorter.training.synth.markup import (
    bold,
    columns,
    free_mark,
    lines,
    lit,
    pairs,
    place,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan

_PARAGRAPHS = {"short": (1, 2), "medium": (2, 4), "long": (4, 6), "full": (6, 9)}


def paragraphs(plan: Plan, writer: Writer, scale: float = 1.0) -> str:
    """Return the running text in the manner of part ``body``."""
    rng, part = plan.rng, plan["body"]
    low, high = _PARAGRAPHS[plan["length"]]
    texts = [
        writer.paragraph(rng.randrange(2, 6)) for _ in range(round(rng.randint(low, high) * scale))
    ]
    setup = ""
    if part == "justified" or (part == "headings" and rng.random() < 0.5):
        setup = "#set par(justify: true)\n"
    if part == "indented":
        setup = "#set par(first-line-indent: (amount: 9mm, all: true))\n"
    if part == "numbered":
        texts = [f"{i + 1}.  {t}" for i, t in enumerate(texts)]
    blocks = [f"#par[{lit(text)}]\n" for text in texts]
    if part == "headings":
        blocks = [f"#par[{bold(writer.words(3).capitalize())}]\n{b}" for b in blocks]
    if part == "bullets" and len(blocks) > 1:
        points = ", ".join(f"[{lit(writer.sentence(9))}]" for _ in range(rng.randrange(3, 7)))
        blocks.insert(1, f"#list({points})\n")
    if part == "table" and len(blocks) > 1:
        cells = ", ".join(
            f"[{lit(writer.words(2))}], [{lit(writer.date(i * 9))}]"
            for i in range(rng.randrange(2, 5))
        )
        blocks.insert(1, f"#table(columns: (auto, auto), stroke: 0.4pt, {cells})\n")
    return f"#block[{setup}{''.join(blocks)}]\n"


def signing(plan: Plan, writer: Writer) -> str:
    """Return the close and the signature in the manner of part ``sign``."""
    part = plan["sign"]
    pen = Pen(plan.rng)
    close = lit(writer.word("regards"))
    who = lines([writer.person(), writer.words(2).title()])
    if part == "none":
        return ""
    if part == "two":
        cells = [
            f"{pen.sign(36)} \\ {lines([writer.person()])}",
            f"{Pen(plan.rng).sign(36)} \\ {lines([writer.person()])}",
        ]
        return space(4) + close + "\n\n" + columns(("1fr", "1fr"), cells)
    mark = f"{space(10)}" if part == "printed" else pen.sign(plan.rng.uniform(26, 48)) + "\n\n"
    block = f"{close}\n\n{mark}{who}"
    if part == "right":
        return space(4) + f"#align(right)[#box(width: 75mm)[#align(left)[{block}]]]\n"
    return space(4) + block + "\n"


def address(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return whom the letter goes to."""
    who = [writer.company(), writer.person(), *writer.address()][plan.rng.randrange(2) :]
    part = plan["address"]
    if part == "none":
        return ""
    if part == "window":
        back = sized(plan.style.size * 0.65, f"#underline[{lit(firm.one_line)}]")
        return f"#block(height: 38mm, width: 82mm, below: 3mm)[{back} \\ {lines(who)}]\n"
    if part == "right":
        return f"#align(right)[#box(width: 78mm)[#align(left)[{lines(who)}]]]\n"
    return f"#block[{lines(who)}]\n"


def reference(plan: Plan, writer: Writer, city: str) -> str:
    """Return references and date."""
    part = plan["reference"]
    rows = [
        (writer.word("your_ref"), writer.code("??/##")),
        (writer.word("our_ref"), writer.code("??-####")),
        (writer.word("phone"), writer.code("## ## ##")),
        (writer.word("date"), writer.date()),
    ]
    if part == "strip":
        cells = [f"{sized(plan.style.size * 0.75, lit(a))} \\ {lit(b)}" for a, b in rows]
        return columns(["1fr"] * 4, cells)
    if part == "lines":
        return pairs(rows[: plan.rng.randrange(2, 5)])
    if part == "side":
        return f"#align(right)[{pairs(rows)}]\n"
    date = (
        writer.long_date()
        if plan.rng.random() < 0.6
        else f"{city.rsplit(' ', maxsplit=1)[-1]}, {writer.date()}"
    )
    return f"#align({'right' if part == 'date-right' else 'left'})[{lit(date)}]\n"


def subject(plan: Plan, writer: Writer) -> str:
    """Return the line that says what it is about."""
    part = plan["subject"]
    text = writer.sentence(6).rstrip(".")
    with_word = f"{writer.word('subject')}: {text}"
    return {
        "bold": f"{bold(text)}\n\n",
        "plain": f"{lit(with_word)}\n\n",
        "large": sized(plan.style.size * 1.5, bold(text), fill=plan.style.accent) + "\n\n",
        "boxed": f"#block(stroke: 0.5pt, inset: 2mm, width: 100%)[{bold(with_word)}]\n",
        "none": "",
    }[part]


def marks(plan: Plan, writer: Writer) -> str:
    """Return what was put on the letter later: stamps, notes, codes, folding marks."""
    rng = plan.rng
    marks = ""
    if rng.random() < 0.16:
        word, colour = (
            writer.word("paid").split("|")[-1],
            rng.choice(("#c0392b", "#1f3c88", "#222222")),
        )
        word = rng.choice((word, writer.word("date").upper(), writer.code("EING ##")))
        marks += free_mark(
            plan, svg(ink.stamp(rng, word, writer.date(2), colour), rng.uniform(28, 55)), 55
        )
    if rng.random() < 0.1:
        note = Pen(rng).write(writer.words(3), rng.uniform(7, 14))
        marks += free_mark(plan, f"#rotate({rng.uniform(-20, 15):.0f}deg)[{note}]", 60)
    if rng.random() < 0.05:
        marks += free_mark(plan, svg(ink.matrix_code(rng), rng.uniform(9, 15)), 15)
    if plan.locale.language == "de" and rng.random() < 0.5:
        tick = "#line(length: 4mm, stroke: 0.4pt)"
        marks += "".join(
            place(4 - plan.style.margin, y - plan.style.margin, tick) for y in (105, 148.5, 210)
        )
    return marks
