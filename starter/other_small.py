"""None of the labels: receipts, cards, tickets, notes, certificates, flyers."""

from starter import parts
from starter.parts import Pen, make_firm
from starter.typesetting import (
    SCRIPTS,
    Plan,
    Slots,
    Writer,
    bold,
    columns,
    font_book,
    lines,
    lit,
    locale_named,
    pairs,
    place,
    rule,
    sized,
    space,
    svg,
)

# ----------------------------------------------------------------------
# Neighbours that are small or showy: receipts, cards, tickets, certificates, slides, flyers.


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


def _sold(plan: Plan, writer: Writer, chars: int) -> tuple[str, float]:
    """Return the lines of a receipt in the manner of parts ``shop`` and ``lines``, and the sum."""
    rng, shop = writer.rng, plan["shop"]
    count = {"few": 3, "many": 9, "long": 20}[plan["rows"]]
    one = {"taxi": "fare", "fuel": "fuel", "parking": "parking", "card-slip": "amount"}.get(shop)
    names = [writer.word(one)] if one else []
    names = names or [writer.item()[: chars - 12] for _ in range(rng.randrange(1, count) + 1)]
    total, rows = 0.0, []
    for word in names:
        number, price = rng.choice((1, 1, 1, 2, 3)), rng.uniform(0.5, 60)
        total += number * price
        name = word.upper() if shop != "restaurant" else word
        pay, each = writer.plain_money(number * price), writer.plain_money(price)
        rows.append(
            {
                "plain": f"{lit(name)} #h(1fr) {lit(pay)}",
                "first": f"{lit(f'{number} {name}')} #h(1fr) {lit(pay)}",
                "below": f"{lit(name)} \\ {lit(f'   {number} x {each}')} #h(1fr) {lit(pay)}",
                "letter": f"{lit(name)} #h(1fr) {lit(pay + rng.choice((' A', ' B')))}",
            }[plan["lines"]]
        )
    return " \\ ".join(rows), total


def _receipt_facts(plan: Plan, writer: Writer) -> str:
    """Return when, where and by whom: one or several lines."""
    rng, shop = writer.rng, plan["shop"]
    rows = [
        (writer.word("date"), f"{writer.date()} {writer.code('##:##')}"),
        (writer.word("number"), writer.code("######")),
        (writer.word("served"), writer.given()),
    ]
    extra = {
        "restaurant": [(writer.word("table"), writer.code("##"))],
        "taxi": [(writer.word("from"), writer.street()), (writer.word("to"), writer.street())],
        "fuel": [(writer.word("qty"), writer.code("##,## L")), (writer.word("price"), "1,879")],
        "parking": [
            (writer.word("arrival"), writer.code("##:##")),
            (writer.word("departure"), writer.code("##:##")),
        ],
        "card-slip": [
            ("Terminal-ID", writer.code("########")), ("TA-Nr", writer.code("######")),
            (writer.word("card"), writer.code("XXXX ####")), ("AID", writer.code("A00000####")),
        ],
    }.get(shop, [])  # fmt: skip
    if not extra and rng.random() < 0.5:
        return lit("   ".join(value for _, value in rows))
    chosen = [*rows[: rng.randrange(1, 4)], *extra]
    if rng.random() < 0.5:
        return " \\ ".join(f"{lit(name)} #h(1fr) {lit(value)}" for name, value in chosen)
    return lines(f"{name}: {value}" for name, value in chosen)


