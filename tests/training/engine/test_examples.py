import numpy as np
import pytest

from docsorter.training.engine.examples import page_weights


def test_views_of_a_document_share_its_weight_and_outputs_have_their_shares() -> None:
    targets = np.array([0, 0, 0, 1, 1], np.int64)
    documents = np.array([0, 0, 1, 2, 3], np.int64)
    weights = page_weights(targets, documents, np.array([0.75, 0.25, 0.5]))
    assert weights.sum() == pytest.approx(4)
    assert weights[targets == 0].sum() == pytest.approx(3)
    assert weights[0] == weights[1] == weights[2] / 2
