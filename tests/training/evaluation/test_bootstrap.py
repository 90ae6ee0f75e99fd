import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from docsorter.training.evaluation.curves import (
    Resampler,
    in_halves,
    pivotal_interval,
    wilson_interval,
)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (10, 10), (37, 50), (299, 300)])
def test_wilson_intervals_agree_with_scipy(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")

    assert wilson_interval(hits, n) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_no_documents_give_no_figure() -> None:
    nothing = Resampler(np.arange(3), rng()).share(np.ones(3, bool), np.zeros(3, bool))
    assert (nothing.value, nothing.n) == (None, 0)


@given(
    hits=st.lists(st.booleans(), min_size=1, max_size=80), groups=st.integers(1, 20), data=st.data()
)
@settings(max_examples=60, deadline=None)
def test_an_interval_holds_its_value_and_stays_within_0_and_1(
    hits: list[bool], groups: int, data: st.DataObject
) -> None:
    numbers = data.draw(st.lists(st.integers(0, groups), min_size=len(hits), max_size=len(hits)))

    measured = Resampler(numbers, rng(), 100).share(np.array(hits))

    assert measured.value == pytest.approx(np.mean(hits))
    assert measured.value is not None
    assert measured.low is not None
    assert measured.high is not None
    assert 0 <= measured.low <= measured.value <= measured.high <= 1


def test_copies_of_a_document_do_not_narrow_the_interval() -> None:
    hits = rng().random(40) < 0.8
    alone = Resampler(np.arange(40), rng()).share(hits)
    copied = Resampler(np.repeat(np.arange(40), 10), rng()).share(np.repeat(hits, 10))

    assert alone.low is not None
    assert copied.low is not None
    assert copied.value == alone.value
    assert copied.low == pytest.approx(alone.low, abs=0.03)


def test_no_mistake_in_few_groups_is_no_certainty() -> None:
    right = np.ones(300, np.bool_)

    many = Resampler(np.arange(300), rng()).share(right)
    few = Resampler(np.arange(300) // 100, rng()).share(right)

    assert many.low == pytest.approx(wilson_interval(300, 300)[0])
    assert few.low == pytest.approx(wilson_interval(3, 3)[0])


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Groups of ten that are right or wrong together, 85 % of them right."""
    truth, held, draws = 0.85, 0, 300
    chance = rng()
    for _ in range(draws):
        hits = np.repeat(chance.random(40) < truth, 10)
        measured = Resampler(np.repeat(np.arange(40), 10), chance, 200).share(hits)
        assert measured.low is not None
        assert measured.high is not None
        held += measured.low <= truth <= measured.high
    # Percentile intervals of 40 groups are known to be a little short of 95 %.
    assert held / draws > 0.88


def test_the_same_seed_gives_the_same_interval() -> None:
    hits = rng().random(50) < 0.7

    first, second = (Resampler(np.arange(50), rng()).share(hits) for _ in range(2))

    assert first == second


def test_the_pivotal_interval_turns_the_drift_of_the_resamples_round() -> None:
    low, high = pivotal_interval(0.02, np.linspace(0.02, 0.06, 101))

    assert low == 0.0
    assert high == pytest.approx(0.02, abs=0.002)


def test_halves_cut_no_group_and_share_every_label() -> None:
    groups = [number // 3 for number in range(300)]
    targets = np.array([number % 3 for number in groups])

    halves = in_halves(groups, targets)

    assert all(len({halves[k] for k in range(300) if groups[k] == g}) == 1 for g in range(100))
    for target in range(3):
        assert 40 <= sum(h for h, t in zip(halves, targets, strict=True) if t == target) <= 60
