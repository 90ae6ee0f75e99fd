"""What a PDF says of its pages, read by qpdf: boxes, and whether a page is only one image.

It answers for sound files only. Whatever is odd about a file (a page tree that contradicts itself,
a page without a size, a password) ends in None, and poppler, which repairs much, is asked instead.

A content stream is accepted only if it has nothing but operators that leave no mark: saving,
moving, state of text and lines, invisible text as recognition adds it, clipping to more than the
page. With any other operator the page is rendered by poppler.
"""

import io
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final, NamedTuple

import pikepdf

from docsorter.pages import images

_MOST_PAGES: Final = 10_000  # the tree of more is not walked
_DEEPEST: Final = 64  # levels of the tree
_QUARTER: Final = 90
_MOST_BYTES: Final = 1 << 18  # of a content stream, unpacked: an invisible text layer fits
_MOST_STREAMS: Final = 16
_INVISIBLE: Final = 3  # text rendering mode, ISO 32000-1, table 106
_SLACK: Final = 0.5  # points by which a clip may cut into the page
# Operators that paint nothing and move nothing that an image depends on (ISO 32000-1, annex A).
_HARMLESS: Final = frozenset(
    {
        "BT", "ET", "Tc", "Tw", "Tz", "TL", "Tf", "Td", "TD", "Tm", "T*", "Ts", "w", "J", "j", "M",
        "d", "i", "ri", "g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN", "MP",
        "BMC", "EMC", "BX", "EX",
    }
)  # fmt: skip
_SHOWS_TEXT: Final = frozenset({"Tj", "TJ", "'", '"'})
_PAINTS: Final = re.compile(rb"[\s\])](?:[fFSsBb]\*?|sh|BI)\s")
_SHOWS: Final = re.compile(rb"T[jJ]\s")
_HIDES: Final = re.compile(rb"\s3\s+Tr\s")
_STATE: Final = {
    "/Type": ("/ExtGState",), "/BM": ("/Normal", "/Compatible"), "/SMask": ("/None",),
    "/ca": (1,), "/CA": (1,), "/SA": (True, False), "/AIS": (False,), "/OP": (False,),
    "/op": (False,), "/OPM": (0, 1),
}  # fmt: skip


class Box(NamedTuple):
    """A rectangle, its sides parallel to those of the page, in points from below left."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class PdfPage:
    """One page.

    Attributes:
        handle: pikepdf's.
        box: What of it is seen: its crop box within its media box.
        turn: By how much it is turned clockwise to be seen: 0, 90, 180 or 270 degrees.
    """

    handle: pikepdf.Page
    box: Box
    turn: int

    @property
    def resources(self) -> pikepdf.Dictionary:
        """What its content names; that of the page tree above it when it has none of its own."""
        node: pikepdf.Object = self.handle.obj
        for _ in range(_DEEPEST):
            found = node.get("/Resources")
            if isinstance(found, pikepdf.Dictionary):
                return found
            node = node["/Parent"]
        raise LookupError("/Resources")

    @property
    def seen(self) -> tuple[float, float]:
        """Width and height as it is seen, in points."""
        lying = self.turn % (2 * _QUARTER) != 0
        return (self.box.height, self.box.width) if lying else (self.box.width, self.box.height)


@dataclass(frozen=True, slots=True)
class PdfDocument:
    """A document that was opened."""

    file: pikepdf.Pdf
    total: int
    producer: str

    def page(self, number: int) -> PdfPage | None:
        """Return a page, counted from 0; None when something about it is odd."""
        try:
            page = self.file.pages[number]
            media, crop = _box(page.mediabox), _box(page.cropbox)
            seen = Box(
                max(media.left, crop.left),
                max(media.bottom, crop.bottom),
                min(media.right, crop.right),
                min(media.top, crop.top),
            )
            if min(seen.width, seen.height) <= 0:  # a crop box beside the page crops nothing
                seen = media
            turn = _turn(page)
        except Exception:  # noqa: BLE001 - hostile bytes reach any line; poppler's word counts
            return None
        if min(seen.width, seen.height) <= 0 or turn is None:
            return None
        return PdfPage(page, seen, turn)


def open_pdf(source: str | BinaryIO) -> PdfDocument | None:
    """Open a PDF; None when it is for poppler to say what is wrong. The file is left open."""
    try:
        file = pikepdf.open(source, attempt_recovery=False, inherit_page_attributes=False)
        claimed = int(file.Root.Pages.Count)
        if not 1 <= claimed <= _MOST_PAGES:
            return None
        if len(file.pages) != claimed:
            return None
        return PdfDocument(file, claimed, _producer(file))
    except Exception:  # noqa: BLE001 - as above
        return None


def open_repaired(path: str) -> tuple[PdfDocument | None, bytes]:
    """Open a copy of a PDF made of all objects that qpdf finds in it, and return the copy too.

    poppler finds less: nothing of a file with object streams whose cross-reference is not where it
    should be, for example.
    """
    out = io.BytesIO()
    try:
        with pikepdf.open(path, inherit_page_attributes=False) as file:
            claimed = int(file.Root.Pages.get("/Count", 0))  # corrected when pages are asked for
            if len(file.pages) < claimed:
                return None, b""  # poppler names the pages that are missing
            file.save(
                out,
                compress_streams=False,
                stream_decode_level=pikepdf.StreamDecodeLevel.none,
                object_stream_mode=pikepdf.ObjectStreamMode.disable,
            )
    except Exception:  # noqa: BLE001 - as above
        return None, b""
    return open_pdf(out), out.getvalue()


def _producer(file: pikepdf.Pdf) -> str:
    info = file.trailer.get("/Info")
    if not isinstance(info, pikepdf.Dictionary):
        return ""
    return images.joined(
        str(value)
        for value in (info.get("/Producer"), info.get("/Creator"))
        if isinstance(value, pikepdf.String)
    )


def _box(numbers: pikepdf.Array) -> Box:
    x0, y0, x1, y1 = (float(number) for number in numbers)
    return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _turn(page: pikepdf.Page) -> int | None:
    turn = page.rotation
    return turn % 360 if turn % _QUARTER == 0 else None


class Matrix(NamedTuple):
    """A transformation [a b c d e f] of PDF: x' = a x + c y + e, y' = b x + d y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, after: "Matrix") -> "Matrix":
        """Return this transformation followed by another."""
        a, b, c, d, e, f = after
        return Matrix(
            self.a * a + self.b * c,
            self.a * b + self.b * d,
            self.c * a + self.d * c,
            self.c * b + self.d * d,
            self.e * a + self.f * c + e,
            self.e * b + self.f * d + f,
        )

    @property
    def straight(self) -> bool:
        """Whether sides stay parallel to the axes."""
        size = max(map(abs, self[:4]))
        upright, lying = max(abs(self.b), abs(self.c)), max(abs(self.a), abs(self.d))
        return size > 0 and min(upright, lying) <= 1e-4 * size

    def box(self, x: float = 0, y: float = 0, width: float = 1, height: float = 1) -> Box:
        """Return where a rectangle comes to lie, the unit square if none is named."""
        corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
        across = [self.a * u + self.c * v + self.e for u, v in corners]
        up = [self.b * u + self.d * v + self.f for u, v in corners]
        return Box(min(across), min(up), max(across), max(up))


