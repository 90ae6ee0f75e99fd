"""What an archive adds to a letter: stamps, classification words, redactions, notes by hand."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.markup import bold, free_mark, lit, place, sized, svg
from docsorter.training.synth.plan import Plan

ARCHIVE = ("none", "stamped", "noted", "redacted", "classified", "all")
"""The ways an archive leaves a letter behind."""


def _stamps(plan: Plan, writer: Writer) -> str:
    rng = plan.rng
    marks = ""
    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.5:
            mark = ink.stamp(rng, writer.word("paid"), writer.date(2), "#1c1c1c")
            marks += free_mark(plan, svg(mark, rng.uniform(26, 55)), 55)
        else:
            number = sized(rng.uniform(11, 17), bold(writer.code("######")))
            frame = ", stroke: 0.8pt" if rng.random() < 0.4 else ""
            turn = rng.uniform(-6, 6)
            box = f"#rotate({turn:.0f}deg)[#box(inset: 1.5mm{frame})[{number}]]"
            marks += free_mark(plan, box, 40, low=rng.random() < 0.7)
    return marks


def _notes(plan: Plan, writer: Writer) -> str:
    rng, style = plan.rng, plan.style
    pen = Pen(rng)
    marks = ""
    low = rng.random() < 0.5
    for i in range(rng.randrange(1, 5)):
        text = pen.write(writer.words(rng.randrange(2, 5)), rng.uniform(8, 15))
        x = rng.uniform(-8, 90) if low else rng.uniform(60, 120)
        y = style.height - 2 * style.margin - 34 + i * 8 if low else 2 + i * 8
        marks += place(x, y, f"#rotate({rng.uniform(-5, 5):.0f}deg)[{text}]")
    if rng.random() < 0.3:
        line = f"#line(length: {rng.uniform(20, 120):.0f}mm, angle: 90deg, stroke: 1pt)"
        marks += place(-6, rng.uniform(30, 90), line)
    return marks


def _redactions(plan: Plan) -> str:
    rng, style = plan.rng, plan.style
    wide = style.width - 2 * style.margin
    fill = "#0a0a0a" if rng.random() < 0.8 else "#ffffff"
    marks = ""
    for _ in range(rng.choice((1, 1, 2, 2, 3, 5))):
        x, y = rng.uniform(0, wide * 0.7), rng.uniform(20, style.height - 2 * style.margin - 30)
        width = rng.uniform(12, wide - x)
        height = 4.6 * rng.choice((1, 1, 1, 1, 2, 4))
        marks += place(
            x, y, f'#rect(width: {width:.0f}mm, height: {height:.1f}mm, fill: rgb("{fill}"))'
        )
    return marks


def _classified(plan: Plan, writer: Writer) -> str:
    word = sized(plan.rng.uniform(11, 17), bold(writer.words(1).upper()))
    edge = plan.style.margin * 0.55
    return (
        f"#place(top + center, dy: -{edge:.0f}mm)[{word}]\n"
        f"#place(bottom + center, dy: {edge:.0f}mm)[{word}]\n"
    )


def archive_marks(plan: Plan, writer: Writer, part: str) -> str:
    """Return the markup of ``part``, one of ``ARCHIVE``; to be set before the text."""
    rng = plan.rng
    mixed = part == "all"
    marks = ""
    if part == "stamped" or (mixed and rng.random() < 0.7):
        marks += _stamps(plan, writer)
    if part == "noted" or (mixed and rng.random() < 0.6):
        marks += _notes(plan, writer)
    if part == "classified" or (mixed and rng.random() < 0.4):
        marks += _classified(plan, writer)
    return marks


def redactions(plan: Plan, part: str) -> str:
    """Return the bars that cover text where ``part`` wants them; to be set after the text."""
    mixed = part == "all" and plan.rng.random() < 0.4
    return _redactions(plan) if part == "redacted" or mixed else ""


def fax_line(plan: Plan, writer: Writer) -> str:
    """Return the line that a fax machine prints across the top of a page."""
    text = f"{writer.date()} {writer.code('##:##')}   {writer.phone()}   "
    text += f"{writer.company().upper()[:28]}   P. {writer.code('0#/0#')}"
    edge = plan.style.margin
    size = plan.rng.uniform(6, 8.5)
    return place(2 - edge / 2, 3 - edge, sized(size, lit(text), font=plan.style.mono))
