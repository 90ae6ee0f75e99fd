"""Follows the evidence of a rule: fixes its plan, moves its threshold, says how much is drawn."""

import dataclasses
import datetime as dt
import logging

import numpy as np

from docsorter.clock import Clock
from docsorter.decide.autonomy import make_plan
from docsorter.decide.double_looks import MissRate
from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.earned import doubt
from docsorter.service import earning_words as words
from docsorter.service.evidence import (
    Gathered,
    evidence_after,
    gather,
    keeps_plan,
    missed,
    plan_of,
    policy_of,
    replanned,
    share_of,
)
from docsorter.service.log import LOGGER
from docsorter.service.position import Position, where
from docsorter.service.promise_moves import first_move, next_move, sampled
from docsorter.settings import PromiseSettings
from docsorter.store import PromiseMove, Store, Why

_LOG = logging.getLogger(LOGGER)
_VOLUME_DAYS = 28.0
ACTOR = "daemon"


class Follower:
    """Reckons with all checks of a rule and writes every change down.

    Args:
        store: Has the checks, and keeps the history of the threshold.
        promise: The settings [promise].
        clock: For the volume per day.
        moves: Whether it moves the threshold; only the holder of the workspace's lock may. Others
            go by what it wrote last.
    """

    def __init__(
        self, store: Store, promise: PromiseSettings, clock: Clock, *, moves: bool = True
    ) -> None:
        self._store = store
        self._promise = promise
        self._clock = clock
        self._moves = moves

    def look(self, rule: str, model: str) -> Position:
        """Read the evidence of a rule, and move its threshold as it asks.

        Args:
            rule: Key of the sort rule.
            model: Name of the model, for the history.

        Raises:
            StoreError: The database cannot be used just now.
        """
        history = self._store.promises(rule, limit=1)
        moved = history[0] if history else None
        misses = missed(self._store, self._promise)
        if self._moves:
            moved = self._begun(rule, model, moved, misses)
        elif moved is not None and not keeps_plan(moved, self._promise, misses):
            moved = None  # promised something else; nothing is in use before the daemon has looked
        if moved is None:
            pilot = self._promise.pilot_documents
            left = pilot - len(self._store.drawn_scores(rule, pilot))
            return where(None, gather(()), left=left)
        if self._moves:
            return where(*self._follow(moved))
        return where(moved, gather(self._store.evidence(rule, after_id=evidence_after(moved))))

    def _begun(
        self, rule: str, model: str, moved: PromiseMove | None, misses: MissRate
    ) -> PromiseMove | None:
        """Fix the plan of a rule, once enough scores are known, or anew for another target."""
        if moved is not None and keeps_plan(moved, self._promise, misses):
            return moved
        grid = None if moved is None else plan_of(moved)
        if moved is not None and grid is not None:
            plan, after = replanned(grid, self._promise, misses), evidence_after(moved)
            return self._write(
                first_move(moved.model, rule, plan, after=after, before=moved.threshold)
            )
        pilot = self._promise.pilot_documents
        scores = self._store.drawn_scores(rule, pilot)
        if len(scores) < pilot:
            return None
        grid = make_plan(np.array(scores), policy_of(self._promise))
        plan = replanned(grid, self._promise, misses)
        # what was drawn after the pilot counts, also where it came with a model that was promoted
        after = self._store.pilot_end(rule, pilot)
        return self._write(first_move(model, rule, plan, after=after))

    def _follow(self, moved: PromiseMove) -> tuple[PromiseMove, Gathered]:
        """Move threshold and share until the evidence asks for nothing more."""
        last = self._store.check_tally(moved.rule).last_id
        while True:
            plan = plan_of(moved)
            assert plan is not None, "a change is followed only while its plan is readable"
            evidence = self._store.evidence(moved.rule, after_id=evidence_after(moved))
            gathered = gather(evidence)
            following = next_move(moved, gathered, plan, drawn_until=last)
            drawn = self._sampled(following or moved, gathered, plan)
            if following is not None and drawn is not None:  # both are one change
                following = dataclasses.replace(following, detail=drawn.detail)
            change = following or drawn
            if change is None:
                return moved, gathered
            change = dataclasses.replace(change, last_check_id=gathered.last_id)
            moved = self._write(change)

    def _sampled(
        self, moved: PromiseMove, gathered: Gathered, plan: EarnPlan
    ) -> PromiseMove | None:
        found, volume = 0.0, 0.0
        if moved.threshold is not None:
            begins_anew = moved.why is Why.ALARM and moved.id == 0
            found = 0.0 if begins_anew else doubt(gathered.watched, plan, moved.threshold)
            volume = self._volume(moved.rule, moved.threshold)
        return sampled(moved, policy_of(self._promise), volume, found)

    def _write(self, moved: PromiseMove) -> PromiseMove:
        written = self._store.add_promise(moved, actor=ACTOR)
        rested = f"{moved.checked} checks, {moved.errors} wrong"
        if moved.why is Why.SAMPLING:
            _LOG.info("of what could be sorted alone %.0f %% is checked", 100 * share_of(moved))
            return written
        level = logging.WARNING if moved.why is Why.ALARM else logging.INFO
        now = words.two_digits(moved.threshold)
        _LOG.log(level, "threshold in use is now %s (%s; %s)", now, moved.why, rested)
        return written

    def _volume(self, rule: str, threshold: float) -> float:
        """Estimate how many documents a day lie above a threshold, from those that were drawn.

        Each stands for 1 / inclusion documents (Horvitz and Thompson 1952).
        """
        now = self._clock.now()
        drawn = self._store.drawn_since(rule, now - dt.timedelta(days=_VOLUME_DAYS))
        if not drawn:
            return 0.0
        days = max(1.0, (now - drawn[-1].at).total_seconds() / 86_400)
        return sum(1 / each.inclusion for each in drawn if each.score >= threshold) / days
