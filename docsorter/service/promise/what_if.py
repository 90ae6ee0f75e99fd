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
    RuleEvidence,
    gather_evidence,
    last_excluded_check,
    miss_rate,
    plan_of,
    policy_of,
)
from docsorter.service.promise.report import PromiseReader
from docsorter.store import Store

MOST_DOCUMENTS: Final = 5_000
"""Only so many of the latest are read."""

_MOST_MISTAKES: Final = 10_000
_LEAST_CONFIDENCE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class PredictionWindow:
    """The stored predictions of the model in use in some days.

    Attributes:
        scores: (n,) of those that could be sorted alone: what the threshold applies to.
        confidences: (n,) of the same; what the model expects to be right.
        documents: How many there are in all.
        days: Over how many days.
        is_cut: Whether there were more documents than are read.
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


def read_window(
    reader: PromiseReader, store: Store, now: dt.datetime, days: int
) -> PredictionWindow:
    """Read the latest predictions of the model in use."""
    since = now - dt.timedelta(days=days)
    seen = store.documents.predictions_since(reader.card.name, since, MOST_DOCUMENTS)
    any_threshold = replace(reader.rule, threshold=0.0)
    eligible = [
        (score_of(prediction, reader.rule), prediction.confidence)
        for _, _, prediction in seen
        if is_eligible(decide(prediction, any_threshold, reader.card.labels))
    ]
    is_cut = len(seen) >= MOST_DOCUMENTS
    begin = min((at for _, at, _ in seen), default=since)
    span = max(1.0, (now - begin).total_seconds() / 86_400)
    scores, confidences = np.array(eligible, np.float64).reshape(-1, 2).T
    return PredictionWindow(scores, confidences, len(seen), span, is_cut)


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


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """What another promise would mean.

    Attributes:
        threshold: That it needs; None when nothing could be sorted alone.
        certified: Whether the checks so far certify it; otherwise it is an estimate: by the
            checks, and before the first of them by the model's own confidence.
        needed: Least further checks, all right, until something is certified.
        reviews_a_day: Documents that a person is asked about in a day, checks left out.
        more_reviews_a_day: How many more that would be; negative for fewer.
        mistakes: Documents sorted alone that checks found wrong, under the model in use.
        caught: Of those, the ones that would have gone to a person.
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


def answer_what_if(
    configuration: Configuration,
    store: Store,
    now: dt.datetime,
    *,
    target: float,
    confidence: float | None = None,
    days: int = 28,
) -> WhatIfAnswer:
    """Answer from the stored predictions of some days and from settled checks; changes nothing.

    Without a `confidence` it is that of the settings.

    Raises:
        UsageError: A number lies outside its range.
        ModelError: The model in use cannot be read.
    """
    settings = configuration.settings
    confidence = settings.promise.confidence if confidence is None else confidence
    _check(target, confidence)
    reader = PromiseReader(configuration, store)
    window = read_window(reader, store, now, days)
    last = next(iter(store.checks.promises(reader.rule_key, limit=1)), None)
    in_use: float | None = reader.rule.threshold
    if settings.decide.autonomy == "earned":
        in_use = None if last is None else last.threshold
    gathered = gather_evidence(
        store.checks.evidence(reader.rule_key, after_id=last_excluded_check(last))
    )
    policy = replace(
        policy_of(settings.promise),
        target=target,
        confidence=confidence,
        miss_rate=miss_rate(store, settings.promise).rate,
    )
    plan = _plan(None if last is None else plan_of(last), policy, window)
    found = _what_if(window, gathered, plan, target, in_use)
    threshold, checks = found.threshold, len(gathered.counted)
    if threshold is None and plan is not None and not checks:
        threshold = window.expected(plan.thresholds, target)
    asked, certified = _asked(reader.rule, threshold), found.certified
    mistakes = store.checks.mistakes(reader.rule_key, _MOST_MISTAKES)
    caught = tuple(
        each.document_id
        for each in mistakes
        if (in_use is None or each.score >= in_use)
        and (threshold is None or each.score < threshold)
    )
    alone = window.alone(in_use)
    more = (alone - window.alone(threshold)) / window.days
    return WhatIfAnswer(
        target=target,
        confidence=confidence,
        threshold=threshold,
        certified=certified,
        needed=found.needed,
        threshold_now=in_use,
        days=window.days,
        documents=window.documents,
        reviews_a_day=window.a_day(alone),
        more_reviews_a_day=more,
        mistakes=len(mistakes),
        caught=caught,
        threshold_words=threshold_words(
            threshold, in_use, asked, certified=certified, checks=checks
        ),
        review_words=_review_words(window, window.a_day(alone), more),
        caught_words=_caught_words(len(caught), len(mistakes)),
        unknown=_unknown(window, found, alone, len(gathered.watched)),
    )


def _review_words(window: PredictionWindow, now: float, more: float) -> str:
    if not window.documents:
        return "no prediction of the model in use is stored for these days"
    change = f"{abs(more):.1f} {'more' if more >= 0 else 'fewer'}"
    return f"{change} a day than {now:.1f} ({window.documents} documents in {window.days:.0f} days)"


def _caught_words(number: int, mistakes: int) -> str:
    if not mistakes:
        return "no check has found a mistake of the model in use among what it sorted alone"
    return f"{number} of {mistakes} known mistakes would have gone to a person"


def _unknown(window: PredictionWindow, found: WhatIf, alone: int, checked: int) -> tuple[str, ...]:
    """Say what the answer does not know."""
    said = []
    if alone:
        said.append(
            f"how many of the {alone} documents sorted alone were wrong: {checked} checks count, "
            "and a mistake that nobody saw is in no list"
        )
    if not found.certified and window.documents:
        basis = f"{checked} checks" if checked else "the model's own confidence"
        said.append(
            f"whether the estimate holds: it rests on {basis}, and at least {found.needed} more, "
            "all right, would certify a threshold"
        )
    if window.is_cut:
        said.append(f"anything before the latest {window.documents} documents, which were examined")
    if not window.documents:
        said.append("what would happen to documents: no prediction of the model in use is stored")
    return tuple(said)


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
    grid: CertificationPlan | None, policy: AutonomyPolicy, window: PredictionWindow
) -> CertificationPlan | None:
    if grid is not None:
        return replace(
            grid, target=policy.target, confidence=policy.confidence, miss_rate=policy.miss_rate
        )
    return make_plan(window.scores, policy) if len(window.scores) else None


def _what_if(
    window: PredictionWindow,
    gathered: RuleEvidence,
    plan: CertificationPlan | None,
    target: float,
    in_use: float | None,
) -> WhatIf:
    """Return what the checks say of another target."""
    if plan is None:
        return WhatIf(target, None, certified=False, needed=0, reviews_per_day=0.0,
                      more_reviews_per_day=0.0, caught=(), still_wrong=())  # fmt: skip
    count = len(window.scores)
    alone = np.zeros(count, np.bool_) if in_use is None else window.scores >= in_use
    past = PastDocuments(
        window.scores, np.ones(count, np.bool_), alone, np.zeros(count, np.bool_), window.days
    )
    return what_if(past, gathered.counted, plan, target)
