"""From what the classifier returned to a prediction: calibrated, compared, pooled over pages.

The first page with something on it says what a document is (letterhead, title, form number). What
follows are continuations and enclosures: tables, terms, receipts, photographs. So later pages have
a role, and the document is pooled by these rules, each for a reason:

* **A later page unlike anything** (novel, or none of the labels) has no say: an invoice with a page
  of terms is an invoice. The novelty of a document is that of its first page for the same reason.
* **A later page that looks like the first page of a document** of one of the labels, whichever it
  is, means two documents in one scan. That is no question of probabilities: a person cuts them. A
  page that surely names another label than the first one needs to look less like one.
* **A later page may confirm.** Where those that name the same label are surer on the mean, the
  document moves a share `confirm` of the way to that mean, and never back where they are not. It is
  never surer than its surest page: pages of one document are anything but independent.
* **Documents of several pages are calibrated on their own**: a `temperature` of at least 1 divides
  their log probabilities, fitted on documents of several pages.

A model that cannot tell first pages from later ones (`PageHeads`) pools by a weighted mean instead.
The first page weighs 1; every later one that is like something weighs 1/2, and all of them together
never more than the first. A mean bounds what one odd page can do, and is never surer than its
surest page. Pages that confidently name different labels are then the sign of two documents.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.calibration import label_probabilities, softmax
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.similarity import SamplePages
from docsorter.documents import (
    PagePrediction,
    PageRole,
    PageSet,
    Prediction,
    RawOutput,
    SortRule,
)
from docsorter.errors import ModelError

LATER_PAGE_WEIGHT: Final = 0.5
"""Weight of one later page, when that of the first is 1."""

CONFIDENT: Final = 0.8
"""From here on a page counts as naming its label; below, it only leans towards it."""

SURELY_ANOTHER: Final = 0.95
"""From here on a later page surely names another label than the first one. With generated and real
test pages of two labels in one scan, 93 and 47 % were noticed instead of 74 and 41 %, and not one
more document of several pages was taken for several."""

_TURNS: Final = 4
_SCALARS: Final = {
    "pool_confirm": (0.0, 0.0, 1.0),
    "pool_temperature": (1.0, 1.0, 100.0),
    "first_limit": (0.9, 0.0, 1.0),
    "other_limit": (0.7, 0.0, 1.0),
    "turn_limit": (0.8, 0.0, 1.0),
}
"""Default, least and greatest value of the numbers that a bundle may have beside the heads."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PageHeads:
    """What else the features of a page tell: whether it is a first page, and how it lies.

    Attributes:
        first_weights: (F,) float64.
        first_bias: () float64.
        orientation_weights: (F, 4) float64.
        orientation_bias: (4,) float64.
        confirm: Share of the way to surer later pages that a document moves, 0-1.
        temperature: Divides the log probabilities of documents of several pages, >= 1.
        first_limit: Probability from which on a later page counts as a first page.
        other_limit: The same for a page that surely names another label than the first page.
        turn_limit: Probability from which on a page counts as turned, and as upright.
    """

    first_weights: Floats
    first_bias: Floats
    orientation_weights: Floats
    orientation_bias: Floats
    confirm: float = 0.0
    temperature: float = 1.0
    first_limit: float = 0.9
    other_limit: float = 0.7
    turn_limit: float = 0.8

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "PageHeads | None":
        """Make it of the arrays of a bundle, by their names there; None of no arrays.

        Raises:
            ModelError: An array is missing, of the wrong shape, or holds no numbers.
        """
        if not arrays:
            return None
        width = np.size(arrays.get("first_weights", ()))
        shapes = {
            "first_weights": (width,),
            "first_bias": (),
            "orientation_weights": (width, _TURNS),
            "orientation_bias": (_TURNS,),
        }
        found = {name: _checked(arrays, name, shape) for name, shape in shapes.items()}
        numbers = {name: _number(arrays, name) for name in _SCALARS}
        return cls(
            **found,
            confirm=numbers["pool_confirm"],
            temperature=numbers["pool_temperature"],
            first_limit=numbers["first_limit"],
            other_limit=numbers["other_limit"],
            turn_limit=numbers["turn_limit"],
        )

    def first(self, features: NDArray[np.floating[Any]]) -> Floats:
        """Return the probability that each page is the first of a document, (n,) of (n, F)."""
        odds = self._wide(features) @ self.first_weights + self.first_bias
        result: Floats = 0.5 * (1 + np.tanh(odds / 2))  # the logistic function, without overflow
        return result

    def turn(self, features: NDArray[np.floating[Any]]) -> Floats:
        """Return the probability of each clockwise turn 0, 90, 180, 270, (n, 4) of (n, F).

        It is the turn that the page as seen has been given: turned back by it, it is upright.
        """
        return softmax(self._wide(features) @ self.orientation_weights + self.orientation_bias)

    def _wide(self, features: NDArray[np.floating[Any]]) -> Floats:
        values = np.asarray(features, np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.first_weights):  # noqa: PLR2004 -- a table
            raise ModelError(
                f"the model returned features of shape {values.shape}, its page heads were "
                f"fitted on width {len(self.first_weights)}"
            )
        return values


