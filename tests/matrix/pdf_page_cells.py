"""The page in a PDF: how its pictures lie on it, what else is on it, and how the file is built."""

import io
import itertools
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pikepdf
from PIL import Image, ImageDraw

from docsorter.documents import ReasonCode
from tests.matrix.cells import SIZE, Cell, Page
from tests.matrix.pdf_cells import bilevel, colour
from tests.matrix.pdf_writer import FULL, Paper, Picture, image_file, packed_bits, raw
from tests.pages.papers import stream_object

_WIDTH, _HEIGHT = SIZE
_TURN: Final = Image.Transpose
Change = Callable[[bytes], bytes]
CHEAP: Final = 2.0  # levels that a page drawn by poppler may differ by, for its edges


def plain_picture(page: Page) -> Picture:
    """Return the page in colour, packed by Flate."""
    return raw(colour(page), 8, "/DeviceRGB").packed("Flate")


def picture_of(image: Image.Image) -> Picture:
    """Return an image in colour, packed by Flate."""
    samples = np.asarray(image.convert("RGB")).astype(np.uint64)
    picture = raw(samples, 8, "/DeviceRGB").packed("Flate")
    return Picture(picture.data, picture.keys, picture.filters, picture.parameters, size=image.size)


def shown(name: str, content: str, *, box: str = "", **how: Any) -> Cell:  # noqa: ANN401 - fields of Paper and Cell
    """Return a cell that shows the plain picture by its content stream."""
    paper = {key: how.pop(key) for key in ("keys", "resources", "extra") if key in how}
    made = Paper(content, **({"box": box} if box else {}), **paper)
    how.setdefault("tolerance", CHEAP)
    return Cell("PDF page", name, lambda page: made.showing(plain_picture(page)), **how)


def _placed() -> Iterator[Cell]:
    """Every way to store the picture turned or mirrored, and to turn it back."""
    width, height = _WIDTH, _HEIGHT
    ways = {
        "mirrored": (_TURN.FLIP_LEFT_RIGHT, f"-{width} 0 0 {height} {width} 0"),
        "upside down": (_TURN.FLIP_TOP_BOTTOM, f"{width} 0 0 -{height} 0 {height}"),
        "by 180": (_TURN.ROTATE_180, f"-{width} 0 0 -{height} {width} {height}"),
        "by 90": (_TURN.ROTATE_90, f"0 -{height} {width} 0 0 {height}"),
        "by 270": (_TURN.ROTATE_270, f"0 {height} -{width} 0 {width} 0"),
        "transposed": (_TURN.TRANSPOSE, f"0 -{height} -{width} 0 {width} {height}"),
        "transversed": (_TURN.TRANSVERSE, f"0 {height} {width} 0 0 0"),
    }
    for name, (stored, matrix) in ways.items():
        paper = Paper(f"q {matrix} cm /X Do Q")
        yield Cell("PDF page", f"stored {name}", lambda page, s=stored, p=paper: p.showing(picture_of(page.colour.transpose(s))), tolerance=CHEAP, quick=name == "by 90")
    for turn, stored in ((90, _TURN.ROTATE_90), (180, _TURN.ROTATE_180), (270, _TURN.ROTATE_270), (-90, _TURN.ROTATE_270), (450, _TURN.ROTATE_90), (-180, _TURN.ROTATE_180)):
        yield Cell("PDF page", f"Rotate {turn}", lambda page, t=turn, s=stored: _rotated(page, t, s), tolerance=CHEAP)
        yield Cell("PDF page", f"Rotate {turn}, inherited", lambda page, t=turn, s=stored: _edited(_rotated(page, t, s), _inherit), tolerance=CHEAP)
    for angle in (0.0005, 0.002):
        matrix = f"{width} {angle * width} {-angle * height} {height} {angle * height / 2} {-angle * width / 2}"
        yield shown(f"turned by {angle}", f"q {matrix} cm /X Do Q", tolerance=6.0)
    yield shown("two matrices", f"q {width}0 0 0 {height}0 0 0 cm 0.1 0 0 0.1 0 0 cm /X Do Q")
    yield shown("saved and moved", f"q 1 0 0 1 50 50 cm q 1 0 0 1 -50 -50 cm {FULL} /X Do Q Q")
    yield shown("more restored than saved", f"Q Q q {FULL} /X Do Q Q")
    yield shown("never restored", f"q q {FULL} /X Do")


