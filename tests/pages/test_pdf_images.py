"""A picture taken out of a page is what poppler draws of that page, seen by the classifier.

poppler draws larger than the picture here, where it averages nothing: what it makes of a picture at
a smaller scale is further from the truth than what is compared.
"""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image

from docsorter.pages import poppler
from docsorter.pages.fit import fit_page
from docsorter.pages.images import PageRequest
from docsorter.pages.pdf import extract_scan
from docsorter.pages.pdf_structure import open_pdf
from tests.pages import scan_files
from tests.pages.papers import apart
from tests.pages.scan_files import FULL, KINDS, Picture, scan

WANTED = PageRequest(0, 1, 797, 399, 200_000_000, 60.0)  # as the child asks for 299 pixels
WHOLE = PageRequest(0, 1, 2 * scan_files.WIDTH, 2 * scan_files.WIDTH, 200_000_000, 60.0)
SAME = 1.5  # mean levels, of 255; moved by one pixel of the square, a page is 4 to 6 away
SIDE = 299
Pixels = NDArray[np.uint8]
Both = Callable[[bytes], tuple[Pixels, Pixels]]


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Both:
    """Read a page both ways, as the classifier sees it."""

    def read(data: bytes) -> tuple[Pixels, Pixels]:
        path = tmp_path / "a.pdf"
        path.write_bytes(data)
        monkeypatch.setattr(poppler, "PATH", str(path))
        taken = taken_from(path)
        assert taken is not None
        assert max(taken.size) < scan_files.HEIGHT
        (drawn,) = poppler.render(range(1), WHOLE).pages
        return fit_page(taken, SIDE), fit_page(drawn, SIDE)

    return read


def taken_from(path: Path) -> Image.Image | None:
    document = open_pdf(str(path))
    assert document is not None
    with document.file:
        sheet = document.page(0)
        assert sheet is not None
        return extract_scan(document.file, sheet, WANTED)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return scan_files.jpeg()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_looks_as_poppler_draws_it(both: Both, kind: str) -> None:
    taken, drawn = both(scan(KINDS[kind]()))
    assert apart(taken, drawn) < SAME
    assert drawn.min() < 64


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        (FULL, 0),
        (FULL, 90),
        (FULL, 180),
        (FULL, -90),
        ("-600 0 0 840 600 0", 0),
        ("600 0 0 -840 0 840", 90),
        ("-600 0 0 -840 600 840", 180),
        ("0 600 -840 0 840 0", 0),
        ("0 600 -840 0 840 0", 90),
        ("0 -600 840 0 0 600", 270),
        ("0 600 840 0 0 0", 180),
        ("0 -600 -840 0 840 600", 0),
    ],
)
def test_every_way_of_lying_is_turned_upright_alike(
    both: Both, picture: Picture, matrix: str, turn: int
) -> None:
    box = "0 0 840 600" if matrix.startswith("0") else "0 0 600 840"
    taken, drawn = both(scan(picture, matrix=matrix, box=box, page_keys=f"/Rotate {turn}"))
    assert apart(taken, drawn) < SAME


@pytest.mark.parametrize(
    ("matrix", "box", "crop"),
    [
        pytest.param(FULL, "0 0 600 840", "/CropBox[60 100 500 800]", id="crop box"),
        pytest.param(FULL, "0 0 600 840", "/CropBox[-60 -100 700 900]", id="crop box too large"),
        pytest.param("600 0 0 840 100 -50", "100 -50 700 790", "", id="origin elsewhere"),
        pytest.param("500 0 0 700 40 90", "0 0 600 840", "", id="margins"),
        pytest.param("700 0 0 990 -40 -90", "0 0 600 840", "", id="beyond the page"),
        pytest.param("600 0 0 420 0 0", "0 0 600 420", "", id="oblong pixels"),
        pytest.param("420 0 0 840 90 0", "0 0 600 840", "", id="narrow, with margins"),
        pytest.param(FULL, "0 0 600 840", "/CropBox[60 99 500 800]/Rotate 90", id="cut, lying"),
        pytest.param(FULL, "600 840 0 0", "/CropBox[600 840 0 0]", id="corners swapped"),
    ],
)  # fmt: skip
def test_what_is_seen_of_a_picture_is_the_same(
    both: Both, picture: Picture, matrix: str, box: str, crop: str
) -> None:
    taken, drawn = both(scan(picture, matrix=matrix, box=box, page_keys=crop))
    assert apart(taken, drawn) < 2 * SAME  # edges fall between pixels


