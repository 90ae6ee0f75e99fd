"""Letters as templates set them: by DIN 5008 and its like, to apply for a post, of an office."""

from starter import parts
from starter.parts import Firm, Pen, make_firm
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
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# What these letters share: face, text, close.

_COUNT = {"line": (1, 1), "short": (2, 2), "medium": (3, 4), "long": (5, 6), "full": (8, 11)}
_SIGNS = ("printed", "signed", "signed", "script", "centre", "right", "none")
_BODIES = ("justified", "justified", "ragged", "indented", "list", "quote", "headed", "table")


def _setup(plan: Plan, margin: str) -> str:
    """Return the set-up of the page in the face of part ``face``."""
    rng = plan.rng
    face = {
        "book": rng.choice(font_book().faces("book", plan.split)),
        "sans": rng.choice(font_book().faces("sans", plan.split)),
        "own": plan.style.body,
        "mono": plan.style.mono,
    }[plan["face"]]
    lead = rng.uniform(0.5, 0.85)
    return (
        page_setup(plan.style, margin=margin, leading=lead)
        + f'#set text(font: "{face}", size: {rng.uniform(9.2, 12.2):.1f}pt)\n'
        + ("#set par(justify: true)\n" if plan["body"] in ("justified", "headed") else "")
    )


def _text(plan: Plan, writer: Writer) -> str:
    """Return the paragraphs in the manner of part ``body``."""
    rng, part = plan.rng, plan["body"]
    count = rng.randint(*_COUNT[plan["length"]])
    long = plan["length"] in ("long", "full")
    indent = "#h(6mm)" if part == "indented" else ""
    blocks = [
        f"#par[{indent}{lit(writer.paragraph(rng.randrange(1, 7 if long else 5)))}]\n"
        for _ in range(count)
    ]
    if part == "headed":
        blocks = [f"#par[{bold(writer.words(3).capitalize())}]\n{b}" for b in blocks]
    cells = ", ".join(f"[{lit(writer.words(2))}]" for _ in range(3 * rng.randrange(2, 6)))
    extra = {
        "list": bullets(writer.sentence(8) for _ in range(rng.randrange(2, 6))),
        "quote": f"#pad(x: 9mm)[#emph[{lit(writer.sentence(16))}]]\n",
        "table": f"#table(columns: (1fr, auto, auto), stroke: 0.4pt, {cells})\n",
    }.get(part, "")
    blocks.insert(rng.randrange(1, count + 1), extra)
    return "".join(blocks)


def _signature(plan: Plan, name: str) -> str:
    """Return a name written with a pen, or set in a script as templates do."""
    rng = plan.rng
    if plan["close"] == "script":
        face = rng.choice(font_book().faces("script", plan.split))
        return sized(rng.uniform(18, 34), lit(name), font=face)
    if plan["close"] in ("printed", "none"):
        return space(rng.choice((2, 8, 14)))
    return Pen(rng).sign(rng.uniform(24, 48))


def _close(plan: Plan, writer: Writer) -> str:
    """Return the greeting and who signs in the manner of part ``close``."""
    rng, part = plan.rng, plan["close"]
    name = writer.person()
    greeting = lit(writer.word("regards"))
    if part == "none":
        return f"{greeting}\n\n{lit(name)}\n"
    who = lines([name, writer.words(2).title(), writer.company()][: rng.randrange(1, 4)])
    block = f"{greeting}\n\n{_signature(plan, name)}\n\n{who}"
    left = {"centre": "42%", "right": "56%"}.get(part, "0%")
    more = ""
    if rng.random() < 0.3:
        more = f"\n\n{lit(writer.word('enclosure'))}: {lit(writer.words(3))}\n"
    return space(rng.uniform(2, 6)) + f"#pad(left: {left})[{block}]\n" + more


# ----------------------------------------------------------------------
# Letters with a window: the standards of Germany, Switzerland, France, Britain and the States.

# Where the address field begins, its left edge, and where the text begins, in millimetres.
_FIELDS = {
    "din-a": (27.0, 24.0, 82.0),
    "din-b": (45.0, 24.0, 98.0),
    "swiss": (46.0, 118.0, 100.0),
    "french": (42.0, 108.0, 92.0),
    "c5": (38.0, 22.0, 88.0),
}


