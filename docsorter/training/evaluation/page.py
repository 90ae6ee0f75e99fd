"""The evaluation as one HTML page, made from the template `evaluation.html.j2`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image

from docsorter.model.card import ModelCard
from docsorter.training.dataset import Sample
from docsorter.training.evaluation import plots
from docsorter.training.evaluation.curves import RiskPoint
from docsorter.training.evaluation.evaluation import Case, Evaluation
from docsorter.training.rasters import RasterCache
from docsorter.training.report import jpeg_uri, render, without_padding

SIDE: Final = 512
_QUALITY: Final = 72
_MOST_LABELS: Final = 6
_MEANING: Final = {
    "accuracy": "top answer is right",
    "accuracy among labels": "the likeliest label is right",
    "macro-F1": "precision and recall, every label alike",
    "ECE": "confidence is off by so much on average",
    "Brier": "squared distance from the truth: 0 best, 2 worst",
    "AURC": "mean error over all thresholds: 0 best",
    "E-AURC": "of that, due to mistakes that are not the least sure",
}
_COST: Final = {
    "variant": "how the weights are stored",
    "pages": "pages compared",
    "trained_accuracy": "accuracy before the export",
    "exported_accuracy": "accuracy after it",
    "equal_labels": "share of pages with an equal top label",
    "difference": "greatest change of a probability",
    "mean_difference": "mean over pages of the greatest change",
    "megabytes": "size of the file, MB",
}


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A picture of a page.

    Attributes:
        uri: The picture itself, as a `data:` URI.
        width: Pixels.
        height: Pixels.
    """

    uri: str
    width: int
    height: int


class CachePictures:
    """Pictures of the squares that a cache makes.

    Args:
        cache: Makes the squares.
        side: Longer side of a picture, pixels.
    """

    def __init__(self, cache: RasterCache, side: int = SIDE) -> None:
        self._cache = cache
        self._side = side

    def picture(self, sample: Sample) -> PagePicture | None:
        """Return the first page; None when it cannot be read (any more)."""
        try:
            pixels = self._cache.pages(sample.path, self._side)[0]
        except (ValueError, OSError):
            return None
        image = Image.fromarray(without_padding(pixels))
        return PagePicture(jpeg_uri(image, _QUALITY), image.width, image.height)


def html_page(
    evaluations: Mapping[str, Evaluation],
    card: ModelCard,
    *,
    cost: Mapping[str, object] | None = None,
    pictures: CachePictures | None = None,
    names: bool = False,
) -> str:
    """Return the report of a model.

    Args:
        evaluations: By name of the set of documents.
        card: What is known of the model.
        cost: What the export lost, as `ExportCost.as_json` gives it.
        pictures: Gives pictures of pages; None leaves them out, as it must be in a bundle that
            leaves the house.
        names: Whether files and sources are named; as above.

    Raises:
        DependencyError: Jinja2 is not installed.
    """
    return render(
        "evaluation.html.j2",
        evaluations=evaluations,
        card=card,
        cost=[
            (
                _COST.get(what, what.replace("_", " ")),
                f"{amount:.4g}" if isinstance(amount, float) else str(amount),
            )
            for what, amount in (cost or {}).items()
        ],
        pictures=pictures,
        names=names,
        plots=plots,
        meaning=_MEANING,
        tenths=_tenths,
        likeliest=_likeliest,
    )


def _tenths(points: Sequence[RiskPoint]) -> list[RiskPoint]:
    """Return the points nearest to every tenth of the documents."""
    wanted = [step / 10 for step in range(1, 11)]
    found = [min(points, key=lambda one: abs(one.coverage - at)) for at in wanted]
    return list(dict.fromkeys(found))


def _likeliest(case: Case, columns: Sequence[str]) -> list[tuple[str, float]]:
    """Return labels with their probabilities, the likeliest first; of many those that matter."""
    pairs = sorted(zip(columns, case.probabilities, strict=True), key=lambda pair: -pair[1])
    shown = [p for k, p in enumerate(pairs) if k < _MOST_LABELS or p[0] == case.truth]
    if len(shown) < len(pairs):
        rest = sum(pair[1] for pair in pairs if pair not in shown)
        shown.append((f"{len(pairs) - len(shown)} more", rest))
    return shown
