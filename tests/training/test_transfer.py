import numpy as np
import pytest

from docsorter.training.base import ForeignDocuments
from docsorter.training.dataset import ClassPlan
from docsorter.training.head import Adjustment, Examples
from docsorter.training.transfer import REAL_FOREIGN_SHARE, judged_out_of_fold, with_foreign

PLAN = ClassPlan(("a", "b"), (("a1", "a"), ("a2", "a"), ("b", "b"), ("other", "other")))
WIDTH = 3


def known(sources: list[int]) -> ForeignDocuments:
    rows = len(sources)
    features = np.ones((rows, WIDTH), np.float32)
    logits = np.zeros((rows, 4), np.float32)
    return ForeignDocuments(features, logits, np.array(["form"] * rows), np.array(sources))


def own(rows: int) -> Examples:
    return Examples(
        np.zeros((rows, WIDTH)), np.zeros((rows, 3)), np.zeros(rows, np.int64),
        np.ones(rows), np.arange(rows), np.zeros(3, np.bool_),
    )  # fmt: skip


def test_real_foreign_documents_are_learned_from_and_never_share_a_group() -> None:
    found = with_foreign(own(20), known([7, 7, 9]), PLAN)
    assert found.targets.tolist() == [0] * 20 + [2] * 3
    assert found.weights[:20].tolist() == [1.0] * 20
    assert found.weights[20:].sum() == pytest.approx(20 * REAL_FOREIGN_SHARE)
    assert found.groups[20] == found.groups[21] != found.groups[22]
    assert not set(found.groups[20:]) & set(found.groups[:20])
    assert found.prior[20:] == pytest.approx(np.tile([np.log(2), 0, 0], (3, 1)))


def test_a_foreign_document_is_judged_by_the_head_that_did_not_learn_from_its_source() -> None:
    documents = known([0, 1])
    heads = [Adjustment(np.zeros((WIDTH, 3)), np.array([n, 0.0, 1.0]), 1.0) for n in (5.0, 9.0)]
    folds = documents.folds(2)
    said = judged_out_of_fold(documents, heads, PLAN).logits
    for row, fold in enumerate(folds.tolist()):
        mine = (5.0, 9.0)[fold]
        assert said[row].tolist() == [mine, mine, 0, 1]
