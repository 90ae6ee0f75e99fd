"""By simulation: a promise is broken no more often than its confidence says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.certification import CertificationPlan, CheckedScores, certified_thresholds
from docsorter.decide.policy import decide
from docsorter.decide.prediction import CONFIDENT, pool_pages
from docsorter.documents import PagePrediction, Prediction, ReasonCode, SortRule, VerdictKind
from tests.decide.populations import THRESHOLDS, Population, live

TARGET = 0.05  # a promise of 5 % takes a fifth of the documents that one of 1 % takes
DRAWS = 2000
MOST_BROKEN = 0.05 + 3 * (0.05 * 0.95 / DRAWS) ** 0.5

BORDERLINE = {
    "exactly the target everywhere": (0.05,) * 6,
    "good above, a little too loose below": (0.01, 0.01, 0.05, 0.1, 0.15, 0.2),
    "worst where the model is surest": (0.06, 0.05, 0.04, 0.04, 0.03, 0.03),
    "a cliff below the third threshold": (0.0, 0.0, 0.03, 0.25, 0.25, 0.25),
}
GOOD = {
    "hardly an error": (0.002,) * 6,
    "errors where the model is unsure": (0.0, 0.002, 0.005, 0.01, 0.03, 0.08),
}


@pytest.mark.parametrize("rates", BORDERLINE.values(), ids=BORDERLINE)
def test_few_promises_are_ever_broken(rates: tuple[float, ...]) -> None:
    population = Population(rates)
    broken = population.errors >= TARGET - 1e-12
    assert broken.any(), "a population without a threshold that is too loose tests nothing"
    lives = live(population, DRAWS, documents=1200, target=TARGET, seed=1)
    assert (lives.certified & broken).any(axis=1).mean() <= MOST_BROKEN


@pytest.mark.parametrize("rates", GOOD.values(), ids=GOOD)
def test_good_departments_earn_their_autonomy(rates: tuple[float, ...]) -> None:
    population = Population(rates)
    assert (population.errors < TARGET).all()
    lives = live(population, 500, documents=1200, target=TARGET, seed=2)
    assert lives.certified[:, 2].mean() > 0.95
    realised = lives.errors.sum() / lives.sorted_alone.sum()
    assert 0 < realised < TARGET


def test_at_the_target_itself_promises_are_made_nearly_as_often_as_the_risk_allows() -> None:
    """Otherwise evidence would be wasted."""
    population = Population(BORDERLINE["exactly the target everywhere"])
    lives = live(population, DRAWS, documents=1200, target=TARGET, seed=1, planned=1.0)
    assert lives.certified[:, 0].mean() > 0.02


def test_the_departments_reckon_as_the_product_does() -> None:
    """The same documents, handed to `certified_thresholds` at once, give the same certificates."""
    plan = CertificationPlan(TARGET, 0.95, tuple(THRESHOLDS))
    population = Population((0.0, 0.0, 0.02, 0.05, 0.1, 0.1))
    for seed in range(20):
        lives = live(population, 1, documents=400, target=TARGET, seed=seed, planned=1.0)
        again = np.random.default_rng(seed)
        scores, wrong = np.empty(400), np.empty(400, np.bool_)
        for number in range(400):
            scores[number] = 1 - 0.3 * again.random(1)[0]
            band = (scores[number] >= THRESHOLDS).argmax()
            wrong[number] = again.random(1)[0] < population.rates[band]
            again.random(1)  # the draw
        checks = CheckedScores(scores, wrong, np.ones(400))
        assert len(certified_thresholds(checks, plan)) == lives.certified[0].sum()


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
