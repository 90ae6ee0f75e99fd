"""The table of lines of an invoice, and its sums."""

from dataclasses import dataclass

from docsorter.training.synth.content import Writer
from docsorter.training.synth.invoice_parts import line_of
from docsorter.training.synth.markup import bold, columns, lit, pairs, sized
from docsorter.training.synth.plan import Plan


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice."""

    code: str
    text: str
    quantity: int
    price: float

    @property
    def amount(self) -> float:
        """Quantity times price."""
        return self.quantity * self.price


def make_lines(writer: Writer, count: int) -> list[Line]:
    """Make up ``count`` lines."""
    rng = writer.rng
    return [
        Line(
            writer.code(rng.choice(("####", "??-###", "#####-#"))),
            writer.item() + (f" {writer.words(3)}" if rng.random() < 0.25 else ""),
            rng.choice((1, 1, 2, 3, 4, 5, 10, 12, 25)),
            round(rng.choice((rng.uniform(1, 40), rng.uniform(20, 900))), 2),
        )
        for _ in range(count)
    ]


def _table_look(plan: Plan, rows: int) -> tuple[str, str]:
    """Return Typst's ``stroke`` and ``fill`` for the table of lines."""
    style, part = plan.style, plan["table"]
    line, head = line_of(plan), style.accent if style.colour else "#dddddd"
    thin = f'0.3pt + rgb("{style.accent}")'
    strokes = {
        "grid": line,
        "header": "none",
        "zebra": "none",
        "rules": f"(x, y) => (bottom: {line})",
        "bare": f"(x, y) => if y == 0 {{ (bottom: {line}) }}",
        "dotted": (
            f'(x, y) => (bottom: (thickness: 0.5pt, paint: rgb("{style.accent}"), dash: "dotted"))'
        ),
        "tinted": f"(x, y) => (bottom: {thin})",
        "tall": (
            f"(x, y) => (left: {line}, right: {line}, top: if y <= 1 {{ {line} }}, "
            f"bottom: if y == {rows} {{ {line} }})"
        ),
        "outer": f"(x, y) => (top: if y <= 1 {{ {line} }}, bottom: if y == {rows} {{ {line} }})",
        "tall-grid": line,
    }
    fills = {
        "header": f'(x, y) => if y == 0 {{ rgb("{head}") }}',
        "zebra": (
            f'(x, y) => if y == 0 {{ rgb("{head}") }} else if calc.even(y) {{'
            f' rgb("{style.tint}") }}'
        ),
        "tinted": f'(x, y) => rgb("{style.tint}")',
    }
    default = (
        f'(x, y) => if y == 0 {{ rgb("{style.tint}") }}' if plan.rng.random() < 0.4 else "none"
    )
    return strokes[part], fills.get(part, default)


def _column_set(writer: Writer) -> list[tuple[str, str, str]]:
    """Return (key, Typst width, alignment) for each column, in one of several orders."""
    sets = (
        ("qty", "text", "price", "amount"),
        ("text", "qty", "price", "amount"),
        ("code", "text", "qty", "price", "amount"),
        ("text", "amount"),
        ("date", "text", "qty", "price", "amount"),
        ("pos", "code", "text", "qty", "unit", "price", "tax", "amount"),
        ("pos", "text", "qty", "price", "amount"),
        ("qty", "code", "text", "price", "tax", "amount"),
    )
    widths = {"text": "1fr"}
    right = {"qty", "price", "amount", "tax"}
    chosen = writer.rng.choice(sets)
    return [(k, widths.get(k, "auto"), "right" if k in right else "left") for k in chosen]


def _cell(key: str, line: Line, index: int, writer: Writer) -> str:
    return {
        "pos": str(index + 1),
        "code": line.code,
        "text": line.text,
        "qty": str(line.quantity),
        "unit": writer.rng.choice(("pc", "h", "m", "kg")),
        "price": writer.plain_money(line.price),
        "tax": writer.rng.choice(("7 %", "19 %", "20 %")),
        "amount": writer.plain_money(line.amount),
        "date": writer.date(-index),
    }[key]


_HEADINGS = {"text": "description", "pos": "number"}


def line_table(plan: Plan, writer: Writer, sold: list[Line], extra: list[tuple[str, str]]) -> str:
    """Return the table of lines; ``extra`` rows (totals) join it where the layout says so."""
    cols = _column_set(writer)
    part = plan["table"]
    head = [writer.word(_HEADINGS.get(k, k)) for k, _, _ in cols]
    white = part in ("header", "zebra") and plan.style.colour
    cells = [sized(plan.style.size * 0.92, bold(h), fill="#ffffff" if white else "") for h in head]
    for index, line in enumerate(sold):
        cells += [lit(_cell(key, line, index, writer)) for key, _, _ in cols]
    rows = len(sold)
    empty = plan.rng.randrange(3, 9) if part == "tall-grid" else 0
    cells += [""] * (empty * len(cols))
    rows += empty
    if part == "tall":
        cells += [f"#v({plan.rng.uniform(25, 90):.0f}mm)", *[""] * (len(cols) - 1)]
        rows += 1
    stroke, fill = _table_look(plan, rows)
    body = ", ".join(f"[{c}]" for c in cells)
    for name, value in extra:
        body += (
            f", table.cell(colspan: {len(cols) - 1}, align: right)[{lit(name)}], [{bold(value)}]"
        )
    spec = ", ".join(width for _, width, _ in cols)
    align = ", ".join(side for _, _, side in cols)
    inset = f"(x: 1.5mm, y: {plan.rng.uniform(0.7, 2.2):.1f}mm)"
    return (
        f"#table(columns: ({spec},), align: ({align},), stroke: {stroke}, fill: {fill}, "
        f"inset: {inset}, {body})\n"
    )


def totals(plan: Plan, writer: Writer, rows: list[tuple[str, str]]) -> str:
    """Return the block of sums."""
    part, style = plan["totals"], plan.style
    last_name, last = rows[-1]
    if part == "in-table":
        return ""
    if part == "bar":
        fill = style.accent if style.colour else "#222222"
        text = sized(style.size * 1.2, f"{bold(last_name)} #h(1fr) {bold(last)}", fill="#ffffff")
        head = f"#align(right)[{pairs(rows[:-1], align='right')}]"
        return head + f'\n#block(width: 100%, fill: rgb("{fill}"), inset: 2.5mm)[{text}]\n'
    if part == "big":
        big = sized(style.size * 2.2, bold(last), fill=style.accent)
        return f"#align(right)[{lit(last_name)} \\ {big}]\n"
    cells = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows[:-1])
    final = f"[{bold(last_name)}], [{bold(last)}]"
    stroke = "none" if part in ("pairs", "beside-notes") else line_of(plan)
    if part == "boxed-last":
        stroke = f"(x, y) => if y == {len(rows) - 1} {{ {line_of(plan)} }}"
    table = (
        f"#table(columns: ({plan.rng.randrange(28, 45)}mm, 30mm), align: (left, right), stroke:"
        f" {stroke}, {cells}, {final})"
    )
    if part == "beside-notes":
        notes = f"{bold(writer.word('terms'))} \\ {lit(writer.sentence(14))}"
        return columns(("1fr", "auto"), (notes, table))
    if part == "breakdown":
        tax = ", ".join(
            f"[{lit(writer.plain_money(writer.rng.uniform(1, 900)))}]" for _ in range(6)
        )
        left = f"#table(columns: 3, stroke: {line_of(plan)}, {tax})"
        return columns(("1fr", "auto"), (left, table))
    return f"#align(right)[{table}]\n"
