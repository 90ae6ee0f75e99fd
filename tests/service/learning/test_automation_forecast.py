"""A candidate takes over only where no automation that was earned is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.autonomy import MissRate, measured_miss_rate
from docsorter.service.learning.gate import ShadowSample, forecast_automation, shadow_sample
from docsorter.settings import PromiseSettings

PROMISE = PromiseSettings(
    target_error=0.1, confidence=0.5, jump=0.9, pilot_documents=5, miss_rate=0.0
)
NONE_MISSED: MissRate = measured_miss_rate((), 0.0, 0.5)


def heard(
    count: int, *, wrong: float = 0.0, pending: float = 0.0, unfit: float = 0.0
) -> ShadowSample:
    """So many documents of which shares are wrong, not answered, or nothing the new one sorts."""
    rng = np.random.default_rng(7)
    new = rng.uniform(0.5, 1.0, count)
    new[rng.random(count) < unfit] = np.nan
    return ShadowSample(
        rng.uniform(0.5, 1.0, count),
        new,
        rng.random(count) < wrong,
        rng.random(count) < pending,
        np.full(count, 0.5),
    )


def test_one_whose_checks_were_right_sorts_as_much_and_takes_over() -> None:
    found = forecast_automation(heard(400), 0.95, PROMISE, NONE_MISSED)
    assert found.before == pytest.approx(0.1, abs=0.05)
    assert found.after > 0.5
    assert found.holds


@pytest.mark.parametrize(
    "documents",
    [heard(400, wrong=0.5), heard(4), heard(400, pending=0.5), heard(400, unfit=1.0), heard(0)],
    ids=["wrong", "fewer than its pilot", "not answered", "sorts nothing", "none was drawn"],
)
def test_one_whose_evidence_bears_nothing_waits(
    documents: ShadowSample,
) -> None:
    found = forecast_automation(documents, 0.5, PROMISE, NONE_MISSED)
    assert found.after == 0
    assert not found.holds


def test_where_nothing_is_sorted_alone_it_waits_for_a_certificate_of_its_own() -> None:
    found = forecast_automation(heard(4), None, PROMISE, NONE_MISSED)
    assert (found.before, found.after) == (0, 0)
    assert not found.holds, "the evidence of the model in use would be given up for nothing"
    assert forecast_automation(heard(400), None, PROMISE, NONE_MISSED).holds


def test_what_the_settings_ask_for_holds_for_both() -> None:
    found = forecast_automation(heard(400), 0.5, PROMISE, NONE_MISSED, least=0.99)
    assert found.before == pytest.approx(0.02, abs=0.02)
    assert found.after == pytest.approx(0.02, abs=0.02)


def test_documents_that_were_drawn_seldom_stand_for_more() -> None:
    rows = [(0.9, None, "claim", "claim", 1.0), (0.1, None, "claim", None, 0.25)]
    found = forecast_automation(shadow_sample(rows), 0.5, PROMISE, NONE_MISSED)
    assert found.before == pytest.approx(0.2)  # one of five


@given(st.integers(0, 60), st.floats(0, 1), st.floats(0, 1), st.none() | st.floats(0, 1))
def test_shares_are_shares(count: int, wrong: float, pending: float, in_use: float | None) -> None:
    found = forecast_automation(
        heard(count, wrong=wrong, pending=pending), in_use, PROMISE, NONE_MISSED
    )
    assert 0 <= found.before <= 1
    assert 0 <= found.after <= 1
    assert found.drawn == count