def _receipt_sums(plan: Plan, writer: Writer, total: float) -> str:
    """Return the sum, how it was paid and the tax in it."""
    rng, size = writer.rng, plan.rng.uniform(9, 15)
    due = f"{bold(writer.word('total').upper())} #h(1fr) {bold(writer.money(total))}"
    given = total + rng.choice((0, 0, rng.uniform(0, 20)))
    paid = [
        (writer.word(rng.choice(("cash", "card"))), given),
        (writer.word("change"), given - total),
    ]
    tax = {
        "none": "",
        "line": f"{lit(writer.word('tax'))} #h(1fr) {lit(writer.plain_money(total * 0.16))}",
        "table": "#table(columns: (1fr, 1fr, 1fr, 1fr), stroke: none, inset: 0.5mm, "
        + ", ".join(
            f"[{lit(text)}]"
            for text in (
                *(writer.word(k) for k in ("tax", "subtotal", "tax", "total")),
                *(writer.plain_money(total * share) for share in (0.19, 0.84, 0.16, 1.0)),
            )
        )
        + ")",
    }[plan["tax"]]
    how = " \\ ".join(f"{lit(a)} #h(1fr) {lit(writer.plain_money(b))}" for a, b in paid)
    return f"{sized(size, due)} \\ {how}\n\n{tax}\n\n"


