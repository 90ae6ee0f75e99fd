"""None of the labels: memos, typed reports, cables, court papers, statutes, notices, lists."""

from starter import parts
from starter.letter_archive import ARCHIVE, archive_marks, margin, redactions, ribbon
from starter.parts import HEADS, Pen, letterhead, make_firm, margins
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
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# What the typewriter wrote beside letters: memos, reports of the week, cables, transcripts.

_TYPED: Slots = {
    "spacing": ("single", "single", "half", "double"),
    "ribbon": ("worn", "normal", "normal", "heavy"),
    "archive": ARCHIVE,
}
_LENGTH = {"short": (1, 3), "medium": (3, 5), "long": (6, 9)}


def _underlined(text: str) -> str:
    return f"#underline[{lit(text)}]"


def _machine(plan: Plan, writer: Writer) -> str:
    """Return the set-up of a typed page with what an archive put on it."""
    setup = page_setup(plan.style, margin=margin(plan))
    return setup + archive_marks(plan, writer, plan["archive"]) + ribbon(plan)


def _items(plan: Plan, writer: Writer, count: int) -> str:
    """Return ``count`` paragraphs in the manner of part ``body``."""
    rng, part = plan.rng, plan["body"]
    body = ""
    for i in range(count):
        text = lit(writer.paragraph(rng.randrange(1, 6)))
        title = writer.words(rng.randrange(1, 4)).capitalize()
        deep = f"#pad(left: 11mm)[{lit('ab'[i % 2] + '.')} {lit(writer.paragraph(2))}]\n"
        body += {
            "plain": f"#par[{text}]\n",
            "numbered": f"#par[{lit(f'{i + 1}.')} #h(5mm){text}]\n" + (deep if i % 3 == 1 else ""),
            "indented": f"#par[#h(12mm){text}]\n",
            "headed": f"#par[{_underlined(title)}]\n#par[{text}]\n",
            "hanging": f"#grid(columns: (12mm, 1fr), [{lit(f'{i + 1})')}], [{text}])#v(3mm)\n",
            "dashes": f"#pad(left: 8mm)[{lit('-')} {lit(writer.sentence(11))}]\n",
            "capitals": f"#par[{lit(f'{i + 1}.')} {lit(writer.paragraph(3).upper())}]\n",
            "topics": f"#par[{lit('ABCDEFGHIJ'[i % 10] + '.')} #h(3mm)"
            f"{_underlined(title.upper())} - {text}]\n",
        }[part]
    return body


def _memo_block(plan: Plan, writer: Writer) -> str:
    """Return the labelled lines above a memo in the manner of part ``block``."""
    rng, part = plan.rng, plan["block"]
    values = {
        "to": writer.person() if rng.random() < 0.5 else writer.words(3).title(),
        "from": writer.person() if rng.random() < 0.6 else writer.words(2).title(),
        "subject": writer.sentence(7).rstrip("."),
        "date": writer.long_date() if rng.random() < 0.6 else writer.date(),
    }
    orders = (
        ("to", "from", "date", "subject"), ("date", "to", "from", "subject"),
        ("to", "from", "subject", "date"), ("from", "to", "date", "subject"),
        ("subject", "to", "from"),
    )  # fmt: skip
    order = orders[rng.randrange(len(orders))]
    rows = [(writer.word(k), values[k]) for k in order]
    if rng.random() < 0.3:
        rows.insert(2, (writer.word("department"), writer.words(2).title()))
    if part == "strip":
        half = (len(rows) + 1) // 2
        sides = [lines(f"{a}: {b}" for a, b in group) for group in (rows[:half], rows[half:])]
        return columns(("1fr", "1fr"), sides)
    if part in ("caps", "spaced"):
        rows = [(a.upper(), b) for a, b in rows]
    cells = ", ".join(f"[{lit(a + ':')}], [{lit(b)}]" for a, b in rows)
    if part == "grid":
        return f"#table(columns: (auto, 1fr), stroke: 0.5pt, {cells})\n"
    gap = rng.uniform(4.0, 8.0) if part == "spaced" else rng.uniform(1.5, 3.0)
    left = rng.choice((22, 26, 32))
    return f"#grid(columns: ({left}mm, 1fr), row-gutter: {gap:.1f}mm, {cells})\n"


