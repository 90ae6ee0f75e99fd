"""The plan, what the evidence certifies, how much is drawn, the alarm, and other targets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.decide.certification import (
    LEAST_PROBABILITY,
    CertificationPlan,
    CheckedScores,
    PastDocuments,
    alarm_level,
    certified_thresholds,
    certify,
    checks_to_alarm,
    draw_probability,
    estimated_threshold,
    plan_grid,
    what_if,
)
from docsorter.decide.e_process import Checks, e_detector
from docsorter.errors import UsageError

PLAN = CertificationPlan(0.01, 0.95, (0.9, 0.8, 0.7))


def checks(*runs: tuple[float, int, bool]) -> CheckedScores:
    """Runs of checks: score, how many, whether wrong."""
    scores = np.concatenate([np.full(count, score) for score, count, _ in runs])
    wrong = np.concatenate([np.full(count, outcome) for _, count, outcome in runs])
    return CheckedScores(scores, wrong, np.ones(len(scores)))


NOTHING = CheckedScores(np.zeros(0), np.zeros(0, np.bool_), np.zeros(0))


def test_nothing_checked_allows_nothing_and_says_how_much_is_needed() -> None:
    found = certify(NOTHING, PLAN, in_use=None)
    assert found.threshold is None
    assert (found.checked, found.errors, found.needed, found.alarm) == (0, 0, 330, False)
    assert found.upper_bound == pytest.approx(1)


def test_what_is_needed_is_what_it_takes() -> None:
    found = certify(checks((0.95, 180, False)), PLAN, in_use=None)
    assert (found.checked, found.needed) == (180, 150)
    assert certify(checks((0.95, 329, False)), PLAN, in_use=None).threshold is None
    assert certify(checks((0.95, 330, False)), PLAN, in_use=None).threshold == 0.7


def test_the_loosest_threshold_is_taken_that_stands() -> None:
    found = certify(checks((0.95, 400, False), (0.75, 5, True)), PLAN, in_use=None)
    assert found.threshold == 0.7  # 400 right ones came first, and it was certified at that time
    found = certify(checks((0.75, 5, True), (0.95, 400, False)), PLAN, in_use=None)
    assert found.threshold == 0.8
    assert (found.checked, found.errors) == (400, 0)
    assert found.needed > 0


def test_a_strict_threshold_that_fails_holds_up_the_looser_ones() -> None:
    evidence = checks((0.95, 6, True), (0.75, 1400, False))
    assert certify(evidence, PLAN, in_use=None).threshold is None


def test_a_second_start_goes_round_a_bad_one() -> None:
    evidence = checks((0.95, 20, True), (0.95, 80, False), (0.75, 8000, False))
    plan = replace(PLAN, starts=((0, 0.5), (2, 0.5)))
    assert certified_thresholds(evidence, plan) == (0.7,)
    assert certify(evidence, PLAN, in_use=None).threshold is None
    shared = certify(NOTHING, plan, in_use=None)
    assert shared.needed == 403


def test_risk_that_is_free_again_moves_on() -> None:
    """After the loosest threshold the strictest one gets its share."""
    plan = replace(PLAN, starts=((2, 0.9), (0, 0.1)))
    evidence = checks((0.75, 400, False), (0.95, 340, False))
    assert certified_thresholds(evidence, plan) == (0.9, 0.8, 0.7)


def test_people_who_miss_errors_make_the_promise_dearer() -> None:
    careful = replace(PLAN, miss_rate=0.05)
    assert certify(NOTHING, careful, in_use=None).needed == 347
    evidence = checks((0.95, 2000, False))
    plain, corrected = (certify(evidence, p, in_use=None).upper_bound for p in (PLAN, careful))
    assert corrected == pytest.approx(plain / 0.95)


def test_less_of_a_share_of_the_documents_counts_the_same_while_all_are_drawn_alike() -> None:
    full = checks((0.95, 330, False))
    thin = CheckedScores(full.scores, full.wrong, np.full(330, 0.1))
    assert certify(full, PLAN, in_use=None) == certify(thin, PLAN, in_use=None)


def test_documents_drawn_more_surely_than_others_count_less() -> None:
    full = checks((0.95, 330, False))
    mixed = CheckedScores(full.scores, full.wrong, np.ones(330), least=np.full(330, 0.5))
    assert certify(mixed, PLAN, in_use=None).threshold is None


def test_an_open_disagreement_stops_a_certificate_and_rings_no_alarm() -> None:
    evidence = checks((0.95, 300, False), (0.95, 6, True), (0.95, 100, False))
    settled = certify(evidence, PLAN, in_use=0.8)
    waiting = certify(replace(evidence, pending=evidence.wrong), PLAN, in_use=0.8)
    assert settled.alarm
    assert not waiting.alarm
    assert waiting.threshold is None


def test_errors_in_the_threshold_in_use_ring_the_alarm() -> None:
    good = [(0.95, 400, False)]
    assert not certify(checks(*good), PLAN, in_use=0.8).alarm
    assert not certify(checks(*good, (0.85, 1, True)), PLAN, in_use=0.8).alarm
    bad = certify(checks(*good, (0.85, 3, True)), PLAN, in_use=0.8)
    assert bad.alarm
    assert bad.alarm_level >= 1
    assert not certify(checks(*good, (0.75, 3, True)), PLAN, in_use=0.8).alarm


def test_an_alarm_is_not_slept_through() -> None:
    evidence = checks((0.95, 400, False), (0.95, 4, True), (0.95, 400, False))
    assert alarm_level(evidence, PLAN, 0.8) >= 1


def test_errors_from_before_the_certificate_ring_no_alarm() -> None:
    evidence = checks((0.95, 4, True), (0.95, 1600, False))
    assert certify(evidence, PLAN, in_use=0.9).threshold is not None
    assert alarm_level(evidence, PLAN, 0.9) < 0.1


def test_nothing_looser_leaves_nothing_needed() -> None:
    assert certify(checks((0.95, 500, False)), PLAN, in_use=0.7).needed == 0


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


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_a_grid_is_laid_through_the_scores(scores: list[float]) -> None:
    plan = plan_grid(np.array(scores), 0.01, 0.95)
    assert set(plan.thresholds) <= set(scores)
    assert plan.thresholds[-1] == min(scores)
    assert sum(share for _, share in plan.starts) == pytest.approx(1)


def test_most_of_the_risk_starts_where_three_of_five_documents_are_sorted() -> None:
    plan = plan_grid(np.linspace(0, 1, 1001), 0.01, 0.95)
    main, strict = plan.starts
    assert plan.thresholds[main[0]] == pytest.approx(0.4, abs=0.002)
    assert plan.thresholds[strict[0]] == pytest.approx(0.8, abs=0.002)
    assert (main[1], strict[1]) == (0.8, 0.2)


@pytest.mark.parametrize(
    "change",
    [
        {"thresholds": ()},
        {"thresholds": (0.7, 0.8)},
        {"target": 0.0},
        {"confidence": 1.0},
        {"miss_rate": 1.0},
        {"starts": ((3, 1.0),)},
        {"starts": ((0, 0.7), (1, 0.7))},
        {"starts": ((0, 0.0),)},
        {"starts": ()},
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        replace(PLAN, **change)  # type: ignore[arg-type]


def test_a_grid_through_no_score_is_refused() -> None:
    with pytest.raises(UsageError):
        plan_grid(np.zeros(0), 0.01, 0.95)


def test_a_department_of_a_hundred_a_day_checks_one_in_nine() -> None:
    assert draw_probability(100, 5, 0.01, 0.1) == pytest.approx(0.111, abs=0.001)


def test_more_documents_or_more_days_need_a_smaller_share() -> None:
    shares = [draw_probability(volume, 5, 0.01, 0.1) for volume in (10, 50, 100, 1000, 10**6)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    assert shares[-1] == LEAST_PROBABILITY
    assert draw_probability(100, 10, 0.01, 0.1) < draw_probability(100, 5, 0.01, 0.1)


def test_without_documents_everything_is_checked() -> None:
    assert draw_probability(0, 5, 0.01, 0.1) == 1.0


def test_the_plan_is_kept_by_the_detector() -> None:
    """What is planned for is about what it takes, rather more."""
    rng = np.random.default_rng(3)
    planned = checks_to_alarm(0.01, 0.1, run_length=3000)
    wrong = rng.random((200, 400)) < 0.1
    took = (e_detector(Checks(wrong, np.ones(wrong.shape)), 0.01) >= 3000).argmax(axis=1)
    assert 0.6 * planned < took.mean() < planned


@pytest.mark.parametrize("jump", [0.01, 0.005, 1.0, 0.0])
def test_a_jump_must_be_one(jump: float) -> None:
    with pytest.raises(UsageError):
        draw_probability(100, 5, 0.01, jump)


def test_an_alarm_takes_time() -> None:
    with pytest.raises(UsageError):
        draw_probability(100, 0, 0.01, 0.1)


def evidence(strict: int, middle: int, loose: int, middle_wrong: int = 0) -> CheckedScores:
    """So many right checks in each band, errors in the middle one first."""
    scores = [0.85] * middle_wrong + [0.95] * strict + [0.85] * middle + [0.75] * loose
    wrong = np.arange(len(scores)) < middle_wrong
    return CheckedScores(np.array(scores), wrong, np.ones(len(scores)))


def past() -> PastDocuments:
    """Ten documents of two days: eight sorted at 0.8, of which one in each band was a mistake."""
    scores = np.array([0.95, 0.95, 0.95, 0.95, 0.85, 0.85, 0.85, 0.85, 0.75, 0.95])
    alone = np.array([True] * 8 + [False] * 2)
    mistaken = np.zeros(10, np.bool_)
    mistaken[[0, 5]] = True
    eligible = np.array([True] * 9 + [False])
    return PastDocuments(scores, eligible, alone, mistaken, days=2)


def test_a_looser_threshold_that_is_certified_saves_reviews() -> None:
    found = what_if(past(), evidence(330, 0, 0), PLAN, 0.01)
    assert (found.threshold, found.certified, found.needed) == (0.7, True, 0)
    assert found.reviews_per_day == 0.5
    assert found.more_reviews_per_day == -0.5
    assert (found.caught, found.still_wrong) == ((), (0, 5))


def test_a_stricter_target_costs_reviews_and_catches_mistakes() -> None:
    found = what_if(past(), evidence(700, 0, 0, middle_wrong=6), PLAN, 0.005)
    assert (found.threshold, found.certified) == (0.9, True)
    assert (found.reviews_per_day, found.more_reviews_per_day) == (3.0, 2.0)
    assert (found.caught, found.still_wrong) == ((5,), (0,))


def test_a_target_without_evidence_is_guessed_and_said_to_be() -> None:
    found = what_if(past(), evidence(100, 50, 0, middle_wrong=1), PLAN, 0.005)
    assert (found.threshold, found.certified) == (0.9, False)
    assert found.needed > 400


def test_without_a_check_nothing_would_be_sorted() -> None:
    nothing = evidence(0, 0, 0)
    found = what_if(past(), nothing, PLAN, 0.005)
    assert (found.threshold, found.certified, found.reviews_per_day) == (None, False, 5.0)
    assert found.more_reviews_per_day == 4.0


def test_a_guess_weighs_every_check_by_what_it_stands_for() -> None:
    scores = np.array([0.95] * 100 + [0.75])
    wrong = np.arange(101) == 100
    common = CheckedScores(scores, wrong, np.append(np.full(100, 0.1), 1.0))
    rare = CheckedScores(scores, wrong, np.append(np.ones(100), 0.1))
    assert estimated_threshold(common, PLAN, 0.005) == 0.7
    assert estimated_threshold(rare, PLAN, 0.005) == 0.8


def test_what_makes_no_sense_is_refused() -> None:
    one, yes = np.ones(1), np.ones(1, np.bool_)
    with pytest.raises(UsageError):
        PastDocuments(one, yes, yes, yes, days=0)
    with pytest.raises(UsageError):
        PastDocuments(one, yes, yes, np.ones(2, np.bool_), days=1)
    with pytest.raises(UsageError):
        what_if(past(), evidence(1, 0, 0), PLAN, 0)