@pytest.mark.parametrize(
    ("before", "after", "resources"),
    [
        (b"0.24 0 0 0.24 0 0 cm 4.166667 0 0 4.166667 0 0 cm", b"", ""),
        (b"-1 -1 602 842 re W n /G gs", b"", "/ExtGState<</G<</BM/Normal/ca 1>>>>"),
        (b"1 g 0.5 w /Artifact BMC", b"EMC BT 3 Tr /F 9 Tf 50 700 Td (read) Tj ET", ""),
        (b"BT /F 9 Tf 3 Tr 50 700 Td [(re) -20 (ad)] TJ ET", b"", ""),
        (b"/Span<</ActualText(x)>>BDC", b"EMC", ""),
    ],
)
def test_what_leaves_no_mark_does_not_matter(
    both: Both, picture: Picture, before: bytes, after: bytes, resources: str
) -> None:
    taken, drawn = both(scan(picture, before=before, after=after, resources=resources))
    assert apart(taken, drawn) < SAME


def test_a_page_inherits_what_it_does_not_say(both: Both, picture: Picture, tmp_path: Path) -> None:
    path = tmp_path / "inherited.pdf"
    path.write_bytes(scan(picture))
    with pikepdf.open(path, allow_overwriting_input=True) as file:
        page, tree = file.pages[0].obj, file.Root.Pages
        tree.Resources, tree.MediaBox, tree.Rotate = page.Resources, page.MediaBox, 90
        del page.Resources, page.MediaBox
        file.save(path)
    taken, drawn = both(path.read_bytes())
    assert apart(taken, drawn) < SAME


def test_a_scan_that_opens_without_a_password_is_taken_too(both: Both, picture: Picture) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(scan(picture))) as file:
        file.save(out, encryption=pikepdf.Encryption(user="", owner="boss"))
    taken, drawn = both(out.getvalue())
    assert apart(taken, drawn) < SAME


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(lambda: _changed(b"/Width 1000", b"/Width 1100"), id="another width"),
        pytest.param(lambda: _changed(b"/Height 1400", b"/Height 2800"), id="another height"),
        pytest.param(lambda: _called("RGB", "Gray"), id="colour called grey"),
        pytest.param(lambda: _called("Gray", "RGB"), id="grey called colour"),
        pytest.param(lambda: _profiled(1), id="a profile of colour called grey"),
        pytest.param(lambda: _profiled(4), id="a profile of colour called four inks"),
        pytest.param(
            lambda: scan(scan_files.differences(scan_files.colour(), 16)), id="16-bit differences"
        ),
    ],
)
def test_what_poppler_shears_is_read_as_it_is(tmp_path: Path, made: Callable[[], bytes]) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made())
    taken = taken_from(path)
    assert taken is not None
    plain = scan_files.grey() if taken.mode == "L" else scan_files.colour()
    plain = plain.resize((1000, 1400))
    assert apart(fit_page(taken, SIDE), fit_page(plain, SIDE)) < SAME


def _called(own: str, other: str) -> bytes:
    image = scan_files.colour() if own == "RGB" else scan_files.grey()
    data, keys, more = scan_files.jpeg(image)
    return scan((data, keys.replace(f"/Device{own}", f"/Device{other}"), more))


def _profiled(count: int) -> bytes:
    data, keys, (profile,) = scan_files.jpeg_with_profile("sRGB")
    return scan((data, keys, [profile.replace(b"/N 3", b"/N %d" % count)]))


