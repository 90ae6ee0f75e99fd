import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from docsorter.decide.gate import mcnemar, proportion_interval
from docsorter.errors import UsageError


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_two_sided_sign_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0

    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_nothing_that_tells_them_apart_is_no_difference() -> None:
    assert mcnemar(0, 0) == 1.0


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(UsageError, match="-1"):
        mcnemar(-1, 3)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_clopper_and_pearson(counts: tuple[int, int]) -> None:
    k, n = counts
    expected = binomtest(k, n).proportion_ci(0.95, "exact")

    assert proportion_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert proportion_interval(0, 0) == (0.0, 1.0)
