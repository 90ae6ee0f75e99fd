from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.errors import UsageError
from docsorter.training.dataset import Sample
from docsorter.training.engine.division import LEAST_FOR_SETS, MANY, divide, with_groups_enough


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
