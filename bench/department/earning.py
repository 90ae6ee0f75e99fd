"""The department under `earned`, day by day: what is drawn, what people say, what that allows."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.department.arrivals import Arrivals
from bench.department.models import Seen
from bench.department.people import People, Said
from docsorter.decide.autonomy import EarnPolicy, make_plan, next_step, share_checked
from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import CheckedScores, doubt, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Day:
    """What a day brought.

    Attributes:
        arrived: Documents.
        sorted_alone: Sorted without waiting for a person.
        wrong: Of those, to a wrong label.
        unseen: Of those sorted alone, never shown to anybody.
        decided: Answers that a document waited for.
        checks: Answers about documents that were sorted already.
        seconds: Second looks at disagreements, and looks that compare people.
        threshold: In use in the evening; None: none.
        model: In use in the evening.
        share: Of the eligible documents, drawn for a check.
        happened: What changed, in words; "" for nothing.
    """

    arrived: int
    sorted_alone: int
    wrong: int
    unseen: int
    decided: int
    checks: int
    seconds: int
    threshold: float | None
    model: str
    share: float
    happened: str = ""

    @property
    def answers(self) -> int:
        """All answers that people gave."""
        return self.decided + self.checks + self.seconds


@dataclass(frozen=True, slots=True)
class Retraining:
    """What became of one new model.

    Attributes:
        model: Its name.
        trained: Day on whose evening it was trained.
        promoted: Day on whose evening it replaced the old one; None: it was given up.
        before: Share of the documents of its rehearsal that the old model would sort alone by the
            threshold it had in the end.
        after: The same of the new one.
    """

    model: str
    trained: int
    promoted: int | None
    before: float
    after: float


@dataclass(slots=True)
class Evidence:
    """The checks of one model, and its plan once there is one."""

    model: Seen
    plan: EarnPlan | None = None
    rows: "list[Ints]" = field(default_factory=list)
    labels: "list[Ints]" = field(default_factory=list)
    shares: "list[NDArray[np.float64]]" = field(default_factory=list)

    def offer(self, rows: "Ints", policy: EarnPolicy) -> int:
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
        """Promote the new model once its own evidence allows at least as much as the old one's."""
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
        if threshold is None or would < does:
            if days < self.policy.rehearsal_days:
                return ""
            self.rehearsal = None
            self.retrainings.append(Retraining(new.model.name, day - days, None, does, would))
            return f"gave up {new.model.name}: would sort {would:.1%} instead of {does:.1%}"
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
        self.rehearsal, self._rehearsed = new, []
        return f"retrained on {words}: {new.model.name} rehearses"


def _word(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.3f}"


def run_starter(model: Seen, arrivals: Arrivals) -> list[Day]:
    """Return the days of a department that sorts at the threshold on the model's card."""
    days = []
    for day in range(arrivals.days):
        here = arrivals.of_day(day)
        rows, truth = arrivals.rows[here], arrivals.truth[here]
        alone = model.eligible[rows] & (model.score[rows] >= model.threshold)
        wrong = int((alone & (model.top[rows] != truth)).sum())
        volume = int(alone.sum())
        days.append(
            Day(
                len(rows),
                volume,
                wrong,
                volume,
                len(rows) - volume,
                0,
                0,
                model.threshold,
                model.name,
                0.0,
            )
        )
    return days