def _memo_head(plan: Plan, writer: Writer) -> str:
    rng, style = plan.rng, plan.style
    word = writer.word("memo").upper()
    wide = " ".join(word)
    firm = make_firm(writer)
    logo = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(12, 24))
    form = sized(6.5, lit(writer.code("FORM ## - ###")), font=style.head)
    return {
        "word": f"#align(center)[{_underlined(word)}]\n",
        "wide": f"#align(center)[{lit(wide)}]\n",
        "left": f"{bold(word)}\n\n",
        "printed": f"{form}\n\n#align(center)[{sized(17, bold(word.title()), font=style.head)} \\ "
        f"{sized(9, lit(firm.name.upper()), font=style.head)}]\n",
        "firm": columns(("auto", "1fr"), (logo, f"#align(right)[{sized(15, bold(word))}]")),
        "unit": f"#align(center)[{lines([firm.name.upper(), firm.city.upper(), '', word])}]\n",
        "none": "",
    }[plan["head"]]


def _memo_close(plan: Plan, writer: Writer) -> str:
    pen, part = Pen(plan.rng), plan["close"]
    copies = lines([f"cc: {writer.person()}", *(writer.person() for _ in range(2))])
    initials = lit(writer.code("???:??").lower())
    return {
        "none": "",
        "signed": f"{pen.sign(36)}\n\n",
        "right": f"#pad(left: 52%)[{pen.sign(38)}\n\n{lit(writer.person())}]\n",
        "copies": f"\n\n{copies}\n\n",
        "initials": f"\n\n{initials}\n\n",
    }[part]


def memo(plan: Plan, writer: Writer) -> str:
    """Return a memo within a house: labelled lines and no address, greeting or close."""
    rng, style = plan.rng, plan.style
    typed = plan["machine"] == "typed"
    setup = _machine(plan, writer) if typed else page_setup(style, margin=margin(plan))
    line = rule(style, "#000000") if plan["line"] == "yes" else ""
    count = rng.randint(*_LENGTH[plan["length"]])
    return (
        setup
        + _memo_head(plan, writer)
        + space(rng.uniform(4, 14))
        + _memo_block(plan, writer)
        + line
        + space(rng.uniform(3, 10))
        + _items(plan, writer, count)
        + space(5)
        + _memo_close(plan, writer)
        + redactions(plan, plan["archive"])
    )


def typed_report(plan: Plan, writer: Writer) -> str:
    """Return the first or a later page of a typed report: of the week, of a trip, of findings."""
    rng = plan.rng
    title = writer.words(rng.randrange(2, 6)).upper()
    firm = make_firm(writer)
    when = f"{writer.date()} - {writer.date(7)}"
    number = lit(f"- {rng.randrange(2, 40)} -")
    facts = ", ".join(
        f"[{lit(writer.words(1).upper() + ':')}], [{lit(writer.words(4))}]"
        for _ in range(rng.randrange(2, 7))
    )
    head = {
        "centre": f"#align(center)[{_underlined(title)} \\ {lit(when)}]\n",
        "unit": f"{lines([firm.name.upper(), firm.city])}\n\n#align(center)[{_underlined(title)}]\n"
        f"#align(right)[{lit(writer.long_date())}]\n",
        "facts": f"#align(center)[{lit(title)}]\n"
        f"#grid(columns: (34mm, 1fr), row-gutter: 2mm, {facts})\n",
        "page": f"#align(center)[{number}]\n",
        "corner": f"#align(right)[{number}]\n",
    }[plan["head"]]
    cells = ", ".join(
        f"[{lit(writer.words(1) if i % 4 == 0 else writer.code('###'))}]"
        for i in range(4 * rng.randrange(3, 9))
    )
    table = f"#table(columns: (1fr, auto, auto, auto), stroke: none, {cells})\n"
    body = _items(plan, writer, rng.randrange(4, 11))
    return (
        _machine(plan, writer)
        + head
        + space(rng.uniform(4, 10))
        + body
        + (table if plan["table"] == "yes" else "")
        + redactions(plan, plan["archive"])
    )