def predict(  # noqa: PLR0913 -- what a model has, by name, and what it said
    raw: RawOutput,
    labels: Sequence[str],
    rule: SortRule,
    novelty: NoveltyModel,
    *,
    model: str,
    background: int = 0,
    samples: SamplePages | None = None,
    heads: PageHeads | None = None,
    pages: PageSet | None = None,
    turned: Sequence[int] = (),
) -> Prediction:
    """Calibrate the pages, measure their novelty and pool them into the document.

    Args:
        raw: Logits (pages, C) and features (pages, F) of one document, in page order.
        labels: Labels of the prediction; the last one stands for the background, if there is one.
        rule: Whose temperature and novelty limit are used.
        novelty: Distance from the training data.
        model: Name of the model bundle.
        background: Trailing columns of the logits that are summed into the last label.
        samples: Pages that each page is compared with, if any.
        heads: Tells first pages from later ones, if the model can.
        pages: The pages that were classified; without it the first ones of a document.
        turned: How many degrees each was turned by, clockwise, before it was made upright.

    Returns:
        The prediction; its novelty is that of its first page.

    Raises:
        ModelError: A number is not finite, or the shapes do not fit: never a verdict from those.
    """
    outputs = len(labels) - (background > 0) + background
    if raw.logits.ndim != 2 or raw.logits.shape[1] != outputs:  # noqa: PLR2004 -- a table
        raise ModelError(
            f"the model returned logits of shape {raw.logits.shape}, "
            f"but {outputs} outputs are expected for the labels {', '.join(labels)}"
        )
    if len(raw.features) != len(raw.logits) or len(raw.logits) == 0:
        raise ModelError(
            f"the model returned {len(raw.features)} features for {len(raw.logits)} pages"
        )
    count = len(raw.logits)
    by_page = label_probabilities(raw.logits, rule.temperature, background)
    percentiles = novelty.percentile(raw.features)
    alike = [()] * count if samples is None else samples.nearest(raw.features, novelty)
    pooled = pool_document(
        by_page, percentiles, raw.features, rule.novelty_limit, background=background > 0,
        heads=heads,
    )  # fmt: skip
    firsts = [None] * count if pooled.firsts is None else [float(one) for one in pooled.firsts]
    numbers = range(count) if pages is None else pages.numbers
    rows = zip(
        by_page, percentiles, alike, numbers, pooled.roles, firsts, turned or [0] * count,
        strict=True,
    )  # fmt: skip
    return Prediction(
        model,
        tuple(labels),
        tuple(map(float, pooled.probabilities)),
        float(percentiles[0]),
        tuple(
            PagePrediction(tuple(map(float, shares)), float(percentile), *rest)
            for shares, percentile, *rest in rows
        ),
        blank=() if pages is None else pages.blank,
        undrawable={} if pages is None else pages.undrawable,
    )


