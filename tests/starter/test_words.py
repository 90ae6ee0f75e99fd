"""The reader of words of the starter: what it learns from, and how its rule is measured."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from docsorter.documents import SortRule
from docsorter.training.dataset import Predictions, Sample
from starter.document import generate, typeset
from starter.rule import Unseen
from starter.words import MadeText, made_texts, make_words, source_weights

LABELS = ("invoice", "claim", "letter")
RULE = SortRule(1.0, 0.95, 99.0)
SAID = ("invoice total due amount", "claim insured policy patient", "dear sir sincerely yours",
        "receipt cash till change")  # fmt: skip


def _text(column: int, rng: np.random.Generator) -> str:
    return " ".join([*rng.choice(SAID[column].split(), 4, replace=False), "street city page phone"])


def _unseen(n: int = 80) -> tuple[Unseen, Predictions]:
    """Documents of which the picture says something in every second case, of two a source."""
    rng = np.random.default_rng(1)
    targets = np.arange(n) % 4
    samples = tuple(
        Sample(Path(f"{row}.png"), "", "", str(row), f"source {row // 8}") for row in range(n)
    )
    shown = np.full((n, 4), 0.1) + 0.6 * np.eye(4)[targets]
    shown[::2] = 0.1 + 0.6 * np.eye(4)[rng.integers(0, 4, len(shown[::2]))]
    logits = np.log(shown).astype(np.float32)
    unseen = Unseen(
        samples, targets, logits, logits, np.zeros((n, 2), np.float16), np.zeros(n),
        np.arange(n) // 8, ("",) * n, np.ones(n, np.bool_),
    )  # fmt: skip
    return unseen, Predictions(samples, targets, shown, np.zeros(n))


def test_both_readers_sort_what_the_picture_leaves() -> None:
    unseen, picture = _unseen()
    rng = np.random.default_rng(2)
    texts = {
        sample.path: [_text(int(target), rng)]
        for sample, target in zip(unseen.samples, unseen.targets, strict=True)
    }
    made = [
        MadeText([*LABELS, "other"][column], f"kind-{column}", f"{turn}", _text(column, rng))
        for column in range(4)
        for turn in range(10)
    ]
    found = make_words(unseen, picture, texts.__getitem__, made, LABELS, RULE)

    own = unseen.targets < 3
    assert not found.first.any()
    assert found.second[own].mean() > 0.9
    assert not found.second[~own].any()
    right = found.both.probabilities.argmax(axis=1) == unseen.targets
    assert right.mean() > 0.95
    said = found.model.logits([_text(2, rng)])
    assert found.model.together(np.full((1, 4), 0.25), said).argmax() == 2
    rule = replace(RULE, words=found.rule)
    assert 0.8 <= rule.required_confidence("invoice", read=True) < 0.99
    assert rule.required_confidence("invoice") > RULE.threshold


def test_a_page_without_words_is_left_to_the_picture() -> None:
    unseen, picture = _unseen()
    rng = np.random.default_rng(3)
    texts = {
        sample.path: [_text(int(target), rng) if row else ""]
        for row, (sample, target) in enumerate(zip(unseen.samples, unseen.targets, strict=True))
    }
    made = [MadeText("claim", "a", "", _text(1, rng)), MadeText("other", "b", "", _text(3, rng))]
    found = make_words(unseen, picture, texts.__getitem__, made, LABELS, RULE)

    assert found.both.probabilities[0].tolist() == picture.probabilities[0].tolist()
    assert not found.second[0]


def test_a_large_source_counts_no_more_than_others() -> None:
    targets = np.array([0] * 100 + [0] * 25 + [3] * 5)
    weights = source_weights(targets, np.array(["big"] * 100 + ["small"] * 25 + ["else"] * 5))
    assert weights[:100].sum() == pytest.approx(weights[100:125].sum())
    assert weights[125:].sum() == pytest.approx(0.34)


def test_generated_texts_are_of_every_label_and_of_the_document_that_is_shown() -> None:
    found = made_texts({"invoice": 1, "letter": 1}, seed=4)
    assert {one.label for one in found} == {"invoice", "letter"}
    assert all(len(one.text.split()) > 20 for one in found)
    shown = generate("invoice-plain", 4, "train", height=100)
    plan, source = typeset("invoice-plain", 4, "train")
    assert (plan.layout, source) == (shown.layout, shown.source)
