import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from starter import capture
from starter.capture import CAPTURES, Capture, captured, draw_capture


def _lines(ink: int, paper: int) -> NDArray[np.float32]:
    """Return a page of lines three pixels high, float32 height by width by 3."""
    page = np.full((300, 220, 3), paper, np.float32)
    for top in range(30, 270, 10):
        page[top : top + 3, 20:200] = ink
    return page


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1), ink=st.integers(0, 140), paper=st.integers(205, 255)
)  # fmt: skip
def test_a_threshold_leaves_the_ink_and_clears_the_paper(seed: int, ink: int, paper: int) -> None:
    before = _lines(ink, paper)
    after = capture.two_tone(before, np.random.default_rng(seed))
    assert set(np.unique(after)) <= {0.0, 255.0}
    written = before[..., 0] == ink
    assert (after[written] == 0).mean() > 0.8
    assert (after[~written] == 255).mean() > 0.7


@pytest.mark.parametrize("effect", [capture.patchy, capture.film, capture.coloured, capture.pepper])
def test_an_aged_page_can_still_be_read(effect: object) -> None:
    before = _lines(30, 250)
    written = before[..., 0] == 30
    for seed in range(12):
        after = effect(before, np.random.default_rng(seed))  # type: ignore[operator]
        assert after[~written].mean() > after[written].mean() + 15


def _page() -> Image.Image:
    """Return a page of thin lines, the upper half full and the lower half nearly empty."""
    page = Image.new("RGB", (500, 700), "white")
    draw = ImageDraw.Draw(page)
    for y in [*range(60, 350, 12), 520, 600]:
        draw.rectangle((60, y, 380 if y % 24 else 430, y + 3), fill="#222222")
    return page


def _likeness(one: Image.Image, two: Image.Image) -> float:
    """Return the correlation of two pages' detail: small pictures less what varies slowly."""
    details = []
    for image in (one, two):
        small = image.convert("L").resize((50, 70), Image.Resampling.BOX)
        slow = np.asarray(small.filter(ImageFilter.BoxBlur(12)), float)
        details.append((np.asarray(small, float) - slow)[3:-3, 3:-3].ravel())
    return float(np.corrcoef(*details)[0, 1])


@pytest.mark.parametrize("name", sorted(set(CAPTURES) - {"desk", "screen", "phone"}))
def test_no_scanner_makes_the_writing_vanish(name: str) -> None:
    page = _page()
    likeness = [_likeness(page, captured(page, Capture(name, 0), seed)) for seed in range(8)]
    assert np.median(likeness) > 0.3
    assert min(likeness) > 0.15


@pytest.mark.parametrize("name", ["desk", "screen", "phone"])
def test_no_camera_and_no_screen_makes_the_writing_vanish(name: str) -> None:
    page = _page()
    for seed in range(12):
        grey = np.asarray(captured(page, Capture(name, 0), seed).convert("L"), float)
        height, width = grey.shape
        middle = grey[height // 5 : height // 2, width // 3 : 2 * width // 3]
        assert np.abs(np.diff(middle, axis=0)).max() > 20


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_a_canvas_is_larger_and_holds_the_whole_page(seed: int) -> None:
    page = Image.new("RGB", (90, 120), "#aa3311")
    sheet = capture.padded(page, np.random.default_rng(seed))
    assert sheet.width >= page.width
    assert sheet.height >= page.height
    there = (np.asarray(sheet) == (0xAA, 0x33, 0x11)).all(axis=2)
    assert there.sum() == page.width * page.height


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_a_cut_takes_blank_edges_and_never_ink_of_the_top_half(seed: int) -> None:
    page = _page()
    part = capture.cut(page, np.random.default_rng(seed))
    before, after = ((np.asarray(image.convert("L")) < 60).sum() for image in (page, part))
    top = (np.asarray(page.convert("L"))[:350] < 60).sum()
    assert part.width <= page.width
    assert top <= after <= before


def test_some_cuts_leave_no_margin_around_the_ink() -> None:
    widths = [capture.cut(_page(), np.random.default_rng(seed)).width for seed in range(40)]
    assert 0.1 < np.mean([width < 420 for width in widths]) < 0.6  # the ink is 371 pixels wide


def test_most_scans_are_on_white_paper_and_straight() -> None:
    scans = [
        np.asarray(captured(_page(), Capture("flatbed", 0), seed).convert("L"))
        for seed in range(40)
    ]
    white = [np.percentile(scan, 70) >= 250 for scan in scans]
    assert np.mean(white) > 0.5
    straight = [(np.median(scan[:, 70:370], axis=1) < 120).mean() for scan in scans]
    assert 0.2 < np.mean([share > 0.1 for share in straight]) < 0.95


def test_black_and_white_shows_a_tint_as_dots_at_times() -> None:
    tint: NDArray[np.float32] = np.full((120, 120, 3), 190, np.float32)
    shares = [
        (capture.bilevel(tint, np.random.default_rng(seed), 0) == 0).mean() for seed in range(40)
    ]
    dotted = [0.1 < share < 0.5 for share in shares]
    assert 0.1 < np.mean(dotted) < 0.5


def test_some_photographs_are_cut_to_the_page() -> None:
    sizes = [captured(_page(), Capture("phone", 0), seed).size for seed in range(20)]
    assert 0.1 < np.mean([size == (500, 700) for size in sizes]) < 0.7


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=15)
def test_pages_keep_their_size_when_squeezed_or_copied(seed: int) -> None:
    page = _page()
    for change in (capture.squeezed, capture.strokes_changed):
        assert change(page, np.random.default_rng(seed)).size == page.size


@pytest.fixture(scope="module")
def page() -> Image.Image:
    """Return a page that no symmetry leaves as it is."""
    image = Image.new("RGB", (420, 600), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 60, 380, 180), fill="black")
    draw.rectangle((40, 180, 170, 480), fill="black")
    return image


def _alike_at_a_glance(one: Image.Image, two: Image.Image) -> float:
    """Return the correlation of two pictures, brought to one small size."""
    a, b = (np.asarray(i.convert("L").resize((42, 60)), float).ravel() for i in (one, two))
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_capture_ever_mirrors_a_page(page: Image.Image, name: str, seed: int) -> None:
    done = captured(page, Capture(name, 0), seed)
    upright = _alike_at_a_glance(page, done)
    for flip in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        assert upright > _alike_at_a_glance(page, done.transpose(flip)) + 0.1


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_page_is_turned_and_says_so(page: Image.Image, turn: int) -> None:
    capture = Capture("flatbed", turn)
    back = captured(page, capture, 3).rotate(-turn, expand=True)
    assert _alike_at_a_glance(page, back) > 0.8
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
