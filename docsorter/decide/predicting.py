"""From what the classifier returned to a prediction: calibrated, compared, pooled."""

from collections.abc import Sequence

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.likeness import Samples
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.pooling import pool_pages
from docsorter.documents import (
    PagePrediction,
    Prediction,
    RawOutput,
    SortRule,
)
from docsorter.errors import ModelError


def predict(
    raw: RawOutput,
    labels: Sequence[str],
    rule: SortRule,
    novelty: NoveltyModel,
    *,
    model: str,
    background: int = 0,
    samples: Samples | None = None,
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
