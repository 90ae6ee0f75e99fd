from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import RawOutput, SortRule
from docsorter.training.dataset import DocumentJudge, Predictions, RawPredictions, Sample
from docsorter.training.sort_rule import (
    LEAST_TEMPERATURE,
    LEAST_THRESHOLD,
    NOVELTY_LIMIT,
    KnownForeign,
    careful_thresholds,
    checked,
    least_for_foreign,
    temperature_of,
    threshold_by_test,
    untested,
)

TWO_LABELS = ("claim", "invoice")
RULE = SortRule(1.0, 0.0, NOVELTY_LIMIT)


def predictions(
    probabilities: NDArray[np.float64], targets: list[int], novelty: float = 0.0
) -> Predictions:
    samples = tuple(Sample(Path(f"{row}.png"), "", "", "", "") for row in range(len(targets)))
    return Predictions(samples, np.array(targets), probabilities, np.full(len(targets), novelty))


def raw(*documents: list[list[float]]) -> RawPredictions:
    outputs = tuple(
        RawOutput(np.array(pages, np.float32), np.zeros((len(pages), 2), np.float32))
        for pages in documents
    )
    samples = tuple(Sample(Path(f"{row}.png"), "", "", "", "") for row in range(len(outputs)))
    return RawPredictions(samples, np.zeros(len(outputs), np.int64), outputs)


def sure(n: int, errors: int = 0) -> CheckedDocuments:
    correct = np.ones(n, np.bool_)
    correct[:errors] = False
    return CheckedDocuments(np.linspace(0.5, 1.0, n), correct, np.ones(n, np.bool_))


def test_only_what_every_rule_lets_pass_can_be_sorted() -> None:
    shares = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.02, 0.08, 0.9], [0.9, 0.1, 0.0]])
    held = np.array([False, False, False, True])
    rule = replace(RULE, policies={"invoice": "review"})
    found = checked(predictions(shares, [0, 1, 2, 0]), held, TWO_LABELS, rule)
    assert found.eligible.tolist() == [True, False, False, False]
    assert found.correct.tolist() == [True, True, True, True]
    strange = checked(predictions(shares, [0, 1, 2, 0], novelty=100.0), held, TWO_LABELS, RULE)
    assert not strange.eligible.any()


def test_an_unusual_page_must_be_surer_where_novelty_has_a_weight() -> None:
    shares, nobody = np.array([[0.9, 0.05, 0.05]] * 2), np.zeros(2, np.bool_)
    pages = replace(predictions(shares, [0, 0]), novelty=np.array([0.0, 90.0]))
    rule = replace(RULE, novelty_weight=1.0)
    usual, unusual = checked(pages, nobody, TWO_LABELS, rule).confidences
    assert usual == pytest.approx(0.9)
    assert unusual == pytest.approx(0.9 / (0.9 + 1))  # a tenth of the odds
    foreign = KnownForeign(replace(pages, targets=np.array([2, 2])), np.array([1e-9, 1.0]))
    alike, _ = careful_thresholds([], TWO_LABELS, 0.01, known=foreign)
    weighed, _ = careful_thresholds([], TWO_LABELS, 0.01, known=foreign, weight=1.0)
    assert alike > weighed == 0.9


def test_a_model_without_background_has_no_column_for_foreign_documents() -> None:
    pages = predictions(np.array([[0.9, 0.1]]), [2])
    found = checked(pages, np.zeros(1, np.bool_), TWO_LABELS, RULE)
    assert found.eligible.tolist() == [True]
    assert found.correct.tolist() == [False]


def real_foreign(*confidences: float, weight: float = 1.0) -> KnownForeign:
    """Documents of no label, taken for the second label with these confidences."""
    shares = np.array([[0.0, one, 1 - one] for one in confidences])
    found = predictions(shares, [2] * len(confidences))
    return KnownForeign(found, np.full(len(confidences), weight))


