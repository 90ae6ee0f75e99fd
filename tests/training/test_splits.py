from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from docsorter.training.splits import deal, difference_hash, group, near_duplicates

SHARES = {"train": 0.6, "calibration": 0.2, "test": 0.2}


def _noise(seed: int) -> NDArray[np.uint8]:
    cells = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    return cells.repeat(20, axis=0).repeat(20, axis=1)


@given(
    layouts=st.lists(st.integers(0, 12), min_size=1, max_size=80),
    data=st.data(),
    seed=st.integers(0, 100),
)
@settings(max_examples=100, deadline=None)
def test_no_layout_and_no_pair_is_ever_cut_by_a_split(
    layouts: list[int], data: st.DataObject, seed: int
) -> None:
    rows = st.integers(0, len(layouts) - 1)
    pairs = data.draw(st.lists(st.tuples(rows, rows), max_size=5))
    labels = [("invoice", "claim")[layout % 2] for layout in layouts]

    splits = deal(group([str(layout) for layout in layouts], pairs), labels, SHARES, seed=seed)

    assert set(splits) <= set(SHARES)
    assert all(splits[i] == splits[j] for i, j in pairs)
    by_layout: dict[int, set[str]] = {}
    for layout, split in zip(layouts, splits, strict=True):
        by_layout.setdefault(layout, set()).add(split)
    assert all(len(found) == 1 for found in by_layout.values())


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    groups, labels = list(range(60)), ["invoice"] * 60

    assert deal(groups, labels, SHARES, seed=1) == deal(groups, labels, SHARES, seed=1)
    assert deal(groups, labels, SHARES, seed=1) != deal(groups, labels, SHARES, seed=2)


def test_every_label_gets_its_share_in_every_split() -> None:
    labels = ["invoice"] * 100 + ["claim"] * 40 + ["letter"] * 60

    counts = Counter(zip(labels, deal(list(range(200)), labels, SHARES), strict=True))

    assert counts["invoice", "train"] == 60
    assert counts["claim", "calibration"] == 8
    assert counts["letter", "test"] == 12


def test_many_copies_of_one_template_do_not_fill_a_split() -> None:
    groups = [0] * 50 + list(range(1, 31))
    weights = [4 / 50] * 50 + [1.0] * 30

    splits = deal(groups, ["invoice"] * 80, SHARES, weights=weights)

    others = Counter(splits[50:])
    assert others["calibration"] + others["test"] >= 10


def test_pictures_of_the_same_page_are_near_duplicates() -> None:
    page = _noise(1)
    brighter = np.clip(page.astype(np.int16) + 9, 0, 255).astype(np.uint8)
    grainy = np.clip(page + np.random.default_rng(2).normal(0, 6, page.shape), 0, 255).astype(
        np.uint8
    )
    pages = [page, brighter, grainy, _noise(5)]
    hashes = np.stack([difference_hash(picture).reshape(-1) for picture in pages])

    assert hashes.shape == (4, 4)
    assert near_duplicates(hashes) == [(0, 1), (0, 2), (1, 2)]


def test_groups_are_numbered_in_order_and_joined_through_others() -> None:
    assert group(["a", "b", "a", "c", "d"]) == [0, 1, 0, 2, 3]
    assert group(["a", "b", "a", "c", "d"], [(1, 2), (3, 1)]) == [0, 0, 0, 0, 1]
