"""From what was measured to the bundle: card, words, golden pages, report; whole or not at all."""

import datetime as dt
import importlib.metadata
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.card import InputSpec, ModelCard, Origin, Provenance
from docsorter.training.bundle_writer import BundleParts, GoldenPicture, write_bundle
from docsorter.training.dataset import fingerprint
from docsorter.training.engine.base import Base
from docsorter.training.engine.exporting import Exported
from docsorter.training.engine.material import Material
from docsorter.training.engine.measuring import Measurement
from docsorter.training.engine.request import Request
from docsorter.training.engine.teaching import Taught
from docsorter.training.evaluation import html_page
from docsorter.training.evaluation.page import CachePictures
from docsorter.training.report import model_card_text
from docsorter.training.rule import NOVELTY_LIMIT

if TYPE_CHECKING:
    from docsorter.training.engine.confidence import Promise

_LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")
_STAGING: Final = "bundle"


def draft_card(
    material: Material, taught: Taught, base: Base, request: Request, now: dt.datetime
) -> ModelCard:
    """Return the card as far as it is known before anything is measured."""
    plan = taught.network.plan
    own = Origin(
        name="the user's own documents",
        licence="not stated",
        note="No picture of them is in the bundle.",
        documents=len(material.samples) - request.generated,
    )
    generated = Origin(
        name="generated documents of labels with few of the user's own",
        licence="Apache-2.0",
        documents=request.generated,
    )
    return ModelCard(
        name=request.name,
        created_at=now,
        labels=material.labels,
        background=len(plan.outputs) - len(material.labels),
        kinds=plan.kinds,
        input=InputSpec(size=taught.network.size),
        provenance=Provenance(
            architecture="InceptionV3, global average pooling, one dense layer over "
            f"{len(plan.kinds)} kinds pooled into {len(plan.outputs)} outputs",
            base=base.origin,
            data=(own, generated) if request.generated else (own,),
            fingerprint=fingerprint(material.samples),
            documents=material.division.counts(material.samples),
        ),
        temperature=1.0,
        threshold=1.0,
        novelty_limit=NOVELTY_LIMIT,
        policies=dict(request.policies),
        versions={name: importlib.metadata.version(name) for name in _LIBRARIES},
    )


def complete_card(draft: ModelCard, measurement: Measurement) -> ModelCard:
    """Return the card with the sort rule, its evidence and the figures."""
    rule = measurement.confidence.rule
    changes: dict[str, Any] = {
        "evidence": measurement.evidence,
        "metrics": {name: found.metrics() for name, found in measurement.sets.items()},
    }
    return draft.with_rule(rule).model_copy(update=changes)


def publish(
    request: Request,
    card: ModelCard,
    base: Base,
    exported: Exported,
    measurement: Measurement,
    taught: Taught,
    work: Path,
) -> None:
    """Write the bundle and, beside it, the report with pictures.

    Both are made in the work folder, on the same file system, and renamed: there is never half a
    bundle, and nothing that is there is replaced.

    Raises:
        UsageError: Somebody took the name meanwhile.
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    cost = exported.cost.as_json()
    parts = BundleParts(
        card=card,
        runtime=exported.file,
        novelty=dict(measurement.confidence.novelty.to_arrays()),
        golden=[GoldenPicture(name, pixels) for name, pixels in base.golden],
        texts={
            "MODEL_CARD.md": model_card_text(card, limits_text(measurement, taught)),
            "report.html": html_page(measurement.sets, card, cost=cost),
            "figures.json": _figures(measurement, taught, cost),
        },
    )
    staged = work / _STAGING
    shutil.rmtree(staged, ignore_errors=True)
    write_bundle(parts, staged)
    pictured = work / "report.html"
    pictures = CachePictures(exported.cache)
    text = html_page(measurement.sets, card, cost=cost, pictures=pictures, names=True)
    try:
        with pictured.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        pictured.chmod(0o600)  # it shows documents
        put(staged, request.bundle)
        put(pictured, request.report)
        _flush(request.out)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the model bundle {request.name} cannot be put in place: "
            f"{environment_reason(error).text}",
            remedy="make room or choose another folder, then start the same command again",
        ) from error


def limits_text(measurement: Measurement, taught: Taught) -> str:
    """Say in Markdown what the model cannot do and what its figures are worth."""
    promise: Promise = measurement.confidence.promise
    lines = [
        "* It looks at the picture of a page, it does not read.",
        "* The figures hold for documents like those it was taught; other senders may be harder.",
        f"* Promise for documents like these: {promise.statement()}.",
    ]
    if taught.held_out:
        lines.append(
            "* There were too few documents to set some apart. Every figure is from heads that did "
            "not learn from the documents they judged; the head that ships learned from all."
        )
    return "\n".join(lines) + "\n"


def _figures(measurement: Measurement, taught: Taught, cost: dict[str, object]) -> str:
    tuning = asdict(taught.tuning) if taught.tuning is not None else None
    figures = {
        "sets": {name: found.as_json() for name, found in measurement.sets.items()},
        "promise": asdict(measurement.confidence.promise),
        "penalty": taught.strength,
        "tuning": tuning,
        "export": cost,
    }
    return json.dumps(figures, indent=1) + "\n"


def put(path: Path, target: Path) -> None:
    """Rename without replacing anything.

    Raises:
        UsageError: The name is taken.
        OSError: What the system says.
    """
    try:
        done = Disk().rename_exclusive(path, target)
    except FileExistsError as error:
        raise _taken(target) from error
    if not done:  # a file system that cannot refuse: the moment between is short
        if target.exists():
            raise _taken(target)
        path.rename(target)


def _taken(target: Path) -> UsageError:
    return UsageError(
        f"there is already a {target.name} in {target.parent}",
        remedy="choose another --name, or remove it first",
    )


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
