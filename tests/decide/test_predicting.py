from dataclasses import replace

import numpy as np
import pytest

from docsorter.decide.calibration import softmax
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import predict
from docsorter.documents import (
    RawOutput,
    SortRule,
)
from docsorter.errors import ModelError

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


def test_a_document_is_as_strange_as_its_strangest_page(novelty: NoveltyModel) -> None:
    features = np.zeros((2, WIDTH), dtype=np.float32)
    features[1] = 50.0
    output = RawOutput(np.zeros((2, 3), dtype=np.float32), features)
    prediction = predict(output, LABELS, RULE, novelty, model="m-1")
    assert prediction.pages[0].novelty < 50
    assert prediction.pages[1].novelty == prediction.novelty == 100.0


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
