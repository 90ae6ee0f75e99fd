"""Makes the reader of words that the starter ships with, and the rule for picture and words.

Real documents are read as the daemon reads them; generated ones give their text layer. Generated
texts have half of the weight, since real claims and letters are few: of real documents of unseen
senders 0.94 were right by their words without them, 0.98 with them (area under the curve of labels
against foreign 0.918 and 0.934).
"""

import argparse
import dataclasses
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import offset_between
from docsorter.decide.words import LEAST_WORDS, WordsModel, places_of
from docsorter.documents import SortRule, WordsRule
from docsorter.errors import DocsorterError, UsageError
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.card import NONE_OF_THESE, WITH_WORDS
from docsorter.pages.reader import PageReader, installed_languages
from docsorter.service.workspace.process import silent
from docsorter.settings import Settings, WordsSettings
from docsorter.training.base import MOST_OF_SOURCE
from docsorter.training.dataset import Predictions
from docsorter.training.evaluation.evaluation import Evaluation, evaluate_predictions
from docsorter.training.splits import deal
from docsorter.training.texts import kept_views
from starter.apart import logged_to
from starter.cross_report import learned_sources
from starter.cross_validate import out_of_fold
from starter.dataset import spread
from starter.document import typeset
from starter.finishing import UNSEEN
from starter.fit_words import TextExamples, cross_fitted, fit_fusion, learn_words
from starter.kinds import EVERY, KINDS
from starter.page_heads import Additions, write_again
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
0.55 and 1.9 % when raised by 0.5. With whole pages read, both together sorted 0.73 and 1.7 %
without a first look; after one that is not raised 0.72 and 3.1 %, raised by 1 0.72 and 2.2 %, by 2
0.74 and 1.9 %."""

WORDS_NOVELTY_WEIGHT: Final = 3.25
"""Of both readers together, as `starter.rule.NOVELTY_WEIGHT` of the picture: 3, 3.25 and 3.5 sorted
0.76, 0.73 and 0.73 of the same documents, and 2.4, 1.4 and 1.2 % of the foreign ones."""

_SHARES: Final = np.array([0.22, 0.22, 0.22, 0.34])
_MADE_SHARE: Final = 0.5
_FOLDS: Final = 6
_TARGET: Final = 0.01
_LOG: Final = logging.getLogger("starter.words")  # also as a command
_HALF: Final = 0.5
_LIMIT: Final = (
    "* Where the picture leaves it open it reads the words of the first page, if Tesseract is "
    "there. Scripts other than Latin are not read."
)
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
    """

    model: WordsModel
    rule: WordsRule
    both: Predictions
    first: "Mask"
    second: "Mask"


def made_texts(counts: Mapping[str, int], seed: int = 900_000) -> list[MadeText]:
    """Generate texts of documents, spread over the kinds of each label.

    Args:
        counts: Texts by label.
        seed: The first one.
    """
    found = []
    for kind, number in spread(counts, tuple(KINDS)).items():
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
    asked = _words_rule(together, labels, rule.threshold)
    return StarterWords(model, asked, both, first, second)


def _words_rule(together: SortRule, labels: Sequence[str], threshold: float) -> WordsRule:
    """Say what both readers together need as offsets from the threshold of the picture."""
    offsets = {
        label: offset_between(threshold, together.required_confidence(label)) for label in labels
    }
    return WordsRule(offsets, WORDS_NOVELTY_WEIGHT, FIRST_LOOK)


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
    found = scored(both, labels, WORDS_NOVELTY_WEIGHT)
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


def read_views(reader: PageReader, path: Path) -> list[str]:
    """Return the words of a first page as it may be read, first as the daemon reads it.

    Raises:
        DocsorterError: The document cannot be read.
    """
    number = reader.read(path).numbers[0]
    words = reader.words(path, number).words
    upper = [word for word in words if word.box[3] < _HALF]
    views = [" ".join(word.text for word in part) for part in (words, upper)]
    if path.suffix.lower() == ".pdf":
        views.append(_first_text(path.read_bytes()))
    return [views[0], *filter(None, views[1:])]


