"""Which way a PDF is read shows neither in what is refused nor in the order of its pages."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from docsorter.pages import poppler
from docsorter.pages.images import PageRequest
from docsorter.pages.pdf_structure import open_pdf, unpacked
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.pages import scan_files
from tests.pages.conftest import Refusal
from tests.pages.papers import SQUARES, apart, pdf, sheet
from tests.pages.scan_files import scan


def joined(path: Path, *parts: bytes) -> Path:
    with pikepdf.new() as whole:
        for part in parts:
            with pikepdf.open(io.BytesIO(part)) as file:
                whole.pages.extend(file.pages)
        whole.save(path)
    return path


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "a.pdf"


def test_scans_and_drawn_pages_keep_their_order(reader: PageReader, written: Path) -> None:
    seeds = [scan(scan_files.jpeg(sheet(500, 700, seed))) for seed in range(3)]
    drawn = [pdf([SQUARES], box="0 0 600 840"), pdf([SQUARES[:40]], box="0 0 600 840")]
    mixed = [seeds[0], *drawn, seeds[1], drawn[0], seeds[2]]
    pages = reader.read(joined(written, *mixed)).pixels
    alone = []
    for one in mixed:
        written.write_bytes(one)
        alone.append(reader.read(written).pixels[0])
    assert np.array_equal(pages, np.stack(alone))


def test_a_run_of_drawn_pages_takes_one_program(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.write_bytes(pdf([SQUARES] * 3))
    started: list[list[str]] = []
    start = subprocess.Popen

    def counted(command: list[str], **options: object) -> object:
        started.append(command)
        return start(command, **options)  # type: ignore[call-overload] # as subprocess has them

    monkeypatch.setattr(poppler, "PATH", str(written))
    monkeypatch.setattr(subprocess, "Popen", counted)
    done = poppler.render(range(3), PageRequest(0, 3, 100, 100, 1_000_000, 60.0))
    assert (len(done.pages), done.said, len(started)) == (3, "", 1)


def test_what_hindered_a_program_is_told_where_it_may_not_be_killed(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.write_bytes(pdf([SQUARES]))
    started: list[subprocess.Popen[bytes]] = []

    def refuse(process: "subprocess.Popen[bytes]") -> None:  # as the sandbox does
        started.append(process)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(poppler, "PATH", str(written))
    monkeypatch.setattr(subprocess.Popen, "kill", refuse)
    with pytest.raises(TimeoutError):
        poppler.render(range(1), PageRequest(0, 1, 100, 100, 1_000_000, 0.0))
    assert len(started) == 1
    started[0].communicate()


def test_a_picture_over_the_pixel_limit_is_drawn_as_ever(written: Path) -> None:
    written.write_bytes(scan(scan_files.jpeg()))
    with (
        PageReader(PagesSettings(max_megapixels=1.0)) as small,
        PageReader(PagesSettings()) as any_,
    ):
        assert apart(small.read(written).pixels[0], any_.read(written).pixels[0]) < 4


def test_a_picture_that_unfolds_is_unpacked_no_further_than_promised(
    refusal: Refusal, written: Path
) -> None:
    data, keys, _ = scan_files.flate(Image.new("L", (20_000, 20_000), 128))
    written.write_bytes(scan((data, keys.replace("20000", "900"), [])))
    assert refusal(written).code == "blank"  # evenly grey, so it was read


def test_a_content_stream_that_unfolds_is_not_followed() -> None:
    with pikepdf.new() as file:
        bomb = pikepdf.Stream(file, b"q " * 1_000_000)
        assert unpacked(bomb, 1 << 18) is None
        file.save(out := io.BytesIO(), compress_streams=True)
        small = pikepdf.Stream(file, b"q Q")
        assert unpacked(small, 1 << 18) == b"q Q"
        assert unpacked(small, 0) is None
        assert unpacked(None, 9) is None
    assert out.getvalue()


@pytest.mark.parametrize(
    ("old", "new"), [(b"/Count 1", b"/Count 3"), (b"startxref\n", b"startxref\n1")]
)
def test_a_file_at_odds_with_itself_is_left_to_poppler(
    written: Path, old: bytes, new: bytes
) -> None:
    whole = scan(scan_files.jpeg(sheet(500, 700)))
    assert old in whole
    written.write_bytes(whole.replace(old, new))
    assert open_pdf(str(written)) is None


def test_what_pdfinfo_and_the_outline_say_is_the_same(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.write_bytes(
        pdf([SQUARES], box="10 20 400 800", page_keys="/CropBox[0 0 300 700]/Rotate 90")
    )
    with pikepdf.open(written, allow_overwriting_input=True) as file:
        file.docinfo["/Producer"] = "Überscan 3"
        file.docinfo["/Creator"] = "Büro (unten)"
        file.save(written)
    monkeypatch.setattr(poppler, "PATH", str(written))
    told = poppler.document_info(PageRequest(0, 1, 100, 100, 1_000_000, 60.0))
    document = open_pdf(str(written))
    assert document is not None
    found = document.page(0)
    assert found is not None
    assert document.producer == f"{told['Producer']} / {told['Creator']}"
    assert document.total == int(str(told["Pages"]))
    width, height = found.seen
    assert str(told["Page    1 size"]).startswith(f"{height:g} x {width:g} pts")


def test_a_white_scan_is_empty_and_a_broken_one_damaged(refusal: Refusal, written: Path) -> None:
    white = Image.new("L", (500, 700), 255)
    written.write_bytes(scan(scan_files.jpeg(white)))
    assert "its only page is blank" in refusal(written).message
    data, keys, more = scan_files.flate(white)
    written.write_bytes(scan((b"\0" * len(data), keys, more)))
    assert "nothing on page 1 can be drawn" in refusal(written).message


def _with_page(path: Path, page: str, at: int = 2, pages: int = 4) -> Path:
    """Write a PDF of pages of which one is odd."""
    whole = pdf([SQUARES] * pages)
    number = 10 + 2 * at
    start = whole.index(b"\n%d 0 obj\n" % number) + 1
    end = whole.index(b"endobj", start)
    made = f"{number} 0 obj\n{page}\n".encode()
    path.write_bytes(whole[:start] + made.ljust(end - start) + whole[end:])
    return path


_PAGE = "<</Type/Page/Parent 2 0 R/Contents 11 0 R/MediaBox[0 0 %s]>>"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (_PAGE % "0 842", "page 3 is 0 x 842 points"),
        (_PAGE % "200000 200000", "megapixels"),
        ("null", "page 4 "),
        ("(no page)", "page 4 "),
        ("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 11 0 R /Broken", ""),
    ],
)
def test_one_page_that_cannot_be_drawn_leaves_the_others(
    reader: PageReader, written: Path, page: str, said: str
) -> None:
    found = reader.read(_with_page(written, page))
    assert (len(found.pixels), found.total_pages) == (3, 4)
    written.write_bytes(pdf([SQUARES]))
    plain = reader.read(written).pixels[0]
    assert all(apart(one, plain) < 2 for one in found.pixels)
    assert len(found.undrawable) == 1
    assert said in " ".join(found.undrawable.values())


def test_pages_of_which_none_can_be_drawn_are_refused_with_the_reason(
    refusal: Refusal, written: Path
) -> None:
    written.write_bytes(pdf([SQUARES] * 3, box="0 0 0 842"))
    assert "page 1 is 0 x 842 points" in refusal(written).message
