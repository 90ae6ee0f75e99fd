import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from docsorter.training.evaluation.curves import (
    accepted_unknown,
    aurc,
    auroc,
    calibration_error,
    calibration_error_by_chance,
    confidence_counts,
    errors_caught,
    excess_aurc,
    least_aurc,
    leave_label_out,
    reliability_points,
    risk_coverage,
    risk_points,
    roc_points,
    shipped_roc,
)
from tests.decide.test_calibration import expected_calibration_error
from tests.training.evaluation.predictions import LABELS, predictions_of, realistic

SCORES = st.lists(st.integers(0, 12), min_size=1, max_size=60)


def test_risk_is_zero_until_the_first_error() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    right = np.array([True, True, False, True])

    coverage, risk = risk_coverage(confidence, right)

    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == [0, 0, 1 / 3, 1 / 4]
    assert aurc(confidence, right) == pytest.approx((1 / 3 + 1 / 4) / 4)


@given(right=st.lists(st.booleans(), min_size=1, max_size=60), seed=st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_no_order_is_better_than_mistakes_last(right: list[bool], seed: int) -> None:
    hits = np.array(right)
    confidence = np.random.default_rng(seed).random(len(hits))

    assert excess_aurc(confidence, hits) >= -1e-12
    assert excess_aurc(hits.astype(float), np.sort(hits)) == pytest.approx(
        aurc(hits.astype(float), np.sort(hits)) - least_aurc(int((~hits).sum()), len(hits))
    )
    assert aurc(hits.astype(np.float64), hits) == pytest.approx(
        least_aurc(int((~hits).sum()), len(hits))
    )


def test_a_person_finds_the_errors_among_the_least_sure_documents() -> None:
    confidence = np.array([0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, 0.95, 0.99])
    right = np.array([False, False, True, True, True, False, True, True, True, True])

    found = errors_caught(confidence, right, np.array([0.0, 0.05, 0.1, 0.3, 0.8, 1.0]))

    assert found.tolist() == pytest.approx([0, 1 / 6, 1 / 3, 2 / 3, 1, 1])


def test_of_equally_sure_documents_none_is_looked_at_first() -> None:
    right = np.array([False, True, True, False])

    first = errors_caught(np.full(4, 0.9), right, np.array([0.25, 0.5]))
    last = errors_caught(np.full(4, 0.9), right[::-1], np.array([0.25, 0.5]))

    assert first.tolist() == last.tolist() == [0.25, 0.5]


def test_where_nothing_is_wrong_no_error_can_be_found() -> None:
    assert np.isnan(errors_caught(np.array([0.9, 0.1]), np.full(2, True), np.array([0.5]))).all()


def test_a_long_risk_curve_is_thinned_and_ends_with_everything_sorted() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(5000)
    points = risk_points(confidence, rng.random(5000) < confidence)

    assert len(points) <= 201
    assert points[-1].coverage == 1.0
    assert points[-1].threshold == pytest.approx(confidence.min())
    assert all(point.low <= point.risk <= point.high for point in points)


@given(n=st.integers(1, 90), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_the_calibration_error_is_the_one_that_deciding_uses(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(3), n)
    targets = rng.integers(0, 3, n)

    found = calibration_error(shares.max(axis=1), shares.argmax(axis=1) == targets)

    assert found == pytest.approx(expected_calibration_error(shares, targets))


def test_a_true_confidence_is_off_by_chance_alone() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 600)

    expected = calibration_error_by_chance(confidence, rng)

    assert 0.02 < expected < 0.06
    assert calibration_error(confidence, rng.random(600) < confidence) == pytest.approx(
        expected, abs=0.025
    )


def test_bins_hold_every_document_once() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.random(101)

    points = reliability_points(confidence, rng.random(101) < confidence)

    assert sum(point.count for point in points) == 101
    assert {point.count for point in points} == {6, 7}
    assert sum(confidence_counts(np.append(confidence, 1.0))) == 102


@given(known=SCORES, unknown=SCORES)
@settings(max_examples=80, deadline=None)
def test_the_area_under_the_curve_is_that_of_sklearn(known: list[int], unknown: list[int]) -> None:
    one, two = np.array(known, float), np.array(unknown, float)
    truth = np.repeat([0, 1], [len(one), len(two)])

    assert auroc(one, two) == pytest.approx(roc_auc_score(truth, np.concatenate([one, two])))


@given(known=SCORES, unknown=SCORES)
@settings(max_examples=80, deadline=None)
def test_the_drawn_curve_rises_and_encloses_that_area(known: list[int], unknown: list[int]) -> None:
    one, two = np.array(known, float), np.array(unknown, float)
    x, y = np.array(roc_points(one, two)).T

    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= 0).all()
    assert (x[-1], y[-1]) == (1.0, 1.0)
    assert np.trapezoid(y, x) == pytest.approx(auroc(one, two))


