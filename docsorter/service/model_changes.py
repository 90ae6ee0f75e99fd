"""What changes for people when another model is put to use: its labels, and so their folders."""

from dataclasses import dataclass
from pathlib import Path

from docsorter.errors import DocsorterError, ModelError, UsageError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.promotion import Promotion
from docsorter.model.registry import InUse
from docsorter.review.labels import check_label
from docsorter.service.engine import LoadedModel


@dataclass(frozen=True, slots=True)
class Changed:
    """What a promotion or a rollback changed.

    Attributes:
        promotion: What was written down; None when the model was in use already.
        bundle: Name of the bundle in use now.
        model: Name on its card.
        fingerprint: SHA-256 of its SHA256SUMS.
        statement: How far it is to be trusted.
        golden_difference: Greatest difference of a probability on them.
        previous: Name of the bundle before.
        appeared: Labels that the bundle before did not have.
        vanished: Labels that only the bundle before had.
        notes: What the administrator ought to know.
    """

    promotion: Promotion | None
    bundle: str
    model: str
    fingerprint: str
    statement: str
    golden_difference: float
    previous: str
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def changed(
    promotion: Promotion | None, model: LoadedModel, before: InUse, template: str
) -> Changed:
    """Say what another model changes.

    Args:
        promotion: What was written down, None for nothing.
        model: In use now.
        before: In use until then; its folder may be gone.
        template: The setting deliver.template.
    """
    new, old = model.card.labels, _labels(before.path)
    appeared = tuple(label for label in new if label not in old) if old else ()
    vanished = tuple(label for label in old if label not in new)
    return Changed(
        promotion,
        bundle=model.name,
        model=model.card.name,
        fingerprint=model.fingerprint,
        statement=model.statement,
        golden_difference=model.golden_difference,
        previous=before.name,
        appeared=appeared,
        vanished=vanished,
        notes=tuple(_notes(appeared, vanished, template)),
    )


def check_labels(card: ModelCard) -> None:
    """Refuse labels that cannot be folders, or that would share one.

    Raises:
        ModelError: A label is such.
    """
    for number, label in enumerate(card.labels):
        try:
            check_label(label, card.labels[:number], new=True)
        except UsageError as error:
            raise ModelError(
                f"the model {card.name} cannot be used: {error.message}", remedy=error.remedy
            ) from error


def _notes(appeared: tuple[str, ...], vanished: tuple[str, ...], template: str) -> list[str]:
    notes = []
    if appeared and "{label" not in template:
        notes.append(
            f"deliver.template {template!r} does not use {{label}}: documents of "
            f"{', '.join(appeared)} go among all others"
        )
    folded = {label.casefold(): label for label in vanished}
    notes += [
        f"{label} was written {folded[label.casefold()]} before: they are two folders now"
        for label in appeared
        if label.casefold() in folded
    ]
    if vanished:
        notes.append("documents sorted under labels that are gone stay where they are")
    return notes


def _labels(bundle: Path) -> tuple[str, ...]:
    try:
        return read_card(bundle / CARD).labels
    except DocsorterError:
        return ()
