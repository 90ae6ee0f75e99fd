import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from docsorter.documents import SortRule
from docsorter.training.base import MOST_OF_SOURCE
from docsorter.training.dataset import Predictions, Sample, joined
from docsorter.training.sort_rule import (
    GREATEST_THRESHOLD,
    LEAST_THRESHOLD,
    careful_thresholds,
)
from starter.rule import (
    FOREIGN_SORTED,
    LEAST_CONFIDENCE,
    apply_rule,
    best_thresholds,
    rule_of,
    scored,
    sorted_out_of_group,
)

LABELS = ("invoice", "claim", "letter")


def _predictions(rows: list[tuple[float, int, int]], novelty: float = 10.0) -> Predictions:
    """Make documents of (confidence, column named, true column)."""
    shares = np.zeros((len(rows), 4))
    for number, (confidence, named, _) in enumerate(rows):
        shares[number] = (1 - confidence) / 3
        shares[number, named] = confidence
    targets = np.array([true for _, _, true in rows])
    samples = tuple(
        Sample(Path(f"{n}.png"), "", "", str(n), f"source {n}") for n in range(len(rows))
    )
    return Predictions(samples, targets, shares, np.full(len(rows), novelty))


def test_a_foreign_document_that_is_sorted_is_an_error() -> None:
    predictions = _predictions([(0.99, 0, 0), (0.99, 0, 3), (0.99, 3, 3), (0.5, 1, 1)])

    seen = apply_rule(predictions, LABELS, SortRule(1.0, 0.9, 99.0))

    assert (seen.documents, seen.sorted_alone, seen.errors) == (4, 2, 1)
    assert (seen.foreign, seen.foreign_sorted) == (2, 1)


def test_what_is_novel_or_none_of_the_labels_is_not_sorted() -> None:
    rule = SortRule(1.0, 0.9, 99.0)

    assert apply_rule(_predictions([(0.99, 0, 0)], novelty=99.5), LABELS, rule).sorted_alone == 0
    assert apply_rule(_predictions([(0.99, 3, 3)]), LABELS, rule).sorted_alone == 0


def test_evidence_carries_the_exact_binomial_bound() -> None:
    seen = apply_rule(_predictions([(0.99, 0, 0)] * 299), LABELS, SortRule(1.0, 0.9, 99.0))

    evidence = seen.evidence("generated documents")

    assert evidence.upper_bound == pytest.approx(stats.beta.ppf(0.95, 1, 299), abs=1e-9)
    assert evidence.upper_bound < 0.01


def _common(*parts: Predictions) -> float:
    return careful_thresholds(parts, LABELS, 0.01, FOREIGN_SORTED, offsets={})[0]


