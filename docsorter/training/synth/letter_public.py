"""Letters of public offices and short ones: columns beside the text, panels, a centred mark."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.letterhead import Firm, make_firm
from docsorter.training.synth.markup import bold, columns, lines, lit, page_setup, sized, space, svg
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
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
    mark = svg(ink.seal(rng, style.accent), rng.uniform(8, 16))
    logo = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(9, 20))
    who = lines([writer.person(), *writer.address()])
    name = bold(firm.name)
    beside = f"{mark} \\ {name} \\ \\ {_beside(writer, firm)}"
    date = lit(writer.long_date())
    gap = space(rng.uniform(6, 24))
    return {
        "side": columns(("1fr", "58mm"), (f"{gap}{who}", beside)),
        "mark-right": f"#align(right)[{logo}]\n" + who + gap + date,
        "mark-left": f"{mark} {name}\n\n{gap}{who}\n\n{gap}{date}",
        "code-left": svg(ink.matrix_code(rng), 9) + gap + who + gap + date,
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
    mark = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(18, 30))
    large = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(32, 48))
    head = {
        "centre-mark": f"#align(center)[{mark}]\n",
        "centre-large": f"#align(center)[{large}]\n",
        "centre-name": f"#align(center)[{sized(style.size * 1.7, bold(firm.name))}]\n",
        "corner-mark": mark + "\n\n",
        "two-marks": columns(("1fr", "auto"), (mark, svg(ink.seal(rng, style.accent), 22))),
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
    mark = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(10, 22))
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
