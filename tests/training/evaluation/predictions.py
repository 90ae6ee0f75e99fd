"""Documents as a model judged them, made up."""

from pathlib import Path

import numpy as np

from docsorter.documents import SortRule
from docsorter.training.dataset import Predictions, Sample

LABELS = ("invoice", "claim", "letter")
NAMES = (*LABELS, "other")
RULE = SortRule(1.0, 0.9, 99.0, {"other": "never"})


def predictions_of(
    rows: list[tuple[float, int, int]], *, novelty: float = 10.0, source: str = ""
) -> Predictions:
    """Make documents of (confidence, column named, true column)."""
    shares = np.zeros((len(rows), len(NAMES)))
    for number, (confidence, named, _) in enumerate(rows):
        shares[number] = (1 - confidence) / (len(NAMES) - 1)
        shares[number, named] = confidence
    targets = np.array([true for _, _, true in rows], np.int64)
    samples = tuple(
        Sample(Path(f"{NAMES[true]}/scan-{number}.pdf"), NAMES[true], "", "", source)
        for number, (_, _, true) in enumerate(rows)
    )
    return Predictions(samples, targets, shares, np.full(len(rows), novelty))


def realistic(n: int, rng: np.random.Generator, *, foreign: float = 0.2) -> Predictions:
    """Make documents whose confidence is exactly true, three labels and foreign ones."""
    logits = rng.normal(0, 1, (n, len(NAMES)))
    logits[np.arange(n), rng.integers(0, len(LABELS), n)] += 4
    strange = rng.random(n) < foreign
    logits[strange, -1] += 5
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.array([rng.choice(len(NAMES), p=row) for row in shares], np.int64)
    samples = tuple(
        Sample(Path(f"{NAMES[t]}/scan-{k}.pdf"), NAMES[t], "", "", f"source {k % 3}")
        for k, t in enumerate(targets)
    )
    novelty = np.clip(rng.normal(50, 20, n) + 40 * (targets == len(LABELS)), 0, 100)
    return Predictions(samples, targets, shares, novelty)