def cable(plan: Plan, writer: Writer) -> str:
    """Return a cable or telegram: routing lines and short text in capitals."""
    rng = plan.rng
    route = [
        f"FM {writer.city().upper()}",
        f"TO {writer.company().upper()}",
        f"INFO {writer.city().upper()}",
        writer.code("R ######Z ??? ##"),
        "BT",
    ]
    cells = ", ".join(f"[{lit(writer.code('??') if i % 2 else str(i))}]" for i in range(12))
    box = f"#table(columns: 4, stroke: 0.6pt, {cells})\n"
    title = sized(16, bold(writer.words(1).upper()), font=plan.style.head)
    form = "#table(columns: (1fr, 1fr, 1fr), stroke: 0.6pt, inset: 3mm, " + ", ".join(
        f"[{sized(6, lit(writer.words(2).upper()), font=plan.style.head)} \\ "
        f"{lit(writer.code('##-##'))}]" for _ in range(6)
    ) + ")\n"  # fmt: skip
    head = {
        "routing": columns(("1fr", "auto"), (lines(route), box)),
        "form": title + "\n\n" + form + lines(route[1:3]) + "\n\n",
        "plain": lines(route[: rng.randrange(2, 6)]) + "\n\n",
        "title": f"#align(center)[{title}]\n{lines(route[:3])}\n\n",
    }[plan["head"]]
    text = ""
    for i in range(rng.randint(*_LENGTH[plan["length"]])):
        words = writer.paragraph(rng.randrange(1, 5)).upper()
        words = words.replace(".", " STOP") if plan["body"] == "stop" else words
        number = f"{i + 1}. " if plan["body"] == "numbered" else ""
        text += f"#par[{lit(number + words)}]\n"
    end = lines(
        [writer.family().upper(), "BT", writer.code("#####"), "NNNN"][: rng.randrange(1, 5)]
    )
    return (
        _machine(plan, writer)
        + head
        + space(rng.uniform(3, 9))
        + text
        + end
        + "\n\n"
        + redactions(plan, plan["archive"])
    )


def transcript(plan: Plan, writer: Writer) -> str:
    """Return a typed page of a manuscript, a hearing or a speech, often with numbered lines."""
    rng, style = plan.rng, plan.style
    shape = plan["shape"]
    number = lit(str(rng.randrange(1, 200)))
    head = {
        "right": f"#align(right)[{number}]\n",
        "centre": f"#align(center)[{number}]\n",
        "title": f"#align(center)[{lines([writer.words(3).upper(), writer.person()])}]\n#v(8mm)\n",
        "none": "",
    }[plan["head"]]
    body = ""
    for i in range(rng.randrange(9, 18)):
        text = lit(writer.paragraph(rng.randrange(2, 6) if shape == "prose" else 1))
        body += {
            "questions": f"#par[#h(10mm){lit('QA'[i % 2])} #h(6mm){text}]\n",
            "speakers": f"#par[#h(12mm){lit(writer.family().upper() + ':')} {text}]\n",
            "outline": f"#pad(left: {rng.choice((0, 8, 16))}mm)[{lit(f'{i + 1}.')} {text}]\n",
            "prose": f"#par[#h(12mm){text}]\n",
        }[shape]
    count = rng.choice((25, 28, 32))
    high = style.height - 60
    numbers = "".join(
        place(-12, 2 + i * high / count, lit(str(i + 1))) for i in range(count)
    ) if plan["lines"] != "none" else ""  # fmt: skip
    edge = (
        f"#place(top + left, dx: -4mm)[#line(angle: 90deg, length: {high:.0f}mm, stroke: 0.6pt)]"
        if plan["lines"] == "ruled"
        else ""
    )
    setup = page_setup(style, margin=f"(left: {rng.uniform(28, 40):.0f}mm, right: 24mm, y: 25mm)")
    return (
        setup
        + ribbon(plan)
        + numbers
        + edge
        + archive_marks(plan, writer, plan["archive"])
        + head
        + f"#block(height: 1fr, clip: true)[{body}]\n"
    )


# ----------------------------------------------------------------------
# What courts, parliaments and publishers print.


def _serif(plan: Plan, part: str) -> str:
    faces = {"serif": plan.rng.choice(font_book().faces("book", plan.split)),
             "mono": plan.style.mono, "own": plan.style.body}  # fmt: skip
    return f'#set text(font: "{faces[part]}", size: {plan.rng.uniform(9, 12.5):.1f}pt)\n'


