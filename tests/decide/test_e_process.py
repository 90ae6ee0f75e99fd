"""E-process and e-detector: validity, cost against the exact test, rare false alarms."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.e_process import (
    BET_FRACTIONS,
    FRACTION_WEIGHTS,
    Checks,
    e_detector,
    log_factors,
    log_wealth,
    rejection_level,
    run_e_process,
    upper_bound,
    watched_rates,
)
from docsorter.decide.promise import checks_needed, error_upper_bound, is_certified
from docsorter.errors import UsageError

LEVEL = rejection_level(0.95)


def checks(wrong: list[bool] | np.ndarray) -> Checks:
    outcome = np.asarray(wrong, np.bool_)
    return Checks(outcome, np.ones(len(outcome)))


def needed_with(errors: int) -> int:
    """Least number of checks that certifies 1 % with so many errors, all of them at the start."""
    return errors + run_e_process(checks([True] * errors), 0.01).right_checks_needed(LEVEL)


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
    if run_e_process(outcome, target).best >= LEVEL:
        assert is_certified(errors, errors + right, target)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_order_of_the_checks_does_not_change_where_the_fortune_ends(wrong: list[bool]) -> None:
    there, back = checks(wrong), checks(wrong[::-1])
    assert log_wealth(there, 0.1)[-1] == pytest.approx(log_wealth(back, 0.1)[-1])


@given(st.lists(st.booleans(), max_size=60), st.floats(0.01, 0.4))
def test_the_greatest_fortune_is_that_of_the_whole_path(wrong: list[bool], limit: float) -> None:
    found = run_e_process(checks(wrong), limit)
    path = log_wealth(checks(wrong), limit)
    assert found.best == pytest.approx(path.max())
    assert np.logaddexp.reduce(found.parts) == pytest.approx(path[-1])
    assert path[0] == pytest.approx(0)


def test_many_gamblers_bet_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    everything = Checks(rng.random(400) < 0.02, rng.uniform(0.1, 1, 400))
    chosen = rng.random((5, 400)) < 0.6
    together = run_e_process(everything, 0.02, chosen)
    for place, mine in enumerate(chosen):
        alone = run_e_process(Checks(everything.wrong[mine], everything.weight[mine]), 0.02)
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
    mean = np.zeros(len(BET_FRACTIONS))
    for part, inclusion, rate in zip((share, 1 - share), (above, below), rates, strict=True):
        weight = np.array(least / inclusion)
        right = np.exp(log_factors(np.array(False), weight, limit))
        wrong = np.exp(log_factors(np.array(True), weight, limit))
        assert (wrong >= 0).all()
        mean += part * ((1 - inclusion) + inclusion * (rate * wrong + (1 - rate) * right))
    assert mean == pytest.approx(np.ones(len(BET_FRACTIONS)), abs=1e-9)


def test_the_parts_are_the_whole_fortune() -> None:
    assert math.fsum(FRACTION_WEIGHTS) == pytest.approx(1)
    assert all(0 < each <= 1 for each in BET_FRACTIONS)


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
    assert run_e_process(checks([False] * 330 + [True]), 0.01).right_checks_needed(LEVEL) == 0


@pytest.mark.parametrize("number", [0.0, 1.0, -0.1, math.nan])
def test_limits_and_confidences_lie_between_0_and_1(number: float) -> None:
    with pytest.raises(UsageError):
        run_e_process(checks([False]), number)
    with pytest.raises(UsageError):
        rejection_level(number)


def test_what_no_number_of_checks_can_show_is_said() -> None:
    with pytest.raises(UsageError, match="any number"):
        run_e_process(checks([]), 1e-12).right_checks_needed(LEVEL)


RUN_LENGTH = 200.0


def first_alarms(rate: float, runs: int, checks: int, weight: float = 1.0) -> np.ndarray:
    """How many checks each run takes to the alarm; `checks` where there is none until then."""
    wrong = np.random.default_rng(7).random((runs, checks)) < rate
    over = e_detector(Checks(wrong, np.full(wrong.shape, weight)), 0.01) >= RUN_LENGTH
    return np.where(over.any(axis=1), over.argmax(axis=1), checks)


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_false_alarms_are_rarer_than_the_patience_says(weight: float) -> None:
    assert first_alarms(0.01, runs=300, checks=800, weight=weight).mean() >= RUN_LENGTH


def test_a_better_machine_has_far_fewer_false_alarms() -> None:
    assert (first_alarms(0.002, runs=100, checks=1000) == 1000).mean() > 0.6


def test_a_tenfold_error_is_noticed_within_a_few_errors() -> None:
    assert first_alarms(0.1, runs=300, checks=400).mean() < 40


def test_a_document_drawn_more_surely_than_others_speaks_less_loudly() -> None:
    wrong = np.array([False] * 20 + [True] * 3)
    loud, soft = (e_detector(Checks(wrong, np.full(23, s)), 0.01)[-1] for s in (1.0, 0.1))
    assert loud > 10 * soft


def test_it_begins_with_nothing_and_grows_only_by_errors() -> None:
    values = e_detector(Checks(np.zeros(500, np.bool_), np.ones(500)), 0.01)
    assert values[0] == 0
    assert len(values) == 501
    assert values.max() < 25


def test_watched_rates_stay_rates() -> None:
    assert watched_rates(0.01) == pytest.approx([0.03, 0.1, 0.3])
    assert (watched_rates(0.4) < 0.5).all()
    assert (watched_rates(0.4) > 0.4).all()
    with pytest.raises(UsageError):
        watched_rates(0.5)
