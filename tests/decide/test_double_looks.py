"""How much people miss: assumed, then measured by documents that two of them looked at."""

import numpy as np
import pytest

from docsorter.decide.autonomy import FIRST, RISK_SHARE, measured_miss_rate, miss_rate_bound
from docsorter.decide.certification import EarnPlan


def test_before_enough_looks_the_assumed_rate_stands() -> None:
    found = measured_miss_rate([True] * (FIRST - 1), 0.05, 0.95)
    assert (found.rate, found.measured, found.next_at) == (0.05, False, FIRST)
    assert (found.looks, found.differing) == (FIRST - 1, FIRST - 1)


def test_a_measured_bound_below_the_assumed_rate_replaces_it() -> None:
    found = measured_miss_rate([True] + [False] * (4 * FIRST + 50), 0.05, 0.95)
    assert found.measured
    assert (found.reckoned, found.next_at) == (4 * FIRST, 8 * FIRST)
    risk = RISK_SHARE * (1 - 0.95) / 8
    assert found.rate == pytest.approx(2 * miss_rate_bound(1, 4 * FIRST, 1 - risk))
    assert found.rate < 0.05


def test_between_two_reckonings_nothing_moves() -> None:
    calm = [False] * 2 * FIRST
    before = measured_miss_rate(calm, 0.05, 0.95)
    after = measured_miss_rate([*calm, *[True] * (2 * FIRST - 1)], 0.05, 0.95)
    assert (after.rate, after.reckoned) == (before.rate, before.reckoned)
    assert measured_miss_rate([*calm, *[True] * 2 * FIRST], 0.05, 0.95).rate == 0.99


def test_looks_that_show_too_little_leave_the_assumption_and_its_risk() -> None:
    found = measured_miss_rate([True] * 4 + [False] * (FIRST - 4), 0.05, 0.95)
    assert (found.rate, found.measured, found.risk_kept) == (0.05, False, 1.0)


def test_looks_that_refute_the_assumption_replace_it_by_more() -> None:
    found = measured_miss_rate([True] * 20 + [False] * (FIRST - 20), 0.05, 0.95)
    assert found.measured
    assert found.rate > 2 * 20 / FIRST
    assert found.risk_kept == 1 - RISK_SHARE


@pytest.mark.parametrize("slips", [0.005, 0.02, 0.1])
def test_the_bound_is_hardly_ever_below_what_people_miss(slips: float) -> None:
    rng, missed = np.random.default_rng(5), 1 - (1 - slips) ** 2
    below = 0
    for _ in range(200):
        looks = (rng.random(4 * FIRST) < slips).tolist()
        at = (FIRST, 2 * FIRST, 4 * FIRST)
        found = [measured_miss_rate(looks[:count], 0.99, 0.95) for count in at]
        below += any(each.measured and each.rate < missed for each in found)
    assert below <= 5  # 0.5 % of the runs, and what chance adds


def test_a_bound_knows_how_much_of_the_risk_its_thresholds_have() -> None:
    assert EarnPlan(0.01, 0.95, (0.9,)).certainty == pytest.approx(0.95)
    assert EarnPlan(0.01, 0.95, (0.9,), starts=((0, 0.9),)).certainty == pytest.approx(0.955)
