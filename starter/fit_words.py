"""Fits the reader of words, and what makes one verdict of picture and words.

The reader is a multinomial logistic regression on the words of documents (`docsorter.decide.words`
says what a document is to it), with a penalty on squared weights. What picture and words say
together is fitted on logits that neither reader has seen the document for (stacked generalisation,
Wolpert 1992), or it would trust whichever reader learns by heart.

Where a base knows every label, its words, its fusion and what it asks stay as they are. Real
documents of other layouts that were sorted, and foreign ones of other sources (4 draws): with 20
documents per label 0.59 and 3.0 % by the picture, 0.75 and 1.8 % with the words of the base as they
are, 0.77 and 2.6 % with words moved under a penalty of 1 around the base, 0.78 and 4.1 % under 0.1,
0.82 and 6.5 % under 0.001. With 50 per label 0.53 and 1.6 %, then 0.71 and 2.4, 0.70 and 2.9, 0.71
and 5.7, 0.79 and 10.4 %. What a sender's own words say for a label they say for foreign documents
of that sender, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import log_softmax

from docsorter.decide.calibration import fit_temperature, softmax
from docsorter.decide.words import WordsModel, fused_logits, places_of, word_keys
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Keys = NDArray[np.uint32]

PENALTY: Final = 1e-4
"""Of the squared weights, against documents whose weights sum to 1; results of 1e-5 and of 3e-4 are
the same within their noise."""

LEAST_GROUPS: Final = 3
"""A word is learned that so many groups of documents have; fewer are names."""

FOREIGN_SHARE: Final = 0.05
"""Share of foreign documents that is expected among those to come."""

_STEPS: Final = 100
_RIDGE: Final = 1.0  # of the fusion, against one document; around what follows
_EVEN: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class TextExamples:
    """Texts to learn from; a document may be read in several ways, which share its weight.

    Attributes:
        keys: The words of each of r texts; see `docsorter.decide.words.word_keys`.
        documents: (r,) the document of each text, ascending from 0; the first text of a document is
            what the daemon would read.
        targets: (n,) column of each of n documents, the last one for a foreign one.
        weights: (n,) how much each counts.
        groups: (n,) documents of one group (a source, a layout) are alike.
    """

    keys: "tuple[Keys, ...]"
    documents: "Ints"
    targets: "Ints"
    weights: "Floats"
    groups: "Ints"

    @classmethod
    def of(
        cls,
        texts: Sequence[Sequence[str]],
        targets: "Ints",
        weights: "Floats",
        groups: "Ints",
    ) -> "TextExamples":
        """Take the texts of each document, at least one, apart into words."""
        documents = np.repeat(np.arange(len(texts)), [len(views) for views in texts])
        keys = tuple(word_keys(text) for views in texts for text in views)
        return cls(keys, documents, targets, weights, groups)

    def where(self, chosen: "NDArray[np.bool_]") -> "TextExamples":
        """Return the documents for which `chosen`, (n,), is true."""
        rows = chosen[self.documents]
        return TextExamples(
            tuple(keys for keys, kept in zip(self.keys, rows, strict=True) if kept),
            (np.cumsum(chosen) - 1)[self.documents[rows]],
            self.targets[chosen],
            self.weights[chosen],
            self.groups[chosen],
        )

    def first_texts(self) -> "tuple[Keys, ...]":
        """Return the words that the daemon would read of each document."""
        _, first = np.unique(self.documents, return_index=True)
        return tuple(self.keys[row] for row in first)


def fit_words(
    examples: TextExamples,
    outputs: int,
    *,
    least_groups: int = LEAST_GROUPS,
) -> WordsModel:
    """Learn the words of documents.

    Args:
        examples: Texts of documents.
        outputs: Labels and "other".
        least_groups: See `LEAST_GROUPS`.

    Returns:
        A reader without fusion, whose novelty refers to these very documents.

    Raises:
        UsageError: No word is in documents of enough groups.
    """
    keys, rarity = _vocabulary(examples, least_groups)
    if len(keys) == 0:
        raise UsageError(
            "the documents have no words in common to learn from",
            remedy="read more of them, or train on their pictures alone",
        )
    learned = _solve(_table(examples.keys, keys, rarity), examples, outputs)
    model = WordsModel(
        keys,
        rarity,
        learned[:-1].astype(np.float16),
        learned[-1].astype(np.float32),
        np.zeros(1, np.float32),
        np.zeros(0, np.float32),
    )
    return replace(model, reference=_reference([_unknown(model, examples)]))


@dataclass(frozen=True, slots=True, eq=False)
class LearnedWords:
    """A reader of words, and what readers that had not seen a document said of it.

    Attributes:
        model: Learned from all documents; its novelty refers to documents left out.
        logits: (n, C) float64, of each document by a reader that had not learned from its fold.
    """

    model: WordsModel
    logits: "Floats"


def learn_words(
    examples: TextExamples,
    outputs: int,
    folds: "Ints",
    *,
    least_groups: int = LEAST_GROUPS,
) -> LearnedWords:
    """Learn the words of documents, and ask about each what was learned without it.

    Args:
        examples: Texts of documents.
        outputs: Labels and "other".
        folds: (n,) the fold of each document, whole groups in one; below 0 it is always learned
            from, and never asked about (NaN).
        least_groups: See `LEAST_GROUPS`.

    Raises:
        UsageError: As for `fit_words`.
    """
    logits = np.full((len(folds), outputs), np.nan)
    unknown = []
    for fold in np.unique(folds[folds >= 0]):
        left_out = folds == fold
        model = fit_words(examples.where(~left_out), outputs, least_groups=least_groups)
        asked = examples.where(left_out)
        logits[left_out] = _logits(model, asked.first_texts())
        unknown.append(_unknown(model, asked))
    model = fit_words(examples, outputs, least_groups=least_groups)
    if unknown:
        model = replace(model, reference=_reference(unknown))
    return LearnedWords(model, logits)


def fit_fusion(
    picture: "Floats", words: "Floats", targets: "Ints", weights: "Floats"
) -> "NDArray[np.float32]":
    """Fit what picture and words say together, on what they said of documents they had not seen.

    Args:
        picture: (n, C) calibrated probabilities of the picture, "other" last.
        words: (n, C) logits of the words.
        targets: (n,) columns.
        weights: (n,) how much each counts; the share of foreign documents in them is taken for the
            one drawn, and the result is meant for `FOREIGN_SHARE`.

    Returns:
        (2 + C,) for `WordsModel.fusion`, its temperature worked in.
    """
    other = picture.shape[1] - 1
    shares = weights / weights.sum()
    even = np.append([_EVEN, _EVEN], np.zeros(other + 1))
    truth = np.eye(other + 1)[targets]
    readers = [fused_logits(row, picture, softmax(words)) for row in np.eye(2 + other + 1)[:2]]

    def loss(fusion: "Floats") -> "tuple[float, Floats]":
        logs = log_softmax(fusion[0] * readers[0] + fusion[1] * readers[1] + fusion[2:], axis=1)
        away = fusion - even
        value = -float(shares @ (logs * truth).sum(axis=1))
        value += 0.5 * _RIDGE / len(targets) * float(away @ away)
        error = (np.exp(logs) - truth) * shares[:, np.newaxis]
        gradient = np.append([(error * one).sum() for one in readers], error.sum(axis=0))
        return value, gradient + _RIDGE / len(targets) * away

    fusion = np.asarray(minimize(loss, even, jac=True, method="L-BFGS-B").x, np.float64)
    foreign = float(shares[targets == other].sum())
    if 0 < foreign < 1:  # the mix to come is another one (Saerens et al. 2002)
        fusion[-1] += np.log(FOREIGN_SHARE / (1 - FOREIGN_SHARE)) - np.log(foreign / (1 - foreign))
        ratio = FOREIGN_SHARE / foreign * (1 - foreign) / (1 - FOREIGN_SHARE)
        weights = np.where(targets == other, weights * ratio, weights)
    logits = fused_logits(fusion, picture, softmax(words))
    return (fusion / fit_temperature(logits, targets, 1, weights)).astype(np.float32)


def cross_fitted(
    picture: "Floats", words: "Floats", targets: "Ints", weights: "Floats", folds: "Ints"
) -> "Floats":
    """Return what picture and words say together of each document, fitted without its fold.

    Args:
        picture: As for `fit_fusion`.
        words: As for `fit_fusion`.
        targets: (n,) columns.
        weights: As for `fit_fusion`.
        folds: (n,) whole groups in one.

    Returns:
        (n, C) float64 probabilities.
    """
    result = np.zeros(picture.shape)
    for fold in np.unique(folds):
        asked = folds == fold
        fusion = fit_fusion(picture[~asked], words[~asked], targets[~asked], weights[~asked])
        result[asked] = softmax(fused_logits(fusion, picture[asked], softmax(words[asked])))
    return result


def _vocabulary(examples: TextExamples, least_groups: int) -> "tuple[Keys, NDArray[np.float16]]":
    """Return the words to learn and their rarity."""
    sizes = [len(keys) for keys in examples.keys]
    rows = np.concatenate([*examples.keys, np.zeros(0, np.uint32)])
    keys, words = np.unique(rows, return_inverse=True)
    groups = np.repeat(examples.groups[examples.documents], sizes).astype(np.int64)
    pairs = np.unique(np.stack([words.astype(np.int64), groups]), axis=1)
    enough = np.bincount(pairs[0], minlength=len(keys)) >= least_groups
    counts = np.bincount(words, minlength=len(keys))[enough]
    rarity = np.log((1 + len(sizes)) / (1 + counts)) + 1
    return keys[enough], rarity.astype(np.float16)


def _table(texts: "Sequence[Keys]", keys: "Keys", rarity: "NDArray[np.float16]") -> "csr_array":
    """Return the texts as rows of length 1, (r, V)."""
    places = [places_of(keys, text) for text in texts]
    values = [rarity[row].astype(np.float64) for row in places]
    units = [one / max(float(np.sqrt((one**2).sum())), 1e-12) for one in values]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in places])])
    columns = np.concatenate([*places, np.zeros(0, np.int64)])
    shape = (len(texts), len(keys))
    return csr_array((np.concatenate([*units, np.zeros(0)]), columns, starts), shape=shape)


def _solve(table: "csr_array", examples: TextExamples, outputs: int) -> "Floats":
    """Return weights and, last, biases, which are free, (V + 1, C)."""
    _, texts = np.unique(examples.documents, return_counts=True)
    shares = (examples.weights / examples.weights.sum() / texts)[examples.documents]
    truth = np.eye(outputs)[examples.targets[examples.documents]]
    turned = table.T.tocsr()
    size = (table.shape[1] + 1, outputs)

    def loss(flat: "Floats") -> "tuple[float, Floats]":
        now = flat.reshape(size)
        held = np.concatenate([now[:-1], np.zeros((1, outputs))])
        logs = log_softmax(table @ now[:-1] + now[-1], axis=1)
        value = -float(shares @ (logs * truth).sum(axis=1)) + 0.5 * PENALTY * float((held**2).sum())
        error = (np.exp(logs) - truth) * shares[:, np.newaxis]
        gradient = np.concatenate([turned @ error, error.sum(axis=0)[np.newaxis]])
        return value, (gradient + PENALTY * held).ravel()

    found = minimize(
        loss, np.zeros(size[0] * outputs), jac=True, method="L-BFGS-B",
        options={"maxiter": _STEPS, "gtol": 1e-5},
    ).x  # fmt: skip
    return np.asarray(found, np.float64).reshape(size)


def _logits(model: WordsModel, texts: "Sequence[Keys]") -> "Floats":
    table = _table(texts, model.keys, model.rarity)
    result: Floats = table @ model.weights.astype(np.float64) + model.bias
    return result


def _unknown(model: WordsModel, examples: TextExamples) -> "NDArray[np.float32]":
    """Return the share of unknown words of each document of a label, (n,)."""
    own = examples.targets < len(model.bias) - 1
    texts = [keys for keys, kept in zip(examples.first_texts(), own, strict=True) if kept]
    known = [len(places_of(model.keys, keys)) for keys in texts]
    pairs = zip(known, texts, strict=True)
    return np.array([1 - one / max(1, len(keys)) for one, keys in pairs], np.float32)


def _reference(unknown: "Sequence[NDArray[np.float32]]") -> "NDArray[np.float32]":
    found = np.sort(np.concatenate(unknown))
    return found if len(found) else np.zeros(1, np.float32)
