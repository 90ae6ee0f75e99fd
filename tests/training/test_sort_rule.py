from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import RawOutput, SortRule
from docsorter.training.dataset import Sample
from docsorter.training.looking import Judged, Looked
from docsorter.training.sort_rule import (
    FOREIGN_SORTED,
    GREATEST_THRESHOLD,
    LEAST_TEMPERATURE,
    LEAST_THRESHOLD,
    apply_rule,
    careful_thresholds,
    checked,
    pages_disagree,
    temperature_of,
    threshold_by_test,
    threshold_of,
    thresholds_of,
    untested,
)

LABELS = ("invoice", "claim", "letter")


def _judged(rows: list[tuple[float, int, int]], novelty: float = 10.0) -> Judged:
    """Make documents of (confidence, column named, true column)."""
    shares = np.zeros((len(rows), 4))
    for number, (confidence, named, _) in enumerate(rows):
        shares[number] = (1 - confidence) / 3
        shares[number, named] = confidence
    targets = np.array([true for _, _, true in rows])
    sample = Sample.__new__(Sample)
    return Judged((sample,) * len(rows), targets, shares, np.full(len(rows), novelty))


def test_a_foreign_document_that_is_sorted_is_an_error() -> None:
    judged = _judged([(0.99, 0, 0), (0.99, 0, 3), (0.99, 3, 3), (0.5, 1, 1)])

    seen = apply_rule(judged, LABELS, SortRule(1.0, 0.9, 99.0))

    assert (seen.documents, seen.sorted_alone, seen.errors) == (4, 2, 1)
    assert (seen.foreign, seen.foreign_sorted) == (2, 1)


def test_what_is_novel_or_none_of_the_labels_is_not_sorted() -> None:
    rule = SortRule(1.0, 0.9, 99.0)

    assert apply_rule(_judged([(0.99, 0, 0)], novelty=99.5), LABELS, rule).sorted_alone == 0
    assert apply_rule(_judged([(0.99, 3, 3)]), LABELS, rule).sorted_alone == 0


def test_evidence_carries_the_exact_binomial_bound() -> None:
    seen = apply_rule(_judged([(0.99, 0, 0)] * 299), LABELS, SortRule(1.0, 0.9, 99.0))

    evidence = seen.evidence("generated documents")

    assert evidence.upper_bound == pytest.approx(stats.beta.ppf(0.95, 1, 299), abs=1e-9)
    assert evidence.upper_bound < 0.01


