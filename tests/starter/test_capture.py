import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from starter import capture
from starter.capture import CAPTURES, Capture, captured, draw_capture


@pytest.fixture(scope="module")
def page() -> Image.Image:
    """Return a page that no symmetry leaves as it is."""
    image = Image.new("RGB", (420, 600), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 60, 380, 180), fill="black")
    draw.rectangle((40, 180, 170, 480), fill="black")
    return image


def _likeness(one: Image.Image, two: Image.Image) -> float:
    """Return the correlation of two pictures, brought to one small size."""
    a, b = (np.asarray(i.convert("L").resize((42, 60)), float).ravel() for i in (one, two))
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_capture_ever_mirrors_a_page(page: Image.Image, name: str, seed: int) -> None:
    done = captured(page, Capture(name, 0), seed)
    upright = _likeness(page, done)
    for flip in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        assert upright > _likeness(page, done.transpose(flip)) + 0.1


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_turned_and_says_so(page: Image.Image, turn: int) -> None:
    capture = Capture("flatbed", turn)
    back = captured(page, capture, 3).rotate(-turn, expand=True)
    assert _likeness(page, back) > 0.8
    assert capture.tag == f"flatbed+{turn}"


@pytest.mark.parametrize("name", CAPTURES)
def test_the_same_seed_captures_the_same(page: Image.Image, name: str) -> None:
    first, second = (captured(page, Capture(name, 0), 9, small=True) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.mode == "RGB"


def test_what_is_black_and_white_has_two_shades(page: Image.Image) -> None:
    for seed in range(5):
        assert set(captured(page, Capture("bilevel", 0), seed).tobytes()) <= {0, 255}


def test_digital_pages_are_left_alone(page: Image.Image) -> None:
    assert captured(page, Capture("digital", 0), 4) is page


def test_something_small_is_scanned_on_a_larger_glass() -> None:
    card = Image.new("RGB", (300, 190), "#88aacc")
    assert captured(card, Capture("flatbed", 0), 1, small=True).height > 300


def test_captures_are_drawn_from_all_and_rarely_turned() -> None:
    rng = random.Random(4)
    drawn = [draw_capture(rng) for _ in range(3000)]
    assert {c.name for c in drawn} == set(CAPTURES)
    assert 0.01 < sum(c.turn != 0 for c in drawn) / len(drawn) < 0.06
    assert all(c.turn == 0 for c in drawn if c.name in ("digital", "screen"))


def test_old_letters_are_captured_as_archives_capture_them() -> None:
    old, new = (
        [draw_capture(random.Random(seed), kind).name for seed in range(600)]
        for kind in ("letter-archive", "invoice-web")
    )
    assert old.count("archive") > 4 * new.count("archive")
    assert new.count("digital") > 4 * old.count("digital")


_EFFECTS = (
    capture.paper,
    capture.edge_shadow,
    capture.show_through,
    capture.scan_lines,
    capture.uneven_light,
    capture.copier_border,
    capture.holes,
    capture.stain,
    capture.folds,
    capture.marker,
    capture.patchy,
    capture.two_tone,
    capture.pepper,
    capture.copy_edges,
    capture.film,
    capture.coloured,
)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), height=st.integers(90, 400), width=st.integers(90, 400))
def test_effects_keep_the_shape_and_the_page_they_were_given(
    seed: int, height: int, width: int
) -> None:
    before: NDArray[np.float32] = np.full((height, width, 3), 230, np.float32)
    for effect in _EFFECTS:
        after = effect(before, np.random.default_rng(seed))
        assert after.shape == before.shape
        assert np.isfinite(after).all()
        assert (before == 230).all(), effect.__name__


@given(height=st.integers(1, 2500), width=st.integers(1, 2500))
@settings(deadline=None, max_examples=8)
def test_there_is_noise_for_a_page_of_any_size(height: int, width: int) -> None:
    assert capture.noise(np.random.default_rng(1), height, width).shape == (height, width, 1)


def test_perspective_brings_the_corners_where_they_belong() -> None:
    page = Image.new("RGB", (100, 140), "white")
    corners = [(20.0, 10.0), (130.0, 20.0), (120.0, 170.0), (15.0, 160.0)]
    _, mask = capture.perspective(page, corners, (150, 190))
    covered = np.asarray(mask) > 128
    assert covered[15, 25]
    assert covered[160, 115]
    assert not covered[5, 5]
    assert not covered[185, 140]


def test_what_people_hold_in_their_hand_is_mostly_photographed() -> None:
    def photographed(kind: str) -> float:
        names = [draw_capture(random.Random(seed), kind).name for seed in range(400)]
        return sum(name in {"phone", "desk"} for name in names) / len(names)

    assert photographed("receipt") > 2 * photographed("order")
