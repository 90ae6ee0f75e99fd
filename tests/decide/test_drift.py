import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, ks_2samp

from docsorter.decide.drift import (
    LEAST,
    LEVEL,
    chi_square_tail,
    compare_numbers,
    compare_words,
    holm,
)


def test_too_few_documents_are_not_compared() -> None:
    assert compare_numbers([0.5] * (LEAST - 1), [0.1] * 500) is None
    assert compare_words(["a"] * 500, ["b"] * (LEAST - 1)) is None


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_numbers_are_compared_as_scipy_does(shift: float) -> None:
    rng = np.random.default_rng(1)
    before, now = rng.normal(size=400), rng.normal(shift, 1, size=150)
    found = compare_numbers(before.tolist(), now.tolist())
    assert found is not None
    theirs = ks_2samp(before, now, method="asymp")
    assert found.effect == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=0.25, abs=1e-6)
    assert found.is_large == (shift > 0.5)


def test_words_are_compared_as_scipy_does() -> None:
    before, now = ["a"] * 300 + ["b"] * 100, ["a"] * 60 + ["b"] * 60
    found = compare_words(before, now)
    assert found is not None
    theirs = chi2_contingency([[300, 100], [60, 60]], correction=False)
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert found.effect == pytest.approx(0.25)
    assert dict(found.shares_now) == {"a": 0.5, "b": 0.5}
    assert found.is_large


def test_rare_words_are_joined_and_one_word_is_no_difference() -> None:
    same = compare_words(["a"] * 100, ["a"] * 100)
    assert same is not None
    assert (same.p_value, same.effect, same.is_large) == (1.0, 0.0, False)
    rare = compare_words(["a"] * 100 + ["b", "c", "d"], ["a"] * 100 + ["e"])
    assert rare is not None
    assert rare.p_value > 0.1


@given(st.floats(0, 200), st.integers(1, 30))
def test_the_tail_of_chi_square(value: float, freedom: int) -> None:
    assert chi_square_tail(value, freedom) == pytest.approx(chi2.sf(value, freedom), abs=1e-9)


def test_many_comparisons_are_corrected_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=20))
def test_a_correction_never_makes_anything_surer(p_values: list[float]) -> None:
    assert all(now >= before for now, before in zip(holm(p_values), p_values, strict=True))


def test_the_same_documents_raise_a_false_alarm_as_rarely_as_stated() -> None:
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(400):
        found = [
            compare_numbers(rng.beta(9, 1, 300).tolist(), rng.beta(9, 1, 80).tolist())
            for _ in range(4)
        ]
        corrected = holm([each.p_value for each in found if each])
        alarms += any(p < LEVEL for p in corrected)
    assert alarms / 400 <= LEVEL + 3 * (LEVEL * (1 - LEVEL) / 400) ** 0.5
