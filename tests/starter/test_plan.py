import random

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from starter.document import SLOTS
from starter.kinds import EVERY, KINDS, LABELS, SPLITS, Split, kinds_of
from starter.typesetting import (
    FontBook,
    draw_parts,
    font_book,
    layout_id,
    make_plan,
    split_of,
    tinted,
)

_TYPOGRAPHY = ("sans", "serif", "mono", "display", "hand", "book", "script")


def test_every_kind_has_slots_and_a_label() -> None:
    assert set(SLOTS) == set(EVERY)
    assert set(KINDS.values()) == set(LABELS)
    assert sum(len(kinds_of(label)) for label in LABELS) == len(KINDS)


@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_kind_has_layouts_for_both_splits(kind: str) -> None:
    rng = random.Random(1)
    for split in SPLITS:
        parts = draw_parts(kind, SLOTS[kind], split, rng)
        assert set(parts) == set(SLOTS[kind])
        assert split_of(layout_id(kind, parts)) == split


@pytest.mark.parametrize("label", ["invoice", "claim", "letter"])
def test_a_label_has_hundreds_of_layouts(label: str) -> None:
    rng = random.Random(2)
    kinds = [kind for kind, of in KINDS.items() if of == label]
    drawn = {layout_id(k, draw_parts(k, SLOTS[k], "train", rng)) for k in kinds for _ in range(150)}
    assert len(drawn) > 500


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(sorted(EVERY)))
def test_a_layout_belongs_to_one_split_only(seed: int, kind: str) -> None:
    train = draw_parts(kind, SLOTS[kind], "train", random.Random(seed))
    test = draw_parts(kind, SLOTS[kind], "test", random.Random(seed))
    assert layout_id(kind, train) != layout_id(kind, test)


def test_the_identity_of_a_layout_does_not_depend_on_the_order_of_its_parts() -> None:
    parts = {"head": "band", "table": "grid"}
    assert layout_id("order", parts) == layout_id("order", dict(reversed(parts.items())))
    assert layout_id("order", parts) != layout_id("order", {**parts, "head": "split"})


def test_a_kind_with_too_few_layouts_is_refused() -> None:
    slots = {"head": ("only",)}
    other: Split = "test" if split_of(layout_id("order", {"head": "only"})) == "train" else "train"
    with pytest.raises(ValueError, match="give it more parts"):
        draw_parts("order", slots, other, random.Random(1))


@pytest.mark.parametrize("role", _TYPOGRAPHY)
def test_the_splits_share_no_font(role: str) -> None:
    book = font_book()
    train, test = (set(book.faces(role, split)) for split in SPLITS)  # type: ignore[arg-type]
    assert train
    assert test
    assert not train & test


def test_the_splits_share_no_font_where_only_the_typesetters_own_are_found() -> None:
    inside = typst.Fonts(include_system_fonts=False)
    book = FontBook(inside, frozenset(inside.families()))
    for role in _TYPOGRAPHY:
        train, test = (set(book.faces(role, split)) for split in SPLITS)  # type: ignore[arg-type]
        assert not train & test
        assert train | test <= book.families
    assert book.fingerprint != font_book().fingerprint


def test_the_same_seed_plans_the_same_document() -> None:
    plans = [
        make_plan("claim-motor", SLOTS["claim-motor"], "train", font_book(), random.Random(5))
        for _ in range(2)
    ]
    assert plans[0].layout == plans[1].layout
    assert plans[0].style == plans[1].style
    assert plans[0].locale == plans[1].locale


@given(share=st.floats(0, 1))
def test_a_tint_lies_between_white_and_its_colour(share: float) -> None:
    tint = tinted("#204060", share)
    channels = [int(tint[i : i + 2], 16) for i in (1, 3, 5)]
    assert all(low <= c <= 255 for low, c in zip((0x20, 0x40, 0x60), channels, strict=True))
    assert tinted("#204060", 0) == "#ffffff"
    assert tinted("#204060", 1) == "#204060"
