"""Writes the bundle of a trained model: card, words, golden pages, report; whole or not at all."""

import contextlib
import datetime as dt
import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from docsorter.documents import WordsRule
from docsorter.errors import EnvironmentFaultError, UsageError
from docsorter.filesystem import Disk, environment_reason
from docsorter.model.bundle import (
    CARD,
    CHECKSUMS,
    FOREIGN,
    GOLDEN,
    NOVELTY,
    PAGES,
    RUNTIME,
    WORDS,
    digest,
    load_bundle,
)
from docsorter.model.card import InputSpec, Measured, ModelCard, Origin, Provenance, real_first
from docsorter.model.classifier import LiteRTClassifier, open_classifier
from docsorter.model.golden import (
    DEFAULT_TOLERANCE,
    GoldenPage,
    GoldenSet,
    check_golden,
    probabilities,
)
from docsorter.service.engine import real_figures
from docsorter.training.base import BaseWeights
from docsorter.training.dataset import fingerprint
from docsorter.training.evaluation.report import CachePictures, html_page
from docsorter.training.export import Exported
from docsorter.training.material import Material
from docsorter.training.measuring import CROSS_FITTED, Measurement
from docsorter.training.request import TrainingRequest
from docsorter.training.sort_rule import NOVELTY_LIMIT
from docsorter.training.transfer import TrainedModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from docsorter.documents import RawOutput
    from docsorter.training.sort_rule import Promise

LIBRARIES: Final = ("tensorflow", "keras", "ai-edge-litert", "numpy", "pillow")
"""Their versions are on the card."""

_STAGING: Final = "bundle"


def draft_card(
    material: Material,
    trained: TrainedModel,
    base: BaseWeights,
    request: TrainingRequest,
    now: dt.datetime,
) -> ModelCard:
    """Return the card as far as it is known before anything is measured."""
    plan = trained.network.plan
    return ModelCard(
        name=request.name,
        created_at=now,
        labels=material.labels,
        background=len(plan.outputs) - len(material.labels),
        kinds=plan.kinds,
        input=InputSpec(size=trained.network.size),
        provenance=Provenance(
            architecture="InceptionV3, global average pooling, one dense layer over "
            f"{len(plan.kinds)} kinds pooled into {len(plan.outputs)} outputs",
            base=base.origin,
            data=_origins(material, request),
            fingerprint=fingerprint(material.samples),
            documents=material.division.counts(material.samples),
        ),
        temperature=1.0,
        threshold=1.0,
        novelty_limit=NOVELTY_LIMIT,
        policies=dict(request.policies),
        versions={name: importlib.metadata.version(name) for name in LIBRARIES},
    )


def _origins(material: Material, request: TrainingRequest) -> tuple[Origin, ...]:
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
    return (own, generated) if request.generated else (own,)


def complete_card(
    draft: ModelCard, measurement: Measurement, words: WordsRule | None = None
) -> ModelCard:
    """Return the card with the sort rule, its evidence and the figures."""
    rule = replace(measurement.confidence.rule, words=words)
    changes: dict[str, Any] = {
        "evidence": measurement.evidence,
        "metrics": {name: found.metrics() for name, found in measurement.sets.items()},
    }
    return draft.with_rule(rule).model_copy(update=changes)


