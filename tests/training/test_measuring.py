"""What is fitted on what: with a model that was made up, so that nothing has to be trained."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import RawOutput, SortRule
from docsorter.service.workspace.process import silent
from docsorter.training.base import ForeignDocuments, StartingHead
from docsorter.training.dataset import ClassPlan, RawPredictions, Sample
from docsorter.training.head import Adjustment
from docsorter.training.material import ForeignPages
from docsorter.training.measuring import (
    CROSS_FITTED,
    FOREIGN,
    REAL_FOREIGN,
    TESTED,
    Known,
    Measurement,
    measure,
)
from docsorter.training.request import TrainingRequest
from docsorter.training.splits import Division, divide

if TYPE_CHECKING:
    from docsorter.training.export import Exported
    from docsorter.training.material import Material
    from docsorter.training.transfer import TrainedModel

WIDTH = 6
PLAN = ClassPlan(("a", "b"), (("a", "a"), ("b", "b"), ("other", "other")))


@dataclass
class Files:
    """Documents with features around the corner of their label; a stand-in for the real thing."""

    samples: tuple[Sample, ...]
    division: Division
    foreign: ForeignPages
    groups: tuple[int, ...] = ()
    labels: tuple[str, ...] = ("a", "b")
    start: StartingHead = field(
        default_factory=lambda: StartingHead(
            PLAN, np.eye(WIDTH, 3, dtype=np.float32) * 4, np.zeros(3, np.float32),
            np.zeros(3, np.bool_), np.arange(3),
        )
    )  # fmt: skip

    @property
    def targets(self) -> NDArray[np.int64]:
        return np.array([PLAN.output_index(s.label) for s in self.samples], np.int64)


@dataclass
class Model:
    """Says what the starting head says, of features drawn by the name of the file."""

    asked: list[str] = field(default_factory=list)
    pages: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    foreign_like: int = 2

    def predict(self, samples: "tuple[Sample, ...]", progress: object) -> RawPredictions:
        del progress
        outputs, targets = [], []
        head = Files(
            (), Division((), np.zeros(0, np.int64), False), ForeignPages((), (), False)
        ).start
        for sample in samples:
            self.asked.append(sample.path.name)
            corner = {"a": 0, "b": 1, "other": self.foreign_like}[sample.label]
            rng = np.random.default_rng([corner, int(sample.path.stem)])
            features = rng.normal(0, 0.25, (1, WIDTH)).astype(np.float32)
            features[0, corner] += 1
            outputs.append(RawOutput(head.prior(features).astype(np.float32), features))
            targets.append({"a": 0, "b": 1, "other": 2}[sample.label])
        return RawPredictions(tuple(samples), np.array(targets, np.int64), tuple(outputs))


def files(each: int, foreign: int = 0) -> Files:
    samples = tuple(
        Sample(Path(f"/in/{label}/{number}.png"), label, "", f"{label}/{number}", "")
        for label in ("a", "b")
        for number in range(each)
    )
    held = tuple(
        Sample(Path(f"/made/{n}.png"), "other", "photo", str(n), "synthetic")
        for n in range(foreign)
    )
    groups = tuple(range(len(samples)))
    return Files(samples, divide(samples, groups, 0), ForeignPages((), held, False), groups)


def measured(
    material: Files,
    model: Model,
    heads: list[Adjustment],
    known: ForeignDocuments | None = None,
    base: Known | None = None,
) -> Measurement:
    @dataclass
    class Heads:
        held_out: tuple[Adjustment, ...] = tuple(heads)
        foreign: ForeignDocuments | None = known

    request = TrainingRequest(Path("/in"), "x-1", Path("/out"))
    return measure(
        cast("Material", material),
        cast("TrainedModel", Heads()),
        cast("Exported", model),
        request,
        silent,
        base,
    )


def nothing() -> Adjustment:
    return Adjustment(np.zeros((WIDTH, 3)), np.zeros(3), 1.0)


def test_with_four_sets_the_evidence_is_of_the_test_alone() -> None:
    material = files(100, foreign=20)
    found = measured(material, Model(), [])
    test = len(material.division.rows("test"))
    assert found.evidence.documents == test
    assert list(found.sets) == [TESTED, FOREIGN]
    assert found.sets[TESTED].documents == test
    assert found.sets[FOREIGN].at_rule.foreign == 20
    assert found.confidence.promise.tested == len(material.division.rows("calibration"))
    assert not found.confidence.promise.certified
    assert found.confidence.rule.threshold >= 0.9


def test_with_enough_calibration_documents_the_threshold_is_certified() -> None:
    found = measured(files(1000), Model(), [])
    assert found.confidence.promise.certified
    assert found.confidence.promise.sorted_alone >= 299
    assert list(found.sets) == [TESTED]


def test_cross_fitting_judges_every_document_by_the_head_without_it() -> None:
    material = files(30)
    heads = [nothing() for _ in range(5)]
    wrong = np.array([0.0, 9.0, 0.0])
    heads[2] = Adjustment(np.zeros((WIDTH, 3)), wrong, 1.0)  # takes everything for "b"
    found = measured(material, Model(), heads)
    mistaken = sum(
        1 for fold, s in zip(material.division.folds, material.samples, strict=True)
        if fold == 2 and s.label == "a"
    )  # fmt: skip
    accuracy = found.sets[CROSS_FITTED].figures["accuracy"]
    assert accuracy.n == 60
    assert accuracy.value == pytest.approx(1 - mistaken / 60, abs=0.02)


def test_cross_fitting_certifies_nothing_and_says_what_is_missing() -> None:
    found = measured(files(30), Model(), [nothing() for _ in range(5)])
    promise = found.confidence.promise
    assert (promise.certified, promise.tested, promise.needed) == (False, 0, 299)
    assert promise.more >= 299
    assert found.evidence.documents == 60


def test_the_novelty_of_a_document_is_never_measured_with_its_own_help() -> None:
    """A document far from all others is far from the model that lacks it."""
    found = measured(files(30), Model(), [nothing() for _ in range(5)])
    novelty = found.confidence.novelty
    far: NDArray[Any] = np.full((1, WIDTH), 5.0)
    assert len(novelty.reference) == 60
    assert novelty.percentile(far)[0] == 100


def like_a(sources: int, each: int, logit: float) -> ForeignDocuments:
    """Foreign documents that look like label "a", `logit` above "other"."""
    rows = sources * each
    features = np.random.default_rng(9).normal(0, 0.25, (rows, WIDTH)).astype(np.float32)
    features[:, 0] += 1
    logits = np.tile(np.array([logit, -9.0, 0.0], np.float32), (rows, 1))
    numbers = np.repeat(np.arange(sources), each)
    return ForeignDocuments(features, logits, np.array(["form"] * rows), numbers)


@pytest.mark.parametrize("each", [30, 1000])
def test_real_foreign_documents_that_look_like_a_label_are_held_back(each: int) -> None:
    """However few documents there are, and also where the threshold is certified."""
    found = measured(files(each), Model(), [nothing()] * 5, like_a(6, 5, 3.0))
    rule, seen = found.confidence.rule, found.sets[REAL_FOREIGN].at_rule
    confidence = 1 / (1 + np.exp(-3.0 / rule.temperature))
    assert rule.required_confidence("a") >= confidence - 1e-6
    assert (seen.foreign, seen.foreign_sorted) == (30, 0)


def test_real_foreign_documents_are_judged_by_a_rule_that_does_not_know_their_source() -> None:
    """One source is surer of itself than any other: a rule fitted on it would hold it back."""
    surest = like_a(6, 5, 1.0)
    surest.logits[surest.sources == 4, 0] = 8.0
    found = measured(files(30), Model(), [nothing()] * 5, surest)
    assert found.sets[REAL_FOREIGN].at_rule.foreign_sorted == 5


BASE_RULE = SortRule(1.0, 0.95, 99.0, offsets={"b": -0.5}, novelty_weight=4.0)


@pytest.mark.parametrize("each", [30, 100])
def test_where_the_novelty_of_the_base_holds_it_stays_with_its_weight(each: int) -> None:
    pages = np.random.default_rng(2).normal(0.3, 0.5, (60, WIDTH))
    known = Known(BASE_RULE, NoveltyModel.fit(pages, np.arange(60) % 2, pages))
    found = measured(files(each), Model(), [nothing()] * 5, like_a(6, 5, 3.0), known)
    novelty = found.confidence.novelty
    assert known.novelty is not None
    assert np.array_equal(novelty.centres, known.novelty.centres)
    assert not np.array_equal(novelty.reference, known.novelty.reference)
    assert found.confidence.rule.novelty_weight == 4.0
    assert (found.confidence.rule.offsets == BASE_RULE.offsets) is (each == 30)


def test_a_base_that_lacks_a_label_lends_its_weight_of_novelty_alone() -> None:
    known = Known(BASE_RULE, None)
    found = measured(files(30), Model(), [nothing()] * 5, like_a(6, 5, 3.0), known)
    assert found.confidence.rule.novelty_weight == 4.0
    assert found.confidence.rule.offsets != BASE_RULE.offsets


@pytest.mark.parametrize("known", [None, like_a(6, 5, -9.0)])
def test_generated_foreign_documents_set_thresholds_also_beside_real_ones(
    known: ForeignDocuments | None,
) -> None:
    few, many = (
        measured(files(30, n), Model(foreign_like=0), [nothing()] * 5, known).confidence.rule
        for n in (0, 30)
    )
    assert few.required_confidence("a") < many.required_confidence("a")


def test_the_same_seed_measures_the_same() -> None:
    first, again = (measured(files(40, 5), Model(), [nothing()] * 5) for _ in range(2))
    assert first.confidence.rule == again.confidence.rule
    assert first.sets[CROSS_FITTED].metrics() == again.sets[CROSS_FITTED].metrics()
