"""Letterheads and feet of firms, offices and people, shared by everything they send."""

from collections.abc import Callable
from dataclasses import dataclass

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    rule,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan


@dataclass(frozen=True, slots=True)
class Firm:
    """Who sends the document."""

    name: str
    street: str
    city: str
    phone: str
    mail: str
    site: str

    @property
    def contact(self) -> list[str]:
        """Street, city, telephone and mail, one a line."""
        return [self.street, self.city, self.phone, self.mail]

    @property
    def one_line(self) -> str:
        """Name and address in one line."""
        return f"{self.name} · {self.street} · {self.city}"


def make_firm(writer: Writer) -> Firm:
    """Make up a firm."""
    return Firm(
        writer.company(),
        writer.street(),
        writer.city(),
        writer.phone(),
        writer.mail(),
        writer.site(),
    )


def _logo(plan: Plan, size: float) -> str:
    style, rng = plan.style, plan.rng
    second = rng.choice((style.tint, "#f39c12", "#95a5a6", "#222222", style.accent))
    wide = rng.random() < 0.35
    picture = svg(ink.logo(rng, style.accent, second), size)
    if not wide:
        return picture
    word = sized(
        size * 1.1,
        bold(rng.choice("ABCDEGHKLMNPRSTVW").upper() + "&" + rng.choice("ABCKMT")),
        fill=style.accent,
        font=style.head,
    )
    return f"#stack(dir: ltr, spacing: 2mm, [{picture}], [#v({size * 0.25:.1f}mm){word}])"


def _name(plan: Plan, firm: Firm, factor: float = 1.9) -> str:
    return sized(
        plan.style.size * plan.rng.uniform(factor * 0.75, factor * 1.25),
        lit(firm.name),
        fill=plan.style.accent,
        font=plan.style.head,
        weight=plan.rng.choice(("bold", "bold", "regular")),
    )


def _small(plan: Plan, texts: list[str]) -> str:
    return sized(plan.style.size * 0.82, lines(texts))


def _logo_left(plan: Plan, firm: Firm) -> str:
    size = plan.rng.uniform(14, 32)
    right = f"#align(right)[{_small(plan, [firm.name, *firm.contact])}]"
    return columns(("auto", "1fr"), (_logo(plan, size), right))


def _logo_right(plan: Plan, firm: Firm) -> str:
    size = plan.rng.uniform(14, 34)
    left = f"{_name(plan, firm)}\n\n{_small(plan, firm.contact)}"
    return columns(("1fr", "auto"), (left, _logo(plan, size)))


def _centre(plan: Plan, firm: Firm) -> str:
    top = _logo(plan, plan.rng.uniform(12, 24)) if plan.rng.random() < 0.4 else ""
    contact = sized(plan.style.size * 0.8, lit("  ·  ".join(firm.contact[:3])))
    body = f"#align(center)[{top}\n\n{_name(plan, firm, 2.1)}\n\n{contact}]\n"
    return body + (rule(plan.style) if plan.rng.random() < 0.6 else "")


def _band(plan: Plan, firm: Firm) -> str:
    style = plan.style
    height = plan.rng.uniform(14, 38)
    name = sized(style.size * 2, bold(firm.name), fill="#ffffff", font=style.head)
    contact = sized(style.size * 0.75, lines(firm.contact[:3]), fill="#ffffff")
    inner = (
        f"#grid(columns: (1fr, auto), align: (left + horizon, right + horizon), [{name}],"
        f" [{contact}])"
    )
    fill = style.accent if style.colour else "#333333"
    band = (
        f'#block(width: {style.width}mm, height: {height:.1f}mm, fill: rgb("{fill}"), '
        f"inset: (x: {style.margin:.1f}mm, y: 3mm))[{inner}]"
    )
    shift = f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[{band}]\n"
    return shift + space(max(2.0, height - style.margin + 4))


def _split(plan: Plan, firm: Firm) -> str:
    right = f"#align(right)[{_small(plan, firm.contact)}]"
    return columns(("1fr", "1fr"), (_name(plan, firm, 2.2), right)) + rule(plan.style)


def _boxed(plan: Plan, firm: Firm) -> str:
    stroke = f'{plan.style.rule:.1f}pt + rgb("{plan.style.accent}")'
    return (
        f"#block(stroke: {stroke}, inset: 3mm, radius: {plan.rng.choice((0, 0, 2))}mm)"
        f"[{_name(plan, firm, 1.5)}\n\n{_small(plan, firm.contact)}]\n"
    )


def _plain(_plan: Plan, firm: Firm) -> str:
    return f"{bold(firm.name)} \\ {lines(firm.contact[:3])}\n"


