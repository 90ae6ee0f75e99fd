"""Learning from words: without a base, on top of one, and together with pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.decide.calibration import softmax
from docsorter.decide.words import WordsModel
from docsorter.errors import UsageError
from starter.fit_words import (
    TextExamples,
    cross_fitted,
    fit_fusion,
    fit_words,
    learn_words,
)

Floats = NDArray[np.float64]
SAID = ("invoice total due amount", "dear sir sincerely yours", "receipt cash change till")
COMMON = ("street", "city", "phone", "date", "page", "north", "south", "east", "west", "number")


def text(kind: int, rng: np.random.Generator) -> str:
    words = [*rng.choice(SAID[kind].split(), 3), *rng.choice(COMMON, 4)]
    return " ".join(
        [
            *words,
            f"name{rng.integers(10**9):x}".translate(str.maketrans("0123456789", "ghijklmnop")),
        ]
    )


def examples(seed: int, n: int = 60, views: int = 1) -> TextExamples:
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    texts = [[text(int(kind), rng) for _ in range(views)] for kind in targets]
    return TextExamples.of(texts, targets, np.ones(n), np.arange(n))


def right(model: WordsModel, seed: int) -> float:
    rng = np.random.default_rng(seed)
    targets = np.arange(60) % 3
    said = model.logits([text(int(kind), rng) for kind in targets])
    return float((said.argmax(axis=1) == targets).mean())


def test_labels_are_told_apart_by_their_words() -> None:
    assert right(fit_words(examples(1), 3), 2) > 0.95


def test_a_word_of_few_groups_is_not_learned() -> None:
    model = fit_words(examples(1), 3)
    assert len(model.keys) == len(" ".join(SAID).split()) + len(COMMON)
    one = examples(1)
    alike = TextExamples(one.keys, one.documents, one.targets, one.weights, one.groups % 2)
    with pytest.raises(UsageError, match="no words in common"):
        fit_words(alike, 3)


def test_the_views_of_a_document_share_its_weight() -> None:
    once = examples(3)
    twice = TextExamples(
        tuple(keys for keys in once.keys for _ in (0, 1)),
        np.repeat(once.documents, 2),
        once.targets,
        once.weights,
        once.groups,
    )
    assert fit_words(once, 3).bias == pytest.approx(fit_words(twice, 3).bias, abs=0.05)
    assert len(twice.where(once.targets == 1).keys) == 40
    assert [k.tolist() for k in twice.first_texts()] == [k.tolist() for k in once.keys]


def test_no_document_is_asked_about_by_a_reader_that_learned_from_it() -> None:
    own = examples(4, 90)
    folds = np.arange(90) // 3 % 3
    folds[:6] = -1
    learned = learn_words(own, 3, folds)
    assert np.isnan(learned.logits[:6]).all()
    assert (learned.logits[6:].argmax(axis=1) == own.targets[6:]).mean() > 0.95
    # Every document has a word of its own; who saw it would be right about all of them.
    rng = np.random.default_rng(5)
    names = [f"{a}{b}" for a in "abcdefghi" for b in "klmnopqrst"]
    noise = TextExamples.of(
        [[f"{name} street city"] for name in names],
        rng.integers(0, 3, 90),
        np.ones(90),
        np.arange(90),
    )
    blind = learn_words(noise, 3, np.arange(90) % 3, least_groups=1).logits
    assert (blind.argmax(axis=1) == noise.targets).mean() < 0.6


def readers(seed: int, n: int = 300) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """A picture and words that are right about as often, and wrong about other documents."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 3
    picture, words = (rng.normal(0, 1, (n, 3)) + 2.0 * np.eye(3)[targets] for _ in (0, 1))
    return softmax(picture), 5 * words, targets


def test_both_together_are_better_than_either_and_calibrated() -> None:
    picture, words, targets = readers(6)
    both = cross_fitted(picture, words, targets, np.ones(300), np.arange(300) % 5)
    found = [(one.argmax(axis=1) == targets)[targets < 2].mean() for one in (picture, words, both)]
    assert found[2] > max(found[:2])
    own = targets < 2
    surest = both[own].max(axis=1)
    assert surest.mean() == pytest.approx((both.argmax(axis=1) == targets)[own].mean(), abs=0.06)


def test_a_reader_that_says_nothing_is_not_heard() -> None:
    picture, _, targets = readers(7)
    noise = np.random.default_rng(8).normal(0, 1, (300, 3))
    fusion = fit_fusion(picture, noise, targets, np.ones(300))
    assert abs(fusion[1]) < 0.3 * fusion[0]


def test_foreign_documents_are_expected_as_rarely_as_they_come() -> None:
    picture, words, targets = readers(9)
    even = np.full((1, 3), 1 / 3)
    fusion = fit_fusion(picture, words, targets, np.ones(300))
    model = WordsModel(
        np.zeros(0, np.uint32), np.zeros(0, np.float16), np.zeros((0, 3), np.float16),
        np.zeros(3, np.float32), np.zeros(1, np.float32), fusion,
    )  # fmt: skip
    assert model.together(even, np.zeros((1, 3)))[0, 2] < 0.15
