"""Looks at every document of a folder and puts the findings together."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import UsageError
from docsorter.model.classifier import Classifier
from docsorter.training.copies import Copy, copies, file_digests
from docsorter.training.data_report.facts import INKS, Facts, facts_of
from docsorter.training.data_report.findings import (
    Alike,
    AlikePair,
    DataReport,
    Document,
    Giveaway,
    LabelFindings,
    Refusal,
    Spread,
    Suspect,
    UnreadableFile,
)
from docsorter.training.data_report.label_errors import Suspicion, suspicions
from docsorter.training.engine.division import divide, with_groups_enough
from docsorter.training.grouping import grouped, labels_split_by_document
from docsorter.training.labelled import LabelledFolder, require_trainable
from docsorter.training.progress import Progress
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.splits import difference_hash, group

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_FOR_GIVEAWAY: Final = 40  # documents; fewer say nothing about kinds of files
_TELLING: Final = 0.5  # of what chance leaves open


@dataclass(frozen=True, slots=True)
class Model:
    """Whose features are compared.

    Attributes:
        name: For the report.
        classifier: Gives the features.
        size: Side of the pages it takes, pixels.
    """

    name: str
    classifier: Classifier
    size: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of every document, in the order of the samples.

    Attributes:
        facts: What the files say of themselves.
        hashes: (n, 4) difference hashes of first pages.
        features: (n, width) pooled features of first pages.
        digests: SHA-256 of the files.
    """

    facts: tuple[Facts, ...]
    hashes: "NDArray[np.uint64]"
    features: "NDArray[np.float32]"
    digests: tuple[str, ...]


def see(folder: LabelledFolder, cache: RasterCache, model: Model, progress: Progress) -> Seen:
    """Look once at every document.

    The features are of pages reduced from `BASE` pixels, not drawn anew at the size of the model:
    near enough to compare documents with each other, and twice as fast.
    """
    facts: list[Facts] = []
    hashes: list[NDArray[np.uint64]] = []
    features: list[NDArray[np.float32]] = []
    for number, sample in enumerate(folder.samples, 1):
        page = cache.pages(sample.path, BASE)[0]
        facts.append(facts_of(sample.path, page))
        hashes.append(difference_hash(page).reshape(-1))
        small = Image.fromarray(page).resize((model.size,) * 2, Image.Resampling.LANCZOS)
        features.append(model.classifier.classify(np.asarray(small)[np.newaxis]).features[0])
        progress("looking at documents", number, len(folder.samples))
    return Seen(
        tuple(facts),
        np.stack(hashes) if hashes else np.zeros((0, 4), np.uint64),
        np.stack(features) if features else np.zeros((0, 1), np.float32),
        tuple(file_digests(folder.samples)),
    )


def inspect(
    folder: LabelledFolder,
    seen: Seen,
    model: str,
    progress: Progress,
    *,
    look_for_suspects: bool = True,
    seed: int = 0,
) -> DataReport:
    """Put the findings together.

    Args:
        folder: The documents.
        seen: What was seen of them.
        model: Name of the model that gave the features.
        progress: Is told how far it is.
        look_for_suspects: Whether to look for wrong labels, which takes the `train` extra.
        seed: Of the split and of the folds.

    Raises:
        DependencyError: Suspects are asked for and the extra is not installed.
    """
    found = copies(seen.hashes, seen.digests, seen.features)
    groups = grouped(folder.samples, [(copy.first, copy.second) for copy in found])
    split, refusal = _split_or_refusal(folder, groups, seen.digests, seed)
    suspects: dict[int, Suspicion] = {}
    note = "not looked for: --no-suspects"
    if look_for_suspects:
        labels = [sample.label for sample in folder.samples]
        suspects, note = suspicions(seen.features, labels, groups, progress, seed)
    documents = _documents(folder)
    return DataReport(
        folder=str(folder.root),
        model=model,
        documents=len(folder.samples),
        labels=tuple(_label(name, folder, seen.facts, groups) for name in folder.labels),
        refusal=refusal,
        split=split,
        split_by_document=labels_split_by_document(folder.samples),
        alike=_alike(documents, found),
        suspects=tuple(Suspect(documents[row], why) for row, why in suspects.items()),
        suspects_note=note,
        unreadable=tuple(
            UnreadableFile(str(bad.path.relative_to(folder.root)), bad.label, bad.reason)
            for bad in folder.unreadable
        ),
        giveaway=_giveaway([sample.label for sample in folder.samples], seen.facts),
    )


