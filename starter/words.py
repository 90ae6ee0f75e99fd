"""Makes the reader of words that the starter ships with, and the rule for picture and words.

Real documents are read as the daemon reads them; generated ones give their text layer. Generated
texts have half of the weight, since real claims and letters are few: of real documents of unseen
senders 0.94 were right by their words without them, 0.98 with them (area under the curve of labels
against foreign 0.918 and 0.934).
"""

import dataclasses
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.policy import offset_between
from docsorter.decide.words import LEAST_WORDS, WordsModel, places_of, word_keys
from docsorter.documents import SortRule, WordsRule
from docsorter.model.card import NONE_OF_THESE
from docsorter.training.base import MOST_OF_SOURCE
from docsorter.training.dataset import Predictions
from docsorter.training.splits import deal
from docsorter.training.words import TextExamples, cross_fitted, fit_fusion, learn_words
from starter.dataset import spread
from starter.document import typeset
from starter.kinds import EVERY, KINDS
from starter.rule import FOREIGN_SORTED, Scored, Unseen, best_thresholds, rule_of, scored
from starter.typesetting import to_pdf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

MADE: Final = {
    "invoice": 2000, "claim": 2000, "letter": 2000, "other": 4400
}  # fmt: skip
"""Texts to generate, by label."""

FIRST_LOOK: Final = 2.0
"""By how much the log odds of the picture's thresholds are raised where the words can be asked.

What the picture alone lets through, the words cannot stop any more. With thresholds fitted without
their source, the picture alone sorted 0.62 of 198 real documents and 2.4 % of 414 foreign ones, or
0.55 and 1.9 % when raised by 0.5. Both together, without a first look, sorted 0.73 and 1.7 %; after
one that is not raised 0.72 and 3.1 %, raised by 1 0.72 and 2.2 %, by 2 0.74 and 1.9 %. Of the 0.74,
the picture had sorted 0.42."""

PACKED: Final = 5
"""Generated texts of each kind that travel with the bundle, for whoever trains other labels."""

_SHARES: Final = np.array([0.22, 0.22, 0.22, 0.34])
_MADE_SHARE: Final = 0.5
_FOLDS: Final = 6
_TARGET: Final = 0.01
_WITHOUT_LAYER: Final = frozenset({"photo", "invoice-script"})


@dataclass(frozen=True, slots=True)
class MadeText:
    """The text of a generated document's first page."""

    label: str
    kind: str
    layout: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class StarterWords:
    """The reader of words, its rule, and what both readers do to documents of unseen senders.

    Attributes:
        model: For `words.npz`.
        rule: For the card: what is asked where the words were read.
        both: Of the real documents, by readers and a fusion that had not seen their source; those
            with too few words have the picture's.
        first: (n,) bool, what the picture sorts alone at thresholds fitted without its source.
        second: (n,) bool, what both sort of the rest.
        foreign: (m, C) float16, logits of the words of the foreign documents among them, in the
            order of `Unseen.foreign`: what training weighs its own labels against.
        made: See `packed`.
    """

    model: WordsModel
    rule: WordsRule
    both: Predictions
    first: "Mask"
    second: "Mask"
    foreign: "NDArray[np.float16]"
    made: "dict[str, NDArray[np.generic]]"

    def arrays(self) -> "dict[str, NDArray[np.generic]]":
        """Return what `words.npz` of the bundle holds."""
        return {**self.model.to_arrays(), "foreign": self.foreign, **self.made}


def made_texts(counts: Mapping[str, int] | None = None, seed: int = 900_000) -> list[MadeText]:
    """Generate texts of documents, spread over the kinds of each label.

    Args:
        counts: Texts by label; `MADE` when not given.
        seed: The first one.
    """
    found = []
    for kind, number in spread(counts or MADE, tuple(KINDS)).items():
        for turn in range(0 if kind in _WITHOUT_LAYER else number):
            plan, source = typeset(kind, seed + turn, "train")
            found.append(MadeText(EVERY[kind], kind, plan.layout, _first_text(to_pdf(source))))
    return found


