import numpy as np
import pytest
from sklearn.metrics import f1_score

from docsorter.training.evaluation.figures import (
    confidence_figures,
    confusion_counts,
    label_figures,
    macro_f1,
    skill,
)
from docsorter.training.evaluation.resampling import Resampler
from tests.training.evaluation.judging import LABELS, judged_of, realistic


def resampler(n: int) -> Resampler:
    return Resampler(np.arange(n), np.random.default_rng(0), 200)


def test_macro_f1_counts_a_label_that_is_never_found() -> None:
    top, targets = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2])

    assert macro_f1(top, targets, 3) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_macro_f1_is_that_of_sklearn_where_other_is_an_answer_too() -> None:
    rng = np.random.default_rng(0)
    top, targets = rng.integers(0, 4, 200), rng.integers(0, 3, 200)

    expected = f1_score(targets, top, labels=[0, 1, 2], average="macro")

    assert macro_f1(top, targets, 3) == pytest.approx(expected)


def test_a_perfect_model_is_not_said_to_be_certainly_perfect() -> None:
    mine = judged_of([(0.95, column, column) for column in range(3) for _ in range(40)])

    found = skill(mine, 3, resampler(120))

    assert found["accuracy"].value == found["macro-F1"].value == 1.0
    assert found["accuracy"].low == pytest.approx(0.969, abs=0.001)
    assert found["macro-F1"].low == found["accuracy"].low
    aurc = confidence_figures(mine, resampler(120), np.random.default_rng(0))["AURC"]
    assert (aurc.value, aurc.low, aurc.note) == (0.0, None, "no mistake seen, so no interval")


def test_figures_on_too_few_documents_say_so_instead_of_a_number() -> None:
    mine = judged_of([(0.95, column, column) for column in range(3) for _ in range(9)])
    rng = np.random.default_rng(0)

    found = skill(mine, 3, resampler(27)) | confidence_figures(mine, resampler(27), rng)

    assert {measured.value for measured in found.values()} == {None}
    assert {measured.n for measured in found.values()} == {27}
    assert "500" in found["ECE"].note


def test_the_calibration_error_is_measured_from_500_documents_on() -> None:
    rng = np.random.default_rng(0)
    judged = realistic(700, rng, foreign=0.0)
    mine = judged.where(judged.targets < 3)

    found = confidence_figures(mine, resampler(len(mine.samples)), rng)["ECE"]

    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high < 0.08
    assert "by chance" in found.note


def test_a_foreign_document_taken_for_a_label_lowers_its_precision_only() -> None:
    rows = [(0.9, column, column) for column in range(3) for _ in range(40)]
    judged = judged_of(rows + [(0.9, 0, 3)] * 10)

    invoice, claim, _ = label_figures(judged, LABELS, resampler(130))

    assert (invoice.precision.value, invoice.recall.value) == (0.8, 1.0)
    assert claim.precision.value == 1.0
    assert confusion_counts(judged, 3)[3] == (10, 0, 0, 0)


def test_a_label_with_few_documents_has_no_figures() -> None:
    judged = judged_of([(0.9, 0, 0)] * 40 + [(0.9, 1, 1)] * 29)

    invoice, claim, letter = label_figures(judged, LABELS, resampler(69))

    assert invoice.recall.value == 1.0
    assert (claim.recall.value, claim.recall.n) == (None, 29)
    assert (letter.recall.value, letter.recall.n) == (None, 0)
    assert claim.precision.value is None
