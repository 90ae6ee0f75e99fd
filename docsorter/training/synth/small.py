"""Neighbours that are small or showy: receipts, cards, tickets, certificates, slides, flyers."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.letterhead import make_firm
from docsorter.training.synth.markup import (
    bold,
    columns,
    lines,
    lit,
    pairs,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

SLOTS: dict[str, Slots] = {
    "receipt": {
        "head": ("centre", "logo", "left"),
        "rows": ("few", "many", "long"),
        "rules": ("dashes", "stars", "lines"),
        "end": ("barcode", "matrix", "text", "card"),
    },
    "id-card": {
        "shape": ("licence", "identity", "passport", "member"),
        "photo": ("left", "right"),
        "ground": ("waves", "flat", "guilloche"),
        "band": ("top", "bottom", "none"),
    },
    "business-card": {
        "align": ("left", "centre", "right"),
        "logo": ("yes", "no", "large"),
        "ground": ("white", "dark", "tint"),
    },
    "ticket": {
        "shape": ("boarding", "rail", "event"),
        "code": ("matrix", "barcode", "both"),
        "fold": ("stub", "none"),
    },
}


def small_page(
    plan: Plan,
    width: float,
    height: float,
    *,
    margin: str = "4mm",
    fill: str = "#ffffff",
    size: float | None = None,
    font: str = "",
) -> str:
    """Return the preamble of a page of ``width`` by ``height`` millimetres."""
    return (
        f"#set page(width: {width:.1f}mm, height: {height:.1f}mm, margin: {margin}, fill:"
        f' rgb("{fill}"))\n#set text(font: "{font or plan.style.body}", size:'
        f" {size or plan.style.size:.1f}pt)\n#set par(leading: 0.5em, spacing: 0.8em)\n"
    )


def receipt(plan: Plan, writer: Writer) -> str:
    """Return a till receipt, narrow and long."""
    rng, firm = plan.rng, make_firm(writer)
    count = {"few": 3, "many": 9, "long": 20}[plan["rows"]]
    width = rng.choice((58.0, 80.0, 80.0))
    chars = 28 if width < 60 else 38
    mark = {"dashes": "-", "stars": "*", "lines": "_"}[plan["rules"]] * chars
    logo = svg(ink.logo(rng, "#222222", "#777777"), 14) + "\n\n" if plan["head"] == "logo" else ""
    align = "left" if plan["head"] == "left" else "center"
    head = (
        f"#align({align})[{logo}{bold(firm.name.upper())} \\"
        f" {lines([firm.street, firm.city, firm.phone])}]\n"
    )
    rows = [
        (writer.item()[: chars - 12], writer.rng.uniform(0.5, 60))
        for _ in range(rng.randrange(1, count) + 1)
    ]
    total = sum(price for _, price in rows)
    body = "".join(
        f"{lit(name.upper())} #h(1fr) {lit(writer.plain_money(price))} \\ " for name, price in rows
    )
    sums = sized(11, f"{bold(writer.word('total').upper())} #h(1fr) {bold(writer.money(total))}")
    end = {
        "barcode": svg(ink.barcode(rng), 42),
        "matrix": svg(ink.matrix_code(rng), 24),
        "text": lit(writer.sentence(6)),
        "card": lines([writer.code("VISA **** **** **** ####"), writer.code("AUTH ######")]),
    }[plan["end"]]
    when = f"{writer.date()} {writer.code('##:##')} #h(1fr) {writer.code('####')}"
    setup = (
        f"#set page(width: {width}mm, height: auto, margin: 4mm)\n#set text(font:"
        f' "{plan.style.mono}", size: {7.4 if width < 60 else 8.2}pt)\n#set par(leading: 0.5em)\n'
    )
    return (
        setup + f"{head}{lit(mark)} \\ {lit(when.replace(' #h(1fr) ', '   '))} \\ {lit(mark)} \\"
        f" {body}{lit(mark)} \n\n{sums}\n\n#align(center)[{end} \\"
        f" {lit(writer.word('thanks'))}]\n"
    )


def _portrait(plan: Plan, width: float) -> str:
    rng = plan.rng
    skin, hair, coat = (
        rng.choice(("#e0b899", "#c68f65", "#8d5a3b", "#f0cfb4")),
        rng.choice(("#2b1b10", "#6b4423", "#b08d57", "#777777")),
        rng.choice(("#2d3e50", "#7b241c", "#1e5945")),
    )
    picture = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 70 90'><rect width='70' height='90'"
        f" fill='#cfd8dc'/><path d='M5 90 Q8 62 35 60 Q62 62 65 90 Z' fill='{coat}'/><rect x='28'"
        f" y='48' width='14' height='18' fill='{skin}'/><ellipse cx='35' cy='36'"
        f" rx='{rng.randrange(14, 19)}' ry='21' fill='{skin}'/><path d='M{rng.randrange(13, 19)} 36"
        f" Q18 8 35 {rng.randrange(8, 14)} Q52 8 {rng.randrange(51, 57)} 36 Q46 22 35 22 Q24 22 18"
        f" 36' fill='{hair}'/></svg>"
    )
    return svg(picture, width)


def id_card(plan: Plan, writer: Writer) -> str:
    """Return an identity card, licence or passport page of no real state."""
    rng, style = plan.rng, plan.style
    width, height = (125.0, 88.0) if plan["shape"] == "passport" else (85.6, 54.0)
    fill = rng.choice(("#e3f2fd", "#fce4ec", "#e8f5e9", "#fff3e0", "#ede7f6", "#ffffff"))
    waves = ""
    if plan["ground"] != "flat":
        waves = "".join(
            f"#place(top + left, dx: -4mm, dy: {y}mm)[#curve(stroke: 0.4pt +"
            f' rgb("{style.accent}60"), curve.move((0mm, 0mm)),'
            f" curve.cubic(({rng.randrange(10, 40)}mm, -{rng.randrange(4, 14)}mm),"
            f" ({rng.randrange(40, 80)}mm, {rng.randrange(4, 14)}mm), ({width:.0f}mm, 0mm)))]\n"
            for y in range(2, int(height), 3 if plan["ground"] == "guilloche" else 8)
        )
    band = ""
    if plan["band"] != "none":
        edge = "top" if plan["band"] == "top" else "bottom"
        shift = -4 if edge == "top" else 4
        band = (
            f"#place({edge} + left, dx: -4mm, dy: {shift}mm)[#rect(width: {width}mm, height: 9mm,"
            " fill:"
            f' rgb("{style.accent}"))[{sized(9, bold(writer.city().upper()), fill="#ffffff")}]]\n'
        )
    rows = [
        (writer.word(k)[:12], v)
        for k, v in (
            ("name", writer.family().upper()),
            ("first_name", writer.given().upper()),
            ("birth", writer.past_date()),
            ("number", writer.code("?########")),
            ("date", writer.date(2000)),
        )
    ]
    facts = sized(6.2, pairs(rows, 1.5)) + Pen(rng).sign(16)
    cells, widths = (_portrait(plan, width * 0.26), facts), ("auto", "1fr")
    if plan["photo"] == "right":
        cells, widths = cells[::-1], widths[::-1]
    zone = ""
    if plan["shape"] in ("passport", "identity"):
        code = lines(
            [writer.code("P<???" + "#" * 8 + "<" * 18), writer.code("#########?" + "<" * 20)]
        )
        zone = f'#place(bottom + left)[#text(font: "{style.mono}", size: 6.5pt)[{code}]]\n'
    return (
        small_page(plan, width, height, fill=fill, size=7)
        + waves
        + band
        + space(6)
        + columns(widths, cells, 3)
        + zone
    )


def business_card(plan: Plan, writer: Writer) -> str:
    """Return a business card."""
    style, firm = plan.style, make_firm(writer)
    fill = {"white": "#ffffff", "dark": "#263238", "tint": style.tint}[plan["ground"]]
    colour = "#ffffff" if plan["ground"] == "dark" else "#222222"
    logo = (
        ""
        if plan["logo"] == "no"
        else svg(
            ink.logo(plan.rng, style.accent, style.tint), 22 if plan["logo"] == "large" else 11
        )
        + "\n\n"
    )
    align = {"centre": "center"}.get(plan["align"], plan["align"])
    text = (
        f"{logo}{sized(11, bold(writer.person()), fill=colour)} \\"
        f" {sized(6.5, lines([firm.name, *firm.contact, firm.site]), fill=colour)}"
    )
    return small_page(plan, 85, 55, fill=fill, size=8) + f"#align({align} + horizon)[{text}]\n"


def ticket(plan: Plan, writer: Writer) -> str:
    """Return a ticket for a train, a plane or an evening."""
    rng, style = plan.rng, plan.style
    width, height = {"boarding": (190.0, 80.0), "rail": (200.0, 270.0), "event": (170.0, 70.0)}[
        plan["shape"]
    ]
    codes = {"matrix": svg(ink.matrix_code(rng), 34), "barcode": svg(ink.barcode(rng), 55)}
    code = codes.get(plan["code"]) or codes["matrix"] + "\n\n" + codes["barcode"]
    title = sized(17, bold(writer.words(2).title()), fill=style.accent)
    rows = [
        (writer.word(k), v)
        for k, v in (
            ("from", writer.city()),
            ("to", writer.city()),
            ("date", writer.date()),
            ("time", writer.code("##:##")),
            ("number", writer.code("??####")),
            ("price", writer.money(rng.uniform(9, 300))),
        )
    ]
    stub = (
        f"#place(top + right)[#line(angle: 90deg, length: {height - 10:.0f}mm, stroke: (thickness:"
        ' 0.6pt, dash: "dashed"))]'
        if plan["fold"] == "stub"
        else ""
    )
    more = ""
    if plan["shape"] == "rail":
        cells = ", ".join(f"[{lit(writer.words(2))}]" for _ in range(20))
        more = (
            f'#table(columns: (1fr, 1fr, 1fr, 1fr), stroke: 0.4pt + rgb("{style.accent}"),'
            f" {cells})\n{lit(writer.paragraph(5))}"
        )
    return (
        small_page(plan, width, height, margin="7mm")
        + stub
        + columns(("1fr", "auto"), (f"{title}\n\n{pairs(rows, 8)}", code))
        + space(4)
        + more
    )
