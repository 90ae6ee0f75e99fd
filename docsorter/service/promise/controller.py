"""Decides what is sorted alone, and moves the threshold of a rule as its evidence allows."""

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
from docsorter.service.engine import Inspection
from docsorter.service.promise.evidence import (
    PromiseState,
    RuleEvidence,
    first_change,
    gather_evidence,
    keeps_plan,
    last_excluded_check,
    miss_rate,
    next_change,
    plan_of,
    policy_of,
    promise_state,
    read_promise_state,
    replanned,
    sampling_change,
    share_of,
    two_digits,
)
from docsorter.service.workspace.process import LOGGER
from docsorter.settings import DecideSettings, PromiseSettings
from docsorter.store import SHADOW_RULE, ChangeReason, Draw, PromiseChange, Store

_LOG = logging.getLogger(LOGGER)
_VOLUME_DAYS = 28.0
ACTOR = "daemon"
_FRESH_SECONDS = 600.0  # how long the volume per day counts as known
_REST = 10.0  # times as long as reading took passes before the next time
_MOST_RULES = 2  # the model in use and the one that it replaced
_PLAIN = SortRule(1.0, 1.0, 100.0)
Mark = tuple[int, dt.datetime | None]


class ThresholdController:
    """Moves the threshold of a rule as all its checks allow, and records every change.

    Args:
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

    def update(self, rule: str, model: str) -> PromiseState:
        """Read the evidence of a rule, and move its threshold as it asks."""
        pilot = self._promise.pilot_documents
        misses = miss_rate(self._store, self._promise)
        history = self._store.checks.promises(rule, limit=1)
        last = history[0] if history else None
        keeps = last is not None and keeps_plan(last, self._promise, misses)
        if not self._moves and (last is None or keeps):
            return read_promise_state(self._store, rule, pilot)
        if self._moves and not keeps:
            last = self._begin(rule, model, last, misses)
        if last is None or not self._moves:
            # What promised something else is not in use before the daemon has read the evidence.
            return PromiseState(left=pilot - len(self._store.checks.drawn_scores(rule, pilot)))
        return promise_state(*self._follow(last))

    def _begin(
        self, rule: str, model: str, last: PromiseChange | None, misses: MissRate
    ) -> PromiseChange | None:
        """Fix the plan of a rule, once enough scores are known, or anew for another target."""
        grid = None if last is None else plan_of(last)
        if last is not None and grid is not None:
            plan, after = replanned(grid, self._promise, misses), last_excluded_check(last)
            return self._write(
                first_change(last.model, rule, plan, after=after, before=last.threshold)
            )
        pilot = self._promise.pilot_documents
        scores = self._store.checks.drawn_scores(rule, pilot)
        if len(scores) < pilot:
            return None
        grid = make_plan(np.array(scores), policy_of(self._promise))
        plan = replanned(grid, self._promise, misses)
        # what was drawn after the pilot counts, also where it came with a model that was promoted
        after = self._store.checks.pilot_end(rule, pilot)
        return self._write(first_change(model, rule, plan, after=after))

    def _follow(self, last: PromiseChange) -> tuple[PromiseChange, RuleEvidence]:
        """Move threshold and share until the evidence asks for nothing more."""
        drawn_until = self._store.checks.tally(last.rule).last_id
        while True:
            plan = plan_of(last)
            assert plan is not None, "a change is followed only while its plan is readable"
            evidence = self._store.checks.evidence(last.rule, after_id=last_excluded_check(last))
            gathered = gather_evidence(evidence)
            change = next_change(last, gathered, plan, drawn_until=drawn_until)
            sampling = self._sampling(change or last, gathered, plan)
            if change is not None and sampling is not None:  # both are one change
                change = dataclasses.replace(change, detail=sampling.detail)
            change = change or sampling
            if change is None:
                return last, gathered
            last = self._write(dataclasses.replace(change, last_check_id=gathered.last_id))

    def _sampling(
        self, change: PromiseChange, gathered: RuleEvidence, plan: CertificationPlan
    ) -> PromiseChange | None:
        doubted, volume = 0.0, 0.0
        if change.threshold is not None:
            begins_anew = change.why is ChangeReason.ALARM and change.id == 0
            doubted = 0.0 if begins_anew else alarm_level(gathered.watched, plan, change.threshold)
            volume = self._volume(change.rule, change.threshold)
        return sampling_change(change, policy_of(self._promise), volume, doubted)

    def _write(self, change: PromiseChange) -> PromiseChange:
        written = self._store.checks.add_promise(change, actor=ACTOR)
        if change.why is ChangeReason.SAMPLING:
            _LOG.info("%.0f %% of what could be sorted alone is checked", 100 * share_of(change))
            return written
        level = logging.WARNING if change.why is ChangeReason.ALARM else logging.INFO
        rests = f"{change.checked} checks, {change.errors} wrong"
        now = two_digits(change.threshold)
        _LOG.log(level, "threshold in use is now %s (%s; %s)", now, change.why, rests)
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a document, by its verdict and the evidence about its rule.

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


class AutonomyController:
    """Decides by verdict and certified threshold; safe for several threads.

    Args:
        chance: Returns a number from 0 up to 1; whoever is below the share is drawn.
        moves: Whether it moves the threshold; only the holder of the workspace's lock may. Others
            go by what it wrote last.
        shadow_share: Returns the least share of all documents that is drawn for a candidate; 0
            without one.
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
        shadow_share: Callable[[], float] = float,
    ) -> None:
        self._shadow_share = shadow_share
        self._store = store
        self._controller = ThresholdController(store, promise, clock, moves=moves)
        self._decide = decide
        self._promise = promise
        self._clock = clock
        self._chance = chance or random.SystemRandom().random
        self._lock = threading.Lock()
        self._states: dict[str, PromiseState] = {}
        self._models: dict[str, str] = {}
        self._mark: Mark | None = None
        self._volume_until = self._not_before = float("-inf")

    @property
    def is_earned(self) -> bool:
        """Whether autonomy has to be earned."""
        return self._decide.autonomy == "earned"

    def decide(self, inspection: Inspection) -> Decision:
        """Return what becomes of a document, and whether it is drawn for a blind answer."""
        verdict = inspection.verdict
        if not is_eligible(verdict):
            return Decision(verdict, self._shadow_drawn(inspection), inspection.statement)
        if not self.is_earned:
            # Below the threshold as well, so that the evidence is one for every threshold.
            return Decision(
                verdict, self._drawn(inspection, self._promise.starter_share), inspection.statement
            )
        return self._earned(
            inspection, self.state(inspection.rule_key, inspection.prediction.model)
        )

    def state(self, rule: str, model: str) -> PromiseState:
        """Return where the evidence of a rule stands, as last read."""
        found = self._states.get(rule)
        if found is not None and found.change is not None:
            return found
        with self._lock:
            found = self._states.get(rule)
            if found is None or found.change is None:  # the pilot grows with every document
                self._models[rule] = model
                found = self._states[rule] = self._controller.update(rule, model)
                while len(self._states) > _MOST_RULES:
                    del self._states[next(iter(self._states))]
            return found

    def summary(self, rule: str, model: str, starter: str) -> str:
        """Return what every surface prints about a model, `starter` while nothing is earned."""
        if not self.is_earned:
            return starter
        return self.state(rule, model).summary(self._promise)

    def due(self) -> bool:
        """Say whether somebody answered since the evidence was read; two look-ups in an index."""
        if not self.is_earned or self._clock.monotonic() < self._not_before:
            return False
        try:
            return self._store.review.answers_version() != self._mark
        except (StoreError, EnvironmentFaultError):
            return False  # the daemon's next tick meets it as well, and pauses

    def tick(self) -> None:
        """Read the evidence again if somebody answered, or the volume is no longer known."""
        if not self.is_earned or self._clock.monotonic() < self._not_before:
            return
        began = self._clock.monotonic()
        mark = self._store.review.answers_version()
        if mark == self._mark and self._clock.monotonic() < self._volume_until:
            return
        with self._lock:
            for rule in list(self._states):
                self._states[rule] = self._controller.update(rule, self._models[rule])
        self._mark = mark
        ended = self._clock.monotonic()
        self._volume_until = ended + _FRESH_SECONDS
        self._not_before = ended + _REST * (ended - began)

    def _earned(self, inspection: Inspection, state: PromiseState) -> Decision:
        prediction, plan, rule = inspection.prediction, state.plan, inspection.rule or _PLAIN
        asked = self._asked(state)
        matters = plan is None or score_of(prediction, rule) >= plan.thresholds[-1]
        shadow_share = self._shadow_share()
        share = max(state.share, shadow_share)
        drawn = self._drawn(inspection, share if matters or shadow_share > 0 else 0.0)
        if asked is not None:
            verdict = at_threshold(prediction, rule, asked)
        elif matters:
            kind, label = VerdictKind.REVIEW, prediction.label
            verdict = Verdict(kind, state.reason, label, prediction.confidence)
        else:
            assert plan is not None
            verdict = at_threshold(prediction, rule, plan.thresholds[-1])
        statement = self.summary(inspection.rule_key, prediction.model, inspection.statement)
        return Decision(verdict, drawn, statement, state.statement)

    def _asked(self, state: PromiseState) -> float | None:
        """Return the threshold that documents meet: what was earned, or what is asked beyond it."""
        if state.threshold is None:
            return None
        return max(state.threshold, self._decide.threshold or 0.0)

    def _shadow_drawn(self, inspection: Inspection) -> Draw | None:
        """Draw a document that goes to a person anyway, since a waiting model may be sure of it.

        It has the same chance as all others, and is no evidence for the model in use.
        """
        shadow_share = self._shadow_share() if self.is_earned else 0.0
        if shadow_share <= 0:
            return None
        state = self.state(inspection.rule_key, inspection.prediction.model)
        drawn = self._drawn(inspection, max(state.share, shadow_share))
        label = inspection.verdict.label
        if drawn is None:
            return None
        return dataclasses.replace(drawn, rule=SHADOW_RULE, label=label or drawn.label)

    def _drawn(self, inspection: Inspection, share: float) -> Draw | None:
        if share <= 0 or (share < 1 and self._chance() >= share):
            return None
        prediction = inspection.prediction
        score = score_of(prediction, inspection.rule or _PLAIN)
        return Draw(inspection.rule_key, prediction.model, prediction.label, score, share)
