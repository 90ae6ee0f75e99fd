"""From rows of the store to arrays, and when the threshold moves: pure functions."""

import dataclasses

import numpy as np
import pytest

from docsorter.decide.autonomy import AutonomyPolicy, MissRate, make_plan
from docsorter.decide.certification import CertificationPlan
from docsorter.documents import CheckOutcome
from docsorter.service.promise.evidence import (
    RuleEvidence,
    first_change,
    gather_evidence,
    keeps_plan,
    last_excluded_check,
    next_change,
    plan_of,
    policy_of,
    sampling_change,
    share_of,
)
from docsorter.settings import PromiseSettings
from docsorter.store import ChangeReason, CheckEvidence, PromiseChange

PLAN = CertificationPlan(0.1, 0.5, (0.99, 0.9, 0.5), starts=((1, 1.0),))
BEGUN = first_change("m", "rule", PLAN, after=0)


def check(
    number: int,
    *,
    right: bool | None = True,
    answer: int | None = -1,
    inclusion: float = 1.0,
    score: float = 0.95,
) -> CheckEvidence:
    outcome = {True: CheckOutcome.RIGHT, False: CheckOutcome.WRONG, None: None}[right]
    given = number if answer == -1 else answer
    return CheckEvidence(number, 100 + number, score, inclusion, outcome, given)


def many(count: int, *, wrong: frozenset[int] = frozenset(), score: float = 0.95) -> RuleEvidence:
    return gather_evidence(
        [check(n, right=n not in wrong, score=score) for n in range(1, count + 1)]
    )


def test_what_nobody_has_answered_counts_as_wrong_once_later_ones_are_answered() -> None:
    found = gather_evidence(
        [check(1), check(2, right=None, answer=None), check(3), check(4, right=None, answer=None)]
    )

    assert found.counted.wrong.tolist() == [False, True, False]
    assert found.unanswered == (102,)
    assert found.watched.wrong.tolist() == [False, False]
    assert found.last_id == 3


def test_a_disagreement_counts_at_once_and_is_pending_until_its_second_look() -> None:
    found = gather_evidence([check(1), check(2, right=None)])

    assert found.counted.wrong.tolist() == [False, True]
    assert found.watched.pending is not None
    assert found.watched.pending.tolist() == [False, True]


def test_what_counts_is_in_the_order_of_drawing_and_alarms_in_that_of_answering() -> None:
    found = gather_evidence(
        [check(1, right=False, answer=9), check(2, answer=4), check(3, answer=7)]
    )

    assert found.counted.wrong.tolist() == [True, False, False]
    assert found.watched.wrong.tolist() == [False, False, True]


def test_answering_only_sure_documents_certifies_nothing() -> None:
    """Somebody who answers the sure ones first must not bring a low threshold down."""
    sure = [check(n, score=0.995) for n in range(2, 120, 2)]
    rest = [check(n, right=None, answer=None, score=0.6) for n in range(1, 120, 2)]
    moved = next_change(BEGUN, gather_evidence(sorted([*sure, *rest])), PLAN, drawn_until=120)

    assert moved is not None
    assert moved.threshold is not None
    assert moved.threshold >= 0.9


def test_a_threshold_comes_down_as_soon_as_it_is_certified_and_not_before() -> None:
    last: PromiseChange | None = None
    for count in range(1, 40):
        last = next_change(BEGUN, many(count), PLAN, drawn_until=count)
        if last is not None:
            break
    assert last is not None
    # No document lies between, so that the same evidence carries the lower ones.
    assert (last.why, last.threshold, last.errors) == (ChangeReason.CERTIFIED, 0.5, 0)
    assert last.upper_bound <= 0.1
    assert next_change(last, many(count), PLAN, drawn_until=count) is None


def test_an_alarm_begins_new_evidence_and_leaves_nothing_that_does_not_stand() -> None:
    in_use = dataclasses.replace(BEGUN, threshold=0.9, why=ChangeReason.CERTIFIED)
    bad = many(60, wrong=frozenset(range(31, 46)))
    alarm = next_change(in_use, bad, PLAN, drawn_until=66)

    assert alarm is not None
    assert (alarm.why, alarm.threshold) == (ChangeReason.ALARM, None)
    assert last_excluded_check(alarm) == 66
    assert alarm.detail["alarm_errors"] == 15


def test_after_an_alarm_a_stricter_threshold_that_stands_stays_in_use() -> None:
    plan = CertificationPlan(0.1, 0.5, (0.99, 0.5), starts=((0, 0.5), (1, 0.5)))
    begun = first_change("m", "rule", plan, after=0)
    in_use = dataclasses.replace(begun, threshold=0.5, why=ChangeReason.CERTIFIED)
    good = [check(n, score=0.995) for n in range(1, 100, 2)]
    low = [check(n, right=n < 60, score=0.6) for n in range(2, 100, 2)]
    alarm = next_change(in_use, gather_evidence(sorted([*good, *low])), plan, drawn_until=99)

    assert alarm is not None
    assert (alarm.why, alarm.threshold) == (ChangeReason.ALARM, 0.99)
    assert next_change(alarm, gather_evidence([]), plan, drawn_until=99) is None, "it is carried"


def test_a_threshold_whose_answers_were_taken_back_is_given_up() -> None:
    certified = next_change(BEGUN, many(30), PLAN, drawn_until=30)
    assert certified is not None
    lost = next_change(certified, many(2), PLAN, drawn_until=30)

    assert lost is not None
    assert (lost.why, lost.threshold) == (ChangeReason.WITHDRAWN, None)


def test_how_much_is_drawn_changes_in_steps_and_grows_with_doubt() -> None:
    in_use = dataclasses.replace(BEGUN, threshold=0.9, why=ChangeReason.CERTIFIED)
    policy = AutonomyPolicy(target=0.1, jump=0.5)
    now, changes = in_use, 0
    for volume in range(1, 1000):
        moved = sampling_change(now, policy, volume, 0.0)
        changes += moved is not None
        now = moved or now
    assert 3 < changes < 30
    assert share_of(now) < 0.1
    doubted = sampling_change(now, policy, 999, 0.5)
    assert doubted is not None
    assert share_of(doubted) > 2 * share_of(now)


def test_a_plan_is_kept_in_the_store_to_the_last_digit() -> None:
    settings = PromiseSettings()
    scores = np.random.default_rng(4).random(50)
    plan = make_plan(scores, policy_of(settings))
    moved = first_change("m", "rule", plan, after=0)

    assert plan_of(moved) == plan
    assert keeps_plan(moved, settings, MissRate(settings.miss_rate))
    other = PromiseSettings(target_error=0.005)
    assert not keeps_plan(moved, other, MissRate(other.miss_rate))


@pytest.mark.parametrize("damage", [{}, {"thresholds": []}, {"thresholds": "x"}, None, 7])
def test_a_plan_that_cannot_be_read_is_none(damage: object) -> None:
    assert plan_of(dataclasses.replace(BEGUN, detail={"plan": damage})) is None
