"""Which documents stay together when they are dealt out to sets, and how large the sets are."""

from collections.abc import Sequence
from typing import Final

from docsorter.training.dataset import Sample
from docsorter.training.splits import group

SHARES: Final = {"train": 0.6, "validation": 0.1, "calibration": 0.15, "test": 0.15}
"""How a person's documents are dealt out."""

LEAST_SOURCES: Final = 5
"""A label with fewer sources is split by document: whole sources could not fill four sets."""


def grouped(samples: Sequence[Sample], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Number the groups of documents joined by pairs or by a source that can be kept whole."""
    few = labels_split_by_document(samples)
    keys = [str(s.path) if s.label in few else s.layout for s in samples]
    return group(keys, pairs)


def labels_split_by_document(samples: Sequence[Sample]) -> dict[str, int]:
    """Return labels with sub-folders, but fewer than can be dealt out whole: label to sources."""
    kinds: dict[str, set[str]] = {}
    hinted = {sample.label for sample in samples if sample.source}
    for sample in samples:
        kinds.setdefault(sample.label, set()).add(sample.layout)
    return {label: len(kinds[label]) for label in hinted if len(kinds[label]) < LEAST_SOURCES}
