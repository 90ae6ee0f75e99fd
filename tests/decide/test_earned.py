"""What the evidence allows: certificates, what is lacking, and the alarm."""

from dataclasses import replace

import numpy as np
import pytest

from docsorter.decide.certification import (
    CheckedScores,
    EarnPlan,
    certified_thresholds,
    doubt,
    standing,
)
from docsorter.errors import UsageError

PLAN = EarnPlan(0.01, 0.95, (0.9, 0.8, 0.7))


def checks(*runs: tuple[float, int, bool]) -> CheckedScores:
    """Runs of checks: score, how many, whether wrong."""
    scores = np.concatenate([np.full(count, score) for score, count, _ in runs])
    wrong = np.concatenate([np.full(count, outcome) for _, count, outcome in runs])
    return CheckedScores(scores, wrong, np.ones(len(scores)))


NOTHING = CheckedScores(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0))


def test_nothing_checked_allows_nothing_and_says_how_much_is_needed() -> None:
    found = standing(NOTHING, PLAN, in_use=None)
    assert found.threshold is None
    assert (found.checked, found.errors, found.needed, found.alarm) == (0, 0, 330, False)
    assert found.upper_bound == pytest.approx(1)


def test_what_is_needed_is_what_it_takes() -> None:
    found = standing(checks((0.95, 180, False)), PLAN, in_use=None)
    assert (found.checked, found.needed) == (180, 150)
    assert standing(checks((0.95, 329, False)), PLAN, in_use=None).threshold is None
    assert standing(checks((0.95, 330, False)), PLAN, in_use=None).threshold == 0.7


def test_the_loosest_threshold_is_taken_that_stands() -> None:
    found = standing(checks((0.95, 400, False), (0.75, 5, True)), PLAN, in_use=None)
    assert found.threshold == 0.7  # 400 right ones came first, and it was certified at that time
    found = standing(checks((0.75, 5, True), (0.95, 400, False)), PLAN, in_use=None)
    assert found.threshold == 0.8
    assert (found.checked, found.errors) == (400, 0)
    assert found.needed > 0


def test_a_strict_threshold_that_fails_holds_up_the_looser_ones() -> None:
    evidence = checks((0.95, 6, True), (0.75, 1400, False))
    assert standing(evidence, PLAN, in_use=None).threshold is None


def test_a_second_start_goes_round_a_bad_one() -> None:
    evidence = checks((0.95, 20, True), (0.95, 80, False), (0.75, 8000, False))
    plan = replace(PLAN, starts=((0, 0.5), (2, 0.5)))
    assert certified_thresholds(evidence, plan) == (0.7,)
    assert standing(evidence, PLAN, in_use=None).threshold is None
    shared = standing(NOTHING, plan, in_use=None)
    assert shared.needed == 403


def test_risk_that_is_free_again_moves_on() -> None:
    """After the loosest threshold the strictest one gets its share."""
    plan = replace(PLAN, starts=((2, 0.9), (0, 0.1)))
    evidence = checks((0.75, 400, False), (0.95, 340, False))
    assert certified_thresholds(evidence, plan) == (0.9, 0.8, 0.7)


def test_people_who_miss_errors_make_the_promise_dearer() -> None:
    careful = replace(PLAN, miss_rate=0.05)
    assert standing(NOTHING, careful, in_use=None).needed == 347
    evidence = checks((0.95, 2000, False))
    plain, corrected = (standing(evidence, p, in_use=None).upper_bound for p in (PLAN, careful))
    assert corrected == pytest.approx(plain / 0.95)


def test_less_of_a_share_of_the_documents_counts_the_same_while_all_are_drawn_alike() -> None:
    full = checks((0.95, 330, False))
    thin = CheckedScores(full.scores, full.wrong, np.full(330, 0.1))
    assert standing(full, PLAN, in_use=None) == standing(thin, PLAN, in_use=None)


def test_documents_drawn_more_surely_than_others_count_less() -> None:
    full = checks((0.95, 330, False))
    mixed = CheckedScores(full.scores, full.wrong, np.ones(330), least=np.full(330, 0.5))
    assert standing(mixed, PLAN, in_use=None).threshold is None


def test_an_open_disagreement_stops_a_certificate_and_rings_no_alarm() -> None:
    evidence = checks((0.95, 300, False), (0.95, 6, True), (0.95, 100, False))
    settled = standing(evidence, PLAN, in_use=0.8)
    waiting = standing(replace(evidence, pending=evidence.wrong), PLAN, in_use=0.8)
    assert settled.alarm
    assert not waiting.alarm
    assert waiting.threshold is None


def test_errors_in_the_threshold_in_use_ring_the_alarm() -> None:
    good = [(0.95, 400, False)]
    assert not standing(checks(*good), PLAN, in_use=0.8).alarm
    assert not standing(checks(*good, (0.85, 1, True)), PLAN, in_use=0.8).alarm
    bad = standing(checks(*good, (0.85, 3, True)), PLAN, in_use=0.8)
    assert bad.alarm
    assert bad.doubt >= 1
    assert not standing(checks(*good, (0.75, 3, True)), PLAN, in_use=0.8).alarm


def test_an_alarm_is_not_slept_through() -> None:
    evidence = checks((0.95, 400, False), (0.95, 4, True), (0.95, 400, False))
    assert doubt(evidence, PLAN, 0.8) >= 1


def test_errors_from_before_the_certificate_ring_no_alarm() -> None:
    evidence = checks((0.95, 4, True), (0.95, 1600, False))
    assert standing(evidence, PLAN, in_use=0.9).threshold is not None
    assert doubt(evidence, PLAN, 0.9) < 0.1


def test_nothing_looser_leaves_nothing_needed() -> None:
    assert standing(checks((0.95, 500, False)), PLAN, in_use=0.7).needed == 0


def test_checks_that_make_no_sense_are_refused() -> None:
    one = np.ones(1)
    with pytest.raises(UsageError):
        CheckedScores(one, np.zeros(2, np.bool_), one)
    with pytest.raises(UsageError):
        CheckedScores(one, np.zeros(1, np.bool_), np.zeros(1))
    with pytest.raises(UsageError):
        CheckedScores(one, np.zeros(1, np.bool_), one * 0.5, least=one)
    with pytest.raises(UsageError):
        CheckedScores(one * np.nan, np.zeros(1, np.bool_), one)
