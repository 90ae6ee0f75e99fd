import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from docsorter.decide.thresholds import CheckedDocuments
from docsorter.documents import SortRule
from docsorter.training.evaluation.automation import (
    at_rule,
    automation,
    eligible,
    in_halves,
    oracle_threshold,
)
from docsorter.training.evaluation.resampling import Resampler
from docsorter.training.looking import Judged
from tests.training.evaluation.judging import LABELS, RULE, judged_of


def resampler(n: int) -> Resampler:
    return Resampler(np.arange(n), np.random.default_rng(0), 200)


def chosen_by(judged: Judged, rule: SortRule) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    free = eligible(judged, LABELS, rule)
    return np.asarray(free & (judged.probabilities.max(axis=1) >= rule.threshold))


def test_the_rule_is_counted_with_its_exact_bound() -> None:
    rows = [(0.99, 0, 0)] * 299 + [(0.99, 0, 3), (0.99, 3, 3), (0.5, 1, 1)]
    judged = judged_of(rows)

    seen = at_rule(judged, 3, chosen_by(judged, RULE), resampler(len(rows)))

    assert (seen.documents, seen.sorted_alone, seen.errors) == (302, 300, 1)
    assert (seen.foreign, seen.foreign_sorted) == (2, 1)
    assert seen.upper_bound == pytest.approx(stats.beta.ppf(0.95, 2, 299))
    assert seen.automation.value == pytest.approx(299 / 300)


def test_a_rule_that_sorts_nothing_promises_nothing() -> None:
    judged = judged_of([(0.5, 0, 0)] * 50)

    seen = at_rule(judged, 3, chosen_by(judged, RULE), resampler(50))

    assert (seen.sorted_alone, seen.upper_bound, seen.error.value) == (0, 1.0, None)


def test_policies_novelty_and_disagreeing_pages_keep_a_document_from_being_sorted() -> None:
    judged = judged_of([(0.99, 0, 0), (0.99, 1, 1), (0.99, 3, 3)])
    rule = SortRule(1.0, 0.9, 99.0, {"claim": "review"})

    assert eligible(judged, LABELS, rule).tolist() == [True, False, False]
    held = np.array([True, False, False])
    assert not eligible(judged, LABELS, rule, held).any()
    assert not eligible(judged_of([(0.99, 0, 0)], novelty=99.5), LABELS, rule).any()


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), min_size=1, max_size=40
    ),
    target=st.sampled_from([0.0, 0.1, 0.3]),
)
@settings(max_examples=120, deadline=None)
def test_the_oracle_sorts_as_many_as_any_threshold_that_keeps_the_target(
    rows: list[tuple[int, bool, bool]], target: float
) -> None:
    confidence, correct, free = (np.array(column) for column in zip(*rows, strict=True))
    checked = CheckedDocuments(confidence / 8, correct, free)

    best = 0
    for threshold in np.unique(checked.confidences):
        n, errors = checked.sorted_at(float(threshold))
        if n and errors <= target * n:
            best = max(best, n)

    found = oracle_threshold(checked, target)
    assert (checked.sorted_at(found)[0] if found is not None else 0) == best


def test_halves_cut_no_group_and_share_every_label() -> None:
    groups = [number // 3 for number in range(300)]
    targets = np.array([number % 3 for number in groups])

    halves = in_halves(groups, targets)

    assert all(len({halves[k] for k in range(300) if groups[k] == g}) == 1 for g in range(100))
    for target in range(3):
        assert 40 <= sum(h for h, t in zip(halves, targets, strict=True) if t == target) <= 60


def test_what_cannot_be_certified_says_how_many_documents_it_takes() -> None:
    judged = judged_of([(0.99, k % 3, k % 3) for k in range(200)])
    checked = CheckedDocuments(
        judged.probabilities.max(axis=1), np.ones(200, np.bool_), np.ones(200, np.bool_)
    )
    halves = in_halves(list(range(200)), judged.targets)

    found = automation(checked, np.ones(200, np.bool_), resampler(200), halves, 0.01)

    assert found.needed == 299
    assert found.certified_thresholds == (None, None)
    assert found.certified.value is None
    assert (found.oracle.value, found.oracle.n) == (None, 200)


def test_enough_documents_are_certified_and_never_beat_the_oracle() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 2000)
    correct = rng.random(2000) < np.where(confidence > 0.7, 0.9995, 0.8)
    everyone = np.ones(2000, np.bool_)
    checked = CheckedDocuments(confidence, correct, everyone)
    halves = in_halves(list(range(2000)), rng.integers(0, 3, 2000))

    found = automation(checked, everyone, resampler(2000), halves, 0.01)

    assert found.oracle.value is not None
    assert found.certified.value is not None
    assert 0.3 < found.certified.value <= found.oracle.value
    known = [threshold for threshold in found.certified_thresholds if threshold is not None]
    assert known
    assert min(known) > 0.65
