"""Who is learned from and who is measured on: four sets, or folds where documents are few.

Four sets (train, validation, calibration, test) cost a third of the documents. With few of them
that third is missed, and what is left to measure on measures nothing. So below a limit every
document is learned from *and* measured on, but never at once: cross-fitting (Stone 1974). A head
learned without a fold says what it thinks of that fold, and the final head learns from all. What is
measured so is the skill of heads that had fewer documents: it errs towards caution.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.dataset import Sample
from docsorter.training.grouping import SHARES
from docsorter.training.splits import deal, group

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_FOR_SETS: Final = 60
"""Documents of every label from which on there are four sets."""

LEAST_GROUPS: Final = 8
"""Groups of every label from which on there are four sets: two for each."""

MANY: Final = 1000
"""Documents from which on the calibration set grows at the expense of what is learned from."""

SHARES_OF_MANY: Final = {"train": 0.45, "validation": 0.12, "calibration": 0.31, "test": 0.12}
"""A promise of 1 % takes at least 299 calibration documents that are sorted alone."""

FOLDS: Final = 5
LEAST_TO_DIVIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Division:
    """Which documents serve what.

    Attributes:
        splits: Split of each document: "train", "validation", "calibration" or "test"; all
            "train" when it is cross-fitted.
        folds: (n,) fold of each document, for the choice of the penalty and for cross-fitting;
            whole groups share one.
        cross_fitted: Whether the folds are what is measured on.
    """

    splits: tuple[str, ...]
    folds: "NDArray[np.int64]"
    cross_fitted: bool

    def rows(self, split: str) -> "NDArray[np.int64]":
        """Return the rows of the documents of a split."""
        return np.flatnonzero(np.array([name == split for name in self.splits]))

    def counts(self, samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
        """Return documents by split and label."""
        table: dict[str, dict[str, int]] = {}
        for split in ("train", "validation", "calibration", "test"):
            found = Counter(samples[row].label for row in self.rows(split))
            if found:
                name = f"all, in {self.folds.max() + 1} folds" if self.cross_fitted else split
                table[name] = dict(sorted(found.items()))
        return table


def divide(samples: Sequence[Sample], groups: Sequence[int], seed: int) -> Division:
    """Divide documents; whole groups stay together.

    Args:
        samples: The documents, in any order: the same documents are always divided alike.
        groups: The group of each; see `with_groups_enough`.
        seed: The same seed gives the same division.
    """
    order = sorted(range(len(samples)), key=lambda row: samples[row].path.as_posix())
    labels = [samples[row].label for row in order]
    ordered = group([str(groups[row]) for row in order])
    cross_fitted = _few(labels, ordered)
    dealt = ["train"] * len(order)
    if not cross_fitted:
        shares = SHARES_OF_MANY if len(order) >= MANY else SHARES
        dealt = deal(ordered, labels, dict(shares), seed=seed)
    named = {str(fold): 1 / FOLDS for fold in range(FOLDS)}
    folds = np.zeros(len(order), np.int64)
    splits = [""] * len(order)
    for row, split, fold in zip(order, dealt, deal(ordered, labels, named, seed=seed), strict=True):
        splits[row], folds[row] = split, int(fold)
    _, numbered = np.unique(folds, return_inverse=True)
    return Division(tuple(splits), numbered.astype(np.int64), cross_fitted)


def _few(labels: Sequence[str], groups: Sequence[int]) -> bool:
    mine = [label for label in labels if label != NONE_OF_THESE]
    documents = Counter(mine)
    kinds = Counter(
        label for label, _ in set(zip(labels, groups, strict=True)) if label != NONE_OF_THESE
    )
    return min(documents.values()) < LEAST_FOR_SETS or min(kinds.values()) < LEAST_GROUPS


def with_groups_enough(
    samples: Sequence[Sample], groups: Sequence[int], digests: Sequence[str]
) -> list[int]:
    """Take a label apart that is a single group: there only the same bytes stay together.

    Some labels are one form, filled in by many people: all of it looks alike, and is what is to be
    learned.

    Args:
        samples: The documents.
        groups: The group of each.
        digests: Digest of the bytes of each.

    Returns:
        The group of each; every label has at least two, "other" apart.

    Raises:
        UsageError: All documents of a label are the same file.
    """
    found: dict[str, set[int]] = {}
    for sample, number in zip(samples, groups, strict=True):
        found.setdefault(sample.label, set()).add(number)
    single = {label for label, numbers in found.items() if len(numbers) < LEAST_TO_DIVIDE}
    single.discard(NONE_OF_THESE)
    for label in sorted(single):
        bytes_of = {d for s, d in zip(samples, digests, strict=True) if s.label == label}
        if len(bytes_of) < LEAST_TO_DIVIDE:
            raise UsageError(
                f"all documents of the label {label!r} are the same file",
                remedy="add documents that differ from each other, better from several senders",
            )
    keys = [
        f"{sample.label}:{digest}" if sample.label in single else str(number)
        for sample, number, digest in zip(samples, groups, digests, strict=True)
    ]
    return group(keys)
