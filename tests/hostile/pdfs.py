"""Hostile PDFs by how they are built: trees, boxes, contents and loops."""

from collections.abc import Iterator

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import (
    BOX,
    DRAWN,
    drawing,
    grey,
    paper,
    picture_object,
    tree,
    written,
)
from tests.pages.papers import endless_pdf, stream_object

_SLOW_CONTENTS = frozenset(
    {
        "a million saved states",
        "half a million lines",
        "dictionaries in dictionaries",
        "operators that do not exist",
        "an inline picture that lies",
        "marked content without an end",
    }
)
_FORM = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
_PATTERN = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]"


def cases() -> Iterator[Hostile]:
    """Return every PDF that is built in a hostile way."""
    yield from _trees()
    yield from _boxes()
    yield from _contents()
    yield from _loops()


def _trees() -> Iterator[Hostile]:
    leaf = f"<</Type/Page/Parent 2 0 R{BOX}/Contents 5 0 R>>".encode()
    plain = {
        "no pages": b"<</Type/Pages/Kids[]/Count 0>>",
        "page count without pages": b"<</Type/Pages/Kids[]/Count 3>>",
        "page count of a million": b"<</Type/Pages/Kids[4 0 R]/Count 1000000>>",
        "page count beyond 32 bits": b"<</Type/Pages/Kids[4 0 R]/Count 99999999999>>",
        "negative page count": b"<</Type/Pages/Kids[4 0 R]/Count -7>>",
        "page count that is a name": b"<</Type/Pages/Kids[4 0 R]/Count/Many>>",
        "page tree that is its own child": b"<</Type/Pages/Kids[2 0 R]/Count 1>>",
        "page tree whose child is the catalog": b"<</Type/Pages/Kids[1 0 R]/Count 1>>",
        "child that does not exist": b"<</Type/Pages/Kids[77 0 R]/Count 1>>",
        "child that is null": b"<</Type/Pages/Kids[null]/Count 1>>",
        "children that are a number": b"<</Type/Pages/Kids 4/Count 1>>",
        "page tree that is a string": b"(no tree)",
    }
    for kind, pages in plain.items():
        yield case(kind, "pdf", tree, pages)
    yield case(
        "page trees that are each other's child",
        "pdf",
        lambda: tree(
            b"<</Type/Pages/Kids[6 0 R]/Count 1>>",
            {6: b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>"},
        ),
    )
    yield case("page tree of 5,000 levels", "pdf", lambda: _deep_tree(5000))
    yield case(
        "the same page 50,000 times",
        "pdf",
        lambda: tree(b"<</Type/Pages/Kids[%s]/Count 50000>>" % (b"4 0 R " * 50000)),
    )
    yield case("20,000 pages of their own", "pdf", lambda: _many_pages(20000, leaf), heavy=True)
    yield case("catalog that is a loop of references", "pdf", _catalog_loop)


def _deep_tree(levels: int) -> bytes:
    inner = {
        10 + n: f"<</Type/Pages/Parent {9 + n} 0 R/Kids[{11 + n} 0 R]/Count 1>>".encode()
        for n in range(levels)
    }
    inner[10 + levels] = f"<</Type/Page{BOX}/Contents 5 0 R>>".encode()
    return tree(b"<</Type/Pages/Kids[10 0 R]/Count 1>>", inner)


def _many_pages(count: int, leaf: bytes) -> bytes:
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(count))
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return tree(pages, {10 + n: leaf for n in range(count)})


def _catalog_loop() -> bytes:
    return written({1: b"2 0 R", 2: b"1 0 R", 4: b"null"})


