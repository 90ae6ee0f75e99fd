"""What the network is taught: fine kinds that pool into labels and one background.

A wide task makes better features (Kornblith et al. 2019), so that the softmax runs over kinds: six
ways an invoice can look, two dozen things that are none of the labels. What ships are one logit
per label and, last, one for everything else: each is the log-sum-exp of its kinds, which is the
logit of their summed probability.
"""

from collections.abc import Iterable
from dataclasses import dataclass

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
