import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from docsorter.training.augment import augment, random_affine


def _page() -> NDArray[np.uint8]:
    """A page with a dark block in the top left and a wide one at the bottom right."""
    page = np.full((384, 384, 3), 255, np.uint8)
    page[40:120, 90:170] = 20
    page[240:260, 120:290] = 20
    page[330:336, 100:280] = 20
    return page


@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_no_page_is_ever_mirrored(seed: int) -> None:
    a, b, _, d, e, _ = random_affine(384, np.random.default_rng(seed))

    assert a * e - b * d > 0.3  # a mirror has a determinant below 0


@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_the_middle_of_the_page_stays_on_the_page(seed: int) -> None:
    a, b, c, d, e, f = random_affine(384, np.random.default_rng(seed))

    x, y = a * 192 + b * 192 + c, d * 192 + e * 192 + f
    assert 96 < x < 288
    assert 96 < y < 288


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_a_page_keeps_its_size_and_type(seed: int) -> None:
    result = augment(_page(), 299, np.random.default_rng(seed))

    assert result.shape == (299, 299, 3)
    assert result.dtype == np.uint8


def test_the_same_seed_gives_the_same_page_and_another_seed_another() -> None:
    first = augment(_page(), 299, np.random.default_rng(3))

    assert (first == augment(_page(), 299, np.random.default_rng(3))).all()
    assert (first != augment(_page(), 299, np.random.default_rng(4))).any()


def test_upside_down_is_rare_and_a_turn_not_a_flip() -> None:
    turned = [random_affine(384, np.random.default_rng(seed)) for seed in range(2000)]

    upside_down = [t for t in turned if t[0] < 0]
    assert 0.01 < len(upside_down) / len(turned) < 0.06
    assert all(t[4] < 0 for t in upside_down)


def test_most_pages_stay_readable() -> None:
    page = _page()
    ink = [
        float((augment(page, 299, np.random.default_rng(seed)).mean(axis=2) < 140).mean())
        for seed in range(60)
    ]
    untouched = float((page.mean(axis=2) < 140).mean())

    assert np.median(ink) == pytest.approx(untouched, rel=0.5)


def test_some_pages_are_seen_from_afar() -> None:
    scales = [
        1 / np.sqrt(a * e - b * d)
        for a, b, _, d, e, _ in (random_affine(384, np.random.default_rng(s)) for s in range(600))
    ]

    far = sum(scale < 0.8 for scale in scales) / len(scales)
    assert 0.04 < far < 0.2
    assert min(scales) > 0.4
    assert max(scales) < 1.3


def test_many_views_leave_a_page_straight_and_on_white() -> None:
    page = np.full((384, 384, 3), 255, np.uint8)
    page[100:104, 60:324] = 0
    views = [augment(page, 299, np.random.default_rng(seed)) for seed in range(200)]

    straight = [
        (view[:70].min() > 240) and (view[95:299].min() > 240) and view.mean() > 245
        for view in views
    ]
    assert 0.2 < np.mean(straight) < 0.6
