"""`docsorter what-if`: what another promise would cost, from what is stored already."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from docsorter.configuration import Configuration
from docsorter.decide.autonomy import EarnPolicy, make_plan
from docsorter.decide.earn_plan import EarnPlan
from docsorter.decide.what_if import PastDocuments, WhatIf, what_if
from docsorter.documents import SortRule
from docsorter.errors import UsageError
from docsorter.service import what_if_words as words
from docsorter.service.evidence import Gathered, evidence_after, gather, missed, plan_of, policy_of
from docsorter.service.promise_view import Viewer
from docsorter.service.what_if_window import Window, look
from docsorter.store import Store

_MOST_MISTAKES: Final = 10_000
_LEAST_CONFIDENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What another promise would mean.

    Attributes:
        target: Error rate that is asked about.
        confidence: Confidence level that is asked about.
        threshold: That it needs; None when nothing could be sorted alone.
        certified: Whether the checks so far certify it; otherwise it is an estimate: by the
            checks, and before the first of them by the model's own confidence.
        needed: Least further checks, all right, until something is certified.
        threshold_now: In use.
        days: Days that were looked at.
        documents: Documents of those days.
        reviews_a_day: Documents that a person is asked about in a day, checks left out.
        more_reviews_a_day: How many more that would be; negative for fewer.
        mistakes: Documents sorted alone that checks found wrong, under the model in use.
        caught: Of those, the ones that would have gone to a person.
        threshold_words: The threshold in words.
        review_words: The reviews in words.
        caught_words: The mistakes in words.
        unknown: What cannot be said, one sentence each.
    """

    target: float
    confidence: float
    threshold: float | None
    certified: bool
    needed: int
    threshold_now: float | None
    days: float
    documents: int
    reviews_a_day: float
    more_reviews_a_day: float
    mistakes: int
    caught: tuple[int, ...]
    threshold_words: str
    review_words: str
    caught_words: str
    unknown: tuple[str, ...]


def ask(
    configuration: Configuration,
    store: Store,
    now: dt.datetime,
    *,
    target: float,
    confidence: float | None = None,
    days: int = 28,
) -> Answer:
    """Answer from stored predictions and settled checks; changes nothing.

    Args:
        configuration: The workspace.
        store: Its database.
        now: Until when.
        target: Error rate that would be promised.
        confidence: Confidence level; None for that of the settings.
        days: Look at the documents of so many days.

    Raises:
        UsageError: A number lies outside its range.
        ModelError: The model in use cannot be read.
    """
    settings = configuration.settings.promise
    asked = settings.confidence if confidence is None else confidence
    _check(target, asked)
    viewer = Viewer(configuration, store)
    window = look(viewer, store, now, days)
    history = store.promises(viewer.rule_key, limit=1)
    moved = history[0] if history else None
    is_earned = configuration.settings.decide.autonomy == "earned"
    in_use = None if moved is None else moved.threshold
    now_at = in_use if is_earned else viewer.rule.threshold
    gathered = gather(store.evidence(viewer.rule_key, after_id=evidence_after(moved)))
    policy = replace(
        policy_of(settings), target=target, confidence=asked, miss_rate=missed(store, settings).rate
    )
    plan = _plan(None if moved is None else plan_of(moved), policy, window)
    found = _meant(window, gathered, plan, target, now_at)
    threshold = found.threshold
    if threshold is None and plan is not None and len(gathered.counted) == 0:
        threshold = window.expected(plan.thresholds, target)
    mistakes = store.mistakes(viewer.rule_key, _MOST_MISTAKES)
    caught = tuple(
        each.document_id
        for each in mistakes
        if (now_at is None or each.score >= now_at)
        and (threshold is None or each.score < threshold)
    )
    alone_now, alone_then = window.alone(now_at), window.alone(threshold)
    reviews, more = window.a_day(alone_now), (alone_now - alone_then) / window.days
    certified, needed = found.certified, found.needed
    unknown = words.unknown(
        certified=certified,
        needed=needed,
        alone=alone_now,
        checked=len(gathered.watched),
        cut_at=window.documents if window.is_cut else None,
        looked_at=window.documents,
    )
    return Answer(
        target,
        asked,
        threshold,
        certified,
        needed,
        now_at,
        window.days,
        window.documents,
        reviews,
        more,
        len(mistakes),
        caught,
        words.threshold(
            threshold,
            now_at,
            _asked(viewer.rule, threshold),
            certified=certified,
            checks=len(gathered.counted),
        ),
        words.reviews(reviews, more, days=window.days, documents=window.documents),
        words.caught(len(caught), len(mistakes)),
        unknown,
    )


def _asked(rule: SortRule, threshold: float | None) -> dict[str, float]:
    """Return what a threshold asks of the labels that have an offset."""
    if threshold is None or not 0 < threshold < 1:
        return {}
    meant = replace(rule, threshold=threshold)
    return {label: meant.asked_for(label) for label, offset in rule.offsets.items() if offset}


def _check(target: float, confidence: float) -> None:
    if not 0 < target < _LEAST_CONFIDENCE:
        raise UsageError(
            f"--target-error {target} does not lie between 0 and 0.5", remedy="e.g. 0.005"
        )
    if not _LEAST_CONFIDENCE <= confidence < 1:
        raise UsageError(
            f"--confidence {confidence} does not lie between 0.5 and 1", remedy="e.g. 0.95"
        )


def _plan(grid: EarnPlan | None, policy: EarnPolicy, window: Window) -> EarnPlan | None:
    if grid is not None:
        return replace(
            grid, target=policy.target, confidence=policy.confidence, miss_rate=policy.miss_rate
        )
    return make_plan(window.scores, policy) if len(window.scores) else None


def _meant(
    window: Window,
    gathered: Gathered,
    plan: EarnPlan | None,
    target: float,
    now_at: float | None,
) -> WhatIf:
    """Return what the checks say of another target."""
    if plan is None:
        return WhatIf(target, None, certified=False, needed=0, reviews_per_day=0.0,
                      more_reviews_per_day=0.0, caught=(), still_wrong=())  # fmt: skip
    count = len(window.scores)
    alone = np.zeros(count, np.bool_) if now_at is None else window.scores >= now_at
    past = PastDocuments(
        window.scores, np.ones(count, np.bool_), alone, np.zeros(count, np.bool_), window.days
    )
    return what_if(past, gathered.counted, plan, target)
