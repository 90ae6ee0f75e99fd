"""The page in a PDF: how its pictures lie on it, what else is on it, and how the file is built."""

import io
import itertools
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pikepdf
from PIL import Image, ImageDraw

from docsorter.documents import ReasonCode
from tests.matrix.cells import SIZE, Cell, Page
from tests.matrix.pdf_cells import jpeg, sampled, samples_of
from tests.matrix.pdf_writer import FULL, Paper, Picture, packed_bits, raw
from tests.pages.papers import stream_object

_WIDTH, _HEIGHT = SIZE
_TURN: Final = Image.Transpose
Change = Callable[[bytes], bytes]
CHEAP: Final = 2.0  # levels that a page drawn by poppler may differ by, for its edges


def plain_picture(page: Page) -> Picture:
    """Return the page in colour, packed by Flate."""
    return sampled(page, kind="colour")


def picture_of(image: Image.Image) -> Picture:
    """Return an image in colour, packed by Flate."""
    samples = np.asarray(image.convert("RGB")).astype(np.uint64)
    picture = raw(samples, 8, "/DeviceRGB").packed("Flate")
    return Picture(picture.data, picture.keys, picture.filters, picture.parameters, size=image.size)


def shown(
    name: str,
    content: str = f"q {FULL} /X Do Q",
    tolerance: float = CHEAP,
    *,
    quick: bool = False,
    change: Change | None = None,
    **how: Any,  # noqa: ANN401 - fields of Paper
) -> Cell:
    """Return a cell that shows the plain picture by its content stream."""
    paper = Paper(content, **how)

    def write(page: Page) -> bytes:
        data = paper.showing(plain_picture(page))
        return change(data) if change else data

    return Cell("PDF page", name, write, tolerance=tolerance, quick=quick)


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
        write = partial(_stored, stored=stored, paper=Paper(f"q {matrix} cm /X Do Q"))
        yield Cell("PDF page", f"stored {name}", write, tolerance=CHEAP, quick=name == "by 90")
    turns = {
        90: _TURN.ROTATE_90, 180: _TURN.ROTATE_180, 270: _TURN.ROTATE_270,
        -90: _TURN.ROTATE_270, -180: _TURN.ROTATE_180, 450: _TURN.ROTATE_90,
    }  # fmt: skip
    for (turn, stored), inherited in itertools.product(turns.items(), (False, True)):
        name = f"Rotate {turn}{', inherited' * inherited}"
        write = partial(_rotated, turn=turn, stored=stored, inherited=inherited)
        yield Cell("PDF page", name, write, tolerance=CHEAP, quick=name == "Rotate -90, inherited")
    for angle in (0.0005, 0.002):
        matrix = (
            f"{width} {angle * width} {-angle * height} {height}"
            f" {angle * height / 2} {-angle * width / 2}"
        )
        yield shown(f"turned by {angle}", f"q {matrix} cm /X Do Q", 6.0)
    yield shown("two matrices", f"q {width}0 0 0 {height}0 0 0 cm 0.1 0 0 0.1 0 0 cm /X Do Q")
    yield shown("saved and moved", f"q 1 0 0 1 50 50 cm q 1 0 0 1 -50 -50 cm {FULL} /X Do Q Q")
    yield shown("more restored than saved", f"Q Q q {FULL} /X Do Q Q")
    yield shown("never restored", f"q q {FULL} /X Do")


def _stored(page: Page, *, stored: Image.Transpose, paper: Paper) -> bytes:
    return paper.showing(picture_of(page.colour.transpose(stored)))


def _rotated(page: Page, *, turn: int, stored: Image.Transpose, inherited: bool) -> bytes:
    image = page.colour.transpose(stored)
    box = f"0 0 {image.width} {image.height}"
    matrix = f"q {image.width} 0 0 {image.height} 0 0 cm /X Do Q"
    data = Paper(matrix, box=box, keys=f"/Rotate {turn}").showing(picture_of(image))
    return edited(data, _inherit) if inherited else data


