"""How much to check."""

import numpy as np
import pytest

from docsorter.decide.certification import LEAST_PROBABILITY, checks_to_alarm, draw_probability
from docsorter.decide.e_process import Checks, detector
from docsorter.errors import UsageError


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
    planned = checks_to_alarm(0.01, 0.1, patience=3000)
    wrong = rng.random((200, 400)) < 0.1
    took = (detector(Checks(wrong, np.ones(wrong.shape)), 0.01) >= 3000).argmax(axis=1)
    assert 0.6 * planned < took.mean() < planned


@pytest.mark.parametrize("jump", [0.01, 0.005, 1.0, 0.0])
def test_a_jump_must_be_one(jump: float) -> None:
    with pytest.raises(UsageError):
        draw_probability(100, 5, 0.01, jump)


def test_an_alarm_takes_time() -> None:
    with pytest.raises(UsageError):
        draw_probability(100, 0, 0.01, 0.1)
