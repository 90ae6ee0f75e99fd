"""When the threshold in use moves, and where to: a function of the evidence alone."""

from docsorter.decide.betting import upper_bound
from docsorter.decide.earned import (
    CheckedScores,
    EarnPlan,
    Standing,
    certified_thresholds,
    standing,
)
from docsorter.service.evidence import EVIDENCE_AFTER, Gathered, evidence_after, plan_detail
from docsorter.store import PromiseMove, Why


def first_move(
    model: str, rule: str, plan: EarnPlan, *, after: int, threshold: float | None = None
) -> PromiseMove:
    """Return the beginning of evidence under a rule: nothing is sorted alone yet.

    Args:
        model: Name of the model.
        rule: Key of the sort rule.
        plan: Fixed from now on.
        after: Number of the last check that was drawn before, and does not count.
        threshold: What was in use under the same rule, where only the target has changed.
    """
    detail = {**plan_detail(plan), EVIDENCE_AFTER: after}
    if threshold is not None:
        detail["before"] = threshold
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
    now: PromiseMove, gathered: Gathered, plan: EarnPlan, *, last_drawn: int
) -> PromiseMove | None:
    """Return the change that the evidence asks for; None when the threshold stays.

    An alarm goes before everything: the threshold goes up to the next one that stands, or nothing
    is sorted alone any more, and what was drawn until then counts for no new certificate. Otherwise
    a looser threshold is taken as soon as it is certified, and one whose evidence was taken back is
    given up.

    Args:
        now: The last change.
        gathered: The evidence since `evidence_after` of it.
        plan: Of this rule.
        last_drawn: Number of the last check that was drawn under the rule.
    """
    in_use = now.threshold
    if in_use is not None and standing(gathered.watched, plan, in_use=in_use).alarm:
        return _alarmed(now, gathered.watched, plan, last_drawn)
    found = standing(gathered.counted, plan, in_use=None)
    after = evidence_after(now)
    if found.threshold is not None and (now.threshold is None or found.threshold < now.threshold):
        return _moved(now, plan, found, Why.CERTIFIED, after=after, threshold=found.threshold)
    rests_on_these = now.why in {Why.CERTIFIED, Why.WITHDRAWN} and now.threshold is not None
    if rests_on_these and (found.threshold is None or found.threshold > (now.threshold or 0.0)):
        return _moved(now, plan, found, Why.WITHDRAWN, after=after, threshold=found.threshold)
    return None


def level_of(checks: CheckedScores, plan: EarnPlan, threshold: float) -> Standing:
    """Return the evidence above a threshold that is in use, whether or not it is certified by it.

    Its `needed` is 0 and its alarm unset: what the next step lacks is said by `standing`.
    """
    above = checks.above(threshold)
    bound = min(1.0, upper_bound(above, plan.confidence) / (1 - plan.miss_rate))
    return Standing(threshold, len(above.wrong), int(above.wrong.sum()), bound, 0, alarm=False)


def _alarmed(
    now: PromiseMove, checks: CheckedScores, plan: EarnPlan, last_drawn: int
) -> PromiseMove:
    assert now.threshold is not None
    stricter = _next_that_stands(now.threshold, checks, plan)
    broken = level_of(checks, plan, now.threshold)
    level = broken if stricter is None else level_of(checks, plan, stricter)
    moved = _moved(now, plan, level, Why.ALARM, after=last_drawn, threshold=stricter)
    moved.detail["alarm_checked"], moved.detail["alarm_errors"] = broken.checked, broken.errors
    return moved


def _next_that_stands(in_use: float, checks: CheckedScores, plan: EarnPlan) -> float | None:
    """Return the loosest stricter certified threshold that no alarm speaks against."""
    stricter = [each for each in certified_thresholds(checks, plan) if each > in_use]
    for threshold in sorted(stricter):
        if not standing(checks, plan, in_use=threshold).alarm:
            return threshold
    return None


def _moved(
    now: PromiseMove,
    plan: EarnPlan,
    found: Standing,
    why: Why,
    *,
    after: int,
    threshold: float | None,
) -> PromiseMove:
    return PromiseMove(
        now.model,
        now.rule,
        threshold,
        plan.target,
        plan.confidence,
        checked=found.checked,
        errors=found.errors,
        upper_bound=found.upper_bound,
        why=why,
        detail={**plan_detail(plan), EVIDENCE_AFTER: after, "before": now.threshold},
    )
