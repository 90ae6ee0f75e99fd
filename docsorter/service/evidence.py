"""From what the store keeps of checks and promises to what `decide` reckons with, and back."""

import bisect
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.decide.autonomy import Draws, EarnPolicy
from docsorter.decide.earned import CheckedScores, EarnPlan
from docsorter.documents import CheckOutcome
from docsorter.errors import UsageError
from docsorter.settings import PromiseSettings
from docsorter.store import Evidence, PromiseMove

EVIDENCE_AFTER: Final = "evidence_after"
SORTED_AFTER: Final = "sorted_after"
DRAWN_UNTIL: Final = "drawn_until"
CARRIED: Final = "carried"
_ABOVE: Final = "drawn_above"
_BELOW: Final = "drawn_below"
_PLAN: Final = "plan"


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The evidence of one rule, once for what it allows and once for what speaks against it.

    Attributes:
        counted: In the order of drawing, up to the last check that was answered; those between that
            nobody has answered yet count as wrong. Reviewers choose what they answer first, by
            confidence for example; so counted, they cannot choose what counts, and the fortune is
            never greater than it will be when all have been answered.
        watched: Everything answered, in the order of answering: bad news waits for nobody.
        last_id: Number of the last check that was answered; None without any.
        unanswered: Documents that were drawn before that and not answered.
    """

    counted: CheckedScores
    watched: CheckedScores
    last_id: int | None
    unanswered: tuple[int, ...]


def gather(evidence: Sequence[Evidence], history: Sequence[PromiseMove] = ()) -> Gathered:
    """Make arrays of evidence.

    Args:
        evidence: In the order of drawing.
        history: The changes under this rule, the oldest first: they say how much was drawn when.
    """
    answered = [each for each in evidence if each.first_answer_id is not None]
    last_id = answered[-1].check_id if answered else None
    reached = [each for each in evidence if last_id is not None and each.check_id <= last_id]
    begins = [drawn_until(moved) for moved in history]
    least = [draws_of(moved).least for moved in history]

    def arrays(chosen: Sequence[Evidence]) -> CheckedScores:
        """Return checks as arrays; what is not known to be right counts as wrong."""
        places = [bisect.bisect_left(begins, each.check_id) - 1 for each in chosen]
        return CheckedScores(
            np.array([each.score for each in chosen], dtype=np.float64),
            np.array([each.outcome is not CheckOutcome.RIGHT for each in chosen], dtype=np.bool_),
            np.array([each.inclusion for each in chosen], dtype=np.float64),
            # What was drawn before the first change was drawn evenly.
            np.array(
                [
                    min(each.inclusion, least[place]) if place >= 0 else each.inclusion
                    for each, place in zip(chosen, places, strict=True)
                ],
                dtype=np.float64,
            ),
            np.array([each.outcome is None for each in chosen], dtype=np.bool_),
        )

    return Gathered(
        arrays(reached),
        arrays(sorted(answered, key=lambda each: each.first_answer_id or 0)),
        last_id,
        tuple(each.document_id for each in reached if each.first_answer_id is None),
    )


def draws_of(moved: PromiseMove) -> Draws:
    """Return how much is drawn after a change."""
    above, below = moved.detail.get(_ABOVE, 1.0), moved.detail.get(_BELOW, 1.0)
    if not isinstance(above, float | int) or not isinstance(below, float | int):
        return Draws(1.0, 1.0)
    return Draws(float(above), float(below))


def draws_detail(draws: Draws) -> dict[str, object]:
    """Return how much is drawn as facts for a row of the store."""
    return {_ABOVE: draws.above, _BELOW: draws.below}


def drawn_until(moved: PromiseMove) -> int:
    """Return the number of the last check that was drawn before a change."""
    return _number(moved, DRAWN_UNTIL)


def policy_of(settings: PromiseSettings) -> EarnPolicy:
    """Return what is set about earned autonomy."""
    return EarnPolicy(
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=settings.miss_rate,
        planned_on=settings.planned_on,
        days_to_alarm=settings.days_to_alarm,
        jump=settings.jump,
        easing=settings.easing,
        vigilance=settings.vigilance,
        below=settings.below,
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
    return 0 if moved is None else _number(moved, EVIDENCE_AFTER)


def is_carried(moved: PromiseMove) -> bool:
    """Say whether the threshold in use rests on what was checked before an alarm."""
    return moved.detail.get(CARRIED) is True


def sorted_after(moved: PromiseMove) -> int:
    """Return the number of the last check before the first threshold of this evidence."""
    return _number(moved, SORTED_AFTER)


def _number(moved: PromiseMove, name: str) -> int:
    number = moved.detail.get(name, 0)
    return number if isinstance(number, int) else 0


def replanned(plan: EarnPlan, settings: PromiseSettings) -> EarnPlan:
    """Return the same grid for what the settings ask now."""
    return dataclasses.replace(
        plan,
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=settings.miss_rate,
    )