def _boxes() -> Iterator[Cell]:
    width, height = _WIDTH, _HEIGHT
    right, top = 100 + width, 50 + height
    at, whole = f"q {width} 0 0 {height} 100 50 cm /X Do Q", f"{FULL} /X Do"
    seen = f"100 50 {right} {top}"
    large = partial(shown, content=at, box=f"0 0 {width + 300} {height + 300}")
    yield large("crop box", keys=f"/CropBox[{seen}]", quick=True)
    yield large("crop box, corners swapped", keys=f"/CropBox[{right} {top} 100 50]")
    yield large("crop box, one corner swapped", keys=f"/CropBox[100 {top} {right} 50]")
    yield large(
        "crop box that is an object", keys="/CropBox 150 0 R", extra=(f"[{seen}]".encode(),)
    )
    yield large("boxes inherited", keys=f"/CropBox[{seen}]", change=partial(edited, edit=_inherit))
    numbers: dict[str, Any] = {
        "box": "0 0 150 0 R 999",
        "keys": f"/CropBox[{seen}]",
        "extra": (b"999",),
    }
    yield shown("numbers of boxes that are objects", at, **numbers)
    yield shown("crop box beyond the media box", whole, keys="/CropBox[-99 -99 999 999]")
    yield shown("crop box of nothing", whole, keys="/CropBox[0 0 0 0]")
    yield shown("crop box elsewhere", whole, keys="/CropBox[2000 2000 2500 2500]", quick=True)
    yield shown("media box with an origin", at, box=seen)
    below = f"q {width} 0 0 {height} -400 -700 cm /X Do Q"
    yield shown("media box below zero", below, box=f"-400 -700 {width - 400} {height - 700}")
    yield shown("media box, corners swapped", whole, box=f"{width} {height} 0 0")
    others = "/TrimBox[50 50 200 200]/BleedBox[40 40 210 210]/ArtBox[60 60 90 90]"
    yield shown("trim, bleed and art boxes", whole, keys=others)
    for name, by, keys in (
        ("user unit", 0.25, "/UserUnit 4"),
        ("a tiny page", 0.01, ""),
        ("a page of 4 m", 20, ""),
    ):
        sides = width * by, height * by
        content = f"q {sides[0]:g} 0 0 {sides[1]:g} 0 0 cm /X Do Q"
        yield shown(name, content, box=f"0 0 {sides[0]:g} {sides[1]:g}", keys=keys)


def _beside() -> Iterator[Cell]:
    """What else is on the page without being seen, or as a part of it."""
    draw = f"q {FULL} /X Do Q "
    yield shown("invisible text", draw + "BT 3 Tr /F 12 Tf 50 400 Td (Invoice) Tj ET", quick=True)
    yield shown("text below the picture", "BT /F 12 Tf 50 400 Td (Claim) Tj ET " + draw)
    yield shown("white text", draw + "1 1 1 rg BT /F 4 Tf 9 9 Td (.) Tj ET")
    yield shown("text as a clip", draw + "BT 7 Tr /F 12 Tf 50 400 Td (Invoice) Tj ET")
    yield shown("marked content", f"/Artifact <</Type/Background>> BDC {draw} EMC")
    yield shown("an unknown operator", draw + " BX 1 2 xyz EX")
    yield shown("a picture that is missing", draw + "q 90 0 0 90 0 0 cm /Missing Do Q")
    yield shown("drawn twice", draw + draw)
    yield shown("black below the picture", f"0 g 0 0 {_WIDTH} {_HEIGHT} re f " + draw)
    state = "/ca 1/BM/Normal/SMask/None/OP true/op true/OPM 1"
    yield shown("overprint", "/G gs " + draw, resources=f"/ExtGState<</G<<{state}>>>>")
    blend = "/ExtGState<</G<</BM/Multiply>>>>"
    yield shown("blended with white", "/G gs " + draw, resources=blend)
    group = "/Group<</S/Transparency/CS/DeviceRGB/I true>>"
    yield shown("a group", draw, keys=group)
    knockout = "/Group<</S/Transparency/CS/DeviceCMYK/K true>>"
    yield shown("a knockout group", draw, 14.0, keys=knockout)
    yield shown("a clip of the whole page", f"0 0 {_WIDTH} {_HEIGHT} re W n " + draw)
    curve = "-900 -900 m 1900 -900 l 1900 1900 -900 1900 -900 1900 c h W n "
    yield shown("a clip by a curve", curve + draw)
    yield from _covered(draw)
    yield from _annotated(draw)
    yield from _optional(draw)


_BAR: Final = (40, 480, 140, 540)  # a region of empty paper


