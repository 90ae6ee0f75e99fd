"""A written training set teaches what it taught before, up to the loss of its pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from docsorter.errors import UsageError
from docsorter.service.workspace.process import silent
from docsorter.training.dataset import Sample
from docsorter.training.rasters import BASE
from starter.apart import draw
from starter.training_set import (
    PageDrawer,
    Targets,
    TrainingSet,
    plan_classes,
    read_training_set,
    targets_of,
    write_training_set,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOCUMENTS = 7
SIDE = 75


def _square(index: int) -> "NDArray[np.uint8]":
    """White paper with a black bar at a height of its own."""
    page = np.full((BASE, BASE, 3), 255, np.uint8)
    page[40 * index + 20 : 40 * index + 40] = 0
    return page


@pytest.fixture
def training_set() -> TrainingSet:
    plan = plan_classes([("a-1", "a"), ("a-2", "a"), ("b", "b"), ("map", "other")], ("a", "b"))
    columns = np.arange(DOCUMENTS, dtype=np.int32) % 3
    chances = np.linspace(1, 2, DOCUMENTS)
    targets = Targets(columns, columns - 1, chances / chances.sum())
    validation = np.stack([_square(index)[:SIDE, :SIDE] for index in range(3)])
    return TrainingSet(plan, SIDE, targets, _square, validation, np.array([2, 1, 0], np.int32))


def test_everything_comes_back(training_set: TrainingSet, tmp_path: Path) -> None:
    told: list[int] = []

    write_training_set(training_set, tmp_path / "new", lambda _, done, __: told.append(done))
    read = read_training_set(tmp_path / "new")

    assert (read.plan, read.size) == (training_set.plan, training_set.size)
    for name in ("outputs", "kinds", "chances"):
        np.testing.assert_array_equal(
            getattr(read.targets, name), getattr(training_set.targets, name)
        )
    np.testing.assert_array_equal(read.outputs, training_set.outputs)
    assert np.abs(read.validation.astype(int) - training_set.validation).mean() < 2
    for index in range(DOCUMENTS):
        assert np.abs(read.square(index).astype(int) - _square(index)).mean() < 2
    assert told == [*range(1, DOCUMENTS + 1), 1, 2, 3]


def test_pages_are_spread_over_files_of_a_bounded_size(
    training_set: TrainingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("starter.training_set._FILE_BYTES", 700)
    write_training_set(training_set, tmp_path, silent)
    read = read_training_set(tmp_path)

    files = sorted(tmp_path.glob("train-*.webps"))
    assert len(files) > 2
    assert max(file.stat().st_size for file in files) < 2000
    for index in range(DOCUMENTS):
        assert np.abs(read.square(index).astype(int) - _square(index)).mean() < 2


def test_a_batch_is_drawn_as_from_the_documents_themselves(
    training_set: TrainingSet, tmp_path: Path
) -> None:
    write_training_set(training_set, tmp_path, silent)

    pages, outputs, kinds = draw(tmp_path, 5, 11, 4)
    again = draw(tmp_path, 5, 11, 4)
    indices, same = PageDrawer(_square, SIDE, 11).batch(training_set.targets.chances, 5, 3, 4)

    np.testing.assert_array_equal(pages, again[0])
    np.testing.assert_array_equal(outputs, training_set.targets.outputs[indices])
    np.testing.assert_array_equal(kinds, training_set.targets.kinds[indices])
    assert np.abs(pages.astype(int) - same).mean() < 6
    assert not np.array_equal(pages, draw(tmp_path, 5, 11, 5)[0])


@pytest.mark.parametrize("missing", ["training-set.json", "training-set.npz", "train-000.webps"])
def test_a_training_set_that_is_not_whole_is_refused(
    training_set: TrainingSet, tmp_path: Path, missing: str
) -> None:
    write_training_set(training_set, tmp_path, silent)
    (tmp_path / missing).unlink()

    with pytest.raises(UsageError, match="no whole training set"):
        read_training_set(tmp_path)


def test_kinds_are_grouped_by_output_and_everything_else_comes_last() -> None:
    pairs = [("receipt", "other"), ("plain", "invoice"), ("pad", "invoice"), ("", "letter")]

    plan = plan_classes(pairs, ("invoice", "claim", "letter"))

    assert plan.outputs == ("invoice", "claim", "letter", "other")
    assert [kind for kind, _ in plan.kinds] == ["pad", "plain", "claim", "letter", "receipt"]
    assert plan.widths == (2, 1, 1, 1)


def test_without_foreign_documents_there_is_no_background() -> None:
    plan = plan_classes([("", "a"), ("", "b")], ("a", "b"))

    assert not plan.background
    assert plan.outputs == ("a", "b")


def test_an_unknown_output_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a label"):
        plan_classes([("", "order")], ("invoice", "letter"))


def test_a_kind_that_the_plan_does_not_have_is_not_known() -> None:
    plan = plan_classes([("pad", "invoice"), ("plain", "invoice")], ("invoice",))
    samples = [Sample(Path(), "invoice", kind, "", "") for kind in ("plain", "never heard of")]

    assert targets_of(samples, plan, real_share=0.3).kinds.tolist() == [1, -1]


def test_a_source_of_foreign_pages_and_a_layout_count_only_so_much() -> None:
    plan = plan_classes([("", "a"), ("", "other")], ("a",))
    samples = [Sample(Path(), "a", "", f"{n}", f"{n}") for n in range(4)]
    samples += [Sample(Path(), "a", "", "same", "one") for _ in range(8)]
    samples += [Sample(Path(), "other", "", f"{n}", "one" if n < 40 else f"{n}") for n in range(60)]

    chances = targets_of(samples, plan, real_share=1, foreign_share=0.2).chances

    assert chances[12:].sum() == pytest.approx(0.2)
    assert chances[4:12].sum() == pytest.approx(chances[:4].sum())
    assert chances[12:52].sum() / 0.2 == pytest.approx(9 / 29)  # 15 % of 60, beside the other 20
