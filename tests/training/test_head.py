import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from docsorter.training.head import Adjustment, Examples, choose_strength, fit_head, page_weights


def test_views_of_a_document_share_its_weight_and_outputs_have_their_shares() -> None:
    targets = np.array([0, 0, 0, 1, 1], np.int64)
    documents = np.array([0, 0, 1, 2, 3], np.int64)
    weights = page_weights(targets, documents, np.array([0.75, 0.25, 0.5]))
    assert weights.sum() == pytest.approx(4)
    assert weights[targets == 0].sum() == pytest.approx(3)
    assert weights[0] == weights[1] == weights[2] / 2


Floats = NDArray[np.float64]
WIDTH = 6


def examples(
    seed: int, n: int = 60, *, prior: Floats | None = None, loose: bool = False
) -> Examples:
    """Three classes of pages that lie apart along the first three features."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    features = rng.normal(0, 1, (n, WIDTH))
    features[np.arange(n), targets] += 2.5
    return Examples(
        features,
        np.zeros((n, 3)) if prior is None else prior,
        targets.astype(np.int64),
        np.ones(n),
        np.arange(n),
        np.full(3, loose),
    )


def right(head: Adjustment, pages: Examples) -> float:
    said = head.logits(pages.features, pages.prior).argmax(axis=1)
    return float((said == pages.targets).mean())


def test_without_a_base_the_head_learns_to_tell_the_labels_apart() -> None:
    assert right(fit_head(examples(1), 100.0), examples(2)) > 0.85


def test_under_a_heavy_penalty_the_base_alone_speaks() -> None:
    prior = np.random.default_rng(5).normal(0, 3, (60, 3))
    pages = examples(3, prior=prior)
    said = fit_head(pages, 1e9).logits(pages.features, prior)
    np.testing.assert_allclose(said, prior, atol=1e-3)


def test_a_loose_output_moves_as_a_whole_however_heavy_the_penalty() -> None:
    prior = np.zeros((60, 3))
    prior[:, 2] = 6.0  # the base takes everything for the third output
    pages = examples(3, prior=prior, loose=True)
    head = fit_head(pages, 1e9)
    assert head.shift[2] - head.shift[:2].mean() < -4
    assert np.abs(head.delta).max() < 1e-3


def test_a_good_base_makes_up_for_few_documents() -> None:
    few, many = examples(7, n=6), examples(8, n=300)
    few = Examples(few.features, 2 * few.features[:, :3], *_rest(few))
    many = Examples(many.features, 2 * many.features[:, :3], *_rest(many))
    alone = Examples(few.features, np.zeros((6, 3)), *_rest(few))
    with_base = right(fit_head(few, 1000.0), many)
    without = right(
        fit_head(alone, 1000.0), Examples(many.features, np.zeros((300, 3)), *_rest(many))
    )
    assert with_base > without


def _rest(
    pages: Examples,
) -> tuple[NDArray[np.int64], Floats, NDArray[np.int64], NDArray[np.bool_]]:
    return pages.targets, pages.weights, pages.groups, pages.loose


@given(st.integers(0, 1000), st.sampled_from([1.0, 100.0, 1e4]))
@settings(max_examples=10, deadline=None)
def test_fewer_pages_than_features_give_the_answer_of_the_full_problem(
    seed: int, strength: float
) -> None:
    """The short cut through the pages' own space finds what the long way finds."""
    rng = np.random.default_rng(seed)
    pages = examples(seed, n=9)
    wide = np.concatenate([pages.features, np.zeros((9, 20))], axis=1)
    rotation = np.linalg.qr(rng.normal(0, 1, (26, 26)))[0]
    long = Examples(pages.features, pages.prior, *_rest(pages))
    short = Examples(wide @ rotation, pages.prior, *_rest(pages))
    np.testing.assert_allclose(
        fit_head(short, strength).logits(short.features, short.prior),
        fit_head(long, strength).logits(long.features, long.prior),
        atol=2e-3,
    )


def test_the_penalty_is_heavy_where_the_base_is_right_and_light_where_it_knows_nothing() -> None:
    pages = examples(11, n=90)
    folds = np.arange(90) % 5
    known = Examples(pages.features, 3 * pages.features[:, :3], *_rest(pages))
    assert choose_strength(known, folds) > choose_strength(pages, folds)


def test_a_fold_with_the_only_pages_of_an_output_has_no_say() -> None:
    pages = examples(12, n=30)
    folds = np.where(pages.targets == 2, 0, 1)
    ticks = []
    assert choose_strength(pages, folds, lambda: ticks.append(1), (5.0, 1.0)) == 5.0
    assert not ticks


def test_the_same_pages_give_the_same_head() -> None:
    one, two = fit_head(examples(4), 10.0), fit_head(examples(4), 10.0)
    assert np.array_equal(one.delta, two.delta)
    assert np.array_equal(one.shift, two.shift)
