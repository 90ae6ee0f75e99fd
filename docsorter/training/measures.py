"""The figures of one set of documents by name, as a model card holds them."""

import numpy as np

from docsorter.documents import SortRule
from docsorter.model.card import Measured
from docsorter.training.evaluation import evaluate_judged
from docsorter.training.looking import Judged


def figures(judged: Judged, names: tuple[str, ...], rule: SortRule) -> dict[str, Measured]:
    """Return all figures of one set of documents.

    Args:
        judged: The documents, foreign ones included.
        names: The labels; further columns of the probabilities are background.
        rule: The sort rule on the card.
    """
    return evaluate_judged(judged, names, rule, rng=np.random.default_rng(0)).metrics()