def views_of(paths: Sequence[Path], work: Path) -> dict[Path, list[str]]:
    """Read the words of documents; what was read is kept in `work`, and who comes back goes on."""
    languages = WordsSettings().languages
    if installed_languages(languages) != languages:
        raise UsageError("Tesseract or its languages are missing", remedy="see `docsorter doctor`")
    views = kept_views(paths, work, Settings(), read_views, silent)
    return dict(zip(paths, views, strict=True))


def add_words(
    bundle: ModelBundle,
    unseen: Unseen,
    counts: Mapping[str, int],
    work: Path,
    name: str,
    out: Path,
) -> None:
    """Learn the words of real documents for a bundle, and write it with them.

    Args:
        bundle: Any with a sort rule that was fitted on the same cross-validation.
        unseen: What networks that learned nothing of their source said of real documents.
        counts: Texts to generate, by label.
        work: Words that were read; the same folder resumes.
        name: For the card.
        out: Where the bundle goes.
    """
    log = work / "words.log"
    work.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)  # of a run that was interrupted
    card = bundle.card
    rule, labels = card.rule(), card.labels
    with logged_to(log):
        views = views_of([sample.path for sample in unseen.samples], work)
        novelty = NoveltyModel.from_arrays(bundle.novelty)
        picture = unseen.predictions(rule.temperature, novelty.reference)
        found = make_words(unseen, picture, views.__getitem__, made_texts(counts), labels, rule)
        asked = dataclasses.replace(rule, words=found.rule)
        measured = _measured(unseen, picture, found, labels, asked)
        needed = {one: round(asked.required_confidence(one, read=True), 4) for one in labels}
        _LOG.info("words: %d known, needed where they were read: %s", len(found.model.keys), needed)
    title = f"{UNSEEN}, {WITH_WORDS}"
    metrics = {UNSEEN: card.metrics[UNSEEN], title: measured.metrics()}
    metrics |= {one: known for one, known in card.metrics.items() if one not in metrics}
    card = card.with_rule(asked).model_copy(update={"name": name, "metrics": metrics})
    figures = {"words": {"known": len(found.model.keys), "fusion": found.model.fusion.tolist()}}
    added = Additions(
        {title: measured},
        figures,
        (_LIMIT,),
        log.read_text(encoding="utf-8"),
        words=found.model.to_arrays(),
    )
    write_again(bundle, card, added, out)


def _measured(
    unseen: Unseen,
    picture: Predictions,
    found: StarterWords,
    labels: tuple[str, ...],
    rule: SortRule,
) -> Evaluation:
    """Measure what the daemon does with documents of sources that no weights had seen."""
    first, fresh = found.first, unseen.fresh
    shares = np.where(first[:, np.newaxis], picture.probabilities, found.both.probabilities)
    read = ~first & (found.both.probabilities != picture.probabilities).any(axis=1)
    seen = dataclasses.replace(picture, probabilities=shares, read=read)
    return evaluate_predictions(
        seen.where(fresh), labels, rule, groups=list(map(int, unseen.groups[fresh])),
        rng=np.random.default_rng(0), sorted_alone=(first | found.second)[fresh],
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m starter.words",
        description="Add a reader of words to a bundle; the model stays as it is.",
    )
    add = parser.add_argument
    add("bundle", type=Path, help="the folder of the bundle")
    add("--cross-validation", type=Path, required=True, help="of its sort rule")
    add("--base", type=Path, help="what the cross-validation started from")
    add("--work", type=Path, required=True, help="words that were read")
    add("--out", type=Path, required=True, help="where the bundle goes; replaced when there")
    add("--name", required=True, help="name on the card")
    options = parser.parse_args(arguments)
    try:
        found = out_of_fold(options.cross_validation)
        unseen = Unseen.of(found, {}, learned_sources(options.base))
        bundle, work = load_bundle(options.bundle), options.work
        add_words(bundle, unseen, MADE, work, options.name, options.out)
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
