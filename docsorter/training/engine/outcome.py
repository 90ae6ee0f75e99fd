"""What a finished training tells a person, in a few lines."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from docsorter.model.card import Measured, ModelCard
from docsorter.training.engine.confidence import Promise
from docsorter.training.engine.material import Material
from docsorter.training.engine.measuring import FOREIGN, Measurement
from docsorter.training.engine.request import Request
from docsorter.training.engine.teaching import Taught
from docsorter.training.labelled import Unreadable
from docsorter.training.splits import SPLITS

NO_FIGURE: Final = "not measurable"


@dataclass(frozen=True, slots=True)
class Outcome:
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

    def as_json(self) -> dict[str, object]:
        """Return everything as plain values."""
        plain: dict[str, object] = asdict(self)
        for name in ("accuracy", "automation", "foreign"):
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
            ("foreign", _share(self.foreign) + " of generated ones would be sorted"),
            ("promise", self._promise()),
        ]
        if self.foreign is None:
            rows = [row for row in rows if row[0] != "foreign"]
        if self.unreadable:
            first = self.unreadable[0]
            rows.append(
                ("unreadable", f"{len(self.unreadable)}, e.g. {first.path.name}: {first.reason}")
            )
        return rows

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


def outcome(
    request: Request,
    material: Material,
    taught: Taught,
    measurement: Measurement,
    card: ModelCard,
) -> Outcome:
    """Put together what a person is told."""
    own = next(iter(measurement.sets.values()))
    foreign = measurement.sets.get(FOREIGN)
    division = material.division
    found = Counter(division.splits)
    split = {name: found[name] for name in SPLITS if found[name]}
    return Outcome(
        name=request.name,
        bundle=request.bundle,
        report=request.report,
        labels=card.labels,
        documents={k: n for k, n in material.folder.counts().items() if n},
        split={"all": len(material.samples)} if division.cross_fitted else split,
        cross_fitted=division.cross_fitted,
        tuned=taught.tuning is not None and taught.tuning.kept,
        accuracy=own.figures.get("accuracy"),
        automation=own.at_rule.automation,
        sorted_alone=measurement.evidence.sorted_alone,
        errors=measurement.evidence.errors,
        foreign=foreign.at_rule.foreign_share if foreign is not None else None,
        threshold=card.threshold,
        promise=measurement.confidence.promise,
        unreadable=material.folder.unreadable,
    )


def _share(measured: Measured | None) -> str:
    if measured is None or measured.value is None:
        return NO_FIGURE if measured is None else f"{NO_FIGURE}, n = {measured.n}"
    text = f"{100 * measured.value:.1f} %"
    if measured.low is not None and measured.high is not None:
        text += f" [{100 * measured.low:.1f}, {100 * measured.high:.1f}]"
    return f"{text}, n = {measured.n}"
