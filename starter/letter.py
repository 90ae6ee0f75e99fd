"""Letters of firms, persons and authorities."""

from starter import parts
from starter.parts import FEET, HEADS, Firm, Pen, foot, letterhead, make_firm, margins
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
    pairs,
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# The parts of a letter: address, reference, subject, text, signature.

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
            plan, svg(parts.stamp(rng, word, writer.date(2), colour), rng.uniform(28, 55)), 55
        )
    if rng.random() < 0.1:
        note = Pen(rng).write(writer.words(3), rng.uniform(7, 14))
        marks += free_mark(plan, f"#rotate({rng.uniform(-20, 15):.0f}deg)[{note}]", 60)
    if rng.random() < 0.05:
        marks += free_mark(plan, svg(parts.matrix_code(rng), rng.uniform(9, 15)), 15)
    if plan.locale.language == "de" and rng.random() < 0.5:
        tick = "#line(length: 4mm, stroke: 0.4pt)"
        marks += "".join(
            place(4 - plan.style.margin, y - plan.style.margin, tick) for y in (105, 148.5, 210)
        )
    return marks


# ----------------------------------------------------------------------
# Letters: of firms, people and authorities, typewritten ones, memos, and their later pages.

_BODIES = ("plain", "justified", "indented", "numbered", "bullets", "headings", "table", "wide")
_LENGTHS = ("short", "medium", "long", "full")
_SIGNS = ("left", "right", "two", "printed", "none")


