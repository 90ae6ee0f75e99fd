"""From what the store keeps of checks and promises to what `decide` reckons with, and back."""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np

from docsorter.decide.earned import CheckedScores, EarnPlan, plan_grid
from docsorter.errors import UsageError
from docsorter.settings import PromiseSettings
from docsorter.store import Evidence, PromiseMove

EVIDENCE_AFTER: Final = "evidence_after"
_PLAN: Final = "plan"


def checked_scores(evidence: Evidence) -> CheckedScores:
    """Return the evidence as arrays.

    Every document that could be sorted alone has the same chance at one time, above and below the
    threshold, so that the stakes of the bets are equal.
    """
    return CheckedScores(
        np.array(evidence.scores, dtype=np.float64),
        np.array(evidence.wrong, dtype=np.bool_),
        np.array(evidence.inclusion, dtype=np.float64),
        pending=np.array(evidence.pending, dtype=np.bool_),
    )


def new_plan(scores: Sequence[float], settings: PromiseSettings) -> EarnPlan:
    """Make a plan from the scores of a pilot, at least one."""
    return plan_grid(
        np.array(scores, dtype=np.float64),
        settings.target_error,
        settings.confidence,
        settings.miss_rate,
    )


def plan_detail(plan: EarnPlan) -> dict[str, object]:
    """Return a plan as facts for a row of the store."""
    return {
        _PLAN: {
            "thresholds": list(plan.thresholds),
            "starts": [list(start) for start in plan.starts],
            "miss_rate": plan.miss_rate,
            "patience": plan.patience,
        }
    }


def plan_of(moved: PromiseMove) -> EarnPlan | None:
    """Return the plan that a change of the threshold was made by; None when it is not readable."""
    kept = moved.detail.get(_PLAN)
    if not isinstance(kept, dict):
        return None
    try:
        return EarnPlan(
            moved.target,
            moved.confidence,
            tuple(map(float, kept["thresholds"])),
            float(kept["miss_rate"]),
            tuple((int(place), float(share)) for place, share in kept["starts"]),
            float(kept["patience"]),
        )
    except (KeyError, TypeError, ValueError, UsageError):
        return None


def keeps_plan(moved: PromiseMove, settings: PromiseSettings) -> bool:
    """Say whether the settings still ask for what the plan was made for."""
    plan = plan_of(moved)
    return plan is not None and (plan.target, plan.confidence, plan.miss_rate) == (
        settings.target_error,
        settings.confidence,
        settings.miss_rate,
    )


def evidence_after(moved: PromiseMove | None) -> int:
    """Return the number of the last check that does not count any more."""
    number = 0 if moved is None else moved.detail.get(EVIDENCE_AFTER, 0)
    return number if isinstance(number, int) else 0


def replanned(plan: EarnPlan, settings: PromiseSettings) -> EarnPlan:
    """Return the same grid for what the settings ask now."""
    return dataclasses.replace(
        plan,
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=settings.miss_rate,
    )
