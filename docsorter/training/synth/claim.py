"""Claims: expenses, cash, motor accidents, travel, medical treatment, losses."""

from collections.abc import Callable

from docsorter.training.synth import ink
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import FILLS, Filler
from docsorter.training.synth.form_fields import FIELDS, INKS, SECTIONS
from docsorter.training.synth.forms import Form
from docsorter.training.synth.letterhead import make_firm
from docsorter.training.synth.markup import (
    bold,
    columns,
    free_mark,
    lines,
    lit,
    page_setup,
    rule,
    sized,
    space,
    svg,
)
from docsorter.training.synth.plan import Plan, Slots

HEADS = ("centre", "logo", "agency", "bar", "corner-number", "two-lines", "boxed", "plain")

_SLOTS: Slots = {
    "head": HEADS,
    "fields": FIELDS,
    "sections": SECTIONS,
    "ink": INKS,
    "fill": FILLS,
    "numbers": ("yes", "no"),
    "notes": ("top", "bottom", "none", "both"),
    "office": ("top", "bottom", "none"),
    "length": ("short", "full", "full", "full"),
}
SLOTS: dict[str, Slots] = {
    f"claim-{name}": _SLOTS for name in ("expense", "cash", "motor", "travel", "medical", "loss")
}


def form_head(plan: Plan, writer: Writer, title: str, colour: str) -> str:
    """Return the head of a form: who asks, and what for."""
    style, part, rng = plan.style, plan["head"], plan.rng
    firm = make_firm(writer)
    size = style.size * rng.uniform(1.25, 2.1)
    text = sized(size, bold(title), fill=colour, font=style.head)
    number = sized(6, lit(writer.code("FORM ??-#### (##/20##)")))
    simple = {
        "centre": f"#align(center)[{bold(firm.name)} \\ {text}]\n",
        "corner-number": f"#place(top + right)[{number}]\n{text}\n\n",
        "two-lines": f"{rule(style)}{text} #h(1fr) {lit(firm.name)}{rule(style)}",
        "plain": f"{sized(size, bold(firm.name))} \\ {text}\n\n",
    }
    if part in simple:
        return simple[part]
    if part == "logo":
        picture = svg(ink.logo(rng, style.accent, style.tint), rng.uniform(12, 24))
        return columns(
            ("auto", "1fr"),
            (picture, f"#align({rng.choice(('left', 'right'))})[{text} \\ {lit(firm.name)}]"),
        )
    if part == "agency":
        seal = svg(ink.seal(rng, colour), rng.uniform(13, 22))
        return columns(
            ("auto", "1fr", "auto"),
            (seal, f"#align(center)[{lit(firm.name.upper())} \\ {text}]", number),
        )
    if part == "bar":
        white = sized(size, bold(title), fill="#ffffff", font=style.head)
        return f'#block(width: 100%, fill: rgb("{colour}"), inset: 3mm)[{white}]\n'
    sender = lines([firm.name, firm.street, firm.city])
    cells = f"[{sender}], [#align(center)[{text}]], [{number}]"
    return f'#table(columns: (1fr, 2fr, 1fr), stroke: 0.7pt + rgb("{colour}"), {cells})\n'


def _person(form: Form, *, employee: bool) -> str:
    first = ("employee", "department", "number") if employee else ("name", "first_name", "birth")
    return form.row(first) + form.row(("address", "place")) + form.row(("phone", "email", "date"))


def _expense(form: Form) -> str:
    rng = form.plan.rng
    rows = rng.randrange(6, 16)
    heads = rng.choice(
        (
            ("date", "description", "amount"),
            ("date", "description", "purpose", "tax", "amount"),
            ("date", "place", "mileage", "price", "amount"),
        )
    )
    w = form.writer
    return (
        form.section(w.word("employee"))
        + _person(form, employee=True)
        + form.section(w.word("details"))
        + form.grid(heads, rows, rng.randrange(1, rows))
        + form.row(("subtotal", "tax", "total"))
        + form.ticks("paid", (w.word("bank"), w.word("yes"), w.word("no")))
    )


