"""Fits what a bundle knows of pages among others: first or later, upright or turned.

Both are logistic regressions on the pooled features that novelty is measured on, so that they cost
nothing at run time. What they say is calibrated on groups of pages that they were not fitted on,
and the temperature is folded into their weights. `docsorter.decide.prediction` uses them.

A trunk that stays as it is keeps the heads of its base. For another one they are fitted on the
generated pages that travel with docsorter and on the user's own documents, in half a minute.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.calibration import fit_temperature, softmax
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.process import Progress
from docsorter.settings import PagesSettings
from docsorter.training.generated import later_pages
from docsorter.training.head import Adjustment, Examples, fit_head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.training.base import BaseWeights
    from docsorter.training.export import Exported
    from docsorter.training.material import Material
    from docsorter.training.transfer import TrainedModel

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Arrays = dict[str, NDArray[np.generic]]

TURNS: Final = (0, 90, 180, 270)
"""Degrees clockwise that a page may have been turned by, in the order of the outputs."""

UNKNOWN: Final = -1
LATER, FIRST = 0, 1

LATER_CALLED_FIRST: Final = 0.0125
"""Share of documents of several pages that may be called several documents."""

LEAST_LIMIT: Final = 0.5
TURN_LIMIT: Final = 0.8

STRENGTH: Final = 10.0
"""Of the penalty. With 100, 10 and 1, 42, 49 and 37 % of the first pages of real sources that the
heads had not seen were found where 2 % of the later ones were taken for first pages."""

_FOLDS: Final = 5
_TURNED_TO: Final = {turn: number for number, turn in enumerate(TURNS)}


@dataclass(frozen=True, slots=True)
class SeenPages:
    """Pages of which it is known what they are to their document, and how they lie.

    Attributes:
        features: (n, F) float32, pooled.
        first: (n,) `FIRST`, `LATER` or `UNKNOWN`; the first page of a document of a label, any page
            that is none.
        turns: (n,) degrees clockwise by which the page was turned, one of `TURNS`; `UNKNOWN` where
            nobody can tell, as of photographs.
        groups: (n,) pages of one group (a source, a layout) are never on both sides of a fit.
        weights: (n,) how much each counts.
    """

    features: "NDArray[np.float32]"
    first: "Ints"
    turns: "Ints"
    groups: "Ints"
    weights: "Floats"

    def where(self, chosen: "NDArray[np.bool_]") -> "SeenPages":
        """Return the pages for which `chosen` is true."""
        return SeenPages(
            self.features[chosen],
            self.first[chosen],
            self.turns[chosen],
            self.groups[chosen],
            self.weights[chosen],
        )

    def upright(self) -> "SeenPages":
        """Return the pages that teach which page is a first one."""
        return self.where((self.first != UNKNOWN) & (self.turns <= 0))

    def lying(self) -> "SeenPages":
        """Return the pages that teach how a page lies."""
        return self.where(self.turns != UNKNOWN)


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A head, and what heads that had not seen a page's group say of it.

    Attributes:
        weights: (F, C) float64, temperature folded in.
        bias: (C,) float64, likewise.
        held_out: (n, C) probabilities of the pages it was fitted on, cross-fitted.
        temperature: What the weights were divided by.
    """

    weights: "Floats"
    bias: "Floats"
    held_out: "Floats"
    temperature: float


def fit_page_heads(pages: SeenPages) -> "tuple[Arrays, FittedHead, FittedHead]":
    """Fit both heads.

    Returns:
        The arrays of the bundle's `pages.npz`; the head of first pages and the head of turns, each
        with what it says, cross-fitted, of `pages.upright()` and `pages.lying()`.
    """
    upright, lying = pages.upright(), pages.lying()
    first = _fitted(upright, upright.first, 2)
    columns = np.array([_TURNED_TO[int(turn)] for turn in lying.turns], np.int64)
    turned = _fitted(lying, columns, len(TURNS))
    numbers = {
        "first_weights": first.weights[:, FIRST] - first.weights[:, LATER],
        "first_bias": first.bias[FIRST] - first.bias[LATER],
        "orientation_weights": turned.weights,
        "orientation_bias": turned.bias,
        "first_limit": first_limit(first.held_out[:, FIRST], upright),
        "turn_limit": TURN_LIMIT,
    }
    arrays: Arrays = {name: np.asarray(value, np.float32) for name, value in numbers.items()}
    return arrays, first, turned


def first_limit(probabilities: "Floats", pages: SeenPages) -> float:
    """Return from which probability on a later page counts as the first one of another document.

    Args:
        probabilities: (n,) of being a first page, from heads that were not fitted on the page.
        pages: The same pages.

    Returns:
        The least, but not below `LEAST_LIMIT`, that at most `LATER_CALLED_FIRST` of the later pages
        reach.
    """
    later = pages.first == LATER
    order = np.argsort(-probabilities[later])
    above = np.cumsum(pages.weights[later][order]) / pages.weights[later].sum()
    allowed = int(np.searchsorted(above, LATER_CALLED_FIRST, side="right"))
    least = probabilities[later][order][min(allowed, len(order) - 1)]
    return float(np.clip(least + 1e-6, LEAST_LIMIT, 1.0))