@given(
    rows=st.lists(
        st.tuples(st.floats(0.3, 0.9999), st.integers(0, 3), st.integers(0, 3)),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=150, deadline=None)
def test_a_fitted_threshold_lets_no_more_errors_through_than_the_target(
    rows: list[tuple[float, int, int]],
) -> None:
    predictions = _predictions(rows)

    threshold = _common(predictions)

    assert LEAST_THRESHOLD <= threshold <= GREATEST_THRESHOLD
    if threshold < GREATEST_THRESHOLD:
        seen = apply_rule(predictions, LABELS, SortRule(1.0, threshold, 99.0))
        assert seen.errors - seen.foreign_sorted <= 0.01 * seen.sorted_alone
        assert seen.foreign_sorted <= FOREIGN_SORTED * seen.foreign


def test_the_strictest_set_decides_and_a_margin_is_added() -> None:
    easy = _predictions([(0.97, 0, 0)] * 50)
    hard = _predictions([(0.94, 0, 1), (0.99, 0, 0)])

    assert _common(easy) == LEAST_THRESHOLD
    assert _common(easy, hard) == pytest.approx(0.97, abs=1e-6)


def test_a_deceptive_label_holds_no_other_back() -> None:
    letters = [*[(0.99, 2, 2)] * 60, (0.97, 2, 3)]
    invoices = [*[(0.99, 0, 0)] * 60, (0.8, 0, 3)]
    few = [(0.99, 1, 1)] * 9  # too few claims to say anything of them

    predictions = _predictions([*letters, *invoices, *few])
    threshold, offsets = careful_thresholds([predictions], LABELS, 0.01, FOREIGN_SORTED)

    rule = SortRule(1.0, threshold, 99.0, offsets=offsets)
    assert threshold == pytest.approx(0.985, abs=1e-6)
    assert set(offsets) == {"invoice"}
    assert rule.required_confidence("invoice") == pytest.approx(LEAST_THRESHOLD, abs=1e-4)
    assert rule.required_confidence("invoice") >= LEAST_THRESHOLD - 1e-9
    assert rule.required_confidence("claim") == rule.required_confidence("letter") == threshold


@given(
    rows=st.lists(
        st.tuples(st.floats(0.3, 0.9999), st.integers(0, 3), st.integers(0, 3)),
        min_size=150,
        max_size=300,
    )
)
@settings(max_examples=60, deadline=None)
def test_thresholds_by_label_let_no_more_errors_through_than_the_target(
    rows: list[tuple[float, int, int]],
) -> None:
    predictions = _predictions(rows)

    threshold, offsets = careful_thresholds([predictions], LABELS, 0.01, FOREIGN_SORTED)

    rule = SortRule(1.0, threshold, 99.0, offsets=offsets)
    if all(rule.required_confidence(label) < GREATEST_THRESHOLD - 1e-9 for label in LABELS):
        seen = apply_rule(predictions, LABELS, rule)
        assert seen.errors - seen.foreign_sorted <= 0.01 * seen.sorted_alone
        assert seen.foreign_sorted <= FOREIGN_SORTED * seen.foreign


def test_few_foreign_documents_may_pass_when_there_are_many_of_them() -> None:
    low = [(0.5, 3, 3)] * 99  # taken for none of the labels: never sorted
    sure = [(0.99, 0, 0)] * 300

    many, few = (
        _predictions([*sure, *low, (0.96, 0, 3)]),
        _predictions([*sure, *low[:9], (0.96, 0, 3)]),
    )
    assert _common(many) == LEAST_THRESHOLD
    assert _common(few) > 0.96


def test_sets_are_joined_row_by_row() -> None:
    sample = Sample.__new__(Sample)
    first = Predictions((sample,), np.array([0]), np.array([[0.9, 0.1]]), np.array([3.0]))
    second = Predictions((sample,) * 2, np.array([1, 0]), np.eye(2), np.array([4.0, 5.0]))

    both = joined([first, second])

    assert len(both.samples) == 3
    assert both.targets.tolist() == [0, 1, 0]
    assert both.probabilities.tolist() == [[0.9, 0.1], [1.0, 0.0], [0.0, 1.0]]
    assert both.novelty.tolist() == [3.0, 4.0, 5.0]


def _rule(predictions: Predictions) -> SortRule:
    thresholds = best_thresholds(scored(predictions, 3), 3, 0.01, FOREIGN_SORTED)
    return rule_of(thresholds, LABELS, 1.0)


@given(
    rows=st.lists(
        st.tuples(st.floats(0.3, 0.9999), st.integers(0, 3), st.integers(0, 3)), max_size=80
    )
)
@settings(max_examples=80, deadline=None)
def test_the_best_thresholds_keep_both_limits(rows: list[tuple[float, int, int]]) -> None:
    predictions = _predictions([(0.9, 3, 3), *rows])
    documents = scored(predictions, 3)

    chosen = documents.sorted_at(best_thresholds(documents, 3, 0.01, FOREIGN_SORTED))

    foreign = documents.targets >= 3
    wrong = chosen & ~foreign & (documents.named != documents.targets)
    assert wrong.sum() <= 0.01 * (chosen & ~foreign).sum()
    assert documents.weights[chosen & foreign].sum() <= 0.02 * documents.weights[foreign].sum()
    assert (predictions.probabilities.max(axis=1)[chosen] >= LEAST_CONFIDENCE - 1e-9).all()


def test_the_few_foreign_documents_allowed_go_where_they_bring_most() -> None:
    invoices = [(0.999, 0, 0)] * 10 + [(0.99, 0, 3)] + [(0.98, 0, 0)] * 40
    letters = [(0.999, 2, 2)] * 10 + [(0.99, 2, 3)] + [(0.98, 2, 2)] * 5
    predictions = _predictions([*invoices, *letters, *[(0.9, 3, 3)] * 60])

    rule = _rule(predictions)

    seen = apply_rule(predictions, LABELS, rule)
    assert (seen.sorted_alone, seen.foreign_sorted) == (61, 1)
    assert rule.required_confidence("invoice") < rule.required_confidence("letter")


def test_an_unusual_page_of_that_confidence_is_not_sorted() -> None:
    predictions = _predictions([(0.98, 0, 0)] * 20, novelty=10.0)

    rule = _rule(predictions)

    assert apply_rule(predictions, LABELS, rule).sorted_alone == 20
    unusual = _predictions([(0.98, 0, 0)] * 20, novelty=80.0)
    assert apply_rule(unusual, LABELS, rule).sorted_alone == 0


def test_where_nothing_may_be_sorted_the_threshold_is_as_good_as_certain() -> None:
    rule = _rule(_predictions([(0.99, 1, 3), (0.95, 1, 1)]))

    assert rule.required_confidence("claim") > 0.9999


def test_a_large_collection_of_foreign_documents_counts_no_more_than_others() -> None:
    rows = [(0.9, 3, 3)] * 200
    samples = tuple(
        Sample(Path(f"{n}.png"), "", "", str(n), "one" if n < 150 else f"source {n}")
        for n in range(200)
    )
    documents = scored(dataclasses.replace(_predictions(rows), samples=samples), 3)

    assert documents.weights[:150].sum() == pytest.approx(MOST_OF_SOURCE)
    assert documents.weights[150:].sum() == 50


def test_the_threshold_that_sorts_a_document_knew_nothing_of_its_source() -> None:
    # Without its source nothing was seen to go wrong with letters; with it, one of the three did.
    rows = [(0.9, 2, 2)] * 10 + [(0.95, 2, 3)] * 3 + [(0.9, 3, 3)] * 20
    documents = scored(_predictions(rows), 3)
    groups = np.array([*range(10), 10, 10, 10, *range(11, 31)])

    chosen = sorted_out_of_group(documents, groups, 3, 0.01, FOREIGN_SORTED)

    assert chosen[10:13].all()
    assert not chosen[:10].any()
