"""One training from the folder to the bundle in place, and what a person is told of it."""

import datetime as dt
import errno
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import tensorflow as tf

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE, Measured, ModelCard
from docsorter.model.registry import ModelRegistry
from docsorter.service.workspace.process import Progress
from docsorter.training.base import carried_words, open_base
from docsorter.training.bundle_writer import complete_card, draft_card, publish
from docsorter.training.dataset import fingerprint
from docsorter.training.export import ExportPages, export_within_limits
from docsorter.training.labelled import Unreadable, read_labelled, require_trainable
from docsorter.training.material import Material, gather
from docsorter.training.measuring import FOREIGN, REAL_FOREIGN, Measurement, known_to, measure
from docsorter.training.page_heads import page_arrays
from docsorter.training.rasters import RasterCache, daemon_cache
from docsorter.training.request import (
    POLICIES,
    TrainingRequest,
    claim,
    require_place,
    require_room,
    work_folder,
)
from docsorter.training.sort_rule import Promise
from docsorter.training.splits import LEAST_FOR_SETS, SPLITS
from docsorter.training.transfer import TrainedModel, train_model

NO_FIGURE: Final = "not measurable"


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A finished training.

    Attributes:
        name: Of the bundle.
        bundle: Where it is.
        report: The report with pictures, beside it.
        labels: What it sorts into.
        documents: Documents by label, "other" included.
        split: Documents by split; "all" when they were cross-fitted.
        cross_fitted: Whether every document was learned from and measured on in turn.
        tuned: Whether the upper blocks were tuned and kept.
        accuracy: On documents that it did not learn from.
        automation: Share of those that it would sort alone.
        sorted_alone: Their number, where the rule had no part of them.
        errors: How many of those wrongly.
        foreign: Share of generated foreign documents that it would sort.
        threshold: Confidence from which on it sorts.
        promise: What it may claim.
        unreadable: Files that could not be learned from.
        real_foreign: Share of the real foreign documents known to the base that would be sorted, by
            rules that knew none of the same source; None where it knew none.
        words: Whether words are read where the picture leaves it open.
    """

    name: str
    bundle: Path
    report: Path
    labels: tuple[str, ...]
    documents: dict[str, int]
    split: dict[str, int]
    cross_fitted: bool
    tuned: bool
    accuracy: Measured | None
    automation: Measured
    sorted_alone: int
    errors: int
    foreign: Measured | None
    threshold: float
    promise: Promise
    unreadable: tuple[Unreadable, ...]
    real_foreign: Measured | None = None
    words: bool = False

    def as_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        plain: dict[str, object] = asdict(self)
        for name in ("accuracy", "automation", "foreign", "real_foreign"):
            measured = getattr(self, name)
            plain[name] = None if measured is None else measured.model_dump()
        plain["unreadable"] = [
            {"file": str(one.path), "label": one.label, "reason": one.reason}
            for one in self.unreadable
        ]
        return plain | {"bundle": str(self.bundle), "report": str(self.report)}

    def lines(self) -> list[tuple[str, str]]:
        """Return what a person reads, as names and texts."""
        counts = ", ".join(f"{number} {label}" for label, number in self.documents.items())
        wrong = f"{self.errors} wrongly" if self.sorted_alone else "so none wrongly"
        rows = [
            ("bundle", str(self.bundle)),
            ("report", f"{self.report} (shows pages: keep it in the house)"),
            ("documents", f"{sum(self.documents.values())}: {counts}"),
            ("measured on", self._split()),
            ("accuracy", _share(self.accuracy)),
            ("sorts alone", f"{_share(self.automation)}; {self.sorted_alone} tested, {wrong}"),
            ("foreign", self._foreign()),
            ("words", self._words()),
            ("promise", self._promise()),
        ]
        if self.foreign is None and self.real_foreign is None:
            rows = [row for row in rows if row[0] != "foreign"]
        if self.unreadable:
            first = self.unreadable[0]
            rows.append(
                ("unreadable", f"{len(self.unreadable)}, e.g. {first.path.name}: {first.reason}")
            )
        return rows

    def _foreign(self) -> str:
        """Say what of foreign documents would be sorted; none of them is the user's paper."""
        parts = []
        if self.real_foreign is not None:
            share = _share(self.real_foreign)
            parts.append(f"{share} of real ones that the base knew, their source unseen")
        if self.foreign is not None:
            parts.append(f"{_share(self.foreign)} of generated ones")
        return "; ".join(parts) + " would be sorted"

    def _words(self) -> str:
        if self.words:
            return "read where the picture is unsure, as by the base; the figures are without them"
        return "not read: the base knows words of other labels, or none"

    def _split(self) -> str:
        if self.cross_fitted:
            return "all of them, each by a head that did not learn from it"
        return ", ".join(f"{name} {number}" for name, number in self.split.items())

    def _promise(self) -> str:
        """Say what is promised, or what is missing for it and how much that is, about."""
        promise = self.promise
        if promise.certified:
            return promise.statement()
        if promise.tested:
            more = f"about {promise.more} more calibration documents like these"
            return f"{promise.statement()}; that takes {more}"
        return (
            f"none: too few documents to hold some back. It takes {promise.needed} held back and "
            f"sorted alone without an error: about {promise.more} more documents like these"
        )