def _covered(draw: str) -> Iterator[Cell]:
    """A black bar on the picture that something covers again: what is below is not seen."""
    x, y = _BAR[0], _HEIGHT - _BAR[3]
    paper, corner = "1 0.988 0.933", f"{x} {y}"
    path = f"{corner} m {x + 100} {y} l {x + 100} {y + 60} l {x} {y + 60} l h"
    covers = {
        "a field": f"q {paper} rg {corner} 100 60 re f Q",
        "a path": f"q {paper} rg {path} f* Q",
        "a line": f"q {paper} RG 60 w {x} {y + 30} m {x + 100} {y + 30} l S Q",
        "a picture": f"q 100 0 0 60 {corner} cm /X1 Do Q",
        "a picture in the stream": (
            f"q 100 0 0 60 {corner} cm BI /W 1 /H 1 /BPC 8 /CS /RGB /F /AHx ID fffcee> EI Q"
        ),
        "a form": "/X2 Do",
    }
    kind = f"/Type/XObject/Subtype/Form/BBox[0 0 {_WIDTH} {_HEIGHT}]"
    form = Picture(covers["a field"].encode(), "", kind=kind)
    for name, cover in covers.items():
        write = partial(_with_bar, paper=Paper(draw + cover), form=form)
        yield Cell("PDF page", f"covered by {name}", write, tolerance=4.0, quick=name == "a field")


def _with_bar(page: Page, *, paper: Paper, form: Picture) -> bytes:
    image = page.colour.copy()
    left, top, right, bottom = _BAR
    ImageDraw.Draw(image).rectangle((left + 2, top + 2, right - 2, bottom - 2), fill="black")
    return paper.showing(picture_of(image), picture_of(page.colour.crop(_BAR)), form)


def _annotated(draw: str) -> Iterator[Cell]:
    """Annotations: one that shows the page itself, and hidden ones."""
    whole = f"[0 0 {_WIDTH} {_HEIGHT}]"
    form = f"/Type/XObject/Subtype/Form/BBox{whole}"
    black = stream_object(f"0 g 0 0 {_WIDTH} {_HEIGHT} re f ".encode(), form)
    for name, flag in {"hidden": 2, "not to be viewed": 32}.items():
        keys = f"/Annots[<</Subtype/Stamp/Rect{whole}/F {flag}/AP<</N 150 0 R>>>>]"
        yield shown(f"an annotation, {name}", draw, keys=keys, extra=(black,))
    link = "/Annots[<</Subtype/Link/Rect[0 0 99 99]/Border[0 0 0]/A<</S/URI/URI(a)>>>>]"
    yield shown("a link without a border", draw, keys=link)
    popup = "/Annots[<</Subtype/Popup/Rect[0 0 99 99]>>]"
    yield shown("a note that pops up", draw, keys=popup)
    yield shown("annotations that are none", draw, keys="/Annots[]")
    uses = f"{form}/Resources<</XObject<</X 100 0 R>>>>"
    appearance = stream_object(f"q {FULL} /X Do Q".encode(), uses)
    for kind, more in {"Stamp": "", "Widget": "/FT/Sig/T(a)", "FreeText": "/DA()"}.items():
        keys = f"/Annots[<</Subtype/{kind}{more}/F 4/Rect{whole}/AP<</N 150 0 R>>>>]"
        name = f"the page in an annotation, {kind}"
        yield shown(name, "q Q", keys=keys, extra=(appearance,), quick=kind == "Stamp")


def _optional(draw: str) -> Iterator[Cell]:
    """Content that is switched off: black over the page, which nobody sees."""
    black = f"{draw} /OC /L BDC 0 g 0 0 {_WIDTH} {_HEIGHT} re f EMC"
    group, member = b"<</Type/OCG/Name(black)>>", b"<</Type/OCMD/OCGs 150 0 R>>"
    of_group: dict[str, Any] = {"resources": "/Properties<</L 150 0 R>>", "extra": (group,)}
    of_member: dict[str, Any] = {"resources": "/Properties<</L 151 0 R>>", "extra": (group, member)}
    off = _layers_of("/OFF[150 0 R]")
    yield shown("a layer, off", black, change=off, quick=True, **of_group)
    base = _layers_of("/BaseState/OFF")
    yield shown("a layer, off at first", black, change=base, **of_group)
    yield shown("a layer by its members, off", black, change=off, **of_member)
    on = _layers_of("/ON[150 0 R]")
    yield shown("a layer, on", f"/OC /L BDC {draw} EMC", change=on, **of_group)


def _layers_of(settings: str) -> Change:
    layers = f"/Type/Catalog/OCProperties<</OCGs[150 0 R]/D<<{settings}>>>>".encode()
    return lambda data: edited(data.replace(b"/Type/Catalog", layers))


