import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from starter import capture
from starter.capture import CAPTURES, Capture, captured


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
def test_a_cut_takes_edges_and_never_the_top_half(seed: int) -> None:
    page = _page()
    part = capture.cut(page, np.random.default_rng(seed))
    assert 0.88 * page.width < part.width <= page.width
    assert 0.44 * page.height < part.height <= page.height


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=15)
def test_pages_keep_their_size_when_squeezed_or_copied(seed: int) -> None:
    page = _page()
    for change in (capture.squeezed, capture.strokes_changed):
        assert change(page, np.random.default_rng(seed)).size == page.size
