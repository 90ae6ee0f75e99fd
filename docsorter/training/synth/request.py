"""What somebody asks the generator for: which kinds, how many of each, and where they go."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from docsorter.errors import UsageError
from docsorter.training.synth.dataset import INDEX, read_index, spread
from docsorter.training.synth.document import SLOTS
from docsorter.training.synth.kinds import KINDS, LABELS, Label, Split, kinds_of, weight_of


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What a person wants to know of a kind before asking for it."""

    kind: str
    label: Label
    weight: float
    """How often it is drawn among the kinds of its label; 1 is the usual."""
    layouts: int
    """Number of layouts that can be composed, of both splits."""


def kind_infos() -> list[KindInfo]:
    """Return every kind, by label."""
    return [
        KindInfo(kind, label, weight_of(kind), math.prod(len(set(s)) for s in SLOTS[kind].values()))
        for label in LABELS
        for kind in kinds_of(label)
    ]


def chosen_kinds(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds that ``patterns`` name, in the order of ``KINDS``; all without patterns.

    Args:
        patterns: names of kinds, ``*`` and ``?`` standing for what they do in a shell; commas
            separate several in one text.

    Raises:
        UsageError: if a pattern names no kind.
    """
    wanted = [part.strip() for pattern in patterns for part in pattern.split(",") if part.strip()]
    if not wanted:
        return tuple(KINDS)
    for pattern in wanted:
        if not any(fnmatchcase(kind, pattern) for kind in KINDS):
            raise UsageError(
                f"there is no kind of document called {pattern!r}",
                remedy="docsorter synth --list-kinds shows them; 'invoice-*' takes several",
            )
    return tuple(kind for kind in KINDS if any(fnmatchcase(kind, p) for p in wanted))


def counts_for(
    asked: Mapping[Label, int | None], kinds: Sequence[str], usual: int
) -> dict[str, int]:
    """Return how many documents of each kind to make.

    Args:
        asked: number of documents by label; None where nobody said.
        kinds: the kinds to draw from.
        usual: number for a label that has such kinds and for which nobody said.

    Raises:
        UsageError: if documents of a label are asked for and no kind of it, or nothing at all.
    """
    counts: dict[str, int] = {}
    for label in LABELS:
        there = any(KINDS[kind] == label for kind in kinds)
        number = asked.get(label)
        if number and not there:
            raise UsageError(
                f"{number} documents of {label!r} are asked for, but no kind of it is chosen",
                remedy=f"leave out --{label}, or add a kind such as {kinds_of(label)[0]}",
            )
        counts[label] = (usual if number is None else number) if there else 0
    if not any(counts.values()):
        raise UsageError("no document is asked for", remedy="for example: --invoice 50")
    return spread(counts, kinds)


def check_target(directory: Path, split: Split) -> None:
    """Refuse a folder that holds something else than generated documents of ``split``.

    Raises:
        UsageError: if it is no folder, is not empty and has no index, or has the other split.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file", remedy="name a folder, new or empty")
    if not directory.exists() or not any(directory.iterdir()):
        return
    if not (directory / INDEX).exists():
        raise UsageError(
            f"{directory} is not empty and holds no generated documents",
            remedy="name a new or an empty folder",
        )
    splits = {entry.split for entry in read_index(directory).values()}
    if splits - {split}:
        raise UsageError(
            f"{directory} holds documents of the split {min(splits - {split})!r}, not {split!r}",
            remedy="keep the splits in folders of their own; mixed, the test would be no test",
        )
