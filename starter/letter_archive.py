"""Letters as archives keep them: typewritten, of the navy, by fax."""

from starter import parts
from starter.parts import Pen, make_firm
from starter.typesetting import (
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    free_mark,
    lines,
    lit,
    page_setup,
    place,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# What an archive adds to a letter: stamps, classification words, redactions, notes by hand.

ARCHIVE = ("none", "stamped", "noted", "redacted", "classified", "all")
"""The ways an archive leaves a letter behind."""


def _stamps(plan: Plan, writer: Writer) -> str:
    rng = plan.rng
    marks = ""
    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.5:
            mark = parts.stamp(rng, writer.word("paid"), writer.date(2), "#1c1c1c")
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


# ----------------------------------------------------------------------
# Letters as archives and authorities keep them: typed, numbered, stamped, signed and noted on.

SLOTS: dict[str, Slots] = {
    "letter-archive": {
        "head": ("none", "none", "typed", "printed", "stamped-date"),
        "body": ("plain", "indented", "numbered", "underlined", "deep", "list"),
        "length": ("short", "medium", "long", "long", "full"),
        "spacing": ("single", "single", "half", "double"),
        "ribbon": ("worn", "normal", "normal", "heavy"),
        "close": ("right", "left", "agreed", "lines", "two", "none"),
        "archive": ARCHIVE,
    },
    "letter-naval": {
        "head": ("seal-centre", "seal-left", "centre", "none"),
        "block": ("colon", "wide", "tight"),
        "body": ("numbered", "lettered", "plain"),
        "length": ("short", "medium", "long", "full"),
        "face": ("serif", "mono", "body"),
        "close": ("centre", "right", "none"),
        "archive": ARCHIVE,
    },
    "letter-fax": {
        "head": ("none", "logo", "typed", "big"),
        "block": ("grid", "lines", "none", "strip"),
        "body": ("plain", "capitals", "telegram", "hand"),
        "length": ("brief", "short", "medium"),
        "close": ("left", "right", "none"),
        "archive": ARCHIVE,
    },
}

_COUNT = {"brief": (1, 1), "short": (1, 2), "medium": (3, 4), "long": (5, 6), "full": (6, 8)}


def _texts(plan: Plan, writer: Writer) -> list[str]:
    low, high = _COUNT[plan["length"]]
    rng = plan.rng
    return [writer.paragraph(rng.randrange(2, 9)) for _ in range(rng.randint(low, high))]


def _body(plan: Plan, writer: Writer) -> str:
    """Return the paragraphs in the manner of part ``body``."""
    rng, part = plan.rng, plan["body"]
    out = []
    for i, text in enumerate(_texts(plan, writer)):
        head = f"#underline[{lit(writer.words(rng.randrange(1, 4)).capitalize())}]. "
        number, letter = lit(f"{i + 1}."), lit(f"{'abcdefgh'[i % 8]}.")
        out.append(
            {
                "plain": f"#par[{lit(text)}]",
                "indented": f"#par[#h(12mm){lit(text)}]",
                "numbered": f"#par[{number} #h(4mm){lit(text)}]",
                "underlined": f"#par[#h(8mm){number} #h(3mm){head}{lit(text)}]",
                "lettered": _shifted(8 if i % 2 else 0, f"{letter} {lit(text)}"),
                "deep": _shifted(rng.choice((0, 12, 24)), lit(text)),
                "list": _shifted(18 if i else 0, f"{letter if i else ''} {lit(text)}"),
                "capitals": f"#par[{lit(text.upper())}]",
                "telegram": f"#par[{lit(text.upper().replace('.', ' STOP'))}]",
                "hand": "",
            }[part]
        )
    if part == "hand":
        pen = Pen(rng)
        size = rng.uniform(7, 10)
        return "".join(
            f"#par[{pen.write(writer.words(7), size)}]\n" for _ in range(rng.randrange(3, 16))
        )
    return "".join(f"{text}\n" for text in out)


def _shifted(left: float, body: str) -> str:
    """Return a paragraph set in from the left; a block inside ``#par`` would not be drawn."""
    return f"#pad(left: {left}mm, rest: 0mm)[{body}]"


def _signed(writer: Writer, pen: Pen, width: float) -> str:
    return f"{lit(writer.word('regards'))}\n\n{pen.sign(width)}\n\n{lit(writer.person())}"


def _close(plan: Plan, writer: Writer) -> str:
    """Return greeting and signatures in the manner of part ``close``."""
    rng, part, pen = plan.rng, plan["close"], Pen(plan.rng)
    pen.colour = "#101010" if rng.random() < 0.7 else pen.colour
    width = rng.uniform(30, 62)
    line = "#line(length: 62mm, stroke: 0.7pt)"
    if part == "none":
        return ""
    if part == "left":
        return space(4) + _signed(writer, pen, width) + "\n"
    if part in ("right", "centre"):
        return space(4) + f"#pad(left: 48%)[{_signed(writer, pen, width)}]\n"
    if part == "two":
        cells = (_signed(writer, pen, width * 0.8), _signed(writer, Pen(rng), width * 0.8))
        return space(5) + columns(("1fr", "1fr"), cells)
    own = f"#pad(left: 46%)[{lit(writer.company().upper())}#v(9mm){line}{lit(writer.person())}]\n"
    words = ("approved", "reviewed", "witness", "date")[: rng.randrange(2, 5)]
    rows = "".join(
        f"#v(5mm)#grid(columns: (30mm, 62mm), [{lit(writer.words(1).upper() + ':')}], "
        f"[{pen.sign(26) if rng.random() < 0.4 else ''}{line}])\n"
        for _ in words
    )
    return space(4) + own + (rows if part == "agreed" or rng.random() < 0.5 else "")


def ribbon(plan: Plan) -> str:
    """Return the typewriter: its face, and how much ink its ribbon still had."""
    part, rng = plan["ribbon"], plan.rng
    ink_ = {"worn": "#4b4b4b", "normal": "#1a1a1a", "heavy": "#000000"}[part]
    stroke = {"worn": 0.0, "normal": 0.12, "heavy": rng.uniform(0.25, 0.55)}[part]
    lead = {"single": 0.58, "half": 0.95, "double": 1.4}[plan["spacing"]]
    edge = f', stroke: {stroke:.2f}pt + rgb("{ink_}")' if stroke else ""
    return (
        f'#set text(font: "{plan.style.mono}", size: {rng.uniform(8.6, 11.6):.1f}pt, '
        f'fill: rgb("{ink_}"){edge})\n'
        f"#set par(leading: {lead}em, spacing: {lead * rng.uniform(1.6, 2.2):.2f}em)\n"
    )


def margin(plan: Plan) -> str:
    """Return the uneven margins of a typed page."""
    rng = plan.rng
    sides = [rng.uniform(16, 38) for _ in range(2)]
    return f"(left: {sides[0]:.0f}mm, right: {sides[1]:.0f}mm, y: {rng.uniform(14, 46):.0f}mm)"


def archived(plan: Plan, writer: Writer) -> str:
    """Return a letter from a typewriter as an archive holds it."""
    rng, part = plan.rng, plan["head"]
    firm = make_firm(writer)
    head = {
        "none": "",
        "typed": f"#align(center)[{lines([firm.name.upper(), firm.street, firm.city])}]\n",
        "printed": f"#align(center)[{sized(14, bold(firm.name.upper()), font=plan.style.head)} \\ "
        f"{sized(8, lit(firm.city.upper()), font=plan.style.head)}]\n",
        "stamped-date": f"#align(right)[{sized(15, lit(writer.long_date().upper()))}]\n",
    }[part]
    date = f"#align({rng.choice(('right', 'left', 'center'))})[{lit(writer.long_date())}]\n"
    who = lines([writer.person(), *writer.address()][: rng.randrange(1, 4)])
    dear = lit(f"{writer.word('dear')} {writer.family()}:")
    gap = space(rng.uniform(3, 14))
    marks = archive_marks(plan, writer, plan["archive"])
    start = head + gap + (date if rng.random() < 0.7 else "") + gap + who + gap + dear + "\n\n"
    return (
        page_setup(plan.style, margin=margin(plan))
        + marks
        + ribbon(plan)
        + start
        + _body(plan, writer)
        + _close(plan, writer)
        + redactions(plan, plan["archive"])
    )


def naval(plan: Plan, writer: Writer) -> str:
    """Return a service letter: from, to, subject, references, then numbered paragraphs."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    ink_ = style.accent if style.colour else "#111111"
    seal = svg(parts.seal(rng, ink_), rng.uniform(16, 27))
    name = sized(style.size * 1.05, bold(firm.name.upper()), fill=ink_)
    text = f"{name} \\ {sized(style.size * 0.75, lines(firm.contact[:2]), fill=ink_)}"
    head = {
        "seal-centre": f"#align(center)[{seal} \\ {text}]\n",
        "seal-left": f"#place(top + left)[{seal}]\n#align(center)[{text}]\n",
        "centre": f"#align(center)[{text}]\n",
        "none": "",
    }[plan["head"]]
    rows = [("from", firm.name), ("to", writer.company()), ("subject", writer.sentence(9).upper())]
    rows += [("our_ref", f"({c}) {writer.words(4)}") for c in "abc"[: rng.randrange(4)]]
    gutter = {"colon": 4, "wide": 16, "tight": 2}[plan["block"]]
    cells = ", ".join(f"[{lit(writer.word(k) + ':')}], [{lit(v)}]" for k, v in rows)
    block = f"#grid(columns: (auto, 1fr), column-gutter: {gutter}mm, row-gutter: 2.4mm, {cells})\n"
    refs = f"#align(right)[{lines([writer.code('####'), writer.code('Ser ##'), writer.date()])}]\n"
    face = {"serif": style.body, "mono": style.mono, "body": style.head}[plan["face"]]
    font = f'#set text(font: "{face}", size: {rng.uniform(8.6, 11.5):.1f}pt)\n'
    gap = space(rng.uniform(3, 9))
    marks = archive_marks(plan, writer, plan["archive"])
    return (
        page_setup(
            style, margin=f"(x: {rng.uniform(20, 28):.0f}mm, y: {rng.uniform(12, 26):.0f}mm)"
        )
        + marks
        + head
        + font
        + refs
        + gap
        + block
        + gap
        + _body(plan, writer)
        + _close(plan, writer)
        + redactions(plan, plan["archive"])
    )


def faxed(plan: Plan, writer: Writer) -> str:
    """Return a short letter that came over the wire, with the machine's line on top."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    head = {
        "none": "",
        "logo": svg(parts.logo(rng, "#111111", "#888888"), rng.uniform(14, 30)) + "\n\n",
        "typed": lines([firm.name, *firm.contact[:3]]) + "\n\n",
        "big": sized(style.size * 2.8, bold(firm.name), font=style.head) + "\n\n",
    }[plan["head"]]
    rows = [
        (writer.word(k) + ":", v)
        for k, v in (
            ("to", writer.person()), ("from", writer.person()), ("date", writer.long_date()),
            ("phone", writer.phone()), ("subject", writer.sentence(5)),
        )
    ]  # fmt: skip
    cells = ", ".join(f"[{bold(a)}], [{lit(b)}]" for a, b in rows)
    block = {
        "grid": f"#table(columns: (auto, 1fr), stroke: 0.7pt, {cells})\n",
        "lines": f"#table(columns: (auto, 1fr), stroke: (x, y) => (bottom: 0.6pt), {cells})\n",
        "strip": columns(["1fr"] * 3, [f"{bold(a)} \\ {lit(b)}" for a, b in rows[:3]]),
        "none": lit(writer.long_date()) + "\n\n" + lines([writer.person(), *writer.address()]),
    }[plan["block"]]
    gap = space(rng.uniform(4, 12))
    line = fax_line(plan, writer) if rng.random() < 0.75 else ""
    typed = f'#set text(font: "{style.mono}")\n' if rng.random() < 0.4 else ""
    return (
        page_setup(style, leading=rng.uniform(0.6, 1.1))
        + line
        + archive_marks(plan, writer, plan["archive"])
        + head
        + typed
        + gap
        + block
        + gap
        + _body(plan, writer)
        + _close(plan, writer)
        + redactions(plan, plan["archive"])
    )
