"""Bets against the exact binomial test, and what no bet may do."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.e_process import (
    BETS,
    PARTS,
    Checks,
    bet,
    disproof,
    log_fortune,
    log_steps,
    upper_bound,
)
from docsorter.decide.promise import checks_needed, error_upper_bound, is_certified
from docsorter.errors import UsageError

LEVEL = disproof(0.95)


def checks(wrong: list[bool] | np.ndarray) -> Checks:
    outcome = np.asarray(wrong, np.bool_)
    return Checks(outcome, np.ones(len(outcome)))


def needed_with(errors: int) -> int:
    """Least number of checks that certifies 1 % with so many errors, all of them at the start."""
    return errors + bet(checks([True] * errors), 0.01).right_checks_needed(LEVEL)


def test_anytime_validity_costs_a_tenth_without_an_error() -> None:
    assert checks_needed(0.01) == 299
    assert needed_with(0) == 330


@pytest.mark.parametrize("errors", range(11))
def test_anytime_validity_costs_little_with_errors(errors: int) -> None:
    exact = checks_needed(0.01, errors=errors)
    assert exact < needed_with(errors) <= 1.43 * exact


def test_the_table_in_the_module_is_true() -> None:
    assert [needed_with(errors) for errors in (0, 1, 2, 3, 5, 10)] == [
        330, 662, 875, 1086, 1489, 2375,
    ]  # fmt: skip


@given(errors=st.integers(0, 12), right=st.integers(0, 3000), target=st.floats(0.003, 0.1))
def test_what_the_bets_certify_the_exact_test_certifies_too(
    errors: int, right: int, target: float
) -> None:
    outcome = checks([True] * errors + [False] * right)
    if bet(outcome, target).best >= LEVEL:
        assert is_certified(errors, errors + right, target)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_order_of_the_checks_does_not_change_where_the_fortune_ends(wrong: list[bool]) -> None:
    there, back = checks(wrong), checks(wrong[::-1])
    assert log_fortune(there, 0.1)[-1] == pytest.approx(log_fortune(back, 0.1)[-1])


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 0.4))
def test_the_greatest_fortune_is_that_of_the_whole_path(wrong: list[bool], limit: float) -> None:
    found = bet(checks(wrong), limit)
    path = log_fortune(checks(wrong), limit)
    assert found.best == pytest.approx(path.max())
    assert np.logaddexp.reduce(found.parts) == pytest.approx(path[-1])
    assert path[0] == pytest.approx(0)


def test_many_gamblers_bet_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    everything = Checks(rng.random(400) < 0.02, rng.uniform(0.1, 1, 400))
    chosen = rng.random((5, 400)) < 0.6
    together = bet(everything, 0.02, chosen)
    for place, mine in enumerate(chosen):
        alone = bet(Checks(everything.wrong[mine], everything.stake[mine]), 0.02)
        assert together.best[place] == pytest.approx(alone.best)
        assert together.parts[:, place] == pytest.approx(alone.parts)


@given(
    limit=st.floats(0.002, 0.3),
    easy=st.floats(0, 1),
    above=st.floats(0.02, 1),
    below=st.floats(0.02, 1),
    share=st.floats(0.01, 0.99),
)
def test_no_way_of_drawing_makes_a_bet_favourable_where_the_limit_is_met(
    limit: float, easy: float, above: float, below: float, share: float
) -> None:
    """Two kinds of documents, drawn with other probabilities, of which exactly `limit` is wrong."""
    rates = [limit * easy, limit * (1 - share * easy) / (1 - share)]
    if rates[1] > 1:
        return
    least = min(above, below)
    mean = np.zeros(len(BETS))
    for part, inclusion, rate in zip((share, 1 - share), (above, below), rates, strict=True):
        stake = np.array(least / inclusion)
        right = np.exp(log_steps(np.array(False), stake, limit))
        wrong = np.exp(log_steps(np.array(True), stake, limit))
        assert (wrong >= 0).all()
        mean += part * ((1 - inclusion) + inclusion * (rate * wrong + (1 - rate) * right))
    assert mean == pytest.approx(np.ones(len(BETS)), abs=1e-9)


def test_the_parts_are_the_whole_fortune() -> None:
    assert math.fsum(PARTS) == pytest.approx(1)
    assert all(0 < each <= 1 for each in BETS)


@pytest.mark.parametrize(("errors", "right"), [(0, 330), (0, 1000), (2, 1000), (8, 2400)])
def test_the_upper_bound_is_wider_than_the_exact_one_looked_at_once(
    errors: int, right: int
) -> None:
    found = upper_bound(checks([True] * errors + [False] * right), 0.95)
    exact = error_upper_bound(errors, errors + right)
    assert exact < found < 1.7 * exact


def test_the_upper_bound_agrees_with_the_certificate() -> None:
    assert (
        upper_bound(checks([False] * 330), 0.95) <= 0.01 < upper_bound(checks([False] * 329), 0.95)
    )


def test_nothing_checked_bounds_nothing() -> None:
    assert upper_bound(checks([]), 0.95) == pytest.approx(1)


def test_a_fortune_that_was_enough_once_needs_no_more() -> None:
    assert bet(checks([False] * 330 + [True]), 0.01).right_checks_needed(LEVEL) == 0


@pytest.mark.parametrize("number", [0.0, 1.0, -0.1, math.nan])
def test_limits_and_confidences_lie_between_0_and_1(number: float) -> None:
    with pytest.raises(UsageError):
        bet(checks([False]), number)
    with pytest.raises(UsageError):
        disproof(number)


def test_what_no_number_of_checks_can_show_is_said() -> None:
    with pytest.raises(UsageError, match="any number"):
        bet(checks([]), 1e-12).right_checks_needed(LEVEL)
