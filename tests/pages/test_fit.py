import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from docsorter.pages.fit import fit_page
from tests.pages.papers import apart, sheet

MODES = [
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "LAB"),
    *("HSV", "I", "F", "I;16", "I;16L", "I;16B"),
]


@settings(max_examples=60, deadline=None)
@given(
    mode=st.sampled_from(MODES),
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    size=st.integers(1, 320),
)
def test_every_mode_and_shape_becomes_the_same_square(
    mode: str, width: int, height: int, size: int
) -> None:
    image = Image.new(mode, (width, height))
    page = fit_page(image, size)
    assert page.shape == (size, size, 3)
    assert page.dtype == np.uint8
    assert np.array_equal(page, fit_page(image, size))


@settings(max_examples=40, deadline=None)
@given(width=st.integers(1, 2000), height=st.integers(1, 2000))
def test_the_aspect_is_kept_and_the_page_is_centred_on_white(width: int, height: int) -> None:
    page = fit_page(Image.new("L", (width, height), 0), 100)
    dark = np.argwhere(page[:, :, 0] == 0)
    top, left = dark.min(axis=0)
    bottom, right = dark.max(axis=0)
    tall, wide = bottom - top + 1, right - left + 1
    longest = max(width, height)
    assert abs(wide - max(1, 100 * width / longest)) <= 0.5
    assert abs(tall - max(1, 100 * height / longest)) <= 0.5
    assert abs(left - (99 - right)) <= 1
    assert abs(top - (99 - bottom)) <= 1
    assert set(np.unique(page)) <= {0, 255}


def test_what_is_transparent_is_white() -> None:
    glass = Image.new("RGBA", (50, 50), (0, 0, 0, 0))
    assert (fit_page(glass, 40) == 255).all()
    half = Image.new("LA", (50, 50), (0, 128))
    assert abs(int(fit_page(half, 40)[20, 20, 0]) - 127) <= 1
    palette = Image.new("P", (50, 50), 3)
    palette.info["transparency"] = 3
    assert (fit_page(palette, 40) == 255).all()


def test_sixteen_bits_use_their_whole_range() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    page = fit_page(Image.fromarray(ramp), 64)
    assert page[0, 0, 0] == 0
    assert page[-1, -1, 0] == 255
    assert abs(int(page[32, 0, 0]) - 128) <= 2


@pytest.mark.parametrize(("brightest", "expected"), [(255.0, 128), (1.0, 128), (4095.0, 128)])
def test_samples_without_an_agreed_range_are_scaled_to_their_brightest(
    brightest: float, expected: int
) -> None:
    samples = np.full((20, 20), brightest / 2, dtype=np.float32)
    samples[:10] = brightest
    page = fit_page(Image.fromarray(samples), 20)
    assert page[2, 5, 0] == 255
    assert abs(int(page[17, 5, 0]) - expected) <= 1


def test_grey_and_colour_of_the_same_page_agree() -> None:
    grey = sheet().convert("L")
    assert np.array_equal(fit_page(grey, 299), fit_page(grey.convert("RGB"), 299))
    assert apart(fit_page(grey, 299), fit_page(sheet(), 299)) < 20