LEFT: dict[str, Callable[[], bytes]] = {
    "two pictures": lambda: scan(scan_files.jpeg(), after=b"300 0 0 300 0 0 cm /X Do"),
    "no picture": lambda: scan(scan_files.jpeg()).replace(b"/X Do", b"     "),
    "text to be seen": lambda: _scan(after=b"BT /F 30 Tf 90 400 Td (PAID) Tj ET"),
    "text in outlines": lambda: _scan(after=b"BT 1 Tr /F 30 Tf 90 400 Td (PAID) Tj ET"),
    "hidden for a while": lambda: _scan(after=b"q BT 3 Tr ET Q BT /F 30 Tf (PAID) Tj ET"),
    "hidden text of drawings": lambda: _scan(
        after=b"BT 3 Tr /T 30 Tf 90 400 Td (PAID) Tj ET", resources="/Font<</T<</Subtype/Type3>>>>"
    ),
    "lines": lambda: _scan(after=b"0 0 m 600 840 l S"),
    "a filled field": lambda: _scan(after=b"50 50 200 200 re f"),
    "a shading": lambda: _scan(after=b"/S sh"),
    "a picture in the stream": lambda: _scan(after=b"BI /W 1 /H 1 /BPC 8 /CS /G ID x EI"),
    "an annotation": lambda: _scan(page_keys="/Annots[<</Subtype/Square/Rect[9 9 99 99]>>]"),
    "a skewed matrix": lambda: _scan(matrix="600 20 -20 840 0 0"),
    "a flat matrix": lambda: _scan(matrix="600 0 0 0 0 0"),
    "a stamp on a wide page": lambda: _scan(matrix="100 0 0 140 0 0"),
    "a corner of a picture": lambda: _scan(matrix="6000 0 0 8400 0 0"),
    "a clip within the page": lambda: _scan(before=b"0 0 600 400 re W n"),
    "a clip of two fields": lambda: _scan(before=b"0 0 600 840 re 0 0 9 9 re W* n"),
    "a see-through state": lambda: _scan(before=b"/G gs", resources="/ExtGState<</G<</ca .5>>>>"),
    "a layer": lambda: _scan(before=b"/OC /L BDC", after=b"EMC"),
    "default colours": lambda: _scan(resources="/ColorSpace<</DefaultRGB/DeviceRGB>>"),
    "an odd turn": lambda: _scan(page_keys="/Rotate 45"),
    "a mask": lambda: _scan(scan_files.jpeg(more="/Mask[0 9 0 9 0 9]")),
    "a soft mask": lambda: _scan(scan_files.jpeg(more="/SMask 100 0 R")),
    "a stencil": lambda: _scan(scan_files.flate(scan_files.bilevel(), more="/ImageMask true")),
    "a range of its own": lambda: _scan(scan_files.jpeg(more="/Decode[0 .5 0 1 0 1]")),
    "CMYK": lambda: _scan(scan_files.jpeg(scan_files.colour().convert("CMYK"))),
    "a profile of its own": lambda: _scan(scan_files.jpeg_with_profile("own")),
    "an unknown filter": lambda: _changed(b"/DCTDecode", b"/JBIG2Decode"),
    "a chain of filters": lambda: _changed(b"/Filter/DCTDecode", b"/Filter[/A85/DCTDecode]"),
    "a JPEG's transform": lambda: _scan(scan_files.jpeg(more="/DecodeParms<</ColorTransform 0>>")),
    "Group 3": lambda: scan(scan_files.group4()).replace(b"/K -1", b"/K 0 "),
    "Group 4, cut off": lambda: scan(_cut(scan_files.group4())),
    "JPEG, cut off": lambda: scan(_cut(scan_files.jpeg())),
    "Flate, cut off": lambda: scan(_cut(scan_files.flate(scan_files.grey()))),
    "fewer rows than promised": lambda: scan(scan_files.flate(scan_files.grey())).replace(
        b"/Height 1400", b"/Height 1410"
    ),
}  # fmt: skip


def _scan(picture: Picture | None = None, **how: object) -> bytes:
    return scan(picture or scan_files.jpeg(), **how)  # type: ignore[arg-type] # as scan has them


def _changed(old: bytes, new: bytes) -> bytes:
    data = scan(scan_files.jpeg())
    assert old in data
    return data.replace(old, new)


def _cut(picture: Picture) -> Picture:
    data, keys, more = picture
    return data[: len(data) // 2], keys, more


@pytest.mark.parametrize("what", LEFT)
def test_everything_else_is_left_to_poppler(tmp_path: Path, what: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(LEFT[what]())
    document = open_pdf(str(path))
    sheet = document.page(0) if document else None
    assert sheet is None or document is None or extract_scan(document.file, sheet, WANTED) is None