def _first_text(pdf: bytes) -> str:
    """Return the text layer of the first page, by poppler."""
    command = ["pdftotext", "-l", "1", "-layout", "-", "-"]
    done = subprocess.run(command, input=pdf, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def make_words(
    unseen: Unseen,
    picture: Predictions,
    texts_of: Callable[[Path], Sequence[str]],
    made: Sequence[MadeText],
    labels: Sequence[str],
    rule: SortRule,
) -> StarterWords:
    """Learn from real and generated texts.

    Args:
        unseen: Real documents that may be learned from.
        picture: The same ones, from `Unseen.predictions`.
        texts_of: Returns the texts of a document as it may be read (text layer, whole page, upper
            half), first what the daemon would read; at least one.
        made: From `made_texts`.
        labels: The labels.
        rule: Of the picture, for the scale of its threshold.
    """
    named = [*labels, NONE_OF_THESE]
    targets = np.minimum(unseen.targets, len(labels))
    sources = np.array([sample.source for sample in unseen.samples])
    weights = source_weights(targets, sources)
    examples = _examples(unseen, targets, weights, texts_of, made, named)
    folds = np.full(len(examples.targets), -1)
    shares = {str(fold): 1 / _FOLDS for fold in range(_FOLDS)}
    dealt = deal(unseen.groups.tolist(), [named[target] for target in targets], shares)
    folds[: len(targets)] = np.array(dealt).astype(np.int64)
    learned = learn_words(examples, len(named), folds)
    logits = learned.logits[: len(targets)]
    shown = picture.probabilities
    known = [len(places_of(learned.model.keys, keys)) for keys in examples.first_texts()]
    few = np.array(known[: len(targets)]) < LEAST_WORDS
    said = cross_fitted(shown, logits, targets, weights, unseen.groups)
    both = dataclasses.replace(picture, probabilities=np.where(few[:, np.newaxis], shown, said))
    fusion = fit_fusion(shown[~few], logits[~few], targets[~few], weights[~few])
    model = dataclasses.replace(learned.model, fusion=fusion)
    count = len(labels)
    looks = _Looks(scored(picture, count), _scored_together(both, few, count), count)
    first, second = looks.out_of_group(unseen.groups)
    together = rule_of(looks.thresholds()[1], labels, 1.0)
    foreign = logits[targets == count].astype(np.float16)
    return StarterWords(
        model,
        _words_rule(together, labels, rule.threshold),
        both,
        first,
        second,
        foreign,
        packed(made),
    )


def _words_rule(together: SortRule, labels: Sequence[str], threshold: float) -> WordsRule:
    """Say what both readers together need as offsets from the threshold of the picture."""
    offsets = {
        label: offset_between(threshold, together.required_confidence(label)) for label in labels
    }
    return WordsRule(offsets, together.novelty_weight, FIRST_LOOK)


def packed(made: Sequence[MadeText]) -> "dict[str, NDArray[np.generic]]":
    """Return `PACKED` texts of each kind as the arrays that `foreign_texts` of training reads."""
    seen: Counter[str] = Counter()
    names, keys = [], []
    for one in made:
        if seen[one.kind] < PACKED:
            seen[one.kind] += 1
            names.append(f"{one.label}/{one.kind}")
            keys.append(word_keys(one.text))
    starts = np.cumsum([0, *map(len, keys)])
    return {
        "made_names": np.array(names),
        "made_starts": starts.astype(np.int32),
        "made_keys": np.concatenate([*keys, np.zeros(0, np.uint32)]),
    }


def source_weights(targets: "Ints", sources: "NDArray[np.str_]") -> "Floats":
    """Weigh documents by their label, and those of a source as at most `MOST_OF_SOURCE` of them.

    Args:
        targets: (n,) columns, the last one for foreign documents.
        sources: (n,) where each is from.

    Returns:
        (n,) float64; those of all labels sum to 1.
    """
    weights = np.ones(len(targets))
    for column in np.unique(targets):
        mine = targets == column
        for source in np.unique(sources[mine]):
            here = mine & (sources == source)
            weights[here] = min(1.0, MOST_OF_SOURCE / here.sum())
        weights[mine] *= _SHARES[column] / weights[mine].sum()
    return weights


def _examples(
    unseen: Unseen,
    targets: "Ints",
    weights: "Floats",
    texts_of: Callable[[Path], Sequence[str]],
    made: Sequence[MadeText],
    named: Sequence[str],
) -> TextExamples:
    """Put real texts and, behind them, generated ones together."""
    columns = np.array([named.index(one.label) for one in made], np.int64)
    counts = np.bincount(columns, minlength=len(named))
    _, layouts = np.unique([f"{one.kind}:{one.layout}" for one in made], return_inverse=True)
    return TextExamples.of(
        [*(texts_of(sample.path) for sample in unseen.samples), *([one.text] for one in made)],
        np.concatenate([targets, columns]),
        np.concatenate(
            [(1 - _MADE_SHARE) * weights, _MADE_SHARE * _SHARES[columns] / counts[columns]]
        ),
        np.concatenate([unseen.groups, unseen.groups.max() + 1 + layouts]),
    )


def _scored_together(both: Predictions, few: "Mask", labels: int) -> Scored:
    found = scored(both, labels)
    return dataclasses.replace(found, named=np.where(few, labels, found.named))


@dataclass(frozen=True, slots=True)
class _Looks:
    """The documents as the picture alone sees them, and as both readers do."""

    picture: Scored
    both: Scored
    labels: int

    def thresholds(self) -> "tuple[Floats, Floats]":
        """Return the thresholds of the first look and of the second, of what the first leaves.

        Foreign documents that the first look lets through count against the limit of the second.
        """
        labels = self.labels
        first = best_thresholds(self.picture, labels, _TARGET, FOREIGN_SORTED) + FIRST_LOOK
        rest = ~self.picture.sorted_at(first)
        foreign, weights = self.both.targets >= labels, self.both.weights
        left = weights[foreign & rest].sum()
        allowed = FOREIGN_SORTED * weights[foreign].sum() - weights[foreign & ~rest].sum()
        share = max(0.0, allowed) / left if left else 0.0
        return first, best_thresholds(self.both.where(rest), labels, _TARGET, share)

    def out_of_group(self, groups: "Ints") -> "tuple[Mask, Mask]":
        """Say what each look sorts at thresholds that were fitted without its group, (n,) bool."""
        first, second = (np.zeros(len(groups), np.bool_) for _ in (0, 1))
        for group in np.unique(groups):
            here = groups == group
            others = _Looks(self.picture.where(~here), self.both.where(~here), self.labels)
            alone, together = others.thresholds()
            first[here] = self.picture.where(here).sorted_at(alone)
            second[here] = self.both.where(here).sorted_at(together)
        return first, second & ~first
