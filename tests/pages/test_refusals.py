"""Files with bytes changed, or not of use, are read or refused for a reason of the closed list."""

import io
import os
import random
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image, TiffImagePlugin

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError, EnvironmentFaultError
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.matrix import tiff_writer
from tests.pages.conftest import Refusal
from tests.pages.papers import SQUARES, encoded, pdf, png_of_zeros, saved, sheet


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_no_bytes_at_all_is_empty(refusal: Refusal, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.pdf", b""))
    assert error.code == ReasonCode.EMPTY
    assert "no bytes" in error.message


def test_a_pdf_without_pages_is_empty(refusal: Refusal, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.pdf", pdf([])))
    assert error.code == ReasonCode.EMPTY
    assert "no pages" in error.message


def test_purely_white_pages_are_blank(refusal: Refusal, tmp_path: Path) -> None:
    blank = Image.new("1", (600, 800), 1)
    for suffix in ("tif", "pdf", "png"):
        error = refusal(saved(tmp_path / f"a.{suffix}", blank))
        assert error.code == ReasonCode.BLANK
        assert "its only page is blank" in error.message
    pages = {"save_all": True, "append_images": [blank, blank]}
    assert "first 3 pages" in refusal(saved(tmp_path / "b.pdf", blank, **pages)).message


def test_purely_white_pages_are_empty_where_blank_ones_count(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("1", (600, 800), 1))
    with (
        PageReader(PagesSettings(blank="count")) as reader,
        pytest.raises(DocumentError, match="purely white") as caught,
    ):
        reader.read(path)
    assert caught.value.code == ReasonCode.EMPTY


def test_an_encrypted_pdf_is_refused_as_such(refusal: Refusal, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pdf", sheet())
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        file.save(path, encryption=pikepdf.Encryption(user="secret", owner="boss"))
    error = refusal(path)
    assert error.code == ReasonCode.ENCRYPTED
    assert "password" in error.remedy


def test_a_pdf_that_only_forbids_printing_is_read(reader: PageReader, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pdf", sheet())
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        file.save(path, encryption=pikepdf.Encryption(user="", owner="boss"))
    assert len(reader.read(path).pixels) == 1


@pytest.mark.parametrize("kept", [0.2, 0.6, 0.98])
@pytest.mark.parametrize(
    ("suffix", "format_name", "options"),
    [
        ("jpg", "JPEG", {}),
        ("jpg", "JPEG", {"progressive": True}),
        ("png", "PNG", {}),
        ("webp", "WEBP", {"lossless": True}),
        ("bmp", "BMP", {}),
        ("tif", "TIFF", {"compression": "tiff_lzw"}),
        ("tif", "TIFF", {"compression": "jpeg"}),
        ("pdf", "PDF", {}),
        ("heic", "HEIF", {}),
        ("gif", "GIF", {}),
        ("avif", "AVIF", {}),
        ("jp2", "JPEG2000", {}),
        ("j2k", "JPEG2000", {"no_jp2": True}),
    ],
)
def test_a_file_cut_off_is_truncated(
    refusal: Refusal,
    tmp_path: Path,
    suffix: str,
    format_name: str,
    options: dict[str, object],
    kept: float,
) -> None:
    whole = encoded(sheet(), format_name, **options)
    error = refusal(written(tmp_path / f"a.{suffix}", whole[: int(len(whole) * kept)]))
    assert error.code == ReasonCode.TRUNCATED
    assert "cut off" in error.message


def test_a_g4_tiff_with_its_directory_first_may_be_cut_too(
    reader: PageReader, refusal: Refusal, tmp_path: Path
) -> None:
    page = sheet().convert("1")
    whole = encoded(page, "TIFF", compression="group4", strip_size=1 << 24)
    with Image.open(io.BytesIO(whole)) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        (offset,), (count,) = image.tag_v2[273], image.tag_v2[279]
    tags = {256: page.width, 257: page.height, 258: 1, 259: 4, 262: 0, 277: 1, 278: page.height}
    tags |= {273: 8 + 2 + 12 * 9 + 4, 279: count}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + b"\0\0\0\0"
    whole = head + whole[offset : offset + count]
    assert len(reader.read(written(tmp_path / "a.tif", whole)).pixels) == 1
    error = refusal(written(tmp_path / "a.tif", whole[: len(whole) * 2 // 3]))
    assert error.code == ReasonCode.TRUNCATED


def test_a_linearized_pdf_cut_off_is_truncated(refusal: Refusal, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pdf", sheet())
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        file.save(path, linearize=True)
    whole = path.read_bytes()
    assert b"%%EOF" in whole[:4000]
    assert refusal(written(path, whole[:3900])).code == ReasonCode.TRUNCATED


def test_a_whole_pdf_without_its_end_marker_is_read(reader: PageReader, tmp_path: Path) -> None:
    whole = pdf([SQUARES]).replace(b"%%EOF\n", b"")
    assert len(reader.read(written(tmp_path / "a.pdf", whole)).pixels) == 1


def test_a_damaged_file_with_its_end_is_damaged(refusal: Refusal, tmp_path: Path) -> None:
    rubbish = b"%PDF-1.4\n" + b"\xaa\x55" * 4000 + b"\nstartxref\n9\n%%EOF\n"
    error = refusal(written(tmp_path / "a.pdf", rubbish))
    assert error.code == ReasonCode.DAMAGED
    assert error.message.startswith("the PDF is damaged: ")
    whole = bytearray(encoded(sheet(), "PNG"))
    whole[60:400] = b"\0" * 340
    assert refusal(written(tmp_path / "a.png", bytes(whole))).code == ReasonCode.DAMAGED


def test_a_page_without_a_picture_of_its_shape_is_damaged(refusal: Refusal, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.pdf", pdf([SQUARES], box="0 0 0 842")))
    assert error.code == ReasonCode.DAMAGED


def test_a_tiff_whose_directories_lead_in_a_circle_is_read_once(
    reader: PageReader, tmp_path: Path
) -> None:
    pages = [sheet(seed=1).convert("L"), sheet(seed=2).convert("L")]
    whole = bytearray(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    first = struct.unpack_from("<I", whole, 4)[0]
    second_link = first + 2 + 12 * struct.unpack_from("<H", whole, first)[0]
    second = struct.unpack_from("<I", whole, second_link)[0]
    last_link = second + 2 + 12 * struct.unpack_from("<H", whole, second)[0]
    struct.pack_into("<I", whole, last_link, first)
    read = reader.read(written(tmp_path / "a.tif", bytes(whole)))
    assert read.total_pages == 2
    assert read.notes == ("the directories of the TIFF lead in a circle",)


@pytest.mark.parametrize("suffix", ["docx", "djvu", "txt"])
def test_what_is_no_scan_is_unsupported(refusal: Refusal, tmp_path: Path, suffix: str) -> None:
    data = {"docx": b"PK\x03\x04" + b"\0" * 26 + b"word/x", "djvu": b"AT&TFORM", "txt": b"hello"}
    assert refusal(written(tmp_path / f"a.{suffix}", data[suffix])).code == ReasonCode.UNSUPPORTED


def test_what_is_no_file_is_unsupported_and_not_waited_for(
    refusal: Refusal, tmp_path: Path
) -> None:
    target = saved(tmp_path / "a.jpg", sheet())
    link, fifo = tmp_path / "link.jpg", tmp_path / "fifo.jpg"
    link.symlink_to(target)
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.jpg"))
        for path in (link, fifo, tmp_path, tmp_path / "socket.jpg"):
            assert refusal(path).code == ReasonCode.UNSUPPORTED


def test_a_file_that_is_gone_is_no_fault_of_the_document(
    reader: PageReader, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentFaultError, match="No such file"):
        reader.read(tmp_path / "gone.pdf")


def test_too_many_bytes_name_the_setting(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.bmp", sheet())
    with (
        PageReader(PagesSettings(max_file_mb=0.5)) as reader,
        pytest.raises(DocumentError, match=r"pages\.max_file_mb") as caught,
    ):
        reader.read(path)
    assert caught.value.code == ReasonCode.TOO_LARGE


def test_a_png_that_claims_a_giant_picture_is_too_large(refusal: Refusal, tmp_path: Path) -> None:
    bomb = png_of_zeros(60000, 60000, bits=8, colour=2, rows=1)
    error = refusal(written(tmp_path / "a.png", bomb))
    assert error.code == ReasonCode.TOO_LARGE
    assert "3600.0 megapixels, more than the limit of 200" in error.message
    assert "pages.max_megapixels" in error.remedy


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF", "WEBP", "BMP", "HEIF"])
def test_the_pixel_limit_holds_in_every_family(tmp_path: Path, format_name: str) -> None:
    path = written(tmp_path / "a", encoded(sheet(1100, 1000), format_name))
    for limit in (0.9, 0.4):  # Pillow warns above the limit and raises above its double
        with (
            PageReader(PagesSettings(max_megapixels=limit)) as reader,
            pytest.raises(DocumentError, match=r"a page has 1\.1 megapixels") as caught,
        ):
            reader.read(path)
        assert caught.value.code == ReasonCode.TOO_LARGE


def test_the_second_page_of_a_tiff_has_the_same_limit(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "a.tif", sheet(100, 100), save_all=True, append_images=[sheet(1100, 1000)]
    )
    with (
        PageReader(PagesSettings(max_megapixels=1.0)) as reader,
        pytest.raises(DocumentError, match=r"pages\.max_megapixels"),
    ):
        reader.read(path)


def test_a_pdf_that_claims_a_giant_page_is_too_large(refusal: Refusal, tmp_path: Path) -> None:
    error = refusal(written(tmp_path / "a.pdf", pdf([SQUARES], box="0 0 200000 200000")))
    assert error.code == ReasonCode.TOO_LARGE
    assert "pages.max_megapixels" in error.remedy


def test_without_poppler_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "a.pdf", sheet())
    monkeypatch.setenv("PATH", str(tmp_path))
    with PageReader(PagesSettings()) as reader:
        with pytest.raises(DependencyError) as caught:
            reader.read(path)
        assert "not installed" in reader.sandbox_report()["poppler"]
        assert len(reader.read(saved(tmp_path / "a.jpg", sheet())).pixels) == 1
    assert caught.value.remedy == "apt install poppler-utils"


MAKERS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(sheet(200, 283), "JPEG"),
    "PNG": lambda: encoded(sheet(200, 283), "PNG"),
    "TIFF": lambda: encoded(sheet(200, 283).convert("1"), "TIFF", compression="group4"),
    "WEBP": lambda: encoded(sheet(200, 283), "WEBP"),
    "HEIF": lambda: encoded(sheet(200, 283), "HEIF"),
    "GIF": lambda: encoded(sheet(200, 283), "GIF"),
    "AVIF": lambda: encoded(sheet(200, 283), "AVIF"),
    "JPEG2000": lambda: encoded(sheet(200, 283), "JPEG2000"),
    "TIFF of 12 bits": lambda: tiff_writer.written(
        tiff_writer.Tiff(
            np.asarray(sheet(200, 283)).astype(np.uint64) * 16, 12, photometric=2, compression=5
        )
    ),
    "PDF": lambda: pdf([SQUARES, b"BT /F 60 Tf 60 700 Td (Claim) Tj ET"]),
}
POSSIBLE = {
    ReasonCode.BLANK,
    ReasonCode.EMPTY,
    ReasonCode.BLANK,
    ReasonCode.UNDRAWABLE,
    ReasonCode.UNSUPPORTED,
    ReasonCode.ENCRYPTED,
    ReasonCode.TRUNCATED,
    ReasonCode.DAMAGED,
    ReasonCode.TOO_LARGE,
    ReasonCode.TIME_LIMIT,
    ReasonCode.MEMORY_LIMIT,
}


def mutated(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 12)):
        # Headers and directories are at the ends: that is where it hurts.
        near = rng.choice([0, len(data) - 200, rng.randrange(len(data))])
        at = min(max(0, near + rng.randrange(200)), len(data) - 1)
        data[at] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_changed_bytes_are_read_or_refused_with_a_reason(
    reader: PageReader, tmp_path: Path, kind: str
) -> None:
    rng = random.Random(kind)
    whole = MAKERS[kind]()

    def outcome(index: int, data: bytes) -> str:
        path = tmp_path / str(index)
        path.write_bytes(data)
        try:
            return str(len(reader.read(path).pixels))
        except DocumentError as error:
            return f"{error.code}: {error.message}"

    with ThreadPoolExecutor(4) as pool:
        files = [mutated(whole, rng) for _ in range(25)]
        outcomes = list(pool.map(outcome, range(25), files))
    for said in outcomes:
        code, _, message = said.partition(": ")
        assert code.isdigit() or code in POSSIBLE, said
        assert code.isdigit() or message.strip(), said
        assert "\n" not in said
    assert reader.server_pid is not None


def test_a_polyglot_is_what_its_first_bytes_say(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(encoded(sheet(), "JPEG") + pdf([SQUARES]))
    assert reader.read(path).media_type == "image/jpeg"
