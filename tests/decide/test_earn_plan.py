"""The plan of a test: its grid of thresholds, and where its risk begins."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.decide.certification import EarnPlan, plan_grid
from docsorter.errors import UsageError

PLAN = EarnPlan(0.01, 0.95, (0.9, 0.8, 0.7))


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
