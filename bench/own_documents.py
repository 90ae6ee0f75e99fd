"""What a few documents of one's own bring: draws of whole layouts, asked about all others.

    python -m bench.own_documents --real DIR... --work DIR [--bundle DIR] [--unseen] [--seeds 8]
                                  [--json FILE]

`--real` names folders with a MANIFEST.tsv (columns file, label, layout, source, licence, use). For
every seed, heads are trained on 5, 10, 20 and 50 documents per label, of layouts drawn at random,
and asked about documents of other layouts that the bundle was not trained on; `--unseen` says that
it was trained on none of them. Half of the sources of foreign documents stand for what the bundle
knows of foreign paper, where it has no `foreign.npz`; the rest is asked about. The steps are those
of `docsorter train` on so few documents: head, temperature, novelty and thresholds from out-of-fold
answers. `eval-only` documents are asked about and never trained on. Needs the `train` extra.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from docsorter.decide.calibration import label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import RawOutput, SortRule
from docsorter.model.bundle import load_bundle
from docsorter.model.card import NONE_OF_THESE
from docsorter.model.classifier import LiteRTClassifier
from docsorter.resources import starter_bundle_dir
from docsorter.training.augment import augment
from docsorter.training.base import ForeignDocuments, KnownHead, StartingHead, starting_head
from docsorter.training.dataset import Predictions, RawPredictions, Sample
from docsorter.training.head import (
    LEAST_STRENGTH_OF_KNOWN,
    STRENGTHS,
    Adjustment,
    Examples,
    choose_strength,
    fit_head,
    page_weights,
)
from docsorter.training.measuring import Known
from docsorter.training.network import runtime_weights
from docsorter.training.rasters import BASE, RasterCache, daemon_cache
from docsorter.training.sort_rule import (
    NOVELTY_LIMIT,
    KnownForeign,
    careful_thresholds,
    temperature_of,
)
from docsorter.training.splits import deal, group
from docsorter.training.transfer import judged_out_of_fold, with_foreign
from starter.corpus import LAYOUT_CAP, dealt_by_source, served_only
from starter.rasters import image_cache
from starter.rule import apply_rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LABELS: Final = ("invoice", "claim", "letter")
SIZES: Final = (5, 10, 20, 50)
_VIEWS: Final = 2
_FOLDS: Final = 5
_LAYOUTS: Final = 0.6  # of a label may be drawn from


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
    """What became of the documents that a draw did not learn from, shares 0-1.

    Attributes:
        documents: How many of the labels were asked about.
        accuracy: The best of the labels and of "other" is the true one.
        among: The best of the labels is the true one.
        sorted_alone: Sorted without a person.
        errors: How many of those wrongly.
        foreign: How many foreign documents were asked about.
        foreign_sorted: Share of those that is sorted.
    """

    documents: int
    accuracy: float
    among: float
    sorted_alone: float
    errors: int
    foreign: int
    foreign_sorted: float


class Bench:
    """Teaches draws of documents, and asks about the others.

    Args:
        head: The head of the bundle.
        base: Its sort rule and its novelty model.
        seen: All real documents.
        known: Real foreign documents that the bundle knows, None when that is nothing.
    """

    def __init__(
        self, head: KnownHead, base: Known, seen: Seen, known: ForeignDocuments | None
    ) -> None:
        self._head = head
        self._base = base
        self._seen = seen
        self._known = known

    def draw(self, per_label: int, seed: int) -> Answered:
        """Teach some documents of each label, ask about other layouts and foreign sources."""
        chosen, layouts = self._chosen(per_label, seed)
        trained = self._seen.rows(chosen)
        names = np.array([sample.label for sample in trained.samples])
        start = starting_head(self._head, LABELS, trained.plain, names, background=True)
        known, asked = self._foreign(seed)
        real = start.carried(known)
        folds = _folds(trained, seed)
        heads, final = _trained(trained, start, folds, real)
        out_of_fold = np.zeros((len(trained.samples), len(LABELS) + 1))
        for fold, learned in zip(np.unique(folds), heads, strict=True):
            here = folds == fold
            out_of_fold[here] = learned.logits(
                trained.plain[here], start.prior(trained.plain[here])
            )
        real = judged_out_of_fold(real, heads, start.plan)
        rule, novelty = self._rule(trained, out_of_fold, start, real)
        part = self._seen.rows([*self._others(layouts), *asked])
        said = final.logits(part.plain, start.prior(part.plain))
        return _answered(_predictions(part, said, rule, novelty), rule)

    def _chosen(self, per_label: int, seed: int) -> tuple[list[int], set[str]]:
        """Draw layouts, and a third of the documents wanted from each at most.

        Of every label four layouts in ten at least are left to ask about.
        """
        rng = np.random.default_rng([seed, 31])
        chosen: list[int] = []
        drawn: set[str] = set()
        for label in LABELS:
            free = [
                row
                for row, s in enumerate(self._seen.samples)
                if s.label == label and s.split != "eval-only"
            ]
            layouts = sorted({layout_of(self._seen.samples[row]) for row in free})
            most = max(2, round(_LAYOUTS * len(layouts)))
            found: list[int] = []
            for layout in rng.permutation(layouts)[:most].tolist():
                mine = [row for row in free if layout_of(self._seen.samples[row]) == layout]
                wanted = min(max(3, per_label // 3), per_label - len(found))
                if wanted > 0:
                    found += rng.permutation(mine)[:wanted].tolist()
                    drawn.add(layout)
            chosen += found
        return chosen, drawn

    def _others(self, layouts: set[str]) -> list[int]:
        """Return documents of the labels, a few of each layout that was not drawn."""
        counts: Counter[str] = Counter()
        rows = []
        for row, sample in enumerate(self._seen.samples):
            layout = layout_of(sample)
            if sample.label == NONE_OF_THESE or sample.split == "train" or layout in layouts:
                continue
            counts[layout] += 1
            if counts[layout] <= LAYOUT_CAP:
                rows.append(row)
        return rows

    def _foreign(self, seed: int) -> tuple[ForeignDocuments, list[int]]:
        """Return the foreign documents that are known, and the rows of those to ask about."""
        samples = self._seen.samples
        rows = [
            row for row, s in enumerate(samples) if s.label == NONE_OF_THESE and s.split != "train"
        ]
        if self._known is not None:
            return self._known, rows
        sources = sorted({samples[row].source for row in rows})
        numbers = {name: number for number, name in enumerate(sources)}
        half = np.random.default_rng([seed, 32]).permutation(len(sources))[: len(sources) // 2]
        mine = [row for row in rows if numbers[samples[row].source] in half]
        features = self._seen.plain[np.array(mine)]
        known = ForeignDocuments(
            features,
            features @ self._head.kernel + self._head.bias,
            np.array([samples[row].kind or "document" for row in mine]),
            np.array([numbers[samples[row].source] for row in mine], np.int64),
        )
        return known, [row for row in rows if numbers[samples[row].source] not in half]

    def _rule(
        self, trained: Seen, out_of_fold: "Floats", start: StartingHead, real: ForeignDocuments
    ) -> tuple[SortRule, NoveltyModel]:
        outputs = tuple(
            RawOutput(logits[np.newaxis].astype(np.float32), features[np.newaxis])
            for logits, features in zip(out_of_fold, trained.plain, strict=True)
        )
        raw = RawPredictions(trained.samples, trained.targets, outputs)
        temperature = temperature_of(raw, 1, 1.0)
        novelty, base = self._base.among(raw), self._base.rule
        assert novelty is not None  # it knows every label
        own = _predictions(trained, out_of_fold, SortRule(temperature, 1.0, NOVELTY_LIMIT), novelty)
        foreign = Predictions(
            real.samples(),
            np.full(len(real.names), len(LABELS)),
            label_probabilities(start.plan.pooled(real.logits), temperature, 1),
            novelty.percentile(real.features),
        )
        weight = base.novelty_weight
        threshold, offsets = careful_thresholds(
            [own], LABELS, 0.01, known=KnownForeign(foreign, real.weights), weight=weight,
            offsets=base.offsets,
        )  # fmt: skip
        rule = SortRule(
            temperature, threshold, NOVELTY_LIMIT, offsets=offsets, novelty_weight=weight
        )
        return rule, novelty


def layout_of(sample: Sample) -> str:
    """Return what tells layouts apart: another source never has the same."""
    return f"{sample.source}|{sample.layout}"


def _answered(predictions: Predictions, rule: SortRule) -> Answered:
    own = predictions.where(predictions.targets < len(LABELS))
    foreign = apply_rule(predictions.where(predictions.targets == len(LABELS)), LABELS, rule)
    found, shares = apply_rule(own, LABELS, rule), own.probabilities
    documents = len(own.samples)
    return Answered(
        documents=documents,
        accuracy=float((shares.argmax(axis=1) == own.targets).mean()),
        among=float((shares[:, : len(LABELS)].argmax(axis=1) == own.targets).mean()),
        sorted_alone=found.sorted_alone / documents,
        errors=found.errors,
        foreign=foreign.foreign,
        foreign_sorted=foreign.foreign_sorted / max(1, foreign.foreign),
    )


def _folds(trained: Seen, seed: int) -> "NDArray[np.int64]":
    groups = group([layout_of(s) for s in trained.samples])
    shares = {str(fold): 1 / _FOLDS for fold in range(_FOLDS)}
    dealt = deal(groups, [s.label for s in trained.samples], shares, seed=seed)
    return np.unique([int(fold) for fold in dealt], return_inverse=True)[1].astype(np.int64)


def _trained(
    trained: Seen, start: StartingHead, folds: "NDArray[np.int64]", real: ForeignDocuments
) -> tuple[list[Adjustment], Adjustment]:
    views = trained.features.shape[1]
    documents = np.repeat(np.arange(len(trained.samples)), views)
    features = trained.features.reshape(len(documents), -1).astype(np.float64)
    targets = trained.targets[documents]
    shares = np.array([0.9 / len(LABELS)] * len(LABELS) + [0.1])
    groups = np.array(group([layout_of(s) for s in trained.samples]), np.int64)
    weights = page_weights(targets, documents, shares)
    examples = Examples(
        features, start.prior(features), targets, weights, groups[documents], ~start.known
    )
    strengths = [one for one in STRENGTHS if one >= LEAST_STRENGTH_OF_KNOWN]
    strength = choose_strength(examples, folds[documents], strengths=strengths)
    examples = with_foreign(examples, real, start.plan)
    rows = np.concatenate([folds[documents], real.folds(int(folds.max()) + 1)])
    heads = [fit_head(examples.where(rows != fold), strength) for fold in np.unique(rows)]
    return heads, fit_head(examples, strength)


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
    parser.add_argument("--real", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, default=starter_bundle_dir())
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    bench = _bench(options.bundle, options.real, options.work, unseen=options.unseen)
    table = []
    for per_label in SIZES:
        draws = [bench.draw(per_label, seed) for seed in range(options.seeds)]
        table.append(summary(per_label, draws))
        sys.stdout.write(json.dumps(table[-1]) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


def _bench(bundle: Path, real: list[Path], work: Path, *, unseen: bool) -> Bench:
    opened = load_bundle(bundle)
    card = opened.card
    arrays = runtime_weights(opened.runtime_file)
    head = KnownHead(
        arrays["head/kernel"] / card.temperature, arrays["head/bias"] / card.temperature, card.kinds
    )
    classifier = LiteRTClassifier(opened.runtime_file, card, threads=1)
    corpus = dealt_by_source(real, image_cache(work / "pages"))
    features = work / f"features-{card.name}"
    with daemon_cache(work / "pages") as cache:
        served = served_only(corpus, cache, card.input.size).samples
        wanted = [replace(s, split="test") if unseen and s.split == "train" else s for s in served]
        wanted = [s for s in wanted if s.label in LABELS or s.split != "train"]
        seen = extract(classifier, wanted, cache, features)
    base = Known(card.rule(), NoveltyModel.from_arrays(opened.novelty))
    return Bench(head, base, seen, ForeignDocuments.read(opened, len(card.kinds)))


def summary(per_label: int, draws: Sequence[Answered]) -> dict[str, Any]:
    """Return means over draws with twice their standard errors, and counts."""
    row: dict[str, Any] = {"per_label": per_label, "draws": len(draws)}
    for name in ("accuracy", "among", "sorted_alone", "foreign_sorted"):
        values = np.array([getattr(one, name) for one in draws])
        error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
        row[name] = [round(float(values.mean()), 4), round(2 * float(error), 4)]
    row["errors"] = sum(one.errors for one in draws)
    row["sorted"] = sum(round(one.sorted_alone * one.documents) for one in draws)
    row["documents"] = round(float(np.mean([one.documents for one in draws])), 1)
    row["foreign"] = round(float(np.mean([one.foreign for one in draws])), 1)
    return row


if __name__ == "__main__":
    raise SystemExit(main())
