"""Neighbours that fill a sheet with little: certificates, slides, flyers, codes, notes, nothing."""

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import Pen
from docsorter.training.synth.fonts import font_book
from docsorter.training.synth.markup import (
    bold,
    columns,
    lit,
    sized,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots
from docsorter.training.synth.small import small_page

SLOTS: dict[str, Slots] = {
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
    seal = svg(ink.seal(rng, style.accent), 34) if plan["seal"] == "yes" else ""
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
    picture = svg(ink.chart(rng, "#ffb300" if dark else style.accent), 100)
    body = {
        "bullets": bullets,
        "chart": svg(ink.chart(rng, "#ffb300" if dark else style.accent), 190),
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
        code = svg(ink.matrix_code(rng), 26) if square else svg(ink.barcode(rng), min(55, 150 / n))
        cells.append(f"[{code} \\ {lit(writer.code('#### #### ####'))}]")
    stroke = "0.5pt" if plan["frame"] == "yes" else "none"
    head = sized(20, bold(writer.words(2).title())) + "\n\n" if plan["title"] == "yes" else ""
    return (
        small_page(plan, plan.style.width, plan.style.height, margin="15mm")
        + head
        + f"#table(columns: ({'1fr, ' * n}), stroke: {stroke}, inset: 5mm, align: center,"
        f" {', '.join(cells)})\n"
    )
