"""The kinds of document that can be generated and the label that each belongs to."""

from typing import Literal, get_args

Label = Literal["invoice", "claim", "letter", "other", "later"]
Split = Literal["train", "test"]

LABELS: tuple[Label, ...] = ("invoice", "claim", "letter", "other")
SPLITS: tuple[Split, ...] = get_args(Split)

_BY_LABEL: dict[Label, tuple[str, ...]] = {
    "invoice": (
        "invoice-business",
        "invoice-template",
        "invoice-plain",
        "invoice-utility",
        "invoice-pad",
        "invoice-matrix",
        "invoice-office",
        "invoice-letter",
        "invoice-folio",
        "invoice-freight",
        "invoice-web",
        "invoice-data",
        "invoice-premium",
        "invoice-stay",
        "invoice-payment",
        "invoice-designed",
        "invoice-narrow",
        "invoice-script",
    ),
    "claim": (
        "claim-expense",
        "claim-cash",
        "claim-motor",
        "claim-travel",
        "claim-medical",
        "claim-loss",
        "claim-grid",
        "claim-digital",
        "claim-notice",
        "claim-agency",
        "claim-lined",
        "claim-sheet",
        "claim-joint",
    ),
    "letter": (
        "letter-business",
        "letter-personal",
        "letter-typewritten",
        "letter-memo",
        "letter-authority",
        "letter-continued",
        "letter-archive",
        "letter-naval",
        "letter-fax",
        "letter-public",
        "letter-agency",
        "letter-brief",
        "letter-standard",
        "letter-cover",
        "letter-office",
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
        "tax-return",
        "wage-slip",
        "loan-form",
        "scrap",
        "contract",
        "pay-slip",
        "questionnaire",
        "newspaper",
        "data-sheet",
        "folder",
        "programme",
        "manual",
        "prose",
        "consent-form",
        "agency-form",
        "lined-form",
        "time-sheet",
        "inspection-form",
        "memo",
        "typed-report",
        "cable",
        "transcript",
        "court-paper",
        "statute",
        "press-release",
        "title-page",
        "listing",
        "instructions",
        "minutes",
        "mail",
    ),
}

KINDS: dict[str, Label] = {kind: label for label, kinds in _BY_LABEL.items() for kind in kinds}
"""Every kind and the label a document of that kind carries."""


LATER: dict[str, Label] = dict.fromkeys(
    ("later-invoice", "later-claim", "later-letter", "later-terms", "later-annex"), "later"
)
"""Kinds of page that come after the first one of a document, and are of no label."""

FOLDERS: tuple[Label, ...] = (*LABELS, "later")

EVERY: dict[str, Label] = {**KINDS, **LATER}
"""Everything that can be generated, and the folder that it goes to."""


def kinds_of(label: Label) -> tuple[str, ...]:
    """Return the kinds that carry ``label``, in a fixed order."""
    return tuple(kind for kind, of in EVERY.items() if of == label)


_WEIGHTS: dict[str, float] = {
    "invoice-office": 2.5,
    "invoice-letter": 2.0,
    "invoice-folio": 1.5,
    "invoice-web": 1.5,
    "invoice-data": 2.5,
    "invoice-premium": 2.5,
    "invoice-stay": 2.5,
    "invoice-payment": 1.5,
    "claim-grid": 2.5,
    "claim-digital": 1.5,
    "claim-agency": 3.0,
    "claim-lined": 1.5,
    "claim-sheet": 1.5,
    "letter-archive": 2.5,
    "letter-naval": 1.5,
    "letter-public": 1.5,
    "letter-agency": 1.5,
    "letter-standard": 2.5,
    "letter-cover": 2.0,
    "letter-office": 1.7,
    "order": 0.3,
    "delivery-note": 0.3,
    "email": 0.5,
    "blank": 0.5,
    "business-card": 0.7,
    "id-card": 1.5,
    "tax-return": 1.7,
    "wage-slip": 1.5,
    "loan-form": 1.5,
    "article": 1.5,
    "resume": 1.2,
    "contract": 1.5,
    "manual": 1.7,
    "prose": 1.7,
    "consent-form": 1.7,
    "agency-form": 4.0,
    "lined-form": 1.5,
    "memo": 2.5,
    "typed-report": 1.7,
    "court-paper": 1.7,
    "statute": 1.7,
    "press-release": 1.5,
    "instructions": 1.3,
}


def weight_of(kind: str) -> float:
    """Return how often ``kind`` is drawn among its label's kinds; 1 is the usual.

    What varies most on real paper is drawn more often. An order or a delivery note, seen from
    afar, is an invoice: many of them would teach that invoices are none of the labels.
    """
    return _WEIGHTS.get(kind, 1.0)
