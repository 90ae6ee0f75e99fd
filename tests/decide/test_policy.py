"""The sort rule, its reasons in words, and its offsets by label."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from docsorter.decide.calibration import softmax
from docsorter.decide.policy import (
    decide,
    eligible_of,
    offset_between,
    offsets_of,
    reaches,
    rule_key,
    score_of,
    scores_of,
    threshold_scores,
)
from docsorter.documents import (
    PagePrediction,
    PageRole,
    Prediction,
    ReasonCode,
    SortRule,
    VerdictKind,
)
from docsorter.errors import ModelError

LABELS = ("invoice", "claim", "letter")
RULE = SortRule(temperature=1.0, threshold=0.96, novelty_limit=99.0)


def seen(
    *pages: tuple[float, ...], novelty: float = 40.0, labels: tuple[str, ...] = LABELS
) -> Prediction:
    """Return a document whose probabilities are those of its first page."""
    by_page = tuple(PagePrediction(page, novelty, number=n) for n, page in enumerate(pages))
    return Prediction("m-1", labels, pages[0], novelty, by_page)


def test_a_sure_document_is_sorted_and_says_what_was_asked() -> None:
    verdict = decide(seen((0.991, 0.005, 0.004)), RULE, LABELS)
    assert verdict.kind is VerdictKind.SORT
    assert (verdict.label, verdict.confidence, verdict.threshold) == ("invoice", 0.991, 0.96)
    assert verdict.reason.code is ReasonCode.SURE
    assert verdict.reason.text == "sure: invoice 99.1 %, needs 96.0 %"


def test_doubt_between_two_labels_names_both() -> None:
    verdict = decide(seen((0.41, 0.54, 0.05)), RULE, LABELS)
    assert verdict.kind is VerdictKind.REVIEW
    assert verdict.reason.code is ReasonCode.UNSURE
    assert verdict.reason.text == "unsure: claim 54.0 %, invoice 41.0 %"
    assert (verdict.label, verdict.confidence, verdict.threshold) == ("claim", 0.54, 0.96)


def test_doubt_that_is_not_between_two_says_what_was_asked() -> None:
    verdict = decide(seen((0.87, 0.07, 0.06)), RULE, LABELS)
    assert verdict.reason.text == "unsure: invoice 87.0 %, needs 96.0 %"


def test_figures_never_hide_which_is_greater() -> None:
    near = decide(seen((0.9599, 0.03, 0.0101)), RULE, LABELS)
    assert near.reason.text == "unsure: invoice 95.9 %, needs 96.0 %"
    nearer = decide(seen((0.9612, 0.03, 0.0088)), replace(RULE, threshold=0.9614), LABELS)
    assert nearer.reason.text == "unsure: invoice 96.12 %, needs 96.14 %"
    just = decide(seen((0.96, 0.03, 0.01)), RULE, LABELS)
    assert just.reason.text == "sure: invoice 96.0 %, needs 96.0 %"
    almost = decide(seen((0.9999, 0.0001, 0.0)), RULE, LABELS)
    assert almost.reason.text == "sure: invoice 99.9 %, needs 96.0 %"


def test_what_is_asked_for_is_that_of_the_label() -> None:
    rule = replace(RULE, offsets={"invoice": -1.2})
    sure = decide(seen((0.93, 0.05, 0.02)), rule, LABELS)
    assert (sure.kind, sure.label) == (VerdictKind.SORT, "invoice")
    assert sure.reason.text == "sure: invoice 93.0 %, needs 87.8 %"
    assert sure.threshold == pytest.approx(0.8785, abs=1e-4)
    other = decide(seen((0.05, 0.02, 0.93)), rule, LABELS)
    assert other.reason.text == "unsure: letter 93.0 %, needs 96.0 %"
    assert (other.kind, other.threshold) == (VerdictKind.REVIEW, 0.96)


def test_a_damaged_offset_sorts_nothing() -> None:
    with pytest.raises(ModelError, match="sort rule is damaged"):
        decide(seen((0.99, 0.005, 0.005)), replace(RULE, offsets={"claim": float("nan")}), LABELS)


def test_strangeness_beats_confidence() -> None:
    verdict = decide(seen((0.99, 0.005, 0.005), novelty=99.27), RULE, LABELS)
    assert verdict.reason.code is ReasonCode.UNLIKE_TRAINING
    assert verdict.reason.text == (
        "unlike the training data: more unusual than 99.2 % of the training pages"
    )
    assert decide(seen((0.99, 0.005, 0.005), novelty=99.0), RULE, LABELS).kind is VerdictKind.SORT


def test_pages_that_disagree_are_named_from_one() -> None:
    document = seen((0.97, 0.01, 0.02), (0.5, 0.3, 0.2), (0.03, 0.02, 0.95))
    verdict = decide(document, RULE, LABELS)
    assert verdict.reason.code is ReasonCode.PAGES_DISAGREE
    assert verdict.reason.text == "pages disagree: page 1 invoice 97.0 %, page 3 letter 95.0 %"


def test_several_documents_say_where_to_cut() -> None:
    document = seen((0.99, 0.005, 0.005), (0.5, 0.3, 0.2), (0.985, 0.01, 0.005), (0.0, 0.99, 0.01))
    pages = [
        replace(page, first=0.99, role=PageRole.BEGINS if page.number > 1 else PageRole.PART)
        for page in document.pages
    ]
    verdict = decide(replace(document, pages=tuple(pages)), RULE, LABELS)
    assert (verdict.kind, verdict.label) == (VerdictKind.REVIEW, "invoice")
    assert verdict.reason.code is ReasonCode.SEVERAL_DOCUMENTS
    assert verdict.reason.text == (
        "several documents in one scan: page 3 begins another document (invoice 98.5 %), "
        "and 1 more of its pages do: cut before page 3 and page 4"
    )


def test_with_heads_pages_that_begin_nothing_cannot_disagree() -> None:
    document = seen((0.99, 0.005, 0.005), (0.005, 0.99, 0.005))
    pages = tuple(replace(page, first=0.1) for page in document.pages)
    assert decide(document, RULE, LABELS).reason.code is ReasonCode.PAGES_DISAGREE
    assert decide(replace(document, pages=pages), RULE, LABELS).kind is VerdictKind.SORT


def test_a_page_that_cannot_be_drawn_matters_where_the_first_page_may_be() -> None:
    document = seen((0.99, 0.005, 0.005))
    later = replace(document, undrawable={3: "it is 0 x 0 points"})
    assert decide(later, RULE, LABELS).kind is VerdictKind.SORT
    first = tuple(replace(page, number=1) for page in document.pages)
    verdict = decide(replace(document, pages=first, undrawable={0: "bad"}), RULE, LABELS)
    assert (verdict.kind, verdict.label) == (VerdictKind.REVIEW, "invoice")
    assert (verdict.reason.code, verdict.reason.text) == (
        ReasonCode.UNDRAWABLE,
        "page 1 cannot be drawn: bad",
    )


def test_the_key_of_a_rule_follows_what_is_done_with_blank_pages() -> None:
    keys = {rule_key("f", replace(RULE, blank=blank), LABELS) for blank in ("skip", "count")}
    assert len(keys) == 2


def test_a_label_under_review_is_always_confirmed_by_a_person() -> None:
    rule = replace(RULE, policies={"invoice": "review"})
    verdict = decide(seen((0.999, 0.001, 0.0)), rule, LABELS)
    assert verdict.kind is VerdictKind.REVIEW
    assert verdict.reason.code is ReasonCode.LABEL_POLICY
    assert verdict.reason.text == "a person confirms every invoice: invoice 99.9 %"
    assert verdict.label == "invoice"
    assert decide(seen((0.001, 0.999, 0.0)), rule, LABELS).kind is VerdictKind.SORT


def test_a_policy_that_is_not_understood_does_not_sort() -> None:
    rule = replace(RULE, policies={"invoice": "sometimes"})
    assert decide(seen((0.999, 0.001, 0.0)), rule, LABELS).kind is VerdictKind.REVIEW


def test_a_retired_label_goes_to_a_person_and_is_not_suggested() -> None:
    verdict = decide(seen((0.99, 0.004, 0.006)), RULE, ("claim", "letter"))
    assert verdict.reason.code is ReasonCode.RETIRED_LABEL
    assert verdict.reason.text == "the label is no longer in use: invoice 99.0 %"
    assert (verdict.label, verdict.confidence) == ("letter", 0.006)


def test_the_background_is_unlike_the_training_data_and_never_suggested() -> None:
    rule = replace(RULE, policies={"other": "never"})
    document = seen((0.03, 0.02, 0.12, 0.83), labels=(*LABELS, "other"))
    verdict = decide(document, rule, LABELS)
    assert verdict.kind is VerdictKind.REVIEW
    assert verdict.reason.code is ReasonCode.UNLIKE_TRAINING
    assert verdict.reason.text == "looks like none of the labels: other 83.0 %, letter 12.0 %"
    assert (verdict.label, verdict.confidence) == ("letter", 0.12)


def test_nothing_is_suggested_where_nothing_may_be() -> None:
    rule = replace(RULE, policies=dict.fromkeys(LABELS, "never"))
    verdict = decide(seen((0.99, 0.005, 0.005)), rule, LABELS)
    assert (verdict.label, verdict.confidence) == (None, None)


def test_reasons_come_in_their_order() -> None:
    strange = seen((0.85, 0.1, 0.05), (0.05, 0.9, 0.05), novelty=100.0)
    rule = replace(RULE, policies={"invoice": "review"})
    order = []
    for document, with_rule, active in (
        (strange, rule, ("claim",)),
        (strange, RULE, ("claim",)),
        (strange, RULE, LABELS),
        (replace(strange, novelty=1.0), RULE, LABELS),
        (replace(strange, novelty=1.0, pages=strange.pages[:1]), RULE, LABELS),
    ):
        order.append(decide(document, with_rule, active).reason.code)
    assert order == [
        ReasonCode.LABEL_POLICY,
        ReasonCode.RETIRED_LABEL,
        ReasonCode.UNLIKE_TRAINING,
        ReasonCode.PAGES_DISAGREE,
        ReasonCode.UNSURE,
    ]


@given(
    st.lists(st.floats(0.001, 1), min_size=3, max_size=3),
    st.floats(0, 100),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_asking_for_more_never_sorts_more(
    weights: list[float], novelty: float, low: float, high: float
) -> None:
    low, high = sorted((low, high))
    document = seen(tuple(weight / sum(weights) for weight in weights), novelty=novelty)
    mild = decide(document, replace(RULE, threshold=low), LABELS)
    strict = decide(document, replace(RULE, threshold=high), LABELS)
    if strict.kind is VerdictKind.SORT:
        assert mild.kind is VerdictKind.SORT
        assert strict.confidence is not None
        assert strict.confidence >= high
        assert novelty <= RULE.novelty_limit
    assert "\n" not in strict.reason.text


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_damaged_prediction_or_rule_gets_no_verdict(bad: float) -> None:
    good = seen((0.99, 0.005, 0.005))
    for damaged in (
        replace(good, novelty=bad),
        replace(good, probabilities=(bad, 0.0, 0.0)),
        seen((0.99, 0.005, bad)),
        replace(good, pages=()),
        replace(good, probabilities=(0.5, 0.5)),
        replace(good, pages=(PagePrediction((0.5, 0.5), 1.0),)),
    ):
        with pytest.raises(ModelError):
            decide(damaged, RULE, LABELS)
    for rule in (replace(RULE, threshold=float("nan")), replace(RULE, novelty_limit=float("nan"))):
        with pytest.raises(ModelError, match="sort rule"):
            decide(good, rule, LABELS)


INSIDE = st.floats(0.01, 0.999)
OFFSETS = st.floats(-5, 5)


def score(confidence: float, offset: float) -> float:
    return float(threshold_scores(np.array([confidence]), np.array([offset]))[0])


@given(confidence=INSIDE, threshold=INSIDE, offset=OFFSETS)
def test_comparing_scores_sorts_what_the_rule_sorts(
    confidence: float, threshold: float, offset: float
) -> None:
    rule = SortRule(1.0, threshold, 99.0, offsets={"letter": offset})
    assume(abs(score(confidence, offset) - threshold) > 1e-9)
    assert (confidence >= rule.required_confidence("letter")) == (
        score(confidence, offset) >= threshold
    )


@given(confidence=INSIDE, offset=OFFSETS)
def test_a_document_on_the_threshold_is_sorted(confidence: float, offset: float) -> None:
    rule = SortRule(1.0, score(confidence, offset), 99.0, offsets={"letter": offset})
    assert confidence >= rule.required_confidence("letter")


@given(low=INSIDE, high=INSIDE, offset=OFFSETS)
def test_one_number_makes_the_rule_stricter_for_every_label(
    low: float, high: float, offset: float
) -> None:
    low, high = sorted((low, high))
    # Of two that differ in the last bit alone, rounding may turn the order round.
    assert score(low, offset) <= score(high, offset) * (1 + 1e-12)
    asked = [
        SortRule(1.0, t, 99.0, offsets={"x": offset}).required_confidence("x") for t in (low, high)
    ]
    assert asked[0] <= asked[1] * (1 + 1e-12)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_certain_stays_certain(end: float) -> None:
    assert score(end, 2.5) == end
    assert SortRule(1.0, end, 99.0, offsets={"x": 2.5}).required_confidence("x") == end


def test_without_an_offset_confidence_is_compared_as_it_is() -> None:
    rule = SortRule(1.0, 0.96, 99.0, offsets={"letter": 1.0})
    assert rule.required_confidence("invoice") == 0.96
    assert score(0.96, 0.0) == pytest.approx(0.96)
    assert offsets_of(["letter", "invoice"], np.zeros(2), rule).tolist() == [1.0, 0.0]


@given(low=st.floats(0, 100), high=st.floats(0, 100), weight=st.floats(0, 10))
def test_an_unusual_page_is_never_asked_for_less(low: float, high: float, weight: float) -> None:
    low, high = sorted((low, high))
    rule = SortRule(1.0, 0.9, 99.0, offsets={"letter": 1.0}, novelty_weight=weight)
    assert rule.offset("letter") == 1.0
    assert rule.offset("letter", low) <= rule.offset("letter", high) < math.inf
    assert offsets_of(["letter"], np.array([high]), rule)[0] == rule.offset("letter", high)


def test_a_page_as_unusual_as_half_of_those_learned_from_needs_twice_the_odds() -> None:
    rule = SortRule(1.0, 0.9, 99.0, novelty_weight=1.0)
    needed = rule.required_confidence("letter", 50.0)
    assert needed / (1 - needed) == pytest.approx(2 * 0.9 / 0.1)

    sure = replace(seen((0.93, 0.06, 0.01)), novelty=50.0)
    unusual = decide(sure, rule, LABELS)
    assert unusual.kind is VerdictKind.REVIEW
    assert unusual.reason.text == "unsure: invoice 93.0 %, needs 94.7 % (unusual page)"
    assert unusual.threshold == pytest.approx(needed)
    assert decide(replace(sure, novelty=0.0), rule, LABELS).kind is VerdictKind.SORT
    assert score_of(sure, rule) < rule.threshold <= score_of(replace(sure, novelty=0.0), rule)


@given(threshold=INSIDE, asked=INSIDE)
def test_an_offset_leads_from_one_threshold_to_the_other(threshold: float, asked: float) -> None:
    rule = SortRule(1.0, threshold, 99.0, offsets={"x": offset_between(threshold, asked)})
    found = rule.required_confidence("x")
    assert found >= asked * (1 - 1e-11)
    assert math.log(found / (1 - found)) == pytest.approx(math.log(asked / (1 - asked)), abs=2e-3)


def test_policies_and_novelty_keep_documents_of_many_from_being_sorted() -> None:
    shares = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8], [0.9, 0.1, 0.0]])
    rule = SortRule(1.0, 0.9, 99.0, {"letter": "review"})
    free = eligible_of(shares, np.array([0.0, 0.0, 0.0, 99.5]), ("invoice", "letter"), rule)
    assert free.tolist() == [True, False, False, False]


@given(
    st.lists(st.floats(-6, 6), min_size=3, max_size=3),
    st.floats(0, 100),
    st.floats(0.5, 0.999),
    st.floats(-3, 3),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_many_documents_are_judged_as_one_is(
    logits: list[float], novelty: float, threshold: float, offset: float, weight: float
) -> None:
    labels, columns = ("invoice", "letter"), ("invoice", "letter", "other")
    rule = SortRule(
        1.0, threshold, 99.0, {"other": "never"}, {"letter": offset}, novelty_weight=weight
    )
    shares, several = softmax(np.array([logits])), np.array([novelty])
    one = seen(tuple(shares[0].tolist()), novelty=novelty, labels=columns)
    sure = reaches(scores_of(shares, several, labels, rule), rule.threshold)
    free = eligible_of(shares, several, labels, rule)
    needed = rule.required_confidence(one.label, novelty)
    assume(abs(one.confidence - needed) > 1e-9)
    alone = decide(one, rule, labels).kind is VerdictKind.SORT
    assert bool((free & sure)[0]) is alone
