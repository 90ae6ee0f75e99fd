"""What speaks against an answer of a snapshot, and the training on what is left.

An answer is left out when its own page stands under another label too, or when everything that the
other documents teach contradicts it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from docsorter.errors import UsageError
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry
from docsorter.service.learning.snapshots import (
    DOCUMENTS,
    LEAST,
    ExcludedDocument,
    ExclusionReason,
    SnapshotDocument,
    SnapshotManifest,
    Snapshots,
    too_few,
)
from docsorter.service.workspace.process import Progress
from docsorter.training.data_report import FolderFeatures, Model, extract_features
from docsorter.training.generated import label_documents, made_labels
from docsorter.training.label_errors import Suspicion, suspicions
from docsorter.training.labelled import LabelledFolder, read_labelled
from docsorter.training.rasters import RasterCache
from docsorter.training.request import Effort, TrainingRequest
from docsorter.training.splits import Copy, copies, grouped

if TYPE_CHECKING:
    from docsorter.training.run import TrainingResult

_TIMES: Final = 3.0
"""The other label must be so many times as probable as the one that was given."""


def inspect_snapshot(
    snapshots: Snapshots,
    manifest: SnapshotManifest,
    model: Model,
    labels: tuple[str, ...],
    cache: RasterCache,
    progress: Progress,
) -> SnapshotManifest:
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
    documents = {one.document: one for one in manifest.taught}
    left = [
        _left(documents[_number(bad.path)], ExclusionReason.UNREADABLE, bad.reason)
        for bad in folder.unreadable
        if _number(bad.path) in documents
    ]
    numbers = [_number(sample.path) for sample in folder.samples]
    seen = extract_features(folder, cache, model, progress)
    found = copies(seen.hashes, seen.digests, seen.features)
    left += _conflicts(documents, numbers, found)
    left += _suspects(documents, numbers, _suspicions(folder, seen, found, progress))
    changed = manifest.without(tuple({one.document: one for one in reversed(left)}.values()))
    changed = changed.without(too_few(changed, labels))
    changed = changed.model_copy(update={"inspected": True})
    snapshots.write(changed)
    drop_left_out(snapshots, changed)
    return changed


def drop_left_out(snapshots: Snapshots, manifest: SnapshotManifest) -> None:
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


def _left(
    document: SnapshotDocument, why: ExclusionReason, text: str, others: Sequence[int] = ()
) -> ExcludedDocument:
    return ExcludedDocument(
        document=document.document, answer=document.answer, label=document.label, why=why,
        text=text, others=tuple(others),
    )  # fmt: skip


def _conflicts(
    documents: dict[int, SnapshotDocument], numbers: Sequence[int], found: Sequence[Copy]
) -> list[ExcludedDocument]:
    """Return documents whose page also stands under another label, unless a person confirmed."""
    against: dict[int, set[int]] = defaultdict(set)
    for copy in found:
        one, two = numbers[copy.first], numbers[copy.second]
        if documents[one].label != documents[two].label:
            against[one].add(two)
            against[two].add(one)
    left = []
    for number, others in sorted(against.items()):
        if not documents[number].confirmed:
            named = ", ".join(sorted({documents[other].label for other in others}))
            text = f"a page that looks the same was said to be {named}"
            left.append(_left(documents[number], ExclusionReason.CONFLICT, text, sorted(others)))
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
    documents: dict[int, SnapshotDocument], numbers: Sequence[int], found: dict[int, Suspicion]
) -> list[ExcludedDocument]:
    left = []
    for row, why in found.items():
        one = documents[numbers[row]]
        if one.confirmed or why.label == one.label:
            continue
        if why.probability < _TIMES * why.own_probability:
            continue
        text = (
            f"by the other documents it is {why.label} {why.probability:.2f}, "
            f"{one.label} {why.own_probability:.2f}"
        )
        left.append(_left(one, ExclusionReason.SUSPICIOUS, text))
    return left


TOPPED_UP_TO: Final = 12
"""A label of the base with fewer answered documents is filled up with generated ones."""

_STRICTNESS: Final = ("auto", "review", "never")
_STAGE: Final = "adding generated pages of rare labels"


@dataclass(frozen=True, slots=True)
class RetrainOptions:
    """What is to be trained.

    Attributes:
        models: The folder of bundles that the new one goes into.
        effort: How much work goes into it.
        base: What to start from, "" for the bundle of the manifest.
        tuning: Whether the upper blocks may be tuned.
    """

    models: Path
    effort: Effort = field(default_factory=Effort)
    base: str = ""
    tuning: bool = True


def train_on_snapshot(
    snapshots: Snapshots, manifest: SnapshotManifest, lesson: RetrainOptions, progress: Progress
) -> "TrainingResult":
    """Train on a snapshot; interrupted, the same call goes on where it was.

    Args:
        snapshots: Where the documents are.
        manifest: Of the inspected snapshot.
        lesson: Where to and how.
        progress: Is told how far each stage is.

    Raises:
        UsageError: A label of the model in use has too few documents, or there are too few at all.
        ModelError: The base cannot be used, or the export loses too much.
        EnvironmentFaultError: The disk is full, or a folder cannot be written.
        ConflictError: The same training is running.
    """
    # Slow and large: what comes before it must answer at once.
    from docsorter.training.run import train  # noqa: PLC0415 -- as the line above says

    registry = ModelRegistry(lesson.models)
    card = read_card(registry.resolve(manifest.base) / "card.json")
    manifest = _topped_up(snapshots, manifest, card, progress)
    request = TrainingRequest(
        folder=snapshots.folder(manifest.name) / DOCUMENTS,
        name=manifest.name,
        out=lesson.models,
        base=lesson.base or manifest.base,
        policies=_policies(manifest, card),
        seed=manifest.seed,
        tuning=lesson.tuning,
        effort=lesson.effort,
        generated=sum(manifest.generated.values()),
        renamed=manifest.renamed,
    )
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return train(request, registry, lambda: now, progress)


def _policies(manifest: SnapshotManifest, card: ModelCard) -> dict[str, str]:
    """Return the policies of the base by the labels of today; of merged ones the strictest."""
    found: dict[str, str] = {}
    for label, policy in card.policies.items():
        if label in card.labels:
            (today,) = manifest.today([label])
            found[today] = max(found.get(today, "auto"), policy, key=_STRICTNESS.index)
    return found


def _topped_up(
    snapshots: Snapshots, manifest: SnapshotManifest, card: ModelCard, progress: Progress
) -> SnapshotManifest:
    """Fill up labels that a model must not lose only because people rarely had to name them."""
    counts = manifest.counts
    labels = manifest.today(card.labels)
    lacking = {label: TOPPED_UP_TO - counts.get(label, 0) for label in labels}
    lacking = {label: number for label, number in lacking.items() if number > 0}
    # Pages are generated of labels by the names that the starter has for them.
    made = {manifest.renamed.get(label, label): label for label in sorted(made_labels())}
    hopeless = [label for label in lacking if label not in made and counts.get(label, 0) < LEAST]
    if hopeless:
        has = ", ".join(f"{label} has {counts.get(label, 0)}" for label in hopeless)
        raise UsageError(
            f"a label of the model in use would be lost for want of answered documents: {has}",
            remedy=f"answer at least {LEAST} documents of each, then say it again",
        )
    wanted = {k: number for k, number in lacking.items() if k in made}
    if not wanted or manifest.generated:
        return manifest
    _add_generated(snapshots.folder(manifest.name) / DOCUMENTS, wanted, made, progress)
    changed = manifest.model_copy(update={"generated": wanted})
    snapshots.write(changed)
    return changed


def _add_generated(
    documents: Path, wanted: dict[str, int], made: dict[str, str], progress: Progress
) -> None:
    """Put generated pages of labels beside the answered documents; resumable."""
    done, total = 0, sum(wanted.values())
    with TemporaryDirectory(prefix="generated-", dir=documents.parent) as place:
        for label, number in wanted.items():
            (documents / label).mkdir(mode=0o700, exist_ok=True)
            for page in label_documents(Path(place), made[label], number):
                page.replace(documents / label / f"generated-{page.name}")
                done += 1
                progress(_STAGE, done, total)
