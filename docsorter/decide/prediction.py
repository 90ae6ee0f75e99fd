"""From what the classifier returned to a prediction: calibrated, compared, pooled over pages.

Pooling is a weighted mean of probabilities. The first page weighs 1; every later page weighs 1/2,
and all later pages together never more than the first. Why so:

* The first page says what a document is (letterhead, title, form number). Later pages are
  continuations and enclosures: tables, small print, receipts. They may lower it, not outvote it.
* A mean of probabilities bounds what one odd page can do by its weight. A mean of log
  probabilities (or a product) does not: one page at 0.000001 vetoes seven pages at 0.99, and a few
  pages that share one mistake make each other certain, though pages of one document are anything
  but independent.
* A mean is never surer than its surest page, so it errs towards asking a person. The threshold is
  tested on pooled documents: the promise holds by any rule, only the automation rate depends on it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.similarity import SamplePages
from docsorter.documents import (
    PagePrediction,
    Prediction,
    RawOutput,
    SortRule,
)
from docsorter.errors import ModelError

LATER_PAGE_WEIGHT: Final = 0.5
"""Weight of one later page, when that of the first is 1."""

CONFIDENT: Final = 0.8
"""From here on a page counts as naming its label; below, it only leans towards it."""


def predict(
    raw: RawOutput,
    labels: Sequence[str],
    rule: SortRule,
    novelty: NoveltyModel,
    *,
    model: str,
    background: int = 0,
    samples: SamplePages | None = None,
) -> Prediction:
    """Calibrate the pages, measure their novelty and pool them into the document.

    Args:
        raw: Logits (pages, C) and features (pages, F) of one document, in page order.
        labels: Labels of the prediction; the last one stands for the background, if there is one.
        rule: Whose temperature is used.
        novelty: Distance from the training data.
        model: Name of the model bundle.
        background: Trailing columns of the logits that are summed into the last label.
        samples: Pages that each page is compared with, if any.

    Returns:
        The prediction; its novelty is that of the most novel page.

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
    by_page = label_probabilities(raw.logits, rule.temperature, background)
    percentiles = novelty.percentile(raw.features)
    alike = [()] * len(by_page) if samples is None else samples.nearest(raw.features, novelty)
    pages = tuple(
        PagePrediction(tuple(map(float, row)), float(percentile), nearest)
        for row, percentile, nearest in zip(by_page, percentiles, alike, strict=True)
    )
    pooled = tuple(map(float, pool_pages(by_page)))
    return Prediction(model, tuple(labels), pooled, float(percentiles.max()), pages)


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


def pool_pages(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pool pages into the document, as the module says.

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
