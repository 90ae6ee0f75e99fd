"""What another target would have meant."""

import numpy as np
import pytest

from docsorter.decide.certification import (
    CheckedScores,
    EarnPlan,
    PastDocuments,
    guessed_threshold,
    what_if,
)
from docsorter.errors import UsageError

PLAN = EarnPlan(0.01, 0.95, (0.9, 0.8, 0.7))


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
    assert guessed_threshold(common, PLAN, 0.005) == 0.7
    assert guessed_threshold(rare, PLAN, 0.005) == 0.8


def test_what_makes_no_sense_is_refused() -> None:
    one, yes = np.ones(1), np.ones(1, np.bool_)
    with pytest.raises(UsageError):
        PastDocuments(one, yes, yes, yes, days=0)
    with pytest.raises(UsageError):
        PastDocuments(one, yes, yes, np.ones(2, np.bool_), days=1)
    with pytest.raises(UsageError):
        what_if(past(), evidence(1, 0, 0), PLAN, 0)
