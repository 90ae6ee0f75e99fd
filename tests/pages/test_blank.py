"""Pages with nothing on them are left out and counted; those with something on them never are."""

from pathlib import Path

import pytest
from PIL import Image

from docsorter.errors import DocumentError
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
