"""A page reduced piece by piece has the pixels of one that was unpacked whole."""

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from docsorter.pages.fit import flatten, reduced, shrunk


def packed(width: int, height: int, seed: int) -> Image.Image:
    """A black and white page of noise."""
    noise = random.Random(seed).randbytes((width + 7) // 8 * height)
    return Image.frombytes("1", (width, height), noise)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 400),
    height=st.integers(1, 700),
    across=st.integers(1, 9),
    down=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_bands_join_without_a_seam(
    width: int, height: int, across: int, down: int, seed: int
) -> None:
    page = packed(width, height, seed)
    whole = page.convert("L").reduce((across, down))
    assert reduced(page, (across, down)).tobytes() == whole.tobytes()


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 1200),
    height=st.integers(1, 1200),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    by=st.sampled_from([Image.Resampling.LANCZOS, Image.Resampling.BOX]),
    seed=st.integers(0, 99),
)
def test_a_black_and_white_page_is_shrunk_as_if_it_had_been_grey(
    width: int, height: int, size: tuple[int, int], by: Image.Resampling, seed: int
) -> None:
    page = packed(width, height, seed)
    assert shrunk(page, size, by).tobytes() == shrunk(flatten(page), size, by).tobytes()


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_other_pictures_are_averaged_too(mode: str) -> None:
    channels = 3 if mode == "RGB" else 1
    page = Image.frombytes(mode, (90, 120), os.urandom(90 * 120 * channels))
    plain = page.convert("RGB") if mode == "P" else page
    assert reduced(page, (3, 4)).tobytes() == plain.reduce((3, 4)).tobytes()
    assert reduced(page, (1, 1)).tobytes() == plain.tobytes()
