"""Labelled documents, where they come from, and the classes that a network is taught.

A wide task makes better features (Kornblith et al. 2019), so that the softmax runs over kinds: six
ways an invoice can look, two dozen things that are none of the labels. What ships are one logit
per label and, last, one for everything else: each is the log-sum-exp of its kinds, which is the
logit of their summed probability.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from docsorter.model.card import NONE_OF_THESE


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