def _right_block(plan: Plan, firm: Firm) -> str:
    block = f"{_name(plan, firm, 1.4)}\n\n{_small(plan, firm.contact)}"
    return f"#align(right)[#box(width: 62mm)[#align(left)[{block}]]]\n"


def _sidebar(plan: Plan, firm: Firm) -> str:
    style = plan.style
    text = _small(plan, [*firm.contact, firm.site])
    fill = style.tint if plan.rng.random() < 0.6 else style.accent
    colour = "#ffffff" if fill == style.accent and style.colour else "#222222"
    side = (
        f'#block(width: 42mm, height: {style.height}mm, fill: rgb("{fill}"), inset: 5mm)'
        f'[#set text(fill: rgb("{colour}"))\n{_logo(plan, 24)}\n\n{bold(firm.name)}\n\n{text}]'
    )
    return f"#place(top + left, dx: -46mm, dy: -{style.margin:.1f}mm)[{side}]\n"


def _wedge(plan: Plan, firm: Firm) -> str:
    style = plan.style
    wedge = (
        f'#polygon(fill: rgb("{style.accent}"), (0mm, 0mm), ({plan.rng.uniform(70, 150):.0f}mm,'
        f" 0mm), (0mm, {plan.rng.uniform(20, 55):.0f}mm))"
    )
    put = f"#place(top + left, dx: -{style.margin:.1f}mm, dy: -{style.margin:.1f}mm)[{wedge}]\n"
    return put + f"#align(right)[{_name(plan, firm)}\n\n{_small(plan, firm.contact[:3])}]\n"


def _double_rule(plan: Plan, firm: Firm) -> str:
    top = rule(plan.style, width=2.5) + _name(plan, firm, 2.4) + "\n"
    return top + rule(plan.style, width=0.5) + _small(plan, [" | ".join(firm.contact)]) + "\n"


_HEADS: dict[str, Callable[[Plan, Firm], str]] = {
    "logo-left": _logo_left,
    "logo-right": _logo_right,
    "centre": _centre,
    "band": _band,
    "split": _split,
    "boxed": _boxed,
    "plain": _plain,
    "right-block": _right_block,
    "sidebar": _sidebar,
    "wedge": _wedge,
    "double-rule": _double_rule,
}

HEADS: tuple[str, ...] = tuple(_HEADS)
"""The letterheads there are."""
FEET: tuple[str, ...] = ("columns", "line", "none", "bar", "page-number", "fine-print")
"""The page feet there are."""


def letterhead(plan: Plan, firm: Firm, part: str) -> str:
    """Return the markup of letterhead ``part``, one of ``HEADS``."""
    return _HEADS[part](plan, firm)


def margins(plan: Plan, part: str) -> str:
    """Return the page margins that letterhead ``part`` needs."""
    if part != "sidebar":
        return ""
    edge = plan.style.margin
    return f"(left: 50mm, right: {min(edge, 18.0):.1f}mm, top: {edge:.1f}mm, bottom: {edge:.1f}mm)"


def foot(plan: Plan, firm: Firm, writer: Writer, part: str) -> str:
    """Return the foot ``part``, one of ``FEET``, placed at the bottom of the page."""
    small = plan.style.size * 0.72
    inner = ""
    if part == "columns":
        cells = [
            lines([firm.name, firm.street, firm.city]),
            lines([firm.phone, firm.mail, firm.site]),
            lines(
                [
                    writer.word("bank") + " " + writer.family(),
                    writer.iban(),
                    writer.code("BIC ????##??"),
                ]
            ),
        ]
        if plan.rng.random() < 0.5:
            cells.append(
                lines([writer.code("HRB ######"), writer.code("ID ###/###/####"), writer.person()])
            )
        line = rule(plan.style, width=0.4) if plan.rng.random() < 0.7 else ""
        inner = line + columns(["1fr"] * len(cells), cells)
    elif part == "line":
        inner = (
            f"#align(center)[{lit(f'{firm.name} · {firm.street} · {firm.city} · {firm.phone}')}]"
        )
    elif part == "bar":
        fill = plan.style.accent if plan.style.colour else "#444444"
        words = sized(small, lit(f"{firm.site}    {firm.phone}    {firm.mail}"), fill="#ffffff")
        inner = f'#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[#align(center)[{words}]]'
    elif part == "page-number":
        inner = (
            f"#align({plan.rng.choice(('center', 'right'))})[{lit(writer.word('page') + ' 1 / 1')}]"
        )
    elif part == "fine-print":
        inner = f"#set par(justify: true)\n{lit(writer.paragraph(5))}"
    if not inner:
        return ""
    offset = plan.style.margin * 0.45
    body = sized(small, inner)
    return f"#place(bottom + left, dy: {offset:.1f}mm, float: false)[#block(width: 100%)[{body}]]\n"
