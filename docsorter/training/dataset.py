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

from docsorter.model.card import NONE_OF_THESE, Origin


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

    def kind_index(self, kind: str) -> int:
        """Return the column of a kind in the softmax, -1 when it is not known."""
        names = [name for name, _ in self.kinds]
        return names.index(kind) if kind in names else -1


def plan_classes(pairs: Iterable[tuple[str, str]], labels: tuple[str, ...]) -> ClassPlan:
    """Make the plan for documents of the given (kind, output) pairs.

    Args:
        pairs: One per document; a kind of "" adds nothing. An output without any kind becomes
            its own only kind.
        labels: What documents can be sorted to; any other output must be "other".

    Raises:
        ValueError: A pair names an output that is neither a label nor "other".
    """
    known: dict[str, set[str]] = {label: set() for label in labels}
    for kind, output in pairs:
        if output == NONE_OF_THESE:
            known.setdefault(output, set())
        if output not in known:
            raise ValueError(f"{output!r} is neither a label nor {NONE_OF_THESE!r}")
        if kind:
            known[output].add(kind)
    order = (*labels, NONE_OF_THESE) if NONE_OF_THESE in known else labels
    kinds = [(kind, output) for output in order for kind in sorted(known[output]) or [output]]
    return ClassPlan(labels, tuple(kinds))


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


def origins(samples: Iterable[Sample]) -> tuple[Origin, ...]:
    """Return every source with its licence and how many documents it gave."""
    counts: dict[tuple[str, str], int] = {}
    for sample in samples:
        key = (sample.source, sample.licence)
        counts[key] = counts.get(key, 0) + 1
    return tuple(
        Origin(name=source, licence=licence, documents=number)
        for (source, licence), number in sorted(counts.items())
    )