def _cash(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(2, 7)
    return (
        form.row(("number", "date", "department"))
        + form.row(("name", "amount"))
        + form.row(("purpose",))
        + form.grid(("description", "amount"), rows, rng.randrange(1, rows + 1))
        + form.row(("total", "paid"))
        + form.box(w.word("purpose"), rng.uniform(14, 40))
    )


def _motor(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    yes_no = (w.word("yes"), w.word("no"))
    sketch = svg(ink.cars(rng, form.look.ink), rng.uniform(40, 70))
    both = rng.random() < 0.5
    head = (
        form.row(("date", "time", "place"))
        + form.ticks("injury", yes_no)
        + form.ticks("police", yes_no)
        + form.row(("witness", "phone"))
    )
    vehicle = (
        form.row(("insured", "policy"))
        + form.row(("make", "plate"))
        + form.row(("driver", "birth"))
    )
    if both:
        cells = (
            form.section(f"{w.word('vehicle')} A") + vehicle,
            form.section(f"{w.word('vehicle')} B")
            + form.row(("insured", "policy"))
            + form.row(("make", "plate"))
            + form.row(("driver", "birth")),
        )
        vehicles = columns(("1fr", "1fr"), cells, 3)
    else:
        vehicles = form.section(w.word("vehicle")) + vehicle
    last = columns(("auto", "1fr"), (sketch, form.box(w.word("damage"), rng.uniform(25, 45))))
    return head + vehicles + form.section(w.word("damage")) + last


def _travel(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(5, 14)
    return (
        _person(form, employee=True)
        + form.section(w.word("purpose"))
        + form.row(("from", "to", "date"))
        + form.grid(
            ("date", "from", "to", "mileage", "price", "amount"), rows, rng.randrange(2, rows)
        )
        + form.row(("mileage", "subtotal", "total"))
        + form.ticks("paid", (w.word("yes"), w.word("no")))
    )


def _medical(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(4, 22)
    heads = rng.choice(
        (
            ("date", "place", "code", "diagnosis", "qty", "amount"),
            ("code", "description", "date", "qty", "amount"),
            ("date", "doctor", "diagnosis", "amount"),
        )
    )
    sex = ("M", "F")
    return (
        form.ticks("insured", ("A", "B", "C", "D", w.word("customer")))
        + form.row(("name", "first_name", "birth", "policy"))
        + form.row(("address", "insured"))
        + form.row(("place", "phone", "number"))
        + form.ticks("injury", (*sex, w.word("yes"), w.word("no")))
        + form.section(w.word("doctor"))
        + form.row(("doctor", "number", "date"))
        + form.row(("diagnosis", "diagnosis", "diagnosis", "code"))
        + form.grid(heads, rows, rng.randrange(1, max(2, rows // 2)))
        + form.row(("number", "customer", "total", "paid", "balance"))
    )


def _loss(form: Form) -> str:
    rng, w = form.plan.rng, form.writer
    rows = rng.randrange(3, 8)
    return (
        form.section(w.word("insured"))
        + form.row(("policy", "claim_no"))
        + _person(form, employee=False)
        + form.section(w.word("damage"))
        + form.row(("date", "time", "place"))
        + form.ticks("police", (w.word("yes"), w.word("no")))
        + form.box(w.word("description"), rng.uniform(18, 50))
        + form.section(w.word("details"))
        + form.grid(("description", "date", "price", "amount"), rows, rng.randrange(1, rows))
        + form.row(("total", "bank"))
    )


_BODIES: dict[str, Callable[[Form], str]] = {
    "expense": _expense,
    "cash": _cash,
    "motor": _motor,
    "travel": _travel,
    "medical": _medical,
    "loss": _loss,
}


def build(plan: Plan, writer: Writer) -> str:
    """Return the Typst source of a claim laid out as ``plan`` says."""
    rng, style = plan.rng, plan.style
    topic = plan.kind.removeprefix("claim-")
    form = Form(plan, writer, Filler(style, rng, plan["fill"]))
    title = writer.word(f"claim_{topic}")
    edge = rng.uniform(6, 18)
    margin = f"{edge:.1f}mm"
    fill = "#fffdf5" if rng.random() < 0.05 else ""
    body = page_setup(style, margin=margin, fill=fill, leading=0.5)
    body += form_head(
        plan, writer, title, form.look.ink if plan["ink"] != "faint" else "#555555"
    ) + space(2)
    body += form.official(rng.uniform(8, 16)) if plan["office"] == "top" else ""
    body += form.note(rng.randrange(1, 6)) if plan["notes"] in ("top", "both") else ""
    body += _BODIES[topic](form)
    if plan["length"] == "full":
        body += form.more(style.height - 2 * edge - rng.uniform(38, 60), "claim")
    body += form.note(rng.randrange(2, 7)) if plan["notes"] in ("bottom", "both") else ""
    body += form.signing()
    body += form.official(rng.uniform(10, 30)) if plan["office"] == "bottom" else ""
    if rng.random() < 0.15:
        colour = rng.choice(("#c0392b", "#1f3c88", "#333333"))
        mark = ink.stamp(rng, writer.word("paid"), writer.date(5), colour)
        body += free_mark(plan, svg(mark, rng.uniform(35, 60)), 60, low=True)
    return body