def test_real_foreign_documents_raise_the_threshold_of_the_label_they_look_like() -> None:
    own = predictions(np.array([[0.99, 0.0, 0.01], [0.0, 0.99, 0.01]] * 60), [0, 1] * 60)
    low, _ = careful_thresholds([own], TWO_LABELS, 0.01)
    few = careful_thresholds([own], TWO_LABELS, 0.01, known=real_foreign(*[0.4] * 199, 0.95))
    threshold, offsets = careful_thresholds(
        [own], TWO_LABELS, 0.01, known=real_foreign(*[0.4] * 90, *[0.97] * 10)
    )
    assert few == (low, {})
    assert threshold > 0.97
    assert set(offsets) == {"claim"}


def test_real_foreign_documents_count_by_their_weights() -> None:
    shares = real_foreign(*[0.4] * 90, *[0.97] * 10)
    light = KnownForeign(shares.predictions, np.repeat([1.0, 0.1], [90, 10]))
    threshold, _ = careful_thresholds([], TWO_LABELS, 0.01, known=light)
    assert threshold == 0.9
    seen = CheckedDocuments(np.array([0.97, 0.95]), np.zeros(2, np.bool_), np.ones(2, np.bool_))
    assert least_for_foreign(seen, np.array([0.01, 1.0])) == pytest.approx(0.95)
    assert least_for_foreign(seen, np.array([1.0, 0.01])) == pytest.approx(0.97)


def test_known_offsets_stay_and_one_threshold_is_fitted_beside_them() -> None:
    own = predictions(np.array([[0.99, 0.0, 0.01], [0.0, 0.99, 0.01]] * 9), [0, 1] * 9)
    offsets = {"invoice": -1.0}
    easy, same = careful_thresholds([own], TWO_LABELS, 0.01, offsets=offsets)
    rule = replace(RULE, threshold=easy, offsets=same)
    assert same == offsets
    assert rule.required_confidence("invoice") == pytest.approx(LEAST_THRESHOLD)
    assert rule.required_confidence("claim") > LEAST_THRESHOLD
    foreign = real_foreign(*[0.4] * 90, *[0.97] * 10)
    hard, same = careful_thresholds([own], TWO_LABELS, 0.01, known=foreign, offsets=offsets)
    rule = replace(RULE, threshold=hard, offsets=same)
    assert same == offsets
    assert rule.required_confidence("invoice") == pytest.approx(0.97)


def test_pages_that_name_different_labels_are_held() -> None:
    both = raw([[9.0, 0.0], [0.0, 9.0]], [[9.0, 0.0], [9.0, 0.0]])
    rng = np.random.default_rng(0)
    width = both.outputs[0].features.shape[1]
    pages = rng.normal(size=(60, width))
    novelty = NoveltyModel.fit(pages, np.arange(60) % 2, pages)
    judge = DocumentJudge(1.0, 0, novelty, NOVELTY_LIMIT)
    assert judge.held(both).tolist() == [True, False]


def test_the_temperature_never_makes_a_small_set_too_sure() -> None:
    assert temperature_of(raw(*[[[0.5, 0.0]]] * 200), 0) == LEAST_TEMPERATURE


def test_few_documents_do_not_make_a_base_modest_that_is_true() -> None:
    """Of sixty sure ones a single one is wrong: smoothed alone they would ask for far less."""
    logits = [[[7.0, 0.0]]] * 55 + [[[1.5, 0.0]]] * 5
    documents = replace(raw(*logits), targets=np.array([0] * 59 + [1]))
    alone, beside = temperature_of(documents, 0), temperature_of(documents, 0, known=1.0)
    assert alone > 1.3
    assert 0.9 < beside < 1.1


def test_enough_evidence_certifies_the_threshold() -> None:
    threshold, promise = threshold_by_test(sure(800), sure(800), 0.01, 0.95)
    assert threshold is not None
    assert promise.certified
    assert (promise.tested, promise.errors, promise.more) == (800, 0, 0)
    assert promise.statement().startswith("of what is sorted alone at most 1 % is wrong")


