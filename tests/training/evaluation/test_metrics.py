import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score

from docsorter.decide.policy import eligible_of
from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import SortRule
from docsorter.training.dataset import Predictions
from docsorter.training.evaluation.curves import Resampler, in_halves, wilson_interval
from docsorter.training.evaluation.metrics import (
    accuracy_metrics,
    at_rule,
    automation,
    confidence_metrics,
    confusion_counts,
    label_metrics,
    macro_f1,
    oracle_threshold,
    review_metrics,
)
from tests.training.evaluation.predictions import LABELS, RULE, predictions_of, realistic


def resampler(n: int) -> Resampler:
    return Resampler(np.arange(n), np.random.default_rng(0), 200)


def test_macro_f1_counts_a_label_that_is_never_found() -> None:
    top, targets = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])

    assert macro_f1(top, targets, 3) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_macro_f1_is_that_of_sklearn_where_other_is_an_answer_too() -> None:
    rng = np.random.default_rng(0)
    top, targets = rng.integers(0, 4, 200), rng.integers(0, 3, 200)

    expected = f1_score(targets, top, labels=[0, 1, 2], average="macro")

    assert macro_f1(top, targets, 3) == pytest.approx(expected)


def test_a_perfect_model_is_not_said_to_be_certainly_perfect() -> None:
    mine = predictions_of([(0.95, column, column) for column in range(3) for _ in range(40)])

    found = accuracy_metrics(mine, 3, resampler(120))

    assert found["accuracy"].value == found["macro-F1"].value == 1.0
    assert found["accuracy"].low == pytest.approx(0.969, abs=0.001)
    assert found["macro-F1"].low == found["accuracy"].low
    aurc = confidence_metrics(mine, resampler(120), np.random.default_rng(0))["AURC"]
    assert (aurc.value, aurc.low, aurc.note) == (0.0, None, "no mistake seen, so no interval")


def test_figures_on_too_few_documents_say_so_instead_of_a_number() -> None:
    mine = predictions_of([(0.95, column, column) for column in range(3) for _ in range(9)])
    rng = np.random.default_rng(0)

    found = accuracy_metrics(mine, 3, resampler(27)) | confidence_metrics(mine, resampler(27), rng)

    assert {measured.value for measured in found.values()} == {None}
    assert {measured.n for measured in found.values()} == {27}
    assert "100" in found["ECE"].note


def test_the_calibration_error_is_measured_from_500_documents_on() -> None:
    rng = np.random.default_rng(0)
    predictions = realistic(700, rng, foreign=0.0)
    mine = predictions.where(predictions.targets < 3)

    found = confidence_metrics(mine, resampler(len(mine.samples)), rng)["ECE"]

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high < 0.08
    assert "by chance" in found.note


def test_errors_caught_count_the_errors_and_are_never_surer_than_they() -> None:
    rows = [(0.99, 0, 0)] * 36 + [(0.4, 0, 1)] * 4
    mine = predictions_of(rows)

    five, eleven, twenty = review_metrics(mine, resampler(40)).values()

    assert (five.n, five.value, eleven.value, twenty.value) == (4, 0.5, 1.0, 1.0)
    assert twenty.low == pytest.approx(wilson_interval(4, 4)[0])  # every resample says 1


def test_errors_caught_are_not_measurable_without_an_error_or_on_few_documents() -> None:
    perfect = review_metrics(predictions_of([(0.9, 0, 0)] * 40), resampler(40))
    few = review_metrics(predictions_of([(0.9, 0, 1)] * 20), resampler(20))

    assert {(one.value, one.n, one.note) for one in perfect.values()} == {
        (None, 0, "no mistake seen")
    }
    assert {one.note for one in few.values()} == {"not measurable under 30 documents"}


def test_a_wrong_label_among_sorted_does_not_count_foreign_documents() -> None:
    predictions = predictions_of([(0.95, 0, 0)] * 19 + [(0.95, 0, 1)] + [(0.95, 0, 3)] * 5)

    found = at_rule(predictions, 3, np.full(25, True), resampler(25))

    assert (found.error.value, found.error.n) == (6 / 25, 25)
    assert (found.wrong_label.value, found.wrong_label.n) == (1 / 20, 20)


