"""The kinds of document that can be generated and the label that each belongs to."""

from typing import Literal, get_args

Label = Literal["invoice", "claim", "letter", "other"]
Split = Literal["train", "test"]

LABELS: tuple[Label, ...] = get_args(Label)
SPLITS: tuple[Split, ...] = get_args(Split)

_BY_LABEL: dict[Label, tuple[str, ...]] = {
    "invoice": (
        "invoice-business",
        "invoice-template",
        "invoice-plain",
        "invoice-utility",
        "invoice-pad",
        "invoice-matrix",
    ),
    "claim": (
        "claim-expense",
        "claim-cash",
        "claim-motor",
        "claim-travel",
        "claim-medical",
        "claim-loss",
    ),
    "letter": (
        "letter-business",
        "letter-personal",
        "letter-typewritten",
        "letter-memo",
        "letter-authority",
        "letter-continued",
    ),
    "other": (
        "receipt",
        "order",
        "delivery-note",
        "bank-statement",
        "application-form",
        "tax-form",
        "resume",
        "article",
        "report",
        "spreadsheet",
        "email",
        "id-card",
        "business-card",
        "certificate",
        "slide",
        "flyer",
        "ticket",
        "book-page",
        "plot",
        "map",
        "drawing",
        "photo",
        "handwriting",
        "blank",
        "barcode-sheet",
    ),
}

KINDS: dict[str, Label] = {kind: label for label, kinds in _BY_LABEL.items() for kind in kinds}
"""Every kind and the label a document of that kind carries."""


def kinds_of(label: Label) -> tuple[str, ...]:
    """Return the kinds that carry ``label``, in a fixed order."""
    return _BY_LABEL[label]