def _boxes() -> Iterator[Hostile]:
    boxes = {
        "page without a size": "",
        "page of 0 by 0": "/MediaBox[0 0 0 0]",
        "page of 1 mm by 1 mm": "/MediaBox[0 0 2.83 2.83]",
        "page of 14 m by 14 m": "/MediaBox[0 0 39685 39685]",
        "page of 14 m by 1 mm": "/MediaBox[0 0 39685 2.83]",
        "page of 1 mm by 14 m": "/MediaBox[0 0 2.83 39685]",
        "page of 70 m by 70 m": "/MediaBox[0 0 200000 200000]",
        "page as large as a double": "/MediaBox[0 0 1e308 1e308]",
        "page of 10 to the 30 points": f"/MediaBox[0 0 {10**30} {10**30}]",
        "page inside out": "/MediaBox[595 842 0 0]",
        "page far from the origin": "/MediaBox[1000000000 1000000000 1000000595 1000000842]",
        "page box of names": "/MediaBox[/a /b /c /d]",
        "page box of two numbers": "/MediaBox[595 842]",
        "page box that is its own reference": "/MediaBox 4 0 R",
        "user unit of 75,000": f"{BOX}/UserUnit 75000",
        "rotation by 45": f"{BOX}/Rotate 45",
        "rotation by 2 to the 31": f"{BOX}/Rotate 2147483648",
        "crop box outside of the page": f"{BOX}/CropBox[5000 5000 6000 6000]",
        "crop box of a hair": f"{BOX}/CropBox[0 0 0.001 842]",
    }
    for kind, page in boxes.items():
        yield case(kind, "pdf", lambda page: paper(page=page), page)
    yield case("pages from 1 mm to 14 m", "pdf", _mixed_sizes)


def _mixed_sizes() -> bytes:
    sizes = ("2.83 2.83", "39685 40", "40 39685", "595 842", "14000 14000")
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(len(sizes)))
    pages = {
        10 + n: f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size}]/Contents 5 0 R>>".encode()
        for n, size in enumerate(sizes)
    }
    return tree(b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, len(sizes)), pages)


def _contents() -> Iterator[Hostile]:
    contents = {
        "a million saved states": b"q " * 1_000_000 + DRAWN,
        "a million restored states": b"Q " * 1_000_000 + DRAWN,
        "half a million lines": b"0 0 m " + b"500 700 l 3 9 l " * 250_000 + b"S",
        "arrays in arrays": b"[" * 200_000,
        "dictionaries in dictionaries": b"<<" * 100_000,
        "text never ended": b"BT /F 12 Tf (" + b"a" * 500_000,
        "operators that do not exist": b"foo bar baz " * 50_000,
        "numbers of a thousand digits": b"9" * 1000 + b" 0 0 0 re f " * 100,
        "a matrix of infinities": b"1e38 0 0 1e38 1e38 1e38 cm " * 50 + DRAWN,
        "an inline picture that lies": b"BI /W 100000 /H 100000 /BPC 8 /CS /G ID "
        + b"x" * 99
        + b" EI",
        "an inline picture without an end": b"BI /W 10 /H 10 /BPC 8 /CS /G ID " + b"x" * 9999,
        "marked content without an end": b"/Span BMC " * 100_000 + DRAWN,
        "bytes that are no text": bytes(range(256)) * 200,
    }
    for kind, content in contents.items():
        yield case(kind, "pdf", paper, content, heavy=kind in _SLOW_CONTENTS)
    dashes = b"[0.0001 0.0001] 0 d 0.1 w 0 0 m 595 842 l S " * 20
    yield case("ten million dashes", "pdf", lambda: paper(dashes), heavy=True)
    yield case("forms that draw forms, 10 to the 12", "pdf", endless_pdf, heavy=True)
    yield case("letters a kilometre high", "pdf", _giant_letters)
    yield case("tiles of a thousandth of a point", "pdf", lambda: _tiles("0.001"), heavy=True)
    yield case("tiles that are no step apart", "pdf", lambda: _tiles("0"))
    yield case("shading by a program without an end", "pdf", _shading, heavy=True)


def _giant_letters() -> bytes:
    font = "/Font<</F 3 0 R>>"
    return paper(b"BT /F 9999999 Tf 0 0 Td (CLAIM) Tj ET " * 20, resources=font)


def _tiles(step: str) -> bytes:
    keys = f"{_PATTERN}/XStep {step}/YStep {step}/Resources<<>>"
    return paper(
        b"/Pattern cs /P scn 0 0 595 842 re f",
        resources="/Pattern<</P 9 0 R>>",
        extra={9: stream_object(b"1 0 0 rg 0 0 1 1 re f", keys)},
    )