def _documents(folder: LabelledFolder) -> list[Document]:
    return [Document(str(s.path.relative_to(folder.root)), s.label) for s in folder.samples]


def _split_or_refusal(
    folder: LabelledFolder, groups: Sequence[int], digests: Sequence[str], seed: int
) -> tuple[dict[str, dict[str, int]], Refusal | None]:
    """Do as training does with the same documents."""
    try:
        require_trainable(folder)
        enough = with_groups_enough(folder.samples, groups, digests)
        return divide(folder.samples, enough, seed).counts(folder.samples), None
    except UsageError as error:
        return {}, Refusal(error.message, error.remedy)


def _label(
    name: str, folder: LabelledFolder, facts: Sequence[Facts], groups: Sequence[int]
) -> LabelFindings:
    rows = [row for row, sample in enumerate(folder.samples) if sample.label == name]
    own = [facts[row] for row in rows]
    inks = Counter(fact.ink for fact in own)
    return LabelFindings(
        label=name,
        documents=len(rows),
        unreadable=sum(bad.label == name for bad in folder.unreadable),
        sources=len({s.source for s in folder.samples if s.label == name and s.source}),
        groups=len({groups[row] for row in rows}),
        pages=_spread(fact.pages for fact in own),
        longest_side=_spread(
            max(fact.width, fact.height) for fact in own if fact.width and fact.height
        ),
        dpi=_spread(fact.dpi for fact in own if fact.dpi),
        inks={ink: inks[ink] for ink in INKS},
        formats=dict(Counter(fact.format for fact in own).most_common()),
    )


def _spread(values: Iterable[int]) -> Spread:
    known = sorted(values)
    if not known:
        return Spread(0, None, None, None)
    return Spread(len(known), known[0], statistics.median_low(known), known[-1])


def _alike(documents: Sequence[Document], found: Sequence[Copy]) -> tuple[Alike, ...]:
    """Gather pairs into groups, conflicts first, then the largest."""
    numbers = group(
        [str(row) for row in range(len(documents))], [(c.first, c.second) for c in found]
    )
    pairs: dict[int, list[Copy]] = defaultdict(list)
    for copy in found:
        pairs[numbers[copy.first]].append(copy)
    gathered = [_group_of(documents, own) for own in pairs.values()]
    return tuple(sorted(gathered, key=lambda each: (not each.conflict, -len(each.documents))))


def _group_of(documents: Sequence[Document], found: Sequence[Copy]) -> Alike:
    members = sorted({row for copy in found for row in (copy.first, copy.second)})
    return Alike(
        documents=tuple(documents[row] for row in members),
        identical=sum(copy.identical for copy in found) >= len(members) - 1,
        conflict=len({documents[row].label for row in members}) > 1,
        pairs=tuple(
            AlikePair(
                documents[c.first].file, documents[c.second].file, c.bits,
                None if c.distance is None else round(c.distance, 4), c.identical,
            )
            for c in found
        ),
    )  # fmt: skip


def _giveaway(labels: Sequence[str], facts: Sequence[Facts]) -> Giveaway | None:
    """Measure how well a label follows from the kind of its file."""
    if len(labels) < _LEAST_FOR_GIVEAWAY:
        return None
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for label, fact in zip(labels, facts, strict=True):
        kinds[fact.format, fact.ink][label] += 1
    right = sum(max(counter.values()) for counter in kinds.values()) / len(labels)
    chance = max(Counter(labels).values()) / len(labels)
    open_ = 1 - chance
    return Giveaway(len(labels), right, chance, open_ > 0 and (right - chance) / open_ >= _TELLING)
