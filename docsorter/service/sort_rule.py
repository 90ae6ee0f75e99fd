"""When a document is sorted without a person: what the card says and what the settings ask for."""

import dataclasses
from collections.abc import Mapping

from docsorter.documents import SortRule
from docsorter.errors import SettingsError
from docsorter.model.card import ModelCard


def sort_rule(card: ModelCard, threshold: float | None, policies: Mapping[str, str]) -> SortRule:
    """Join the card's rule with what the user asks for, which may only be stricter.

    Raises:
        SettingsError: The threshold is below the card's, or a policy names an unknown label.
    """
    if threshold is not None and threshold < card.threshold:
        raise SettingsError(
            f"decide.threshold = {threshold} is below {card.threshold:.4f}, the least that the "
            f"test of model {card.name} supports",
            remedy="leave decide.threshold out, or choose a higher value",
        )
    unknown = sorted(set(policies) - set(card.labels))
    if unknown:
        raise SettingsError(
            f"decide.policies names {unknown[0]!r}, a label model {card.name} was not taught",
            remedy=f"its labels are: {', '.join(card.labels)}",
        )
    rule = card.rule()
    offsets = rule.offsets
    if threshold is not None:  # no label is asked for less than the user asks for
        offsets = {label: max(offset, 0.0) for label, offset in offsets.items()}
    return dataclasses.replace(
        rule,
        threshold=max(rule.threshold, threshold or 0.0),
        policies={**rule.policies, **policies},
        offsets=offsets,
    )
