"""From the checks in the store to what may be relied on: evidence, certification, next change."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.decide.autonomy import (
    ELEVATED,
    AutonomyPolicy,
    MissRate,
    measured_miss_rate,
    share_checked,
)
from docsorter.decide.certification import (
    Certification,
    CertificationPlan,
    CheckedScores,
    alarm_level,
    certified_thresholds,
    certify,
)
from docsorter.decide.e_process import upper_bound
from docsorter.decide.promise import plain_percent
from docsorter.documents import CheckOutcome, Reason, ReasonCode, at_most_percent
from docsorter.errors import UsageError
from docsorter.settings import PromiseSettings
from docsorter.store import ChangeReason, CheckEvidence, PromiseChange, Store

CARRIED: Final = "carried"
_EVIDENCE_AFTER: Final = "evidence_after"
_SHARE: Final = "share"
_PLAN: Final = "plan"
_STEP: Final = 0.8
"""How much is drawn changes in steps of this factor, and falls only when two would be due, so that
the history of it stays short."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleEvidence:
    """The evidence of one rule, once for what it allows and once for what speaks against it.

    Attributes:
        counted: In the order of drawing, up to the last check that was answered; those between that
            nobody has answered yet count as wrong. Reviewers choose what they answer first, by
            confidence for example; so counted, they cannot choose what counts, and the wealth is
            never greater than it will be when all have been answered.
        watched: Everything answered, in the order of answering: bad news waits for nobody.
        last_id: Number of the last check that was answered; None without any.
        unanswered: Documents that were drawn before that and not answered.
    """

    counted: CheckedScores
    watched: CheckedScores
    last_id: int | None
    unanswered: tuple[int, ...]


def gather_evidence(evidence: Sequence[CheckEvidence]) -> RuleEvidence:
    """Make arrays of evidence that is in the order of drawing."""
    answered = [each for each in evidence if each.first_answer_id is not None]
    last_id = answered[-1].check_id if answered else None
    reached = [each for each in evidence if last_id is not None and each.check_id <= last_id]
    return RuleEvidence(
        _arrays(reached),
        _arrays(sorted(answered, key=lambda each: each.first_answer_id or 0)),
        last_id,
        tuple(each.document_id for each in reached if each.first_answer_id is None),
    )


def _arrays(evidence: Sequence[CheckEvidence]) -> CheckedScores:
    """Return checks as arrays; what is not known to be right counts as wrong.

    Every document that could be sorted alone has the same chance at one time, above and below the
    threshold, so that the weights are equal.
    """
    return CheckedScores(
        np.array([each.score for each in evidence], dtype=np.float64),
        np.array([each.outcome is not CheckOutcome.RIGHT for each in evidence], dtype=np.bool_),
        np.array([each.inclusion for each in evidence], dtype=np.float64),
        pending=np.array([each.outcome is None for each in evidence], dtype=np.bool_),
    )


@dataclass(frozen=True, slots=True)
class PromiseState:
    """How far the evidence of one rule has come; replaced as a whole.

    Attributes:
        change: The last change of the threshold; None before the evidence has begun.
        plan: The grid; None before.
        certification: What the evidence since then allows; None before.
        level: The evidence above the threshold in use; None when nothing is in use.
        left: Documents still to be drawn before the evidence begins.
        share: With which probability what could be sorted alone is drawn.
        unanswered: Documents that were drawn and not answered while later ones were; they count
            as wrong until they are.
    """

    change: PromiseChange | None = None
    plan: CertificationPlan | None = None
    certification: Certification | None = None
    level: Certification | None = None
    left: int = 0
    share: float = 1.0
    unanswered: tuple[int, ...] = ()

    @property
    def threshold(self) -> float | None:
        """The threshold in use; None sorts nothing alone."""
        return None if self.change is None else self.change.threshold

    @property
    def statement(self) -> str:
        """What the threshold in use rests on, "" when there is none."""
        if self.change is None or self.change.threshold is None:
            return ""
        level = None if is_carried_over(self.change) else self.level
        return threshold_statement(self.change, level)

    @property
    def reason(self) -> Reason:
        """Why a document goes to a person while nothing is certified."""
        text = "shown to a person until enough documents are checked: "
        found = self.certification
        if found is None:
            text += f"it begins to count after {max(1, self.left)} more documents"
        else:
            errors = f" ({found.errors} wrong or still open)" if found.errors else ""
            text += f"{found.checked} checked{errors}, at least {found.needed} more needed"
        return Reason(ReasonCode.EARNING, text)

    def summary(self, promise: PromiseSettings) -> str:
        """Return what every surface prints of it."""
        return self.statement or nothing_yet(self.certification, promise)


