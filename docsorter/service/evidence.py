"""From what the store keeps of checks and promises to what `decide` reckons with, and back."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.decide.autonomy import EarnPolicy
from docsorter.decide.double_looks import MissRate, measured_miss_rate
from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import CheckedScores
from docsorter.documents import CheckOutcome
from docsorter.errors import UsageError
from docsorter.settings import PromiseSettings
from docsorter.store import Evidence, PromiseMove, Store

EVIDENCE_AFTER: Final = "evidence_after"
CARRIED: Final = "carried"
SHARE: Final = "share"
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


def gather(evidence: Sequence[Evidence]) -> Gathered:
    """Make arrays of evidence that is in the order of drawing."""
    answered = [each for each in evidence if each.first_answer_id is not None]
    last_id = answered[-1].check_id if answered else None
    reached = [each for each in evidence if last_id is not None and each.check_id <= last_id]
    return Gathered(
        _arrays(reached),
        _arrays(sorted(answered, key=lambda each: each.first_answer_id or 0)),
        last_id,
        tuple(each.document_id for each in reached if each.first_answer_id is None),
    )


def _arrays(evidence: Sequence[Evidence]) -> CheckedScores:
    """Return checks as arrays; what is not known to be right counts as wrong.

    Every document that could be sorted alone has the same chance at one time, above and below the
    threshold, so that the stakes of the bets are equal.
    """
    return CheckedScores(
        np.array([each.score for each in evidence], dtype=np.float64),
        np.array([each.outcome is not CheckOutcome.RIGHT for each in evidence], dtype=np.bool_),
        np.array([each.inclusion for each in evidence], dtype=np.float64),
        pending=np.array([each.outcome is None for each in evidence], dtype=np.bool_),
    )


def share_of(moved: PromiseMove | None) -> float:
    """Return which share of the documents that could be sorted alone is drawn after a change."""
    share = 1.0 if moved is None else moved.detail.get(SHARE, 1.0)
    return float(share) if isinstance(share, float | int) else 1.0


def policy_of(settings: PromiseSettings) -> EarnPolicy:
    """Return what is set about earned autonomy."""
    return EarnPolicy(
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=settings.miss_rate,
        pilot_documents=settings.pilot_documents,
        days_to_alarm=settings.days_to_alarm,
        jump=settings.jump,
        vigilance=settings.vigilance,
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


def missed(store: Store, settings: PromiseSettings) -> MissRate:
    """Return at most which share of the mistakes people miss, assumed or measured."""
    looks = store.double_looks()
    return measured_miss_rate(looks, settings.miss_rate, settings.confidence)


def keeps_plan(moved: PromiseMove, settings: PromiseSettings, misses: MissRate) -> bool:
    """Say whether settings and reviewers still ask for what the plan was made for.

    What an alarm has left is not given up because people turn out to miss less than was reckoned.
    """
    plan = plan_of(moved)
    asked = (settings.target_error, settings.confidence)
    if plan is None or (plan.target, plan.confidence) != asked:
        return False
    is_milder = misses.measured and misses.rate < plan.miss_rate
    return plan.miss_rate == misses.rate or (is_milder and is_carried(moved))


def evidence_after(moved: PromiseMove | None) -> int:
    """Return the number of the last check that does not count any more."""
    return 0 if moved is None else _number(moved, EVIDENCE_AFTER)


def is_carried(moved: PromiseMove) -> bool:
    """Say whether the threshold in use rests on what was checked before an alarm."""
    return moved.detail.get(CARRIED) is True


def _number(moved: PromiseMove, name: str) -> int:
    number = moved.detail.get(name, 0)
    return number if isinstance(number, int) else 0


def replanned(plan: EarnPlan, settings: PromiseSettings, misses: MissRate) -> EarnPlan:
    """Return the same grid for what is asked now.

    A measured miss rate has a share of the risk; the thresholds begin with what is left.
    """
    whole = sum(share for _, share in plan.starts) / misses.risk_kept
    return dataclasses.replace(
        plan,
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=misses.rate,
        starts=tuple((place, share / whole) for place, share in plan.starts),
    )
