"""False alarms are as rare as stated, true ones come soon."""

import numpy as np
import pytest

from docsorter.decide.e_process import Checks, detector, watched_rates
from docsorter.errors import UsageError

PATIENCE = 200.0


def first_alarms(rate: float, runs: int, checks: int, stake: float = 1.0) -> np.ndarray:
    """How many checks each run takes to the alarm; `checks` where there is none until then."""
    wrong = np.random.default_rng(7).random((runs, checks)) < rate
    over = detector(Checks(wrong, np.full(wrong.shape, stake)), 0.01) >= PATIENCE
    return np.where(over.any(axis=1), over.argmax(axis=1), checks)


@pytest.mark.parametrize("stake", [1.0, 0.3])
def test_false_alarms_are_rarer_than_the_patience_says(stake: float) -> None:
    assert first_alarms(0.01, runs=300, checks=800, stake=stake).mean() >= PATIENCE


def test_a_better_machine_has_far_fewer_false_alarms() -> None:
    assert (first_alarms(0.002, runs=100, checks=1000) == 1000).mean() > 0.6


def test_a_tenfold_error_is_noticed_within_a_few_errors() -> None:
    assert first_alarms(0.1, runs=300, checks=400).mean() < 40


def test_a_document_drawn_more_surely_than_others_speaks_less_loudly() -> None:
    wrong = np.array([False] * 20 + [True] * 3)
    loud, soft = (detector(Checks(wrong, np.full(23, s)), 0.01)[-1] for s in (1.0, 0.1))
    assert loud > 10 * soft


def test_it_begins_with_nothing_and_grows_only_by_errors() -> None:
    values = detector(Checks(np.zeros(500, np.bool_), np.ones(500)), 0.01)
    assert values[0] == 0
    assert len(values) == 501
    assert values.max() < 25


def test_watched_rates_stay_rates() -> None:
    assert watched_rates(0.01) == pytest.approx([0.03, 0.1, 0.3])
    assert (watched_rates(0.4) < 0.5).all()
    assert (watched_rates(0.4) > 0.4).all()
    with pytest.raises(UsageError):
        watched_rates(0.5)