def read_promise_state(store: Store, rule: str, pilot: int) -> PromiseState:
    """Return the state of a rule's evidence as the store has it, changing nothing.

    `pilot` documents are drawn before the evidence begins.
    """
    history = store.checks.promises(rule, limit=1)
    if not history:
        return PromiseState(left=pilot - len(store.checks.drawn_scores(rule, pilot)))
    evidence = store.checks.evidence(rule, after_id=last_excluded_check(history[0]))
    return promise_state(history[0], gather_evidence(evidence))


def promise_state(change: PromiseChange, gathered: RuleEvidence) -> PromiseState:
    """Return the state after the last change, with the evidence that counts since then."""
    plan = plan_of(change)
    if plan is None:
        return PromiseState()
    found = certify(gathered.counted, plan, in_use=None)
    level = None
    if change.threshold is not None:
        doubted = alarm_level(gathered.watched, plan, change.threshold)
        found = dataclasses.replace(found, alarm=doubted >= 1, alarm_level=doubted)
        level = _level_of(gathered.counted, plan, change.threshold)
    share, unanswered = share_of(change), gathered.unanswered
    return PromiseState(change, plan, found, level, share=share, unanswered=unanswered)


def policy_of(settings: PromiseSettings) -> AutonomyPolicy:
    """Return what is set about earned autonomy."""
    return AutonomyPolicy(
        target=settings.target_error,
        confidence=settings.confidence,
        miss_rate=settings.miss_rate,
        pilot_documents=settings.pilot_documents,
        days_to_alarm=settings.days_to_alarm,
        jump=settings.jump,
        vigilance=settings.vigilance,
    )


def miss_rate(store: Store, settings: PromiseSettings) -> MissRate:
    """Return at most which share of the mistakes people miss, assumed or measured."""
    looks = store.checks.second_looks()
    return measured_miss_rate(looks, settings.miss_rate, settings.confidence)


def plan_of(change: PromiseChange) -> CertificationPlan | None:
    """Return the plan that a change of the threshold was made by; None when it is not readable."""
    kept = change.detail.get(_PLAN)
    if not isinstance(kept, dict):
        return None
    try:
        return CertificationPlan(
            change.target,
            change.confidence,
            tuple(map(float, kept["thresholds"])),
            float(kept["miss_rate"]),
            tuple((int(place), float(share)) for place, share in kept["starts"]),
            float(kept["patience"]),
        )
    except (KeyError, TypeError, ValueError, UsageError):
        return None


def keeps_plan(change: PromiseChange, settings: PromiseSettings, misses: MissRate) -> bool:
    """Say whether settings and reviewers still ask for what the plan was made for.

    What an alarm has left is not given up because people turn out to miss less than was reckoned.
    """
    plan = plan_of(change)
    asked = (settings.target_error, settings.confidence)
    if plan is None or (plan.target, plan.confidence) != asked:
        return False
    is_milder = misses.measured and misses.rate < plan.miss_rate
    return plan.miss_rate == misses.rate or (is_milder and is_carried_over(change))


def replanned(
    plan: CertificationPlan, settings: PromiseSettings, misses: MissRate
) -> CertificationPlan:
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


def share_of(change: PromiseChange | None) -> float:
    """Return which share of the documents that could be sorted alone is drawn after a change."""
    share = 1.0 if change is None else change.detail.get(_SHARE, 1.0)
    return float(share) if isinstance(share, float | int) else 1.0


def last_excluded_check(change: PromiseChange | None) -> int:
    """Return the number of the last check that does not count any more."""
    number = 0 if change is None else change.detail.get(_EVIDENCE_AFTER, 0)
    return number if isinstance(number, int) else 0


def is_carried_over(change: PromiseChange) -> bool:
    """Say whether the threshold in use rests on what was checked before an alarm."""
    return change.detail.get(CARRIED) is True


def first_change(
    model: str, rule: str, plan: CertificationPlan, *, after: int, before: float | None = None
) -> PromiseChange:
    """Return the beginning of evidence under a rule: nothing is sorted alone yet.

    Args:
        model: Name of the model.
        rule: Key of the sort rule.
        plan: Fixed from now on.
        after: Number of the last check that does not count.
        before: The threshold that was in use, where only the target has changed.
    """
    kept = {
        "thresholds": list(plan.thresholds),
        "starts": [list(start) for start in plan.starts],
        "miss_rate": plan.miss_rate,
        "patience": plan.run_length,
    }
    return PromiseChange(
        model,
        rule,
        None,
        plan.target,
        plan.confidence,
        checked=0,
        errors=0,
        upper_bound=1.0,
        why=ChangeReason.NEW_RULE,
        detail={_PLAN: kept, _SHARE: 1.0, _EVIDENCE_AFTER: after, "before": before},
    )


