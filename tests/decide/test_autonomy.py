"""When the threshold moves, and how much is checked."""

import numpy as np
import pytest

from docsorter.decide.autonomy import CALM, EarnPolicy, make_plan, next_step, share_checked
from docsorter.decide.certification import CheckedScores, EarnPlan, doubt

POLICY = EarnPolicy()
PLAN = EarnPlan(0.01, 0.95, (0.9, 0.8, 0.7))


def checks(*runs: tuple[float, int, bool]) -> CheckedScores:
    scores = np.concatenate([np.full(count, score) for score, count, _ in runs])
    wrong = np.concatenate([np.full(count, outcome) for _, count, outcome in runs])
    return CheckedScores(scores, wrong, np.ones(len(scores)))


def share(**known: float | bool | None) -> float:
    return share_checked(POLICY, **{"in_use": 0.9, "volume_per_day": 100.0, **known})  # type: ignore[arg-type]


def test_everything_is_checked_until_something_is_certified() -> None:
    assert share(in_use=None) == 1.0
    assert share() == pytest.approx(0.111, abs=0.001)


def test_doubt_and_a_new_model_ask_for_more_checks() -> None:
    assert share(doubt=CALM) == pytest.approx(3 * share())
    assert share(doubt=CALM / 2) == share()
    assert share(rehearsing=True) == POLICY.rehearsal
    assert share(volume_per_day=5, doubt=1.0, rehearsing=True) == 1.0


def test_the_threshold_comes_down_as_the_evidence_allows() -> None:
    assert next_step(checks((0.95, 100, False)), PLAN, None) is None
    first = next_step(checks((0.75, 5, True), (0.95, 400, False)), PLAN, None)
    assert first is not None
    assert (first.threshold, first.alarm) == (0.8, False)
    assert next_step(checks((0.75, 5, True), (0.95, 400, False)), PLAN, 0.8) is None


def test_an_alarm_raises_the_threshold_to_one_that_is_calm() -> None:
    evidence = checks((0.95, 400, False), (0.75, 4, True))
    step = next_step(evidence, PLAN, 0.7)
    assert step is not None
    assert (step.threshold, step.alarm) == (0.8, True)
    assert step.standing.alarm


def test_an_alarm_everywhere_leaves_nothing_sorted_alone() -> None:
    step = next_step(checks((0.95, 400, False), (0.95, 4, True)), PLAN, 0.7)
    assert step is not None
    assert (step.threshold, step.alarm) == (None, True)


def test_one_error_is_doubt_and_no_alarm() -> None:
    evidence = checks((0.95, 500, False), (0.95, 1, True))
    assert next_step(evidence, PLAN, 0.7) is None
    assert CALM <= doubt(evidence, PLAN, 0.7) < 1
    assert doubt(checks((0.95, 500, False)), PLAN, 0.7) < CALM
    later = checks((0.95, 500, False), (0.95, 1, True), (0.95, 30, False))
    assert doubt(later, PLAN, 0.7) < CALM


def test_a_plan_is_what_the_policy_promises() -> None:
    plan = make_plan(np.linspace(0.5, 1, 50), POLICY)
    assert (plan.target, plan.confidence, plan.miss_rate) == (0.01, 0.95, 0.05)
