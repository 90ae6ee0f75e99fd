from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from docsorter.errors import UsageError
from docsorter.training.dataset import Sample
from docsorter.training.splits import (
    LEAST_FOR_SETS,
    MANY,
    copies,
    cosine_distance,
    deal,
    difference_hash,
    divide,
    group,
    near_duplicates,
    with_groups_enough,
)

DIGESTS = ["a", "b", "c"]


def _hash(*set_bits: int) -> NDArray[np.uint64]:
    bits = np.zeros(256, np.uint8)
    bits[list(set_bits)] = 1
    return np.packbits(bits).view(np.uint64)


def _features(*rows: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def test_nearly_blank_pages_are_no_copies_of_each_other_by_their_hash() -> None:
    blank = np.stack([_hash(1), _hash(2), _hash(3)])

    assert copies(blank, DIGESTS) == []


def test_the_same_bytes_are_always_copies() -> None:
    blank = np.stack([_hash(1), _hash(2), _hash(1)])

    (found,) = copies(blank, ["a", "b", "a"])

    assert (found.first, found.second, found.bits, found.identical) == (0, 2, 0, True)


def test_pages_near_by_hash_and_by_features_are_copies() -> None:
    hashes = np.stack([_hash(*range(60)), _hash(*range(2, 60)), _hash(*range(3, 60))])
    features = _features((1, 0), (1, 0.05), (0, 1))

    assert [(c.first, c.second, c.bits) for c in copies(hashes, DIGESTS)] == [
        (0, 1, 2), (0, 2, 3), (1, 2, 1),
    ]  # fmt: skip
    assert [(c.first, c.second, c.bits) for c in copies(hashes, DIGESTS, features)] == [(0, 1, 2)]


def test_pages_with_the_same_features_may_be_less_near_by_their_hash_but_not_far() -> None:
    hashes = np.stack([_hash(*range(60)), _hash(*range(20, 60)), _hash(*range(100, 160))])
    features = _features((1, 0), (1, 0.01), (1, 0.01))

    assert [(c.first, c.second) for c in copies(hashes, DIGESTS, features)] == [(0, 1)]


def test_without_documents_there_are_no_copies() -> None:
    assert copies(np.zeros((0, 4), np.uint64), [], np.zeros((0, 2), np.float32)) == []


def test_a_vector_of_zeros_is_at_a_right_angle_to_everything() -> None:
    assert cosine_distance(np.zeros(2, np.float32), np.ones(2, np.float32)) == 1.0


def documents(**counts: int) -> list[Sample]:
    return [
        Sample(Path(f"/in/{label}/{number:04}.png"), label, "", f"{label}/{number}", "")
        for label, count in counts.items()
        for number in range(count)
    ]


def test_enough_documents_of_every_label_make_four_sets() -> None:
    samples = documents(invoice=LEAST_FOR_SETS, claim=100)
    found = divide(samples, range(len(samples)), 0)
    assert not found.cross_fitted
    assert set(found.splits) == {"train", "validation", "calibration", "test"}
    table = found.counts(samples)
    assert sum(sum(row.values()) for row in table.values()) == len(samples)
    assert table["train"]["claim"] == pytest.approx(60, abs=2)


def test_few_documents_of_one_label_are_cross_fitted() -> None:
    samples = documents(invoice=LEAST_FOR_SETS - 1, claim=100)
    found = divide(samples, range(len(samples)), 0)
    assert found.cross_fitted
    assert set(found.splits) == {"train"}
    for label in ("invoice", "claim"):
        folds = {
            int(fold) for fold, s in zip(found.folds, samples, strict=True) if s.label == label
        }
        assert folds == set(range(5))


def test_many_documents_from_few_places_are_cross_fitted() -> None:
    samples = documents(invoice=200, claim=200)
    groups = [number % 100 // 25 + 10 * (s.label == "claim") for number, s in enumerate(samples)]
    assert divide(samples, groups, 0).cross_fitted


def test_many_documents_give_more_of_them_to_the_promise() -> None:
    samples = documents(invoice=MANY, claim=MANY)
    found = Counter(divide(samples, range(len(samples)), 0).splits)
    assert found["calibration"] > 0.28 * len(samples)


def test_foreign_documents_never_decide_how_the_others_are_divided() -> None:
    samples = documents(invoice=80, claim=80, other=3)
    assert not divide(samples, range(len(samples)), 0).cross_fitted


def test_a_label_that_is_one_form_is_divided_by_file() -> None:
    samples = documents(invoice=6, claim=6, other=3)
    groups = [
        0 if s.label == "claim" else 9 if s.label == "other" else 1 + n
        for n, s in enumerate(samples)
    ]
    digests = [s.path.name if s.label == "claim" else "same" for s in samples]
    digests[7] = digests[6]
    found = with_groups_enough(samples, groups, digests)
    assert (
        len({number for number, s in zip(found, samples, strict=True) if s.label == "claim"}) == 5
    )
    assert found[6] == found[7]
    assert len(set(found[12:])) == 1
    assert len(set(found[:6])) == 6


def test_a_label_that_is_one_file_is_no_label() -> None:
    samples = documents(invoice=6, claim=6)
    groups = [0 if s.label == "claim" else 1 + row for row, s in enumerate(samples)]
    with pytest.raises(UsageError, match="'claim' are the same file"):
        with_groups_enough(samples, groups, ["same"] * 12)


@given(st.lists(st.integers(0, 30), min_size=40, max_size=200), st.integers(0, 99), st.randoms())
@settings(max_examples=25, deadline=None)
def test_groups_stay_whole_and_neither_order_nor_run_matters(
    numbers: list[int], seed: int, random: object
) -> None:
    samples = [
        Sample(Path(f"/in/{row:04}.png"), "ab"[row % 2], "", "", "") for row in range(len(numbers))
    ]
    groups = [2 * number + row % 2 for row, number in enumerate(numbers)]
    found = divide(samples, groups, seed)
    for number in set(groups):
        rows = [row for row, group in enumerate(groups) if group == number]
        assert len({(found.splits[row], int(found.folds[row])) for row in rows}) == 1
    order = list(range(len(samples)))
    random.shuffle(order)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    again = divide([samples[row] for row in order], [groups[row] for row in order], seed)
    assert [again.splits[order.index(row)] for row in range(len(samples))] == list(found.splits)


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
