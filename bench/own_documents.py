"""What a few documents of one's own bring: every source left out in turn, several seeds.

    python -m bench.own_documents --real DIR --work DIR [--bundle DIR] [--seeds 5] [--json FILE]

For every source that the bundle was not trained on, heads are trained on 5, 10 and 20 documents per
label of the other sources and asked about that one. The steps are those of `docsorter train` on so
few documents: head, temperature, novelty and thresholds from out-of-fold answers. `eval-only`
documents are asked about and never trained on. Needs the `train` extra.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import RawOutput, SortRule
from docsorter.model.card import NONE_OF_THESE, read_card
from docsorter.model.classifier import LiteRTClassifier
from docsorter.resources import starter_bundle_dir
from docsorter.training.augment import augment
from docsorter.training.base import KnownHead, StartingHead, starting_head
from docsorter.training.dataset import Predictions, Sample
from docsorter.training.generated import foreign_documents, foreign_kinds
from docsorter.training.head import (
    LEAST_STRENGTH_OF_KNOWN,
    STRENGTHS,
    Adjustment,
    Examples,
    choose_strength,
    fit_head,
    page_weights,
)
from docsorter.training.network import runtime_weights
from docsorter.training.rasters import BASE, RasterCache, daemon_cache
from docsorter.training.sort_rule import (
    LEAST_TEMPERATURE,
    NOVELTY_LIMIT,
    careful_thresholds,
)
from docsorter.training.splits import deal, group
from starter.corpus import gather
from starter.rasters import image_cache
from starter.rule import apply_rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LABELS: Final = ("invoice", "claim", "letter")
SIZES: Final = (5, 10, 20)
_VIEWS: Final = 2
_FOREIGN: Final = 90
_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """Documents with the features of their first page and of augmented views of it.

    Attributes:
        samples: The documents.
        features: (n, 1 + views, F).
    """

    samples: tuple[Sample, ...]
    features: "NDArray[np.float32]"

    def rows(self, chosen: "Sequence[int] | NDArray[np.int64]") -> "Seen":
        """Return some of the documents."""
        return Seen(tuple(self.samples[row] for row in chosen), self.features[np.asarray(chosen)])

    @property
    def plain(self) -> "NDArray[np.float32]":
        """Features of the pages as they are, (n, F)."""
        return self.features[:, 0]

    @property
    def targets(self) -> "NDArray[np.int64]":
        """Column of the label, that after the last one for a foreign document."""
        names = [*LABELS, NONE_OF_THESE]
        return np.array([names.index(sample.label) for sample in self.samples], np.int64)


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of the documents of one source.

    Attributes:
        right: (n,) the best of the labels and of "other" is the true one.
        among: (n,) the best of the labels is the true one.
        sorted_alone: How many are sorted without a person.
        errors: How many of those wrongly.
        foreign: How many foreign documents were asked about.
        foreign_sorted: How many of those are sorted.
    """

    right: "NDArray[np.bool_]"
    among: "NDArray[np.bool_]"
    sorted_alone: int
    errors: int
    foreign: int
    foreign_sorted: int


