"""Temperature scaling and the measures of calibration, against SciPy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import special
from sklearn.metrics import brier_score_loss

from docsorter.decide.calibration import (
    LEAST_TEMPERATURE,
    brier,
    fit_temperature,
    label_probabilities,
    reliability,
    softmax,
)
from docsorter.errors import ModelError

Floats = NDArray[np.float64]

LOGITS = arrays(
    np.float32,
    st.tuples(st.integers(1, 8), st.integers(1, 6)),
    elements=st.floats(-1e4, 1e4, width=32),
)


def expected_calibration_error(
    probabilities: NDArray[np.float64], targets: NDArray[np.int64], bins: int = 15
) -> float:
    """Mean distance between confidence and accuracy over bins of equal mass (Nixon et al. 2019)."""
    table = reliability(probabilities, targets, bins)
    total = sum(part.count for part in table)
    return sum(part.count * abs(part.accuracy - part.confidence) for part in table) / total


def drawn(probabilities: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw true labels from the probabilities, so that those are calibrated by construction."""
    steps = probabilities.cumsum(axis=1)
    passed = rng.random((len(steps), 1)) > steps[:, :-1]
    return np.asarray(passed.sum(axis=1), dtype=np.int64)


@given(LOGITS, st.floats(0.05, 20))
def test_softmax_gives_probabilities_that_sum_to_one(
    logits: NDArray[np.float32], temperature: float
) -> None:
    found = softmax(logits, temperature)
    assert found.dtype == np.float64
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    expected = special.softmax(logits.astype(np.float64) / temperature, axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@given(LOGITS, st.floats(1.0, 10))
def test_a_higher_temperature_never_makes_the_model_surer(
    logits: NDArray[np.float32], temperature: float
) -> None:
    calm, plain = softmax(logits, temperature).max(axis=1), softmax(logits).max(axis=1)
    assert (calm <= plain + 1e-12).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_logits_that_are_no_numbers_are_refused(bad: float) -> None:
    with pytest.raises(ModelError, match="no numbers"):
        softmax(np.array([[0.0, bad]]))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ModelError, match="temperature"):
        softmax(np.zeros((1, 2)), temperature)


def test_the_background_is_summed_into_one_column() -> None:
    logits = np.log(np.array([[0.4, 0.3, 0.2, 0.1]]))
    np.testing.assert_allclose(label_probabilities(logits, 1.0, 2), [[0.4, 0.3, 0.3]])
    np.testing.assert_allclose(label_probabilities(logits, 1.0, 0), [[0.4, 0.3, 0.2, 0.1]])
    for background in (-1, 4, 5):
        with pytest.raises(ModelError, match="leaves no label"):
            label_probabilities(logits, 1.0, background)


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 2.5, 6.0])
def test_the_temperature_is_found_again(true_temperature: float) -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(scale=2 * true_temperature, size=(20_000, 4))
    targets = drawn(softmax(logits, true_temperature), rng)
    assert fit_temperature(logits, targets) == pytest.approx(true_temperature, rel=0.05)


def test_the_temperature_is_found_again_with_a_background() -> None:
    rng = np.random.default_rng(6)
    logits = rng.normal(scale=5, size=(20_000, 7))
    targets = drawn(label_probabilities(logits, 2.0, 4), rng)
    assert fit_temperature(logits, targets, 4) == pytest.approx(2.0, rel=0.05)


def test_the_fitted_temperature_calibrates() -> None:
    rng = np.random.default_rng(8)
    logits = rng.normal(scale=6, size=(6000, 3))
    targets = drawn(softmax(logits, 3.0), rng)
    before = expected_calibration_error(softmax(logits), targets)
    fitted = fit_temperature(logits[:3000], targets[:3000])
    after = expected_calibration_error(softmax(logits[3000:], fitted), targets[3000:])
    assert before > 0.1
    assert after < 0.03


def test_a_small_set_without_a_mistake_does_not_make_everything_certain() -> None:
    targets = np.arange(40) % 3
    logits = 4.0 * np.eye(3)[targets]
    fitted = fit_temperature(logits, targets)
    assert fitted > LEAST_TEMPERATURE * 1.01
    assert softmax(logits, fitted).max() < 0.99


def test_perfectly_calibrated_probabilities_have_a_small_error() -> None:
    rng = np.random.default_rng(9)
    probabilities = softmax(rng.normal(scale=3, size=(30_000, 3)))
    targets = drawn(probabilities, rng)
    assert expected_calibration_error(probabilities, targets) < 0.01


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    probabilities = np.tile([0.9, 0.1], (100, 1))
    targets = (np.arange(100) >= 60).astype(np.int64)  # 60 of 100 are right
    assert expected_calibration_error(probabilities, targets, 1) == pytest.approx(0.3)


def test_reliability_bins_have_equal_mass() -> None:
    rng = np.random.default_rng(10)
    probabilities = softmax(rng.normal(size=(100, 3)))
    table = reliability(probabilities, drawn(probabilities, rng), 15)
    assert len(table) == 15
    assert {part.count for part in table} == {6, 7}
    assert [part.confidence for part in table] == sorted(part.confidence for part in table)
    assert len(reliability(probabilities[:4], np.zeros(4, np.int64), 15)) == 4


def test_brier_is_that_of_sklearn() -> None:
    rng = np.random.default_rng(11)
    probabilities = softmax(rng.normal(size=(500, 3)))
    targets = drawn(probabilities, rng)
    expected = brier_score_loss(targets, probabilities, scale_by_half=False)
    assert brier(probabilities, targets) == pytest.approx(expected)
    assert brier(np.array([[0.0, 1.0]]), np.array([0])) == 2.0


@pytest.mark.parametrize(
    "targets",
    [np.array([0]), np.array([0, 2]), np.array([0, -1]), np.array([0.0, 1.0]), np.array([[0, 1]])],
)
def test_targets_that_do_not_fit_are_refused(targets: NDArray[np.int64]) -> None:
    with pytest.raises(ModelError):
        expected_calibration_error(np.full((2, 2), 0.5), targets)
    with pytest.raises(ModelError):
        fit_temperature(np.zeros((2, 2)), targets)


def test_nothing_cannot_be_measured() -> None:
    with pytest.raises(ModelError, match="at least one"):
        brier(np.zeros((0, 3)), np.zeros(0, dtype=np.int64))


def test_a_document_without_weight_has_no_say_in_the_temperature() -> None:
    rng = np.random.default_rng(8)
    calm = rng.normal(scale=2, size=(2000, 3))
    targets = drawn(softmax(calm), rng)
    both = np.concatenate([calm, calm * 9])  # the second half is nine times too sure
    weights = np.repeat([1.0, 0.0], 2000)

    alone = fit_temperature(calm, targets)

    assert fit_temperature(both, np.tile(targets, 2), 0, weights) == pytest.approx(alone, rel=0.01)
    assert fit_temperature(both, np.tile(targets, 2)) > 1.5 * alone


@pytest.mark.parametrize("weights", [np.ones(3), np.zeros(2), np.array([1.0, -1.0])])
def test_weights_that_do_not_fit_are_refused(weights: Floats) -> None:
    with pytest.raises(ModelError, match="weight"):
        fit_temperature(np.zeros((2, 2)), np.array([0, 1]), 0, weights)
