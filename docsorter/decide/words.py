"""What the words of a first page say of its label, and what picture and words say together.

A document is the set of its words, however often each occurs: a page that says "invoice" a thousand
times says it once. Words are folded and their digits made 0, so that a sum is `0.000,00` and a
date `00.00.0000`. Each has a rarity and one weight for every output; a document's logits are the
weights of its words, times their rarities, over the length of the vector of rarities (tf-idf of
length 1 without counts), plus the biases.

On 198 real documents of senders that were learned from by neither reader, and 414 foreign ones,
whole words alone were as good as with n-grams of characters, pairs of words, counts, the words that
a page begins with, or marks for sums and dates (area under the ROC curve of labels against foreign,
both readers together: 0.968, the others 0.959 to 0.971), and they can be shown to a person. The
share of unknown words told nothing more of foreign documents; it is kept for people.

Picture and words are multiplied, each to a power of its own (a product of experts, Hinton 2002):
`picture * log p + words * log q + bias`. With seven numbers there is little that few documents can
spoil, and either reader can veto: a foreign document has to convince both.

The arrays of `words.npz`, of V known words and C outputs, which are the labels and, last, "other":

* `keys` (V,) uint32, ascending: CRC-32 of the UTF-8 of each word. No word itself is in the file.
* `rarity` (V,) float16, above 0: log(n / documents with the word) + 1.
* `weights` (V, C) float16, `bias` (C,) float32.
* `reference` (m,) float32, ascending: share of unknown words, 0-1, in documents left out.
* `fusion` (2 + C,) float32: powers of picture and words, then the biases. Empty where only words
  were learned.
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.calibration import softmax
from docsorter.errors import ModelError

Floats = NDArray[np.float64]

LEAST_WORDS: Final = 5
"""A page with fewer known words says nothing by them."""

_LONGEST_TEXT: Final = 50_000  # characters; five pages of small print
_MOST_WORDS: Final = 4_000
_LONGEST_WORD: Final = 40
_LEAST_PROBABILITY: Final = 1e-6
_WORD: Final = re.compile(r"[^\W_]+(?:[.,'\u2019/&-][^\W_]+)*|[€$£§%#:@]")
_DIGIT: Final = re.compile(r"\d")
_TYPES: Final = {
    "keys": np.uint32,
    "rarity": np.float16,
    "weights": np.float16,
    "bias": np.float32,
    "reference": np.float32,
    "fusion": np.float32,
}


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, folded, digits as 0.

    Of a text beyond what fits on a page the rest is left out.
    """
    folded = unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]).casefold()
    found = _WORD.findall(_DIGIT.sub("0", folded))
    return [word for word in found[:_MOST_WORDS] if len(word) <= _LONGEST_WORD]


def word_keys(text: str) -> NDArray[np.uint32]:
    """Return the keys of the words of a text, each once, ascending."""
    return np.unique(_keys(words_of(text)))


def _keys(words: Sequence[str]) -> NDArray[np.uint32]:
    """Return the key of each word; the same on every machine and in every process."""
    return np.array([zlib.crc32(word.encode()) for word in words], np.uint32)


