"""Everything that is measured of a model on one set of documents."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from docsorter.documents import SortRule
from docsorter.model.card import Measured
from docsorter.training.dataset import Sample
from docsorter.training.evaluation.automation import AtRule, Automation
from docsorter.training.evaluation.curves import ReliabilityPoint, RiskPoint
from docsorter.training.evaluation.figures import LabelFigures
from docsorter.training.evaluation.mistakes import Cases
from docsorter.training.evaluation.novelty import Roc
from docsorter.training.evaluation.sources import SourceFigures


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured on one set of documents.

    Attributes:
        labels: The labels of the model.
        names: The columns of its probabilities: the labels, then "other" with a background.
        rule: The rule it was judged by.
        documents: How many documents.
        own: How many of them are of a label.
        groups: How many different ones: near-duplicates and scans of one template count once.
        figures: By name: accuracy, accuracy among labels, macro-F1, ECE, Brier, AURC, E-AURC.
        per_label: Precision and recall.
        confusion: Rows of counts: the labels, then foreign documents if any; columns as `names`.
        reliability: Bins of equal mass.
        confidences: Documents of the labels by hundredths of confidence.
        risk: The risk-coverage curve.
        at_rule: What the rule does.
        automation: What could be sorted alone, by target error.
        novelty: Receiver operating curves: as it ships, then by label left out.
        sources: Source by source.
        cases: Documents worth looking at.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    rule: SortRule
    documents: int
    own: int
    groups: int
    figures: dict[str, Measured]
    per_label: tuple[LabelFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityPoint, ...]
    confidences: tuple[int, ...]
    risk: tuple[RiskPoint, ...]
    at_rule: AtRule
    automation: tuple[Automation, ...]
    novelty: tuple[Roc, ...]
    sources: tuple[SourceFigures, ...]
    cases: Cases

    def metrics(self) -> dict[str, Measured]:
        """Return the figures that stand on a model card, by name."""
        found = dict(self.figures)
        found |= {f"accuracy of {one.label}": one.recall for one in self.per_label if self.own}
        found |= {
            "error among sorted": self.at_rule.error,
            "foreign documents sorted": self.at_rule.foreign_share,
            "automation rate": self.at_rule.automation,
        }
        for one in self.automation:
            found[f"automation at {1 - one.target:.1%}, certified"] = one.certified
            found[f"automation at {1 - one.target:.1%}, oracle"] = one.oracle
        for curve in self.novelty:
            what = f"without {curve.name}" if curve.name else "on foreign documents"
            found[f"novelty AUROC {what}"] = curve.auroc
        return found

    def as_json(self, *, names: bool = False) -> dict[str, object]:
        """Return everything, curves too, as plain values.

        Args:
            names: Whether files and sources are named; a bundle that leaves the house names none.
        """
        plain = _plain(self)
        assert isinstance(plain, dict)
        if not names:
            for number, source in enumerate(plain["sources"], 1):
                source["source"] = f"source {number}"
        for cases in plain["cases"].values():
            for case in cases:
                file = case.pop("sample")
                case["file"] = file if names else None
        return plain


def _plain(value: object) -> Any:  # noqa: ANN401 -- JSON: whatever comes out of a tree
    match value:
        case Measured():
            return value.model_dump()
        case Sample():
            return str(value.path)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case _ if dataclasses.is_dataclass(value):
            return {
                part.name: _plain(getattr(value, part.name)) for part in dataclasses.fields(value)
            }
        case _:
            return value
