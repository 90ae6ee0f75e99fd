"""Documents whose label may be wrong, by confident learning.

Every document is predicted by a head that saw nothing of its group: a logistic regression
on pooled features, fitted on the other folds. Confident learning (Northcutt, Jiang and Chuang
2021, arXiv 1911.00068, as in cleanlab) then estimates how many documents of each label are really
of another one, and names the least probable ones.

Measured with the features of the starter model, ten labels changed at random, three times: of 140
generated documents 28 of the 30 were among 45 named (5 are named when none was changed), of 310
real ones 25 of the 30 among 44 (4 when none was changed).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.errors import missing_extra
from docsorter.service.workspace.process import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS: Final = 5
LEAST_GROUPS: Final = 2
"""A label with fewer groups cannot be predicted from what was learned from the others."""

_COMPONENTS: Final = 96  # of the features; without labels, so that they may be of all documents
_REGULARIZATION: Final = 0.01  # scikit-learn's C


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a label may be wrong.

    Attributes:
        label: The label that the document looks like.
        probability: Of that label, 0-1, by a head that never saw the document.
        own_probability: Of the label it carries.
    """

    label: str
    probability: float
    own_probability: float


def require_libraries() -> None:
    """Say at once when what this takes is not installed.

    Raises:
        DependencyError: scikit-learn or cleanlab is not installed.
    """
    try:
        import cleanlab.filter  # noqa: F401, PLC0415 -- seconds, and part of an extra
        import sklearn.linear_model  # noqa: F401, PLC0415 -- as above
    except ImportError as error:
        raise missing_extra(
            "looking for wrong labels", str(error.name), "; or leave that out with --no-suspects"
        ) from error


def suspicions(
    features: "NDArray[np.float32]",
    labels: Sequence[str],
    groups: Sequence[int],
    progress: Progress,
    seed: int = 0,
) -> tuple[dict[int, Suspicion], str]:
    """Return documents whose label may be wrong, the most suspicious first.

    Args:
        features: (n, width) pooled features of first pages.
        labels: n labels.
        groups: n groups; a document is never predicted from one of its own group.
        progress: Is told how far it is.
        seed: Of the folds.

    Returns:
        Row to suspicion, and a note on what could not be examined ("" when everything was).
    """
    spread = {name: _groups_of(name, labels, groups) for name in sorted(set(labels))}
    known = [name for name, number in spread.items() if number >= LEAST_GROUPS]
    if len(known) < 2:
        return {}, "not looked for: at least two labels with two different documents are needed"
    rows = np.array([row for row, label in enumerate(labels) if label in known])
    targets = np.array([known.index(labels[row]) for row in rows])
    folds = min(FOLDS, *(spread[name] for name in known))
    shares = _out_of_fold(features[rows], targets, np.array(groups)[rows], folds, progress, seed)
    found = {
        int(rows[place]): Suspicion(
            known[int(shares[place].argmax())],
            float(shares[place].max()),
            float(shares[place, targets[place]]),
        )
        for place in _issues(targets, shares)
    }
    left_out = sorted(set(labels) - set(known))
    note = f"not judged, too few different documents: {', '.join(left_out)}" if left_out else ""
    return found, note


def _groups_of(name: str, labels: Sequence[str], groups: Sequence[int]) -> int:
    return len({group for label, group in zip(labels, groups, strict=True) if label == name})


def _components(features: "NDArray[np.float32]") -> "NDArray[np.float64]":
    """Return the main components, (n, <= 96), of standardized features.

    A head on them is as good as one on 2048 features and takes a hundredth of the time.
    """
    centred = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    scale = np.maximum(centred.std(axis=0), 1e-6)
    left, values, _ = np.linalg.svd(centred / scale, full_matrices=False)
    return np.asarray((left * values)[:, :_COMPONENTS])


def _out_of_fold(
    inputs: "NDArray[np.float64]",
    targets: "NDArray[np.int64]",
    groups: "NDArray[np.int64]",
    folds: int,
    progress: Progress,
    seed: int,
) -> "NDArray[np.float64]":
    """Return probabilities (n, labels) by heads that saw no document of the row's group."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- part of an extra
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 -- as above

    shares = np.full((len(targets), targets.max() + 1), 1e-6)
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(dealer.split(inputs, targets, groups), 1):
        head = LogisticRegression(C=_REGULARIZATION, max_iter=300)
        if len(np.unique(targets[train])) > 1:
            head.fit(inputs[train], targets[train])
            shares[np.ix_(test, head.classes_)] = head.predict_proba(inputs[test])
        else:  # a fold without the other labels says nothing of them
            shares[test, targets[test]] = 1.0
        progress("looking for wrong labels", number, folds)
    return shares / shares.sum(axis=1, keepdims=True)


def _issues(targets: "NDArray[np.int64]", shares: "NDArray[np.float64]") -> list[int]:
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 -- seconds, and part of an extra

    ranked = find_label_issues(
        targets, shares, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [int(row) for row in ranked]
