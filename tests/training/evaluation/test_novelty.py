import numpy as np
import pytest

from docsorter.training.evaluation.novelty import leave_label_out, shipped_roc
from tests.training.evaluation.judging import LABELS, judged_of, realistic


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_label_far_from_the_others_is_found_when_it_is_left_out() -> None:
    targets = np.repeat([0, 1, 2], 60)
    features = rng().normal(0, 1, (180, 24)).astype(np.float32)
    features[targets == 2] += 8

    curves = {one.name: one for one in leave_label_out(
        features, targets, LABELS, list(range(180)), rng()
    )}  # fmt: skip

    assert set(curves) == set(LABELS)
    assert curves["letter"].auroc.value == 1.0
    assert curves["letter"].accepted.value == 0.0
    assert curves["invoice"].auroc.value == pytest.approx(0.5, abs=0.12)
    assert (curves["letter"].known, curves["letter"].unknown) == (120, 60)


def test_foreign_documents_take_no_part_in_leaving_a_label_out() -> None:
    targets = np.repeat([0, 1, 3], 40)
    features = rng().normal(0, 1, (120, 8)).astype(np.float32)
    broken = features.copy()
    broken[targets == 3] = 1e6

    groups = list(range(120))
    plain, other = (leave_label_out(f, targets, LABELS, groups, rng()) for f in (features, broken))

    assert [one.auroc.value for one in plain] == [one.auroc.value for one in other]
    assert [one.name for one in plain] == ["invoice", "claim"]


def test_one_group_that_holds_everything_leaves_nothing_to_measure() -> None:
    targets = np.repeat([0, 1], 40)
    features = rng().normal(0, 1, (80, 8)).astype(np.float32)

    curves = leave_label_out(features, targets, LABELS[:2], [0] * 80, rng())

    assert {one.auroc.value for one in curves} == {None}


def test_the_shipped_novelty_is_measured_on_foreign_documents() -> None:
    judged = realistic(400, rng())

    found = shipped_roc(judged, 3, list(range(400)), rng())

    assert found is not None
    assert found.auroc.value is not None
    assert found.auroc.low is not None
    assert found.auroc.low <= found.auroc.value
    assert 0.7 < found.auroc.value < 1
    assert found.points[-1] == (1.0, 1.0)


def test_without_foreign_documents_there_is_no_such_curve() -> None:
    judged = judged_of([(0.9, 0, 0)] * 60)

    assert shipped_roc(judged, 3, list(range(60)), rng()) is None


def test_few_foreign_documents_are_not_measurable() -> None:
    judged = judged_of([(0.9, 0, 0)] * 60 + [(0.9, 3, 3)] * 29)

    found = shipped_roc(judged, 3, list(range(89)), rng())

    assert found is not None
    assert (found.auroc.value, found.auroc.n, found.points) == (None, 29, ())
