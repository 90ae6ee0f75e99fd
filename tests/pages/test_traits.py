import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from docsorter.pages.fit import checked, reduce_to, traits_of
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings


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
    quiet, noisy = traits_of(page(2, 240)), traits_of(page(18, 240))
    assert float(noisy["noise"]) > 2 * float(quiet["noise"])
    assert quiet["paper"] == pytest.approx(240 / 255, abs=0.02)
    assert quiet["shape"] == 1.4


def test_ink_is_told_apart() -> None:
    assert traits_of(page().point(lambda v: 255 if v > 128 else 0).convert("1"))["ink"] == "bw"
    assert traits_of(page(8, 220))["ink"] == "grey"
    colour = page(2, 240).convert("RGB")
    ImageDraw.Draw(colour).rectangle((50, 50, 300, 190), fill=(200, 20, 20))
    assert traits_of(colour)["ink"] == "colour"


def test_black_borders_and_resolution_are_seen() -> None:
    framed = page()
    ImageDraw.Draw(framed).rectangle((0, 0, 499, 699), outline=0, width=24)
    framed.info["dpi"] = (300, 300)
    assert float(traits_of(framed)["frame"]) > 0.8
    assert traits_of(framed)["dpi"] == 300
    assert float(traits_of(page())["frame"]) < 0.05


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_the_page_that_the_classifier_sees_serves_as_well(mode: str) -> None:
    whole = page(8, 220).resize((1000, 1400)).convert(mode)
    alone, beside = traits_of(whole), traits_of(whole, reduce_to(whole, 299))
    assert beside["ink"] == alone["ink"]
    assert beside["frame"] == pytest.approx(alone["frame"], abs=0.02)
    same = ("dpi", "shape", "noise", "paper")
    assert [beside[name] for name in same] == [alone[name] for name in same]


@pytest.mark.parametrize("dpi", [(float("nan"), 1), ("x", "y"), (-5, -5), (10**9, 1), None, ()])
def test_odd_resolutions_count_as_none(dpi: object) -> None:
    odd = page()
    odd.info["dpi"] = dpi
    assert traits_of(odd)["dpi"] == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "LAB"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1)])
def test_pictures_of_every_mode_and_size_have_traits(mode: str, size: tuple[int, int]) -> None:
    found = traits_of(Image.new(mode, size))
    assert checked(found) == found


def test_what_a_child_tells_is_believed_in_nothing_but_being_numbers() -> None:
    told = {"dpi": "300", "noise": 7, "paper": float("nan"), "shape": 1.4, "ink": "gold", "x": 1}
    assert checked(told) == {"shape": 1.4}
    assert checked(["dpi"]) == {}


def test_it_takes_a_few_milliseconds() -> None:
    large = page().resize((797, 1100)).convert("RGB")
    start = time.process_time()
    for _ in range(10):
        traits_of(large)
    assert (time.process_time() - start) / 10 < 0.05  # measured: 0.006 s


def test_they_arrive_with_the_pages(tmp_path: Path) -> None:
    stream = io.BytesIO()
    page(8, 220).save(stream, "PNG", dpi=(200, 200))
    path = tmp_path / "scan.png"
    path.write_bytes(stream.getvalue())
    with PageReader(PagesSettings(), size=75, concurrency=1) as reader:
        traits = reader.read(path).traits
    assert (traits["dpi"], traits["ink"], traits["shape"]) == (200, "grey", 1.4)
