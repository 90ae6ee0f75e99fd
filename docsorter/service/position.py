"""Where the evidence of one rule stands, made out of the store without changing it."""

import dataclasses
from dataclasses import dataclass
from typing import Final

from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import Standing, doubt, standing
from docsorter.documents import Reason
from docsorter.service import earning_words as words
from docsorter.service.evidence import (
    Gathered,
    evidence_after,
    gather,
    is_carried,
    plan_of,
    share_of,
)
from docsorter.service.promise_moves import level_of
from docsorter.settings import PromiseSettings
from docsorter.store import PromiseMove, Store

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

    moved: PromiseMove | None = None
    plan: EarnPlan | None = None
    standing: Standing | None = None
    level: Standing | None = None
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
            return words.carried_statement(moved)
        return words.certified_statement(moved, self.level)

    @property
    def reason(self) -> Reason:
        """Why a document goes to a person while nothing is certified."""
        if self.standing is None:
            return words.pilot_reason(self.left)
        return words.earning_reason(self.standing)

    def says(self, promise: PromiseSettings) -> str:
        """Return what every surface prints of it."""
        return self.statement or words.nothing_yet(
            self.standing, promise.target_error, promise.confidence
        )


def where(moved: PromiseMove | None, gathered: Gathered, *, left: int = 0) -> Position:
    """Return where the evidence of a rule stands after the last change.

    Args:
        moved: That change; None before the evidence has begun.
        gathered: The evidence that counts since then.
        left: Documents still to be drawn before it begins.
    """
    plan = None if moved is None else plan_of(moved)
    if moved is None or plan is None:
        return Position(left=left)
    found = standing(gathered.counted, plan, in_use=None)
    level = None
    if moved.threshold is not None:
        doubted = doubt(gathered.watched, plan, moved.threshold)
        found = dataclasses.replace(found, alarm=doubted >= 1, doubt=doubted)
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
    history = store.promises(rule, limit=1)
    moved = history[0] if history else None
    if moved is None:
        return where(None, gather(()), left=pilot - len(store.drawn_scores(rule, pilot)))
    evidence = store.evidence(rule, after_id=evidence_after(moved))
    return where(moved, gather(evidence))
