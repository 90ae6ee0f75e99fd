"""What the exported model says of documents, pooled as the daemon pools them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import pool_pages
from docsorter.documents import RawOutput
from docsorter.model.classifier import Classifier
from docsorter.settings import PagesSettings
from docsorter.training.dataset import ClassPlan, Sample
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAGE_CAP = PagesSettings().page_cap  # as many as the daemon looks at


@dataclass(frozen=True, slots=True)
class Looked:
    """Raw outputs of a set of documents.

    Attributes:
        samples: The documents.
        targets: (n,) int, column of the label or of "other".
        outputs: One raw output per document, all its pages.
    """

    samples: tuple[Sample, ...]
    targets: "NDArray[np.int64]"
    outputs: tuple[RawOutput, ...]

    @property
    def first_logits(self) -> "NDArray[np.float32]":
        """Logits of the first pages, (n, outputs)."""
        return np.stack([output.logits[0] for output in self.outputs])

    @property
    def first_features(self) -> "NDArray[np.float32]":
        """Features of the first pages, (n, width)."""
        return np.stack([output.features[0] for output in self.outputs])

    def where(self, chosen: "NDArray[np.bool_]") -> "Looked":
        """Return the documents for which `chosen` is true."""
        rows = np.flatnonzero(chosen)
        return Looked(
            tuple(self.samples[row] for row in rows),
            self.targets[rows],
            tuple(self.outputs[row] for row in rows),
        )

    def of_labels(self, plan: ClassPlan) -> "Looked":
        """Return the documents that are of a label, without "other"."""
        return self.where(self.targets < len(plan.labels))


def look(
    classifier: Classifier,
    samples: Sequence[Sample],
    plan: ClassPlan,
    cache: RasterCache,
    size: int,
) -> Looked:
    """Let the classifier look at documents, each at most `PAGE_CAP` pages."""
    outputs = tuple(
        classifier.classify(cache.pages(s.path, size, cap=PAGE_CAP if s.origin == "real" else 1))
        for s in samples
    )
    targets = np.array([plan.output_index(sample.label) for sample in samples], np.int64)
    return Looked(tuple(samples), targets, outputs)


@dataclass(frozen=True, slots=True)
class Judged:
    """Documents with calibrated probabilities and novelty.

    Attributes:
        samples: The documents.
        targets: (n,) column of the label or of "other".
        probabilities: (n, labels) or, with a background, (n, labels + 1).
        novelty: (n,) percentile 0-100 of the most novel page.
    """

    samples: tuple[Sample, ...]
    targets: "NDArray[np.int64]"
    probabilities: "NDArray[np.float64]"
    novelty: "NDArray[np.float64]"

    def where(self, chosen: "NDArray[np.bool_]") -> "Judged":
        """Return the documents for which `chosen` is true."""
        rows = np.flatnonzero(chosen)
        return Judged(
            tuple(self.samples[row] for row in rows),
            self.targets[rows],
            self.probabilities[rows],
            self.novelty[rows],
        )


def joined(parts: Sequence[Judged]) -> Judged:
    """Return the documents of several sets as one."""
    return Judged(
        tuple(sample for part in parts for sample in part.samples),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.novelty for part in parts]),
    )


def judge(looked: Looked, temperature: float, background: int, novelty: NoveltyModel) -> Judged:
    """Calibrate, pool pages and measure novelty."""
    shares = [
        pool_pages(label_probabilities(output.logits, temperature, background))
        for output in looked.outputs
    ]
    novel = [float(novelty.percentile(output.features).max()) for output in looked.outputs]
    return Judged(looked.samples, looked.targets, np.stack(shares), np.array(novel))
