"""The department under `earned`, day by day: what is drawn, what people say, what that allows."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.department.arrivals import Arrivals
from bench.department.days import Day, Retraining
from bench.department.models import Seen
from bench.department.people import People, Said
from docsorter.decide.autonomy import ELEVATED, AutonomyPolicy, make_plan, share_checked
from docsorter.decide.certification import (
    Certification,
    CertificationPlan,
    CheckedScores,
    alarm_level,
    certified_thresholds,
    certify,
)
from docsorter.decide.gate import GatePlan, GateVerdict, PairedChecks, evaluate_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

SHADOW_SHARE: Final = 0.3
"""Least share of checks while a new model gathers its own evidence."""

SHADOW_DAYS: Final = 21
"""Days after which a new model that allows no more than the old is given up."""


@dataclass(frozen=True, slots=True)
class ThresholdChange:
    """A change of the threshold in use.

    Attributes:
        threshold: The new one; None: everything goes to a person.
        alarm: Whether an alarm is the reason: then earlier evidence counts no more.
        certification: What it rests on.
    """

    threshold: float | None
    alarm: bool
    certification: Certification


def next_threshold(
    checks: CheckedScores, plan: CertificationPlan, in_use: float | None
) -> ThresholdChange | None:
    """Say whether the threshold in use is to move; None when it stays.

    It comes down to the loosest certified threshold. On an alarm it goes up to the next stricter
    one that is certified and below the elevated alarm level, or to none.

    Args:
        checks: All since the evidence began, or since the last alarm.
        plan: Fixed before.
        in_use: The threshold in use.
    """
    found = certify(checks, plan, in_use=in_use)
    if found.alarm and in_use is not None:
        stricter = [t for t in certified_thresholds(checks, plan) if t > in_use]
        calm = [t for t in stricter if alarm_level(checks, plan, t) < ELEVATED]
        return ThresholdChange(min(calm, default=None), alarm=True, certification=found)
    if found.threshold is not None and (in_use is None or found.threshold < in_use):
        return ThresholdChange(found.threshold, alarm=False, certification=found)
    return None


class EarnedDepartment:
    """A department whose model earns its autonomy.

    Args:
        model: It begins with.
        arrivals: What comes.
        policy: What is set.
        seed: Of draws and slips.
        retrain: By day on whose evening it happens: makes a model of answered rows and answers.
        shadows: Whether a new model gathers its own evidence beside the old one. If not, it takes
            over at once and has to begin with nothing.
    """

    def __init__(
        self,
        model: Seen,
        arrivals: Arrivals,
        policy: AutonomyPolicy,
        seed: int,
        retrain: "Mapping[int, Callable[[Ints, Ints], Seen]] | None" = None,
        *,
        shadows: bool = True,
    ) -> None:
        self.arrivals, self.policy = arrivals, policy
        self._retrain, self._shadows = retrain or {}, shadows
        self._rng = np.random.default_rng([seed, 5])
        self._people = People(seed)
        self.evidence = Evidence(model)
        self.shadow: Evidence | None = None
        self._pairs = Pairs()
        self.in_use: float | None = None
        self.doubles = self.differed = 0
        self.answered: dict[int, int] = {}
        self.retrainings: list[Retraining] = []
        self._volume = 0.0
        self._alarm_level = 0.0
        self._shadowed: list[Ints] = []

    @property
    def model(self) -> Seen:
        """The model in use."""
        return self.evidence.model

    def run(self) -> list[Day]:
        """Live through all days."""
        return [self.live(day) for day in range(self.arrivals.days)]

    def live(self, day: int) -> Day:
        """Live through one day: documents by day, figures in the evening."""
        here = self.arrivals.of_day(day)
        rows, truth = self.arrivals.rows[here], self.arrivals.truth[here]
        share = share_checked(
            self.policy,
            in_use=self.in_use,
            volume_per_day=self._volume,
            alarm_level=self._alarm_level,
        )
        if self.shadow is not None and self.in_use is not None:
            share = max(share, SHADOW_SHARE)
        alone = self._alone(rows)
        # A new model may find other documents eligible, so that it asks about a share of all.
        asked = self.model.eligible[rows] | (self.shadow is not None)
        drawn = (self._rng.random(len(rows)) < share) & asked
        said = self._asked(rows, truth, drawn, ~alone & ~drawn)
        self._count(rows, drawn, said, share)
        volume = int(alone.sum())
        wrong = int((alone & (self.model.top[rows] != truth)).sum())
        happened = self._evening(day, rows)
        return Day(
            len(rows), volume, wrong, int((alone & ~drawn).sum()), int((~alone).sum()),
            int((alone & drawn).sum()), said.seconds, self.in_use, self.model.name,
            share, happened,
        )  # fmt: skip

    def _alone(self, rows: "Ints") -> "Mask":
        if self.in_use is None:
            return np.zeros(len(rows), np.bool_)
        return self.model.eligible[rows] & (self.model.score[rows] >= self.in_use)

    def _asked(self, rows: "Ints", truth: "Ints", drawn: "Mask", shown: "Mask") -> Said:
        """Let people answer: blind what was drawn, with a suggestion what only waits."""
        tops = [self.model.top[rows[drawn]]]
        if self.shadow is not None:
            tops.append(self.shadow.model.top[rows[drawn]])
        said = self._people.settle(truth[drawn], tops)
        self.doubles += said.doubles
        self.differed += said.differed
        self.answered |= dict(zip(rows[drawn].tolist(), said.label.tolist(), strict=True))
        waited = self._people.say(truth[shown])
        self.answered |= dict(zip(rows[shown].tolist(), waited.tolist(), strict=True))
        return said

    def _count(self, rows: "Ints", drawn: "Mask", said: Said, share: float) -> None:
        """Add what was drawn to the evidence, after the documents that made the plan."""
        labels = np.full(len(rows), -1)
        labels[drawn] = said.label
        if self.shadow is not None:
            self._pairs.add(self.model, self.shadow.model, rows[drawn], said.label, share)
        for evidence in (self.evidence, self.shadow):
            if evidence is None:
                continue
            begin = evidence.offer(rows, self.policy)
            counts = drawn.copy()
            counts[:begin] = False
            evidence.add(rows[counts], labels[counts], share)

    def _evening(self, day: int, rows: "Ints") -> str:
        words = [self._moved(), self._promoted(day, rows), self._retrained(day)]
        if self.evidence.plan is not None and self.in_use is not None:
            self._alarm_level = alarm_level(self.evidence.checks(), self.evidence.plan, self.in_use)
        self._volume = float(self._alone(rows).sum())
        return "; ".join(word for word in words if word)

    def _moved(self) -> str:
        if self.evidence.plan is None:
            return ""
        step = next_threshold(self.evidence.checks(), self.evidence.plan, self.in_use)
        if step is None:
            return ""
        before, self.in_use = self.in_use, step.threshold
        if step.alarm:
            self.evidence.clear()
            self._alarm_level = 0.0
            return f"alarm: threshold {_word(before)} -> {_word(self.in_use)}"
        return f"certified: threshold {_word(before)} -> {_word(self.in_use)}"

    def _promoted(self, day: int, rows: "Ints") -> str:
        """Promote the new model as the product does: by its gate, and with no automation lost."""
        new = self.shadow
        if new is None:
            return ""
        self._shadowed.append(rows)
        past = np.concatenate(self._shadowed)
        found = None if new.plan is None else certify(new.checks(), new.plan, in_use=None)
        threshold = None if found is None else found.threshold
        does, would = float(self._alone(past).mean()), 0.0
        if threshold is not None:
            would = float((new.model.eligible[past] & (new.model.score[past] >= threshold)).mean())
        days = len(self._shadowed)
        gate = evaluate_candidate(self._pairs.checks(), GatePlan())
        if gate.verdict is not GateVerdict.PASSED or threshold is None or would < does:
            if gate.verdict is not GateVerdict.FAILED and days < SHADOW_DAYS:
                return ""
            self.shadow = None
            self.retrainings.append(Retraining(new.model.name, day - days, None, does, would))
            figures = f"would sort {would:.1%} instead of {does:.1%}"
            return f"gave up {new.model.name}: {figures}; gate {gate.verdict}"
        self.retrainings.append(Retraining(new.model.name, day - days, day, does, would))
        self.evidence, self.shadow, self.in_use = new, None, threshold
        return f"promoted {new.model.name}: sorts {would:.1%} instead of {does:.1%}"

    def _retrained(self, day: int) -> str:
        if day not in self._retrain:
            return ""
        rows = np.array(sorted(self.answered), np.int64)
        labels = np.array([self.answered[row] for row in rows], np.int64)
        new, words = Evidence(self._retrain[day](rows, labels)), f"{len(rows)} answered documents"
        if not self._shadows:
            self.evidence, self.in_use, self._alarm_level = new, None, 0.0
            return f"retrained on {words}: {new.model.name} begins with nothing"
        self.shadow, self._shadowed, self._pairs = new, [], Pairs()
        return f"retrained on {words}: {new.model.name} is evaluated beside it"


def _word(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.3f}"


@dataclass(slots=True)
class Evidence:
    """The checks of one model, and its plan once there is one."""

    model: Seen
    plan: CertificationPlan | None = None
    rows: "list[Ints]" = field(default_factory=list)
    labels: "list[Ints]" = field(default_factory=list)
    shares: "list[NDArray[np.float64]]" = field(default_factory=list)

    def offer(self, rows: "Ints", policy: AutonomyPolicy) -> int:
        """Plan on the first documents; return how many of these are no evidence therefore."""
        if self.plan is not None:
            return 0
        places = np.flatnonzero(self.model.eligible[rows])[: policy.pilot_documents]
        if len(places) < policy.pilot_documents:
            return len(rows)
        self.plan = make_plan(self.model.score[rows[places]], policy)
        return int(places[-1]) + 1

    def add(self, rows: "Ints", labels: "Ints", share: float) -> None:
        """Add checks, in the order in which they were answered."""
        mine = self.model.eligible[rows]
        self.rows.append(rows[mine])
        self.labels.append(labels[mine])
        self.shares.append(np.full(int(mine.sum()), share))

    def checks(self) -> CheckedScores:
        """Return all of them."""
        if not self.rows:
            nothing = np.zeros(0)
            return CheckedScores(nothing, nothing.astype(np.bool_), nothing)
        rows = np.concatenate(self.rows)
        wrong = np.concatenate(self.labels) != self.model.top[rows]
        return CheckedScores(self.model.score[rows], wrong, np.concatenate(self.shares))

    def clear(self) -> None:
        """Forget the checks: they do not count any more."""
        for part in (self.rows, self.labels, self.shares):
            part.clear()


@dataclass(slots=True)
class Pairs:
    """Checks of a shadow evaluation, in the order of drawing."""

    truths: list[str] = field(default_factory=list)
    old_wrong: list[bool] = field(default_factory=list)
    new_wrong: list[bool] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def add(self, old: Seen, new: Seen, rows: "Ints", said: "Ints", share: float) -> None:
        """Add documents that people were asked about blind.

        Args:
            old: The model in use.
            new: The candidate.
            rows: Of the pool.
            said: Label that people gave each.
            share: With which probability each was drawn.
        """
        self.truths += [str(label) for label in said]
        self.old_wrong += (old.top[rows] != said).tolist()
        self.new_wrong += (new.top[rows] != said).tolist()
        self.shares += [share] * len(rows)

    def checks(self) -> PairedChecks:
        """Return them as the gate takes them."""
        return PairedChecks(
            tuple(self.truths),
            np.array(self.old_wrong, np.bool_),
            np.array(self.new_wrong, np.bool_),
            np.array(self.shares, np.float64),
        )