def _several() -> Iterator[Cell]:
    """Pages of several pictures, as scanners make them to save room, or of none."""
    for count in (2, 7, 40):
        strips = partial(_parts, width=_WIDTH, height=-(-_HEIGHT // count))
        yield Cell("PDF page", f"{count} strips", strips, tolerance=4.0, quick=count == 7)
    yield Cell("PDF page", "tiles", partial(_parts, width=128, height=128), tolerance=4.0)
    for by in (1, 8):
        name = f"ink over paper{f', the paper {by} times coarser' * (by > 1)}"
        write = partial(_layers, paper_by=by)
        yield Cell("PDF page", name, write, "bilevel", tolerance=4.0, quick=by > 1)
    for depth in (1, 3, 12):
        write = partial(_forms, depth=depth)
        yield Cell("PDF page", f"forms in forms, {depth}", write, tolerance=CHEAP, quick=depth == 3)
    long = f"/Width {_WIDTH} /Height {_HEIGHT} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    short = f"/W {_WIDTH} /H {_HEIGHT} /BPC 8 /CS /RGB"
    for name, keys in {
        "long names": f"{long} /Filter /FlateDecode",
        "short names": f"{short} /F /Fl",
        "JPEG": f"{short} /F /DCT",
    }.items():
        write = partial(_inline, keys=keys)
        yield Cell("PDF page", f"a picture in the stream, {name}", write, tolerance=4.0)
    yield Cell("PDF page", "a pattern of the picture", _pattern, tolerance=4.0)


def _parts(page: Page, *, width: int, height: int) -> bytes:
    """Return the page cut into strips or tiles, each of which is a picture."""
    pictures, content = [], []
    corners = itertools.product(range(0, _WIDTH, width), range(0, _HEIGHT, height))
    for number, (left, top) in enumerate(corners):
        right, bottom = min(left + width, _WIDTH), min(top + height, _HEIGHT)
        pictures.append(picture_of(page.colour.crop((left, top, right, bottom))))
        matrix = f"{right - left} 0 0 {bottom - top} {left} {_HEIGHT - bottom}"
        content.append(f"q {matrix} cm /X{number or ''} Do Q")
    return Paper("\n".join(content)).showing(*pictures)


def _layers(page: Page, *, paper_by: int) -> bytes:
    """Paper as a picture, ink as a stencil over it."""
    paper = picture_of(Image.new("RGB", (_WIDTH // paper_by, _HEIGHT // paper_by), "white"))
    ink = Picture(
        packed_bits(samples_of(page, "bilevel", 1), 1), "/ImageMask true/BitsPerComponent 1"
    )
    return Paper(f"q {FULL} /X Do Q q 0 g {FULL} /X1 Do Q").showing(paper, ink.packed("Flate"))


def _forms(page: Page, *, depth: int) -> bytes:
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


def _inline(page: Page, *, keys: str) -> bytes:
    picture = jpeg(page) if "/DCT" in keys else plain_picture(page)
    content = f"q {FULL} BI {keys} ID {picture.data.decode('latin-1')}\nEI Q"
    return Paper(content).showing(picture_of(Image.new("RGB", (2, 2))))


def _pattern(page: Page) -> bytes:
    steps = f"/BBox[0 0 {_WIDTH} {_HEIGHT}]/XStep {_WIDTH}/YStep {_HEIGHT}"
    kind = "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1"
    uses = "/Resources<</XObject<</X 100 0 R>>>>"
    pattern = stream_object(f"q {FULL} /X Do Q".encode(), kind + steps + uses)
    content = f"/Pattern cs /P scn 0 0 {_WIDTH} {_HEIGHT} re f"
    paper = Paper(content, resources="/Pattern<</P 150 0 R>>", extra=(pattern,))
    return paper.showing(plain_picture(page))


def edited(
    data: bytes,
    edit: Callable[[pikepdf.Pdf], object] = lambda _: None,
    **options: Any,  # noqa: ANN401 - as pikepdf has them
) -> bytes:
    """Return a PDF changed and saved by qpdf."""
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
        save = partial(edited, **options)
        quick = name in {"AES, 256 bits", "linearized, object streams"}
        yield _built_as(name, save, quick=quick)
        for around in ("NULs behind it", "junk before it"):
            yield _built_as(f"{name}, {around}", _after(save, AROUND[around]))
    for name, change in (AROUND | _BROKEN).items():
        yield _built_as(name, change, quick=name == "HTML behind it")
    yield _built_as("no trailer", _without_trailer, refusal="trailer")


def _built_as(name: str, change: Change, *, quick: bool = False, refusal: str = "") -> Cell:
    return Cell(
        "PDF file",
        name,
        lambda page: change(Paper().showing(plain_picture(page))),
        refusal=refusal,
        code=ReasonCode.DAMAGED,
        quick=quick,
        tolerance=CHEAP,
    )


def _after(first: Change, then: Change) -> Change:
    return lambda data: then(first(data))


def _without_trailer(data: bytes) -> bytes:
    return data[: data.rindex(b"trailer")] + b"%%EOF\n"


def _locked(revision: Any) -> pikepdf.Encryption:  # noqa: ANN401 - a literal of pikepdf
    old = revision < 4
    return pikepdf.Encryption(user="", owner="boss", R=revision, aes=not old, metadata=not old)


AROUND: Final[dict[str, Change]] = {
    "NULs behind it": lambda data: data + bytes(4845),
    "a megabyte of NULs behind it": lambda data: data + bytes(1 << 20),
    "HTML behind it": lambda data: (
        data + b"<html><body>Scanned and forwarded</body></html>\n" * 200
    ),
    "a MIME end behind it": lambda data: data + b"\r\n------=_Part_1 2--\r\n",
    "junk before it": lambda data: b"junk" * 50 + b"\n" + data,
    "much junk before it": lambda data: b"junk" * 2000 + b"\n" + data,
    "a byte order mark before it": lambda data: b"\xef\xbb\xbf" + data,
    "blanks before it": lambda data: b" \r\n\t" * 9 + data,
    "HTTP before it": lambda data: (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + data
    ),
    "XML before it": lambda data: b"<?xml version='1.0' encoding='UTF-8'?>\n" + data,
    "MIME before it": lambda data: (
        b"MIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\r\n" + data
    ),
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
        below = file.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=[tree], Count=1)
        )
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
        right = file.pages[0].Contents.read_bytes()
    wrong = edited(data, lambda file: file.pages[0].Contents.write(b"0 g 0 0 300 300 re f"))
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


_BROKEN: Final[dict[str, Change]] = {
    "header without a number": _swap(b"%PDF-1.4", b"%PDF-1. "),
    "header of version 9.9": _swap(b"%PDF-1.4", b"%PDF-9.9"),
    "header with more behind it": _swap(b"%PDF-1.4\n", b"%PDF-1.4 scanned by a copier\n"),
    "no header": _swap(b"%PDF-1.4", b"        "),
    "a header of PostScript": lambda data: b"%!PS-Adobe-3.0 PDF-1.4\n" + data.partition(b"\n")[2],
    "startxref missing": lambda data: data[: data.rindex(b"startxref")] + b"%%EOF\n",
    "startxref of nothing": lambda data: (
        data[: data.rindex(b"startxref")] + b"startxref\n0\n%%EOF\n"
    ),
    "startxref too far": lambda data: (
        data[: data.rindex(b"startxref")] + b"startxref\n99999999\n%%EOF\n"
    ),
    "startxref a few bytes off": lambda data: _moved_start(data, 7),
    "a table that starts at 1": lambda data: data.replace(b"xref\n0 ", b"xref\n1 ", 1),
    "offsets a few bytes off": _swap(b"2 0 obj\n", b"2 0 obj     \n"),
    "a table of short lines": lambda data: data.replace(b" n \n", b" n\n").replace(
        b" f \n", b" f\n"
    ),
    "no table at all": lambda data: (
        data[: data.rindex(b"xref\n0")] + data[data.rindex(b"trailer") :]
    ),
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
    "a picture called by no type": _swap(
        b"/Type/XObject/Subtype/Image", b"              /Subtype/Image"
    ),
    "a page that is in the tree twice": lambda data: edited(
        data, lambda file: file.pages.append(file.pages[0])
    ),
    "a deep tree": lambda data: edited(data, _deepen),
    "a stream in parts": lambda data: edited(data, _split),
    "a stream in many parts": lambda data: edited(data, lambda file: _split(file, 30)),
    "updated": _updated,
    "updated, of two kinds": lambda data: _updated(
        edited(data, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    ),
    "followed by itself": lambda data: data + data,
}
CELLS: Final[list[Cell]] = [*_placed(), *_boxes(), *_beside(), *_several(), *_built()]
