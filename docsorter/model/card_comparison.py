"""Two model cards side by side, with a mark where a difference is more than chance."""

from collections.abc import Iterator
from dataclasses import dataclass

from docsorter.model.card import Evidence, Measured, ModelCard


@dataclass(frozen=True, slots=True)
class FigurePair:
    """One measured figure of two models.

    Attributes:
        on: Kind of documents it was measured on, e.g. "real".
        figure: Its name.
        first: Of the first model; None when it was not measured.
        second: Of the second model.
        differs: Whether the 95 % intervals do not overlap. Overlapping ones prove no equality:
            on the same documents the comparison with `--on` sees more.
    """

    on: str
    figure: str
    first: Measured | None
    second: Measured | None
    differs: bool


@dataclass(frozen=True, slots=True)
class CardComparison:
    """Two cards side by side.

    Attributes:
        facts: (what, first, second) of everything that is not measured, as text.
        figures: Everything measured that at least one card has.
    """

    facts: tuple[tuple[str, str, str], ...]
    figures: tuple[FigurePair, ...]


def compare_cards(first: ModelCard, second: ModelCard) -> CardComparison:
    """Put two cards side by side."""
    keys = dict.fromkeys((*_figures(first), *_figures(second)))
    pairs = []
    for on, figure in keys:
        one = first.metrics.get(on, {}).get(figure)
        two = second.metrics.get(on, {}).get(figure)
        pairs.append(FigurePair(on, figure, one, two, _apart(one, two)))
    facts = zip(_facts(first), _facts(second), strict=True)
    return CardComparison(tuple((name, one, two) for (name, one), (_, two) in facts), tuple(pairs))


def _figures(card: ModelCard) -> Iterator[tuple[str, str]]:
    return ((on, figure) for on, figures in card.metrics.items() for figure in figures)


def _apart(one: Measured | None, two: Measured | None) -> bool:
    if one is None or two is None or None in {one.low, one.high, two.low, two.high}:
        return False
    assert one.low is not None and one.high is not None  # noqa: PT018 -- for the type checker
    assert two.low is not None and two.high is not None  # noqa: PT018 -- as above
    return one.high < two.low or two.high < one.low


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    provenance = card.provenance
    policies = ", ".join(f"{label} {policy}" for label, policy in card.policies.items())
    return [
        ("model", card.name),
        ("made", f"{card.created_at:%Y-%m-%d}"),
        ("labels", ", ".join(card.labels)),
        ("background", f"{card.background} outputs" if card.background else "none"),
        ("base", provenance.base.name),
        ("trained on", f"{_trained_on(card)} documents"),
        ("input", f"{card.input.size} x {card.input.size}, {card.input.fit}"),
        ("temperature", f"{card.temperature:.3f}"),
        ("threshold", card.asks_for()),
        ("novelty limit", f"{card.novelty_limit:g}"),
        ("policies", policies or "none"),
        ("evidence", _evidence(card.evidence)),
    ]


def _trained_on(card: ModelCard) -> int:
    splits = card.provenance.documents
    return sum(
        sum(counts.values()) for split, counts in splits.items() if split.startswith("train")
    )


def _evidence(evidence: Evidence | None) -> str:
    if evidence is None:
        return "none"
    return (
        f"{evidence.errors} errors in {evidence.sorted_alone} sorted alone of "
        f"{evidence.documents}, at most {100 * evidence.upper_bound:.1f} %"
    )
