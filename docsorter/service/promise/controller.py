"""Follows the evidence of a rule: fixes its plan, moves its threshold, says how much is checked."""

import dataclasses
import datetime as dt
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from docsorter.clock import Clock
from docsorter.decide.autonomy import MissRate, make_plan
from docsorter.decide.certification import CertificationPlan, alarm_level
from docsorter.decide.policy import at_threshold, is_eligible, score_of
from docsorter.documents import SortRule, Verdict, VerdictKind
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.service.engine import Sight
from docsorter.service.promise import evidence as words
from docsorter.service.promise.evidence import (
    Gathered,
    Position,
    evidence_after,
    first_move,
    gather,
    keeps_plan,
    missed,
    next_move,
    plan_of,
    policy_of,
    replanned,
    sampled,
    share_of,
    where,
)
from docsorter.service.workspace.process import LOGGER
from docsorter.settings import DecideSettings, PromiseSettings
from docsorter.store import SHADOW_RULE, ChangeReason, Draw, PromiseChange, Store

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
        history = self._store.checks.promises(rule, limit=1)
        moved = history[0] if history else None
        misses = missed(self._store, self._promise)
        if self._moves:
            moved = self._begun(rule, model, moved, misses)
        elif moved is not None and not keeps_plan(moved, self._promise, misses):
            moved = None  # promised something else; nothing is in use before the daemon has looked
        if moved is None:
            pilot = self._promise.pilot_documents
            left = pilot - len(self._store.checks.drawn_scores(rule, pilot))
            return where(None, gather(()), left=left)
        if self._moves:
            return where(*self._follow(moved))
        return where(
            moved, gather(self._store.checks.evidence(rule, after_id=evidence_after(moved)))
        )

    def _begun(
        self, rule: str, model: str, moved: PromiseChange | None, misses: MissRate
    ) -> PromiseChange | None:
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
        scores = self._store.checks.drawn_scores(rule, pilot)
        if len(scores) < pilot:
            return None
        grid = make_plan(np.array(scores), policy_of(self._promise))
        plan = replanned(grid, self._promise, misses)
        # what was drawn after the pilot counts, also where it came with a model that was promoted
        after = self._store.checks.pilot_end(rule, pilot)
        return self._write(first_move(model, rule, plan, after=after))

    def _follow(self, moved: PromiseChange) -> tuple[PromiseChange, Gathered]:
        """Move threshold and share until the evidence asks for nothing more."""
        last = self._store.checks.tally(moved.rule).last_id
        while True:
            plan = plan_of(moved)
            assert plan is not None, "a change is followed only while its plan is readable"
            evidence = self._store.checks.evidence(moved.rule, after_id=evidence_after(moved))
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
        self, moved: PromiseChange, gathered: Gathered, plan: CertificationPlan
    ) -> PromiseChange | None:
        found, volume = 0.0, 0.0
        if moved.threshold is not None:
            begins_anew = moved.why is ChangeReason.ALARM and moved.id == 0
            found = 0.0 if begins_anew else alarm_level(gathered.watched, plan, moved.threshold)
            volume = self._volume(moved.rule, moved.threshold)
        return sampled(moved, policy_of(self._promise), volume, found)

    def _write(self, moved: PromiseChange) -> PromiseChange:
        written = self._store.checks.add_promise(moved, actor=ACTOR)
        rested = f"{moved.checked} checks, {moved.errors} wrong"
        if moved.why is ChangeReason.SAMPLING:
            _LOG.info("of what could be sorted alone %.0f %% is checked", 100 * share_of(moved))
            return written
        level = logging.WARNING if moved.why is ChangeReason.ALARM else logging.INFO
        now = words.two_digits(moved.threshold)
        _LOG.log(level, "threshold in use is now %s (%s; %s)", now, moved.why, rested)
        return written

    def _volume(self, rule: str, threshold: float) -> float:
        """Estimate how many documents a day lie above a threshold, from those that were drawn.

        Each stands for 1 / inclusion documents (Horvitz and Thompson 1952).
        """
        now = self._clock.now()
        drawn = self._store.checks.drawn_since(rule, now - dt.timedelta(days=_VOLUME_DAYS))
        if not drawn:
            return 0.0
        days = max(1.0, (now - drawn[-1].at).total_seconds() / 86_400)
        return sum(1 / each.inclusion for each in drawn if each.score >= threshold) / days


