"""What is in a folder of labelled documents: looks at every one and puts the findings together.

The findings are plain values: `--json` writes them as they are, `html_page` draws them from the
template `data_report.html.j2`, below 10 MB.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import UsageError
from docsorter.model.classifier import Classifier
from docsorter.service.workspace.process import Progress
from docsorter.training.label_errors import Suspicion, suspicions
from docsorter.training.labelled import LabelledFolder, require_trainable
from docsorter.training.metadata import INKS, FileMetadata, read_metadata
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.report import jpeg_uri, render, without_padding
from docsorter.training.splits import (
    Copy,
    copies,
    difference_hash,
    divide,
    file_digests,
    group,
    grouped,
    labels_split_by_document,
    with_groups_enough,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL: Final = 132
"""Longer side of a page on a contact sheet, pixels."""

LARGE: Final = 300
"""Longer side of a page that somebody has to judge."""

BUDGET: Final = 8_500_000
"""Bytes of pictures in a report, so that the whole of it stays below 10 MB."""

MOST_CASES: Final = 60
"""Cases of a kind that are shown; `--json` has all."""

MOST_ROWS: Final = 300
"""Rows of unreadable files; as above."""

_QUALITY: Final = 62
_A_PICTURE: Final = 7500
"""Bytes of a small picture of a dense page, its caption included; most have half."""
_LEAST_FOR_GIVEAWAY: Final = 40  # documents; fewer say nothing about kinds of files
_TELLING: Final = 0.5  # of what chance leaves open


@dataclass(frozen=True, slots=True)
class Spread:
    """Three numbers for the `known` documents that say one; None when none does."""

    known: int
    least: int | None
    median: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class LabelFindings:
    """One label.

    Attributes:
        documents: Readable documents.
        unreadable: Files that cannot be used.
        sources: Sub-folders that say where documents come from.
        groups: Groups that no split may cut; as many as there are really different documents.
        longest_side: Pixels of the longer side of a scanned first page.
        inks: Documents that are "bilevel", "grey", "colour".
        formats: Documents by format.
    """

    label: str
    documents: int
    unreadable: int
    sources: int
    groups: int
    pages: Spread
    longest_side: Spread
    dpi: Spread
    inks: dict[str, int]
    formats: dict[str, int]


@dataclass(frozen=True, slots=True)
class ReportedDocument:
    """A document in a finding, by its path below the folder."""

    file: str
    label: str


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """Two documents whose first pages look the same.

    Attributes:
        bits: Bits of the 256 of the difference hash that differ.
        distance: Cosine distance of their features, 0-2.
        identical: Whether the files are the same byte for byte.
    """

    first: str
    second: str
    bits: int
    distance: float | None
    identical: bool


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Documents that look the same, and which of them as which.

    Attributes:
        identical: Whether all are the same byte for byte.
        conflict: Whether they carry different labels.
    """

    documents: tuple[ReportedDocument, ...]
    identical: bool
    conflict: bool
    pairs: tuple[DuplicatePair, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A document whose label may be wrong, and which label it looks like."""

    document: ReportedDocument
    suggestion: Suspicion


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that cannot be used, with the reason."""

    file: str
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why training would refuse the folder, and what to do."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Giveaway:
    """How far the kind of file alone (format and colour) tells the label.

    Attributes:
        documents: How many it was counted on.
        by_kind: Share of documents that are of the most frequent label of their kind, 0-1.
        by_chance: Share of documents of the most frequent label, 0-1.
        telling: Whether a model could learn the scanner instead of the document.
    """

    documents: int
    by_kind: float
    by_chance: float
    telling: bool


@dataclass(frozen=True, slots=True)
class DataReport:
    """All findings about a folder of labelled documents.

    Attributes:
        model: Name of the model whose features were used.
        documents: Readable documents.
        refusal: Why training would refuse; None when it would not.
        split: Documents by set ("train", ..., or one set of folds where they are few) and label;
            empty when training would refuse.
        split_by_document: Labels whose sub-folders are too few to be dealt out whole, with how
            many there are.
        alike: Groups of documents that look the same.
        suspects: Documents whose label may be wrong, the most suspicious first.
        suspects_note: Why they were not, or not all, looked for; "" when they were.
        giveaway: Whether the kind of file tells the label; None for few documents.
    """

    folder: str
    model: str
    documents: int
    labels: tuple[LabelFindings, ...]
    refusal: Refusal | None
    split: dict[str, dict[str, int]]
    split_by_document: dict[str, int]
    alike: tuple[DuplicateGroup, ...]
    suspects: tuple[Suspect, ...]
    suspects_note: str
    unreadable: tuple[UnreadableFile, ...]
    giveaway: Giveaway | None

    @property
    def conflicts(self) -> tuple[DuplicateGroup, ...]:
        """Groups that look the same under different labels."""
        return tuple(group for group in self.alike if group.conflict)

    @property
    def copies(self) -> int:
        """Documents that look the same as an earlier one."""
        return sum(len(group.documents) - 1 for group in self.alike)


@dataclass(frozen=True, slots=True)
class Model:
    """Whose features are compared; `size` is the side of the pages it takes, pixels."""

    name: str
    classifier: Classifier
    size: int


@dataclass(frozen=True, slots=True)
class FolderFeatures:
    """What was extracted of every document, in the order of the samples.

    Attributes:
        metadata: What the files say of themselves.
        hashes: (n, 4) difference hashes of first pages.
        features: (n, width) pooled features of first pages.
        digests: SHA-256 of the files.
    """

    metadata: tuple[FileMetadata, ...]
    hashes: "NDArray[np.uint64]"
    features: "NDArray[np.float32]"
    digests: tuple[str, ...]


def extract_features(
    folder: LabelledFolder, cache: RasterCache, model: Model, progress: Progress
) -> FolderFeatures:
    """Look once at every document.

    The features are of pages reduced from `BASE` pixels, not drawn anew at the size of the model:
    near enough to compare documents with each other, and twice as fast.
    """
    metadata: list[FileMetadata] = []
    hashes: list[NDArray[np.uint64]] = []
    features: list[NDArray[np.float32]] = []
    for number, sample in enumerate(folder.samples, 1):
        page = cache.pages(sample.path, BASE)[0]
        metadata.append(read_metadata(sample.path, page))
        hashes.append(difference_hash(page).reshape(-1))
        small = Image.fromarray(page).resize((model.size,) * 2, Image.Resampling.LANCZOS)
        features.append(model.classifier.classify(np.asarray(small)[np.newaxis]).features[0])
        progress("looking at documents", number, len(folder.samples))
    return FolderFeatures(
        tuple(metadata),
        np.stack(hashes) if hashes else np.zeros((0, 4), np.uint64),
        np.stack(features) if features else np.zeros((0, 1), np.float32),
        tuple(file_digests(folder.samples)),
    )


def build_report(
    folder: LabelledFolder,
    extracted: FolderFeatures,
    model: str,
    progress: Progress,
    *,
    look_for_suspects: bool = True,
    seed: int = 0,
) -> DataReport:
    """Put the findings together; to look for suspects, or wrong labels, takes the `train` extra.

    `model` is the name of the one that gave the features, `seed` that of the split and the folds.

    Raises:
        DependencyError: Suspects are asked for and the extra is not installed.
    """
    found = copies(extracted.hashes, extracted.digests, extracted.features)
    groups = grouped(folder.samples, [(copy.first, copy.second) for copy in found])
    split, refusal = _split_or_refusal(folder, groups, extracted.digests, seed)
    suspects: dict[int, Suspicion] = {}
    note = "not looked for: --no-suspects"
    if look_for_suspects:
        labels = [sample.label for sample in folder.samples]
        suspects, note = suspicions(extracted.features, labels, groups, progress, seed)
    documents = _documents(folder)
    return DataReport(
        folder=str(folder.root),
        model=model,
        documents=len(folder.samples),
        labels=tuple(_label(name, folder, extracted.metadata, groups) for name in folder.labels),
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
        giveaway=_giveaway([sample.label for sample in folder.samples], extracted.metadata),
    )


def _documents(folder: LabelledFolder) -> list[ReportedDocument]:
    return [ReportedDocument(str(s.path.relative_to(folder.root)), s.label) for s in folder.samples]


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
    name: str, folder: LabelledFolder, metadata: Sequence[FileMetadata], groups: Sequence[int]
) -> LabelFindings:
    rows = [row for row, sample in enumerate(folder.samples) if sample.label == name]
    own = [metadata[row] for row in rows]
    inks = Counter(file.ink for file in own)
    return LabelFindings(
        label=name,
        documents=len(rows),
        unreadable=sum(bad.label == name for bad in folder.unreadable),
        sources=len({s.source for s in folder.samples if s.label == name and s.source}),
        groups=len({groups[row] for row in rows}),
        pages=_spread(file.pages for file in own),
        longest_side=_spread(
            max(file.width, file.height) for file in own if file.width and file.height
        ),
        dpi=_spread(file.dpi for file in own if file.dpi),
        inks={ink: inks[ink] for ink in INKS},
        formats=dict(Counter(file.format for file in own).most_common()),
    )