def _rotated(page: Page, turn: int, stored: Image.Transpose) -> bytes:
    image = page.colour.transpose(stored)
    box = f"0 0 {image.width} {image.height}"
    matrix = f"q {image.width} 0 0 {image.height} 0 0 cm /X Do Q"
    return Paper(matrix, box=box, keys=f"/Rotate {turn}").showing(picture_of(image))


def _boxes() -> Iterator[Cell]:
    width, height = _WIDTH, _HEIGHT
    at = f"q {width} 0 0 {height} 100 50 cm /X Do Q"
    seen = f"[100 50 {100 + width} {50 + height}]"
    large = f"0 0 {width + 300} {height + 300}"
    yield shown("crop box", at, box=large, keys=f"/CropBox{seen}", quick=True)
    yield shown("crop box, corners swapped", at, box=large, keys=f"/CropBox[{100 + width} {50 + height} 100 50]")
    yield shown("crop box, one corner swapped", at, box=large, keys=f"/CropBox[100 {50 + height} {100 + width} 50]")
    yield shown("crop box beyond the media box", FULL + " /X Do", keys="/CropBox[-99 -99 999 999]")
    yield shown("crop box of nothing", FULL + " /X Do", keys="/CropBox[0 0 0 0]")
    yield shown("crop box elsewhere", FULL + " /X Do", keys="/CropBox[2000 2000 2500 2500]")
    yield shown("media box with an origin", at, box=seen[1:-1])
    yield shown("media box below zero", f"q {width} 0 0 {height} -400 -700 cm /X Do Q", box=f"-400 -700 {width - 400} {height - 700}")
    yield shown("media box, corners swapped", FULL + " /X Do", box=f"{width} {height} 0 0")
    yield shown("trim, bleed and art boxes", FULL + " /X Do", keys="/TrimBox[50 50 200 200]/BleedBox[40 40 210 210]/ArtBox[60 60 90 90]")
    yield shown("user unit", f"q {width / 4} 0 0 {height / 4} 0 0 cm /X Do Q", box=f"0 0 {width / 4} {height / 4}", keys="/UserUnit 4")
    yield shown("a tiny page", "q 4.21 0 0 5.95 0 0 cm /X Do Q", box="0 0 4.21 5.95")
    yield shown("a page of 10 m", f"q {width * 20} 0 0 {height * 20} 0 0 cm /X Do Q", box=f"0 0 {width * 20} {height * 20}")
    yield shown("a crop box in an object of its own", at, box=large, keys="/CropBox 150 0 R", extra=(seen.encode(),))
    yield shown("boxes of numbers that are objects", at, box="0 0 150 0 R 999", keys=f"/CropBox{seen}", extra=(b"999",))
    yield Cell("PDF page", "boxes inherited", lambda page: _edited(Paper(at, box=large, keys=f"/CropBox{seen}").showing(plain_picture(page)), _inherit), tolerance=CHEAP)


def _beside() -> Iterator[Cell]:
    """What else is on the page without being seen, or as a part of it."""
    draw = f"q {FULL} /X Do Q "
    yield shown("invisible text", draw + "BT 3 Tr /F 12 Tf 50 400 Td (Invoice) Tj ET", quick=True)
    yield shown("text before the picture", "BT /F 12 Tf 50 400 Td (Claim for damages) Tj ET " + draw)
    yield shown("white text", draw + "1 1 1 rg BT /F 4 Tf 9 9 Td (.) Tj ET")
    yield shown("text as a clip", draw + "BT 7 Tr /F 12 Tf 50 400 Td (Invoice) Tj ET")
    yield shown("marked content", "/Artifact <</Type/Background>> BDC " + draw + "EMC")
    yield shown("an unknown operator", draw + " BX 1 2 xyz EX")
    yield shown("a picture that is missing", draw + "q 90 0 0 90 0 0 cm /Missing Do Q")
    yield shown("drawn twice", draw + draw)
    yield shown("black below the picture", f"0 g 0 0 {_WIDTH} {_HEIGHT} re f " + draw)
    yield shown("states of graphics", "/G gs " + draw, resources="/ExtGState<</G<</ca 1/BM/Normal/SMask/None/OP true/op true/OPM 1>>>>")
    yield shown("blended with white", "/G gs " + draw, resources="/ExtGState<</G<</BM/Multiply>>>>")
    yield shown("a group", draw, keys="/Group<</S/Transparency/CS/DeviceRGB/I true>>")
    yield shown("a knockout group", draw, keys="/Group<</S/Transparency/CS/DeviceCMYK/K true>>", tolerance=14.0)
    yield shown("a clip of the whole page", f"0 0 {_WIDTH} {_HEIGHT} re W n " + draw)
    yield shown("a clip by a curve", "-900 -900 m 1900 -900 l 1900 1900 -900 1900 -900 1900 c h W n " + draw)
    yield from _covered(draw)
    yield from _annotated(draw)
    yield from _optional(draw)


