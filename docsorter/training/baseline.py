"""What to beat: the ImageNet trunk as it is, with a logistic head on pooled features.

    python -m docsorter.training.baseline --synth DIR --real DIR --base FILE --work DIR --out FILE

The same documents, splits, threshold rule and figures as the starter; novelty is not used, because
the frozen trunk has none that was measured.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from docsorter.decide.calibration import label_probabilities
from docsorter.documents import RawOutput, SortRule
from docsorter.model.card import Measured
from docsorter.training.batches import in_chunks, prefetched
from docsorter.training.classes import ClassPlan, plan_classes
from docsorter.training.corpus import gather
from docsorter.training.dataset import Sample
from docsorter.training.looking import Judged, Looked
from docsorter.training.measures import figures
from docsorter.training.network import Network
from docsorter.training.rasters import RasterCache
from docsorter.training.recipe import LABELS
from docsorter.training.rule import prior_shift, temperature_of, threshold_of
from docsorter.training.training_run import new_network
from docsorter.training.untyped import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAYER: Final = "mixed8"
"""The last layer whose weights are all from ImageNet."""

_TRAIN_CAP: Final = 1500


@dataclass(frozen=True, slots=True)
class Frozen:
    """The frozen trunk up to `LAYER`, and where pages are.

    Attributes:
        network: The network with ImageNet weights.
        cache: Where pages are kept.
    """

    network: Network
    cache: RasterCache

    def features(self, samples: Sequence[Sample]) -> "NDArray[np.float32]":
        """Return pooled features of first pages, (n, 1280)."""
        network = self.network
        trunk = keras.Model(network.trunk.input, network.trunk.get_layer(LAYER).output)

        def forward(pixels: Tensor) -> Tensor:
            return network.pool(trunk(network.scale(pixels), training=False))

        def pages(number: int) -> "NDArray[np.uint8]":
            rows = chunks[number]
            return np.stack([self.cache.pages(s.path, network.size)[0] for s in samples[rows]])

        run = tf.function(forward, autograph=False, reduce_retracing=True)
        chunks = in_chunks(len(samples), 32)
        made = prefetched(pages, range(len(chunks)))
        return np.concatenate([np.asarray(run(tf.constant(pixels))) for pixels in made])


def measure(
    synthetic: Path, real: Path | None, base: Path | None, work: Path
) -> dict[str, dict[str, Measured]]:
    """Train the head and measure it on the test documents of the starter.

    Args:
        synthetic: Generated documents.
        real: Collected documents.
        base: Folded weights of the trunk; None for random ones.
        work: For pages.

    Returns:
        Figures by kind of documents, as on a model card.
    """
    cache = RasterCache(work / "pages")
    corpus = gather(synthetic, real, cache)
    plan = plan_classes(((s.kind, s.label) for s in corpus.of("train")), LABELS)
    frozen = Frozen(new_network(plan, base, 299, 0), cache)
    generated = corpus.of("train", "synthetic")
    order = np.random.default_rng(0).permutation(len(generated))[:_TRAIN_CAP]
    train = [*(generated[row] for row in order), *corpus.of("train", "real")]
    scaler = StandardScaler()
    inputs = scaler.fit_transform(frozen.features(train))
    head = LogisticRegression(C=0.01, max_iter=400, class_weight="balanced")
    head.fit(inputs, [plan.output_index(sample.label) for sample in train])

    def look(split: str, origin: str) -> Looked:
        samples = corpus.of(split, origin)
        logits = head.decision_function(scaler.transform(frozen.features(samples)))
        logits[:, len(LABELS)] += prior_shift(1 / len(plan.outputs))  # "balanced" draws all alike
        targets = np.array([plan.output_index(sample.label) for sample in samples], np.int64)
        rows = logits.astype(np.float32)[:, np.newaxis, :]
        outputs = tuple(RawOutput(row, np.zeros((1, 1), np.float32)) for row in rows)
        return Looked(tuple(samples), targets, outputs)

    calibration = [
        look("calibration", o) for o in ("synthetic", "real") if corpus.of("calibration", o)
    ]
    temperature = temperature_of(calibration, len(LABELS), 1)
    judged = [_judged(part, temperature) for part in calibration]
    rule = SortRule(temperature, threshold_of(judged, len(LABELS), 100.0, 0.01), 100.0)
    tests = {
        "generated": ("test", "synthetic"),
        "real": ("test", "real"),
        "kept apart": ("eval-only", "real"),
    }
    return {
        name: _figures(look(*key), rule, plan) for name, key in tests.items() if corpus.of(*key)
    }


def _judged(looked: Looked, temperature: float) -> Judged:
    shares = label_probabilities(looked.first_logits, temperature, 1)
    return Judged(looked.samples, looked.targets, shares, np.zeros(len(looked.samples)))


def _figures(looked: Looked, rule: SortRule, plan: ClassPlan) -> dict[str, Measured]:
    return figures(_judged(looked, rule.temperature), plan.labels, rule)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the figures go to `--out` as JSON."""
    parser = argparse.ArgumentParser(prog="python -m docsorter.training.baseline")
    parser.add_argument("--synth", type=Path, required=True)
    parser.add_argument("--real", type=Path)
    parser.add_argument("--base", required=True, help="a .npz file, or `random`")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    base = None if options.base == "random" else Path(options.base)
    found = measure(options.synth, options.real, base, options.work)
    table = {
        kind: {name: measured.model_dump() for name, measured in group.items()}
        for kind, group in found.items()
    }
    options.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