def _sender(plan: Plan, firm: Firm) -> str:
    """Return the sender above a window, placed in the manner of part ``sender``."""
    rng, style = plan.rng, plan.style
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(14, 34))
    small = style.size * rng.uniform(0.8, 1.05)
    name = sized(style.size * rng.uniform(1.1, 2.0), bold(firm.name), font=style.head)
    block = sized(small, lines([*firm.contact, firm.site]))
    right = f"#align(right)[{sized(small, bold(firm.name))} \\ {block}]"
    return {
        "right": right,
        "left": f"{name} \\ {block}",
        "centre": f"#align(center)[{name} \\ {sized(small, lit(', '.join(firm.contact[:3])))}]",
        "logo": f"#align(right)[{mark} \\ {block}]",
        "logo-name": columns(("auto", "1fr", "auto"), (mark, "", name)),
        "ruled": f"#align(center)[{name}]#line(length: 100%, stroke: 0.5pt)"
        f"#align(right)[{sized(small, lit(firm.site))}]",
        "none": "",
    }[plan["sender"]]


def _window(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return the address field with what part ``window`` puts around it."""
    rng = plan.rng
    who = [writer.company(), writer.person(), *writer.address()][rng.randrange(2) :]
    back = sized(plan.style.size * 0.62, f"#underline[{lit(firm.one_line)}]")
    text = lines(who)
    return {
        "back": f"{back}#v(1mm){text}",
        "plain": text,
        "ruled": f"{back}#v(-1mm)#line(length: 84mm, stroke: 0.4pt){text}",
        "boxed": f"#rect(width: 85mm, height: 40mm, stroke: 0.4pt)[{back}#v(1mm){text}]",
    }[plan["window"]]


def _facts(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return date and references below a window in the manner of part ``reference``."""
    part, rng = plan["reference"], plan.rng
    rows = [
        (writer.word("your_ref"), writer.code("??/##")),
        (writer.word("our_ref"), writer.code("##-????")),
        (writer.word("customer"), writer.code("######")),
        (writer.word("date"), writer.date()),
    ][rng.randrange(2) :]
    small = plan.style.size * 0.8
    cells = [f"{sized(small, lit(a))} \\ {lit(b)}" for a, b in rows]
    place_date = f"{firm.city.rsplit(' ', maxsplit=1)[-1]}, {writer.long_date()}"
    return {
        "strip": columns(["1fr"] * len(cells), cells),
        "boxed": f"#table(columns: ({'1fr, ' * len(cells)}), stroke: 0.4pt, "
        + ", ".join(f"[{c}]" for c in cells)
        + ")\n",
        "right": f"#align(right)[{lit(place_date)}]\n",
        "left": f"{lit(writer.long_date())}\n\n",
        "date": f"#align(right)[{lit(writer.date())}]\n",
    }[part]


def _subject(plan: Plan, writer: Writer) -> str:
    text = writer.sentence(plan.rng.randrange(3, 9)).rstrip(".")
    return {
        "bold": f"{bold(text)}\n\n",
        "named": f"{bold(writer.word('subject') + ':')} {lit(text)}\n\n",
        "centre": f"#align(center)[{bold(text)}]\n",
        "none": "",
    }[plan["subject"]]


def _foot(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return the foot of the page in the manner of part ``foot``."""
    cells = [
        lines([firm.name, firm.street, firm.city]),
        lines([firm.phone, firm.mail, firm.site]),
        lines([writer.word("bank"), writer.iban(), writer.code("????##??")]),
        lines([writer.code("HRB #####"), writer.code("ID ##/###/###"), writer.person()]),
    ][: plan.rng.randrange(2, 5)]
    line = "#line(length: 100%, stroke: 0.4pt)"
    inner = {
        "columns": line + columns(["1fr"] * len(cells), cells),
        "bare": columns(["1fr"] * len(cells), cells),
        "centre": f"#align(center)[{line}{lit('  |  '.join(firm.contact[:3]))}]",
        "number": f"#align({plan.rng.choice(('center', 'right'))})[{lit('1')}]",
        "none": "",
    }[plan["foot"]]
    small = sized(plan.style.size * 0.7, inner)
    return f"#place(bottom + left, dy: 14mm)[#block(width: 100%)[{small}]]\n"


def _folds(plan: Plan) -> str:
    """Return the marks at the left edge where a sheet is folded and punched."""
    at = (87, 148.5, 192) if plan["sender"] in ("left", "none") else (105, 148.5, 210)
    tick = f"#line(length: {plan.rng.uniform(2, 6):.0f}mm, stroke: 0.4pt)"
    return "".join(place(-21, y - 16, tick) for y in at) if plan["folds"] == "yes" else ""


def standard(plan: Plan, writer: Writer) -> str:
    """Return a letter for an envelope with a window, as LaTeX and Typst templates set it."""
    rng, firm = plan.rng, make_firm(writer)
    top, left, text = _FIELDS[plan["form"]]
    head = f"#box(width: 100%, height: {top - 6:.0f}mm)[{_sender(plan, firm)}]"
    dear = lit(f"{writer.word('dear')} {writer.family()},")
    return (
        _setup(plan, "(left: 25mm, right: 20mm, top: 16mm, bottom: 26mm)")
        + place(0, -6, head, plan.style.width - 45)
        + place(left - 25, top - 16, _window(plan, writer, firm))
        + _folds(plan)
        + space(text - 16 + rng.uniform(-4, 6))
        + _facts(plan, writer, firm)
        + space(rng.uniform(3, 9))
        + _subject(plan, writer)
        + dear
        + "\n\n"
        + _text(plan, writer)
        + _close(plan, writer)
        + _foot(plan, writer, firm)
    )


# ----------------------------------------------------------------------
# Letters that apply for a post or go with a paper, and those on the heads of institutes.


def _cover_head(plan: Plan, writer: Writer, firm: Firm) -> str:
    rng, style = plan.rng, plan.style
    fill = style.accent if style.colour else "#111111"
    name = sized(
        style.size * rng.uniform(1.8, 3.2), bold(writer.person()), fill=fill, font=style.head
    )
    row = sized(style.size * 0.85, lit(rng.choice(("  |  ", "  ·  ", "   ")).join(firm.contact)))
    line = f'#line(length: 100%, stroke: {rng.uniform(0.4, 1.6):.1f}pt + rgb("{fill}"))'
    mark = svg(parts.logo(rng, style.accent, style.tint), rng.uniform(18, 42))
    seal = svg(parts.seal(rng, fill), rng.uniform(18, 28))
    unit = sized(style.size * 0.95, lines([writer.words(3).title(), *firm.contact[:3]]))
    wide = sized(style.size * rng.uniform(1.6, 2.6), lit(firm.name.upper()), fill=fill)
    return {
        "name-left": f"{name} \\ {lit(writer.words(3).title())}\n\n{row}{line}",
        "name-centre": f"#align(center)[{name} \\ {row}]{line}",
        "name-right": f"#align(right)[{name} \\ {lines(firm.contact)}]\n",
        "plain": f"{lines([writer.person(), *firm.contact])}\n\n",
        "institute": columns(("auto", "1fr"), (wide, f"#align(right)[{unit}]")) + line,
        "logo-right": columns(("1fr", "auto"), (unit, mark)),
        "logo-centre": f"#align(center)[{mark} \\ {sized(style.size * 0.8, lit(firm.city))}]\n",
        "two-marks": columns(("auto", "1fr", "auto"), (mark, "", seal)),
        "mark-name": columns(("auto", "1fr"), (seal, f"#v(4mm){wide}")) + line,
    }[plan["head"]]


def cover(plan: Plan, writer: Writer) -> str:
    """Return a letter that flows below its head: an application, a letter of an institute."""
    rng, firm = plan.rng, make_firm(writer)
    gap = space(rng.uniform(4, 14))
    who = lines([writer.person(), writer.company(), *writer.address()][: rng.randrange(2, 5)])
    date = lit(writer.long_date() if rng.random() < 0.75 else writer.date())
    start = {
        "date-right": f"#align(right)[{date}]\n{gap}{who}\n\n",
        "who-date": f"{who}\n\n{gap}{date}\n\n",
        "date-who": f"{date}\n\n{gap}{who}\n\n",
        "side": columns(("1fr", "auto"), (who, date)),
        "right": f"#align(right)[{who} \\ \\ {date}]\n",
        "date": f"{date}\n\n",
    }[plan["start"]]
    edge = {"narrow": rng.uniform(16, 22), "usual": 25.4, "wide": rng.uniform(30, 44)}[plan["edge"]]
    dear = lit(f"{writer.word('dear')} {writer.family()},")
    return (
        _setup(plan, f"(x: {edge:.1f}mm, top: {rng.uniform(14, 30):.0f}mm, bottom: 26mm)")
        + _cover_head(plan, writer, firm)
        + gap
        + start
        + gap
        + _subject(plan, writer)
        + dear
        + "\n\n"
        + _text(plan, writer)
        + _close(plan, writer)
        + _foot(plan, writer, firm)
    )


# ----------------------------------------------------------------------
# Notices of offices: a seal, a column of facts, bold questions, the number of the form below.


def _office_head(plan: Plan, writer: Writer, firm: Firm) -> str:
    """Return the head of an office: its seal, names of officers, the lines of a filing."""
    rng, style = plan.rng, plan.style
    seal = svg(parts.seal(rng, "#111111"), rng.uniform(16, 26))
    name = sized(style.size * 1.15, bold(firm.name))
    label = sized(style.size * 0.85, lines([writer.words(2).title(), *firm.contact[:2]]))
    small = style.size * 0.85
    facts = " \\ ".join(
        f"{sized(small, bold(writer.words(rng.randrange(1, 4)).capitalize() + ':'))} \\ "
        f"{sized(small, lit(value))}"
        for value in (
            writer.long_date(), writer.code("##-#######"), writer.person(), writer.phone(),
            writer.words(1).title(), writer.code("######"),
        )[: rng.randrange(2, 7)]
    )  # fmt: skip
    who = lines([writer.company().upper(), *(a.upper() for a in writer.address())])
    filed = sized(
        8.5, lit(f"{writer.code('##-####    #-#')}    {writer.words(2)}    {writer.date()}")
    )
    officer = sized(style.size * 0.8, lines([writer.person().upper(), writer.words(1).upper()]))
    centre = f"#align(center)[{seal} \\ {name} \\ {sized(style.size * 0.8, lit(firm.city))}]"
    sides = columns(("1fr", "1.6fr", "1fr"), (officer, centre, f"#align(right)[{officer}]"))
    more = " \\ \\ ".join(
        lines([writer.person(), *writer.address()]) for _ in range(rng.randrange(1, 5))
    )
    return {
        "facts": columns(("1fr", "58mm"), (f"{seal} {name} \\ {label}{space(14)}{who}", facts)),
        "officers": sides + space(6) + who,
        "filed": place(16, -12, filed) + sides + space(5) + more,
        "centre": centre + space(6) + columns(("1fr", "auto"), (who, lit(writer.long_date()))),
        "corner": columns(("1fr", "auto"), (f"{lit(writer.long_date())} \\ \\ {who}", seal)),
        "bar": f"{seal} {name}#line(length: 100%, stroke: 1.2pt)"
        + columns(("1fr", "58mm"), (who, facts)),
    }[plan["head"]]


def office(plan: Plan, writer: Writer) -> str:
    """Return a notice of a public office to one person or firm."""
    rng, style, firm = plan.rng, plan.style, make_firm(writer)
    title = sized(style.size * rng.uniform(1.3, 1.8), bold(writer.sentence(6).rstrip(".")))
    dear = lit(f"{writer.word('dear')} {writer.family()}{rng.choice(',:')}")
    code = f"{bold(writer.code('### #### (?)'))} \\ {lit(writer.code('##-####'))}"
    low = {
        "code": f"#align(right)[{code}]",
        "page": f"{lit(writer.code('??-####'))} #h(1fr) {lit(writer.word('page') + ' 1')}",
        "matrix": f"#align(right)[{svg(parts.matrix_code(rng), 14)}]",
        "none": "",
    }[plan["low"]]
    return (
        _setup(plan, f"(x: {rng.uniform(18, 27):.0f}mm, top: 18mm, bottom: 24mm)")
        + _office_head(plan, writer, firm)
        + space(rng.uniform(5, 16))
        + (title + "\n\n" if plan["title"] == "yes" else "")
        + dear
        + "\n\n"
        + _text(plan, writer)
        + _close(plan, writer)
        + f"#place(bottom + left, dy: 14mm)[#block(width: 100%)[{low}]]\n"
    )


_COMMON: Slots = {
    "body": _BODIES,
    "length": tuple(_COUNT),
    "close": _SIGNS,
    "face": ("book", "book", "sans", "own"),
}

SLOTS: dict[str, Slots] = {
    "letter-standard": {
        "form": ("din-a", "din-b", "din-b", "swiss", "french", "c5"),
        "sender": ("right", "left", "centre", "logo", "logo-name", "ruled", "none"),
        "window": ("back", "back", "plain", "ruled", "boxed"),
        "reference": ("strip", "boxed", "right", "left", "date"),
        "subject": ("bold", "bold", "named", "none"),
        "foot": ("columns", "bare", "centre", "number", "none", "none"),
        "folds": ("yes", "no"),
        **_COMMON,
    },
    "letter-cover": {
        "head": (
            "name-left", "name-centre", "name-right", "plain", "institute", "logo-right",
            "logo-centre", "two-marks", "mark-name",
        ),
        "start": ("date-right", "who-date", "date-who", "side", "right", "date"),
        "subject": ("none", "none", "bold", "named", "centre"),
        "edge": ("narrow", "usual", "wide"),
        "foot": ("none", "none", "centre", "number", "bare"),
        **_COMMON,
    },
    "letter-office": {
        "head": ("facts", "officers", "filed", "centre", "corner", "bar"),
        "title": ("yes", "no"),
        "low": ("code", "page", "matrix", "none"),
        **_COMMON,
    },
}  # fmt: skip