def test_too_little_evidence_is_a_number_of_documents() -> None:
    threshold, promise = threshold_by_test(sure(100), sure(150), 0.01, 0.95)
    assert threshold is None
    assert (promise.tested, promise.needed, promise.more) == (150, 299, 149)
    assert "299 checked documents without an error needed, you have 150" in promise.statement()


def test_where_nothing_could_be_sorted_the_whole_number_is_missing() -> None:
    none = CheckedDocuments(np.ones(9), np.ones(9, np.bool_), np.zeros(9, np.bool_))
    threshold, promise = threshold_by_test(none, sure(50), 0.01, 0.95)
    assert threshold is None
    assert not promise.certified
    assert promise.needed == 299


@pytest.mark.parametrize(("alone", "more"), [(60, 299), (30, 598), (0, 17940)])
def test_what_an_untested_rule_misses_depends_on_how_much_it_sorts(alone: int, more: int) -> None:
    assert untested(alone, 60, 0.01, 0.95).more == more


class TwoLabels:
    """Invoices that are right when they look sure, and claims that deceive up to 0.98."""

    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        n = 40_000
        self.top = rng.integers(0, 2, n)
        confidence = 1 - 0.5 * rng.random(n) ** 2
        sure = confidence > np.where(self.top == 0, 0.98, 0.85)  # column 0 is that of claims
        risk = np.where(sure, 0.0005, np.where(self.top == 0, 0.08, 0.03))
        self.wrong = rng.random(n) < risk
        self.shares = np.empty((n, 2))
        self.shares[np.arange(n), self.top] = confidence
        self.shares[np.arange(n), 1 - self.top] = 1 - confidence

    def draw(self, rng: np.random.Generator, n: int) -> Predictions:
        rows = rng.integers(0, len(self.top), n)
        targets = np.where(self.wrong[rows], 1 - self.top[rows], self.top[rows])
        return Predictions((), targets, self.shares[rows], np.zeros(n))

    def of_rule(self, threshold: float, offsets: dict[str, float]) -> tuple[float, float]:
        """Return the share that a rule sorts, and the share of it that is wrong."""
        targets = np.where(self.wrong, 1 - self.top, self.top)
        everything = Predictions((), targets, self.shares, np.zeros(len(targets)))
        nobody = np.zeros(len(targets), np.bool_)
        seen = checked(everything, nobody, TWO_LABELS, replace(RULE, offsets=offsets))
        sorted_alone, errors = seen.sorted_at(threshold)
        return sorted_alone / len(targets), errors / max(sorted_alone, 1)


def test_a_promise_with_offsets_is_kept_and_sorts_more() -> None:
    """Of the draws at most 5 % and three standard errors may break the promise of 1 %."""
    population, rng, draws = TwoLabels(), np.random.default_rng(5), 60
    nobody = np.zeros(1500, np.bool_)
    broken, automated = 0, {"alike": 0.0, "by label": 0.0}
    for _ in range(draws):
        validation, calibration = (population.draw(rng, 1500) for _ in range(2))
        _, fitted = careful_thresholds([validation], TWO_LABELS, 0.01)
        rules: dict[str, dict[str, float]] = {"alike": {}, "by label": fitted}
        for name, offsets in rules.items():
            planned, tested = (
                checked(part, nobody, TWO_LABELS, replace(RULE, offsets=offsets))
                for part in (validation, calibration)
            )
            threshold, _ = threshold_by_test(planned, tested, 0.01, 0.95)
            if threshold is not None:
                share, error = population.of_rule(threshold, offsets)
                automated[name] += share / draws
                broken += (name == "by label") * (error > 0.01)
    assert broken / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert automated["by label"] > automated["alike"] + 0.1