def next_change(
    now: PromiseChange, gathered: RuleEvidence, plan: CertificationPlan, *, drawn_until: int
) -> PromiseChange | None:
    """Return the change of the threshold that the evidence asks for; None when it stays.

    An alarm goes before everything: the threshold goes up to the next one that stands, or nothing
    is sorted alone any more, and what was drawn until then (the check numbered `drawn_until`)
    counts for no new certificate. Otherwise a looser threshold is taken as soon as it is certified,
    and one whose evidence was taken back is given up.
    """
    in_use = now.threshold
    if in_use is not None and alarm_level(gathered.watched, plan, in_use) >= 1:
        return _alarmed(now, in_use, gathered, plan, drawn_until)
    found = certify(gathered.counted, plan, in_use=None)
    facts: dict[str, object] = {CARRIED: False}
    if found.threshold is not None and (in_use is None or found.threshold < in_use):
        return _changed(now, found, ChangeReason.CERTIFIED, found.threshold, facts)
    is_lost = found.threshold is None or (in_use is not None and found.threshold > in_use)
    if in_use is not None and is_lost and not is_carried_over(now):
        return _changed(now, found, ChangeReason.WITHDRAWN, found.threshold, facts)
    return None


def _alarmed(
    now: PromiseChange,
    in_use: float,
    gathered: RuleEvidence,
    plan: CertificationPlan,
    drawn_until: int,
) -> PromiseChange:
    """Go to the loosest stricter certified threshold that there is no doubt about, or to none."""
    stricter = next(
        (
            threshold
            for threshold in sorted(certified_thresholds(gathered.counted, plan))
            if threshold > in_use and alarm_level(gathered.watched, plan, threshold) < ELEVATED
        ),
        None,
    )
    broken = _level_of(gathered.watched, plan, in_use)
    level = broken if stricter is None else _level_of(gathered.counted, plan, stricter)
    facts: dict[str, object] = {
        _EVIDENCE_AFTER: drawn_until,
        CARRIED: stricter is not None,
        "alarm_checked": broken.checked,
        "alarm_errors": broken.errors,
    }
    return _changed(now, level, ChangeReason.ALARM, stricter, facts)


def _changed(
    now: PromiseChange,
    found: Certification,
    why: ChangeReason,
    threshold: float | None,
    facts: dict[str, object],
) -> PromiseChange:
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


def _level_of(checks: CheckedScores, plan: CertificationPlan, threshold: float) -> Certification:
    """Return the evidence above a threshold that is in use, whether or not it is certified by it.

    Its `needed` is 0 and its alarm unset: what the next step lacks is said by the certification.
    """
    above = checks.above(threshold)
    bound = min(1.0, upper_bound(above, plan.bound_confidence) / (1 - plan.miss_rate))
    return Certification(threshold, len(above.wrong), int(above.wrong.sum()), bound, 0, alarm=False)


def sampling_change(
    now: PromiseChange, policy: AutonomyPolicy, volume_per_day: float, doubted: float
) -> PromiseChange | None:
    """Return the change of how much is drawn; None when it stays.

    `volume_per_day` documents are sorted alone of late; `doubted` is the doubt about the threshold
    in use, where 1 is the alarm.
    """
    share = share_checked(
        policy, in_use=now.threshold, volume_per_day=volume_per_day, alarm_level=doubted
    )
    current = share_of(now)
    if _STEP**2 * current <= share <= current:
        return None
    steps = math.floor(math.log(share) / math.log(_STEP) + 1e-9)
    detail = {**now.detail, _SHARE: float(_STEP ** max(0, steps))}
    return dataclasses.replace(now, why=ChangeReason.SAMPLING, detail=detail)


def threshold_statement(change: PromiseChange, level: Certification | None = None) -> str:
    """Say what the threshold in use rests on: the evidence above it now, else when it came."""
    checked, bound = change.checked, change.upper_bound
    if level is not None:
        checked, bound = level.checked, level.upper_bound
    rests = f"certified on {checked} checks of your own paper"
    if level is None and is_carried_over(change):
        rests = f"left by the alarm, certified on {checked} checks before it"
    return (
        f"threshold {two_digits(change.threshold)} {rests}: "
        f"at most {at_most_percent(bound)} wrong, {plain_percent(change.confidence)}"
    )


def nothing_yet(found: Certification | None, promise: PromiseSettings) -> str:
    """Say that nothing is sorted alone, and what that would take."""
    promised = (
        f"at most {plain_percent(promise.target_error)} wrong, {plain_percent(promise.confidence)}"
    )
    lacks = "too few documents are checked"
    if found is not None:
        lacks = f"{found.checked} checked, at least {found.needed} more needed"
    return f"nothing is sorted alone yet ({promised}): {lacks}"


def two_digits(threshold: float | None) -> str:
    """Write a threshold rounded up, with as many digits as tell it from 1."""
    if threshold is None:
        return "none"
    digits = 2
    while threshold < 1 and digits < 6 and math.ceil(threshold * 10**digits) >= 10**digits:  # noqa: PLR2004 -- millionths are enough
        digits += 1
    return f"{math.ceil(threshold * 10**digits - 1e-9) / 10**digits:.{digits}f}"