def _caption(plan: Plan, writer: Writer) -> str:
    """Return who is against whom in the manner of part ``caption``."""
    one, other = writer.person().upper() + ",", writer.company().upper() + ","
    case = lines([writer.code("No. ##-##-#####"), "", writer.sentence(5).rstrip(".").upper()])
    sides = f"{lit(one)} \\ #h(18mm){lit(writer.words(1).title())}, \\ #h(8mm)v. \\ {lit(other)}"
    sides += f" \\ #h(18mm){lit(writer.words(1).title())}."
    bracket = " \\ ".join([")"] * 7)
    return {
        "bracket": columns(("1fr", "6mm", "1fr"), (sides, bracket, case)),
        "box": f"#grid(columns: (1fr, 1fr), stroke: (x, y) => if x == 0 {{ (right: 0.7pt, "
        f"bottom: 0.7pt) }}, inset: 3mm, [{sides}], [{case}])\n",
        "centre": f"#align(center)[{lit(one)} \\ v. \\ {lit(other)} \\ \\ {case}]\n",
        "ruled": f"#line(length: 100%){sides}\n\n#line(length: 100%)#align(center)[{case}]\n",
    }[plan["caption"]]


def court_paper(plan: Plan, writer: Writer) -> str:
    """Return the first page of a paper filed with a court, or an order of it."""
    rng, style = plan.rng, plan.style
    high = style.height - 50
    court = bold(writer.words(rng.randrange(4, 7)).upper())
    counsel = lines([writer.person(), writer.company(), *writer.address(), writer.phone()])
    head = {
        "court": f"#align(center)[{sized(13, court)}]\n",
        "counsel": f"{counsel}\n\n#v(8mm)#align(center)[{court}]\n",
        "filed": columns(("1fr", "40mm"), (
            f"#align(center)[{court}]", f"#box(stroke: 0.8pt, inset: 2mm)[{lit(writer.date())}]")),
        "seal": f"#align(center)[{svg(parts.seal(rng, '#111111'), 20)} \\ {court}]\n",
    }[plan["head"]]  # fmt: skip
    stamp = sized(7.5, lit(f"{writer.code('##-##### ')} {writer.words(2)}  {writer.date()}  1 / 9"))
    top = place(20, -16, stamp) if plan["stamp"] == "yes" else ""
    count = rng.choice((25, 28))
    numbers = "".join(place(-11, i * high / count, lit(str(i + 1))) for i in range(count))
    double = "".join(
        place(x, -20, f"#line(angle: 90deg, length: {style.height:.0f}mm, stroke: 0.5pt)")
        for x in (-4.0, -3.0)
    )
    side = {"none": "", "numbers": numbers, "pleading": numbers + double}[plan["lines"]]
    title = f"#align(center)[{bold(writer.words(3).upper())}]\n"
    body = ""
    for i in range(rng.randrange(3, 9)):
        number = f"{i + 1}.#h(6mm)" if plan["body"] == "numbered" else "#h(12mm)"
        heading = title if plan["body"] == "sections" and i % 3 == 0 else ""
        body += f"{heading}#par[{number}{lit(writer.paragraph(rng.randrange(2, 6)))}]\n"
    lead = rng.choice((0.65, 0.9, 1.3))
    return (
        page_setup(style, margin="(left: 32mm, right: 24mm, y: 25mm)", leading=lead)
        + _serif(plan, plan["face"])
        + top
        + side
        + f"#block(height: {high:.0f}mm, clip: true)["
        + head
        + space(5)
        + _caption(plan, writer)
        + space(5)
        + body
        + "]\n"
    )


