"""Invoices: of firms, from office templates, and plain ones of people who work alone."""

from docsorter.training.synth import ink, invoice_table
from docsorter.training.synth import invoice_parts as parts
from docsorter.training.synth.content import Writer
from docsorter.training.synth.letterhead import (
    FEET,
    HEADS,
    foot,
    letterhead,
    make_firm,
    margins,
)
from docsorter.training.synth.markup import columns, free_mark, lit, page_setup, space, svg
from docsorter.training.synth.plan import Plan, Slots
from docsorter.training.synth.strokes import signature

_COMMON: Slots = {
    "title": parts.TITLES,
    "facts": parts.FACTS,
    "parties": parts.PARTIES,
    "table": parts.TABLES,
    "totals": parts.TOTALS,
    "ending": parts.ENDINGS,
    "foot": FEET,
}
SLOTS: dict[str, Slots] = {
    "invoice-business": {
        **_COMMON,
        "head": HEADS,
        "order": ("address-first", "title-first", "side-by-side"),
    },
    "invoice-template": {
        **_COMMON,
        "head": ("title-left", "title-right", "logo-title", "bare"),
        "order": ("title-first",),
    },
    "invoice-plain": {
        **_COMMON,
        "head": ("plain", "right-block", "centre"),
        "title": ("inline", "left", "centre"),
        "table": ("bare", "rules", "grid", "dotted"),
        "totals": ("pairs", "big", "in-table"),
        "ending": ("none", "thanks", "terms", "bank", "signature"),
        "order": ("address-first", "title-first"),
    },
}


def _facts(writer: Writer) -> list[tuple[str, str]]:
    rows = [
        (
            f"{writer.word('invoice').title()} {writer.word('number')}",
            writer.code(writer.rng.choice(("#####", "??-####", "20##/####"))),
        ),
        (writer.word("date"), writer.date()),
        (writer.word("customer"), writer.code("#####")),
        (writer.word("due"), writer.date(30)),
        (writer.word("our_ref"), writer.code("??##")),
    ]
    return rows[: writer.rng.randrange(2, 6)]


def _sums(writer: Writer, sold: list[invoice_table.Line]) -> list[tuple[str, str]]:
    net = sum(line.amount for line in sold)
    tax = net * 0.19
    rows = [(writer.word("subtotal"), writer.money(net)), (writer.word("tax"), writer.money(tax))]
    if writer.rng.random() < 0.2:
        rows.append((writer.word("paid").title(), writer.money(0)))
    return [*rows, (writer.word("total"), writer.money(net + tax))]


def _template_head(plan: Plan, writer: Writer, title: str) -> str:
    """Return the head of an office template: a large word beside the sender."""
    firm = make_firm(writer)
    own = letterhead(plan, firm, "plain")
    if plan["head"] == "title-right":
        return columns(("1fr", "auto"), (own, title))
    if plan["head"] == "title-left":
        return title + own
    if plan["head"] == "logo-title":
        picture = svg(
            ink.logo(plan.rng, plan.style.accent, plan.style.tint), plan.rng.uniform(15, 30)
        )
        return columns(("auto", "1fr"), (picture, f"#align(right)[{title}]")) + own
    return own + title


def _head(plan: Plan, writer: Writer, title: str, facts: str) -> str:
    if plan.kind == "invoice-template":
        return (
            _template_head(plan, writer, title) + space(4) + parts.parties(plan, writer, "") + facts
        )
    firm = make_firm(writer)
    top = letterhead(plan, firm, plan["head"]) + space(plan.rng.uniform(3, 12))
    who = parts.parties(plan, writer, firm.one_line)
    if plan["order"] == "title-first":
        return top + title + who + space(3) + facts
    if plan["order"] == "side-by-side":
        return top + columns(("1fr", "1fr"), (who, title + facts))
    return top + who + space(4) + title + facts


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of an invoice laid out as ``plan`` says."""
    rng = plan.rng
    sold = invoice_table.make_lines(writer, rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 11, 15)))
    sums = _sums(writer, sold)
    title = parts.title(plan, writer.word("invoice"))
    facts = parts.facts(plan, _facts(writer))
    sign = svg(signature(rng), 34)
    body = page_setup(plan.style, margin=margins(plan, plan["head"]), fill=_paper(plan))
    body += _head(plan, writer, title, facts) + space(rng.uniform(3, 10))
    if rng.random() < 0.3:
        body += f"#block[{lit(writer.sentence(12))}]\n"
    body += invoice_table.line_table(
        plan, writer, sold, sums if plan["totals"] == "in-table" else []
    )
    body += space(rng.uniform(1, 6)) + invoice_table.totals(plan, writer, sums)
    body += parts.ending(plan, writer, sums[-1][1], sign)
    if plan["ending"] not in ("slip", "qr-slip"):
        body += foot(plan, make_firm(writer), writer, plan["foot"])
    return body + _marks(plan, writer)


def _paper(plan: Plan) -> str:
    return plan.rng.choice(("#fdf6d8", "#f3f7fb", "#f6f1e7")) if plan.rng.random() < 0.05 else ""


def _marks(plan: Plan, writer: Writer) -> str:
    rng = plan.rng
    marks = ""
    if rng.random() < 0.14:
        colour = rng.choice(("#c0392b", "#1f3c88", "#222222", "#2e7d32"))
        stamp = ink.stamp(rng, writer.word("paid"), writer.date(3), colour)
        marks += free_mark(plan, svg(stamp, rng.uniform(35, 65)), 65)
    if rng.random() < 0.08:
        marks += free_mark(plan, svg(ink.matrix_code(rng), rng.uniform(18, 34)), 34)
    if rng.random() < 0.08:
        marks += free_mark(plan, svg(ink.barcode(rng), rng.uniform(35, 60)), 60)
    return marks
