"""`docsorter what-if`: what another promise would cost, from what is stored already."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from docsorter.configuration import Configuration
from docsorter.decide.autonomy import AutonomyPolicy, make_plan
from docsorter.decide.certification import CertificationPlan, PastDocuments, WhatIf, what_if
from docsorter.decide.policy import decide, is_eligible, score_of
from docsorter.documents import SortRule
from docsorter.errors import UsageError
from docsorter.service.promise.evidence import (
    Gathered,
    evidence_after,
    gather,
    missed,
    plan_of,
    policy_of,
)
from docsorter.service.promise.report import Viewer
from docsorter.store import Store

MOST_DOCUMENTS: Final = 5_000
"""The latest ones that are looked at, however many there are."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The documents that are looked at.

    Attributes:
        scores: (n,) of those that could be sorted alone: what the threshold applies to.
        confidences: (n,) of the same; what the model expects to be right.
        documents: How many there are in all.
        days: Over how many days.
        is_cut: Whether there were more documents than are looked at.
    """

    scores: NDArray[np.float64]
    confidences: NDArray[np.float64]
    documents: int
    days: float
    is_cut: bool

    def alone(self, threshold: float | None) -> int:
        """Return how many a threshold sorts alone."""
        return 0 if threshold is None else int((self.scores >= threshold).sum())

    def a_day(self, alone: int) -> float:
        """Return how many documents a day people are asked about, when so many are not."""
        return (self.documents - alone) / self.days

    def expected(self, thresholds: Sequence[float], target: float) -> float | None:
        """Return the loosest threshold above which the model itself expects no more errors.

        All there is to go by before the first check.

        Args:
            thresholds: The strictest first.
            target: Share that may be wrong, 0-1.
        """
        fitting = None
        for threshold in thresholds:
            above = self.confidences[self.scores >= threshold]
            if len(above) and float((1 - above).mean()) <= target:
                fitting = threshold
        return fitting


def look(viewer: Viewer, store: Store, now: dt.datetime, days: int) -> Window:
    """Read the latest predictions of the model in use.

    Args:
        viewer: Knows the model.
        store: Has them.
        now: Until when.
        days: Since so many days.
    """
    since = now - dt.timedelta(days=days)
    seen = store.documents.predictions_since(viewer.card.name, since, MOST_DOCUMENTS)
    any_threshold = replace(viewer.rule, threshold=0.0)
    eligible = [
        (score_of(prediction, viewer.rule), prediction.confidence)
        for _, _, prediction in seen
        if is_eligible(decide(prediction, any_threshold, viewer.card.labels))
    ]
    is_cut = len(seen) >= MOST_DOCUMENTS
    begin = min((at for _, at, _ in seen), default=since)
    span = max(1.0, (now - begin).total_seconds() / 86_400)
    scores, confidences = np.array(eligible, np.float64).reshape(-1, 2).T
    return Window(scores, confidences, len(seen), span, is_cut)


def threshold_words(
    value: float | None,
    now: float | None,
    asked: Mapping[str, float],
    *,
    certified: bool,
    checks: int,
) -> str:
    """Say which threshold it takes, and what that rests on.

    Args:
        value: The threshold; None for none.
        now: The one in use.
        asked: Confidence that it asks of each label whose offset is not 0.
        certified: Whether the checks certify it; otherwise it is an estimate.
        checks: Answered checks that the estimate could use; 0 leaves the model's own confidence.
    """
    in_use = "nothing is sorted alone now" if now is None else f"{now:.4f} now"
    if value is None:
        return f"none would do; {in_use}"
    how = "certified by the checks so far" if certified else f"{_estimated(checks)}, not certified"
    of_labels = ", ".join(f"{label} {share:.4f}" for label, share in asked.items())
    return f"{value:.4f}{f' ({of_labels})' if of_labels else ''}, {how}; {in_use}"


def _estimated(checks: int) -> str:
    if not checks:
        return "estimated by the model's own confidence"
    return f"estimated by {checks} check{'' if checks == 1 else 's'}"


def reviews_words(now: float, more: float, *, days: float, documents: int) -> str:
    """Say what people would have to do."""
    if not documents:
        return "no prediction of the model in use is stored for these days"
    change = f"{abs(more):.1f} {'more' if more >= 0 else 'fewer'}"
    return f"{change} a day than {now:.1f} ({documents} documents in {days:.0f} days)"


def caught_words(number: int, mistakes: int) -> str:
    """Say which mistakes would have been caught."""
    if not mistakes:
        return "no check has found a mistake of the model in use among what it sorted alone"
    return f"{number} of {mistakes} known mistakes would have gone to a person"


def unknown_words(
    *,
    certified: bool,
    needed: int,
    alone: int,
    checked: int,
    cut_at: int | None,
    looked_at: int,
) -> tuple[str, ...]:
    """Say what the answer does not know.

    Args:
        certified: Whether checks certify the threshold.
        needed: Checks that are missing at least.
        alone: Documents of the window that are sorted alone now.
        checked: Answered checks that count.
        cut_at: How many of the latest documents were looked at, when there were more.
        looked_at: Documents that were looked at.
    """
    said, own = [], "the model's own confidence"
    if alone:
        said.append(
            f"how many of the {alone} documents sorted alone were wrong: {checked} checks count, "
            "and a mistake that nobody saw is in no list"
        )
    if not certified and looked_at:
        said.append(
            f"whether the estimate holds: it rests on {f'{checked} checks' if checked else own}, "
            f"and at least {needed} more, all right, would certify a threshold"
        )
    if cut_at is not None:
        said.append(f"anything before the latest {cut_at} documents, which were looked at")
    if not looked_at:
        said.append("what would happen to documents: no prediction of the model in use is stored")
    return tuple(said)


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
    history = store.checks.promises(viewer.rule_key, limit=1)
    moved = history[0] if history else None
    is_earned = configuration.settings.decide.autonomy == "earned"
    in_use = None if moved is None else moved.threshold
    now_at = in_use if is_earned else viewer.rule.threshold
    gathered = gather(store.checks.evidence(viewer.rule_key, after_id=evidence_after(moved)))
    policy = replace(
        policy_of(settings), target=target, confidence=asked, miss_rate=missed(store, settings).rate
    )
    plan = _plan(None if moved is None else plan_of(moved), policy, window)
    found = _meant(window, gathered, plan, target, now_at)
    threshold = found.threshold
    if threshold is None and plan is not None and len(gathered.counted) == 0:
        threshold = window.expected(plan.thresholds, target)
    mistakes = store.checks.mistakes(viewer.rule_key, _MOST_MISTAKES)
    caught = tuple(
        each.document_id
        for each in mistakes
        if (now_at is None or each.score >= now_at)
        and (threshold is None or each.score < threshold)
    )
    alone_now, alone_then = window.alone(now_at), window.alone(threshold)
    reviews, more = window.a_day(alone_now), (alone_now - alone_then) / window.days
    certified, needed = found.certified, found.needed
    unknown = unknown_words(
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
        threshold_words(
            threshold,
            now_at,
            _asked(viewer.rule, threshold),
            certified=certified,
            checks=len(gathered.counted),
        ),
        reviews_words(reviews, more, days=window.days, documents=window.documents),
        caught_words(len(caught), len(mistakes)),
        unknown,
    )


def _asked(rule: SortRule, threshold: float | None) -> dict[str, float]:
    """Return what a threshold asks of the labels that have an offset."""
    if threshold is None or not 0 < threshold < 1:
        return {}
    meant = replace(rule, threshold=threshold)
    return {
        label: meant.required_confidence(label) for label, offset in rule.offsets.items() if offset
    }


def _check(target: float, confidence: float) -> None:
    if not 0 < target < _LEAST_CONFIDENCE:
        raise UsageError(
            f"--target-error {target} does not lie between 0 and 0.5", remedy="e.g. 0.005"
        )
    if not _LEAST_CONFIDENCE <= confidence < 1:
        raise UsageError(
            f"--confidence {confidence} does not lie between 0.5 and 1", remedy="e.g. 0.95"
        )


def _plan(
    grid: CertificationPlan | None, policy: AutonomyPolicy, window: Window
) -> CertificationPlan | None:
    if grid is not None:
        return replace(
            grid, target=policy.target, confidence=policy.confidence, miss_rate=policy.miss_rate
        )
    return make_plan(window.scores, policy) if len(window.scores) else None


def _meant(
    window: Window,
    gathered: Gathered,
    plan: CertificationPlan | None,
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