def statute(plan: Plan, writer: Writer) -> str:
    """Return a dense page of a law, a gazette, rules or conditions."""
    rng, style, part = plan.rng, plan.style, plan["body"]
    number = rng.randrange(1, 300)
    name = writer.words(rng.randrange(2, 6)).title()
    line = "#line(length: 100%, stroke: 0.5pt)"
    head = {
        "running": f"{sized(8, lit(name))} #h(1fr) {lit(str(number))}#v(-2mm){line}",
        "gazette": f"#align(center)[{sized(24, bold(writer.words(2).upper()))}]{line}"
        f"{lit(writer.long_date())} #h(1fr) {lit(writer.code('No. ###'))}{line}",
        "title": f"#align(center)[{sized(15, bold(name.upper()))}]\n",
        "none": "",
    }[plan["head"]]
    body = ""
    for i in range(24):
        mark = {
            "sections": f"§ {number + i}",
            "articles": f"Art. {number + i}",
            "decimal": f"{i // 4 + 1}.{i % 4 + 1}",
            "rules": f"({'abcdefghij'[i % 10]})",
        }[part]
        text = lit(writer.paragraph(rng.randrange(1, 6)))
        if part in ("sections", "articles") and plan["titles"] == "yes":
            title = bold(f"{mark} {writer.words(3).title()}")
            body += f"#align({plan['align']})[{title}]\n#par[(1) {text}]\n"
        else:
            body += f"#par[{bold(mark)} {text}]\n"
    setup = page_setup(style, margin=f"{rng.uniform(15, 30):.0f}mm", leading=rng.uniform(0.45, 0.7))
    high = style.height - rng.uniform(85, 110)
    note = f"{line}{sized(7, lit(writer.paragraph(2)))}\n" if rng.random() < 0.3 else ""
    return (
        setup
        + _serif(plan, plan["face"])
        + f"#set text(size: {rng.uniform(7.5, 11):.1f}pt)\n#set par(justify: true)\n"
        + head
        + f"#block(height: {high:.0f}mm, clip: true)"
        + f"[#columns({plan['columns']}, gutter: 6mm)[{body}]]\n"
        + note
    )


