import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from docsorter.decide.calibration import expected_calibration_error
from docsorter.training.evaluation.curves import (
    accepted_unknown,
    aurc,
    auroc,
    calibration_error,
    calibration_error_by_chance,
    confidence_counts,
    excess_aurc,
    least_aurc,
    reliability_points,
    risk_coverage,
    risk_points,
    roc_points,
)

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
