"""From the classifier's output to a prediction, pooled over pages."""

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from docsorter.decide.calibration import softmax
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import (
    PageHeads,
    PageLabel,
    PooledPages,
    disagreement,
    pool_document,
    pool_pages,
    predict,
)
from docsorter.documents import (
    PageSet,
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


def heads(**numbers: float) -> PageHeads:
    """Heads of which feature 0 says "first page", and features 1 to 4 how the page lies."""
    turns = np.zeros((WIDTH, 4))
    turns[1:5] = 8 * np.eye(4)
    arrays = {
        "first_weights": 8 * np.eye(WIDTH)[0],
        "first_bias": np.float32(-4.0),
        "orientation_weights": turns,
        "orientation_bias": np.zeros(4),
        **{name: np.float32(value) for name, value in numbers.items()},
    }
    found = PageHeads.from_arrays(arrays)
    assert found is not None
    return found


def pooled(
    *pages: tuple[float, float, float],
    firsts: tuple[float, ...] = (),
    novelty: tuple[float, ...] = (),
    **numbers: float,
) -> PooledPages:
    """Pool pages of invoice, claim and other; those of `firsts` 1.0 look like first pages."""
    features = np.zeros((len(pages), WIDTH))
    features[:, 0] = firsts or [1.0, *[0.0] * (len(pages) - 1)]
    strange = np.array(novelty or [10.0] * len(pages))
    return pool_document(
        np.array(pages), strange, features, 99.0, background=True, heads=heads(**numbers)
    )


INVOICE, CLAIM, OTHER = (0.96, 0.03, 0.01), (0.03, 0.96, 0.01), (0.03, 0.01, 0.96)


def test_the_first_page_carries_the_label_whatever_is_enclosed() -> None:
    found = pooled(INVOICE, OTHER, (0.4, 0.35, 0.25), CLAIM, novelty=(10, 10, 100, 100))
    assert found.roles == ("part", "unlike", "unlike", "unlike")
    np.testing.assert_array_equal(found.probabilities, INVOICE)
    assert not found.held


@pytest.mark.parametrize("second", [INVOICE, CLAIM])
def test_a_later_page_that_looks_like_a_first_page_begins_another_document(
    second: tuple[float, float, float],
) -> None:
    found = pooled(INVOICE, OTHER, second, firsts=(1.0, 0.0, 1.0))
    assert found.roles == ("part", "unlike", "begins")
    assert found.held
    assert not pooled(INVOICE, OTHER, second, firsts=(1.0, 0.0, 0.4)).held


def test_a_page_that_surely_names_another_label_needs_to_look_less_like_a_first_page() -> None:
    assert pooled(INVOICE, CLAIM, firsts=(1.0, 0.65)).held
    assert not pooled(INVOICE, CLAIM, firsts=(1.0, 0.55)).held
    assert not pooled(INVOICE, INVOICE, firsts=(1.0, 0.65)).held
    assert not pooled(INVOICE, (0.06, 0.93, 0.01), firsts=(1.0, 0.65)).held
    assert not pooled(INVOICE, CLAIM, firsts=(1.0, 0.65), other_limit=0.9).held


def test_a_first_page_of_none_of_the_labels_is_an_enclosure() -> None:
    assert not pooled(INVOICE, OTHER, firsts=(1.0, 1.0)).held


def test_a_later_page_can_confirm_and_cannot_weaken() -> None:
    alone, surer, weaker = (0.9, 0.08, 0.02), (0.99, 0.005, 0.005), (0.6, 0.3, 0.1)
    confirmed = pooled(alone, surer, pool_confirm=0.5).probabilities
    assert 0.9 < confirmed[0] < 0.99
    np.testing.assert_array_equal(pooled(alone, weaker, pool_confirm=0.5).probabilities, alone)
    np.testing.assert_array_equal(pooled(alone, surer).probabilities, alone)


@given(
    st.lists(st.tuples(*[st.floats(0.001, 1.0)] * 3), min_size=1, max_size=8),
    st.floats(0.0, 1.0),
    st.floats(0.1, 5.0),
)
def test_a_document_is_never_surer_than_its_surest_page(
    raw_pages: list[tuple[float, float, float]], confirm: float, temperature: float
) -> None:
    pages = [tuple(value / sum(page) for value in page) for page in raw_pages]
    found = pooled(*pages, pool_confirm=confirm, pool_temperature=temperature)  # type: ignore[arg-type]
    assert found.probabilities.sum() == pytest.approx(1.0)
    assert found.probabilities.max() <= max(map(max, pages)) + 1e-9


def test_documents_of_several_pages_have_a_temperature_of_their_own() -> None:
    one, two = (pooled(*pages, pool_temperature=2.0) for pages in ([INVOICE], [INVOICE, OTHER]))
    assert one.probabilities[0] == 0.96
    assert two.probabilities[0] == pytest.approx(0.96**0.5 / sum(np.sqrt(INVOICE)))


def test_without_heads_strange_pages_have_no_say_and_the_others_do(novelty: NoveltyModel) -> None:
    table = np.array([INVOICE, OTHER, INVOICE, CLAIM])
    features, strange = np.zeros((4, WIDTH)), np.array([10.0, 10.0, 10.0, 99.5])
    found = pool_document(table, strange, features, 99.0, background=True)
    assert found.roles == ("part", "unlike", "part", "unlike")
    np.testing.assert_allclose(found.probabilities, INVOICE)
    assert not found.held
    assert pool_document(table, strange * 0, features, 99.0, background=True).held


def test_heads_say_how_a_page_lies() -> None:
    features = np.eye(WIDTH)[1:5]
    assert heads().turn(features).argmax(axis=1).tolist() == [0, 1, 2, 3]
    assert PageHeads.from_arrays({}) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"first_weights": np.zeros(0)},
        {"first_bias": np.float32(np.nan)},
        {"orientation_weights": np.zeros((WIDTH, 3))},
        {"orientation_bias": np.zeros(5)},
        {"pool_confirm": np.float32(np.inf)},
    ],
)
def test_damaged_heads_are_refused(changes: dict[str, NDArray[Any]]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "first_weights": np.zeros(WIDTH),
        "first_bias": np.zeros(()),
        "orientation_weights": np.zeros((WIDTH, 4)),
        "orientation_bias": np.zeros(4),
    }
    with pytest.raises(ModelError, match="page heads"):
        PageHeads.from_arrays(arrays | changes)


def test_heads_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError, match="width"):
        heads().first(np.zeros((1, WIDTH + 1)))


def test_pages_keep_their_number_in_the_document(novelty: NoveltyModel) -> None:
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    pages = PageSet(pixels, 5, "application/pdf", numbers=(1, 3), blank=(0, 2), undrawable={4: "x"})
    output = raw([[5.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    made = predict(output, LABELS, RULE, novelty, model="m", pages=pages, turned=[0, 90])
    assert [(page.number, page.turned) for page in made.pages] == [(1, 0), (3, 90)]
    assert made.remarks == (
        "pages 1, 3 are blank: left out",
        "page 5 cannot be drawn: x",
        "page 4 lay turned by 90 degrees: judged upright",
    )


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