def _covered(draw: str) -> Iterator[Cell]:
    """A black bar on the picture that something covers again: what is below is not seen."""
    bar = (40, 480, 140, 540)
    x, y = bar[0], _HEIGHT - bar[3]
    covers = {
        "a field": f"{draw} q {_colour_of_paper()} rg {x} {y} 100 60 re f Q",
        "a path": f"{draw} q {_colour_of_paper()} rg {x} {y} m {x + 100} {y} l {x + 100} {y + 60} l {x} {y + 60} l h f* Q",
        "a line": f"{draw} q {_colour_of_paper()} RG 60 w {x} {y + 30} m {x + 100} {y + 30} l S Q",
        "a picture": f"{draw} q 100 0 0 60 {x} {y} cm /X1 Do Q",
        "a picture in the stream": f"{draw} q 100 0 0 60 {x} {y} cm BI /W 1 /H 1 /BPC 8 /CS /RGB /F /AHx ID fffcee> EI Q",
        "a form": f"{draw} /X2 Do",
    }
    painted = f"{_colour_of_paper()} rg {x} {y} 100 60 re f".encode()
    form = Picture(painted, "", kind=f"/Type/XObject/Subtype/Form/BBox[0 0 {_WIDTH} {_HEIGHT}]")
    for name, content in covers.items():
        def write(page: Page, content: str = content) -> bytes:
            image = page.colour.copy()
            box = (bar[0] + 2, bar[1] + 2, bar[2] - 2, bar[3] - 2)
            # The region is empty paper on the plain page.
            ImageDraw.Draw(image).rectangle(box, fill="black")
            patch = picture_of(page.colour.crop(bar))
            return Paper(content).showing(picture_of(image), patch, form)

        yield Cell("PDF page", f"covered by {name}", write, tolerance=4.0)


def _colour_of_paper() -> str:
    return "1 0.988 0.933"


def _annotated(draw: str) -> Iterator[Cell]:
    """Annotations: a stamp that is a part of the page, and hidden ones."""
    whole = f"[0 0 {_WIDTH} {_HEIGHT}]"
    black = stream_object(f"0 g 0 0 {_WIDTH} {_HEIGHT} re f".encode(), f"/Type/XObject/Subtype/Form/BBox{whole}")
    for name, keys in {"hidden": "/F 2", "not to be viewed": "/F 32"}.items():
        annotation = f"/Annots[<</Type/Annot/Subtype/Stamp/Rect{whole}{keys}/AP<</N 150 0 R>>>>]"
        yield shown(f"an annotation, {name}", draw, keys=annotation, extra=(black,))
    link = "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 99 99]/Border[0 0 0]/A<</S/URI/URI(a)>>>>]"
    yield shown("a link without a border", draw, keys=link)
    yield shown("a note that pops up", draw, keys="/Annots[<</Type/Annot/Subtype/Popup/Rect[0 0 99 99]>>]")
    yield shown("annotations that are none", draw, keys="/Annots[]")
    appearance = stream_object(f"q {FULL} /X Do Q".encode(), f"/Type/XObject/Subtype/Form/BBox{whole}/Resources<</XObject<</X 100 0 R>>>>")
    for kind, more in {"Stamp": "", "Widget": "/FT/Sig/T(a)", "FreeText": "/DA()"}.items():
        annotation = f"/Annots[<</Type/Annot/Subtype/{kind}{more}/F 4/Rect{whole}/AP<</N 150 0 R>>>>]"
        yield shown(f"the page in an annotation, {kind}", "q Q", keys=annotation, extra=(appearance,))


