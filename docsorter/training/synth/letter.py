"""Letters: of firms, people and authorities, typewritten ones, memos, and their later pages."""

from docsorter.training.synth import ink
from docsorter.training.synth import letter_parts as parts
from docsorter.training.synth.content import Writer
from docsorter.training.synth.letterhead import (
    FEET,
    HEADS,
    Firm,
    foot,
    letterhead,
    make_firm,
    margins,
)
from docsorter.training.synth.markup import (
    bold,
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

_BODIES = ("plain", "justified", "indented", "numbered", "bullets", "headings", "table", "wide")
_LENGTHS = ("short", "medium", "long", "full")
_SIGNS = ("left", "right", "two", "printed", "none")

SLOTS: dict[str, Slots] = {
    "letter-business": {
        "head": HEADS,
        "address": ("window", "left", "right", "none"),
        "reference": ("strip", "lines", "date-right", "date-left"),
        "subject": ("bold", "plain", "none", "boxed"),
        "body": _BODIES,
        "length": _LENGTHS,
        "sign": _SIGNS,
        "foot": FEET,
    },
    "letter-personal": {
        "head": ("none", "right-block", "plain", "centre"),
        "address": ("left", "none"),
        "reference": ("date-right", "date-left"),
        "subject": ("bold", "none"),
        "body": ("plain", "indented", "justified"),
        "length": _LENGTHS,
        "sign": ("left", "right", "printed"),
        "foot": ("none", "page-number"),
    },
    "letter-typewritten": {
        "head": ("none", "centre", "plain", "seal"),
        "address": ("left", "none"),
        "reference": ("date-right", "date-left", "lines"),
        "subject": ("plain", "none"),
        "body": ("plain", "indented", "numbered", "wide"),
        "length": _LENGTHS,
        "sign": ("left", "right", "two"),
        "foot": ("none", "page-number"),
        "spacing": ("single", "double", "half"),
    },
    "letter-memo": {
        "head": ("logo", "seal", "word", "band", "word-right"),
        "block": ("ruled", "grid", "plain", "wide"),
        "body": _BODIES,
        "length": _LENGTHS,
        "sign": ("none", "right", "printed", "left"),
        "foot": FEET,
    },
    "letter-authority": {
        "head": ("seal-left", "seal-centre", "crest-right", "bar"),
        "address": ("window", "left"),
        "reference": ("strip", "lines", "date-left", "side"),
        "subject": ("bold", "boxed", "large"),
        "body": _BODIES,
        "length": _LENGTHS,
        "sign": _SIGNS,
        "foot": FEET,
    },
    "letter-continued": {
        "head": ("number", "names", "logo-small", "none"),
        "body": _BODIES,
        "length": ("short", "medium", "long"),
        "sign": _SIGNS,
        "foot": FEET,
    },
}


def _seal_head(plan: Plan, firm: Firm) -> str:
    colour = plan.style.accent
    seal = svg(ink.seal(plan.rng, colour), plan.rng.uniform(18, 30))
    name = sized(plan.style.size * 1.15, bold(firm.name.upper()), fill=colour)
    text = f"{name} \\ {sized(plan.style.size * 0.75, lines(firm.contact[:2]), fill=colour)}"
    part = plan["head"]
    if part == "seal-centre":
        return f"#align(center)[{seal}\n\n{text}]\n"
    if part == "crest-right":
        return columns(("1fr", "auto"), (text, seal))
    if part == "bar":
        return f"{text}\n\n{rule(plan.style, width=2.0)}"
    return columns(("auto", "1fr"), (seal, f"#align(center)[{text}]"))


def _head(plan: Plan, firm: Firm) -> str:
    part = plan["head"]
    if part == "none":
        return ""
    if part in HEADS:
        return letterhead(plan, firm, part)
    return _seal_head(plan, firm)


def _setup(plan: Plan) -> str:
    part = plan["head"]
    edge = plan.style.margin + 4
    default = (
        f"(x: {edge + plan.rng.uniform(0, 9):.1f}mm, y: {edge:.1f}mm)"
        if plan.parts.get("body") != "wide"
        else ""
    )
    return page_setup(
        plan.style, margin=margins(plan, part) or default, leading=plan.rng.uniform(0.55, 0.85)
    )


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a letter laid out as ``plan`` says."""
    firm = make_firm(writer)
    gap = plan.rng.uniform(3, 12)
    body = _setup(plan) + _head(plan, firm) + space(gap)
    top = [parts.address(plan, writer, firm), parts.reference(plan, writer, firm.city)]
    if plan.rng.random() < 0.3 or plan["reference"] == "side":
        top.reverse()
    body += space(gap).join(top) + space(gap) + parts.subject(plan, writer)
    body += lit(f"{writer.word('dear')} {writer.family()},") + "\n\n"
    body += parts.paragraphs(plan, writer) + parts.signing(plan, writer)
    if plan.rng.random() < 0.2:
        body += (
            space(5)
            + sized(plan.style.size * 0.85, lit(f"{writer.word('enclosure')}: {writer.words(3)}"))
            + "\n"
        )
    return body + foot(plan, firm, writer, plan["foot"]) + parts.marks(plan, writer)


def typewritten(plan: Plan, writer: Writer) -> str:
    """Return a letter from a typewriter."""
    lead = {"single": 0.6, "half": 0.95, "double": 1.4}[plan["spacing"]]
    machine = (
        f'#set text(font: "{plan.style.mono}", size: {plan.rng.uniform(9.0, 11.5):.1f}pt)\n'
        f"#set par(leading: {lead}em, spacing: {lead * 1.7:.2f}em)\n"
    )
    source = build(plan, writer)
    setup, rest = source.split("#set table(inset: (x: 1.6mm, y: 1.2mm))\n", 1)
    return setup + machine + rest


def memo(plan: Plan, writer: Writer) -> str:
    """Return a memo: to, from, date and subject above the text."""
    style, firm = plan.style, make_firm(writer)
    rows = [
        (writer.word("to") + ":", writer.person()),
        (writer.word("from") + ":", writer.person()),
        (writer.word("date") + ":", writer.long_date()),
        (writer.word("subject") + ":", writer.sentence(6)),
    ]
    if plan["block"] == "grid":
        cells = ", ".join(f"[{bold(a)}], [{lit(b)}]" for a, b in rows)
        block = f"#table(columns: (auto, 1fr), stroke: 0.4pt, {cells})\n"
    else:
        block = pairs(rows, 14 if plan["block"] == "wide" else 5)
    line = rule(style) if plan["block"] == "ruled" else ""
    word = sized(
        style.size * plan.rng.uniform(1.4, 2.8), bold(writer.word("memo")), fill=style.accent
    )
    head = {
        "logo": lambda: svg(ink.logo(plan.rng, style.accent, style.tint), 26) + "\n\n",
        "seal": lambda: columns(
            ("auto", "1fr"),
            (
                svg(ink.seal(plan.rng, style.accent), 24),
                f"#align(center)[{bold(firm.name.upper())} \\ {lines(firm.contact[:2])}]",
            ),
        ),
        "word": lambda: word + "\n\n",
        "word-right": lambda: f"#align(right)[{word}]\n",
        "band": lambda: letterhead(plan, firm, "band") + word + "\n\n",
    }[plan["head"]]()
    body = _setup(plan) + head + space(6) + block + line + space(5)
    return (
        body
        + parts.paragraphs(plan, writer)
        + parts.signing(plan, writer)
        + foot(plan, firm, writer, plan["foot"])
        + parts.marks(plan, writer)
    )


def continued(plan: Plan, writer: Writer) -> str:
    """Return a letter of two pages whose second page carries on."""
    firm = make_firm(writer)
    part, style = plan["head"], plan.style
    small = style.size * 0.9
    head = {
        "number": f"#align(center)[{lit('- 2 -')}]\n",
        "names": (
            sized(small, lines([writer.person(), writer.long_date(), f"{writer.word('page')} 2"]))
            + "\n\n"
        ),
        "logo-small": f"#align(right)[{svg(ink.logo(plan.rng, style.accent, style.tint), 14)}]\n",
        "none": "",
    }[part]
    first = letterhead(plan, firm, plan.rng.choice(("logo-left", "centre", "split")))
    opening = f"{lines([writer.person(), *writer.address()])}\n\n{lit(writer.long_date())}\n\n"
    text = "".join(f"#par[{lit(writer.paragraph(5))}]\n" for _ in range(4))
    body = _setup(plan) + first + space(8) + opening + text + "#pagebreak()\n" + head + space(6)
    return (
        body
        + parts.paragraphs(plan, writer)
        + parts.signing(plan, writer)
        + foot(plan, firm, writer, plan["foot"])
    )
