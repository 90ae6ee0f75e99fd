"""Why every page is read, up to the cap: no page seen so far settles what a document is.

Should one of these fail, reading a document page by page and stopping early has become sound.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.policy import decide
from docsorter.decide.prediction import CONFIDENT, pool_pages
from docsorter.documents import PagePrediction, Prediction, ReasonCode, SortRule, VerdictKind

LABELS = ("invoice", "claim", "letter")
RULE = SortRule(threshold=0.7, temperature=1.0, novelty_limit=99.0, policies={})
sure = st.floats(CONFIDENT, 1.0)


def page(label: int, probability: float, novelty: float = 10.0) -> PagePrediction:
    rest = (1.0 - probability) / (len(LABELS) - 1)
    return PagePrediction(tuple(probability if i == label else rest for i in range(3)), novelty)


def document(*pages: PagePrediction) -> Prediction:
    pooled = pool_pages(np.array([one.probabilities for one in pages]))
    novelty = max(one.novelty for one in pages)
    return Prediction("m", LABELS, tuple(map(float, pooled)), novelty, pages)


@given(st.lists(sure, min_size=1, max_size=7), sure)
def test_one_more_page_can_always_call_off_sorting(seen: list[float], contrary: float) -> None:
    pages = [page(0, probability) for probability in seen]
    assert decide(document(*pages), RULE, LABELS).kind is VerdictKind.SORT
    verdict = decide(document(*pages, page(1, contrary)), RULE, LABELS)
    assert verdict.reason.code is ReasonCode.PAGES_DISAGREE


@given(st.lists(sure, min_size=1, max_size=7))
def test_a_page_like_nothing_taught_can_always_call_off_sorting(seen: list[float]) -> None:
    strange = page(0, 1.0, novelty=100.0)
    verdict = decide(document(*(page(0, one) for one in seen), strange), RULE, LABELS)
    assert verdict.reason.code is ReasonCode.UNLIKE_TRAINING


def test_one_more_page_can_make_sure() -> None:
    first = page(0, 0.65)
    assert decide(document(first), RULE, LABELS).kind is VerdictKind.REVIEW
    assert decide(document(first, page(0, 1.0)), RULE, LABELS).kind is VerdictKind.SORT


def test_what_a_person_is_told_of_a_strange_document_may_still_change() -> None:
    first = page(0, 0.4, novelty=100.0)
    alone, both = document(first), document(first, page(1, 1.0))
    told, then = decide(alone, RULE, LABELS), decide(both, RULE, LABELS)
    assert (told.kind, then.kind) == (VerdictKind.REVIEW, VerdictKind.REVIEW)
    assert (told.label, then.label) == ("invoice", "claim")
