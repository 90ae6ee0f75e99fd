import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from docsorter.decide.policy import comparable, offset_between, offsets_of
from docsorter.documents import SortRule

INSIDE = st.floats(0.01, 0.999)
OFFSETS = st.floats(-5, 5)


def score(confidence: float, offset: float) -> float:
    return float(comparable(np.array([confidence]), np.array([offset]))[0])


@given(confidence=INSIDE, threshold=INSIDE, offset=OFFSETS)
def test_comparing_scores_sorts_what_the_rule_sorts(
    confidence: float, threshold: float, offset: float
) -> None:
    rule = SortRule(1.0, threshold, 99.0, offsets={"letter": offset})
    assume(abs(score(confidence, offset) - threshold) > 1e-9)
    assert (confidence >= rule.asked_for("letter")) == (score(confidence, offset) >= threshold)


@given(confidence=INSIDE, offset=OFFSETS)
def test_a_document_on_the_threshold_is_sorted(confidence: float, offset: float) -> None:
    rule = SortRule(1.0, score(confidence, offset), 99.0, offsets={"letter": offset})
    assert confidence >= rule.asked_for("letter")


@given(low=INSIDE, high=INSIDE, offset=OFFSETS)
def test_one_number_makes_the_rule_stricter_for_every_label(
    low: float, high: float, offset: float
) -> None:
    low, high = sorted((low, high))
    # Of two that differ in the last bit alone, rounding may turn the order round.
    assert score(low, offset) <= score(high, offset) * (1 + 1e-12)
    asked = [SortRule(1.0, t, 99.0, offsets={"x": offset}).asked_for("x") for t in (low, high)]
    assert asked[0] <= asked[1] * (1 + 1e-12)


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_certain_stays_certain(end: float) -> None:
    assert score(end, 2.5) == end
    assert SortRule(1.0, end, 99.0, offsets={"x": 2.5}).asked_for("x") == end


def test_without_an_offset_confidence_is_compared_as_it_is() -> None:
    rule = SortRule(1.0, 0.96, 99.0, offsets={"letter": 1.0})
    assert rule.asked_for("invoice") == 0.96
    assert score(0.96, 0.0) == pytest.approx(0.96)
    assert offsets_of(["letter", "invoice"], rule.offsets).tolist() == [1.0, 0.0]


@given(threshold=INSIDE, asked=INSIDE)
def test_an_offset_leads_from_one_threshold_to_the_other(threshold: float, asked: float) -> None:
    rule = SortRule(1.0, threshold, 99.0, offsets={"x": offset_between(threshold, asked)})
    found = rule.asked_for("x")
    assert found >= asked * (1 - 1e-11)
    assert math.log(found / (1 - found)) == pytest.approx(math.log(asked / (1 - asked)), abs=2e-3)