def _optional(draw: str) -> Iterator[Cell]:
    """Content that is switched off: black over the page, which nobody sees."""
    black = f"/OC /L BDC 0 g 0 0 {_WIDTH} {_HEIGHT} re f EMC"
    group = b"<</Type/OCG/Name(black)>>"
    member = b"<</Type/OCMD/OCGs 150 0 R>>"
    names = "/Properties<</L 150 0 R>>"
    for name, settings in {"off": "/OFF[150 0 R]", "off by default": "/BaseState/OFF"}.items():
        change = _catalog(f"/OCProperties<</OCGs[150 0 R]/D<<{settings}>>>>")
        yield _changed(f"a layer, {name}", change, Paper(draw + black, resources=names, extra=(group,)))
    change = _catalog("/OCProperties<</OCGs[150 0 R]/D<</OFF[150 0 R]>>>>")
    yield _changed("a layer by its members, off", change, Paper(draw + black, resources="/Properties<</L 151 0 R>>", extra=(group, member)))
    change = _catalog("/OCProperties<</OCGs[150 0 R]/D<</ON[150 0 R]>>>>")
    yield _changed("a layer, on", change, Paper(f"/OC /L BDC {draw} EMC", resources=names, extra=(group,)))


def _catalog(more: str) -> Change:
    return lambda data: _renumbered(data.replace(b"/Type/Catalog", b"/Type/Catalog" + more.encode()))


