"""Generated documents that are none of the labels, so that the model has seen what it must refuse.

Nobody collects what they do not want to sort. The generator of the starter makes some of every kind
of neighbour: orders, statements, forms, photos, blank pages. A kind that the documents themselves
are like is left out, or the model would learn to refuse what it is taught.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docsorter.training.dataset import Sample
from docsorter.training.progress import Progress
from docsorter.training.synth.dataset import Entry, read_index, write_dataset
from docsorter.training.synth.kinds import KINDS

STAGE: Final = "generating foreign documents"
_LABEL_OF_ALL: Final = "other"
_SHORTEST: Final = 2  # shorter words than that say nothing


def foreign_kinds(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of the generator that are none of the labels, by their names.

    The generator's own labels count too: where nobody teaches letters, letters are foreign. A kind
    is left out when a word of it is a word of a label, or the other way round ("receipts" and
    "receipt").

    Args:
        labels: What the documents are called.
    """
    return tuple(
        kind
        for kind, output in KINDS.items()
        if not any(same_word(kind, label) or same_word(output, label) for label in labels)
    )


def foreign_documents(
    folder: Path, kinds: Sequence[str], number: int, seed: int, progress: Progress
) -> list[Sample]:
    """Generate documents of some kinds, as many of each.

    Args:
        folder: Where they go; what is there already is kept.
        kinds: From `foreign_kinds`; none gives none.
        number: How many in all, about.
        seed: The same seed gives the same documents.
        progress: Is told how far it is.
    """
    if not kinds or number <= 0:
        return []
    each = max(1, round(number / len(kinds)))
    counts = dict.fromkeys(kinds, each)
    write_dataset(
        folder, counts, seed, "train", progress=lambda done, total: progress(STAGE, done, total)
    )
    entries = sorted(read_index(folder).values(), key=lambda entry: entry.file)
    return [_sample(folder, entry) for entry in entries if entry.kind in counts]


def _sample(folder: Path, entry: Entry) -> Sample:
    return Sample(
        folder / entry.file, _LABEL_OF_ALL, entry.kind, f"foreign:{entry.kind}:{entry.layout}",
        "synthetic", "Apache-2.0", origin="synthetic",
    )  # fmt: skip


def same_word(one: str, other: str) -> bool:
    """Say whether two names share a word, or the beginning of one: "receipts", "till-receipt"."""
    return any(a.startswith(b) or b.startswith(a) for a in _words(one) for b in _words(other))


def _words(name: str) -> list[str]:
    separated = "".join(c if c.isalnum() else " " for c in name.casefold())
    return [word for word in separated.split() if len(word) > _SHORTEST]