def filter_of(stream: pikepdf.Stream) -> tuple[str, pikepdf.Dictionary] | None:
    """Return the one filter of a stream, "" for none, and its parameters; None for a chain."""
    name, parameters = stream.get("/Filter"), stream.get("/DecodeParms")
    if isinstance(name, pikepdf.Array):
        if len(name) != 1 or (isinstance(parameters, pikepdf.Array) and len(parameters) != 1):
            return None
        name = name[0]
    if isinstance(parameters, pikepdf.Array):
        parameters = parameters[0]
    if not isinstance(parameters, pikepdf.Dictionary):
        parameters = pikepdf.Dictionary()
    return ("" if name is None else str(name)), parameters


def unpacked(stream: object, most: int) -> bytes | None:
    """Return what a stream holds.

    Args:
        stream: Plain, or packed by Flate and nothing else.
        most: Bytes that it may have.

    Returns:
        Its bytes; None when they are more, damaged, packed otherwise, or in another file.
    """
    if not isinstance(stream, pikepdf.Stream) or "/F" in stream or most <= 0:
        return None
    packing = filter_of(stream)
    if packing is None or len(packing[1]):
        return None
    raw = stream.read_raw_bytes()
    if packing[0] == "":
        return raw if len(raw) <= most else None
    if packing[0] != "/FlateDecode":
        return None
    unpacking = zlib.decompressobj()
    try:
        whole = unpacking.decompress(raw, most)
    except zlib.error:
        return None
    return whole if unpacking.eof else None


class PlacedImage(NamedTuple):
    """An image and where the unit square that it fills comes to lie on the page."""

    image: pikepdf.Stream
    matrix: Matrix


def only_image(file: pikepdf.Pdf, page: PdfPage) -> PlacedImage | None:
    """Return the one image that a page consists of, None when there is more to it, or less.

    Raises:
        Exception: Whatever pikepdf raises over broken bytes.
    """
    if page.handle.get("/Annots") or _has_default_colours(page):
        return None
    content = _content(page.handle)
    if content is None or not _may_be_a_scan(content):
        return None
    reader = _ContentReader(page)
    if not reader.follow(pikepdf.parse_content_stream(pikepdf.Stream(file, content))):
        return None
    return reader.placed


