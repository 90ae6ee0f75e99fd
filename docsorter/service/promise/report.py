"""What `docsorter promise` and `status` report of the promise, read from the store."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from docsorter.configuration import Configuration
from docsorter.decide.autonomy import MissRate
from docsorter.decide.policy import rule_key
from docsorter.documents import SortRule
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry, refuse_changed
from docsorter.service.engine import card_statement, policies_of, sort_rule
from docsorter.service.promise.evidence import (
    PromiseState,
    miss_rate,
    nothing_yet,
    read_promise_state,
    threshold_statement,
)
from docsorter.store import ChangeReason, CheckTally, PromiseChange, Store

_RECENT = 200
_MOST_CHANGES: Final = 10_000  # changes of one rule that are read; there are some dozens
WEEKS: Final = 8
_MOST_DOCUMENTS: Final = 20_000


class PromiseReader:
    """Reads the evidence about the model in use, without loading the model.

    Raises:
        ModelError: The model in use has no readable card, or was replaced since its promotion.
        SettingsError: The settings do not fit the model.
    """

    def __init__(self, configuration: Configuration, store: Store) -> None:
        settings = configuration.settings
        used = ModelRegistry(configuration.state / "models").in_use(settings.model.bundle)
        self._store = store
        self._promise = settings.promise
        self.card: ModelCard = read_card(used.path / CARD)
        """Of the model in use."""
        names = store.documents.label_names()
        policies = policies_of(self.card, settings.decide.policies, names)
        self.rule: SortRule = sort_rule(self.card, settings, policies)
        """Its rule as the settings make it."""
        self.rule_key: str = rule_key(refuse_changed(used), self.rule, self.card.labels)
        """What evidence about it belongs to."""

    def brief(self) -> str:
        """Return what the threshold in use rested on when it last changed; reads one row."""
        history = self._store.checks.promises(self.rule_key, limit=1)
        if history and history[0].threshold is not None:
            return threshold_statement(history[0])
        return nothing_yet(None, self._promise)

    def state(self) -> PromiseState:
        """Return how far the evidence has come, as the daemon has last moved the threshold."""
        return read_promise_state(self._store, self.rule_key, self._promise.pilot_documents)


def last_alarm(store: Store) -> PromiseChange | None:
    """Return the alarm that the threshold in use was moved by last; None when that was no alarm."""
    for moved in reversed(store.checks.promises(limit=_RECENT)):
        if moved.why is not ChangeReason.SAMPLING:
            return moved if moved.why is ChangeReason.ALARM else None
    return None


def alarm_words(alarm: PromiseChange) -> str:
    """Say what raised an alarm and what came of it."""
    wrong, checked = alarm.detail.get("alarm_errors"), alarm.detail.get("alarm_checked")
    before, now = alarm.detail.get("before"), alarm.threshold
    above = f" above {before:.4f}" if isinstance(before, float) else ""
    then = "nothing is sorted alone now" if now is None else f"the threshold is {now:.4f} now"
    return f"{wrong} of {checked} checks{above} were wrong; {then}"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of documents."""

    begins: dt.date
    documents: int
    alone: int

    @property
    def rate(self) -> float:
        """The automation rate, 0-1."""
        return self.alone / self.documents


@dataclass(frozen=True, slots=True)
class PromiseReport:
    """Everything about the promise in use.

    Attributes:
        rule: Key of its sort rule; evidence belongs to it.
        threshold: In use; None when nothing is sorted alone. In `starter` the card's.
        checked: Checks above it, or above the threshold that lacks least.
        errors: Of those wrong, or open.
        upper_bound: Of the error above it.
        needed: Least further checks, all right, until the next step; 0 when there is none.
        doubt: How near the alarm is; 1 is the alarm.
        before_it_begins: Documents still to come before evidence counts.
        share: Share of what could be sorted alone that is drawn for a blind answer.
        misses: What people are taken to miss, and what double looks have shown of it.
        unanswered: Documents that hold evidence up, since later ones were answered.
        weeks: Automation of the last weeks, the oldest first.
        history: Changes of the threshold under any rule, the oldest first.
    """

    autonomy: str
    model: str
    rule: str
    target: float
    confidence: float
    statement: str
    threshold: float | None
    checked: int
    errors: int
    upper_bound: float
    needed: int
    doubt: float
    before_it_begins: int
    share: float
    checks: CheckTally
    misses: MissRate
    unanswered: tuple[int, ...]
    weeks: tuple[Week, ...]
    history: tuple[PromiseChange, ...]


def report(configuration: Configuration, store: Store, now: dt.datetime) -> PromiseReport:
    """Read everything from the store; takes the same time for any number of documents."""
    settings, reader = configuration.settings, PromiseReader(configuration, store)
    state = reader.state()
    starter = settings.decide.autonomy == "starter"
    level = state.level or state.certification
    by_card = card_statement(reader.card, reader.rule.words)
    return PromiseReport(
        autonomy=settings.decide.autonomy,
        model=reader.card.name,
        rule=reader.rule_key,
        target=settings.promise.target_error,
        confidence=settings.promise.confidence,
        statement=by_card if starter else state.summary(settings.promise),
        threshold=reader.rule.threshold if starter else state.threshold,
        checked=0 if level is None else level.checked,
        errors=0 if level is None else level.errors,
        upper_bound=1.0 if level is None else level.upper_bound,
        needed=0 if state.certification is None else state.certification.needed,
        doubt=0.0 if state.certification is None else state.certification.alarm_level,
        before_it_begins=0 if state.change is not None else max(0, state.left),
        share=settings.promise.starter_share if starter else state.share,
        checks=store.checks.tally(reader.rule_key),
        misses=miss_rate(store, settings.promise),
        unanswered=state.unanswered,
        weeks=_weeks(store, now),
        history=tuple(store.checks.promises(limit=_MOST_CHANGES)),
    )


def _weeks(store: Store, now: dt.datetime) -> tuple[Week, ...]:
    begin = now - dt.timedelta(weeks=WEEKS)
    seen = store.documents.automated(begin, _MOST_DOCUMENTS)
    weeks: dict[int, list[bool]] = {}
    for at, alone in seen:
        weeks.setdefault((at - begin).days // 7, []).append(alone)
    return tuple(_week(begin, number, weeks[number]) for number in sorted(weeks))


def _week(begin: dt.datetime, number: int, alone: Sequence[bool]) -> Week:
    first = (begin + dt.timedelta(weeks=number)).astimezone().date()
    return Week(first, len(alone), sum(alone))