def release(plan: Plan, writer: Writer) -> str:
    """Return a press release, a notice or a newsletter of a firm: a headline and no addressee."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    word = sized(style.size * rng.uniform(1.2, 2.4), bold(writer.words(2).upper()))
    line = sized(style.size, bold(writer.sentence(4).rstrip(".").upper()))
    contact = lines([writer.person(), firm.phone, firm.mail])
    title = sized(style.size * rng.uniform(1.4, 2.2), bold(writer.sentence(8).rstrip(".")))
    top = {
        "word": f"{word}\n\n{columns(('1fr', 'auto'), (line, contact))}",
        "line": f"{line}\n\n{lit(writer.long_date())}\n\n",
        "contact": columns(("1fr", "1fr"), (contact, f"#align(right)[{line}]")),
        "centre": f"#align(center)[{word} \\ {lit(writer.long_date())}]\n",
    }[plan["top"]]
    city = lit(f"{firm.city.upper()}, {writer.long_date()} - ")
    text = "".join(
        f"#par[{city if i == 0 else ''}{lit(writer.paragraph(rng.randrange(2, 6)))}]\n"
        for i in range(rng.randrange(3, 8))
    )
    about = f"#par[{bold(firm.name)}]\n#par[{sized(style.size * 0.9, lit(writer.paragraph(3)))}]\n"
    end = {
        "marks": "#align(center)[\\# \\# \\#]\n",
        "about": about,
        "box": f"#block(stroke: 0.6pt, inset: 3mm, width: 100%)[{about}]\n",
        "none": "",
    }[plan["end"]]
    align = "center" if plan["title"] == "centre" else "left"
    return (
        page_setup(style, margin=margins(plan, plan["head"]), leading=rng.uniform(0.6, 1.0))
        + letterhead(plan, firm, plan["head"])
        + space(rng.uniform(3, 10))
        + top
        + space(4)
        + f"#align({align})[{title}]\n"
        + space(3)
        + text
        + end
    )


def title_page(plan: Plan, writer: Writer) -> str:
    """Return the title or cover of a report, a thesis, a book or a file."""
    rng, style = plan.rng, plan.style
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(20, 45))
    mark = {"logo": mark, "seal": svg(parts.seal(rng, style.accent), 34), "none": ""}[plan["mark"]]
    title = writer.sentence(rng.randrange(3, 10)).rstrip(".")
    title = title.upper() if rng.random() < 0.4 else title
    size = style.size * rng.uniform(1.5, 3.0)
    pieces = [
        mark,
        lines([writer.company(), writer.city()]),
        sized(size, bold(title)),
        lit(writer.sentence(6).rstrip(".")),
        lines([writer.person() for _ in range(rng.randrange(1, 4))]),
        lit(writer.long_date()),
        lit(writer.code("?? ##-###")),
    ]
    keep = [p for i, p in enumerate(pieces) if p and (i == 2 or rng.random() < 0.7)]
    gap = f"#v({rng.uniform(8, 34):.0f}mm)"
    line = "#line(length: 100%, stroke: 1pt)"
    body = f"\n\n{gap}".join(keep)
    if plan["frame"] == "rules":
        body = f"{line}{body}\n\n{line}"
    if plan["frame"] == "box":
        body = f"#block(stroke: 1pt, inset: 12mm, width: 100%)[{body}]\n"
    return (
        page_setup(style, margin=f"{rng.uniform(22, 36):.0f}mm")
        + _serif(plan, plan["face"])
        + space(rng.uniform(5, 50))
        + f"#align({plan['align']})[{body}]\n"
    )


def listing(plan: Plan, writer: Writer) -> str:
    """Return a list: contents, names, addresses, references, words explained, an index."""
    rng, style, shape = plan.rng, plan.style, plan["shape"]
    width = int(plan["columns"])
    rows = ""
    for i in range(rng.randrange(14, 34) * width):
        word = writer.words(rng.randrange(2, 6)).capitalize()
        rows += {
            "contents": f"#pad(left: {rng.choice((0, 0, 6))}mm)[{lit(word)} #box(width: 1fr, "
            f"repeat[.]) {lit(str(i * 3 + 1))}]\n",
            "names": f"{lit(writer.person())} #h(1fr) {lit(writer.code('###'))} \\ ",
            "addresses": f"#par[{lines([writer.person(), *writer.address()])}]\n",
            "references": f"#par(hanging-indent: 6mm)[{lit(f'[{i + 1}]')} {lit(writer.person())}: "
            f"#emph[{lit(word)}]. {lit(writer.company())}, {lit(writer.code('19##'))}.]\n",
            "words": f"#par[{bold(writer.words(1))} - {lit(writer.sentence(9))}]\n",
            "numbered": f"#par[{lit(f'{i + 1}.')} #h(3mm){lit(word)}]\n",
        }[shape]
    title = sized(style.size * 1.5, bold(writer.words(2).title()))
    head = {"centre": f"#align(center)[{title}]\n", "left": f"{title}\n\n", "none": ""}[
        plan["head"]
    ]
    high = style.height - 75
    return (
        page_setup(style, margin=f"{rng.uniform(18, 28):.0f}mm")
        + _serif(plan, plan["face"])
        + head
        + f"#block(height: {high:.0f}mm, clip: true)[#columns({width}, gutter: 7mm)[{rows}]]\n"
    )


def instructions(plan: Plan, writer: Writer) -> str:
    """Return instructions of an office or a firm: dense text, headings, boxes, a number below."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    title = bold(writer.sentence(rng.randrange(5, 12)).rstrip(".").upper())
    seal = svg(parts.seal(rng, "#111111"), rng.uniform(10, 18))
    head = {
        "office": columns(
            ("auto", "1fr"), (seal, f"#v(2mm){sized(style.size * 1.4, bold(firm.name))}")
        )
        + f"#align(center)[{title}]\n",
        "bar": f'#block(width: 100%, fill: rgb("#222222"), inset: 2.5mm)'
        f"[{sized(style.size, title, fill='#ffffff')}]\n",
        "centre": f"#align(center)[{title}]\n",
        "logo": columns(
            ("1fr", "auto"), (title, svg(parts.logo(rng, style.accent, style.tint), 16))
        ),
    }[plan["head"]]
    cells = ", ".join(
        [f"[{bold(writer.words(2).title())}]" for _ in range(2)]
        + [f"[{lines([writer.company(), *writer.address()])}]" for _ in range(rng.choice((2, 4)))]
    )
    blocks = []
    for i in range(rng.randrange(5, 12)):
        name = writer.words(rng.randrange(1, 5))
        text = lit(writer.paragraph(rng.randrange(2, 7)))
        blocks.append(
            {
                "caps": f"#par[{bold(name.upper() + '.')} {text}]\n",
                "centre": f"#align(center)[{bold(name.title())}]\n#par[{text}]\n",
                "steps": f"#par[{bold(f'{i + 1}. {name.capitalize()}.')} {text}]\n",
                "lists": f"#par[{bold(name.capitalize() + '?')}]\n"
                + bullets(writer.sentence(12) for _ in range(rng.randrange(2, 6))),
            }[plan["body"]]
        )
    extra = {
        "box": f"#block(stroke: 0.8pt, inset: 2mm, width: 100%)[{lit(writer.paragraph(3))}]\n",
        "table": f"#table(columns: (1fr, 1fr), stroke: 0.6pt, {cells})\n",
        "none": "",
    }[plan["extra"]]
    blocks.insert(rng.randrange(len(blocks)), extra)
    low = f"{lit(writer.code('FORM ##-####, ??? ####'))} #h(1fr) {lit(writer.word('page') + ' 1')}"
    return (
        page_setup(style, margin=f"{rng.uniform(13, 24):.0f}mm", leading=rng.uniform(0.45, 0.65))
        + head
        + space(4)
        + f"#block(height: 1fr, clip: true)[#columns({plan['columns']}, gutter: 7mm)"
        + f"[{''.join(blocks)}]]\n"
        + sized(style.size * 0.8, low)
    )