def _spread(values: Iterable[int]) -> Spread:
    known = sorted(values)
    if not known:
        return Spread(0, None, None, None)
    return Spread(len(known), known[0], statistics.median_low(known), known[-1])


def _alike(
    documents: Sequence[ReportedDocument], found: Sequence[Copy]
) -> tuple[DuplicateGroup, ...]:
    """Gather pairs into groups, conflicts first, then the largest."""
    numbers = group(
        [str(row) for row in range(len(documents))], [(c.first, c.second) for c in found]
    )
    pairs: dict[int, list[Copy]] = defaultdict(list)
    for copy in found:
        pairs[numbers[copy.first]].append(copy)
    gathered = [_group_of(documents, own) for own in pairs.values()]
    return tuple(sorted(gathered, key=lambda each: (not each.conflict, -len(each.documents))))


def _group_of(documents: Sequence[ReportedDocument], found: Sequence[Copy]) -> DuplicateGroup:
    members = sorted({row for copy in found for row in (copy.first, copy.second)})
    return DuplicateGroup(
        documents=tuple(documents[row] for row in members),
        identical=sum(copy.identical for copy in found) >= len(members) - 1,
        conflict=len({documents[row].label for row in members}) > 1,
        pairs=tuple(
            DuplicatePair(
                documents[c.first].file, documents[c.second].file, c.bits,
                None if c.distance is None else round(c.distance, 4), c.identical,
            )
            for c in found
        ),
    )  # fmt: skip