def training_result(
    request: TrainingRequest,
    material: Material,
    trained: TrainedModel,
    measurement: Measurement,
    card: ModelCard,
) -> TrainingResult:
    """Put together what a person is told."""
    own = next(iter(measurement.sets.values()))
    foreign, real = measurement.sets.get(FOREIGN), measurement.sets.get(REAL_FOREIGN)
    division = material.division
    found = Counter(division.splits)
    split = {name: found[name] for name in SPLITS if found[name]}
    return TrainingResult(
        name=request.name,
        bundle=request.bundle,
        report=request.report,
        labels=card.labels,
        documents={k: n for k, n in material.folder.counts().items() if n},
        split={"all": len(material.samples)} if division.cross_fitted else split,
        cross_fitted=division.cross_fitted,
        tuned=trained.tuning is not None and trained.tuning.kept,
        accuracy=own.figures.get("accuracy"),
        automation=own.at_rule.automation,
        sorted_alone=measurement.evidence.sorted_alone,
        errors=measurement.evidence.errors,
        foreign=foreign.at_rule.foreign_share if foreign is not None else None,
        real_foreign=real.at_rule.foreign_share if real is not None else None,
        threshold=card.threshold,
        promise=measurement.confidence.promise,
        unreadable=material.folder.unreadable,
        words=trained.words is not None,
    )


def _share(measured: Measured | None) -> str:
    if measured is None or measured.value is None:
        return NO_FIGURE if measured is None else f"{NO_FIGURE}, n = {measured.n}"
    text = f"{100 * measured.value:.1f} %"
    if measured.low is not None and measured.high is not None:
        text += f" [{100 * measured.low:.1f}, {100 * measured.high:.1f}]"
    return f"{text}, n = {measured.n}"


_LOG: Final = logging.getLogger(__name__)


def train(
    request: TrainingRequest,
    registry: ModelRegistry,
    now: Callable[[], dt.datetime],
    progress: Progress,
) -> TrainingResult:
    """Turn a folder of labelled documents into a bundle.

    After an interrupt the same request goes on where it was. A bundle appears whole or not at all.

    Args:
        request: What to do.
        registry: Knows the bundles that one may start from.
        now: Gives the time for the card.
        progress: Is told how far each stage is.

    Raises:
        UsageError: The documents, a name or a policy make no training possible.
        ModelError: The base cannot be used, or the export loses too much.
        EnvironmentFaultError: The disk is full, or a folder cannot be written.
        ConflictError: Another training of this name is running.
    """
    require_place(request)
    # The same seed gives the same weights; on two cores it costs nothing that was measurable.
    tf.config.experimental.enable_op_determinism()
    with work_folder(request) as work, full_disk_named(), daemon_cache(work / "pages") as cache:
        return _train(request, registry, now, progress, work, cache)


def _train(
    request: TrainingRequest,
    registry: ModelRegistry,
    now: Callable[[], dt.datetime],
    progress: Progress,
    work: Path,
    cache: RasterCache,
) -> TrainingResult:
    folder = read_labelled(request.folder, cache, progress)
    require_trainable(folder)
    check_policies(request.policies, folder.labels)
    fewest = min(number for name, number in folder.counts().items() if name != NONE_OF_THESE)
    tuned = request.tuning and fewest >= LEAST_FOR_SETS
    require_room(request, len(folder.samples), maps=tuned)
    base = open_base(request.base, registry, size=request.effort.size, seed=request.seed)
    resumed = claim(work, request.key(fingerprint(folder.samples), base.key))
    _LOG.info("%s: %d documents, resumed: %s", request.name, len(folder.samples), resumed)
    material = gather(request, folder, base, cache, work, progress)
    trained = train_model(material, request, work, progress)
    draft = draft_card(material, trained, base, request, now())
    learned = [material.samples[row] for row in material.division.rows("train")]
    held = [
        s
        for s, split in zip(material.samples, material.division.splits, strict=True)
        if split != "train"
    ]
    pages = ExportPages(learned, held or material.samples, cache)
    exported = export_within_limits(
        trained.network,
        draft,
        pages,
        work,
        (request.effort.gate, request.effort.variants),
        progress,
    )
    pages_known = page_arrays(material, trained, base, exported, work, progress)
    exported = replace(exported, pages=pages_known)
    known = known_to(base, material, trained)
    measurement = measure(material, trained, exported, request, progress, known)
    if not measurement.confidence.promise.certified:  # that was tested on pictures alone
        rule = measurement.confidence.rule
        words = carried_words(base, material.labels, rule, request.renamed)
        trained = replace(trained, words=words)
    asked = trained.words.rule if trained.words else None
    card = complete_card(draft, measurement, asked)
    publish(request, card, base, exported, measurement, trained, work)
    return training_result(request, material, trained, measurement, card)


@contextmanager
def full_disk_named() -> Iterator[None]:
    """Name a full disk as the system does: TensorFlow and numpy have words of their own for it.

    Raises:
        OSError: ENOSPC, in place of theirs.
    """
    full = os.strerror(errno.ENOSPC)
    try:
        yield
    except tf.errors.OpError as error:
        if full not in str(error):
            raise
        raise OSError(errno.ENOSPC, full) from error
    except OSError as error:
        if error.errno is not None or "requested and" not in str(error):
            raise
        raise OSError(errno.ENOSPC, full) from error  # numpy: "8 requested and 3 written"


def check_policies(policies: Mapping[str, str], labels: tuple[str, ...]) -> None:
    """Refuse a policy that is none, or of a label that there is not.

    Raises:
        UsageError: As said.
    """
    known = tuple(label for label in labels if label != NONE_OF_THESE)
    for label, policy in policies.items():
        if policy not in POLICIES:
            raise UsageError(
                f"{policy!r} is no policy of a label", remedy=f"one of: {', '.join(POLICIES)}"
            )
        if label not in known:
            raise UsageError(
                f"there is a policy for {label!r}, which is no label of these documents",
                remedy=f"the labels are: {', '.join(known)}",
            )