@given(
    rows=st.lists(
        st.tuples(st.floats(0.3, 0.9999), st.integers(0, 3), st.integers(0, 3)),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=150, deadline=None)
def test_a_fitted_threshold_lets_no_more_errors_through_than_the_target(
    rows: list[tuple[float, int, int]],
) -> None:
    judged = _judged(rows)

    threshold = threshold_of([judged], 3, 99.0, 0.01)

    assert LEAST_THRESHOLD <= threshold <= GREATEST_THRESHOLD
    if threshold < GREATEST_THRESHOLD:
        seen = apply_rule(judged, LABELS, SortRule(1.0, threshold, 99.0))
        assert seen.errors - seen.foreign_sorted <= 0.01 * seen.sorted_alone
        assert seen.foreign_sorted <= FOREIGN_SORTED * seen.foreign


def test_the_strictest_set_decides_and_a_margin_is_added() -> None:
    easy = _judged([(0.97, 0, 0)] * 50)
    hard = _judged([(0.94, 0, 1), (0.99, 0, 0)])

    assert threshold_of([easy], 3, 99.0, 0.01) == LEAST_THRESHOLD
    assert threshold_of([easy, hard], 3, 99.0, 0.01) == pytest.approx(0.97, abs=1e-6)


def test_a_deceptive_label_holds_no_other_back() -> None:
    letters = [*[(0.99, 2, 2)] * 60, (0.97, 2, 3)]
    invoices = [*[(0.99, 0, 0)] * 60, (0.8, 0, 3)]
    few = [(0.99, 1, 1)] * 9  # too few claims to say anything of them

    threshold, offsets = thresholds_of([_judged([*letters, *invoices, *few])], LABELS, 99.0, 0.01)

    rule = SortRule(1.0, threshold, 99.0, offsets=offsets)
    assert threshold == pytest.approx(0.985, abs=1e-6)
    assert set(offsets) == {"invoice"}
    assert rule.required_confidence("invoice") == pytest.approx(LEAST_THRESHOLD, abs=1e-4)
    assert rule.required_confidence("invoice") >= LEAST_THRESHOLD - 1e-9
    assert rule.required_confidence("claim") == rule.required_confidence("letter") == threshold


@given(
    rows=st.lists(
        st.tuples(st.floats(0.3, 0.9999), st.integers(0, 3), st.integers(0, 3)),
        min_size=150,
        max_size=300,
    )
)
@settings(max_examples=60, deadline=None)
def test_thresholds_by_label_let_no_more_errors_through_than_the_target(
    rows: list[tuple[float, int, int]],
) -> None:
    judged = _judged(rows)

    threshold, offsets = thresholds_of([judged], LABELS, 99.0, 0.01)

    rule = SortRule(1.0, threshold, 99.0, offsets=offsets)
    if all(rule.required_confidence(label) < GREATEST_THRESHOLD - 1e-9 for label in LABELS):
        seen = apply_rule(judged, LABELS, rule)
        assert seen.errors - seen.foreign_sorted <= 0.01 * seen.sorted_alone
        assert seen.foreign_sorted <= FOREIGN_SORTED * seen.foreign


def test_few_foreign_documents_may_pass_when_there_are_many_of_them() -> None:
    low = [(0.5, 3, 3)] * 99  # taken for none of the labels: never sorted
    sure = [(0.99, 0, 0)] * 300

    assert threshold_of([_judged([*sure, *low, (0.96, 0, 3)])], 3, 99.0, 0.01) == LEAST_THRESHOLD
    assert threshold_of([_judged([*sure, *low[:9], (0.96, 0, 3)])], 3, 99.0, 0.01) > 0.96


TWO_LABELS = ("claim", "invoice")


def judged(probabilities: NDArray[np.float64], targets: list[int], novelty: float = 0.0) -> Judged:
    samples = tuple(Sample(Path(f"{row}.png"), "", "", "", "") for row in range(len(targets)))
    return Judged(samples, np.array(targets), probabilities, np.full(len(targets), novelty))


def looked(*documents: list[list[float]]) -> Looked:
    outputs = tuple(
        RawOutput(np.array(pages, np.float32), np.zeros((len(pages), 2), np.float32))
        for pages in documents
    )
    samples = tuple(Sample(Path(f"{row}.png"), "", "", "", "") for row in range(len(outputs)))
    return Looked(samples, np.zeros(len(outputs), np.int64), outputs)


def sure(n: int, errors: int = 0) -> CheckedDocuments:
    correct = np.ones(n, np.bool_)
    correct[:errors] = False
    return CheckedDocuments(np.linspace(0.5, 1.0, n), correct, np.ones(n, np.bool_))


def test_only_what_every_rule_lets_pass_can_be_sorted() -> None:
    shares = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.02, 0.08, 0.9], [0.9, 0.1, 0.0]])
    held = np.array([False, False, False, True])
    found = checked(judged(shares, [0, 1, 2, 0]), held, TWO_LABELS, {"invoice": "review"}, {})
    assert found.eligible.tolist() == [True, False, False, False]
    assert found.correct.tolist() == [True, True, True, True]
    strange = checked(judged(shares, [0, 1, 2, 0], novelty=100.0), held, TWO_LABELS, {}, {})
    assert not strange.eligible.any()


def test_a_model_without_background_has_no_column_for_foreign_documents() -> None:
    found = checked(judged(np.array([[0.9, 0.1]]), [2]), np.zeros(1, np.bool_), TWO_LABELS, {}, {})
    assert found.eligible.tolist() == [True]
    assert found.correct.tolist() == [False]


def test_pages_that_name_different_labels_are_held() -> None:
    both = looked([[9.0, 0.0], [0.0, 9.0]], [[9.0, 0.0], [9.0, 0.0]])
    assert pages_disagree(both, 1.0, 0).tolist() == [True, False]


def test_the_temperature_never_makes_a_small_set_too_sure() -> None:
    assert temperature_of(looked(*[[[0.5, 0.0]]] * 200), 0) == LEAST_TEMPERATURE


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

    def draw(self, rng: np.random.Generator, n: int) -> Judged:
        rows = rng.integers(0, len(self.top), n)
        targets = np.where(self.wrong[rows], 1 - self.top[rows], self.top[rows])
        return Judged((), targets, self.shares[rows], np.zeros(n))

    def of_rule(self, threshold: float, offsets: dict[str, float]) -> tuple[float, float]:
        """Return the share that a rule sorts, and the share of it that is wrong."""
        targets = np.where(self.wrong, 1 - self.top, self.top)
        everything = Judged((), targets, self.shares, np.zeros(len(targets)))
        nobody = np.zeros(len(targets), np.bool_)
        seen = checked(everything, nobody, TWO_LABELS, {}, offsets)
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
                checked(part, nobody, TWO_LABELS, {}, offsets) for part in (validation, calibration)
            )
            threshold, _ = threshold_by_test(planned, tested, 0.01, 0.95)
            if threshold is not None:
                share, error = population.of_rule(threshold, offsets)
                automated[name] += share / draws
                broken += (name == "by label") * (error > 0.01)
    assert broken / draws <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / draws)
    assert automated["by label"] > automated["alike"] + 0.1
