"""The department under `earned`, day by day: what is drawn, what people say, what that allows."""

from typing import TYPE_CHECKING

import numpy as np

from bench.department.arrivals import Arrivals
from bench.department.days import Day, Retraining
from bench.department.evidence import Evidence, Pairs
from bench.department.models import Seen
from bench.department.people import People, Said
from docsorter.decide.autonomy import EarnPolicy, next_step, share_checked
from docsorter.decide.certification import doubt, standing
from docsorter.decide.gate import GatePlan, GateVerdict, judge_candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


class EarnedDepartment:
    """A department whose model earns its autonomy.

    Args:
        model: It begins with.
        arrivals: What comes.
        policy: What is set.
        seed: Of draws and slips.
        retrain: By day on whose evening it happens: makes a model of answered rows and answers.
        rehearses: Whether a new model gathers its own evidence beside the old one. If not, it takes
            over at once and has to begin with nothing.
    """

    def __init__(
        self,
        model: Seen,
        arrivals: Arrivals,
        policy: EarnPolicy,
        seed: int,
        retrain: "Mapping[int, Callable[[Ints, Ints], Seen]] | None" = None,
        *,
        rehearses: bool = True,
    ) -> None:
        self.arrivals, self.policy = arrivals, policy
        self._retrain, self._rehearses = retrain or {}, rehearses
        self._rng = np.random.default_rng([seed, 5])
        self._people = People(seed)
        self.evidence = Evidence(model)
        self.rehearsal: Evidence | None = None
        self._pairs = Pairs()
        self.in_use: float | None = None
        self.doubles = self.differed = 0
        self.answered: dict[int, int] = {}
        self.retrainings: list[Retraining] = []
        self._volume = 0.0
        self._doubt = 0.0
        self._rehearsed: list[Ints] = []

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
            doubt=self._doubt,
            rehearsing=self.rehearsal is not None,
        )
        alone = self._alone(rows)
        # A new model may find other documents eligible, so that it asks about a share of all.
        asked = self.model.eligible[rows] | (self.rehearsal is not None)
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
        if self.rehearsal is not None:
            tops.append(self.rehearsal.model.top[rows[drawn]])
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
        if self.rehearsal is not None:
            self._pairs.add(self.model, self.rehearsal.model, rows[drawn], said.label, share)
        for evidence in (self.evidence, self.rehearsal):
            if evidence is None:
                continue
            begin = evidence.offer(rows, self.policy)
            counts = drawn.copy()
            counts[:begin] = False
            evidence.add(rows[counts], labels[counts], share)

    def _evening(self, day: int, rows: "Ints") -> str:
        words = [self._moved(), self._promoted(day, rows), self._retrained(day)]
        if self.evidence.plan is not None and self.in_use is not None:
            self._doubt = doubt(self.evidence.checks(), self.evidence.plan, self.in_use)
        self._volume = float(self._alone(rows).sum())
        return "; ".join(word for word in words if word)

    def _moved(self) -> str:
        if self.evidence.plan is None:
            return ""
        step = next_step(self.evidence.checks(), self.evidence.plan, self.in_use)
        if step is None:
            return ""
        before, self.in_use = self.in_use, step.threshold
        if step.alarm:
            self.evidence.clear()
            self._doubt = 0.0
            return f"alarm: threshold {_word(before)} -> {_word(self.in_use)}"
        return f"certified: threshold {_word(before)} -> {_word(self.in_use)}"

    def _promoted(self, day: int, rows: "Ints") -> str:
        """Promote the new model as the product does: by its gate, and with no automation lost."""
        new = self.rehearsal
        if new is None:
            return ""
        self._rehearsed.append(rows)
        past = np.concatenate(self._rehearsed)
        found = None if new.plan is None else standing(new.checks(), new.plan, in_use=None)
        threshold = None if found is None else found.threshold
        does, would = float(self._alone(past).mean()), 0.0
        if threshold is not None:
            would = float((new.model.eligible[past] & (new.model.score[past] >= threshold)).mean())
        days = len(self._rehearsed)
        gate = judge_candidate(self._pairs.checks(), GatePlan())
        if gate.verdict is not GateVerdict.PASSED or threshold is None or would < does:
            if gate.verdict is not GateVerdict.FAILED and days < self.policy.rehearsal_days:
                return ""
            self.rehearsal = None
            self.retrainings.append(Retraining(new.model.name, day - days, None, does, would))
            figures = f"would sort {would:.1%} instead of {does:.1%}"
            return f"gave up {new.model.name}: {figures}; gate {gate.verdict}"
        self.retrainings.append(Retraining(new.model.name, day - days, day, does, would))
        self.evidence, self.rehearsal, self.in_use = new, None, threshold
        return f"promoted {new.model.name}: sorts {would:.1%} instead of {does:.1%}"

    def _retrained(self, day: int) -> str:
        if day not in self._retrain:
            return ""
        rows = np.array(sorted(self.answered), np.int64)
        labels = np.array([self.answered[row] for row in rows], np.int64)
        new, words = Evidence(self._retrain[day](rows, labels)), f"{len(rows)} answered documents"
        if not self._rehearses:
            self.evidence, self.in_use, self._doubt = new, None, 0.0
            return f"retrained on {words}: {new.model.name} begins with nothing"
        self.rehearsal, self._rehearsed, self._pairs = new, [], Pairs()
        return f"retrained on {words}: {new.model.name} rehearses"


def _word(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.3f}"