def publish(
    request: TrainingRequest,
    card: ModelCard,
    base: BaseWeights,
    exported: Exported,
    measurement: Measurement,
    trained: TrainedModel,
    work: Path,
) -> None:
    """Write the bundle and, beside it, the report with pictures.

    Both are made in the work folder, on the same file system, and renamed: there is never half a
    bundle, and nothing that is there is replaced.

    Raises:
        UsageError: Somebody took the name meanwhile.
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    staged = work / _STAGING
    shutil.rmtree(staged, ignore_errors=True)
    write_bundle(_parts(card, base, exported, measurement, trained), staged)
    pictured = work / "report.html"
    pictures = CachePictures(exported.cache)
    text = html_page(
        measurement.sets, card, cost=exported.cost.as_json(), pictures=pictures, names=True
    )
    try:
        Disk().write_durably(pictured, text.encode(), mode=0o600)  # it shows documents
        put(staged, request.bundle)
        put(pictured, request.report)
        Disk().sync_directory(request.out)
    except OSError as error:
        raise _fault(error, f"the model bundle {request.name} cannot be put in place") from error


def _parts(
    card: ModelCard,
    base: BaseWeights,
    exported: Exported,
    measurement: Measurement,
    trained: TrainedModel,
) -> "BundleParts":
    cost = exported.cost.as_json()
    return BundleParts(
        card=card,
        runtime=exported.file,
        novelty=dict(measurement.confidence.novelty.to_arrays()),
        golden=[GoldenPicture(name, pixels) for name, pixels in base.golden],
        texts={
            "MODEL_CARD.md": model_card_text(card, _limits_text(measurement, trained)),
            "report.html": html_page(measurement.sets, card, cost=cost),
            "figures.json": _figures(measurement, trained, cost),
        },
        pages=exported.pages,
        foreign=trained.foreign.to_arrays() if trained.foreign is not None else {},
        words=trained.words.model.to_arrays() if trained.words is not None else {},
    )


def _limits_text(measurement: Measurement, trained: TrainedModel) -> str:
    """Say in Markdown what the model cannot do and what its figures are worth."""
    promise: Promise = measurement.confidence.promise
    said = "* It looks at the picture of a page, it does not read."
    if trained.words is not None:
        said = (
            "* It reads the words of a first page where the picture leaves it open. The figures "
            "are of the picture alone."
        )
    lines = [
        said,
        "* The figures hold for documents like those it was taught; other senders may be harder.",
        f"* Promise for documents like these: {promise.statement()}.",
    ]
    if CROSS_FITTED in measurement.sets:
        lines.append(
            "* There were too few documents to set some apart. Every figure is from heads that did "
            "not learn from the documents they judged; the head that ships learned from all."
        )
    return "\n".join(lines) + "\n"


def _figures(measurement: Measurement, trained: TrainedModel, cost: dict[str, object]) -> str:
    tuning = asdict(trained.tuning) if trained.tuning is not None else None
    figures = {
        "sets": {name: found.as_json() for name, found in measurement.sets.items()},
        "promise": asdict(measurement.confidence.promise),
        "penalty": trained.strength,
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


@dataclass(frozen=True, slots=True)
class GoldenPicture:
    """A golden page to be: file name and pixels, (size, size, 3) uint8; always synthetic."""

    name: str
    pixels: "NDArray[np.uint8]"


@dataclass(frozen=True, slots=True)
class BundleParts:
    """Everything that a bundle consists of.

    Attributes:
        card: What is known of the model.
        runtime: The LiteRT file, to be copied.
        novelty: Arrays of the novelty model.
        golden: The golden pages; their answers are asked while writing.
        texts: Further text files by name: the model card in words, the report, the log.
        pages: Arrays about pages of many-page documents; none writes no file of them.
        foreign: Arrays about foreign documents; likewise.
        words: Arrays of the reader of words; likewise.
    """

    card: ModelCard
    runtime: Path
    novelty: "dict[str, NDArray[np.generic]]"
    golden: Sequence[GoldenPicture]
    texts: dict[str, str]
    pages: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)
    foreign: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)
    words: "dict[str, NDArray[np.generic]]" = field(default_factory=dict)


def write_bundle(parts: BundleParts, target: Path) -> None:
    """Write a bundle next to `target`, check it, and only then give it that name.

    A bundle that was there is replaced. After an error or an interrupt `target` is what it was
    before, and nothing half written stays behind.

    Raises:
        ModelError: The bundle does not survive being read back.
        EnvironmentFaultError: The disk is full, or the folder cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _fault(error, f"the model bundle {target} cannot be written") from error
    try:
        _fill(building, parts)
        bundle = load_bundle(building)
        check_golden(bundle, open_classifier(bundle))
        building.chmod(0o755)
        _swap(building, target)
    except OSError as error:
        raise _fault(error, f"the model bundle {target} cannot be written") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _fill(folder: Path, parts: BundleParts) -> None:
    shutil.copyfile(parts.runtime, folder / RUNTIME)
    (folder / CARD).write_text(parts.card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    optional = ((PAGES, parts.pages), (FOREIGN, parts.foreign), (WORDS, parts.words))
    for file, arrays in ((NOVELTY, parts.novelty), *optional):
        if arrays:
            with (folder / file).open("wb") as stream:
                np.savez(stream, **arrays)  # type: ignore[arg-type] # numpy#28985
    for name, text in parts.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    _write_golden(folder, parts)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    for path in (*files, folder / CHECKSUMS):
        with contextlib.suppress(OSError):
            Disk().sync_file(path)


def _write_golden(folder: Path, parts: BundleParts) -> None:
    (folder / GOLDEN).parent.mkdir()
    pages = []
    classifier = LiteRTClassifier(folder / RUNTIME, parts.card)
    for picture in parts.golden:
        said: RawOutput = classifier.classify(picture.pixels[np.newaxis])
        shares = probabilities(said.logits, parts.card.temperature)[0]
        pages.append(
            GoldenPage(
                file=picture.name,
                logits=tuple(round(float(value), 5) for value in said.logits[0]),
                probabilities=tuple(round(float(value), 6) for value in shares),
            )
        )
        Image.fromarray(picture.pixels).save((folder / GOLDEN).parent / picture.name, optimize=True)
    golden = GoldenSet(tolerance=DEFAULT_TOLERANCE, pages=tuple(pages))
    (folder / GOLDEN).write_text(golden.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _swap(building: Path, target: Path) -> None:
    """Put the new folder in place; the old one comes back when that fails."""
    if not target.exists():
        building.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "bundle"
    target.rename(old)
    try:
        building.rename(target)
    except BaseException:
        old.rename(target)
        raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def _fault(error: OSError, what: str) -> EnvironmentFaultError:
    return EnvironmentFaultError(
        f"{what}: {environment_reason(error).text}",
        remedy="make room or choose another folder, then start the same command again",
    )


def model_card_text(card: ModelCard, limits: str) -> str:
    """Return MODEL_CARD.md: the card in words, for people; `limits` is Markdown."""
    lines = [
        f"# Model card: {card.name}",
        "",
        *_facts(card),
        "",
        "## Learned from",
        "",
        "| source | licence | documents |",
        "|---|---|---|",
        *(f"| {o.name} | {o.licence} | {o.documents} |" for o in card.provenance.data),
        "",
        "## Sort rule",
        "",
        _rule_text(card),
        "",
        "## Figures on the exported file",
        "",
        "Value, 95 % interval and number of documents.",
        "",
        "| documents | figure | value | note |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {name} | {_figure_text(measured)} | {measured.note} |"
            for kind, group in real_first(card.metrics).items()
            for name, measured in group.items()
        ),
        "",
        "## Limits",
        "",
        limits,
        "",
    ]
    return "\n".join(lines)


def _facts(card: ModelCard) -> list[str]:
    base = card.provenance.base
    rest = "; everything else counts as `other` and goes to a person." if card.background else "."
    versions = ", ".join(f"{name} {version}" for name, version in card.versions.items())
    return [
        f"* Labels: {', '.join(card.labels)}{rest}",
        f"* Architecture: {card.provenance.architecture}",
        f"* Pages: {card.input.size} x {card.input.size} RGB, aspect kept, centred on white",
        f"* Started from: {base.name} ({base.licence}). {base.note}",
        f"* Made: {card.created_at:%Y-%m-%d} with {versions}",
        f"* Training data fingerprint: `{card.provenance.fingerprint}`",
    ]


def _rule_text(card: ModelCard) -> str:
    """Write the sort rule and its evidence in words."""
    rule = (
        f"A document is sorted alone at a confidence of {card.threshold_text()} or more and a "
        f"novelty of at most {card.novelty_limit:g}; the logits are divided by "
        f"{card.temperature:.3f}."
    )
    if card.novelty_weight:
        rule += (
            " Of a page as unusual as a share q of the training pages, the odds needed are divided "
            f"by q to the power of {card.novelty_weight:g}."
        )
    if (real := real_figures(card)) is not None:
        rule += f" O{real.sentence()[1:]}."
    if card.words is not None:
        rule += " Where the picture leaves it open, the words of the first page are read as well."
    if (both := real_figures(card, words=True)) is not None:
        rule += f" Picture and words: {both.sentence()}."
    if card.evidence is None:
        return rule if real else f"{rule} The rule was not tested."
    seen = card.evidence
    return (
        f"{rule} On {seen.documents} test documents ({seen.description}) it sorted "
        f"{seen.sorted_alone} alone, {seen.errors} of them wrongly: with {seen.confidence:.0%} "
        f"confidence at most {100 * seen.upper_bound:.2f} % of what it sorts of such documents is "
        "wrong. On anybody's own paper nothing is certified by this."
    )


def _figure_text(measured: Measured) -> str:
    """Write a figure as a person reads it: value, interval and n, or why there is none."""
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    interval = ""
    if measured.low is not None and measured.high is not None:
        interval = f" [{measured.low:.3f}, {measured.high:.3f}]"
    return f"{measured.value:.3f}{interval}, n = {measured.n}"