def test_unknown_documents_are_accepted_up_to_the_limit_that_keeps_95_percent() -> None:
    known = np.arange(100, dtype=float)

    assert accepted_unknown(known, np.array([0.0, 94.0, 95.0, 96.0])) == 0.75


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_label_far_from_the_others_is_found_when_it_is_left_out() -> None:
    targets = np.repeat([0, 1, 2], 60)
    features = rng().normal(0, 1, (180, 24)).astype(np.float32)
    features[targets == 2] += 8

    curves = {one.name: one for one in leave_label_out(
        features, targets, LABELS, list(range(180)), rng()
    )}  # fmt: skip

    assert set(curves) == set(LABELS)
    assert curves["letter"].auroc.value == 1.0
    assert curves["letter"].accepted.value == 0.0
    assert curves["invoice"].auroc.value == pytest.approx(0.5, abs=0.12)
    assert (curves["letter"].known, curves["letter"].unknown) == (120, 60)


def test_foreign_documents_take_no_part_in_leaving_a_label_out() -> None:
    targets = np.repeat([0, 1, 3], 40)
    features = rng().normal(0, 1, (120, 8)).astype(np.float32)
    broken = features.copy()
    broken[targets == 3] = 1e6

    groups = list(range(120))
    plain, other = (leave_label_out(f, targets, LABELS, groups, rng()) for f in (features, broken))

    assert [one.auroc.value for one in plain] == [one.auroc.value for one in other]
    assert [one.name for one in plain] == ["invoice", "claim"]


def test_one_group_that_holds_everything_leaves_nothing_to_measure() -> None:
    targets = np.repeat([0, 1], 40)
    features = rng().normal(0, 1, (80, 8)).astype(np.float32)

    curves = leave_label_out(features, targets, LABELS[:2], [0] * 80, rng())

    assert {one.auroc.value for one in curves} == {None}


def test_the_shipped_novelty_is_measured_on_foreign_documents() -> None:
    predictions = realistic(400, rng())

    found = shipped_roc(predictions, 3, list(range(400)), rng())

    assert found is not None
    assert found.auroc.value is not None
    assert found.auroc.low is not None
    assert found.auroc.low <= found.auroc.value
    assert 0.7 < found.auroc.value < 1
    assert found.points[-1] == (1.0, 1.0)


def test_without_foreign_documents_there_is_no_such_curve() -> None:
    predictions = predictions_of([(0.9, 0, 0)] * 60)

    assert shipped_roc(predictions, 3, list(range(60)), rng()) is None


def test_few_foreign_documents_are_not_measurable() -> None:
    predictions = predictions_of([(0.9, 0, 0)] * 60 + [(0.9, 3, 3)] * 29)

    found = shipped_roc(predictions, 3, list(range(89)), rng())

    assert found is not None
    assert (found.auroc.value, found.auroc.n, found.points) == (None, 29, ())