def _seal_head(plan: Plan, firm: Firm) -> str:
    colour = plan.style.accent
    seal = svg(parts.seal(plan.rng, colour), plan.rng.uniform(18, 30))
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
    setup = page_setup(
        plan.style, margin=margins(plan, part) or default, leading=plan.rng.uniform(0.55, 0.85)
    )
    # letters are meant to be read: their text is larger than that of tables
    return setup + f"#set text(size: {max(plan.style.size, plan.rng.uniform(8.8, 12.0)):.1f}pt)\n"


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a letter laid out as ``plan`` says."""
    firm = make_firm(writer)
    gap = plan.rng.uniform(3, 12)
    body = _setup(plan) + _head(plan, firm) + space(gap)
    top = [address(plan, writer, firm), reference(plan, writer, firm.city)]
    if plan.rng.random() < 0.3 or plan["reference"] == "side":
        top.reverse()
    body += space(gap).join(top) + space(gap) + subject(plan, writer)
    body += lit(f"{writer.word('dear')} {writer.family()},") + "\n\n"
    body += paragraphs(plan, writer) + signing(plan, writer)
    if plan.rng.random() < 0.2:
        body += (
            space(5)
            + sized(plan.style.size * 0.85, lit(f"{writer.word('enclosure')}: {writer.words(3)}"))
            + "\n"
        )
    return body + foot(plan, firm, writer, plan["foot"]) + marks(plan, writer)


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
    """Return a letter of an agency in the form of a memo: it goes to an address.

    A memo within a house has none and is no letter: kind ``memo``.
    """
    style, firm = plan.style, make_firm(writer)
    rows = [
        ("to", lines([writer.person(), writer.company(), *writer.address()])),
        ("from", lit(writer.person())),
        ("date", lit(writer.long_date())),
        ("subject", bold(writer.sentence(6).rstrip("."))),
    ]
    cells = ", ".join(f"[{bold(writer.word(k).upper() + ':')}], [{v}]" for k, v in rows)
    if plan["block"] == "grid":
        block = f"#table(columns: (auto, 1fr), stroke: 0.4pt, {cells})\n"
    else:
        gutter = 14 if plan["block"] == "wide" else 5
        block = (
            f"#grid(columns: (auto, 1fr), column-gutter: {gutter}mm, row-gutter: 0.8em, {cells})\n"
        )
    line = rule(style) if plan["block"] == "ruled" else ""
    name = sized(style.size * plan.rng.uniform(1.4, 2.4), bold(firm.name), fill=style.accent)
    head = {
        "logo": lambda: svg(parts.logo(plan.rng, style.accent, style.tint), 26) + "\n\n",
        "seal": lambda: columns(
            ("auto", "1fr"),
            (
                svg(parts.seal(plan.rng, style.accent), 24),
                f"#align(center)[{bold(firm.name.upper())} \\ {lines(firm.contact[:2])}]",
            ),
        ),
        "name": lambda: name + "\n\n",
        "name-right": lambda: f"#align(right)[{name}]\n",
        "band": lambda: letterhead(plan, firm, "band"),
    }[plan["head"]]()
    body = _setup(plan) + head + space(6) + block + line + space(5)
    return (
        body
        + paragraphs(plan, writer)
        + signing(plan, writer)
        + foot(plan, firm, writer, plan["foot"])
        + marks(plan, writer)
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
        "logo-small": f"#align(right)[{svg(parts.logo(plan.rng, style.accent, style.tint), 14)}]\n",
        "none": "",
    }[part]
    first = letterhead(plan, firm, plan.rng.choice(("logo-left", "centre", "split")))
    opening = f"{lines([writer.person(), *writer.address()])}\n\n{lit(writer.long_date())}\n\n"
    text = "".join(f"#par[{lit(writer.paragraph(5))}]\n" for _ in range(4))
    body = _setup(plan) + first + space(8) + opening + text + "#pagebreak()\n" + head + space(6)
    return (
        body
        + paragraphs(plan, writer)
        + signing(plan, writer)
        + foot(plan, firm, writer, plan["foot"])
    )


# ----------------------------------------------------------------------
# Letters of public offices and short ones: columns beside the text, panels, a centred mark.


_COUNT = {"line": (1, 1), "brief": (1, 1), "short": (2, 2), "medium": (3, 4), "full": (5, 8)}


def _paragraphs(plan: Plan, writer: Writer) -> str:
    """Return the text in the manner of part ``body``."""
    rng, style = plan.rng, plan.style
    low, high = _COUNT[plan["length"]]
    part = plan.parts.get("body", "plain")
    sentences = 1 if plan["length"] == "line" else 4
    blocks = [
        f"#par[{lit(writer.paragraph(rng.randrange(1, sentences + 1)))}]\n"
        for _ in range(rng.randint(low, high))
    ]
    heading = sized(style.size * 1.15, bold(writer.sentence(5).rstrip(".")))
    if part == "headings":
        blocks = [f"#par[{bold(writer.sentence(4))}]\n{b}" for b in blocks]
    extra = {
        "panel": f'#block(fill: rgb("#e3e3e3"), width: {rng.randrange(40, 100)}%, inset: 3mm)'
        f"[{heading} \\ {lit(writer.sentence(9))}]\n",
        "amount": f"{lit(writer.sentence(5))} \\ "
        f"{sized(style.size * 2, bold(writer.money(rng.uniform(20, 900))))}\n\n",
        "bullets": "#list("
        + ", ".join(f"[{lit(writer.sentence(8))}]" for _ in range(rng.randrange(2, 6)))
        + ")\n",
        "table": "#table(columns: (auto, auto), stroke: 0.4pt, "
        + ", ".join(f"[{lit(writer.words(2))}]" for _ in range(rng.randrange(2, 5) * 2))
        + ")\n",
    }.get(part, "")
    blocks.insert(rng.randrange(1, len(blocks) + 1), extra)
    return "".join(blocks)


def _close(plan: Plan, writer: Writer) -> str:
    part = plan["close"]
    if part == "none":
        return ""
    words = lit(writer.word("regards"))
    if part == "words":
        return f"\n\n{words}\n"
    mark = Pen(plan.rng).sign(plan.rng.uniform(24, 46)) if part == "signed" else space(4)
    return f"\n\n{words}\n\n{mark}\n\n{bold(writer.person())} \\ {lit(writer.words(2).title())}\n"


def _foot(plan: Plan, writer: Writer, firm: Firm) -> str:
    part = plan["foot"]
    text = {
        "page": f"{writer.word('page')} 1 / 2",
        "number": "1",
        "address": firm.one_line,
        "code": writer.code("??####-##/##"),
        "none": "",
    }[part]
    where = "right" if part in ("page", "code") else "center"
    small = sized(plan.style.size * 0.75, lit(text))
    return f"#place(bottom + {where}, dy: {plan.style.margin * 0.4:.0f}mm)[{small}]\n"


def _beside(writer: Writer, firm: Firm) -> str:
    return (
        lines([firm.name, firm.street, firm.city])
        + " \\ \\ "
        + lines([f"{writer.word('phone')} {firm.phone}", firm.site, writer.code("Ref: ??/####")])
    )


def _public_head(plan: Plan, writer: Writer, firm: Firm) -> str:
    rng, style = plan.rng, plan.style
    mark = svg(parts.seal(rng, style.accent), rng.uniform(8, 16))
    logo = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(9, 20))
    who = lines([writer.person(), *writer.address()])
    name = bold(firm.name)
    beside = f"{mark} \\ {name} \\ \\ {_beside(writer, firm)}"
    date = lit(writer.long_date())
    gap = space(rng.uniform(6, 24))
    return {
        "side": columns(("1fr", "58mm"), (f"{gap}{who}", beside)),
        "mark-right": f"#align(right)[{logo}]\n" + who + gap + date,
        "mark-left": f"{mark} {name}\n\n{gap}{who}\n\n{gap}{date}",
        "code-left": svg(parts.matrix_code(rng), 9) + gap + who + gap + date,
        "bar": f"{name}#line(length: 100%, stroke: 1.4pt)"
        + columns(("1fr", "50mm"), (who, _beside(writer, firm))),
        "name": sized(style.size * 1.3, name) + gap + columns(("1fr", "auto"), (who, date)),
    }[plan["head"]] + gap


def public(plan: Plan, writer: Writer) -> str:
    """Return a letter of a public office that wants to be understood."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    size = style.size * (1.25 if plan["size"] == "large" else 1.0)
    title = writer.sentence(rng.randrange(3, 8)).rstrip(".")
    factor = {"big": 1.9, "bold": 1.1, "question": 1.5, "plain": 1.0}[plan["title"]]
    word = sized(size * factor, lit(title) if plan["title"] == "plain" else bold(title))
    return (
        page_setup(style, leading=rng.uniform(0.55, 0.8))
        + f"#set text(size: {size:.1f}pt)\n"
        + _public_head(plan, writer, firm)
        + f"{lit(writer.word('dear'))} {lit(writer.person())}\n\n{word}\n\n"
        + _paragraphs(plan, writer)
        + _close(plan, writer)
        + _foot(plan, writer, firm)
    )