def _renumbered(data: bytes) -> bytes:
    """Return a file whose cross-reference is made anew."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as file:
        file.save(out)
    return out.getvalue()


def _several() -> Iterator[Cell]:
    """Pages of several pictures, as scanners make them to save room."""
    for count in (2, 7, 40):
        yield Cell("PDF page", f"{count} strips", lambda page, c=count: _strips(page, c), tolerance=4.0, quick=count == 7)
    yield Cell("PDF page", "tiles", _tiles, tolerance=4.0)
    yield Cell("PDF page", "ink over paper", _layers, "bilevel", tolerance=4.0, quick=True)
    yield Cell("PDF page", "ink over paper, half as large", lambda page: _layers(page, paper_by=8), "bilevel", tolerance=4.0)
    for depth in (1, 3, 12):
        yield Cell("PDF page", f"forms in forms, {depth}", lambda page, d=depth: _forms(page, d), tolerance=CHEAP)
    for short in (True, False):
        yield Cell("PDF page", f"a picture in the stream{', short names' * short}", lambda page, s=short: _inline(page, short=s), tolerance=CHEAP, quick=short)
    yield Cell("PDF page", "a JPEG in the stream", _inline_jpeg, tolerance=4.0)
    yield Cell("PDF page", "a pattern of the picture", _pattern, tolerance=4.0)


def _strips(page: Page, count: int) -> bytes:
    edges = [round(_HEIGHT * number / count) for number in range(count + 1)]
    pictures, content = [], []
    for number, (top, bottom) in enumerate(itertools.pairwise(edges)):
        pictures.append(picture_of(page.colour.crop((0, top, _WIDTH, bottom))))
        content.append(f"q {_WIDTH} 0 0 {bottom - top} 0 {_HEIGHT - bottom} cm /X{number or ''} Do Q")
    return _many(pictures, content)


def _tiles(page: Page) -> bytes:
    pictures, content = [], []
    for number, (left, top) in enumerate(itertools.product(range(0, _WIDTH, 128), range(0, _HEIGHT, 128))):
        right, bottom = min(left + 128, _WIDTH), min(top + 128, _HEIGHT)
        pictures.append(picture_of(page.colour.crop((left, top, right, bottom))))
        content.append(f"q {right - left} 0 0 {bottom - top} {left} {_HEIGHT - bottom} cm /X{number or ''} Do Q")
    return _many(pictures, content)


def _many(pictures: list[Picture], content: list[str]) -> bytes:
    return Paper("\n".join(content)).showing(*pictures)


def _layers(page: Page, paper_by: int = 1) -> bytes:
    """Paper as a picture, ink as a stencil over it."""
    paper = picture_of(Image.new("RGB", (_WIDTH // paper_by, _HEIGHT // paper_by), "white"))
    ink = Picture(packed_bits(bilevel(page), 1), "/ImageMask true/BitsPerComponent 1")
    return Paper(f"q {FULL} /X Do Q q 0 g {FULL} /X1 Do Q").showing(paper, ink.packed("Flate"))


def _forms(page: Page, depth: int) -> bytes:
    """Return the picture in a form that is in another, each of which moves it to and fro."""
    box = "/BBox[-999 -999 9999 9999]"
    forms = []
    for level in range(1, depth + 1):
        body, inner = ("/Y Do", 181 + level) if level < depth else (f"q {FULL} /Y Do Q", 100)
        matrix = f"/Matrix[1 0 0 1 {(-1) ** level * 10 * (level < depth or depth % 2 == 0)} 0]"
        uses = f"/Resources<</XObject<</Y {inner} 0 R>>>>"
        kind = f"/Type/XObject/Subtype/Form{box}{matrix}{uses}"
        forms.append(Picture(body.encode(), "", kind=kind))
    return Paper("/X1 Do").showing(plain_picture(page), *forms)


def _inline(page: Page, *, short: bool) -> bytes:
    data = zlib.compress(np.asarray(page.colour).tobytes())
    names = (
        f"/W {_WIDTH} /H {_HEIGHT} /BPC 8 /CS /RGB /F /Fl"
        if short
        else f"/Width {_WIDTH} /Height {_HEIGHT} /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode"
    )
    return _streamed(names, data)


def _inline_jpeg(page: Page) -> bytes:
    data = image_file(page.colour, "JPEG", "/DCTDecode", quality=92).data
    return _streamed(f"/W {_WIDTH} /H {_HEIGHT} /BPC 8 /CS /RGB /F /DCT", data)


def _streamed(names: str, data: bytes) -> bytes:
    content = f"q {FULL} BI {names} ID ".encode() + data + b"\nEI Q"
    return Paper(content.decode("latin-1")).showing(picture_of(Image.new("RGB", (2, 2))))


def _pattern(page: Page) -> bytes:
    keys = f"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 {_WIDTH} {_HEIGHT}]/XStep {_WIDTH}/YStep {_HEIGHT}/Resources<</XObject<</X 100 0 R>>>>"
    pattern = stream_object(f"q {FULL} /X Do Q".encode(), keys)
    content = f"/Pattern cs /P scn 0 0 {_WIDTH} {_HEIGHT} re f"
    return Paper(content, resources="/Pattern<</P 150 0 R>>", extra=(pattern,)).showing(plain_picture(page))


def _changed(name: str, change: Change, paper: Paper | None = None, **how: Any) -> Cell:  # noqa: ANN401 - fields of Cell
    how.setdefault("tolerance", CHEAP)
    seen = paper or Paper()
    return Cell("PDF file", name, lambda page: change(seen.showing(plain_picture(page))), **how)


def _edited(data: bytes, edit: Callable[[pikepdf.Pdf], None], **options: Any) -> bytes:  # noqa: ANN401 - as pikepdf has them
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as file:
        edit(file)
        file.save(out, **options)
    return out.getvalue()


def _inherit(file: pikepdf.Pdf) -> None:
    page, tree = file.pages[0].obj, file.Root.Pages
    for key in ("/Resources", "/MediaBox", "/CropBox", "/Rotate"):
        if key in page:
            tree[key] = page[key]
            del page[key]


def _built() -> Iterator[Cell]:
    """Files that are built in other ways, or not quite as they should be."""
    modes = pikepdf.ObjectStreamMode
    saves: dict[str, dict[str, Any]] = {
        "object streams": {"object_stream_mode": modes.generate},
        "linearized": {"linearize": True},
        "linearized, object streams": {"linearize": True, "object_stream_mode": modes.generate},
        "RC4, 40 bits": {"encryption": _locked(2)},
        "RC4, 128 bits": {"encryption": _locked(3)},
        "AES, 128 bits": {"encryption": _locked(4)},
        "AES, 256 bits": {"encryption": _locked(6)},
        "AES, object streams": {"encryption": _locked(6), "object_stream_mode": modes.generate},
        "for reading as text": {"qdf": True},
    }
    for name, options in saves.items():
        yield _changed(name, lambda data, o=options: _edited(data, lambda _: None, **o), quick=name in {"AES, 256 bits", "linearized, object streams"})
        for around in ("NULs behind it", "junk before it"):
            yield _changed(f"{name}, {around}", lambda data, o=options, a=around: AROUND[a](_edited(data, lambda _: None, **o)))
    for name, change in (AROUND | _BROKEN).items():
        yield _changed(name, change, quick=name == "NULs behind it")
    change = lambda data: data[: data.rindex(b"trailer")] + b"%%EOF\n"
    yield _changed("no trailer", change, refusal="trailer", code=ReasonCode.DAMAGED)


def _locked(revision: Any) -> pikepdf.Encryption:  # noqa: ANN401 - a literal of pikepdf
    old = revision < 4
    return pikepdf.Encryption(user="", owner="boss", R=revision, aes=not old, metadata=not old)


AROUND: Final[dict[str, Change]] = {
    "NULs behind it": lambda data: data + bytes(4845),
    "a megabyte of NULs behind it": lambda data: data + bytes(1 << 20),
    "HTML behind it": lambda data: data + b"<html><body>Scanned and forwarded</body></html>\n" * 200,
    "a MIME end behind it": lambda data: data + b"\r\n------=_Part_1 2--\r\n",
    "junk before it": lambda data: b"junk" * 50 + b"\n" + data,
    "much junk before it": lambda data: b"junk" * 2000 + b"\n" + data,
    "a byte order mark before it": lambda data: b"\xef\xbb\xbf" + data,
    "blanks before it": lambda data: b" \r\n\t" * 9 + data,
    "HTTP before it": lambda data: b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + data,
    "XML before it": lambda data: b"<?xml version='1.0' encoding='UTF-8'?>\n" + data,
    "MIME before it": lambda data: b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\n" + data,
    "PostScript before it": lambda data: b"%!PS-Adobe-3.0\n%%Title: scan\n" + data,
    "printer's language before it": lambda data: b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n" + data,
    "junk at both ends": lambda data: b"-" * 700 + b"\n" + data + b"\0\r\n" * 3000,
    "no last newline": lambda data: data.rstrip(),
    "no end mark": lambda data: data.replace(b"%%EOF", b""),
}


def _swap(old: bytes, new: bytes) -> Change:
    """Return what writes something else, which moves what is behind it."""

    def change(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new)

    return change


_BROKEN: Final[dict[str, Change]] = {
    "header without a number": _swap(b"%PDF-1.4", b"%PDF-1. "),
    "header of version 9.9": _swap(b"%PDF-1.4", b"%PDF-9.9"),
    "header with more behind it": _swap(b"%PDF-1.4\n", b"%PDF-1.4 scanned by a copier\n"),
    "no header": _swap(b"%PDF-1.4", b"        "),
    "a header of PostScript": lambda data: b"%!PS-Adobe-3.0 PDF-1.4\n" + data.partition(b"\n")[2],
    "startxref missing": lambda data: data[: data.rindex(b"startxref")] + b"%%EOF\n",
    "startxref of nothing": lambda data: data[: data.rindex(b"startxref")] + b"startxref\n0\n%%EOF\n",
    "startxref too far": lambda data: data[: data.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n",
    "startxref a few bytes off": lambda data: _moved_start(data, 7),
    "a table that starts at 1": lambda data: data.replace(b"xref\n0 ", b"xref\n1 ", 1),
    "offsets a few bytes off": _swap(b"2 0 obj\n", b"2 0 obj     \n"),
    "a table of short lines": lambda data: data.replace(b" n \n", b" n\n").replace(b" f \n", b" f\n"),
    "no table at all": lambda data: data[: data.rindex(b"xref\n0")] + data[data.rindex(b"trailer") :],
    "a length that is too short": lambda data: _other_length(data, -50),
    "a length that is too long": lambda data: _other_length(data, 50),
    "a length of nothing": lambda data: _other_length(data, None),
    "no endobj": _swap(b"\nendobj\n", b"\n      \n"),
    "lines of Windows": lambda data: data.replace(b"obj\n", b"obj\r\n").replace(b">>\n", b">>\r\n"),
    "lines of the old Macintosh": lambda data: data.replace(b"endobj\n", b"endobj\r"),
    "no type of the page": _swap(b"/Type/Page/Parent", b"          /Parent"),
    "no type of the tree": _swap(b"/Type/Pages/Kids", b"           /Kids"),
    "no parent": _swap(b"/Parent 2 0 R", b"             "),
    "a parent that is none": _swap(b"/Parent 2 0 R", b"/Parent 3 0 R"),
    "a tree that counts too many": _swap(b"/Count 1", b"/Count 7"),
    "a tree that counts none": _swap(b"/Count 1", b"/Count 0"),
    "a tree that counts below zero": _swap(b"/Count 1", b"/Count -1"),
    "a tree that does not count": _swap(b"/Count 1", b"        "),
    "a picture called by no type": _swap(b"/Type/XObject/Subtype/Image", b"              /Subtype/Image"),
    "a page that is in the tree twice": lambda data: _edited(data, lambda file: file.pages.append(file.pages[0])),
    "a deep tree": lambda data: _edited(data, _deepen),
    "a stream in parts": lambda data: _edited(data, _split),
    "a stream in many parts": lambda data: _edited(data, lambda file: _split(file, 30)),
    "updated": lambda data: _updated(data),
    "updated, of two kinds": lambda data: _updated(_edited(data, lambda _: None, object_stream_mode=pikepdf.ObjectStreamMode.generate)),
    "followed by itself": lambda data: data + data,
}


def _moved_start(data: bytes, by: int) -> bytes:
    head, _, number = data.rpartition(b"startxref\n")
    return head + b"startxref\n%d\n%%%%EOF\n" % (int(number.split()[0]) - by)


def _other_length(data: bytes, by: int | None) -> bytes:
    """Return the file with another length of the picture, the offsets being kept."""
    at = data.index(b"/Length ", data.index(b"\n100 0 obj")) + len(b"/Length ")
    digits = data[at : at + 12].split(b"/")[0]
    new = b"0" if by is None else b"%d" % (int(digits) + by)
    return data[:at] + new.rjust(len(digits), b"0")[: len(digits)] + data[at + len(digits) :]


def _deepen(file: pikepdf.Pdf) -> None:
    tree = file.Root.Pages
    for _ in range(30):
        below = file.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[tree], Count=1))
        tree.Parent = below
        tree = below
    file.Root.Pages = tree


def _split(file: pikepdf.Pdf, parts: int = 3) -> None:
    whole = file.pages[0].Contents.read_bytes().split(b" ")
    size = max(1, len(whole) // parts)
    pieces = [b" ".join(whole[at : at + size]) for at in range(0, len(whole), size)]
    pieces += [b" "] * (parts - len(pieces))
    file.pages[0].obj.Contents = pikepdf.Array([file.make_stream(piece) for piece in pieces])


def _updated(data: bytes) -> bytes:
    """Append an update that puts the page into the place of an empty one."""
    with pikepdf.open(io.BytesIO(data)) as file:
        contents = file.pages[0].Contents.objgen[0]
        size, root = int(file.trailer.Size), file.Root.objgen[0]
        right = file.pages[0].Contents.read_bytes()
    wrong = _edited(data, lambda file: file.pages[0].Contents.write(b"0 g 0 0 300 300 re f"))
    with pikepdf.open(io.BytesIO(wrong)) as file:
        contents = file.pages[0].Contents.objgen[0]
        size, root = int(file.trailer.Size), file.Root.objgen[0]
    previous = int(wrong[wrong.rindex(b"startxref") :].split()[1])
    place = len(wrong)
    out = wrong + b"%d 0 obj\n%s\nendobj\n" % (contents, stream_object(right))
    start = len(out)
    out += b"xref\n%d 1\n%010d 00000 n \n" % (contents, place)
    out += b"trailer<</Size %d/Root %d 0 R/Prev %d>>\n" % (size, root, previous)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


CELLS: Final[list[Cell]] = [*_placed(), *_boxes(), *_beside(), *_several(), *_built()]
