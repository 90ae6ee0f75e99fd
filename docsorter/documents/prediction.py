"""What is seen in a document and what is made of it: pages, predictions, verdicts, rules."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from docsorter.documents.reasons import Reason, VerdictKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PageSet:
    """The pages of a document as the classifier sees them.

    Attributes:
        pixels: (pages, height, width, 3) uint8, RGB, 0-255, upright.
        total_pages: Pages of the document; more than `len(pixels)` when the page cap was met.
        media_type: What the bytes are, whatever the name says, e.g. "application/pdf".
        producer: What the scanner says of itself ("" when it says nothing).
        notes: Harmless oddities met while reading, one line each.
        traits: What the scan looks like as a scan, see `docsorter.pages.traits`.
    """

    pixels: "NDArray[np.uint8]"
    total_pages: int
    media_type: str
    producer: str = ""
    notes: tuple[str, ...] = ()
    traits: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawOutput:
    """What a classifier returns for a batch of pages.

    Attributes:
        logits: (pages, labels) float32, before temperature.
        features: (pages, width) float32, the pooled features that novelty is measured on.
    """

    logits: "NDArray[np.float32]"
    features: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Likeness:
    """A sample page of the model that a page is like.

    Attributes:
        name: What it is called in the bundle, e.g. "claim-cash".
        label: What it is, "other" included; "" where its name is none of the model's labels.
        distance: Whitened; about 1 is as far as pages of one kind usually are from its centre.
    """

    name: str
    label: str
    distance: float


@dataclass(frozen=True, slots=True)
class PagePrediction:
    """Calibrated view of one page.

    Attributes:
        probabilities: One per label of the model, summing to 1.
        novelty: Percentile 0-100 of the distance from the training data.
        nearest: The sample pages that it is most like, the nearest first.
    """

    probabilities: tuple[float, ...]
    novelty: float
    nearest: tuple[Likeness, ...] = ()


@dataclass(frozen=True, slots=True)
class Prediction:
    """Probabilities over labels for a document, with the model that made them.

    Attributes:
        model: Name of the model bundle, e.g. "starter-1".
        labels: The labels of that model, in the order of the probabilities.
        probabilities: Pooled over pages, calibrated, summing to 1.
        novelty: Percentile 0-100 of the document (its most novel page).
        pages: The same, page by page.
    """

    model: str
    labels: tuple[str, ...]
    probabilities: tuple[float, ...]
    novelty: float
    pages: tuple[PagePrediction, ...]

    @property
    def ranked(self) -> tuple[tuple[str, float], ...]:
        """Labels with their probabilities, the most probable first."""
        pairs = zip(self.labels, self.probabilities, strict=True)
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.ranked[0][0]

    @property
    def confidence(self) -> float:
        """The calibrated probability of the most probable label."""
        return self.ranked[0][1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to happen to a document, and why.

    Attributes:
        kind: sort, review or reject.
        label: Where it is sorted to; for review the best guess; None when nothing was predicted.
        confidence: Of that label, None when nothing was predicted.
        reason: Why.
        threshold: The confidence that was asked for, None when it did not come to that.
    """

    kind: VerdictKind
    reason: Reason
    label: str | None = None
    confidence: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class SortRule:
    """The complete rule by which a document is sorted without a person.

    Attributes:
        temperature: Divides the logits (> 0).
        threshold: Least confidence to sort, 0-1.
        novelty_limit: Greatest novelty percentile to sort, 0-100.
        policies: Per label "auto", "review" or "never"; a label not named is "auto".
        offsets: Per label, by how much the log odds of the threshold are raised for it; 0 for a
            label not named. See `docsorter.decide.offsets`.
    """

    temperature: float
    threshold: float
    novelty_limit: float
    policies: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, float] = field(default_factory=dict)

    def asked_for(self, label: str) -> float:
        """Return the least confidence, 0-1, with which a document is sorted to a label."""
        offset = self.offsets.get(label, 0.0)
        if offset == 0 or not 0 < self.threshold < 1:
            return self.threshold
        odds = self.threshold * math.exp(offset)
        # A hair less, so that no rounding turns away a document that lies on the threshold.
        return odds / (1 - self.threshold + odds) * (1 - 1e-12)


@dataclass(frozen=True, slots=True)
class SortEvidence:
    """What a test of a sort rule showed, on documents the model never saw.

    Attributes:
        documents: Documents in the test.
        sorted_alone: Documents the rule would have sorted without a person.
        errors: Of those, how many to a wrong label.
        confidence: Confidence level of `upper_bound`, e.g. 0.95.
        upper_bound: Exact binomial (Clopper-Pearson, one-sided) upper bound of the error, 0-1.
        description: On what kind of documents.
    """

    documents: int
    sorted_alone: int
    errors: int
    confidence: float
    upper_bound: float
    description: str
