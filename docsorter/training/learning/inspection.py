"""What speaks against an answer before it is learned from.

Its own page stands under another label, or everything that the other documents teach contradicts.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docsorter.service.learning.snapshots import (
    DOCUMENTS,
    LeftOut,
    Manifest,
    Snapshots,
    Taught,
    Why,
    too_few,
)
from docsorter.training.copies import Copy, copies
from docsorter.training.data_report.label_errors import Suspicion, suspicions
from docsorter.training.data_report.report import FolderFeatures, Model, extract_features
from docsorter.training.grouping import grouped
from docsorter.training.labelled import LabelledFolder, read_labelled
from docsorter.training.progress import Progress
from docsorter.training.rasters import RasterCache

_TIMES: Final = 3.0
"""The other label must be so many times as probable as the one that was given."""


def inspect_snapshot(
    snapshots: Snapshots,
    manifest: Manifest,
    model: Model,
    labels: tuple[str, ...],
    cache: RasterCache,
    progress: Progress,
) -> Manifest:
    """Leave out what must not, or should not, be learned from; write that down.

    Args:
        snapshots: Where the documents are.
        manifest: Of the snapshot.
        model: Whose features are compared: the base of the training.
        labels: Labels that this model knows.
        cache: Has, and keeps, the pages.
        progress: Is told how far it is.

    Raises:
        UsageError: Nothing is left to look at.
        DependencyError: The `train` extra is not installed.
    """
    root = snapshots.folder(manifest.name)
    folder = read_labelled(root / DOCUMENTS, cache, progress)
    taught = {one.document: one for one in manifest.taught}
    left = [
        _left(taught[_number(bad.path)], Why.UNREADABLE, bad.reason)
        for bad in folder.unreadable
        if _number(bad.path) in taught
    ]
    numbers = [_number(sample.path) for sample in folder.samples]
    seen = extract_features(folder, cache, model, progress)
    found = copies(seen.hashes, seen.digests, seen.features)
    left += _conflicts(taught, numbers, found)
    left += _suspects(taught, numbers, _suspicions(folder, seen, found, progress))
    changed = manifest.without(tuple({one.document: one for one in reversed(left)}.values()))
    changed = changed.without(too_few(changed, labels))
    changed = changed.model_copy(update={"inspected": True})
    snapshots.write(changed)
    drop_left_out(snapshots, changed)
    return changed


def drop_left_out(snapshots: Snapshots, manifest: Manifest) -> None:
    """Remove the files of documents that are not learned from; again after a kill."""
    root = snapshots.folder(manifest.name)
    kept = {root / one.file for one in manifest.taught}
    for path in (root / DOCUMENTS).rglob("*"):
        if path.is_file() and path not in kept and path.stem.isdigit():
            path.unlink()
    for folder in (root / DOCUMENTS).iterdir():
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _number(path: Path) -> int:
    return int(path.stem) if path.stem.isdigit() else -1


def _left(taught: Taught, why: Why, text: str, others: Sequence[int] = ()) -> LeftOut:
    return LeftOut(
        document=taught.document, answer=taught.answer, label=taught.label, why=why, text=text,
        others=tuple(others),
    )  # fmt: skip


def _conflicts(
    taught: dict[int, Taught], numbers: Sequence[int], found: Sequence[Copy]
) -> list[LeftOut]:
    """Return documents whose page also stands under another label, unless a person confirmed."""
    against: dict[int, set[int]] = defaultdict(set)
    for copy in found:
        one, two = numbers[copy.first], numbers[copy.second]
        if taught[one].label != taught[two].label:
            against[one].add(two)
            against[two].add(one)
    left = []
    for number, others in sorted(against.items()):
        if not taught[number].confirmed:
            named = ", ".join(sorted({taught[other].label for other in others}))
            text = f"a page that looks the same was said to be {named}"
            left.append(_left(taught[number], Why.CONFLICT, text, sorted(others)))
    return left


def _suspicions(
    folder: LabelledFolder, seen: FolderFeatures, found: Sequence[Copy], progress: Progress
) -> dict[int, Suspicion]:
    groups = grouped(folder.samples, [(copy.first, copy.second) for copy in found])
    labels = [sample.label for sample in folder.samples]
    if not labels:
        return {}
    suspects, _ = suspicions(seen.features, labels, groups, progress)
    return suspects


def _suspects(
    taught: dict[int, Taught], numbers: Sequence[int], found: dict[int, Suspicion]
) -> list[LeftOut]:
    left = []
    for row, why in found.items():
        one = taught[numbers[row]]
        if one.confirmed or why.label == one.label:
            continue
        if why.probability < _TIMES * why.own_probability:
            continue
        text = (
            f"by the other documents it is {why.label} {why.probability:.2f}, "
            f"{one.label} {why.own_probability:.2f}"
        )
        left.append(_left(one, Why.SUSPICIOUS, text))
    return left
