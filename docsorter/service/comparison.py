"""What two models said of the same documents, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from docsorter.decide.agreement import mcnemar, proportion_interval


@dataclass(frozen=True, slots=True)
class Said:
    """What one model said of one document."""

    label: str
    confidence: float
    sorts: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """What both models said of one document.

    Attributes:
        name: Relative to the folder.
        label: What it is, "" when that is not known.
        first: Of the first model.
        second: Of the second model.
        gap: Greatest difference of the probability of a label, 0-1.
    """

    name: str
    label: str
    first: Said
    second: Said
    gap: float

    @property
    def differs(self) -> bool:
        """Whether another label was found, or only one model would sort it."""
        return (self.first.label, self.first.sorts) != (self.second.label, self.second.sorts)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval."""

    k: int
    n: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ModelTally:
    """How one model did.

    Attributes:
        sorted_alone: Of all documents that could be read.
        right: Most probable label right, of the documents whose label is known.
        wrong_alone: Sorted to a wrong label, of the documents with a known label sorted alone.
    """

    sorted_alone: Share
    right: Share
    wrong_alone: Share


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on all documents.

    Attributes:
        documents: How many could be read.
        labelled: Of how many the label is known.
        unreadable: (name, reason) of those that could not be read.
        equal_labels: Documents of which both say the same label.
        greatest_gap: Greatest difference of the probability of a label; None without documents.
        first: How the first model did.
        second: How the second model did.
        only_first_right: Known documents that only the first model got right.
        only_second_right: The same of the second.
        mcnemar_p: Two-sided, exact; None without known labels.
        differing: The documents on which they differ, greatest difference first.
    """

    documents: int
    labelled: int
    unreadable: tuple[tuple[str, str], ...]
    equal_labels: Share
    greatest_gap: float | None
    first: ModelTally
    second: ModelTally
    only_first_right: int
    only_second_right: int
    mcnemar_p: float | None
    differing: tuple[Pair, ...]


def summarize(pairs: Sequence[Pair], unreadable: Sequence[tuple[str, str]] = ()) -> Comparison:
    """Count what two models said."""
    known = [pair for pair in pairs if pair.label]
    only_first = sum(_right(p, p.first) and not _right(p, p.second) for p in known)
    only_second = sum(_right(p, p.second) and not _right(p, p.first) for p in known)
    differing = sorted((p for p in pairs if p.differs), key=lambda p: (-p.gap, p.name))
    return Comparison(
        documents=len(pairs),
        labelled=len(known),
        unreadable=tuple(unreadable),
        equal_labels=_share(sum(p.first.label == p.second.label for p in pairs), len(pairs)),
        greatest_gap=max((pair.gap for pair in pairs), default=None),
        first=_tally([(pair, pair.first) for pair in pairs]),
        second=_tally([(pair, pair.second) for pair in pairs]),
        only_first_right=only_first,
        only_second_right=only_second,
        mcnemar_p=mcnemar(only_first, only_second) if known else None,
        differing=tuple(differing),
    )


def _right(pair: Pair, said: Said) -> bool:
    return pair.label == said.label


def _tally(said: Sequence[tuple[Pair, Said]]) -> ModelTally:
    known = [(pair, each) for pair, each in said if pair.label]
    alone = [(pair, each) for pair, each in known if each.sorts]
    return ModelTally(
        sorted_alone=_share(sum(each.sorts for _, each in said), len(said)),
        right=_share(sum(_right(pair, each) for pair, each in known), len(known)),
        wrong_alone=_share(sum(not _right(pair, each) for pair, each in alone), len(alone)),
    )


def _share(k: int, n: int) -> Share:
    return Share(k, n, k / n if n else None, *proportion_interval(k, n))