def _fitted(pages: SeenPages, targets: "Ints", outputs: int) -> FittedHead:
    examples = _examples(pages, targets, outputs)
    folds = _folds(pages.groups)
    logits = np.zeros((len(targets), outputs))
    for fold in np.unique(folds):
        held = folds == fold
        head = fit_head(examples.where(~held), STRENGTH)
        logits[held] = _logits(head, pages.features[held])
    temperature = fit_temperature(logits, targets, weights=examples.weights)
    head = fit_head(examples, STRENGTH)
    return FittedHead(
        head.delta / temperature,
        head.shift / temperature,
        softmax(logits, temperature),
        temperature,
    )


def _examples(pages: SeenPages, targets: "Ints", outputs: int) -> Examples:
    """Return pages to learn from, every output counting alike."""
    weights = pages.weights.astype(np.float64)
    total = float(len(targets))
    for column in np.unique(targets):
        here = targets == column
        weights[here] *= total / outputs / weights[here].sum()
    features = pages.features.astype(np.float64)
    prior = np.zeros((len(targets), outputs))
    return Examples(features, prior, targets, weights, pages.groups, np.ones(outputs, np.bool_))


def _folds(groups: "Ints") -> "Ints":
    names, rows = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    return np.asarray(order[rows] % _FOLDS, np.int64)


def _logits(head: Adjustment, features: "NDArray[np.float32]") -> "Floats":
    return head.logits(features, np.zeros((len(features), len(head.shift))))


def capped_weights(keys: Sequence[str], most: float) -> "Floats":
    """Return weights under which the pages of one key (a layout) count as at most `most` pages."""
    _, rows, counts = np.unique(np.array(keys), return_inverse=True, return_counts=True)
    return np.asarray(np.minimum(1.0, most / counts)[rows], np.float64)


_OWN: Final = 100
_FOREIGN: Final = 40
_SHOWN_TURNED: Final = 2  # of so many pages one is looked at from all sides


def page_arrays(
    material: "Material",
    trained: "TrainedModel",
    base: "BaseWeights",
    exported: "Exported",
    work: Path,
    progress: Progress,
) -> "Arrays":
    """Return what a new bundle knows of pages among others, for its `pages.npz`.

    Args:
        material: The user's documents, and foreign pages.
        trained: Says whether the trunk is still that of the base.
        base: What the training started from.
        exported: The file that runs; it is asked about pages.
        work: Folder for the generated pages.
        progress: Is told how many pages were looked at.
    """
    changed = trained.tuning is not None and trained.tuning.kept
    if base.pages and not changed:
        return dict(base.pages)
    shown = list(_to_show(material, exported, work))
    seen: list[tuple[NDArray[np.float32], int, int, int]] = []
    for number, page in enumerate(shown, 1):
        for turn in TURNS if page.turned else (0,):
            square = np.rot90(page.square, -turn // 90)[np.newaxis]
            features = exported.classifier.classify(np.ascontiguousarray(square)).features[0]
            lies = turn if page.turned else UNKNOWN
            seen.append((features, page.first, lies, page.group))
        progress("looking at later pages", number, len(shown))
    features, first, turns, groups = (np.array(column) for column in zip(*seen, strict=True))
    weights = capped_weights(
        [f"{group}|{one}" for one, group in zip(first, groups, strict=True)], 4
    )
    return fit_page_heads(SeenPages(features, first, turns, groups, weights))[0]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A page to look at: (size, size, 3) uint8; from all sides where `turned`."""

    square: "NDArray[np.uint8]"
    first: int
    group: int
    turned: bool


def _to_show(material: "Material", exported: "Exported", work: Path) -> Iterator[_Shown]:
    """Yield the user's pages that were learned from, and generated ones."""
    cache, size = exported.cache, exported.draft.input.size
    rows = material.division.rows("train")
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:_OWN]]
    for place, row in enumerate(rows):
        sample = material.samples[row]
        pages = cache.pages(sample.path, size, cap=PagesSettings().page_cap)
        for number, square in enumerate(pages):
            begins = number == 0 and sample.label != NONE_OF_THESE
            turned = number == 0 and place % _SHOWN_TURNED == 0
            yield _Shown(square, FIRST if begins else LATER, material.groups[row], turned)
    later = later_pages(work / "later")
    foreign = [sample.path for sample in material.foreign.trained[:_FOREIGN]]
    for number, path in enumerate([*later, *foreign]):
        try:
            square = cache.pages(path, size)[0]
        except ValueError:  # blank, as the daemon sees it
            continue
        turned = number < len(later) and number % _SHOWN_TURNED == 0
        yield _Shown(square, LATER, max(material.groups) + 1 + number, turned)