def minutes(plan: Plan, writer: Writer) -> str:
    """Return minutes or an agenda of a meeting: who was there, items, motions."""
    rng, style = plan.rng, plan.style
    title = bold(writer.words(rng.randrange(2, 5)).upper())
    seal = svg(parts.seal(rng, "#111111"), rng.uniform(16, 26))
    when = lines([writer.long_date(), f"{writer.code('##:##')}, {writer.city()}"])
    head = {
        "seal": f"#align(center)[{seal} \\ {title} \\ {when}]\n",
        "centre": f"#align(center)[{lit(writer.company())} \\ {title} \\ {when}]\n",
        "left": f"{title}\n\n{when}\n\n",
        "sides": columns(("1fr", "auto"), (f"{seal} \\ {title}", when)),
    }[plan["head"]]
    people = [writer.person() for _ in range(rng.randrange(3, 10))]
    there = {
        "list": f"{bold(writer.words(1).title() + ':')} \\ {lines(people)}\n\n",
        "row": f"#par[{bold(writer.words(1).title() + ':')} {lit(', '.join(people))}]\n",
        "table": columns(("1fr", "1fr"), (lines(people[::2]), lines(people[1::2]))),
        "none": "",
    }[plan["people"]]
    body = ""
    for i in range(rng.randrange(4, 11)):
        name = writer.words(rng.randrange(2, 6))
        number = {"roman": ("I", "II", "III", "IV", "V", "VI")[i % 6], "letters": "ABCDEFGHIJK"[i],
                  "numbers": str(i + 1)}[plan["numbers"]]  # fmt: skip
        body += f"#par[{bold(f'{number}.')} #h(4mm){bold(name.upper())}]\n"
        if plan["text"] != "agenda":
            body += f"#pad(left: 8mm)[{lit(writer.paragraph(rng.randrange(1, 5)))}]\n"
        if plan["text"] != "minutes":
            body += "".join(
                f"#pad(left: 14mm)[{lit(f'{number}.{k + 1}')} #h(4mm){lit(writer.sentence(7))}]\n"
                for k in range(rng.randrange(1, 4))
            )
    return (
        page_setup(style, margin=f"{rng.uniform(20, 30):.0f}mm", leading=rng.uniform(0.5, 0.9))
        + _serif(plan, plan["face"])
        + head
        + space(5)
        + there
        + space(3)
        + f"#block(height: 1fr, clip: true)[{body}]\n"
    )


def mail(plan: Plan, writer: Writer) -> str:
    """Return mail as programs print it: names and times above, quoted answers below."""
    rng, style = plan.rng, plan.style
    line = "#line(length: 100%, stroke: 1.6pt)"

    def top() -> str:
        rows = [
            ("from", f"{writer.person()} <{writer.mail()}>"),
            ("date", f"{writer.long_date()} {writer.code('##:##')}"),
            ("to", "; ".join(writer.person() for _ in range(rng.randrange(1, 5)))),
            ("subject", writer.sentence(6).rstrip(".")),
        ]
        cells = ", ".join(f"[{bold(writer.word(k) + ':')}], [{lit(v)}]" for k, v in rows)
        return f"#grid(columns: (26mm, 1fr), row-gutter: 1.6mm, {cells})\n"

    owner = bold(writer.person())
    head = {
        "owner": f"{sized(style.size * 1.2, owner)}#v(-2mm){line}{top()}",
        "plain": top(),
        "title": f"{sized(style.size * 1.5, bold(writer.words(5)))}\n\n{top()}{line}",
        "print": f"{sized(7.5, lit(writer.date()))} #h(1fr) {sized(7.5, lit(writer.site()))}"
        f"#v(5mm){top()}",
    }[plan["head"]]
    parts_ = [head]
    for index in range({"one": 1, "two": 2, "thread": rng.randrange(3, 6)}[plan["thread"]]):
        text = "".join(
            f"#par[{lit(writer.paragraph(rng.randrange(1, 4)))}]\n"
            for _ in range(rng.randrange(1, 4))
        )
        text += lines([writer.given(), writer.company(), writer.phone()][: rng.randrange(1, 4)])
        quote = {
            "rule": f"#line(length: 100%, stroke: 0.5pt){top()}{text}\n\n",
            "bar": f"#block(stroke: (left: 1.2pt), inset: (left: 3mm))[{top()}{text}]\n",
            "indent": f"#pad(left: {6 * index}mm)[{text}]\n",
        }[plan["quote"]]
        parts_.append(quote if index else f"#v(4mm){text}\n\n")
    face = style.mono if plan["face"] == "mono" else style.body
    return (
        page_setup(style, margin=f"{rng.uniform(15, 26):.0f}mm")
        + f'#set text(font: "{face}")\n'
        + f"#block(height: 1fr, clip: true)[{''.join(parts_)}]\n"
    )