_FRESH_SECONDS = 600.0  # how long the volume per day is taken for true
_REST = 10.0  # times as long as a look took passes before the next one
_MOST_RULES = 2  # the model in use and the one that it replaced
_PLAIN = SortRule(1.0, 1.0, 100.0)
Mark = tuple[int, dt.datetime | None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to happen to a document, after the evidence was asked.

    Attributes:
        verdict: What is decided.
        drawn: Set when chance chose the document for a blind answer.
        statement: How far the verdict is to be trusted.
        promise: What the threshold rests on; "" when nothing was earned.
    """

    verdict: Verdict
    drawn: Draw | None
    statement: str
    promise: str = ""


class Earning:
    """Applies what was earned to verdicts, and follows the evidence; safe for several threads.

    Args:
        store: Has the checks, and keeps the history of the threshold.
        decide: The settings [decide].
        promise: The settings [promise].
        clock: For the volume per day.
        chance: Returns a number from 0 up to 1; whoever is below the share is drawn.
        moves: Whether it moves the threshold; only the holder of the workspace's lock may. Others
            go by what it wrote last.
        rehearsal: Returns the least share of all documents that is drawn for a model that waits; 0
            while none does.
    """

    def __init__(
        self,
        store: Store,
        decide: DecideSettings,
        promise: PromiseSettings,
        clock: Clock,
        chance: Callable[[], float] | None = None,
        *,
        moves: bool = True,
        rehearsal: Callable[[], float] = float,
    ) -> None:
        self._rehearsal = rehearsal
        self._store = store
        self._follower = Follower(store, promise, clock, moves=moves)
        self._decide = decide
        self._promise = promise
        self._clock = clock
        self._chance = chance or random.SystemRandom().random
        self._lock = threading.Lock()
        self._positions: dict[str, Position] = {}
        self._models: dict[str, str] = {}
        self._mark: Mark | None = None
        self._volume_until = self._not_before = float("-inf")

    @property
    def is_earned(self) -> bool:
        """Whether autonomy has to be earned."""
        return self._decide.autonomy == "earned"

    def judge(self, sight: Sight) -> Judged:
        """Return what becomes of a document, and whether it is drawn for a blind answer."""
        verdict = sight.verdict
        if not is_eligible(verdict):
            return Judged(verdict, self._rehearsed(sight), sight.statement)
        if not self.is_earned:
            # Below the threshold as well, so that the evidence is one for every threshold.
            return Judged(verdict, self._drawn(sight, self._promise.starter_share), sight.statement)
        return self._earned(sight, self.position(sight.rule_key, sight.prediction.model))

    def position(self, rule: str, model: str) -> Position:
        """Return where the evidence of a rule stands, as of the last look at it."""
        found = self._positions.get(rule)
        if found is not None and found.moved is not None:
            return found
        with self._lock:
            found = self._positions.get(rule)
            if found is None or found.moved is None:  # the pilot grows with every document
                self._models[rule] = model
                found = self._positions[rule] = self._follower.look(rule, model)
                while len(self._positions) > _MOST_RULES:
                    del self._positions[next(iter(self._positions))]
            return found

    def says(self, rule: str, model: str, starter: str) -> str:
        """Return what every surface prints about a model, `starter` while nothing is earned."""
        if not self.is_earned:
            return starter
        return self.position(rule, model).says(self._promise)

    def due(self) -> bool:
        """Say whether somebody answered since the last look; costs two look-ups in an index."""
        if not self.is_earned or self._clock.monotonic() < self._not_before:
            return False
        try:
            return self._store.review.answers_version() != self._mark
        except (StoreError, EnvironmentFaultError):
            return False  # the daemon's next tick meets it as well, and pauses

    def tick(self) -> None:
        """Look at the evidence again if somebody answered, or the volume is no longer known.

        Raises:
            StoreError: The database cannot be used just now.
        """
        if not self.is_earned or self._clock.monotonic() < self._not_before:
            return
        began = self._clock.monotonic()
        mark = self._store.review.answers_version()
        if mark == self._mark and self._clock.monotonic() < self._volume_until:
            return
        with self._lock:
            for rule in list(self._positions):
                self._positions[rule] = self._follower.look(rule, self._models[rule])
        self._mark = mark
        ended = self._clock.monotonic()
        self._volume_until = ended + _FRESH_SECONDS
        self._not_before = ended + _REST * (ended - began)

    def _earned(self, sight: Sight, position: Position) -> Judged:
        prediction, plan, rule = sight.prediction, position.plan, sight.rule or _PLAIN
        asked = self._asked(position)
        matters = plan is None or score_of(prediction, rule) >= plan.thresholds[-1]
        rehearsal = self._rehearsal()
        share = max(position.share, rehearsal)
        drawn = self._drawn(sight, share if matters or rehearsal > 0 else 0.0)
        if asked is not None:
            verdict = at_threshold(prediction, rule, asked)
        elif matters:
            kind, label = VerdictKind.REVIEW, prediction.label
            verdict = Verdict(kind, position.reason, label, prediction.confidence)
        else:
            assert plan is not None
            verdict = at_threshold(prediction, rule, plan.thresholds[-1])
        statement = self.says(sight.rule_key, prediction.model, sight.statement)
        return Judged(verdict, drawn, statement, position.statement)

    def _asked(self, position: Position) -> float | None:
        """Return the threshold that documents meet: what was earned, or what is asked beyond it."""
        if position.threshold is None:
            return None
        return max(position.threshold, self._decide.threshold or 0.0)

    def _rehearsed(self, sight: Sight) -> Draw | None:
        """Draw a document that goes to a person anyway, since a waiting model may be sure of it.

        It has the same chance as all others, and is no evidence for the model in use.
        """
        rehearsal = self._rehearsal() if self.is_earned else 0.0
        if rehearsal <= 0:
            return None
        position = self.position(sight.rule_key, sight.prediction.model)
        drawn = self._drawn(sight, max(position.share, rehearsal))
        label = sight.verdict.label
        if drawn is None:
            return None
        return dataclasses.replace(drawn, rule=SHADOW_RULE, label=label or drawn.label)

    def _drawn(self, sight: Sight, share: float) -> Draw | None:
        if share <= 0 or (share < 1 and self._chance() >= share):
            return None
        prediction = sight.prediction
        score = score_of(prediction, sight.rule or _PLAIN)
        return Draw(sight.rule_key, prediction.model, prediction.label, score, share)
