"""A page becomes the classifier's square, whole or by bands; traits of a scan."""

import io
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from docsorter.pages.fit import (
    checked_traits,
    fit_page,
    flatten,
    measure_traits,
    reduce_to,
    reduced,
    seen_sides,
    shrunk,
    with_density,
)
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
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


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_that_was_left_empty_hides_nothing(mode: str) -> None:
    page = sheet().convert("L")
    glass = page.convert(mode)
    glass.putalpha(0)
    assert apart(fit_page(glass, 299), fit_page(page, 299)) < 0.1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("density", [(204, 98), (204, 196), (100, 200), (2, 1)])
def test_oblong_pixels_are_seen_as_they_are(mode: str, density: tuple[int, int]) -> None:
    across, down = density
    page = sheet(800, 1131).convert("L")
    size = round(800 * min(1, across / down)), round(1131 * min(1, down / across))
    squat = page.resize(size, Image.Resampling.BOX)
    if mode == "I;16":
        stored = Image.fromarray(np.asarray(squat).astype(np.uint16) * 257)
    else:
        stored = squat.convert(mode)
    seen = with_density(stored, across, down)
    shorter = min(across / down, down / across)
    assert seen_sides(seen) == pytest.approx((800 * shorter, 1131 * shorter), rel=0.01)
    assert apart(fit_page(seen, 299), fit_page(page, 299)) < 12


@pytest.mark.parametrize("density", [(0, 0), (300, 300), (300, 299), (72, 1), (-1, 98)])
def test_densities_that_say_nothing_change_nothing(density: tuple[float, float]) -> None:
    page = sheet(200, 300)
    assert seen_sides(with_density(page, *density)) == (200, 300)


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


def page(noise: float = 0.0, paper: int = 255) -> Image.Image:
    """A grey page with some lines of ink."""
    rng = np.random.default_rng(4)
    pixels = np.clip(rng.normal(paper, noise, (700, 500)), 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    for row in range(200, 500, 30):
        pen.line((60, row, 440, row), fill=30, width=3)
    return image


def test_a_noisier_scanner_is_told_from_a_quieter_one() -> None:
    quiet, noisy = measure_traits(page(2, 240)), measure_traits(page(18, 240))
    assert float(noisy["noise"]) > 2 * float(quiet["noise"])
    assert quiet["paper"] == pytest.approx(240 / 255, abs=0.02)
    assert quiet["shape"] == 1.4


def test_ink_is_told_apart() -> None:
    assert measure_traits(page().point(lambda v: 255 if v > 128 else 0).convert("1"))["ink"] == "bw"
    assert measure_traits(page(8, 220))["ink"] == "grey"
    colour = page(2, 240).convert("RGB")
    ImageDraw.Draw(colour).rectangle((50, 50, 300, 190), fill=(200, 20, 20))
    assert measure_traits(colour)["ink"] == "colour"


def test_black_borders_and_resolution_are_seen() -> None:
    framed = page()
    ImageDraw.Draw(framed).rectangle((0, 0, 499, 699), outline=0, width=24)
    framed.info["dpi"] = (300, 300)
    assert float(measure_traits(framed)["frame"]) > 0.8
    assert measure_traits(framed)["dpi"] == 300
    assert float(measure_traits(page())["frame"]) < 0.05


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_the_page_that_the_classifier_sees_serves_as_well(mode: str) -> None:
    whole = page(8, 220).resize((1000, 1400)).convert(mode)
    alone, beside = measure_traits(whole), measure_traits(whole, reduce_to(whole, 299))
    assert beside["ink"] == alone["ink"]
    assert beside["frame"] == pytest.approx(alone["frame"], abs=0.02)
    same = ("dpi", "shape", "noise", "paper")
    assert [beside[name] for name in same] == [alone[name] for name in same]


@pytest.mark.parametrize("dpi", [(float("nan"), 1), ("x", "y"), (-5, -5), (10**9, 1), None, ()])
def test_odd_resolutions_count_as_none(dpi: object) -> None:
    odd = page()
    odd.info["dpi"] = dpi
    assert measure_traits(odd)["dpi"] == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1)])
def test_pictures_of_every_mode_and_size_have_traits(mode: str, size: tuple[int, int]) -> None:
    found = measure_traits(Image.new(mode, size))
    assert checked_traits(found) == found


def test_what_a_child_tells_is_believed_in_nothing_but_being_numbers() -> None:
    told = {"dpi": "300", "noise": 7, "paper": float("nan"), "shape": 1.4, "ink": "gold", "x": 1}
    assert checked_traits(told) == {"shape": 1.4}
    assert checked_traits(["dpi"]) == {}


def test_it_takes_a_few_milliseconds() -> None:
    large = page().resize((797, 1100)).convert("RGB")
    start = time.process_time()
    for _ in range(10):
        measure_traits(large)
    assert (time.process_time() - start) / 10 < 0.05  # measured: 0.006 s


def test_they_arrive_with_the_pages(tmp_path: Path) -> None:
    stream = io.BytesIO()
    page(8, 220).save(stream, "PNG", dpi=(200, 200))
    path = tmp_path / "scan.png"
    path.write_bytes(stream.getvalue())
    with PageReader(PagesSettings(), size=75, concurrency=1) as reader:
        traits = reader.read(path).traits
    assert (traits["dpi"], traits["ink"], traits["shape"]) == (200, "grey", 1.4)
