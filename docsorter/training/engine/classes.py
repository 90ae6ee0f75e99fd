"""The outputs of a new model: the labels of the documents, drawing on what the base knows.

A kind of the base whose output has the name of a label belongs to that label. Every other kind of
the base, also one of a label that the documents do not have, belongs to "other": it goes on
telling foreign documents apart. A label that the base does not know takes over kinds of the
background that have its name ("receipt") or that its documents are taken for, and gets a kind of
its own where there are none.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import logsumexp

from docsorter.model.card import NONE_OF_THESE
from docsorter.training.classes import ClassPlan
from docsorter.training.engine.base import KnownHead
from docsorter.training.engine.head import Adjustment
from docsorter.training.generated import same_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADOPTED_FROM: Final = 0.3
"""A new label takes over a kind of the background that at least this share of it is taken for."""


@dataclass(frozen=True, slots=True)
class StartingHead:
    """The head before anything is learned.

    Attributes:
        plan: Kinds and outputs of the new network.
        kernel: (features, kinds) float32; zeros for a kind of which nothing is known.
        bias: (kinds,) float32.
        known: (outputs,) which labels the base knows by name; never "other".
    """

    plan: ClassPlan
    kernel: "NDArray[np.float32]"
    bias: "NDArray[np.float32]"
    known: "NDArray[np.bool_]"

    def prior(self, features: "NDArray[np.floating]") -> "NDArray[np.float64]":
        """Return what it says of pages, (n, outputs): log-sum-exp over the kinds of each."""
        kinds = features.astype(np.float64) @ self.kernel + self.bias
        ends = np.cumsum(self.plan.widths)
        return np.stack(
            [logsumexp(part, axis=1) for part in np.split(kinds, ends[:-1], axis=1)], axis=1
        )

    def adjusted(self, learned: Adjustment) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """Return kernel and bias with what was learned added to every kind of an output.

        Adding one number to all kinds of an output adds it to their log-sum-exp: the network then
        says exactly what `Adjustment.logits` does.
        """
        owners = np.repeat(np.arange(len(self.plan.outputs)), self.plan.widths)
        kernel = self.kernel + learned.delta[:, owners]
        return kernel.astype(np.float32), (self.bias + learned.shift[owners]).astype(np.float32)


def starting_head(
    known: KnownHead | None,
    labels: tuple[str, ...],
    features: "NDArray[np.floating]",
    names: "NDArray[np.str_]",
    *,
    background: bool,
) -> StartingHead:
    """Make the head that learning starts from.

    Args:
        known: The head of the base, None when there is none.
        labels: Labels of the documents, without "other".
        features: (n, F) of documents, to see what the base takes them for.
        names: (n,) their labels.
        background: Whether an output for "other" is wanted where the base has none.
    """
    width = features.shape[1]
    if known is None:
        outputs = (*labels, NONE_OF_THESE) if background else labels
        kinds = tuple((name, name) for name in outputs)
        empty = np.zeros((width, len(kinds)), np.float32)
        nothing = np.zeros(len(kinds), np.float32)
        return StartingHead(
            ClassPlan(labels, kinds), empty, nothing, np.zeros(len(kinds), np.bool_)
        )
    owners = _new_owners(known, labels, features, names)
    columns: list[tuple[int | None, str, str]] = []
    for output in (*labels, NONE_OF_THESE):
        mine = [kind for kind, owner in enumerate(owners) if owner == output]
        columns += [(kind, known.kinds[kind][0], output) for kind in mine]
        if not mine and (output != NONE_OF_THESE or background):
            columns.append((None, output, output))
    plan = ClassPlan(labels, tuple((kind, output) for _, kind, output in columns))
    # A kind of which nothing is known starts level with what the base says of these documents.
    level = float(np.median((features @ known.kernel + known.bias).max(axis=1)))
    kernel = np.zeros((width, len(columns)), np.float32)
    bias = np.full(len(columns), level, np.float32)
    for column, (kind, _, _) in enumerate(columns):
        if kind is not None:
            kernel[:, column], bias[column] = known.kernel[:, kind], known.bias[kind]
    of_base = np.array([name in known.owners and name in labels for name in plan.outputs], np.bool_)
    return StartingHead(plan, kernel, bias, of_base)


def _new_owners(
    known: KnownHead,
    labels: tuple[str, ...],
    features: "NDArray[np.floating]",
    names: "NDArray[np.str_]",
) -> list[str]:
    owners = [owner if owner in labels else NONE_OF_THESE for owner in known.owners]
    for kind, (name, _) in enumerate(known.kinds):
        named = [label for label in labels if label not in known.owners and same_word(name, label)]
        if owners[kind] == NONE_OF_THESE and named:
            owners[kind] = named[0]
    top = (features @ known.kernel + known.bias).argmax(axis=1)
    claims: dict[int, tuple[float, str]] = {}
    for label in labels:
        if label in known.owners:
            continue
        here = top[names == label]
        for kind, count in Counter(here.tolist()).items():
            share = count / len(here)
            free = owners[kind] == NONE_OF_THESE
            if free and share >= ADOPTED_FROM and share > claims.get(kind, (0.0, ""))[0]:
                claims[kind] = (share, label)
    for kind, (_, label) in claims.items():
        owners[kind] = label
    return owners