def test_a_foreign_document_taken_for_a_label_lowers_its_precision_only() -> None:
    rows = [(0.9, column, column) for column in range(3) for _ in range(40)]
    predictions = predictions_of(rows + [(0.9, 0, 3)] * 10)

    invoice, claim, _ = label_metrics(predictions, LABELS, resampler(130))

    assert (invoice.precision.value, invoice.recall.value) == (0.8, 1.0)
    assert claim.precision.value == 1.0
    assert confusion_counts(predictions, 3)[3] == (10, 0, 0, 0)


def test_a_label_with_few_documents_has_no_figures() -> None:
    predictions = predictions_of([(0.9, 0, 0)] * 40 + [(0.9, 1, 1)] * 29)

    invoice, claim, letter = label_metrics(predictions, LABELS, resampler(69))

    assert invoice.recall.value == 1.0
    assert (claim.recall.value, claim.recall.n) == (None, 29)
    assert (letter.recall.value, letter.recall.n) == (None, 0)
    assert claim.precision.value is None


def chosen_by(
    predictions: Predictions, rule: SortRule
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    free = eligible_of(predictions.probabilities, predictions.novelty, LABELS, rule)
    return np.asarray(free & (predictions.probabilities.max(axis=1) >= rule.threshold))


def test_the_rule_is_counted_with_its_exact_bound() -> None:
    rows = [(0.99, 0, 0)] * 299 + [(0.99, 0, 3), (0.99, 3, 3), (0.5, 1, 1)]
    predictions = predictions_of(rows)

    seen = at_rule(predictions, 3, chosen_by(predictions, RULE), resampler(len(rows)))

    assert (seen.documents, seen.sorted_alone, seen.errors) == (302, 300, 1)
    assert (seen.foreign, seen.foreign_sorted) == (2, 1)
    assert seen.upper_bound == pytest.approx(stats.beta.ppf(0.95, 2, 299))
    assert seen.automation.value == pytest.approx(299 / 300)


def test_a_rule_that_sorts_nothing_promises_nothing() -> None:
    predictions = predictions_of([(0.5, 0, 0)] * 50)

    seen = at_rule(predictions, 3, chosen_by(predictions, RULE), resampler(50))

    assert (seen.sorted_alone, seen.upper_bound, seen.error.value) == (0, 1.0, None)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), min_size=1, max_size=40
    ),
    target=st.sampled_from([0.0, 0.1, 0.3]),
)
@settings(max_examples=120, deadline=None)
def test_the_oracle_sorts_as_many_as_any_threshold_that_keeps_the_target(
    rows: list[tuple[int, bool, bool]], target: float
) -> None:
    confidence, correct, free = (np.array(column) for column in zip(*rows, strict=True))
    checked = CheckedDocuments(confidence / 8, correct, free)

    best = 0
    for threshold in np.unique(checked.confidences):
        n, errors = checked.sorted_at(float(threshold))
        if n and errors <= target * n:
            best = max(best, n)

    found = oracle_threshold(checked, target)
    assert (checked.sorted_at(found)[0] if found is not None else 0) == best


def test_what_cannot_be_certified_says_how_many_documents_it_takes() -> None:
    predictions = predictions_of([(0.99, k % 3, k % 3) for k in range(200)])
    checked = CheckedDocuments(
        predictions.probabilities.max(axis=1), np.ones(200, np.bool_), np.ones(200, np.bool_)
    )
    halves = in_halves(list(range(200)), predictions.targets)

    found = automation(checked, np.ones(200, np.bool_), resampler(200), halves, 0.01)

    assert found.needed == 299
    assert found.certified_thresholds == (None, None)
    assert found.certified.value is None
    assert (found.oracle.value, found.oracle.n) == (None, 200)


def test_enough_documents_are_certified_and_never_beat_the_oracle() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 2000)
    correct = rng.random(2000) < np.where(confidence > 0.7, 0.9995, 0.8)
    everyone = np.ones(2000, np.bool_)
    checked = CheckedDocuments(confidence, correct, everyone)
    halves = in_halves(list(range(2000)), rng.integers(0, 3, 2000))

    found = automation(checked, everyone, resampler(2000), halves, 0.01)

    assert found.oracle.value is not None
    assert found.certified.value is not None
    assert 0.3 < found.certified.value <= found.oracle.value
    known = [threshold for threshold in found.certified_thresholds if threshold is not None]
    assert known
    assert min(known) > 0.65
