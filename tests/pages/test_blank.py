"""Pages with nothing on them are left out and counted; those with something on them never are."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

from docsorter.errors import DocumentError
from docsorter.pages.blank import Blankness, blankness_of, darkness_of
from docsorter.pages.fit import reduce_to
from docsorter.pages.images import PageStream
from docsorter.pages.protocol import ReadRequest
from docsorter.pages.reader import PageReader
from docsorter.pages.server import FoundPages
from docsorter.settings import PagesSettings
from tests.pages.papers import apart, saved, sheet

WHITE = Image.new("RGB", (620, 877), "white")


def stack(path: Path, *pages: Image.Image) -> Path:
    first, *rest = (page.copy() for page in pages)  # Pillow leaves its marks on what it saves
    return saved(path, first, save_all=True, append_images=rest)


@pytest.mark.parametrize("suffix", ["pdf", "tif"])
def test_blank_pages_are_left_out_and_named(
    reader: PageReader, tmp_path: Path, suffix: str
) -> None:
    path = stack(tmp_path / f"a.{suffix}", WHITE, sheet(seed=1), WHITE, sheet(seed=2), WHITE)
    read = reader.read(path)
    assert (read.total_pages, read.numbers, read.blank) == (5, (1, 3), (0, 2, 4))
    alone = reader.read(saved(tmp_path / "one.png", sheet(seed=2)))
    assert apart(read.pixels[1], alone.pixels[0]) < 6


def test_a_document_is_found_behind_more_blank_pages_than_the_cap(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.tif", *[WHITE] * 30, sheet(), *[sheet(seed=1)] * 5)
    with PageReader(PagesSettings(page_cap=2), size=64) as reader:
        read = reader.read(path)
    assert (read.numbers, read.blank) == ((30, 31), tuple(range(30)))


def test_the_page_cap_counts_pages_with_something_on_them(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.pdf", sheet(), WHITE, sheet(seed=1), WHITE, sheet(seed=2), sheet())
    with PageReader(PagesSettings(page_cap=3), size=64) as reader:
        assert reader.read(path).numbers == (0, 2, 4)


def test_blank_pages_count_where_the_settings_say_so(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.tif", WHITE, sheet(), WHITE)
    with PageReader(PagesSettings(blank="count"), size=64) as reader:
        read = reader.read(path)
    assert (read.numbers, read.blank) == ((0, 1, 2), ())


def test_endless_blank_pages_are_looked_at_for_a_while_only(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.tif", *[WHITE.resize((31, 44))] * 300)
    with (
        PageReader(PagesSettings(page_cap=1), size=16) as reader,
        pytest.raises(DocumentError, match="the first 128 pages are blank") as caught,
    ):
        reader.read(path)
    assert caught.value.code == "blank"


NOT_DRAWN = DocumentError("damaged", "page 2 cannot be drawn", remedy="scan it again")


def test_a_page_that_cannot_be_drawn_is_named_and_the_others_are_read() -> None:
    found = FoundPages(ReadRequest("pages", size=299))
    for page in PageStream(3, iter([sheet(), NOT_DRAWN, sheet()])).pages:
        found.add(page)
    found.refuse()
    assert list(found.squares) == [0, 2]
    assert {page: why.message for page, why in found.undrawable.items()} == {
        1: "page 2 cannot be drawn"
    }


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([NOT_DRAWN, NOT_DRAWN], "damaged"),
        ([WHITE, NOT_DRAWN], "undrawable"),
        ([WHITE, WHITE], "blank"),
    ],
)
def test_a_document_of_which_nothing_can_be_seen_says_why(
    pages: list[Image.Image | DocumentError], code: str
) -> None:
    found = FoundPages(ReadRequest("pages", size=299))
    for page in pages:
        found.add(page)
    with pytest.raises(DocumentError) as caught:
        found.refuse()
    assert caught.value.code == code


def test_a_file_that_is_cut_off_is_refused_whatever_came_before() -> None:
    cut = DocumentError("truncated", "the TIFF is cut off", remedy="send it again")
    found = FoundPages(ReadRequest("pages", size=299))
    found.add(sheet())
    with pytest.raises(DocumentError, match="cut off"):
        found.add(cut)


SIZE = (827, 1170)  # 100 dots per inch
SENTENCES = (
    "This page intentionally left blank",
    "Diese Seite wurde absichtlich leer gelassen",
    "Cette page est laissée intentionnellement vide",
)


def paper(level: int = 245, grain: float = 0.0, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).normal(level, grain, (SIZE[1], SIZE[0]))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)).convert("RGB")


def drawn(draw: Callable[[ImageDraw.ImageDraw], object], grain: float = 2.0) -> Image.Image:
    page = paper(grain=grain)
    draw(ImageDraw.Draw(page))
    return page


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def lines(count: int, fill: int = 30, size: int = 16) -> Image.Image:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        for row in range(count):
            text = f"line {row} of what somebody wrote to somebody, and it matters"
            pen.text((100, 200 + row * size * 1.5), text, fill=(fill,) * 3, font=font(size))

    return drawn(draw)


def shadowed() -> Image.Image:
    level = (
        240 - 200 * np.exp(-np.arange(SIZE[0]) / 12.0) - 60 * np.exp(-np.arange(SIZE[0])[::-1] / 20)
    )
    return Image.fromarray(np.tile(level, (SIZE[1], 1)).astype(np.uint8)).convert("RGB")


def holed(pen: ImageDraw.ImageDraw) -> None:
    for middle in (420, 735):
        pen.ellipse((35, middle, 59, middle + 24), fill=(40, 40, 40))


def folded(pen: ImageDraw.ImageDraw) -> None:
    for height in (390, 780):
        pen.line((0, height, 827, height + 5), fill=(190, 190, 190), width=2)
    pen.line((410, 0, 413, 1170), fill=(200, 200, 200), width=2)


def bordered(pen: ImageDraw.ImageDraw) -> None:
    pen.polygon(((0, 0), (12, 0), (30, 1170), (0, 1170)), fill=(0, 0, 0))
    pen.rectangle((0, 1145, 827, 1170), fill=(0, 0, 0))


def speckled() -> Image.Image:
    page = paper(255).convert("L")
    pen = ImageDraw.Draw(page)
    for x, y, r in np.random.default_rng(1).integers((0, 0, 0), (827, 1170, 2), (60, 3)):
        pen.ellipse((x - r, y - r, x + r, y + r), fill=0)
    return page.convert("1")


def compressed() -> Image.Image:
    data = io.BytesIO()
    paper(240, 8.0).save(data, "JPEG", quality=15)
    return Image.open(data).convert("RGB")


def sentence(text: str) -> Image.Image:
    return drawn(lambda pen: pen.text((240, 560), text, fill=0, font=font(16)))


BACKS = {
    "white": WHITE,
    "off white": Image.new("RGB", SIZE, (246, 246, 244)),
    "grey": Image.new("RGB", SIZE, (190, 190, 190)),
    "yellowed": Image.new("RGB", SIZE, (240, 225, 180)),
    "coloured": Image.new("RGB", SIZE, (190, 215, 245)),
    "grainy": paper(235, 20.0),
    "shadows": shadowed(),
    "borders": drawn(bordered),
    "punch holes": drawn(holed),
    "folds": drawn(folded),
    "speckle": speckled(),
    "JPEG": compressed(),
    "page number": drawn(lambda pen: pen.text((400, 1110), "- 12 -", fill=0, font=font(16))),
    **{text: sentence(text) for text in SENTENCES},
}


def seen(page: Image.Image) -> Blankness:
    small = reduce_to(page, 299)
    return blankness_of(small, darkness_of(small))


@pytest.mark.parametrize("kind", BACKS)
def test_the_back_of_a_sheet_is_blank(kind: str) -> None:
    assert seen(BACKS[kind]) is Blankness.BLANK


def signed(pen: ImageDraw.ImageDraw) -> None:
    wave = [(120 + x, 500 + 30 * np.sin(x / 12.0) * np.cos(x / 31.0)) for x in range(220)]
    pen.line(wave, fill=(30, 40, 120), width=2)
    pen.text((120, 560), "The managing director", fill=(40, 40, 40), font=font(16))


def stamped(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((420, 300, 620, 380), outline=(190, 60, 60), width=3)
    pen.text((440, 310), "RECEIVED", fill=(190, 60, 60), font=font(24))
    pen.text((440, 345), "12 NOV", fill=(190, 60, 60), font=font(24))


def ruled(pen: ImageDraw.ImageDraw) -> None:
    for row in range(12):
        pen.line((80, 200 + 50 * row, 747, 200 + 50 * row), fill=(150, 150, 150), width=1)


def pencilled(pen: ImageDraw.ImageDraw) -> None:
    for row in range(6):
        wave = [(100 + x, 300 + 50 * row + 8 * np.sin(x / 4.0)) for x in range(500)]
        pen.line(wave, fill=(175, 175, 175), width=2)


def photograph() -> Image.Image:
    small = np.random.default_rng(2).integers(60, 255, (12, 9), np.uint8)
    return Image.fromarray(small).resize(SIZE, Image.Resampling.BICUBIC)


PAGES = {
    "a short letter": lines(4),
    "two lines": lines(2, size=20),
    "a signature": drawn(signed),
    "a stamp": drawn(stamped),
    "a form": drawn(ruled),
    "a carbon copy": lines(20, fill=190),
    "pencil": drawn(pencilled),
    "a photograph": photograph(),
    "light coloured print": lines(12).point([*range(256), *range(256), *[255] * 256]),
}


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_with_something_on_it_is_never_blank(kind: str) -> None:
    assert seen(PAGES[kind]) is not Blankness.BLANK


@pytest.mark.parametrize("kind", PAGES)
def test_it_is_kept_behind_another_page(kind: str) -> None:
    found = FoundPages(ReadRequest("pages", size=299))
    for page in (lines(30), PAGES[kind]):
        found.add(page)
    found.settle()
    assert found.blank == []


@pytest.mark.parametrize("strength", [0.04, 0.1, 0.2])
@pytest.mark.parametrize("back_first", [False, True])
def test_what_shows_through_from_the_other_side_is_blank(
    strength: float, *, back_first: bool
) -> None:
    front = sheet(*SIZE)
    other = ImageChops.offset(ImageOps.mirror(front).filter(ImageFilter.GaussianBlur(1)), 6, -4)
    back = ImageChops.darker(paper(243, 2.0), Image.blend(WHITE.resize(SIZE), other, strength))
    found = FoundPages(ReadRequest("pages", size=299))
    for page in (back, front) if back_first else (front, back):
        found.add(page)
    found.settle()
    assert (list(found.squares), found.blank) == ([int(back_first)], [int(not back_first)])


def test_a_faint_front_is_not_taken_for_what_shows_through_from_its_back() -> None:
    front = lines(20, fill=190)
    other = ImageOps.mirror(front).filter(ImageFilter.GaussianBlur(1))
    back = ImageChops.darker(paper(243, 1.0), Image.blend(WHITE.resize(SIZE), other, 0.3))
    found = FoundPages(ReadRequest("pages", size=299))
    for page in (front, back):
        found.add(page)
    found.settle()
    assert (list(found.squares), found.blank) == ([0], [1])
