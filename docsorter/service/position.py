"""Where the evidence of one rule stands, made out of the store without changing it."""

import dataclasses
from dataclasses import dataclass

from docsorter.decide.earned import EarnPlan, Standing, standing
from docsorter.documents import Reason
from docsorter.service import earning_words as words
from docsorter.service.evidence import evidence_after, gather, plan_of
from docsorter.service.promise_moves import level_of
from docsorter.settings import PromiseSettings
from docsorter.store import PromiseMove, Store, Why


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
        if moved.why is Why.ALARM or self.level is None:
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


def where(
    store: Store,
    rule: str,
    moved: PromiseMove | None,
    *,
    pilot: int,
    share: float = 1.0,
) -> Position:
    """Return where the evidence of a rule stands after the last change of its threshold.

    Args:
        store: Has the checks.
        rule: Key of the sort rule.
        moved: That change; None before the evidence has begun.
        pilot: Documents that are drawn before it begins.
        share: With which probability documents are drawn.
    """
    plan = None if moved is None else plan_of(moved)
    if moved is None or plan is None:
        return Position(left=pilot - len(store.drawn_scores(rule, pilot)))
    gathered = gather(store.evidence(rule, after_id=evidence_after(moved)))
    found = standing(gathered.counted, plan, in_use=None)
    level = None
    if moved.threshold is not None:
        watched = standing(gathered.watched, plan, in_use=moved.threshold)
        found = dataclasses.replace(found, alarm=watched.alarm, doubt=watched.doubt)
        level = level_of(gathered.counted, plan, moved.threshold)
    return Position(moved, plan, found, level, share=share, unanswered=gathered.unanswered)
