from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from docsorter.decide.prediction import PageSays, disagreement, pool_pages
from docsorter.errors import ModelError

PAGES = arrays(
    np.float64, st.tuples(st.integers(1, 9), st.integers(2, 5)), elements=st.floats(0.001, 1)
).map(lambda table: table / table.sum(axis=1, keepdims=True))

SURE, OTHERWISE = [0.98, 0.01, 0.01], [0.01, 0.98, 0.01]


@given(PAGES)
def test_the_pooled_document_is_a_distribution_within_its_pages(
    pages: NDArray[np.float64],
) -> None:
    pooled = pool_pages(pages)
    assert pooled.sum() == pytest.approx(1)
    assert (pooled <= pages.max(axis=0) + 1e-12).all()
    assert (pooled >= pages.min(axis=0) - 1e-12).all()


@given(PAGES)
def test_one_page_is_its_document(pages: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(pool_pages(pages[:1]), pages[0])


@given(PAGES, st.randoms(use_true_random=False))
def test_the_order_of_later_pages_does_not_matter(
    pages: NDArray[np.float64], random: Random
) -> None:
    order = list(range(1, len(pages)))
    random.shuffle(order)
    np.testing.assert_allclose(pool_pages(pages[[0, *order]]), pool_pages(pages))


def test_one_odd_page_moves_the_document_by_no_more_than_its_weight() -> None:
    pages = np.array([SURE] * 8)
    pages[5] = [1e-12, 1 - 2e-12, 1e-12]
    assert pool_pages(pages)[0] > 0.9


def test_later_pages_cannot_outvote_the_first() -> None:
    assert pool_pages(np.array([SURE] + [OTHERWISE] * 30))[0] >= 0.49
    assert pool_pages(np.array([SURE, OTHERWISE]))[0] > 0.6
    assert pool_pages(np.array([OTHERWISE, SURE]))[0] < 0.4


def test_pages_that_name_different_labels_disagree() -> None:
    found = disagreement(np.array([SURE, [0.4, 0.3, 0.3], OTHERWISE, [0.02, 0.9, 0.08]]))
    assert found is not None
    assert found.first == PageSays(0, 0, 0.98)
    assert found.second == PageSays(2, 1, 0.98)


@pytest.mark.parametrize(
    "pages", [[SURE], [SURE, SURE], [SURE, [0.3, 0.4, 0.3]], [[0.5, 0.4, 0.1], [0.3, 0.6, 0.1]]]
)
def test_a_leaning_page_does_not_disagree(pages: list[list[float]]) -> None:
    assert disagreement(np.array(pages)) is None


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (3,)])
def test_a_document_without_pages_or_labels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError):
        pool_pages(np.zeros(shape))
    with pytest.raises(ModelError):
        disagreement(np.zeros(shape))


def test_probabilities_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ModelError):
        pool_pages(np.array([[np.nan, 1.0]]))
