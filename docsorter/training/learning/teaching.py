"""From an inspected snapshot to a bundle, by the engine behind `docsorter train`."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from docsorter.errors import UsageError
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry
from docsorter.service.learning.snapshots import DOCUMENTS, LEAST, Manifest, Snapshots
from docsorter.training.engine.request import Effort, Request
from docsorter.training.generated import label_documents, made_labels
from docsorter.training.progress import Progress

if TYPE_CHECKING:
    from docsorter.training.engine.outcome import Outcome

TOPPED_UP_TO: Final = 12
"""A label of the base with fewer answered documents is filled up with generated ones."""

_STAGE: Final = "adding generated pages of rare labels"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be taught.

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


def teach_snapshot(
    snapshots: Snapshots, manifest: Manifest, lesson: Lesson, progress: Progress
) -> "Outcome":
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
    from docsorter.training.engine.run import train  # noqa: PLC0415 -- as the line above says

    registry = ModelRegistry(lesson.models)
    card = read_card(registry.resolve(manifest.base) / "card.json")
    manifest = _topped_up(snapshots, manifest, card, progress)
    request = Request(
        folder=snapshots.folder(manifest.name) / DOCUMENTS,
        name=manifest.name,
        out=lesson.models,
        base=lesson.base or manifest.base,
        policies={k: v for k, v in card.policies.items() if k in card.labels},
        seed=manifest.seed,
        tuning=lesson.tuning,
        effort=lesson.effort,
        generated=sum(manifest.generated.values()),
    )
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return train(request, registry, lambda: now, progress)


def _topped_up(
    snapshots: Snapshots, manifest: Manifest, card: ModelCard, progress: Progress
) -> Manifest:
    """Fill up labels that a model must not lose only because people rarely had to name them."""
    counts = manifest.counts
    lacking = {label: TOPPED_UP_TO - counts.get(label, 0) for label in card.labels}
    lacking = {label: number for label, number in lacking.items() if number > 0}
    made = made_labels()
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
    _add_generated(snapshots.folder(manifest.name) / DOCUMENTS, wanted, progress)
    changed = manifest.model_copy(update={"generated": wanted})
    snapshots.write(changed)
    return changed


def _add_generated(documents: Path, wanted: dict[str, int], progress: Progress) -> None:
    """Put generated pages of labels beside the answered documents; resumable."""
    done, total = 0, sum(wanted.values())
    with TemporaryDirectory(prefix="generated-", dir=documents.parent) as place:
        for label, number in wanted.items():
            (documents / label).mkdir(mode=0o700, exist_ok=True)
            for page in label_documents(Path(place), label, number):
                page.replace(documents / label / f"generated-{page.name}")
                done += 1
                progress(_STAGE, done, total)