class Bench:
    """Asks about one source with heads trained on the others.

    Args:
        head: The head of the bundle.
        seen: All real documents.
        made: Generated foreign documents.
    """

    def __init__(self, head: KnownHead, seen: Seen, made: Seen) -> None:
        self._head = head
        self._seen = seen
        self._made = made
        self.sources = sorted(
            {s.source for s in seen.samples if s.split != "train" and s.label in LABELS}
        )

    def source(self, source: str, per_label: int, seed: int) -> Answered:
        """Teach on documents of other sources, ask about those of this one."""
        trained = self._seen.rows(self._chosen(source, per_label, seed))
        names = np.array([sample.label for sample in trained.samples])
        start = starting_head(self._head, LABELS, trained.plain, names, background=True)
        folds = _folds(trained, seed)
        strength, heads, final = _trained(trained, start, folds)
        out_of_fold = np.zeros((len(trained.samples), len(LABELS) + 1))
        for fold, learned in zip(np.unique(folds), heads, strict=True):
            here = folds == fold
            out_of_fold[here] = learned.logits(
                trained.plain[here], start.prior(trained.plain[here])
            )
        del strength
        rule, novelty = self._rule(trained, folds, out_of_fold, start, final)
        asked = [
            row
            for row, s in enumerate(self._seen.samples)
            if s.split != "train" and (s.source == source or s.label == NONE_OF_THESE)
        ]
        part = self._seen.rows(asked)
        predictions = _predictions(
            part, final.logits(part.plain, start.prior(part.plain)), rule, novelty
        )
        own = predictions.where(predictions.targets < len(LABELS))
        foreign = apply_rule(predictions.where(predictions.targets == len(LABELS)), LABELS, rule)
        found = apply_rule(own, LABELS, rule)
        return Answered(
            right=own.probabilities.argmax(axis=1) == own.targets,
            among=own.probabilities[:, : len(LABELS)].argmax(axis=1) == own.targets,
            sorted_alone=found.sorted_alone,
            errors=found.errors,
            foreign=foreign.foreign,
            foreign_sorted=foreign.foreign_sorted,
        )

    def _chosen(self, source: str, per_label: int, seed: int) -> list[int]:
        """Draw documents to teach, those that the bundle has never seen first."""
        rng = np.random.default_rng([seed, 31])
        samples = self._seen.samples
        chosen: list[int] = []
        for label in LABELS:
            pools = [
                [
                    row
                    for row, s in enumerate(samples)
                    if s.label == label and s.source != source and s.split in splits
                ]
                for splits in ({"calibration", "test"}, {"train"})
            ]
            order = [row for pool in pools for row in rng.permutation(pool).astype(int).tolist()]
            chosen += order[:per_label]
        return chosen

    def _rule(
        self,
        trained: Seen,
        folds: "NDArray[np.int64]",
        out_of_fold: "Floats",
        start: StartingHead,
        final: Adjustment,
    ) -> tuple[SortRule, NoveltyModel]:
        from docsorter.decide.calibration import fit_temperature  # noqa: PLC0415 -- one use

        temperature = max(LEAST_TEMPERATURE, fit_temperature(out_of_fold, trained.targets, 1))
        distances = []
        for fold in np.unique(folds):
            rest, here = trained.plain[folds != fold], trained.plain[folds == fold]
            one = NoveltyModel.fit(rest, trained.targets[folds != fold], here)
            distances.append(one.reference)
        whole = NoveltyModel.fit(trained.plain, trained.targets, trained.plain)
        reference = np.sort(np.concatenate(distances))
        novelty = NoveltyModel.from_arrays({**whole.to_arrays(), "reference": reference})
        bare = SortRule(temperature, 1.0, NOVELTY_LIMIT)
        made = final.logits(self._made.plain, start.prior(self._made.plain))
        parts = [
            _predictions(trained, out_of_fold, bare, novelty),
            _predictions(self._made, made, bare, novelty),
        ]
        threshold, offsets = careful_thresholds(parts, LABELS, 0.01)
        return SortRule(temperature, threshold, NOVELTY_LIMIT, offsets=offsets), novelty


def _folds(trained: Seen, seed: int) -> "NDArray[np.int64]":
    groups = group([f"{s.source}|{s.layout}" for s in trained.samples])
    shares = {str(fold): 1 / _FOLDS for fold in range(_FOLDS)}
    dealt = deal(groups, [s.label for s in trained.samples], shares, seed=seed)
    return np.unique([int(fold) for fold in dealt], return_inverse=True)[1].astype(np.int64)


def _trained(
    trained: Seen, start: StartingHead, folds: "NDArray[np.int64]"
) -> tuple[float, list[Adjustment], Adjustment]:
    views = trained.features.shape[1]
    documents = np.repeat(np.arange(len(trained.samples)), views)
    features = trained.features.reshape(len(documents), -1).astype(np.float64)
    targets = trained.targets[documents]
    shares = np.array([0.9 / len(LABELS)] * len(LABELS) + [0.1])
    groups = np.array(group([f"{s.source}|{s.layout}" for s in trained.samples]), np.int64)
    weights = page_weights(targets, documents, shares)
    examples = Examples(
        features, start.prior(features), targets, weights, groups[documents], ~start.known
    )
    rows = folds[documents]
    strengths = [one for one in STRENGTHS if one >= LEAST_STRENGTH_OF_KNOWN]
    strength = choose_strength(examples, rows, strengths=strengths)
    heads = [fit_head(examples.where(rows != fold), strength) for fold in np.unique(rows)]
    return strength, heads, fit_head(examples, strength)