def _has_default_colours(page: PdfPage) -> bool:
    """Whether the page says what a device's colours are to be instead (ISO 32000-1, 8.6.5.6)."""
    spaces = page.resources.get("/ColorSpace", pikepdf.Dictionary())
    return any(str(name).startswith("/Default") for name in spaces.keys())  # noqa: SIM118 -- no dict


def _may_be_a_scan(content: bytes) -> bool:
    """Whether following the content is worth while: most pages show at one glance that it is not.

    A painting operator inside a text string is mistaken for one, which costs time only.
    """
    if b"Do" not in content or _PAINTS.search(content):
        return False
    return not _SHOWS.search(content) or bool(_HIDES.search(content))


def _content(page: pikepdf.Page) -> bytes | None:
    """Return the content of a page, None when it is longer than a scan's can be."""
    found = page.get("/Contents")
    streams = list(found) if isinstance(found, pikepdf.Array) else [found]
    whole = b""
    for stream in streams[: _MOST_STREAMS + 1]:
        part = unpacked(stream, _MOST_BYTES - len(whole))
        if part is None:
            return None
        whole += part + b"\n"
    return whole if len(streams) <= _MOST_STREAMS else None


@dataclass(slots=True)
class _ContentReader:
    """How far a content stream was followed."""

    page: PdfPage
    placed: PlacedImage | None = None
    _matrix: Matrix = field(default_factory=Matrix)
    _text_mode: int = 0
    _saved: list[tuple[Matrix, int]] = field(default_factory=list)
    _path: list[Box] = field(default_factory=list)

    def follow(self, instructions: Iterable[object]) -> bool:
        """Go through the whole stream; False as soon as something is not known to be harmless."""
        for instruction in instructions:
            if not isinstance(instruction, pikepdf.ContentStreamInstruction):
                return False  # an inline image
            word = str(instruction.operator)
            if word not in _HARMLESS and not self._take(word, list(instruction.operands)):
                return False
        return self.placed is not None

    def _take(self, word: str, operands: list[object]) -> bool:
        if word in _SHOWS_TEXT:
            return self._text_mode == _INVISIBLE and not self._has_drawn_font()
        act = {
            "q": self._save, "Q": self._restore, "cm": self._move, "Do": self._show,
            "Tr": self._set_text_mode, "re": self._add_rectangle, "W": self._clip,
            "W*": self._clip, "n": self._end_path, "gs": self._set_state,
            "BDC": self._mark, "DP": self._mark,
        }.get(word)  # fmt: skip
        return act is not None and act(operands)

    def _save(self, _: Sequence[object]) -> bool:
        self._saved.append((self._matrix, self._text_mode))
        return len(self._saved) <= _DEEPEST

    def _restore(self, _: Sequence[object]) -> bool:
        if self._saved:
            self._matrix, self._text_mode = self._saved.pop()
        return True

    def _move(self, operands: Sequence[object]) -> bool:
        self._matrix = Matrix(*map(_number, operands)).then(self._matrix)
        return True

    def _show(self, operands: Sequence[object]) -> bool:
        (name,) = operands
        shown = self._resource("/XObject", str(name))
        if self.placed is not None or not isinstance(shown, pikepdf.Stream):
            return False
        self.placed = PlacedImage(shown, self._matrix)
        return self._matrix.straight and shown.get("/Subtype") == "/Image"

    def _set_text_mode(self, operands: Sequence[object]) -> bool:
        (mode,) = operands
        self._text_mode = int(_number(mode))
        return True

    def _add_rectangle(self, operands: Sequence[object]) -> bool:
        x, y, width, height = map(_number, operands)
        self._path.append(self._matrix.box(x, y, width, height))
        return self._matrix.straight and len(self._path) == 1

    def _clip(self, _: Sequence[object]) -> bool:
        box = self.page.box
        return all(
            path.left <= box.left + _SLACK
            and path.bottom <= box.bottom + _SLACK
            and path.right >= box.right - _SLACK
            and path.top >= box.top - _SLACK
            for path in self._path
        ) and bool(self._path)

    def _end_path(self, _: Sequence[object]) -> bool:
        self._path.clear()
        return True

    def _set_state(self, operands: Sequence[object]) -> bool:
        (name,) = operands
        state = self._resource("/ExtGState", str(name))
        return isinstance(state, pikepdf.Dictionary) and all(
            value in _STATE.get(key, ()) for key, value in state.items()
        )

    def _mark(self, operands: Sequence[object]) -> bool:
        return str(operands[0]) != "/OC"  # content that may be switched off

    def _has_drawn_font(self) -> bool:
        """Whether a font is made of drawings, which no text mode hides."""
        fonts = self.page.resources.get("/Font", pikepdf.Dictionary())
        return any(font.get("/Subtype") == "/Type3" for _, font in fonts.items())

    def _resource(self, kind: str, name: str) -> object:
        return self.page.resources[kind][name]


def _number(value: object) -> float:
    return float(str(value))