@dataclass(frozen=True, slots=True)
class PageLabel:
    """The label that one page names.

    Attributes:
        page: Index of the page, from 0.
        label: Column of the label.
        probability: Of that label on that page, 0-1.
    """

    page: int
    label: int
    probability: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two pages that confidently name different labels, the earlier page first."""

    first: PageLabel
    second: PageLabel


@dataclass(frozen=True, slots=True, eq=False)
class PooledPages:
    """A document made of its pages.

    Attributes:
        probabilities: (L,) float64, sums to 1.
        roles: Of each page.
        firsts: (pages,) probability of being a first page; None where the model does not say so.
        held: Whether a person is asked, whatever the probabilities are: another document begins
            in it, or its pages disagree.
    """

    probabilities: Floats
    roles: tuple[PageRole, ...]
    firsts: Floats | None
    held: bool


def pool_document(
    probabilities: Floats,
    novelty: Floats,
    features: NDArray[np.floating[Any]],
    novelty_limit: float,
    *,
    background: bool = False,
    heads: PageHeads | None = None,
) -> PooledPages:
    """Give each page its role and pool them, as the module says.

    Args:
        probabilities: (pages, L), rows sum to 1, in page order.
        novelty: (pages,) percentiles.
        features: (pages, F) as the heads need them.
        novelty_limit: Above it a later page is unlike anything.
        background: Whether the last column stands for none of the labels.
        heads: Tells first pages; None pools by the weighted mean.

    Raises:
        ModelError: There is no page, or a number is not finite.
    """
    _check(probabilities)
    known = 1.0 - probabilities[:, -1] if background else np.ones(len(probabilities))
    unlike = novelty > novelty_limit
    if background:
        unlike |= probabilities.argmax(axis=1) == probabilities.shape[1] - 1
    firsts = None if heads is None else heads.first(features)
    begins = np.zeros(len(probabilities), np.bool_)
    if heads is not None and firsts is not None:
        begins = (firsts >= _limits(probabilities, heads)) & (known >= CONFIDENT) & ~unlike
    unlike[0] = begins[0] = False
    parts = probabilities[~unlike & ~begins]
    roles = tuple(
        PageRole.BEGINS if another else PageRole.UNLIKE if strange else PageRole.PART
        for another, strange in zip(begins, unlike, strict=True)
    )
    if heads is None:
        return PooledPages(pool_pages(parts), roles, None, disagreement(parts) is not None)
    pooled = _confirmed(parts, heads.confirm)
    if len(probabilities) > 1:
        pooled = _tempered(pooled, heads.temperature)
    return PooledPages(pooled, roles, firsts, bool(begins.any()))


def _limits(probabilities: Floats, heads: PageHeads) -> Floats:
    """Return from which probability of being a first page on each page counts as one, (pages,)."""
    said = probabilities.argmax(axis=1)
    another = (said != said[0]) & (probabilities.max(axis=1) >= SURELY_ANOTHER)
    return np.where(another, min(heads.other_limit, heads.first_limit), heads.first_limit)


def _confirmed(parts: Floats, share: float) -> Floats:
    """Move the first page a share of the way to the mean of the later ones that confirm it."""
    alone: Floats = parts[0]
    label = int(alone.argmax())
    later = parts[1:][parts[1:].argmax(axis=1) == label]
    if share == 0 or not len(later):
        return alone
    mean: Floats = later.mean(axis=0)
    return alone if mean[label] <= alone[label] else alone + share * (mean - alone)


def _tempered(probabilities: Floats, temperature: float) -> Floats:
    logs = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    return probabilities if temperature == 1 else softmax(logs[np.newaxis], temperature)[0]


def pool_pages(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pool pages by the weighted mean, for a model without `PageHeads`.

    Args:
        probabilities: (pages, L), rows sum to 1, in page order.

    Returns:
        (L,) float64, sums to 1.

    Raises:
        ModelError: There is no page, or a number is not finite.
    """
    _check(probabilities)
    weights = np.empty(len(probabilities))
    weights[0] = 1.0
    if (later := len(probabilities) - 1) > 0:
        weights[1:] = min(LATER_PAGE_WEIGHT, 1.0 / later)
    pooled: NDArray[np.float64] = weights @ probabilities / weights.sum()
    return pooled


def disagreement(probabilities: NDArray[np.float64]) -> Disagreement | None:
    """Say whether pages confidently name different labels.

    Args:
        probabilities: (pages, L), rows sum to 1, in page order.

    Returns:
        The surest page of each of the two labels named most surely; None when at most one
        label is named.

    Raises:
        ModelError: There is no page, or a number is not finite.
    """
    _check(probabilities)
    surest: dict[int, PageLabel] = {}
    for page, row in enumerate(probabilities):
        named = PageLabel(page, int(row.argmax()), float(row.max()))
        known = surest.get(named.label)
        if named.probability >= CONFIDENT and (
            known is None or named.probability > known.probability
        ):
            surest[named.label] = named
    if len(surest) <= 1:
        return None
    two = sorted(surest.values(), key=lambda named: (-named.probability, named.page))[:2]
    first, second = sorted(two, key=lambda named: named.page)
    return Disagreement(first, second)


def _check(probabilities: NDArray[np.float64]) -> None:
    if probabilities.ndim != 2 or 0 in probabilities.shape:  # noqa: PLR2004 -- pages and labels
        raise ModelError(
            f"a document needs at least one page and one label, not {probabilities.shape}"
        )
    if not np.isfinite(probabilities).all():
        raise ModelError("the model answered with probabilities that are no numbers")


def _checked(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Floats:
    values = np.asarray(arrays.get(name, np.nan), np.float64)
    if values.shape != shape or values.size == 0 or not np.isfinite(values).all():
        raise ModelError(
            f"the page heads of the model are damaged: {name} is missing or no array of the kind "
            "expected",
            remedy="take the bundle again from where it came from",
        )
    return values


def _number(arrays: Mapping[str, NDArray[Any]], name: str) -> float:
    default, least, greatest = _SCALARS[name]
    value = float(_checked({name: np.reshape(arrays.get(name, default), ())}, name, ()))
    return min(max(value, least), greatest)
