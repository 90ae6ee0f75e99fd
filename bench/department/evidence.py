"""What is known of a model by its checks: its own evidence, and how it compares with another."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.department.models import Seen
from docsorter.decide.autonomy import EarnPolicy, make_plan
from docsorter.decide.certification import CheckedScores, EarnPlan
from docsorter.decide.gate import PairedChecks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


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


@dataclass(slots=True)
class Pairs:
    """Checks of a rehearsal, in the order of drawing."""

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
