"""From the checks in the store to what may be relied on: evidence, certification, next step."""

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
from docsorter.documents import CheckOutcome, Reason, ReasonCode
from docsorter.errors import UsageError
from docsorter.settings import PromiseSettings
from docsorter.store import ChangeReason, CheckEvidence, PromiseChange, Store

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


def gather(evidence: Sequence[CheckEvidence]) -> Gathered:
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


def _arrays(evidence: Sequence[CheckEvidence]) -> CheckedScores:
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


def share_of(moved: PromiseChange | None) -> float:
    """Return which share of the documents that could be sorted alone is drawn after a change."""
    share = 1.0 if moved is None else moved.detail.get(SHARE, 1.0)
    return float(share) if isinstance(share, float | int) else 1.0


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


def plan_detail(plan: CertificationPlan) -> dict[str, object]:
    """Return a plan as facts for a row of the store."""
    return {
        _PLAN: {
            "thresholds": list(plan.thresholds),
            "starts": [list(start) for start in plan.starts],
            "miss_rate": plan.miss_rate,
            "patience": plan.run_length,
        }
    }


def plan_of(moved: PromiseChange) -> CertificationPlan | None:
    """Return the plan that a change of the threshold was made by; None when it is not readable."""
    kept = moved.detail.get(_PLAN)
    if not isinstance(kept, dict):
        return None
    try:
        return CertificationPlan(
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
    looks = store.checks.second_looks()
    return measured_miss_rate(looks, settings.miss_rate, settings.confidence)


def keeps_plan(moved: PromiseChange, settings: PromiseSettings, misses: MissRate) -> bool:
    """Say whether settings and reviewers still ask for what the plan was made for.

    What an alarm has left is not given up because people turn out to miss less than was reckoned.
    """
    plan = plan_of(moved)
    asked = (settings.target_error, settings.confidence)
    if plan is None or (plan.target, plan.confidence) != asked:
        return False
    is_milder = misses.measured and misses.rate < plan.miss_rate
    return plan.miss_rate == misses.rate or (is_milder and is_carried(moved))


def evidence_after(moved: PromiseChange | None) -> int:
    """Return the number of the last check that does not count any more."""
    return 0 if moved is None else _number(moved, EVIDENCE_AFTER)


def is_carried(moved: PromiseChange) -> bool:
    """Say whether the threshold in use rests on what was checked before an alarm."""
    return moved.detail.get(CARRIED) is True


def _number(moved: PromiseChange, name: str) -> int:
    number = moved.detail.get(name, 0)
    return number if isinstance(number, int) else 0


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


_RUNG: Final = 0.8
"""How much is drawn changes in steps of this factor, and falls only when two would be due, so that
the history of it stays short."""


def first_move(
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
    detail = {
        **plan_detail(plan),
        SHARE: 1.0,
        EVIDENCE_AFTER: after,
        "before": before,
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
        detail=detail,
    )


def next_move(
    now: PromiseChange, gathered: Gathered, plan: CertificationPlan, *, drawn_until: int
) -> PromiseChange | None:
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
    if in_use is not None and alarm_level(gathered.watched, plan, in_use) >= 1:
        return _alarmed(now, gathered, plan, drawn_until)
    found = certify(gathered.counted, plan, in_use=None)
    facts: dict[str, object] = {CARRIED: False}
    if found.threshold is not None and (in_use is None or found.threshold < in_use):
        return _moved(now, found, ChangeReason.CERTIFIED, found.threshold, facts)
    is_lost = found.threshold is None or (in_use is not None and found.threshold > in_use)
    if in_use is not None and is_lost and not is_carried(now):
        return _moved(now, found, ChangeReason.WITHDRAWN, found.threshold, facts)
    return None


def sampled(
    now: PromiseChange, policy: AutonomyPolicy, volume_per_day: float, found: float
) -> PromiseChange | None:
    """Return the change of how much is drawn; None when it stays.

    Args:
        now: The last change.
        policy: What is set.
        volume_per_day: Documents sorted alone in a day, of late.
        found: The doubt about the threshold in use.
    """
    share = share_checked(
        policy, in_use=now.threshold, volume_per_day=volume_per_day, alarm_level=found
    )
    current = share_of(now)
    if _RUNG**2 * current <= share <= current:
        return None
    return dataclasses.replace(
        now, why=ChangeReason.SAMPLING, detail={**now.detail, SHARE: _rung(share)}
    )


def level_of(checks: CheckedScores, plan: CertificationPlan, threshold: float) -> Certification:
    """Return the evidence above a threshold that is in use, whether or not it is certified by it.

    Its `needed` is 0 and its alarm unset: what the next step lacks is said by `certify`.
    """
    above = checks.above(threshold)
    bound = min(1.0, upper_bound(above, plan.bound_confidence) / (1 - plan.miss_rate))
    return Certification(threshold, len(above.wrong), int(above.wrong.sum()), bound, 0, alarm=False)


def _rung(share: float) -> float:
    """Return the next higher step, 1 at most."""
    steps = math.floor(math.log(share) / math.log(_RUNG) + 1e-9)
    return float(_RUNG ** max(0, steps))


def _alarmed(
    now: PromiseChange, gathered: Gathered, plan: CertificationPlan, drawn_until: int
) -> PromiseChange:
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
    return _moved(now, level, ChangeReason.ALARM, stricter, facts)


def _next_that_stands(in_use: float, gathered: Gathered, plan: CertificationPlan) -> float | None:
    """Return the loosest stricter certified threshold that there is no doubt about."""
    for threshold in sorted(certified_thresholds(gathered.counted, plan)):
        if threshold > in_use and alarm_level(gathered.watched, plan, threshold) < ELEVATED:
            return threshold
    return None


def _moved(
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


def pilot_reason(left: int) -> Reason:
    """Say that the model is only being got to know, for so many documents more."""
    text = (
        "shown to a person until the evidence suffices: "
        f"it begins to count after {max(1, left)} more documents"
    )
    return Reason(ReasonCode.EARNING, text)


def earning_reason(standing: Certification) -> Reason:
    """Say how much evidence there is and how much is missing at least."""
    errors = f" ({standing.errors} wrong or still open)" if standing.errors else ""
    text = (
        f"shown to a person until the evidence suffices: {standing.checked} checked{errors}, "
        f"at least {standing.needed} more needed"
    )
    return Reason(ReasonCode.EARNING, text)


def certified_statement(moved: PromiseChange, level: Certification) -> str:
    """Say what the threshold in use rests on.

    Args:
        moved: The last change of it, with a threshold.
        level: The evidence above it.
    """
    return (
        f"threshold {two_digits(moved.threshold)} certified on {level.checked} checks of your own "
        f"paper: at most {percent_up(level.upper_bound)} wrong, {percent(moved.confidence)}"
    )


def changed_statement(moved: PromiseChange) -> str:
    """Say what a threshold rested on when it came into use."""
    return (
        f"threshold {two_digits(moved.threshold)} certified on {moved.checked} checks of your own "
        f"paper: at most {percent_up(moved.upper_bound)} wrong, {percent(moved.confidence)}"
    )


def carried_statement(moved: PromiseChange) -> str:
    """Say what a threshold rests on that an alarm has left."""
    return (
        f"threshold {two_digits(moved.threshold)} left by the alarm, certified on {moved.checked} "
        f"checks before it: at most {percent_up(moved.upper_bound)} wrong, "
        f"{percent(moved.confidence)}"
    )


def nothing_yet(standing: Certification | None, target: float, confidence: float) -> str:
    """Say that nothing is sorted alone, and what that would take."""
    promised = f"at most {percent(target)} wrong, {percent(confidence)}"
    if standing is None:
        return f"nothing is sorted alone yet ({promised}): the evidence does not suffice"
    return (
        f"nothing is sorted alone yet ({promised}): {standing.checked} checked, "
        f"at least {standing.needed} more needed"
    )


def percent(share: float) -> str:
    """Write a share as people say it: 0.01 is "1 %"."""
    return f"{100 * share:.6g} %"


def percent_up(share: float) -> str:
    """Write an upper bound with one decimal, rounded up, so that the sentence stays true."""
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f} %"


def two_digits(threshold: float | None) -> str:
    """Write a threshold rounded up, with as many digits as tell it from 1."""
    if threshold is None:
        return "none"
    digits = 2
    while threshold < 1 and digits < 6 and math.ceil(threshold * 10**digits) >= 10**digits:  # noqa: PLR2004 -- millionths are enough
        digits += 1
    return f"{math.ceil(threshold * 10**digits - 1e-9) / 10**digits:.{digits}f}"


def with_evidence_of_its_own(threshold: float | None) -> str:
    """Say what becomes of evidence and automation when a model is put to use.

    Args:
        threshold: What checks of that very model allow, from when it was in use or rehearsed; None
            when nothing.
    """
    own = "evidence is of one model and its rule: that of the model before is kept and counts again"
    if threshold is None:
        return f"nothing of its own is certified: everything goes to a person until it is; {own}"
    return f"checks of its own count on: what is sure to {threshold:.4f} is sorted alone; {own}"


MOST_CHANGES: Final = 10_000
"""Changes of one rule that are read; there are some dozens."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the evidence of one rule stands; replaced as a whole.

    Attributes:
        moved: The last change of the threshold; None before the evidence has begun.
        plan: The grid; None before.
        standing: What the evidence since then allows; None before.
        level: The evidence above the threshold in use; None when nothing is in use.
        left: Documents still to be drawn before the evidence begins.
        share: With which probability what could be sorted alone is drawn.
        unanswered: Documents that were drawn and not answered while later ones were; they count
            as wrong until they are.
    """

    moved: PromiseChange | None = None
    plan: CertificationPlan | None = None
    standing: Certification | None = None
    level: Certification | None = None
    left: int = 0
    share: float = 1.0
    unanswered: tuple[int, ...] = ()

    @property
    def threshold(self) -> float | None:
        """The threshold in use; None sorts nothing alone."""
        return None if self.moved is None else self.moved.threshold

    @property
    def statement(self) -> str:
        """What the threshold in use rests on, "" when there is none."""
        moved = self.moved
        if moved is None or moved.threshold is None:
            return ""
        if is_carried(moved) or self.level is None:
            return carried_statement(moved)
        return certified_statement(moved, self.level)

    @property
    def reason(self) -> Reason:
        """Why a document goes to a person while nothing is certified."""
        if self.standing is None:
            return pilot_reason(self.left)
        return earning_reason(self.standing)

    def says(self, promise: PromiseSettings) -> str:
        """Return what every surface prints of it."""
        return self.statement or nothing_yet(
            self.standing, promise.target_error, promise.confidence
        )


def where(moved: PromiseChange | None, gathered: Gathered, *, left: int = 0) -> Position:
    """Return where the evidence of a rule stands after the last change.

    Args:
        moved: That change; None before the evidence has begun.
        gathered: The evidence that counts since then.
        left: Documents still to be drawn before it begins.
    """
    plan = None if moved is None else plan_of(moved)
    if moved is None or plan is None:
        return Position(left=left)
    found = certify(gathered.counted, plan, in_use=None)
    level = None
    if moved.threshold is not None:
        doubted = alarm_level(gathered.watched, plan, moved.threshold)
        found = dataclasses.replace(found, alarm=doubted >= 1, alarm_level=doubted)
        level = level_of(gathered.counted, plan, moved.threshold)
    unanswered = gathered.unanswered
    return Position(moved, plan, found, level, share=share_of(moved), unanswered=unanswered)


def read(store: Store, rule: str, pilot: int) -> Position:
    """Return where the evidence of a rule stands in the store, changing nothing.

    Args:
        store: Has checks and changes.
        rule: Key of the sort rule.
        pilot: Documents that are drawn before the evidence begins.
    """
    history = store.checks.promises(rule, limit=1)
    moved = history[0] if history else None
    if moved is None:
        return where(None, gather(()), left=pilot - len(store.checks.drawn_scores(rule, pilot)))
    evidence = store.checks.evidence(rule, after_id=evidence_after(moved))
    return where(moved, gather(evidence))
