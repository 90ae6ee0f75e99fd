import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from docsorter.decide.promise import (
    RealFigures,
    binomial_tail,
    checks_needed,
    error_upper_bound,
    is_certified,
    not_certifiable_yet,
    promise_statement,
    starter_statement,
)
from docsorter.documents import SortEvidence
from docsorter.errors import UsageError

COUNTS = [(errors, n) for n in (1, 2, 7, 60, 299, 1000, 20_000) for errors in (0, 1, 3, 50, n // 2)]


@pytest.mark.parametrize(("errors", "n"), [(k, n) for k, n in COUNTS if k <= n])
@pytest.mark.parametrize("p", [0.0, 1e-4, 0.01, 0.3, 0.5, 0.97, 1.0])
def test_the_binomial_tail_is_that_of_scipy(errors: int, n: int, p: float) -> None:
    expected = float(stats.binom.cdf(errors, n, p))
    assert binomial_tail(errors, n, p) == pytest.approx(expected, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize(("errors", "n"), [(k, n) for k, n in COUNTS if k < n])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_the_upper_bound_is_the_clopper_pearson_of_scipy(
    errors: int, n: int, confidence: float
) -> None:
    expected = float(stats.beta.ppf(confidence, errors + 1, n - errors))
    assert error_upper_bound(errors, n, confidence) == pytest.approx(expected, rel=1e-7)


def test_knowing_nothing_promises_nothing() -> None:
    assert error_upper_bound(0, 0) == 1.0
    assert error_upper_bound(5, 5) == 1.0


@pytest.mark.parametrize(
    ("target", "confidence", "needed"),
    [
        (0.01, 0.95, [299, 473, 628, 773, 1049, 1693]),
        (0.01, 0.99, [459, 662, 838, 1001, 1307, 2010]),
        (0.005, 0.95, [598, 947, 1258, 1549, 2100, 3389]),
        (0.005, 0.99, [919, 1325, 1678, 2006, 2618, 4024]),
        (0.001, 0.95, [2995, 4742, 6294, 7752, 10511, 16959]),
    ],
)
def test_the_price_of_a_promise(target: float, confidence: float, needed: list[int]) -> None:
    found = [checks_needed(target, confidence, errors) for errors in (0, 1, 2, 3, 5, 10)]
    assert found == needed


@given(st.integers(0, 30), st.floats(0.002, 0.5), st.floats(0.5, 0.999))
def test_the_checks_needed_are_just_enough(errors: int, target: float, confidence: float) -> None:
    n = checks_needed(target, confidence, errors)
    assert error_upper_bound(errors, n, confidence) <= target * (1 + 1e-9)
    assert not is_certified(errors, n - 1, target, confidence)


@given(st.integers(0, 40), st.integers(41, 3000), st.floats(0.5, 0.999))
def test_the_bound_grows_with_errors_and_shrinks_with_documents(
    errors: int, n: int, confidence: float
) -> None:
    bound = error_upper_bound(errors, n, confidence)
    assert errors / n < bound <= 1
    assert bound < error_upper_bound(errors + 1, n, confidence)
    assert bound > error_upper_bound(errors, n + 1, confidence)


@given(st.integers(0, 20), st.integers(21, 800), st.floats(0.01, 0.9), st.floats(0.6, 0.99))
def test_a_target_is_certified_exactly_when_the_bound_is_at_most_it(
    errors: int, n: int, target: float, confidence: float
) -> None:
    bound = error_upper_bound(errors, n, confidence)
    if abs(bound - target) > 1e-9:
        assert is_certified(errors, n, target, confidence) == (bound < target)


def test_the_bound_covers_the_true_error_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    errors = rng.binomial(400, 0.02, size=4000)
    bounds = {int(k): error_upper_bound(int(k), 400, 0.9) for k in np.unique(errors)}
    covered = np.mean([bounds[int(k)] >= 0.02 for k in errors])
    assert covered >= 0.9 - 3 * np.sqrt(0.9 * 0.1 / 4000)


@pytest.mark.parametrize(
    ("errors", "n", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (0, 5, 0.0), (0, 5, 1.0)]
)
def test_impossible_counts_and_levels_are_refused(errors: int, n: int, confidence: float) -> None:
    with pytest.raises(UsageError):
        error_upper_bound(errors, n, confidence)


@pytest.mark.parametrize(("target", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.01, float("nan"))])
def test_impossible_targets_are_refused(target: float, confidence: float) -> None:
    with pytest.raises(UsageError):
        checks_needed(target, confidence)
    with pytest.raises(UsageError):
        binomial_tail(0, 5, 1.5)


def test_a_target_beyond_any_evidence_is_refused_with_a_remedy() -> None:
    with pytest.raises(UsageError, match="cannot be certified") as caught:
        checks_needed(1e-15)
    assert caught.value.remedy


def test_the_starter_says_what_its_test_showed() -> None:
    bound = error_upper_bound(1, 473)
    evidence = SortEvidence(900, 473, 1, 0.95, bound, "generated documents")
    assert starter_statement(evidence) == (
        "uncertified on your paper: on generated documents 1 error in 473 sorted alone "
        "(at most 1.0 %, 95 % sure)"
    )


def test_real_documents_come_before_generated_ones_in_three_lines() -> None:
    generated = "generated documents of layouts never trained on"
    evidence = SortEvidence(9_999, 5_555, 22, 0.95, 0.012, generated)
    text = starter_statement(evidence, RealFigures(2999, 2990, 1999, 19, 4000, 79))
    assert text == (
        "uncertified on your paper; on real documents of senders it never saw: right 99.6 %, "
        "sorts 66.6 % alone, 1.0 % of that wrong (n = 2999); of 4000 foreign ones 2.0 % sorted; "
        "on generated documents 22 errors in 5555"
    )
    assert len(text) <= 3 * 80


def test_real_documents_stand_alone_where_the_rule_was_tested_on_them_or_not_at_all() -> None:
    real = RealFigures(19, None, 0, 0, 0, 0)
    evidence = SortEvidence(100, 90, 2, 0.95, 0.07, "real documents of senders never seen")
    said = "on real documents of senders it never saw: sorts none alone (n = 19)"
    assert starter_statement(None, real) == f"uncertified on your paper; {said}"
    assert starter_statement(evidence, real) == f"uncertified on your paper; {said}"


def test_one_error_is_never_rounded_to_none() -> None:
    assert "0.1 % of that wrong" in RealFigures(3000, 2999, 2500, 1, 0, 0).sentence()


def test_a_model_of_the_users_own_says_on_which_of_their_documents() -> None:
    own = SortEvidence(200, 120, 1, 0.95, 0.039, "your documents, held back for the test")
    assert starter_statement(own) == (
        "uncertified on your paper: on your documents, held back for the test, 1 error in 120 "
        "sorted alone (at most 3.9 %, 95 % sure)"
    )


def test_the_stated_bound_is_never_rounded_down() -> None:
    text = starter_statement(SortEvidence(100, 90, 2, 0.95, 0.06801, ""))
    assert "on test documents 2 errors in 90 sorted alone" in text
    assert "at most 6.9 %" in text


def test_a_rule_that_was_never_tested_says_so() -> None:
    assert starter_statement(None).startswith("uncertified on your paper: ")
    assert "never tested" in starter_statement(None)


def test_missing_evidence_is_stated_as_a_number() -> None:
    assert not_certifiable_yet(299, 180) == (
        "not certifiable yet: 299 checked documents without an error needed, you have 180"
    )
    assert "473 checked documents with no more than 1 error needed" in not_certifiable_yet(
        473, 400, 1
    )


def test_a_promise_names_its_evidence() -> None:
    assert promise_statement(0.01, 0.95, 641) == (
        "of what is sorted alone at most 1 % is wrong (95 % confidence, 641 checked)"
    )
