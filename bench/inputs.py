"""How a page becomes the square the network sees: squashed, padded or cut in two, measured.

    python -m bench.inputs --real DIR --synthetic DIR --weights FILE [--seeds 5] [--json FILE]

Frozen features (Inception v3 with ImageNet weights, and the starter) under a logistic head:
learned from generated documents and from the real ones of all sources but those of the fold, then
asked about the real ones of the fold. Needs the `train` extra.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.views import Seen, look_at
from docsorter.training.dataset import Sample
from starter.corpus import read_manifest, read_synthetic

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DRAWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Scored:
    """Right answers of one way to see, per document and seed.

    Attributes:
        right: (seeds, documents) bool.
        groups: (documents,) source of each.
    """

    right: "NDArray[np.bool_]"
    groups: "NDArray[np.int64]"

    def accuracy(self) -> float:
        """Return the share of right answers over documents and seeds."""
        return float(self.right.mean())


def interval(values: "NDArray[np.float64]", groups: "NDArray[np.int64]") -> tuple[float, float]:
    """Return the 95 % interval of a mean by drawing whole groups with replacement (percentiles)."""
    rng = np.random.default_rng(0)
    names = np.unique(groups)
    sums = np.array([values[groups == name].sum() for name in names])
    sizes = np.array([(groups == name).sum() for name in names])
    drawn = rng.integers(len(names), size=(_DRAWS, len(names)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def score(
    real: "NDArray[np.float32]",
    generated: "NDArray[np.float32]",
    samples: Sequence[Sample],
    made: Sequence[Sample],
    seeds: int,
) -> Scored:
    """Learn and ask by source, five folds, as often as there are seeds."""
    labels = np.array([sample.label for sample in samples])
    sources = np.unique([sample.source for sample in samples], return_inverse=True)[1]
    made_labels = np.array([sample.label for sample in made])
    right = np.zeros((seeds, len(samples)), bool)
    for seed in range(seeds):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        for known, asked in folds.split(real, labels, sources):
            head = make_pipeline(
                StandardScaler(),
                LogisticRegression(C=0.003, max_iter=400, class_weight="balanced"),
            )
            head.fit(
                np.concatenate([real[known], generated]),
                np.concatenate([labels[known], made_labels]),
            )
            right[seed, asked] = head.predict(real[asked]) == labels[asked]
    return Scored(right, sources)


def compare(
    seen: "dict[str, Seen]",
    samples: Sequence[Sample],
    made: Sequence[Sample],
    seeds: int,
) -> list[dict[str, object]]:
    """Score every way to see; intervals of the gain over padding draw whole sources."""
    rows: list[dict[str, object]] = []
    count = len(samples)
    scored = {
        key: score(one.features[:count], one.features[count:], samples, made, seeds)
        for key, one in seen.items()
    }
    for key, one in scored.items():
        base = scored[key.split(",")[0] + ", pad"]
        gain = one.right.mean(axis=0) - base.right.mean(axis=0)
        own = interval(one.right.mean(axis=0), one.groups)
        rows.append(
            {
                "seen": key,
                "n": count,
                "accuracy": round(one.accuracy(), 4),
                "low": round(own[0], 4),
                "high": round(own[1], 4),
                "gain": round(float(gain.mean()), 4),
                "gain_low": round(interval(gain, one.groups)[0], 4),
                "gain_high": round(interval(gain, one.groups)[1], 4),
                "pages_per_s": round(seen[key].rate, 1),
            }
        )
    return rows


def main() -> None:
    """Measure and print a table, one line per features and way to see."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--real", type=Path, required=True, help="folder with a MANIFEST.tsv")
    parser.add_argument("--synthetic", type=Path, required=True, help="generated documents")
    parser.add_argument("--weights", type=Path, required=True, help="folded Inception v3, .npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--every", type=int, default=1, help="of so many generated ones, take one")
    parser.add_argument("--work", type=Path, default=Path("bench/out/inputs"), help="features")
    parser.add_argument("--json", type=Path, default=Path("bench/out/inputs.json"))
    options = parser.parse_args()
    samples = read_manifest(options.real, use="train-ok")
    made = [s for s in read_synthetic(options.synthetic) if s.split == ""][:: options.every]
    seen = look_at([*samples, *made], options.weights, options.work)
    rows = compare(seen, samples, made, options.seeds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        sys.stdout.write(" | ".join(str(value) for value in row.values()) + "\n")


if __name__ == "__main__":
    main()