def places_of(known: NDArray[np.uint32], asked: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return where in `known` those of `asked` are that occur there; both and it ascending."""
    if len(known) == 0:
        return np.zeros(0, np.int64)
    places = np.minimum(np.searchsorted(known, asked), len(known) - 1).astype(np.int64)
    return places[np.asarray(known[places] == asked, np.bool_)]


@dataclass(frozen=True, slots=True, eq=False)
class WordsModel:
    """The reader of words; made by training or `from_arrays`. The module says what the arrays are.

    Attributes:
        keys: (V,) uint32.
        rarity: (V,) float16.
        weights: (V, C) float16.
        bias: (C,) float32.
        reference: (m,) float32.
        fusion: (2 + C,) float32, or empty.
    """

    keys: NDArray[np.uint32]
    rarity: NDArray[np.float16]
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]
    reference: NDArray[np.float32]
    fusion: NDArray[np.float32]

    def logits(self, texts: Sequence[str]) -> Floats:
        """Return what the words of documents say, (n, C) float64; of no known word, the bias."""
        rows = [places_of(self.keys, word_keys(text)) for text in texts]
        said = [self._unit(row) @ self.weights[row].astype(np.float64) for row in rows]
        return np.asarray(said, np.float64).reshape(len(texts), len(self.bias)) + self.bias

    def known(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Return how many different words of each document are known, (n,)."""
        counts = [len(places_of(self.keys, word_keys(text))) for text in texts]
        return np.array(counts, np.int64)

    def novelty(self, texts: Sequence[str]) -> Floats:
        """Return the share of held-out documents with a smaller share of unknown words, 0-100.

        (n,) float64; 100 for a text without a word.
        """
        found = [word_keys(text) for text in texts]
        unknown = [1.0 - len(places_of(self.keys, keys)) / max(1, len(keys)) for keys in found]
        smaller = np.searchsorted(self.reference, np.array(unknown, np.float32), side="left")
        percentiles: Floats = 100.0 * smaller / len(self.reference)
        return np.where([len(keys) == 0 for keys in found], 100.0, percentiles)

    def evidence(self, words: Sequence[str], label: int) -> Floats:
        """Return how much each word of a document speaks for a label, and below 0 against it.

        Args:
            words: The words as they stand on the page, all of it; a word may have several parts.
            label: Column of the label.

        Returns:
            (n,) float64: their sum is the logit of the label less the mean of the other logits,
            biases left out. A word that occurs several times shares what it says among them.
        """
        parts = [words_of(word) for word in words]
        each = Counter(part for one in parts for part in one)
        spoken = np.array(list(each), object)
        keys = _keys(spoken.tolist())
        ordered, first = np.unique(keys, return_index=True)
        places = places_of(self.keys, ordered)
        among = self.weights[places].astype(np.float64)
        others = (among.sum(axis=1) - among[:, label]) / max(1, among.shape[1] - 1)
        values = self._unit(places) * (among[:, label] - others)
        known = np.isin(ordered, self.keys)
        says = dict(zip(spoken[first[known]].tolist(), values.tolist(), strict=True))
        return np.array([sum(says.get(p, 0.0) / each[p] for p in one) for one in parts], np.float64)

    def together(self, picture: NDArray[np.floating[Any]], logits: Floats) -> Floats:
        """Return what picture and words say together, calibrated, (n, C) float64.

        Ask it only of documents with at least `LEAST_WORDS` known words.

        Args:
            picture: (n, C) calibrated probabilities of the picture, "other" last.
            logits: (n, C), from `logits`.

        Raises:
            ModelError: The model was never fitted together with a picture, or shapes differ.
        """
        if self.fusion.size == 0 or picture.shape != logits.shape:
            raise ModelError("the words of the model were not learned together with its pictures")
        return softmax(fused_logits(self.fusion, picture, softmax(logits)))

    def _unit(self, places: NDArray[np.int64]) -> Floats:
        """Return the vector of a document, of length 1, where it is not 0."""
        values = self.rarity[places].astype(np.float64)
        return values / max(float(np.sqrt((values**2).sum())), 1e-12)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for the model bundle."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "WordsModel":
        """Make it again from `to_arrays`; other arrays are passed over.

        Raises:
            ModelError: An array is missing, of the wrong shape or type, or holds no numbers.
        """
        found = {name: _checked(arrays, name) for name in _TYPES}
        words, outputs = len(found["keys"]), len(found["bias"])
        shapes = {"keys": (words,), "rarity": (words,), "weights": (words, outputs)}
        fits = all(found[name].shape == shape for name, shape in shapes.items())
        if not fits or outputs < 2 or found["fusion"].shape not in {(0,), (2 + outputs,)}:  # noqa: PLR2004 -- a label and "other"
            raise _damaged("its arrays do not fit each other")
        ordered = (np.diff(found["keys"].astype(np.int64)) > 0).all()
        rising = found["reference"].ndim == 1 and (np.diff(found["reference"]) >= 0).all()
        if not ordered or not rising or found["reference"].size == 0:
            raise _damaged("its keys or its shares of unknown words are out of order")
        return cls(**found)


def fused_logits(
    fusion: NDArray[np.floating[Any]], picture: NDArray[np.floating[Any]], words: Floats
) -> Floats:
    """Multiply two readers, each to a power of its own.

    Args:
        fusion: (2 + C,) powers of picture and words, then biases.
        picture: (n, C) probabilities.
        words: (n, C) probabilities.

    Returns:
        (n, C) float64 logits.
    """
    by = np.asarray(fusion, np.float64)
    said, read = (np.log(np.maximum(one, _LEAST_PROBABILITY)) for one in (picture, words))
    result: Floats = by[0] * said + by[1] * read + by[2:]
    return result


def _checked(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise _damaged(f"{name} is missing")
    values = np.asarray(arrays[name])
    if values.dtype != _TYPES[name] or values.ndim != (2 if name == "weights" else 1):
        raise _damaged(f"{name} is no array of the kind expected")
    if not np.isfinite(values).all():
        raise _damaged(f"{name} holds something that is no number")
    return values


def _damaged(what: str) -> ModelError:
    return ModelError(
        f"the words of the model are damaged: {what}",
        remedy="take the bundle again from where it came from",
    )
