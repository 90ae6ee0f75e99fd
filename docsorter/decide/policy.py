"""From a prediction to a verdict: the sort rule, its offsets by label, and its key.

A confidence of 0.95 may be right nearly always where the model says "invoice" and less often where
it says "letter". With one threshold for all, the least reliable label decides how many documents of
the others wait for a person. So a label may have an offset: it needs the odds of the threshold
times `exp(offset)`. There still is a single number that makes the rule stricter or looser, so that
its promise is one test (`docsorter.decide.thresholds`); offsets are fixed before that test sees a
document. Confidence stays what it is, the calibrated probability of the label.

In the same way an unusual page needs more (`SortRule.offset`). On 612 real documents of sources
that the model had not learned from, thresholds fitted on other sources each time (starter-4), 0.39
of those of the labels were sorted and 9 % of the foreign ones with one requirement for all pages,
0.57 and 6 % with a weight of 4.

Policies of labels: `auto` documents are sorted when sure; `review` documents are always shown to a
person, with the label suggested; `never` documents go to a person as unlike the training
data, and the label is never suggested (that of the background outputs, or a label kept only so that
the model can tell it from the others).
"""

import dataclasses
import hashlib
import json
import math
import operator
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.prediction import disagreement
from docsorter.documents import (
    PagePrediction,
    PageRole,
    Prediction,
    Reason,
    ReasonCode,
    SortRule,
    Verdict,
    VerdictKind,
    percent,
)
from docsorter.errors import ModelError

_OFFSET_STEPS = 1000  # offsets are kept to three digits
_POOLING = 2  # how pages become a document; evidence about another way says little about this one
_COMPETES = 0.5  # the second label is worth naming from this share of the first one's probability
_WORTH_NAMING = 0.01
_LEAST_DIGITS = 1  # of a percentage
_MOST_DIGITS = 12


def decide(prediction: Prediction, rule: SortRule, active_labels: Collection[str]) -> Verdict:
    """Say what is to happen to a document, by the first reason that applies.

    In this order: a page before its first one cannot be drawn, another document begins in it, the
    policy of its label, a label no longer in use, novelty above the limit, pages that name
    different labels, confidence below what the label needs; sorted only when none applies.

    Returns:
        A verdict `sort` or `review`. In review its label is the most probable one that may be
        suggested, with the probability of that label.

    Raises:
        ModelError: A number of the prediction or the rule is not one that can be compared.
    """
    _check(prediction, rule)
    reason = (
        _undrawable_reason(prediction)
        or _several_reason(prediction)
        or _policy_reason(prediction, rule)
        or _retired_reason(prediction, active_labels)
        or _novelty_reason(prediction, rule)
        or _pages_reason(prediction)
        or _threshold_reason(prediction, rule)
    )
    if reason is not None:
        return _review(prediction, rule, active_labels, reason)
    return _sorted(prediction, rule)


def is_eligible(verdict: Verdict) -> bool:
    """Say whether a verdict of `decide` rests on the threshold alone: all the rest was passed."""
    return verdict.reason.code in {ReasonCode.SURE, ReasonCode.UNSURE}


def score_of(prediction: Prediction, rule: SortRule) -> float:
    """Return what the threshold applies to, 0-1: the confidence, less `SortRule.offset`."""
    read = prediction.read is not None
    offset = rule.offset(prediction.label, prediction.novelty, read=read)
    if offset == 0:
        return prediction.confidence
    return float(threshold_scores(np.array([prediction.confidence]), np.array([offset]))[0])


def at_threshold(prediction: Prediction, rule: SortRule, threshold: float) -> Verdict:
    """Return what another threshold makes of an eligible document."""
    other = dataclasses.replace(rule, threshold=threshold)
    reason = _threshold_reason(prediction, other)
    if reason is None:
        return _sorted(prediction, other)
    return Verdict(VerdictKind.REVIEW, reason, prediction.label, prediction.confidence, threshold)


def rule_key(fingerprint: str, rule: SortRule, labels: Sequence[str]) -> str:
    """Return a digest of everything but the threshold that decides who is sorted alone.

    Args:
        fingerprint: Of the model bundle (SHA-256 of its SHA256SUMS).
        rule: Temperature, novelty limit and weight, policies, offsets, what is done with blank
            pages and words; the threshold is what evidence is sought for.
        labels: Labels that documents may be sorted to.

    Returns:
        64 hexadecimal digits.
    """
    policies = {label: policy for label, policy in rule.policies.items() if policy != "auto"}
    offsets = {label: offset for label, offset in rule.offsets.items() if offset}
    content = [fingerprint, rule.temperature, rule.novelty_limit, policies, offsets, sorted(labels)]
    content += [rule.blank, _POOLING]
    content += [rule.novelty_weight] if rule.novelty_weight else []
    content += [dataclasses.asdict(rule.words)] if rule.words else []
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def offset_between(threshold: float, needed: float) -> float:
    """Return the offset with which a label is needed for `needed` where others are for `threshold`.

    Both lie between 0 and 1, ends excluded. Rounded upwards, that is towards asking a person.
    """
    odds = math.log(needed / (1 - needed)) - math.log(threshold / (1 - threshold))
    return math.ceil(odds * _OFFSET_STEPS) / _OFFSET_STEPS