_ITEMS = ("plain", "numbered", "indented", "headed", "hanging", "dashes", "topics", "capitals")

SLOTS: dict[str, Slots] = {
    "memo": {
        "head": ("word", "wide", "left", "printed", "firm", "unit", "none"),
        "block": ("colon", "caps", "spaced", "grid", "strip"),
        "line": ("yes", "no"),
        "body": _ITEMS[:-1],
        "length": tuple(_LENGTH),
        "machine": ("typed", "typed", "typed", "printed"),
        "close": ("none", "none", "signed", "right", "copies", "initials"),
        **_TYPED,
    },
    "typed-report": {
        "head": ("centre", "unit", "facts", "page", "corner"),
        "body": _ITEMS,
        "table": ("no", "no", "yes"),
        **_TYPED,
    },
    "cable": {
        "head": ("routing", "form", "plain", "title"),
        "body": ("stop", "numbered", "plain"),
        "length": tuple(_LENGTH),
        **_TYPED,
    },
    "transcript": {
        "shape": ("prose", "questions", "speakers", "outline"),
        "head": ("right", "centre", "title", "none"),
        "lines": ("none", "numbers", "ruled"),
        **_TYPED,
    },
    "court-paper": {
        "head": ("court", "counsel", "filed", "seal"),
        "caption": ("bracket", "box", "centre", "ruled"),
        "lines": ("none", "none", "numbers", "pleading"),
        "body": ("plain", "numbered", "sections"),
        "face": ("serif", "serif", "mono"),
        "stamp": ("yes", "no"),
    },
    "statute": {
        "head": ("running", "gazette", "title", "none"),
        "body": ("sections", "articles", "decimal", "rules"),
        "titles": ("yes", "no"),
        "align": ("left", "center"),
        "columns": ("1", "1", "2", "3"),
        "face": ("serif", "own"),
    },
    "press-release": {
        "head": HEADS,
        "top": ("word", "line", "contact", "centre"),
        "title": ("centre", "left"),
        "end": ("marks", "about", "box", "none"),
    },
    "title-page": {
        "mark": ("logo", "seal", "none", "none"),
        "frame": ("none", "none", "rules", "box"),
        "align": ("center", "center", "left", "right"),
        "face": ("serif", "own", "mono"),
    },
    "listing": {
        "shape": ("contents", "names", "addresses", "references", "words", "numbered"),
        "columns": ("1", "1", "2"),
        "head": ("centre", "left", "none"),
        "face": ("serif", "own", "mono"),
    },
    "instructions": {
        "head": ("office", "bar", "centre", "logo"),
        "body": ("caps", "centre", "steps", "lists"),
        "extra": ("box", "table", "none"),
        "columns": ("1", "1", "2"),
    },
    "minutes": {
        "head": ("seal", "centre", "left", "sides"),
        "people": ("list", "row", "table", "none"),
        "numbers": ("roman", "letters", "numbers"),
        "text": ("minutes", "agenda", "both"),
        "face": ("serif", "own", "mono"),
    },
    "mail": {
        "head": ("owner", "plain", "title", "print"),
        "thread": ("one", "two", "thread"),
        "quote": ("rule", "bar", "indent"),
        "face": ("own", "own", "mono"),
    },
}
