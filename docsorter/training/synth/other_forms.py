"""Forms that are no claims: applications, registrations, tax returns, pay slips."""

from docsorter.training.synth.claim import HEADS, form_head
from docsorter.training.synth.content import Writer
from docsorter.training.synth.filling import FILLS, Filler
from docsorter.training.synth.form_fields import FIELDS, INKS, SECTIONS
from docsorter.training.synth.forms import Form
from docsorter.training.synth.markup import columns, lit, page_setup, sized, space
from docsorter.training.synth.plan import Plan, Slots

_LOOK: Slots = {
    "head": HEADS,
    "fields": FIELDS,
    "sections": SECTIONS,
    "ink": INKS,
    "fill": FILLS,
    "numbers": ("yes", "no"),
    "length": ("short", "full"),
}
SLOTS: dict[str, Slots] = {
    "application-form": {**_LOOK, "body": ("person", "history", "questions", "membership")},
    "tax-form": {**_LOOK, "body": ("lines", "slips", "boxes")},
}


def _questions(form: Form) -> str:
    w = form.writer
    rows = ""
    for index in range(form.plan.rng.randrange(6, 16)):
        box = f"#box(width: 3mm, height: 3mm, stroke: {form.stroke})"
        rows += (
            f"[{lit(f'{index + 1}. ' + w.sentence(9))}], [{box} {lit(w.word('yes'))}  {box}"
            f" {lit(w.word('no'))}], "
        )
    return f"#block[#grid(columns: (1fr, auto), row-gutter: 3mm, {rows})]\n"


def application(plan: Plan, writer: Writer) -> str:
    """Return an application or registration form."""
    rng = plan.rng
    form = Form(plan, writer, Filler(plan.style, rng, plan["fill"]))
    body = page_setup(plan.style, margin=f"{rng.uniform(9, 20):.1f}mm", leading=0.5)
    body += (
        form_head(plan, writer, writer.word("application"), form.look.ink)
        + space(2)
        + form.note(rng.randrange(1, 4))
    )
    person = (
        form.row(("name", "first_name"))
        + form.row(("birth", "place", "phone"))
        + form.row(("address",))
        + form.row(("email",))
    )
    body += form.section(writer.word("details")) + person
    if plan["body"] == "history":
        body += form.section(writer.word("employee")) + form.grid(
            ("from", "to", "name", "department"), rng.randrange(3, 8), 2
        )
    elif plan["body"] == "questions":
        body += _questions(form)
    elif plan["body"] == "membership":
        body += form.ticks("paid", ("A", "B", "C")) + form.row(("bank", "number")) + form.note(6)
    else:
        body += form.row(("employee", "department")) + form.box(
            writer.word("purpose"), rng.uniform(25, 70)
        )
    return body + _rest(form) + form.signing()


def _rest(form: Form) -> str:
    """Return what fills the page of a long form."""
    if form.plan["length"] == "short":
        return ""
    return form.more(form.plan.style.height - form.plan.rng.uniform(75, 110), "general")


def _slip(form: Form) -> str:
    left = (
        form.row(("name", "number")) + form.row(("address",)) + form.row(("employee", "department"))
    )
    right = (
        form.row(("amount", "tax"))
        + form.row(("subtotal", "tax"))
        + form.row(("amount", "total"))
        + form.row(("code", "number"))
    )
    return columns(("1fr", "1fr"), (left, right), 0)


def tax(plan: Plan, writer: Writer) -> str:
    """Return a tax form: numbered lines with sums at the right, or wage slips repeated."""
    rng = plan.rng
    form = Form(plan, writer, Filler(plan.style, rng, plan["fill"]))
    body = page_setup(plan.style, margin=f"{rng.uniform(7, 16):.1f}mm", leading=0.5)
    title = f"{writer.word('tax_form')} {writer.today.year}"
    if plan["body"] == "slips":
        slip = _slip(form)
        return body + "".join(
            f"{sized(8, lit(title))}\n\n{slip}#v(8mm)\n" for _ in range(rng.choice((1, 2, 3, 4)))
        )
    body += (
        form_head(plan, writer, title, form.look.ink)
        + form.row(("name", "first_name", "number"))
        + form.row(("address", "place"))
    )
    if plan["body"] == "boxes":
        return (
            body
            + "".join(
                form.section(writer.words(2).capitalize())
                + "".join(
                    form.row(("code", "amount", "amount", "tax"))
                    for _ in range(rng.randrange(2, 5))
                )
                for _ in range(3)
            )
            + _rest(form)
        )
    rows = ""
    for index in range(rng.randrange(18, 36)):
        value = form.filler.value(writer.plain_money(rng.uniform(0, 90000)), 8)
        rows += (
            f"[{lit(str(index + 1))}], [{sized(form.look.label * 1.15, lit(writer.sentence(9)))}],"
            f" [{lit(str(index + 1))}], [{value}], "
        )
    return (
        body
        + "#table(columns: (7mm, 1fr, 7mm, 30mm), stroke: (x, y) => (bottom: 0.3pt, left: if x >="
        f" 2 {{ {form.stroke} }}), inset: 1mm, {rows})\n" + form.signing()
    )
