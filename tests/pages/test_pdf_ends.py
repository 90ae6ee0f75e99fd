"""What surrounds a PDF is nobody's concern; what is missing of it is found anywhere."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from PIL import Image

from docsorter.errors import DocumentError
from docsorter.pages import pdf_ends
from docsorter.pages.families import sniff
from docsorter.pages.reader import PageReader
from tests.pages import scan_files
from tests.pages.conftest import Refusal
from tests.pages.papers import SQUARES, apart, pdf, sheet, stream_object
from tests.pages.scan_files import scan

COMPRESSED = pikepdf.ObjectStreamMode.generate


@cache
def classic() -> bytes:
    """Two pages, the objects of the first before those of the second."""
    out = io.BytesIO()
    with pikepdf.new() as whole:
        for seed in range(2):
            part = scan(scan_files.jpeg(sheet(150, 210, seed)))
            with pikepdf.open(io.BytesIO(part)) as file:
                whole.pages.extend(file.pages)
        whole.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return out.getvalue()


def saved(**options: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(classic())) as file:
        file.save(out, **options)  # type: ignore[arg-type] # as pikepdf has them
    return out.getvalue()


def updated() -> bytes:
    """The second page turned, in an update appended to the file."""
    whole = classic()
    with pikepdf.open(io.BytesIO(whole)) as file:
        page = file.pages[1].obj
        number, size = page.objgen[0], int(file.trailer.Size)
        page.Rotate = 180
        body = page.unparse(resolved=True)
        root = file.Root.objgen[0]
    previous = int(whole[whole.rindex(b"startxref") :].split()[1])
    place = len(whole)
    whole += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(whole)
    whole += b"xref\n%d 1\n%010d 00000 n \n" % (number, place)
    whole += b"trailer<</Size %d/Root %d 0 R/Prev %d>>\n" % (size, root, previous)
    return whole + b"startxref\n%d\n%%%%EOF\n" % start


def hybrid() -> bytes:
    """A table for old readers, a stream for new ones, of an object that is in another stream."""
    kept = stream_object(b"103 0 <</G<</ca 1>>>>", "/Type/ObjStm/N 1/First 6")
    keys = "/Type/XRef/Size 104/Index[103 1]/W[1 2 1]/Root 1 0 R"
    listed = stream_object(b"\x02\0\x64\0", keys)
    uses = "/ExtGState 103 0 R"
    whole = pdf([b"/G gs " + SQUARES, SQUARES], resources=uses, extra=[kept, listed])
    place = whole.index(b"\n101 0 obj") + 1
    return whole.replace(b"/Root 1 0 R>>\nstart", b"/Root 1 0 R/XRefStm %d>>\nstart" % place)


KINDS: dict[str, Callable[[], bytes]] = {
    "table": classic,
    "object streams": lambda: saved(object_stream_mode=COMPRESSED),
    "linearized": lambda: saved(linearize=True),
    "linearized, object streams": lambda: saved(linearize=True, object_stream_mode=COMPRESSED),
    "updated": updated,
    "hybrid": hybrid,
}
AROUND: dict[str, Callable[[bytes], bytes]] = {
    "thousands of NULs": lambda data: data + b"\0" * 4845,
    "a megabyte of NULs": lambda data: data + b"\0" * 1_000_000,
    "a page of HTML": lambda data: data + b"<html><p>Scanned by the gateway</p>\r\n" * 900,
    "the end of a MIME part": lambda data: data + b"\r\n--=_0815 7 0--\r\n" * 400,
    "no last newline": lambda data: data.rstrip(),
    "no end mark": lambda data: data[: data.rindex(b"%%EOF")],
    "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "empty lines": lambda data: b"\r\n" * 20 + data,
    "an XML declaration": lambda data: b"<?xml version='1.0'?>\n" + data,
    "MIME lines": lambda data: b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\n" + data,
    "HTTP lines": lambda data: b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + data,
    "a comment of PostScript": lambda data: b"%!PS-Adobe-3.0\n%%Pages: 1\n" + data,
    "junk up to the limit": lambda data: b"x" * 1000 + b"\n" + data,
    "junk beyond it": lambda data: b"spool 17\n" * 900 + data,
    "both ends": lambda data: b"--=_0815\r\n\r\n" + data + b"\r\n--=_0815--" + b"\0" * 9000,
    "a header without its number": lambda data: b"%PDF-1. " + data[8:],
    "a header of PostScript": lambda data: b"%!PS-Adobe-3.0 PDF-1.4\n".join((b"", data)),
    "a header of blanks": lambda data: b" " * 8 + data[8:],
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", ["table", "object streams", "linearized"])
def test_what_surrounds_a_pdf_does_not_matter(
    reader: PageReader, tmp_path: Path, kind: str, around: str
) -> None:
    whole = tmp_path / "whole.pdf"
    whole.write_bytes(KINDS[kind]())
    odd = tmp_path / "odd.pdf"
    odd.write_bytes(AROUND[around](whole.read_bytes()))
    plain, found = reader.read(whole), reader.read(odd)
    assert found.total_pages == plain.total_pages == 2
    assert apart(found.pixels, plain.pixels) < 4


def test_a_linearized_file_may_be_a_few_bytes_shorter_than_it_says(
    reader: PageReader, tmp_path: Path
) -> None:
    whole = KINDS["linearized"]()
    for short in (1, 2, 6):
        path = tmp_path / f"{short}.pdf"
        path.write_bytes(whole[:-short])
        assert reader.read(path).total_pages == 2


def test_a_file_that_keeps_the_length_of_an_earlier_state_is_whole(
    reader: PageReader, tmp_path: Path
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([SQUARES] * 2, page_keys="/Linearized 1/L 999999"))
    assert reader.read(path).total_pages == 2


@pytest.mark.parametrize("filling", [b"", b"\0" * 9000, b"<p>by the gateway</p>\n" * 50])
@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_cut_anywhere_is_refused_or_whole(
    reader: PageReader, tmp_path: Path, kind: str, filling: bytes
) -> None:
    whole = KINDS[kind]()
    path = tmp_path / "a.pdf"
    path.write_bytes(whole)
    plain = reader.read(path).pixels
    ends = [at for at in range(len(whole)) if whole.startswith(b"%%EOF", at)]
    near_end = range(len(whole) - 900, len(whole), 3)
    places = {*range(9, len(whole), 173), *near_end}
    # Where the first of two states of a file is complete, nobody can know of the second.
    places -= {place for end in ends[:-1] for place in range(end - 20, end + 12)}
    accepted = []
    for place in sorted(places):
        path.write_bytes(whole[:place] + filling)
        with path.open("rb") as file:
            if pdf_ends.end_missing(file) and not pdf_ends.all_there(file):
                continue
        accepted.append(place)
    for place in accepted[:: 1 + len(accepted) // 12] + accepted[-1:]:
        path.write_bytes(whole[:place] + filling)
        try:
            found = reader.read(path).pixels
        except DocumentError as error:
            assert error.code in {"truncated", "damaged"}  # noqa: PT017
        else:
            assert found.shape == plain.shape, place
            assert apart(found, plain) < 4, place


@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_without_its_second_half_is_cut_off(
    refusal: Refusal, tmp_path: Path, kind: str
) -> None:
    whole = KINDS[kind]()
    path = tmp_path / "a.pdf"
    first = whole.index(b"%%EOF") + 5
    for place in (len(whole) // 2, len(whole) - 1200, first if kind == "linearized" else 40):
        for filling in (b"", b"\0" * 5000):
            path.write_bytes(whole[:place] + filling)
            assert refusal(path).code == "truncated", place


def test_a_text_about_pdf_is_still_a_text() -> None:
    about = b"The header %PDF-1.4 comes first, then the objects."
    for head in (b"<?xml version='1.0'?>", b"%!PS-Adobe-3.0\n", b"From: a\r\n\r\n", b"<html>"):
        with pytest.raises(DocumentError, match="is not a scan"):
            sniff(head + about)
    with pytest.raises(DocumentError, match="ZIP archive"):
        sniff(b"PK\x03\x04" + b"\0" * 26 + b"a.pdf" + classic())


def test_an_update_that_has_just_begun_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    for begun in (b"7 0 obj\n<</Type/Page", b"7 0 ob", b"7 0", b"7"):
        path.write_bytes(classic() + begun)
        with path.open("rb") as file:
            assert pdf_ends.end_missing(file)
            assert not pdf_ends.all_there(file)


def test_the_pages_of_an_update_are_those_that_are_read(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(updated() + b"\0" * 5000)
    new = reader.read(path).pixels
    path.write_bytes(classic())
    old = reader.read(path).pixels
    assert apart(new[0], old[0]) < 4
    turned = np.asarray(Image.fromarray(old[1]).transpose(Image.Transpose.ROTATE_180))
    assert apart(new[1], turned) < 4
