"""Pages as characters and sixels, and what is seen of them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from docsorter.cli.reviewer.drawing import (
    PIXELS,
    DrawingMode,
    Viewport,
    _darkened,
    blocks,
    choose_mode,
    dots,
    visible_part,
)
from docsorter.cli.reviewer.graphics import encode

_SIDES = st.integers(1, 400)


def page(width: int = 200, height: int = 283) -> Image.Image:
    made = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(made).rectangle((0, 0, width // 4, height // 4), fill="black")
    return made


_VIEWS = st.builds(Viewport, st.floats(1, 12), st.floats(0, 1), st.floats(0, 1), st.integers(0, 3))


@settings(max_examples=40, deadline=None)
@given(_SIDES, _SIDES, _SIDES, _SIDES, _VIEWS)
def test_what_is_seen_always_fits_the_canvas(
    wide: int, high: int, across: int, down: int, view: Viewport
) -> None:
    view = view.within((wide, high), (across, down))
    seen = visible_part(page(wide, high), view, (across, down))
    assert 1 <= seen.picture.width <= across
    assert 1 <= seen.picture.height <= down
    assert 0 <= seen.left <= across - seen.picture.width
    assert 0 <= seen.top <= down - seen.picture.height


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 30), _SIDES, _SIDES)
def test_characters_fill_exactly_the_room_they_have(
    columns: int, lines: int, wide: int, high: int
) -> None:
    canvas = columns * PIXELS[0], lines * PIXELS[1]
    seen = visible_part(page(wide, high), Viewport(), canvas)
    for strips in (
        blocks(seen, (columns, lines)),
        dots(seen, (columns, lines), colour=True),
        dots(seen, (columns, lines), colour=False),
    ):
        assert [len(strip.text) for strip in strips] == [columns] * lines


def test_the_black_corner_is_drawn_in_its_corner_and_turns_with_the_page() -> None:
    corners = []
    for turns in range(4):
        seen = visible_part(page(), Viewport(turns=turns), (80, 80))
        drawn = [strip.text for strip in dots(seen, (40, 20), colour=True)]
        halves = [line[:20] + "|" + line[20:] for line in drawn]
        filled = [
            ("top" if number < 10 else "bottom", side)
            for number, line in enumerate(halves)
            for side, part in zip(("left", "right"), line.split("|"), strict=True)
            if "⣿" in part
        ]
        corners.append(set(filled))
    assert corners == [
        {("top", "left")},
        {("top", "right")},
        {("bottom", "right")},
        {("bottom", "left")},
    ]


def test_panning_ends_at_the_edges_of_the_page() -> None:
    view = Viewport(zoom=4)
    for _ in range(50):
        view = view.moved(1, 1).within((200, 283), (100, 100))
    back = view.moved(-1, -1).within((200, 283), (100, 100))
    assert (back.x, back.y) < (view.x, view.y)


def test_zoom_ends_at_the_whole_page() -> None:
    view = Viewport()
    for _ in range(20):
        view = view.zoomed_in()
    assert view.zoom == 12
    for _ in range(20):
        view = view.zoomed_out()
    assert (view.zoom, view.x, view.y) == (1, 0.5, 0.5)


def test_thin_strokes_stay_dark_and_paper_becomes_white() -> None:
    grey = Image.new("RGB", (100, 100), (225, 225, 225))
    ImageDraw.Draw(grey).rectangle((10, 10, 30, 30), fill=(180, 180, 180))
    small = np.asarray(_darkened(grey, 0.05))
    assert small[80, 80].tolist() == [255, 255, 255]
    assert small[20, 20, 0] < 120
    assert _darkened(grey, 1.0) is grey


def decoded(text: str) -> Image.Image:
    """Paint sixels as a terminal does (VT340: six lines a band, `$` back, `-` down)."""
    match = re.fullmatch(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert match is not None
    width, height = int(match[1]), int(match[2])
    out = np.zeros((height + 6, width, 3), np.uint8)
    colours: dict[int, tuple[int, ...]] = {}
    x = top = now = 0
    for token in re.finditer(r"#(\d+)(?:;2;(\d+);(\d+);(\d+))?|!(\d+)(.)|([$-])|(.)", match[3]):
        number, red, green, blue, count, repeated, control, single = token.groups()
        if red is not None:
            colours[int(number)] = tuple(round(int(v) * 2.55) for v in (red, green, blue))
        elif number is not None:
            now = int(number)
        elif control is not None:
            x, top = 0, top + (6 if control == "-" else 0)
        else:
            bits = ord(repeated or single) - 63
            length = int(count or 1)
            assert x + length <= width
            for bit in (bit for bit in range(6) if bits >> bit & 1):
                assert top + bit < height
                out[top + bit, x : x + length] = colours[now]
            x += length
    return Image.fromarray(out[:height])


@pytest.mark.parametrize("size", [(1, 1), (7, 6), (50, 47), (64, 13)])
def test_sixels_decode_to_the_picture(size: tuple[int, int]) -> None:
    picture = page(*size)
    ImageDraw.Draw(picture).rectangle((size[0] // 2, size[1] // 2, *size), fill="red")
    found = np.asarray(decoded(encode(picture)), int)
    assert np.abs(found - np.asarray(picture, int)).max() <= 24  # of 255, by the quantizer


def test_what_the_settings_force_is_drawn_and_without_colour_dots() -> None:
    assert choose_mode("sixel", colour=False) is DrawingMode.SIXEL
    assert choose_mode("blocks", colour=False) is DrawingMode.BLOCKS
    assert choose_mode("auto", colour=False) is DrawingMode.DOTS
