"""Heads of first pages and of turns, fitted on features that were made up."""

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.decide.prediction import PageHeads
from docsorter.documents import RawOutput
from docsorter.service.workspace.process import silent
from docsorter.training.base import BaseWeights
from docsorter.training.dataset import Sample
from docsorter.training.material import ForeignPages
from docsorter.training.page_heads import (
    FIRST,
    LATER,
    TURNS,
    UNKNOWN,
    SeenPages,
    capped_weights,
    first_limit,
    fit_page_heads,
    page_arrays,
)
from docsorter.training.splits import Division
from docsorter.training.transfer import TrainedModel, TuningResult

if TYPE_CHECKING:
    from docsorter.training.export import Exported
    from docsorter.training.material import Material

WIDTH = 8


def seen(seed: int, n: int = 240, noise: float = 0.4) -> SeenPages:
    """Pages whose first feature says "first" and whose next four say how they lie."""
    rng = np.random.default_rng(seed)
    first, turn = rng.integers(0, 2, n), rng.integers(0, 4, n)
    turn[: n // 2] = 0
    features = rng.normal(0, noise, (n, WIDTH))
    features[:, 0] += first
    features[np.arange(n), 1 + turn] += 1
    turns = np.array(TURNS)[turn]
    turns[:10] = UNKNOWN  # nobody can tell of these
    return SeenPages(features.astype(np.float32), first, turns, np.arange(n) // 2, np.ones(n))


def heads_of(pages: SeenPages) -> PageHeads:
    found = PageHeads.from_arrays(fit_page_heads(pages)[0])
    assert found is not None
    return found


def test_both_heads_tell_pages_that_they_have_not_seen() -> None:
    heads, other = heads_of(seen(1)), seen(2)

    upright, lying = other.upright(), other.lying()

    first = heads.first(upright.features) > 0.5
    assert (first == (upright.first == FIRST)).mean() > 0.85
    told = np.array(TURNS)[heads.turn(lying.features).argmax(axis=1)]
    assert (told == lying.turns).mean() > 0.85


def test_each_head_learns_only_from_pages_of_which_its_answer_is_known() -> None:
    pages = seen(1)
    assert set(pages.upright().turns) == {UNKNOWN, 0}
    assert UNKNOWN not in pages.lying().turns
    assert len(pages.lying().turns) == 230


def test_what_a_head_says_is_calibrated_on_groups_that_it_was_not_fitted_on() -> None:
    pages = seen(3, 1200, noise=0.8)
    _, first, _ = fit_page_heads(pages)
    said = first.held_out[:, FIRST]
    sure = said > 0.8
    right = (pages.upright().first == FIRST)[sure].mean()
    assert abs(right - said[sure].mean()) < 0.08


def test_few_later_pages_reach_the_limit_and_it_is_never_below_a_half() -> None:
    said = np.linspace(0, 0.99, 200)
    later = np.full(200, LATER)
    pages = SeenPages(np.zeros((200, 1), np.float32), later, later, later, np.ones(200))
    assert 0.96 < first_limit(said, pages) <= 1.0
    assert (said >= first_limit(said, pages)).sum() <= 3
    assert first_limit(said / 10, pages) == 0.5


def test_pages_of_one_layout_count_as_a_few() -> None:
    weights = capped_weights(["a"] * 8 + ["b"], 4)
    assert weights.tolist() == [0.5] * 8 + [1.0]


@pytest.mark.parametrize("tuning", [None, TuningResult(False, 0.1, 0.2, 0.1)])
def test_a_trunk_that_stays_keeps_the_heads_of_its_base(
    tuning: TuningResult | None, tmp_path: Path
) -> None:
    known: dict[str, NDArray[np.generic]] = {"first_limit": np.array(0.9, np.float32)}
    base = BaseWeights("b", "k", None, 299, None, lambda _: None, None, (), known)  # type: ignore[arg-type]
    trained = TrainedModel(None, 1.0, (), tuning)  # type: ignore[arg-type]
    nothing = cast("Material", None), cast("Exported", None)

    arrays = page_arrays(nothing[0], trained, base, nothing[1], tmp_path, silent)

    assert arrays == known


@dataclass
class Squares:
    """Pages by the name of the file: as many as it says, each with its number in its pixels."""

    def pages(self, path: Path, size: int, *, cap: int = 1) -> NDArray[np.uint8]:
        if "blank" in path.name:
            raise ValueError("nothing is on it")
        number = min(cap, 3 if "long" in path.name else 1)
        made = np.zeros((number, size, size, 3), np.uint8)
        made[0, :4] = 200  # a letterhead
        return made if "later" not in path.parts else made // 2  # a smaller one


class Looking:
    """A model whose features are what is on the four sides of a page."""

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        sides = (pixels[:, :4], pixels[:, :, -4:], pixels[:, -4:], pixels[:, :, :4])
        features = np.stack([side.mean(axis=(1, 2, 3)) for side in sides], axis=1) / 100
        return RawOutput(features.astype(np.float32), features.astype(np.float32))


def test_for_another_trunk_they_are_fitted_on_its_own_pages_and_generated_ones(
    tmp_path: Path,
) -> None:
    labels = ("a", "b", "other")
    samples = tuple(
        Sample(Path(f"/in/{label}/{number}{'-long' * (number % 2)}.pdf"), label, "", "", "")
        for label in labels
        for number in range(6)
    )
    folds = np.arange(len(samples), dtype=np.int64) % 5
    foreign = (Sample(Path("/made/blank.webp"), "other", "blank", "", ""),)
    material = Namespace(
        samples=samples, groups=tuple(range(len(samples))),
        division=Division(("train",) * len(samples), folds, True),
        foreign=ForeignPages(foreign, (), True),
    )  # fmt: skip
    exported = Namespace(
        cache=Squares(), classifier=Looking(), draft=Namespace(input=Namespace(size=16))
    )
    told: list[tuple[int, int]] = []

    arrays = page_arrays(
        cast("Material", material),
        TrainedModel(None, 1.0, (), None),  # type: ignore[arg-type]
        BaseWeights("b", "k", None, 299, None, lambda _: None, None, ()),  # type: ignore[arg-type]
        cast("Exported", exported),
        tmp_path,
        lambda _, done, total: told.append((done, total)),
    )

    heads = PageHeads.from_arrays(arrays)
    assert heads is not None
    page = Squares().pages(Path("/in/a/0.pdf"), 16)
    for turn, degrees in enumerate(TURNS):
        seen = np.ascontiguousarray(np.rot90(page, -turn, axes=(1, 2)))
        assert heads.turn(Looking().classify(seen).features)[0].argmax() == turn, degrees
    later = Squares().pages(Path("/in/a/1-long.pdf"), 16, cap=3)
    first = heads.first(Looking().classify(later).features)
    assert first[0] > 0.3 > first[1]
    assert told[-1] == (len(told), len(told))
    assert len(told) == len(samples) + 2 * 9 + 70  # the blank one is left out