def _predictions(
    seen: Seen, logits: "Floats", rule: SortRule, novelty: NoveltyModel
) -> Predictions:
    shares = label_probabilities(logits, rule.temperature, 1)
    return Predictions(seen.samples, seen.targets, shares, novelty.percentile(seen.plain))


def extract(
    classifier: LiteRTClassifier, samples: Sequence[Sample], cache: RasterCache, work: Path
) -> Seen:
    """Ask the file that runs for features of pages and of views of them, kept on disk."""
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, sample in enumerate(samples):
        views = 0 if sample.split == "eval-only" else _VIEWS
        kept = work / f"{abs(hash_of(sample.path)):x}-{views}.npy"
        if not kept.is_file():
            pages = [cache.pages(sample.path, 299)[0]]
            square = cache.pages(sample.path, BASE)[0]
            for view in range(views):
                rng = np.random.default_rng([view, number])
                pages.append(augment(square, 299, rng))
            said: RawOutput = classifier.classify(np.stack(pages))
            np.save(kept, said.features)
        found = np.load(kept, allow_pickle=False)
        rows.append(np.concatenate([found, np.repeat(found[:1], 1 + _VIEWS - len(found), axis=0)]))
    return Seen(tuple(samples), np.stack(rows))


def hash_of(path: Path) -> int:
    """Return a number that is that of the bytes of a file."""
    from docsorter.model.bundle import digest  # noqa: PLC0415 -- one use

    return int(digest(path)[:15], 16)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.own_documents")
    parser.add_argument("--real", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=starter_bundle_dir())
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    bench = _bench(options.bundle, options.real, options.work)
    table = [
        _row(bench, per_label, range(options.seeds))
        for per_label in SIZES
    ]  # fmt: skip
    for row in table:
        sys.stdout.write(json.dumps(row) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def _bench(bundle: Path, real: Path, work: Path) -> Bench:
    card = read_card(bundle / "card.json")
    arrays = runtime_weights(bundle / "model.tflite")
    head = KnownHead(
        arrays["head/kernel"] / card.temperature, arrays["head/bias"] / card.temperature, card.kinds
    )
    classifier = LiteRTClassifier(bundle / "model.tflite", card, threads=1)
    corpus = gather(None, [real], image_cache(work / "pages"))
    kinds = foreign_kinds(LABELS)
    made = foreign_documents(work / "foreign", kinds, _FOREIGN, 0)
    features = work / f"features-{card.name}"
    wanted = [s for s in corpus.samples if s.label in LABELS or s.split != "train"]
    with daemon_cache(work / "pages") as cache:
        seen = extract(classifier, wanted, cache, features)
        return Bench(head, seen, extract(classifier, made, cache, features))


def _row(bench: Bench, per_label: int, seeds: range) -> dict[str, Any]:
    found = [[bench.source(source, per_label, seed) for source in bench.sources] for seed in seeds]
    right = np.array([np.concatenate([one.right for one in run]).mean() for run in found])
    among = np.array([np.concatenate([one.among for one in run]).mean() for run in found])
    documents = sum(len(one.right) for one in found[0])
    every = [one for run in found for one in run]
    sorted_alone = sum(one.sorted_alone for one in every) / len(seeds)
    return {
        "per_label": per_label,
        "documents": documents,
        "sources": len(bench.sources),
        "seeds": len(seeds),
        "accuracy": float(right.mean()),
        "accuracy_by_seed": [round(float(one), 4) for one in right],
        "among_labels": float(among.mean()),
        "sorted_alone": sorted_alone / documents,
        "errors": sum(one.errors for one in every),
        "foreign_sorted": sum(one.foreign_sorted for one in every)
        / max(1, sum(one.foreign for one in every)),
        "wrong_by_source": {
            source: round(
                float(np.mean([float((~run[place].right).sum()) for run in found])), 2
            )
            for place, source in enumerate(bench.sources)
        },
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
