"""Labelled documents, the classes that a network learns, and what a model says of documents.

A wide task makes better features (Kornblith et al. 2019), so that the softmax runs over kinds: six
ways an invoice can look, two dozen things that are none of the labels. What ships are one logit
per label and, last, one for everything else: each is the log-sum-exp of its kinds, which is the
logit of their summed probability.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageHeads, PooledPages, pool_document
from docsorter.documents import RawOutput
from docsorter.model.card import NONE_OF_THESE

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """The kinds in the order of the softmax, and the outputs they pool into.

    Attributes:
        labels: What documents can be sorted to.
        kinds: (kind, output) pairs, grouped by output in the order of `outputs`.
    """

    labels: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]

    @property
    def background(self) -> bool:
        """Whether there is an output for "none of these"."""
        return any(output == NONE_OF_THESE for _, output in self.kinds)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels and, with a background, "other" last."""
        return (*self.labels, NONE_OF_THESE) if self.background else self.labels

    @property
    def widths(self) -> tuple[int, ...]:
        """How many kinds pool into each output."""
        owners = [output for _, output in self.kinds]
        return tuple(owners.count(output) for output in self.outputs)

    @property
    def owners(self) -> "NDArray[np.int64]":
        """Column of the output of each kind, (kinds,)."""
        return np.repeat(np.arange(len(self.outputs), dtype=np.int64), self.widths)

    def pooled(self, kinds: "NDArray[np.floating]") -> "NDArray[np.float64]":
        """Return logits of the outputs, (n, outputs): log-sum-exp over the kinds of each."""
        parts = np.split(kinds, np.cumsum(self.widths)[:-1], axis=1)
        return np.stack([np.logaddexp.reduce(part, axis=1) for part in parts], axis=1)

    def output_index(self, output: str) -> int:
        """Return the column of a label (or of "other") among the outputs."""
        return self.outputs.index(output)


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled document.

    Attributes:
        path: The file.
        label: What it is: a label, or "other" for none of them.
        kind: Finer than the label, "" where nobody said.
        layout: Same vendor or template, same layout; never cut by a split.
        source: Where it came from: "synthetic", a repository, a folder.
        licence: Licence of the source.
        split: Split it is bound to, "" where that is still free.
        origin: "synthetic" or "real".
    """

    path: Path
    label: str
    kind: str
    layout: str
    source: str
    licence: str = ""
    split: str = ""
    origin: str = "real"


def fingerprint(samples: Iterable[Sample]) -> str:
    """Return the SHA-256 over the sorted digests of all files with their labels."""
    lines = sorted(
        f"{hashlib.sha256(sample.path.read_bytes()).hexdigest()} {sample.label}"
        for sample in samples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class RawPredictions:
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

    def where(self, chosen: "NDArray[np.bool_]") -> "RawPredictions":
        """Return the documents for which `chosen` is true."""
        rows = np.flatnonzero(chosen)
        return RawPredictions(
            tuple(self.samples[row] for row in rows),
            self.targets[rows],
            tuple(self.outputs[row] for row in rows),
        )

    def of_labels(self, plan: ClassPlan) -> "RawPredictions":
        """Return the documents that are of a label, without "other"."""
        return self.where(self.targets < len(plan.labels))


@dataclass(frozen=True, slots=True)
class Predictions:
    """Documents with calibrated probabilities and novelty.

    Attributes:
        samples: The documents.
        targets: (n,) column of the label or of "other".
        probabilities: (n, labels) or, with a background, (n, labels + 1).
        novelty: (n,) percentile 0-100 of the first page.
        read: (n,) of which documents the words were read; None for none.
    """

    samples: tuple[Sample, ...]
    targets: "NDArray[np.int64]"
    probabilities: "NDArray[np.float64]"
    novelty: "NDArray[np.float64]"
    read: "NDArray[np.bool_] | None" = None

    def where(self, chosen: "NDArray[np.bool_]") -> "Predictions":
        """Return the documents for which `chosen` is true."""
        rows = np.flatnonzero(chosen)
        return Predictions(
            tuple(self.samples[row] for row in rows),
            self.targets[rows],
            self.probabilities[rows],
            self.novelty[rows],
            None if self.read is None else self.read[rows],
        )


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Return the documents of several sets as one."""
    return Predictions(
        tuple(sample for part in parts for sample in part.samples),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.novelty for part in parts]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class DocumentJudge:
    """Makes documents of their pages as the daemon does, many at a time.

    Attributes:
        temperature: Divides the logits.
        background: How many trailing outputs mean "none of the labels".
        novelty: Distance from the documents learned from.
        novelty_limit: Percentile above which a page is unlike anything.
        heads: Tell first pages from later ones, where the model can.
    """

    temperature: float
    background: int
    novelty: NoveltyModel
    novelty_limit: float
    heads: PageHeads | None = None

    def predict(self, raw: RawPredictions) -> Predictions:
        """Calibrate, pool pages and measure the novelty of the first ones."""
        shares = [self._pooled(output).probabilities for output in raw.outputs]
        novel = self.novelty.percentile(raw.first_features)
        return Predictions(raw.samples, raw.targets, np.stack(shares), novel)

    def held(self, raw: RawPredictions) -> "NDArray[np.bool_]":
        """Say of which documents a person is asked in any case, (n,); see `PooledPages.held`."""
        return np.array([self._pooled(output).held for output in raw.outputs], np.bool_)

    def _pooled(self, output: RawOutput) -> PooledPages:
        return pool_document(
            label_probabilities(output.logits, self.temperature, self.background),
            self.novelty.percentile(output.features),
            output.features,
            self.novelty_limit,
            background=self.background > 0,
            heads=self.heads,
        )
