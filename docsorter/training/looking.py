"""What the exported model says of documents, pooled as the daemon pools them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import pool_pages
from docsorter.documents import RawOutput
from docsorter.training.dataset import ClassPlan, Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def judge(looked: Looked, temperature: float, background: int, novelty: NoveltyModel) -> Judged:
    """Calibrate, pool pages and measure novelty."""
    shares = [
        pool_pages(label_probabilities(output.logits, temperature, background))
        for output in looked.outputs
    ]
    novel = [float(novelty.percentile(output.features).max()) for output in looked.outputs]
    return Judged(looked.samples, looked.targets, np.stack(shares), np.array(novel))