def _giveaway(labels: Sequence[str], metadata: Sequence[FileMetadata]) -> Giveaway | None:
    """Measure how well a label follows from the kind of its file."""
    if len(labels) < _LEAST_FOR_GIVEAWAY:
        return None
    kinds: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for label, file in zip(labels, metadata, strict=True):
        kinds[file.format, file.ink][label] += 1
    right = sum(max(counter.values()) for counter in kinds.values()) / len(labels)
    chance = max(Counter(labels).values()) / len(labels)
    open_ = 1 - chance
    return Giveaway(len(labels), right, chance, open_ > 0 and (right - chance) / open_ >= _TELLING)


class Thumbnails:
    """Gives pictures of first pages until the budget is spent.

    Args:
        root: The folder that documents are named below.
        cache: Makes the pages.
        budget: Bytes that all pictures together may have, as they are written into the page.
    """

    def __init__(self, root: Path, cache: RasterCache, budget: int = BUDGET) -> None:
        self._root = root
        self._cache = cache
        self._left = budget
        self._kept_back = budget // 2

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return self._left

    def case(self, file: str, side: int) -> str:
        """Return the same as `uri`, leaving half of the budget to the contact sheets."""
        return self.uri(file, side) if self._left > self._kept_back else ""

    def uri(self, file: str, side: int) -> str:
        """Return a picture of so many pixels as a `data:` URI, "" when it exceeds the budget."""
        page = self._cache.pages(self._root / file, BASE)[0]
        image = Image.fromarray(without_padding(page))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        uri = jpeg_uri(image, _QUALITY)
        if len(uri) > self._left:
            return ""
        self._left -= len(uri)
        return uri


def html_page(report: DataReport, files: dict[str, list[str]], pictures: Thumbnails) -> str:
    """Return the report as a page.

    `files` are the readable documents by label, paths below the folder, for the contact sheets.

    Raises:
        DependencyError: Jinja2 is not installed.
    """

    def contact_sheets() -> Iterator[tuple[str, list[str], int]]:
        """Yield a label, the documents to show of it, and how many there are.

        The template calls this after the cases, so that it knows the room that is left.
        """
        room = fair_shares({label: len(own) for label, own in files.items()}, pictures.left)
        for label, own in files.items():
            yield label, evenly(own, room[label]), len(own)

    return render(
        "data_report.html.j2",
        report=report,
        pictures=pictures,
        contact_sheets=contact_sheets,
        suspected={one.document.file for one in report.suspects},
        large=LARGE,
        small=SMALL,
        most_cases=MOST_CASES,
        most_rows=MOST_ROWS,
    )


def fair_shares(wanted: dict[str, int], room: int) -> dict[str, int]:
    """Deal room (bytes) out in pictures by label: nobody gets more than asked for."""
    left = max(0, room // _A_PICTURE)
    shares: dict[str, int] = {}
    waiting = sorted(wanted, key=lambda label: (wanted[label], label))
    for place, label in enumerate(waiting):
        shares[label] = min(wanted[label], left // (len(waiting) - place))
        left -= shares[label]
    return shares


def evenly(items: Sequence[str], count: int) -> list[str]:
    """Return `count` items spread evenly over all, in their order; all when they are no more."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]
