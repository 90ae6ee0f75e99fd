"""The reader of words: what it takes from a text, what it says, and how it joins the picture."""

from dataclasses import replace

import numpy as np
import pytest

from docsorter.decide.words import WordsModel, places_of, word_keys, words_of
from docsorter.errors import ModelError

INVOICE = "Invoice No. 4711 Total due 1.234,50 €"
SPOKEN = ("invoice", "total", "dear", "sincerely", "patient")


def model(fusion: tuple[float, ...] = ()) -> WordsModel:
    """Of invoice, letter and "other": two words speak for each label, one for neither."""
    keys = np.concatenate([word_keys(word) for word in SPOKEN])
    order = np.argsort(keys)
    weights = np.array([[4, 0, 0], [2, 0, 0], [0, 4, 0], [0, 2, 0], [0, 0, 3]], np.float16)
    return WordsModel(
        keys[order],
        np.ones(len(keys), np.float16),
        weights[order],
        np.array([0.0, 0.0, 1.0], np.float32),
        np.array([0.0, 0.2, 0.4, 0.6], np.float32),
        np.array(fusion, np.float32),
    )


def test_words_are_folded_and_digits_are_zero() -> None:
    assert words_of(INVOICE) == ["invoice", "no", "0000", "total", "due", "0.000,00", "€"]
    assert words_of("ﬁnal STRASSE Straße so\u00adft") == ["final", "strasse", "strasse", "so", "ft"]


def test_the_same_word_has_the_same_key_in_every_process() -> None:
    assert word_keys("invoice invoice").tolist() == [2422544196]


def test_what_is_said_a_thousand_times_is_said_once() -> None:
    once, often = "Dear invoice", "Dear " + "invoice " * 1000
    assert model().logits([once]) == pytest.approx(model().logits([often]))


def test_ten_megabytes_of_text_cost_no_more_than_a_page() -> None:
    assert len(words_of("word " * 2_000_000)) <= 4_000
    assert words_of("x" * 41) == []


def test_known_words_say_the_label_and_a_text_without_them_says_other() -> None:
    said = model().logits([INVOICE, "Dear Sir, … Sincerely", "nothing known", ""])
    assert said.argmax(axis=1).tolist() == [0, 1, 2, 2]
    assert model().known([INVOICE, ""]).tolist() == [2, 0]


def test_more_unknown_words_are_more_novel() -> None:
    found = model().novelty(["invoice total", "invoice no", "no such words", ""])
    assert found.tolist() == [0.0, 75.0, 100.0, 100.0]


def test_evidence_adds_up_to_the_logits_and_is_shared_among_repeated_words() -> None:
    page = ["Invoice", "invoice/total", "No.", "Dear", "total"]
    said = model().logits([" ".join(page)])[0] - model().bias
    found = model().evidence(page, 0)
    assert found.sum() == pytest.approx(said[0] - said[1:].mean())
    assert found[2] == 0
    assert found[3] < 0 < found[0]
    again = model().evidence(["Invoice", "Invoice"], 0)
    assert again[0] == again[1]


def test_either_reader_can_veto() -> None:
    both = model((1.0, 1.0, 0.0, 0.0, 0.0))
    picture = np.array([[0.98, 0.01, 0.01], [0.98, 0.01, 0.01], [0.01, 0.01, 0.98]])
    said = both.together(picture, np.array([[5.0, 0.0, 0.0], [0.0, 0.0, 9.0], [5.0, 0.0, 0.0]]))
    assert said.sum(axis=1) == pytest.approx(1)
    assert said[0, 0] > 0.999
    assert said[1, 2] > 0.9
    assert said[2, 0] < 0.9


def test_words_learned_alone_join_no_picture() -> None:
    with pytest.raises(ModelError, match="not learned together"):
        model().together(np.full((1, 3), 1 / 3), np.zeros((1, 3)))


def test_a_model_survives_the_way_through_its_arrays() -> None:
    first = model((1.0, 1.0, 0.0, 0.0, 0.0))
    again = WordsModel.from_arrays({**first.to_arrays(), "more": np.zeros(1)})
    assert again.logits([INVOICE]).tolist() == first.logits([INVOICE]).tolist()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("keys", np.zeros(5, np.uint32)),
        ("weights", np.zeros((4, 3), np.float16)),
        ("weights", np.full((5, 3), np.nan, np.float16)),
        ("rarity", np.ones(5, np.float64)),
        ("bias", np.zeros(1, np.float32)),
        ("reference", np.zeros(0, np.float32)),
        ("fusion", np.zeros(4, np.float32)),
    ],
)
def test_damaged_arrays_are_refused(name: str, values: np.ndarray) -> None:
    with pytest.raises(ModelError, match="damaged"):
        WordsModel.from_arrays({**model().to_arrays(), name: values})
    kept = {key: array for key, array in model().to_arrays().items() if key != name}
    with pytest.raises(ModelError, match="missing"):
        WordsModel.from_arrays(kept)


def test_a_model_of_no_words_knows_nothing() -> None:
    nothing = np.zeros(0, np.uint32)
    assert places_of(nothing, word_keys(INVOICE)).tolist() == []
    empty = replace(
        model(), keys=nothing, rarity=np.zeros(0, np.float16), weights=np.zeros((0, 3), np.float16)
    )
    assert empty.logits([INVOICE]).tolist() == [[0.0, 0.0, 1.0]]
