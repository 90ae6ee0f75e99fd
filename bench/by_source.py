"""What a bundle says of the real documents it was not trained on, source by source.

    python -m bench.by_source --real DIR --work DIR [--bundle DIR]

Prints right answers by source, and what the rule on the card sorts alone.
Needs the `train` extra.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.prediction import PageHeads
from docsorter.model.bundle import ModelBundle, load_bundle
from docsorter.model.card import NONE_OF_THESE
from docsorter.model.classifier import LiteRTClassifier
from docsorter.resources import starter_bundle_dir
from docsorter.training.dataset import ClassPlan, DocumentJudge, Predictions, Sample
from docsorter.training.rasters import RasterCache, daemon_cache
from starter.corpus import dealt_by_source
from starter.finishing import predict_raw
from starter.rasters import image_cache
from starter.rule import apply_rule

SPLITS = ("test", "eval-only", "calibration")
HEADS = ("split", "source", "documents", "n", "right", "right among labels", "sorted", "wrong")


def predicted_groups(
    bundle: ModelBundle, samples: Sequence[Sample], cache: RasterCache
) -> Iterator[tuple[Sample, Predictions]]:
    """Yield the predictions of each split, source and label, with the first of the documents."""
    card = bundle.card
    plan = ClassPlan(card.labels, tuple((name, name) for name in card.prediction_labels))
    classifier = LiteRTClassifier(bundle.runtime_file, card)
    judge = DocumentJudge(
        card.temperature,
        card.background,
        NoveltyModel.from_arrays(bundle.novelty),
        card.novelty_limit,
        PageHeads.from_arrays(bundle.pages),
    )
    for _, group in groupby(sorted(samples, key=_place), key=_place):
        documents = list(group)
        raw = predict_raw(classifier, documents, plan, cache, card.input.size)
        yield documents[0], judge.predict(raw)


def row(first: Sample, predictions: Predictions, bundle: ModelBundle) -> tuple[object, ...]:
    """Return the cells of a group, in the order of `HEADS`."""
    labels = bundle.card.labels
    among = predictions.probabilities[:, : len(labels)].argmax(axis=1)
    tested = apply_rule(predictions, labels, bundle.card.rule())
    foreign = first.label == NONE_OF_THESE
    return (
        first.split,
        first.source,
        "foreign" if foreign else first.label,
        len(predictions.samples),
        int((predictions.probabilities.argmax(axis=1) == predictions.targets).sum()),
        "-" if foreign else int((among == predictions.targets).sum()),
        tested.sorted_alone,
        tested.errors,
    )


def _place(sample: Sample) -> tuple[int, str, str]:
    return SPLITS.index(sample.split), sample.source, sample.label


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.by_source")
    parser.add_argument("--real", type=Path, required=True, help="folder with a MANIFEST.tsv")
    parser.add_argument("--work", type=Path, required=True, help="for pages")
    parser.add_argument("--bundle", type=Path, default=starter_bundle_dir())
    options = parser.parse_args()
    bundle = load_bundle(options.bundle)
    corpus = dealt_by_source([options.real], image_cache(options.work / "pages"))
    samples = [sample for split in SPLITS for sample in corpus.of(split)]
    lines: list[tuple[object, ...]] = [HEADS, ("---",) * len(HEADS)]
    with daemon_cache(options.work / "pages") as cache:
        lines += [row(*group, bundle) for group in predicted_groups(bundle, samples, cache)]
    for cells in lines:
        sys.stdout.write("| " + " | ".join(str(cell) for cell in cells) + " |\n")


if __name__ == "__main__":
    main()
