"""The models of the department: the shipped one, and those that learn from people's answers."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.department.pool import Pool
from docsorter.decide.calibration import fit_temperature, label_probabilities
from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.policy import offsets_of, threshold_scores
from docsorter.model.bundle import load_bundle
from docsorter.resources import starter_bundle_dir
from docsorter.training.head import (
    LEAST_STRENGTH_OF_KNOWN,
    STRENGTHS,
    Examples,
    choose_strength,
    fit_head,
    page_weights,
)
from docsorter.training.sort_rule import LEAST_TEMPERATURE, NOVELTY_LIMIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NAMES: Final = ("invoice", "claim", "letter", "other")
"""Outputs of the models; the last means "none of these"."""

OTHER: Final = NAMES.index("other")
_FOLDS: Final = 5
_FOREIGN_SHARE: Final = (0.1, 0.5)  # as the engine bounds it while learning


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one model makes of every document of the pool.

    Attributes:
        name: Of the model.
        top: (n,) int, the most probable output.
        score: (n,) float64, its calibrated probability, threshold_scores across labels.
        eligible: (n,) bool, everything but the threshold lets the document be sorted.
        learned: (n,) bool, documents that the model was trained on.
        threshold: What the model's own card says; NaN when it says nothing.
    """

    name: str
    top: "Ints"
    score: "Floats"
    eligible: "NDArray[np.bool_]"
    learned: "NDArray[np.bool_]"
    threshold: float


class Starter:
    """The shipped model, and the place where every other one starts."""

    def __init__(self, pool: Pool) -> None:
        bundle = load_bundle(starter_bundle_dir())
        self.pool = pool
        self.card = bundle.card
        self._novelty = NoveltyModel.from_arrays(bundle.novelty)
        self.prior = pool.logits.astype(np.float64) / self.card.temperature

    def seen(self) -> Seen:
        """Return what the shipped model makes of the pool, by the rule on its card."""
        nothing = np.zeros(len(self.pool), np.bool_)
        novel = self._novelty.percentile(self.pool.features)
        limit = self.card.novelty_limit
        seen = _judged("starter", self.prior, novel <= limit, nothing, self.card.threshold)
        shifts = offsets_of([NAMES[top] for top in seen.top], novel, self.card.rule())
        return replace(seen, score=threshold_scores(seen.score, shifts))

    def taught(self, name: str, rows: "Ints", answers: "Ints") -> Seen:
        """Return what a model makes of the pool whose head has learned from answers.

        The head is that of `docsorter train` (the starter's as prior, strength by cross-validation
        over layouts), temperature and novelty are fitted out of fold on the same documents.

        Args:
            name: Of the new model.
            rows: (m,) documents that people answered.
            answers: (m,) what they said, as outputs.
        """
        features = self.pool.features[rows].astype(np.float64)
        _, groups = np.unique(self.pool.layout[rows], return_inverse=True)
        folds = np.random.default_rng(3).permutation(groups.max() + 1)[groups] % _FOLDS
        weights = page_weights(answers, np.arange(len(rows)), _shares(answers))
        known = np.zeros(len(NAMES), np.bool_)
        examples = Examples(
            features, self.prior[rows], answers, weights, groups.astype(np.int64), known
        )
        allowed = tuple(one for one in STRENGTHS if one >= LEAST_STRENGTH_OF_KNOWN)
        strength = choose_strength(examples, folds.astype(np.int64), strengths=allowed)
        head = fit_head(examples, strength)
        logits = head.logits(self.pool.features, self.prior)
        held_out = np.empty((len(rows), len(NAMES)))
        for fold in range(_FOLDS):
            test = folds == fold
            part = fit_head(examples.where(~test), strength)
            held_out[test] = part.logits(features[test], self.prior[rows][test])
        temperature = max(LEAST_TEMPERATURE, fit_temperature(held_out, answers, 1))
        novelty = _novelty(self.pool.features[rows], answers, folds == 0)
        learned = np.zeros(len(self.pool), np.bool_)
        learned[rows] = True
        known_look = novelty.percentile(self.pool.features) <= NOVELTY_LIMIT
        return _judged(name, logits / temperature, known_look, learned, float("nan"))


def targets(pool: Pool) -> "Ints":
    """Return the truth of every document as an output, (n,)."""
    return np.array([NAMES.index(label) for label in pool.label], np.int64)


def _judged(
    name: str,
    logits: "Floats",
    known_look: "NDArray[np.bool_]",
    learned: "NDArray[np.bool_]",
    threshold: float,
) -> Seen:
    shares = label_probabilities(logits, 1.0, 1)
    top = shares.argmax(axis=1).astype(np.int64)
    return Seen(name, top, shares.max(axis=1), (top < OTHER) & known_look, learned, threshold)


def _shares(answers: "Ints") -> "Floats":
    """Return what each output counts while learning: labels alike, foreign ones as they come."""
    foreign = float(np.clip((answers == OTHER).mean(), *_FOREIGN_SHARE))
    shares = np.full(len(NAMES), (1 - foreign) / OTHER)
    shares[OTHER] = foreign
    return shares


def _novelty(
    features: "NDArray[np.float32]", answers: "Ints", held: "NDArray[np.bool_]"
) -> NoveltyModel:
    """Fit on four fifths of the documents of labels, and compare with the rest."""
    own = answers < OTHER
    fitted, reference = own & ~held, own & held
    return NoveltyModel.fit(features[fitted], answers[fitted], features[reference])
