import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.errors import DocumentError
from docsorter.pages.families import sniff
from tests.pages.papers import encoded, sheet

READ = {
    "application/pdf": b"%PDF-1.7\n",
    "image/tiff": b"II*\0\x08\0\0\0",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "image/gif": b"GIF89a",
    "image/avif": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
    "image/jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "image/heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
}


def archive(member: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(member, "x")
    return out.getvalue()


@pytest.mark.parametrize("media_type", READ)
def test_the_first_bytes_say_what_a_file_is(media_type: str) -> None:
    assert sniff(READ[media_type], ".exe") == media_type


def test_a_bitmap_and_a_big_tiff_are_known() -> None:
    assert sniff(encoded(sheet(30, 40), "BMP")) == "image/bmp"
    assert sniff(b"MM\0+\0\x08\0\0") == "image/tiff"


def test_a_bare_stream_of_jpeg_2000_is_known() -> None:
    assert sniff(b"\xff\x4f\xff\x51\0\x29") == "image/jp2"


def test_a_pdf_may_start_a_little_late() -> None:
    assert sniff(b"\xef\xbb\xbf\r\n@PJL ENTER LANGUAGE=PDF\r\n%PDF-1.4\n") == "application/pdf"


@pytest.mark.parametrize(
    ("head", "named"),
    [
        (b"AT&TFORM", "a DjVu document"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file"),
        (archive("word/document.xml"), "a Microsoft Word document"),
        (archive("xl/workbook.xml"), "a Microsoft Excel workbook"),
        (archive("photos/one.jpg"), "a ZIP archive"),
        (b"{\\rtf1", "an RTF document"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"<?xml version='1.0'?>", "an XML file"),
        (b"\x7fELF\2\1", "a program"),
        (b"\0\0\0\x18ftypisom", "a video or sound file"),
        ("Guten Tag, anbei die Rechnung für März".encode(), "a text file"),
        (b"\x01\x02\x03\x04\x00\xff", "an unknown kind of file (its name ends in .dwg)"),
    ],
)
def test_what_is_no_scan_is_refused_by_its_name(head: bytes, named: str) -> None:
    with pytest.raises(DocumentError, match="is not a scan") as caught:
        sniff(head, ".dwg")
    assert caught.value.code == "unsupported"
    assert named in caught.value.message
    assert "PDF, TIFF, JPEG" in caught.value.remedy


@given(st.binary(max_size=64))
def test_any_bytes_are_either_known_or_refused(head: bytes) -> None:
    try:
        known = sniff(head)
    except DocumentError as error:
        assert error.code in {"empty", "unsupported"}  # noqa: PT017
    else:
        assert known.partition("/")[0] in {"application", "image"}


def test_the_name_of_a_file_is_not_asked(tmp_path: Path) -> None:
    assert sniff(encoded(sheet(30, 40), "PNG"), ".pdf") == "image/png"
