"""Documents worth looking at: what went wrong most surely, what two labels compete for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.training.dataset import Sample
from docsorter.training.looking import Judged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

MISTAKES: Final = 12
OTHERS: Final = 6
_PER_GROUP: Final = 2
"""Ten mistakes on one template teach as much as two."""


@dataclass(frozen=True, slots=True)
class Case:
    """One document to look at.

    Attributes:
        sample: The document.
        truth: What it is.
        said: What the model takes it for.
        probabilities: Of every label, in the order of the model's columns.
        novelty: Percentile 0-100.
        sorted_alone: Whether the rule sorts it without a person.
        right: Whether the model takes it for what it is.
    """

    sample: Sample
    truth: str
    said: str
    probabilities: tuple[float, ...]
    novelty: float
    sorted_alone: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Cases:
    """Documents to look at, by why, none of them twice.

    Attributes:
        mistakes: Wrong, the most confident first: those sorted alone, then those taken for a
            label, then those taken for none.
        competing: Two labels are about as likely, the closest first.
        close: Sorted alone, but only just; the least sure first.
    """

    mistakes: tuple[Case, ...]
    competing: tuple[Case, ...]
    close: tuple[Case, ...]


def choose_cases(
    judged: Judged, names: tuple[str, ...], labels: int, chosen: "Mask", groups: Sequence[int]
) -> Cases:
    """Choose the documents to look at, at most two of a group.

    Args:
        judged: All documents.
        names: The columns of the probabilities.
        labels: How many of them are labels.
        chosen: (n,) which documents the rule sorts alone.
        groups: (n,) group of each document.
    """
    shares = judged.probabilities
    top, confidence = shares.argmax(axis=1), shares.max(axis=1)
    foreign = judged.targets >= labels
    right = np.where(foreign, top >= labels, top == judged.targets)
    harmless = top >= labels  # taken for none of the labels: a person will see it
    ranked = np.sort(shares[:, :labels], axis=1)
    margin = ranked[:, -1] - ranked[:, -2] if labels > 1 else np.ones(len(shares))
    # Both labels must be serious candidates, or "other" is the answer.
    torn = (ranked[:, -2:].sum(axis=1) >= 0.5) & (margin < 0.5)

    def case(row: int) -> Case:
        sample = judged.samples[row]
        return Case(
            sample=sample,
            truth=sample.label if foreign[row] else names[judged.targets[row]],
            said=names[top[row]],
            probabilities=tuple(shares[row].tolist()),
            novelty=float(judged.novelty[row]),
            sorted_alone=bool(chosen[row]),
            right=bool(right[row]),
        )

    shown: set[int] = set()

    def first(mask: "Mask", order: "NDArray[np.int64]", most: int) -> tuple[Case, ...]:
        wanted = (row for row in order.tolist() if mask[row] and row not in shown)
        kept = _spread(wanted, groups, most)
        shown.update(kept)
        return tuple(case(row) for row in kept)

    return Cases(
        mistakes=first(~right, np.lexsort((-confidence, harmless, ~chosen)), MISTAKES),
        competing=first(torn, np.argsort(margin, kind="stable"), OTHERS),
        close=first(chosen, np.argsort(confidence, kind="stable"), OTHERS),
    )


def _spread(rows: Iterable[int], groups: Sequence[int], most: int) -> list[int]:
    seen: Counter[int] = Counter()
    kept: list[int] = []
    for row in rows:
        seen[groups[row]] += 1
        if seen[groups[row]] <= _PER_GROUP:
            kept.append(row)
        if len(kept) == most:
            break
    return kept