def _shading() -> bytes:
    program = b"{" + b"dup mul 2 copy add exch " * 20_000 + b"}"
    keys = "/FunctionType 4/Domain[0 1 0 1]/Range[0 1 0 1 0 1]"
    shade = b"<</ShadingType 1/ColorSpace/DeviceRGB/Domain[0 1 0 1]/Function 10 0 R>>"
    return paper(
        b"q 500 0 0 700 0 0 cm /S sh Q",
        resources="/Shading<</S 9 0 R>>",
        extra={9: shade, 10: stream_object(program, keys)},
    )


def _loops() -> Iterator[Hostile]:
    again = stream_object(b"/X Do " + DRAWN, f"{_FORM}/Resources<</XObject<</X 9 0 R>>>>")
    other = stream_object(b"/X Do " + DRAWN, f"{_FORM}/Resources<</XObject<</X 10 0 R>>>>")
    resources = "/XObject<</X 9 0 R>>"
    yield case(
        "form that draws itself",
        "pdf",
        lambda: paper(b"/X Do", resources=resources, extra={9: again}),
    )
    yield case(
        "forms that draw each other",
        "pdf",
        lambda: paper(b"/X Do", resources=resources, extra={9: other, 10: again}),
    )
    pattern = stream_object(
        b"/Pattern cs /P scn 0 0 9 9 re f",
        f"{_PATTERN}/XStep 9/YStep 9/Resources<</Pattern<</P 9 0 R>>>>",
    )
    yield case(
        "pattern that is painted with itself",
        "pdf",
        lambda: paper(
            b"/Pattern cs /P scn 0 0 595 842 re f",
            resources="/Pattern<</P 9 0 R>>",
            extra={9: pattern},
        ),
    )
    yield case("letter that is drawn with itself", "pdf", _font_loop)
    yield case("soft mask that masks itself", "pdf", _mask_loop, heavy=True)
    yield case("picture that is its own mask", "pdf", _own_mask)
    yield case("resources that are the page", "pdf", _resource_loop)
    yield case("colour space that is based on itself", "pdf", _colour_loop)
    yield case("function made of itself", "pdf", _function_loop)


def _font_loop() -> bytes:
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 65"
        b"/LastChar 65/Widths[1]/Encoding<</Differences[65/A]>>/CharProcs<</A 10 0 R>>"
        b"/Resources<</Font<</F 9 0 R>>>>>>"
    )
    glyph = stream_object(b"1 0 d0 BT /F 1 Tf (AAAA) Tj ET 0 0 1 1 re f")
    return paper(
        b"BT /F 40 Tf 50 700 Td (AAA) Tj ET",
        resources="/Font<</F 9 0 R>>",
        extra={9: font, 10: glyph},
    )


def _mask_loop() -> bytes:
    state = b"<</SMask<</S/Luminosity/G 10 0 R>>>>"
    group = f"{_FORM}/Group<</S/Transparency/CS/DeviceGray>>/Resources<</ExtGState<</G 9 0 R>>>>"
    return paper(
        b"/G gs " + DRAWN,
        resources="/ExtGState<</G 9 0 R>>",
        extra={9: state, 10: stream_object(b"/G gs " + DRAWN, group)},
    )


def _own_mask() -> bytes:
    return drawing(picture_object(grey(8, 8, "/SMask 9 0 R")))


def _resource_loop() -> bytes:
    return paper(b"/X Do", page=f"{BOX}/Resources 4 0 R/XObject 4 0 R/X 4 0 R")


def _colour_loop() -> bytes:
    return paper(
        b"/C cs 0.5 sc 0 0 300 300 re f",
        resources="/ColorSpace<</C 9 0 R>>",
        extra={9: b"[/Indexed 9 0 R 255 9 0 R]"},
    )


def _function_loop() -> bytes:
    shade = b"<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 500 700]/Function 10 0 R>>"
    function = (
        b"<</FunctionType 3/Domain[0 1]/Functions[10 0 R 10 0 R]/Bounds[0.5]/Encode[0 1 0 1]>>"
    )
    return paper(b"/S sh", resources="/Shading<</S 9 0 R>>", extra={9: shade, 10: function})
