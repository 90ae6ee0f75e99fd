"""How much is checked, and how many mistakes people miss: assumed, then measured."""

import numpy as np
import pytest

from docsorter.decide.autonomy import (
    ELEVATED,
    FIRST,
    RISK_SHARE,
    AutonomyPolicy,
    make_plan,
    measured_miss_rate,
    share_checked,
)
from docsorter.decide.certification import CertificationPlan
from docsorter.decide.promise import error_upper_bound

POLICY = AutonomyPolicy()


def share(**known: float | bool | None) -> float:
    return share_checked(POLICY, **{"in_use": 0.9, "volume_per_day": 100.0, **known})  # type: ignore[arg-type]


def test_everything_is_checked_until_something_is_certified() -> None:
    assert share(in_use=None) == 1.0
    assert share() == pytest.approx(0.111, abs=0.001)


def test_an_elevated_alarm_level_asks_for_more_checks() -> None:
    assert share(alarm_level=ELEVATED) == pytest.approx(3 * share())
    assert share(alarm_level=ELEVATED / 2) == share()
    assert share(volume_per_day=5, alarm_level=1.0) == 1.0


def test_a_plan_is_what_the_policy_promises() -> None:
    plan = make_plan(np.linspace(0.5, 1, 50), POLICY)
    assert (plan.target, plan.confidence, plan.miss_rate) == (0.01, 0.95, 0.05)


def test_before_enough_looks_the_assumed_rate_stands() -> None:
    found = measured_miss_rate([True] * (FIRST - 1), 0.05, 0.95)
    assert (found.rate, found.measured, found.next_at) == (0.05, False, FIRST)
    assert (found.looks, found.differing) == (FIRST - 1, FIRST - 1)


def test_a_measured_bound_below_the_assumed_rate_replaces_it() -> None:
    found = measured_miss_rate([True] + [False] * (4 * FIRST + 50), 0.05, 0.95)
    assert found.measured
    assert (found.reckoned, found.next_at) == (4 * FIRST, 8 * FIRST)
    risk = RISK_SHARE * (1 - 0.95) / 8
    assert found.rate == pytest.approx(2 * error_upper_bound(1, 4 * FIRST, 1 - risk))
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
    assert CertificationPlan(0.01, 0.95, (0.9,)).bound_confidence == pytest.approx(0.95)
    assert CertificationPlan(
        0.01, 0.95, (0.9,), starts=((0, 0.9),)
    ).bound_confidence == pytest.approx(0.955)
