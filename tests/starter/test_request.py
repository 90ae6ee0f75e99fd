from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.errors import UsageError
from starter.dataset import INDEX, spread
from starter.kinds import KINDS, LABELS, Label, kinds_of, weight_of
from starter.synth import check_target, chosen_kinds, counts_for, kind_infos


def test_every_kind_is_described_once() -> None:
    infos = kind_infos()
    assert [i.kind for i in infos] == [kind for label in LABELS for kind in kinds_of(label)]
    assert all(i.layouts >= 10 and i.weight > 0 for i in infos)
    assert {i.kind: i.label for i in infos} == KINDS


def test_kinds_are_named_one_by_one_or_by_a_pattern() -> None:
    assert chosen_kinds([]) == tuple(KINDS)
    assert chosen_kinds(["receipt, claim-cash"]) == ("claim-cash", "receipt")
    assert chosen_kinds(["invoice-*", "blank"]) == (*kinds_of("invoice"), "blank")


def test_a_pattern_that_names_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of document called 'poem'"):
        chosen_kinds(["invoice-*,poem"])


@given(
    numbers=st.dictionaries(st.sampled_from(LABELS), st.integers(0, 400), min_size=1),
    chosen=st.sets(st.sampled_from(sorted(KINDS)), min_size=1),
)
def test_what_is_asked_for_is_what_is_made(
    numbers: dict[Label, int | None], chosen: set[str]
) -> None:
    there = {KINDS[kind] for kind in chosen}
    asked = {label: n if label in there else None for label, n in numbers.items()}
    expected = sum(
        (asked.get(label) if asked.get(label) is not None else 3) or 0 for label in there
    )
    if not expected:
        with pytest.raises(UsageError, match="no document"):
            counts_for(asked, sorted(chosen), 3)
        return
    counts = counts_for(asked, sorted(chosen), 3)
    assert set(counts) <= chosen
    assert sum(counts.values()) == expected


@given(count=st.integers(0, 3000), label=st.sampled_from(LABELS))
def test_shares_follow_the_weights(count: int, label: Label) -> None:
    counts = spread({label: count})
    whole = sum(map(weight_of, kinds_of(label)))
    assert sum(counts.values()) == count
    for kind in kinds_of(label):
        assert abs(counts.get(kind, 0) - count * weight_of(kind) / whole) < 1


def test_a_label_without_a_chosen_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="3 documents of 'letter'"):
        counts_for({"letter": 3}, ["receipt"], 1)
    with pytest.raises(KeyError):
        spread({"letter": 3}, ["receipt"])


def _entry(split: str) -> str:
    return (
        '{"file": "other/receipt-1.jpg", "label": "other", "kind": "receipt", "layout": "r-1", '
        f'"locale": "en_GB", "capture": "grey", "split": "{split}", "page": 0, "pages": 1}}\n'
    )


def test_a_new_an_empty_and_a_begun_folder_will_do(tmp_path: Path) -> None:
    check_target(tmp_path / "new", "train")
    check_target(tmp_path, "train")
    (tmp_path / INDEX).write_text(_entry("train"))
    check_target(tmp_path, "train")


def test_a_folder_of_the_other_split_of_other_things_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UsageError, match="holds no generated documents"):
        check_target(tmp_path, "train")
    with pytest.raises(UsageError, match="is a file"):
        check_target(tmp_path / "notes.txt", "train")
    (tmp_path / INDEX).write_text(_entry("test"))
    with pytest.raises(UsageError, match="split 'test', not 'train'"):
        check_target(tmp_path, "train")