def offsets_of(
    labels: Sequence[str],
    novelty: NDArray[np.floating[Any]],
    rule: SortRule,
    read: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return the offset of each document, (n,), see `SortRule.offset`.

    Args:
        labels: What each of n documents is taken for.
        novelty: (n,) percentiles 0-100.
        rule: The sort rule.
        read: (n,) whether its words were read; None for none.
    """
    words = np.zeros(len(novelty), np.bool_) if read is None else read
    each = zip(labels, novelty.tolist(), words.tolist(), strict=True)
    found = [rule.offset(label, percentile, read=seen) for label, percentile, seen in each]
    return np.array(found, np.float64)


def threshold_scores(
    confidences: NDArray[np.float64], offsets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what can be compared with one threshold, whatever the label.

    Args:
        confidences: (n,) of the label named, 0-1.
        offsets: (n,) of these documents; see `offsets_of`.

    Returns:
        (n,) 0-1; equal to the confidence where the offset is 0. A document is sorted when this
        reaches `SortRule.threshold`, that is, its confidence `SortRule.required_confidence`.
    """
    odds = confidences * np.exp(-offsets)
    result: NDArray[np.float64] = odds / (1 - confidences + odds)
    return result


def scores_of(
    probabilities: NDArray[np.float64],
    novelty: NDArray[np.floating[Any]],
    labels: Sequence[str],
    rule: SortRule,
    read: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """Return `threshold_scores` of many documents, (n,).

    Args:
        probabilities: (n, C), a column for each of the labels, further ones for none of them.
        novelty: (n,) percentiles 0-100.
        labels: The labels.
        rule: The sort rule; its temperature is in the probabilities already.
        read: (n,) whether words were read; None for none.
    """
    top = np.minimum(probabilities.argmax(axis=1), len(labels))
    named = [*labels, ""]
    offsets = offsets_of([named[column] for column in top], novelty, rule, read)
    return threshold_scores(probabilities.max(axis=1), offsets)


def eligible_of(
    probabilities: NDArray[np.float64],
    novelty: NDArray[np.floating[Any]],
    labels: Sequence[str],
    rule: SortRule,
) -> NDArray[np.bool_]:
    """Say of many documents whether policy and novelty let them be sorted, (n,).

    Args:
        probabilities: As for `scores_of`, and so are the others.
        novelty: (n,) percentiles 0-100.
        labels: The labels.
        rule: The sort rule.
    """
    auto = np.array([*(rule.policies.get(name, "auto") == "auto" for name in labels), False])
    free = auto[np.minimum(probabilities.argmax(axis=1), len(labels))]
    return np.asarray(free & (novelty <= rule.novelty_limit), np.bool_)


def reaches(scores: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Say which scores of `scores_of` reach a threshold; a hair less does, see `SortRule`."""
    return np.asarray(scores >= threshold * (1 - 1e-12), np.bool_)


def _needed(prediction: Prediction, rule: SortRule, novelty: float | None = None) -> float:
    unusual = prediction.novelty if novelty is None else novelty
    return rule.required_confidence(prediction.label, unusual, read=prediction.read is not None)


def _sorted(prediction: Prediction, rule: SortRule) -> Verdict:
    needed = _needed(prediction, rule)
    confidence, threshold = _apart(prediction.confidence, needed)
    return Verdict(
        VerdictKind.SORT,
        Reason(
            ReasonCode.SURE,
            f"sure: {prediction.label} {confidence}, needs {threshold}{_by(prediction)}",
        ),
        label=prediction.label,
        confidence=prediction.confidence,
        threshold=needed,
    )


def _review(
    prediction: Prediction, rule: SortRule, active_labels: Collection[str], reason: Reason
) -> Verdict:
    label, confidence = next(
        (
            pair
            for pair in prediction.ranked
            if pair[0] in active_labels and rule.policies.get(pair[0]) != "never"
        ),
        (None, None),
    )
    needed = None
    if reason.code is ReasonCode.UNSURE:
        needed = _needed(prediction, rule)
    return Verdict(VerdictKind.REVIEW, reason, label, confidence, needed)


def _undrawable_reason(prediction: Prediction) -> Reason | None:
    """Say that what may be the first page could not be drawn: the label stands there."""
    before = [page for page in prediction.undrawable if page < prediction.pages[0].number]
    if not before:
        return None
    text = f"page {before[0] + 1} cannot be drawn: {prediction.undrawable[before[0]]}"
    return Reason(ReasonCode.UNDRAWABLE, text)


def _several_reason(prediction: Prediction) -> Reason | None:
    begins = [page for page in prediction.pages if page.role is PageRole.BEGINS]
    if not begins:
        return None
    page, more = begins[0], len(begins) - 1
    named = _named([_likeliest(prediction, page)])
    text = (
        f"several documents in one scan: page {page.number + 1} begins another document ({named})"
    )
    text += f", and {more} more of its pages do" if more else ""
    text += ": cut before " + " and ".join(f"page {number + 1}" for number in prediction.cut_before)
    return Reason(ReasonCode.SEVERAL_DOCUMENTS, text)


def _likeliest(prediction: Prediction, page: PagePrediction) -> tuple[str, float]:
    return max(zip(prediction.labels, page.probabilities, strict=True), key=operator.itemgetter(1))


def _policy_reason(prediction: Prediction, rule: SortRule) -> Reason | None:
    policy = rule.policies.get(prediction.label, "auto")
    if policy == "auto":
        return None
    if policy == "never":
        named = _named([pair for pair in prediction.ranked[:2] if pair[1] >= _WORTH_NAMING])
        return Reason(ReasonCode.UNLIKE_TRAINING, f"looks like none of the labels: {named}")
    # Any other word asks a person too: a policy that is not understood must not sort.
    return Reason(
        ReasonCode.LABEL_POLICY,
        f"a person confirms every {prediction.label}: {_named(prediction.ranked[:1])}",
    )


def _retired_reason(prediction: Prediction, active_labels: Collection[str]) -> Reason | None:
    if prediction.label in active_labels:
        return None
    named = _named(prediction.ranked[:1])
    return Reason(ReasonCode.RETIRED_LABEL, f"the label is no longer in use: {named}")


def _novelty_reason(prediction: Prediction, rule: SortRule) -> Reason | None:
    if prediction.novelty <= rule.novelty_limit:
        return None
    share = percent(prediction.novelty / 100, 1)
    return Reason(
        ReasonCode.UNLIKE_TRAINING,
        f"unlike the training data: more unusual than {share} of the training pages",
    )


def _pages_reason(prediction: Prediction) -> Reason | None:
    if prediction.pages[0].first is not None:
        return None  # the model tells where another document begins
    parts = [page for page in prediction.pages if page.role is PageRole.PART]
    found = disagreement(np.array([page.probabilities for page in parts], np.float64))
    if found is None:
        return None
    said = ", ".join(
        f"page {parts[one.page].number + 1} "
        f"{_named([(prediction.labels[one.label], one.probability)])}"
        for one in (found.first, found.second)
    )
    return Reason(ReasonCode.PAGES_DISAGREE, f"pages disagree: {said}")


def _by(prediction: Prediction) -> str:
    return "" if prediction.read is None else " (picture and words)"


def _threshold_reason(prediction: Prediction, rule: SortRule) -> Reason | None:
    needed = _needed(prediction, rule)
    if prediction.confidence >= needed:
        return None
    ranked = prediction.ranked
    if len(ranked) > 1 and ranked[1][1] >= _COMPETES * ranked[0][1]:
        return Reason(ReasonCode.UNSURE, f"unsure: {_named(ranked[:2])}{_by(prediction)}")
    confidence, threshold = _apart(prediction.confidence, needed)
    text = f"unsure: {prediction.label} {confidence}, needs {threshold}{_by(prediction)}"
    if prediction.confidence >= _needed(prediction, rule, novelty=0.0):
        text += " (unusual page)"
    return Reason(ReasonCode.UNSURE, text)


def _check(prediction: Prediction, rule: SortRule) -> None:
    table = _page_table(prediction)
    finite = (
        np.isfinite(prediction.probabilities).all()
        and np.isfinite(table).all()
        and np.isfinite([prediction.novelty, *(page.novelty for page in prediction.pages)]).all()
    )
    if not finite or len(prediction.probabilities) != len(prediction.labels) or table.size == 0:
        raise ModelError(
            f"the prediction of model {prediction.model} is damaged: it holds no page, "
            "or something that is no probability"
        )
    limits = [rule.threshold, rule.novelty_limit, rule.novelty_weight, *rule.offsets.values()]
    if rule.words is not None:
        limits += [rule.words.novelty_weight, rule.words.first_look, *rule.words.offsets.values()]
    if any(map(math.isnan, limits)):
        raise ModelError("the sort rule is damaged: a limit in it is no number")


def _page_table(prediction: Prediction) -> NDArray[np.float64]:
    if any(len(page.probabilities) != len(prediction.labels) for page in prediction.pages):
        raise ModelError(f"a page of model {prediction.model} has not one probability per label")
    return np.array([page.probabilities for page in prediction.pages], dtype=np.float64)


def _named(pairs: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{label} {percent(value, _LEAST_DIGITS)}" for label, value in pairs)


def _apart(confidence: float, threshold: float) -> tuple[str, str]:
    """Print both with as many digits as it takes to see which is greater, if they differ."""
    digits = next(
        (
            digits
            for digits in range(_LEAST_DIGITS, _MOST_DIGITS)
            if percent(confidence, digits) != percent(threshold, digits)
        ),
        _LEAST_DIGITS,
    )
    return percent(confidence, digits), percent(threshold, digits)