def receipt(plan: Plan, writer: Writer) -> str:
    """Return a receipt of a till, a card terminal, a taxi or a machine, narrow and long."""
    if plan["script"] != "own":
        writer = Writer(locale_named(plan["script"]), writer.rng)
    rng, firm, style = plan.rng, make_firm(writer), plan.style
    width = rng.choice((58.0, 80.0, 80.0))
    chars = 28 if width < 60 else 38
    rules = {"dashes": "-", "stars": "*", "equals": "=", "dots": ". "}
    mark = lit((rules.get(plan["rules"], "_") * chars)[:chars])
    name = bold(firm.name.upper())
    top = {
        "logo": svg(parts.logo(rng, "#222222", "#777777"), rng.uniform(12, 34)) + f" \\ {name}",
        "black": f"#block(fill: black, inset: 2mm)[{sized(11, name, fill='#ffffff')}]",
        "large": sized(rng.uniform(13, 20), name),
    }.get(plan["head"], name)
    align = "left" if plan["head"] == "left" else "center"
    title = bold(writer.word("receipt" if rng.random() < 0.8 else "invoice").upper())
    body, total = _sold(plan, writer, chars)
    end = {
        "barcode": svg(parts.barcode(rng), 42),
        "matrix": svg(parts.matrix_code(rng), rng.uniform(20, 36)),
        "text": lit(writer.notices()),
        "fine": sized(6, lit(writer.notices(6))),
        "approved": f"{lit(writer.word('merchant_copy'))} \\ {bold(writer.word('approved'))}",
        "sign": Pen(rng).sign(34),
    }[plan["end"]]
    face = style.mono if rng.random() < 0.7 else style.body
    ink = rng.choice(("#111111", "#111111", "#333333", "#2b3f8f"))
    return (
        f"#set page(width: {width}mm, height: auto, margin: {rng.uniform(2, 6):.1f}mm)\n"
        f'#set text(font: "{face}", size: {rng.uniform(6.6, 8.8) * width / 76:.1f}pt, '
        f'fill: rgb("{ink}"))\n#set par(leading: {rng.uniform(0.35, 0.7):.2f}em)\n'
        f"#align({align})[{top} \\ {lines([firm.street, firm.city, firm.phone])}]\n"
        f"{mark} \\ {title if rng.random() < 0.5 else ''} \\ {_receipt_facts(plan, writer)} \\ "
        f"{mark} \\ {body} \\ {mark} \n\n{_receipt_sums(plan, writer, total)}"
        f"#align(center)[{end} \\ {lit(writer.word('thanks'))}]\n"
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
            parts.logo(plan.rng, style.accent, style.tint), 22 if plan["logo"] == "large" else 11
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
    codes = {"matrix": svg(parts.matrix_code(rng), 34), "barcode": svg(parts.barcode(rng), 55)}
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


# ----------------------------------------------------------------------
# Sheets with little or no print: notes by hand, and empty pages.


def blank(plan: Plan, writer: Writer) -> str:
    """Return a page with nothing on it, or next to nothing."""
    style, rng = plan.style, plan.rng
    fill = {"white": "#ffffff", "cream": "#fbf6e6", "grey": "#eeeeee"}[plan["paper"]]
    mark = {
        "nothing": "",
        "line": rule(style),
        "stain": place(
            rng.uniform(0, 120),
            rng.uniform(0, 200),
            f'#circle(radius: {rng.uniform(8, 25):.0f}mm, stroke: 2pt + rgb("#c8a97e80"))',
        ),
        "number": f"#place(bottom + center)[{lit(writer.code('##'))}]",
        "dots": "".join(
            place(rng.uniform(0, 180), rng.uniform(0, 260), "#circle(radius: 0.3mm, fill: black)")
            for _ in range(12)
        ),
    }[plan["mark"]]
    width, height = (
        (style.height, style.width) if plan["turned"] == "yes" else (style.width, style.height)
    )
    return small_page(plan, width, height, margin="12mm", fill=fill) + f"{mark}\n#hide[.]"


def handwriting(plan: Plan, writer: Writer) -> str:
    """Return a page written by hand that is no letter: notes."""
    rng, pen = plan.rng, Pen(plan.rng)
    pen.colour = {"blue": "#1a3a8f", "black": "#151515", "pencil": "#666666"}[plan["pen"]]
    width, height = {"a4": (210.0, 297.0), "a5": (148.0, 210.0), "note": (105.0, 105.0)}[
        plan["paper"]
    ]
    step = rng.uniform(8, 12)
    rows = int((height - 24) / step)
    grid = ""
    if plan["ruling"] != "none":
        grid = "".join(
            place(
                -8, y * step, f'#line(length: {width - 10:.0f}mm, stroke: 0.4pt + rgb("#9fb8d9"))'
            )
            for y in range(1, rows + 1)
        )
    if plan["ruling"] == "grid":
        grid += "".join(
            place(
                x * step - 8,
                0,
                f'#line(angle: 90deg, length: {height - 20:.0f}mm, stroke: 0.4pt + rgb("#9fb8d9"))',
            )
            for x in range(int(width / step))
        )
    if plan["ruling"] == "margin":
        grid += place(
            12, -8, f'#line(angle: 90deg, length: {height:.0f}mm, stroke: 0.6pt + rgb("#e08080"))'
        )
    count = rows if plan["length"] == "page" else min(rows, rng.randrange(3, 8))
    size = step * rng.uniform(0.8, 1.05)
    text = "".join(
        place(
            rng.uniform(2, 6),
            i * step + step * 0.12,
            pen.write(writer.words(max(1, int(width / size / 2.6)) + rng.randrange(2)), size),
        )
        for i in range(count)
        if rng.random() < 0.93
    )
    return (
        small_page(
            plan,
            width,
            height,
            margin="10mm",
            fill=rng.choice(
                ("#ffffff", "#fffde7", "#fff59d" if plan["paper"] == "note" else "#ffffff")
            ),
        )
        + grid
        + text
        + "\n#hide[.]"
    )


# ----------------------------------------------------------------------
# Neighbours that fill a sheet with little: certificates, slides, flyers, codes, notes, nothing.


def certificate(plan: Plan, writer: Writer) -> str:
    """Return a certificate."""
    rng, style = plan.rng, plan.style
    width, height = (
        (style.height, style.width) if plan["turned"] == "yes" else (style.width, style.height)
    )
    line = f'rgb("{style.accent}")'
    inner_w, inner_h = width - 24, height - 24
    frame = {
        "double": (
            f"#place(top + left)[#rect(width: {inner_w}mm, height: {inner_h}mm, stroke: 3pt +"
            f" {line})]#place(top + left, dx: 3mm, dy: 3mm)[#rect(width: {inner_w - 6}mm, height:"
            f" {inner_h - 6}mm, stroke: 0.8pt + {line})]"
        ),
        "thick": (
            f"#place(top + left)[#rect(width: {inner_w}mm, height: {inner_h}mm, stroke: 9pt +"
            f" {line})]"
        ),
        "corners": "".join(
            f"#place({c})[#rect(width: 26mm, height: 26mm, fill: {line})]"
            for c in ("top + left", "bottom + right", "top + right", "bottom + left")
        ),
        "none": "",
    }[plan["frame"]]
    seal = svg(parts.seal(rng, style.accent), 34) if plan["seal"] == "yes" else ""
    title = sized(32, bold(writer.word("certificate")), fill=style.accent)
    words = [title, f"#v(10mm){lit(writer.sentence(6))}", sized(26, lit(writer.person()))]
    words += [lit(writer.sentence(9)), f"#v(8mm){seal}", Pen(rng).sign(40)]
    text = "\n\n".join(words)
    serif = rng.choice(font_book().faces("serif", plan.split))
    font = serif if plan["font"] == "serif" else style.body
    return (
        small_page(
            plan,
            width,
            height,
            margin="12mm",
            fill=rng.choice(("#ffffff", "#fffbea")),
            size=13,
            font=font,
        )
        + frame
        + f"#align(center + horizon)[{text}]\n"
    )


def slide(plan: Plan, writer: Writer) -> str:
    """Return a presentation slide."""
    rng, style = plan.rng, plan.style
    width, height = (254.0, 143.0) if plan["ratio"] == "16-9" else (254.0, 190.0)
    dark = plan["ground"] != "white"
    colour = "#ffffff" if dark else "#222222"
    fill = style.accent if plan["ground"] == "gradient" else ("#1c2833" if dark else "#ffffff")
    bar = {
        "top": (
            f"#place(top + left, dx: -12mm, dy: -12mm)[#rect(width: {width}mm, height: 22mm, fill:"
            f' rgb("{style.accent}"))]'
        ),
        "left": (
            f"#place(top + left, dx: -12mm, dy: -12mm)[#rect(width: 7mm, height: {height}mm, fill:"
            f' rgb("{style.accent}"))]'
        ),
        "none": "",
    }[plan["bar"]]
    title = sized(
        30, bold(writer.sentence(4).rstrip(".")), fill=colour if plan["bar"] != "top" else "#ffffff"
    )
    bullets = (
        "#list(spacing: 6mm,"
        f" {', '.join(f'[{lit(writer.sentence(6))}]' for _ in range(rng.randrange(3, 6)))})"
    )
    picture = svg(parts.chart(rng, "#ffb300" if dark else style.accent), 100)
    body = {
        "bullets": bullets,
        "chart": svg(parts.chart(rng, "#ffb300" if dark else style.accent), 190),
        "two": columns(("1fr", "1fr"), (bullets, picture)),
        "title": sized(20, lit(writer.person())),
    }[plan["body"]]
    return (
        small_page(plan, width, height, margin="12mm", fill=fill, size=17)
        + f'#set text(fill: rgb("{colour}"))\n{bar}{title}\n\n#v(8mm){body}\n'
    )


def flyer(plan: Plan, writer: Writer) -> str:
    """Return an advertisement."""
    rng, style = plan.rng, plan.style
    fill = (
        style.accent
        if plan["ground"] == "colour"
        else rng.choice(("#ffffff", "#fff176", "#ffe0b2"))
    )
    colour = "#ffffff" if plan["ground"] == "colour" else "#222222"
    second = rng.choice(("#f1c40f", "#e74c3c", "#1abc9c", "#ffffff", "#2980b9"))
    shapes = {
        "circle": "".join(
            f"#place(top + left, dx: {rng.randrange(-20, 150)}mm, dy:"
            f" {rng.randrange(0, 240)}mm)[#circle(radius: {rng.randrange(12, 55)}mm, fill:"
            f' rgb("{second}"))]'
            for _ in range(3)
        ),
        "stripe": "".join(
            f"#place(top + left, dx: -12mm, dy: {rng.randrange(0, 260)}mm)[#rect(width: 230mm,"
            f' height: {rng.randrange(8, 40)}mm, fill: rgb("{second}"))]'
            for _ in range(3)
        ),
        "tiles": "".join(
            f"#place(top + left, dx: {x * 48}mm, dy: {60 + y * 48}mm)[#rect(width: 44mm, height:"
            f' 44mm, fill: rgb("{rng.choice((second, style.tint, "#90a4ae", "#a1887f"))}"))]'
            for x in range(4)
            for y in range(3)
        ),
    }[plan["shape"]]
    title = sized(rng.uniform(34, 64), bold(writer.words(2).upper()), fill=colour, font=style.head)
    text = lit(writer.paragraph(2 if plan["words"] == "few" else 7))
    price = (
        "#place(bottom +"
        f" right)[{sized(60, bold(writer.money(rng.randrange(1, 99))), fill='#e53935')}]"
        if plan["price"] == "yes"
        else ""
    )
    return (
        small_page(plan, style.width, style.height, margin="12mm", fill=fill, size=14)
        + f"{shapes}{title}\n\n#v({rng.randrange(20, 150)}mm)#set text(fill:"
        f' rgb("{colour}"))\n{text}\n{price}'
    )


def barcode_sheet(plan: Plan, writer: Writer) -> str:
    """Return a sheet of labels with codes."""
    rng, n = plan.rng, int(plan["columns"])
    cells = []
    for index in range(n * rng.randrange(2, 7)):
        square = plan["code"] == "matrix" or (plan["code"] == "both" and index % 2)
        code = (
            svg(parts.matrix_code(rng), 26) if square else svg(parts.barcode(rng), min(55, 150 / n))
        )
        cells.append(f"[{code} \\ {lit(writer.code('#### #### ####'))}]")
    stroke = "0.5pt" if plan["frame"] == "yes" else "none"
    head = sized(20, bold(writer.words(2).title())) + "\n\n" if plan["title"] == "yes" else ""
    return (
        small_page(plan, plan.style.width, plan.style.height, margin="15mm")
        + head
        + f"#table(columns: ({'1fr, ' * n}), stroke: {stroke}, inset: 5mm, align: center,"
        f" {', '.join(cells)})\n"
    )


SLOTS: dict[str, Slots] = {
    "receipt": {
        "shop": ("till", "till", "restaurant", "card-slip", "taxi", "fuel", "parking"),
        "head": ("centre", "logo", "left", "black", "large"),
        "rows": ("few", "many", "long"),
        "lines": ("plain", "first", "below", "letter"),
        "rules": ("dashes", "stars", "lines", "equals", "dots"),
        "tax": ("none", "line", "table"),
        "end": ("barcode", "matrix", "text", "fine", "approved", "sign"),
        "script": (*["own"] * 14, "zh_CN", "zh_CN", "zh_CN", *(s.code for s in SCRIPTS)),
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
    "blank": {
        "mark": ("nothing", "line", "stain", "number", "dots"),
        "paper": ("white", "cream", "grey"),
        "turned": ("yes", "no"),
    },
    "handwriting": {
        "ruling": ("none", "lines", "grid", "margin"),
        "length": ("short", "page"),
        "pen": ("blue", "black", "pencil"),
        "paper": ("a4", "a5", "note"),
    },
    "certificate": {
        "frame": ("double", "thick", "corners", "none"),
        "seal": ("yes", "no"),
        "turned": ("yes", "no"),
        "font": ("serif", "sans"),
    },
    "slide": {
        "ground": ("white", "dark", "gradient"),
        "body": ("bullets", "chart", "two", "title"),
        "bar": ("top", "left", "none"),
        "ratio": ("16-9", "4-3"),
    },
    "flyer": {
        "ground": ("colour", "photo", "white"),
        "shape": ("circle", "stripe", "tiles"),
        "words": ("few", "many"),
        "price": ("yes", "no"),
    },
    "barcode-sheet": {
        "columns": ("1", "2", "3"),
        "code": ("barcode", "matrix", "both"),
        "frame": ("yes", "no"),
        "title": ("yes", "no"),
    },
}
