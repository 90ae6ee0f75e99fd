"""From the classifier's output to a prediction, pooled over pages."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from docsorter.decide.calibration import softmax
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageLabel, disagreement, pool_pages, predict
from docsorter.documents import (
    RawOutput,
    SortRule,
)
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
    assert found.first == PageLabel(0, 0, 0.98)
    assert found.second == PageLabel(2, 1, 0.98)


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


LABELS = ("invoice", "claim", "letter")
RULE = SortRule(temperature=1.0, threshold=0.96, novelty_limit=99.0)
WIDTH = 6


@pytest.fixture(scope="module")
def novelty() -> NoveltyModel:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, WIDTH))
    return NoveltyModel.fit(features, np.arange(200) % 3, rng.normal(size=(100, WIDTH)))


def raw(logits: list[list[float]], feature: float = 0.0) -> RawOutput:
    table = np.array(logits, dtype=np.float32)
    return RawOutput(table, np.full((len(table), WIDTH), feature, dtype=np.float32))


def test_a_prediction_is_calibrated_page_by_page_and_pooled(novelty: NoveltyModel) -> None:
    logits = [[6.0, 0.0, 0.0], [2.0, 0.0, 1.0]]
    rule = replace(RULE, temperature=2.0)
    prediction = predict(raw(logits), LABELS, rule, novelty, model="m-1")
    pages = softmax(np.array(logits), 2.0)
    np.testing.assert_allclose([page.probabilities for page in prediction.pages], pages)
    np.testing.assert_allclose(prediction.probabilities, pages.T @ [2 / 3, 1 / 3])
    assert sum(prediction.probabilities) == pytest.approx(1)
    assert (prediction.model, prediction.labels, prediction.label) == ("m-1", LABELS, "invoice")
    assert all(type(value) is float for value in prediction.probabilities)


def test_a_document_is_as_strange_as_its_first_page(novelty: NoveltyModel) -> None:
    features = np.zeros((2, WIDTH), dtype=np.float32)
    features[1] = 50.0
    output = RawOutput(np.zeros((2, 3), dtype=np.float32), features)
    prediction = predict(output, LABELS, RULE, novelty, model="m-1")
    assert prediction.novelty == prediction.pages[0].novelty < 50
    assert prediction.pages[1].novelty == 100.0
    assert [page.role for page in prediction.pages] == ["part", "unlike"]


def test_background_outputs_are_summed_into_the_last_label(novelty: NoveltyModel) -> None:
    labels = (*LABELS, "other")
    logits = [[1.0, 0.0, 0.0, 2.0, 2.0, 2.0]]
    prediction = predict(raw(logits), labels, RULE, novelty, model="m-1", background=3)
    assert prediction.label == "other"
    assert prediction.confidence == pytest.approx(softmax(np.array(logits))[0, 3:].sum())


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_no_numbers_get_no_prediction(novelty: NoveltyModel, bad: float) -> None:
    with pytest.raises(ModelError, match="no numbers"):
        predict(raw([[bad, 0.0, 0.0]]), LABELS, RULE, novelty, model="m-1")
    with pytest.raises(ModelError, match="no numbers"):
        predict(raw([[0.0, 0.0, 0.0]], feature=bad), LABELS, RULE, novelty, model="m-1")


def test_outputs_of_the_wrong_shape_get_no_prediction(novelty: NoveltyModel) -> None:
    for output, labels, background in (
        (raw([[0.0, 0.0]]), LABELS, 0),
        (raw([[0.0, 0.0, 0.0]]), (*LABELS, "other"), 2),
        (RawOutput(np.zeros((0, 3), np.float32), np.zeros((0, WIDTH), np.float32)), LABELS, 0),
        (RawOutput(np.zeros((2, 3), np.float32), np.zeros((1, WIDTH), np.float32)), LABELS, 0),
    ):
        with pytest.raises(ModelError, match="the model returned"):
            predict(output, labels, RULE, novelty, model="m-1", background=background)
