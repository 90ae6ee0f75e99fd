"""What stands in the fields of a form, and how its lines are printed."""

from dataclasses import dataclass

from docsorter.training.synth.content import Writer
from docsorter.training.synth.plan import Plan

# A part that stands here twice is drawn twice as often: most real forms are black boxes.
FIELDS = (
    "boxes",
    "boxes",
    "dense",
    "dense",
    "dense",
    "underlines",
    "shaded",
    "pairs",
    "pairs",
    "comb",
    "rounded",
)


SECTIONS = ("bar", "black", "bold", "tab", "numbered", "tinted", "centred")


INKS = ("black", "black", "black", "black", "accent", "red", "faint", "green")


_FIELD_VALUES = {
    "name": "family",
    "first_name": "given",
    "birth": "past_date",
    "address": "street",
    "place": "city",
    "phone": "phone",
    "email": "mail",
    "driver": "person",
    "insured": "person",
    "doctor": "person",
    "employee": "person",
    "date": "date",
    "witness": "person",
}


_CODES = {
    "policy": "??-#######",
    "claim_no": "########",
    "plate": "?? ## ???",
    "number": "#####",
    "time": "##:##",
    "customer": "######",
    "diagnosis": "?##.#",
    "our_ref": "####/##",
    "mileage": "### ###",
}


EXTRA = ("code", "number", "date", "amount", "time", "qty", "plate", "tax")


TOPICS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[str, ...]]] = {
    "claim": (
        (
            ("name", "first_name", "birth"),
            ("policy", "claim_no", "date", "time"),
            ("address", "place"),
            ("doctor", "diagnosis", "number"),
            ("make", "plate", "driver"),
            ("amount", "tax", "total"),
            ("bank", "number", "our_ref"),
            ("witness", "phone"),
            ("purpose",),
            ("code", "qty", "price", "amount", "date"),
        ),
        ("injury", "police", "paid"),
        ("details", "damage", "insured", "official"),
    ),
    "general": (
        (
            ("name", "first_name", "birth"),
            ("address", "place"),
            ("phone", "email"),
            ("employee", "department"),
            ("from", "to", "date"),
            ("number", "our_ref"),
            ("bank", "number"),
            ("purpose",),
            ("amount", "tax", "total"),
            ("code", "number", "amount"),
        ),
        ("section", "details", "employee"),
        ("details", "employee", "section", "official"),
    ),
}
"""Rows of fields, questions and headings that fill a form's page, by what it is about."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a form's lines and labels are printed."""

    ink: str
    stroke: float
    label: float
    row: float
    shade: str


def draw_look(plan: Plan) -> Look:
    """Draw ink, line width and the size of rows for a form."""
    rng, style = plan.rng, plan.style
    ink = {
        "black": "#111111",
        "accent": style.accent,
        "red": rng.choice(("#c62828", "#d84315", "#b71c1c")),
        "faint": rng.choice(("#bdbdbd", "#d7b5b0", "#a9c4d8")),
        "green": "#1b6b3a",
    }[plan["ink"]]
    dense = plan["fields"] == "dense"
    return Look(
        ink,
        rng.choice((0.4, 0.5, 0.7, 1.0)),
        rng.uniform(4.0, 5.4) if dense else rng.uniform(5.6, 8.0),
        rng.uniform(5.4, 7.8) if dense else rng.uniform(8.0, 12.5),
        rng.choice(("#e8eef7", "#f0f0f0", "#fdf2d0", "#e6f2e6", "#fde8e4")),
    )


def value_for(key: str, writer: Writer) -> str:
    """Make up what someone would write into field ``key``."""
    if key in _FIELD_VALUES:
        return str(getattr(writer, _FIELD_VALUES[key])())
    if key in _CODES:
        return writer.code(_CODES[key])
    if key in ("amount", "total", "price"):
        return writer.plain_money(writer.rng.uniform(10, 4000))
    return writer.words(2)
