"""When the threshold in use moves, where to, and how much is drawn: by the evidence alone."""

import dataclasses
import math
from typing import Final

from docsorter.decide.autonomy import CALM, EarnPolicy, share_checked
from docsorter.decide.betting import upper_bound
from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import CheckedScores, Standing, certified_thresholds, doubt, standing
from docsorter.service.evidence import (
    CARRIED,
    EVIDENCE_AFTER,
    SHARE,
    Gathered,
    is_carried,
    plan_detail,
    share_of,
)
from docsorter.store import PromiseMove, Why

_RUNG: Final = 0.8
"""How much is drawn changes in steps of this factor, and falls only when two would be due, so that
the history of it stays short."""


def first_move(
    model: str, rule: str, plan: EarnPlan, *, after: int, before: float | None = None
) -> PromiseMove:
    """Return the beginning of evidence under a rule: nothing is sorted alone yet.

    Args:
        model: Name of the model.
        rule: Key of the sort rule.
        plan: Fixed from now on.
        after: Number of the last check that does not count.
        before: The threshold that was in use, where only the target has changed.
    """
    detail = {
        **plan_detail(plan),
        SHARE: 1.0,
        EVIDENCE_AFTER: after,
        "before": before,
    }
    return PromiseMove(
        model,
        rule,
        None,
        plan.target,
        plan.confidence,
        checked=0,
        errors=0,
        upper_bound=1.0,
        why=Why.NEW_RULE,
        detail=detail,
    )


def next_move(
    now: PromiseMove, gathered: Gathered, plan: EarnPlan, *, drawn_until: int
) -> PromiseMove | None:
    """Return the change of the threshold that the evidence asks for; None when it stays.

    An alarm goes before everything: the threshold goes up to the next one that stands, or nothing
    is sorted alone any more, and what was drawn until then counts for no new certificate. Otherwise
    a looser threshold is taken as soon as it is certified, and one whose evidence was taken back is
    given up.

    Args:
        now: The last change.
        gathered: The evidence since `evidence_after` of it.
        plan: Of this rule.
        drawn_until: Number of the last check that was drawn under the rule.
    """
    in_use = now.threshold
    if in_use is not None and doubt(gathered.watched, plan, in_use) >= 1:
        return _alarmed(now, gathered, plan, drawn_until)
    found = standing(gathered.counted, plan, in_use=None)
    facts: dict[str, object] = {CARRIED: False}
    if found.threshold is not None and (in_use is None or found.threshold < in_use):
        return _moved(now, found, Why.CERTIFIED, found.threshold, facts)
    is_lost = found.threshold is None or (in_use is not None and found.threshold > in_use)
    if in_use is not None and is_lost and not is_carried(now):
        return _moved(now, found, Why.WITHDRAWN, found.threshold, facts)
    return None


def sampled(
    now: PromiseMove, policy: EarnPolicy, volume_per_day: float, found: float
) -> PromiseMove | None:
    """Return the change of how much is drawn; None when it stays.

    Args:
        now: The last change.
        policy: What is set.
        volume_per_day: Documents sorted alone in a day, of late.
        found: The doubt about the threshold in use.
    """
    share = share_checked(policy, in_use=now.threshold, volume_per_day=volume_per_day, doubt=found)
    current = share_of(now)
    if _RUNG**2 * current <= share <= current:
        return None
    return dataclasses.replace(now, why=Why.SAMPLING, detail={**now.detail, SHARE: _rung(share)})


def level_of(checks: CheckedScores, plan: EarnPlan, threshold: float) -> Standing:
    """Return the evidence above a threshold that is in use, whether or not it is certified by it.

    Its `needed` is 0 and its alarm unset: what the next step lacks is said by `standing`.
    """
    above = checks.above(threshold)
    bound = min(1.0, upper_bound(above, plan.certainty) / (1 - plan.miss_rate))
    return Standing(threshold, len(above.wrong), int(above.wrong.sum()), bound, 0, alarm=False)


def _rung(share: float) -> float:
    """Return the next higher step, 1 at most."""
    steps = math.floor(math.log(share) / math.log(_RUNG) + 1e-9)
    return float(_RUNG ** max(0, steps))


def _alarmed(now: PromiseMove, gathered: Gathered, plan: EarnPlan, drawn_until: int) -> PromiseMove:
    assert now.threshold is not None
    stricter = _next_that_stands(now.threshold, gathered, plan)
    broken = level_of(gathered.watched, plan, now.threshold)
    level = broken if stricter is None else level_of(gathered.counted, plan, stricter)
    facts: dict[str, object] = {
        EVIDENCE_AFTER: drawn_until,
        CARRIED: stricter is not None,
        "alarm_checked": broken.checked,
        "alarm_errors": broken.errors,
    }
    return _moved(now, level, Why.ALARM, stricter, facts)


def _next_that_stands(in_use: float, gathered: Gathered, plan: EarnPlan) -> float | None:
    """Return the loosest stricter certified threshold that there is no doubt about."""
    for threshold in sorted(certified_thresholds(gathered.counted, plan)):
        if threshold > in_use and doubt(gathered.watched, plan, threshold) < CALM:
            return threshold
    return None


def _moved(
    now: PromiseMove,
    found: Standing,
    why: Why,
    threshold: float | None,
    facts: dict[str, object],
) -> PromiseMove:
    kept = {name: value for name, value in now.detail.items() if not name.startswith("alarm_")}
    return dataclasses.replace(
        now,
        threshold=threshold,
        checked=found.checked,
        errors=found.errors,
        upper_bound=found.upper_bound,
        why=why,
        detail={**kept, **facts, "before": now.threshold},
    )