def agency(plan: Plan, writer: Writer) -> str:
    """Return a letter whose mark stands in the middle and whose head is a few labelled lines."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(18, 30))
    large = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(32, 48))
    head = {
        "centre-mark": f"#align(center)[{mark}]\n",
        "centre-large": f"#align(center)[{large}]\n",
        "centre-name": f"#align(center)[{sized(style.size * 1.7, bold(firm.name))}]\n",
        "corner-mark": mark + "\n\n",
        "two-marks": columns(("1fr", "auto"), (mark, svg(parts.seal(rng, style.accent), 22))),
    }[plan["head"]]
    who = lines([writer.person(), writer.company(), *writer.address()])
    rows = [("to", who), ("from", lit(writer.company())), ("date", lit(writer.date())),
            ("subject", bold(writer.sentence(6)))]  # fmt: skip
    if plan["block"] == "to-date":
        rows = [rows[2], rows[0], rows[3]]
    cells = ", ".join(f"[{bold(writer.word(k).upper() + ':')}], [{v}]" for k, v in rows)
    labelled = f"#grid(columns: (26mm, 1fr), row-gutter: {rng.uniform(2, 6):.1f}mm, {cells})\n"
    dear = f"{lit(writer.word('dear'))} {lit(writer.family())},\n\n"
    block = {
        "to-from": labelled,
        "to-date": labelled,
        "right": f"#align(right)[{lit(writer.long_date())}]\n\n{who}\n\n{dear}",
        "address": f"{who}\n\n{lit(writer.long_date())}\n\n{dear}",
    }[plan["block"]]
    edge = rng.uniform(16, 24) if plan["body"] == "wide" else rng.uniform(22, 34)
    gap = space(rng.uniform(4, 14))
    return (
        page_setup(style, margin=f"(x: {edge:.0f}mm, y: {rng.uniform(14, 26):.0f}mm)")
        + head
        + gap
        + block
        + gap
        + _paragraphs(plan, writer)
        + _close(plan, writer)
        + _foot(plan, writer, firm)
    )


def brief(plan: Plan, writer: Writer) -> str:
    """Return a letter of a paragraph or less on a page that stays nearly empty."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    name = sized(style.size * 1.4, bold(firm.name), fill=style.accent)
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(10, 22))
    own = sized(style.size * 0.9, lines([firm.name, *firm.contact[:3]]))
    head = {
        "none": "",
        "name": f"{name}\n\n",
        "right": f"#align(right)[{own}]\n",
        "logo": f"{mark}\n\n",
        "centre": f"#align(center)[{name} \\ {sized(style.size * 0.8, lit(firm.city))}]\n",
    }[plan["head"]]
    date = lit(writer.long_date() if rng.random() < 0.7 else writer.date())
    who = lines([writer.person(), *writer.address()])
    dear = lit(f"{writer.word('dear')} {writer.family()},")
    start = {
        "date-only": f"{date}\n\n{dear}",
        "dear": dear,
        "address": f"{date}\n\n{who}\n\n{dear}",
        "reference": f"{date}\n\n{bold(writer.word('subject'))}: {lit(writer.words(5))}\n\n{dear}",
    }[plan["start"]]
    gap = {"top": 0.0, "third": rng.uniform(15, 50), "middle": rng.uniform(60, 100)}[plan["at"]]
    face = {"body": style.body, "serif-like": style.head, "mono": style.mono}[plan["face"]]
    return (
        page_setup(style)
        + f'#set text(font: "{face}")\n'
        + head
        + space(gap)
        + start
        + "\n\n"
        + _paragraphs(plan, writer)
        + _close(plan, writer)
    )


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
        "head": ("logo", "seal", "band", "name", "name-right"),
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
    "letter-public": {
        "head": ("side", "mark-right", "mark-left", "code-left", "bar", "name"),
        "title": ("big", "bold", "question", "plain"),
        "body": ("plain", "headings", "panel", "amount", "bullets", "table"),
        "length": ("short", "medium", "full"),
        "size": ("normal", "large"),
        "close": ("name", "signed", "none"),
        "foot": ("page", "address", "none", "code"),
    },
    "letter-agency": {
        "head": ("centre-mark", "centre-large", "centre-name", "corner-mark", "two-marks"),
        "block": ("to-from", "to-date", "right", "address"),
        "body": ("plain", "wide", "bullets", "table"),
        "length": ("short", "medium", "full"),
        "close": ("none", "signed", "name"),
        "foot": ("number", "none", "address"),
    },
    "letter-brief": {
        "head": ("none", "none", "name", "right", "logo", "centre"),
        "start": ("date-only", "dear", "address", "reference"),
        "length": ("line", "brief", "short"),
        "at": ("top", "top", "third", "middle"),
        "close": ("name", "signed", "words"),
        "face": ("body", "serif-like", "mono"),
    },
}
