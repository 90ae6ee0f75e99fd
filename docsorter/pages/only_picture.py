"""Whether a PDF page is nothing but one picture, as scanners write it, and where it lies on it.

Its content stream is read by a grammar that knows only what leaves no mark: saving, moving, state
that text and lines have, invisible text as recognition adds it, clipping to more than the page. One
word outside of it, and the page is not for this path.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import pikepdf

from docsorter.pages.matrix import Matrix
from docsorter.pages.outline import Box, Sheet
from docsorter.pages.unpacking import unpacked

_MOST_BYTES: Final = 1 << 18  # of a content stream, unpacked: an invisible text layer fits
_MOST_STREAMS: Final = 16
_INVISIBLE: Final = 3  # text rendering mode, ISO 32000-1, table 106
_SLACK: Final = 0.5  # points by which a clip may cut into the page
_DEEPEST: Final = 64
# Operators that paint nothing and move nothing that a picture depends on (ISO 32000-1, annex A).
_HARMLESS: Final = frozenset(
    [
        "BT",
        "ET",
        "Tc",
        "Tw",
        "Tz",
        "TL",
        "Tf",
        "Td",
        "TD",
        "Tm",
        "T*",
        "Ts",
        "w",
        "J",
        "j",
        "M",
        "d",
        "i",
        "ri",
        "g",
        "G",
        "rg",
        "RG",
        "k",
        "K",
        "cs",
        "CS",
        "sc",
        "SC",
        "scn",
        "SCN",
        "MP",
        "BMC",
        "EMC",
        "BX",
        "EX",
    ]
)
_SHOWS_TEXT: Final = frozenset({"Tj", "TJ", "'", '"'})
_PAINTS: Final = re.compile(rb"[\s\])](?:[fFSsBb]\*?|sh|BI)\s")
_SHOWS: Final = re.compile(rb"T[jJ]\s")
_HIDES: Final = re.compile(rb"\s3\s+Tr\s")
_STATE: Final = {
    "/Type": ("/ExtGState",), "/BM": ("/Normal", "/Compatible"), "/SMask": ("/None",),
    "/ca": (1,), "/CA": (1,), "/SA": (True, False), "/AIS": (False,), "/OP": (False,),
    "/op": (False,), "/OPM": (0, 1),
}  # fmt: skip


class Placed(NamedTuple):
    """A picture and where the unit square that it fills comes to lie on the page."""

    picture: pikepdf.Stream
    matrix: Matrix


def only_picture(file: pikepdf.Pdf, sheet: Sheet) -> Placed | None:
    """Return the one picture that a page consists of, None when there is more to it, or less.

    Args:
        file: The document.
        sheet: The page.

    Raises:
        Exception: Whatever pikepdf raises over broken bytes.
    """
    if sheet.page.get("/Annots") or _has_default_colours(sheet):
        return None
    content = _content(sheet.page)
    if content is None or not _may_be_a_scan(content):
        return None
    reading = _Reading(sheet)
    if not reading.follow(pikepdf.parse_content_stream(pikepdf.Stream(file, content))):
        return None
    return reading.placed


def _has_default_colours(sheet: Sheet) -> bool:
    """Whether the page says what a device's colours are to be instead (ISO 32000-1, 8.6.5.6)."""
    spaces = sheet.resources.get("/ColorSpace", pikepdf.Dictionary())
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
class _Reading:
    """How far a content stream was followed."""

    sheet: Sheet
    placed: Placed | None = None
    _matrix: Matrix = field(default_factory=Matrix)
    _text_mode: int = 0
    _saved: list[tuple[Matrix, int]] = field(default_factory=list)
    _path: list[Box] = field(default_factory=list)

    def follow(self, instructions: Iterable[object]) -> bool:
        """Go through the whole stream; False as soon as something is not known to be harmless."""
        for instruction in instructions:
            if not isinstance(instruction, pikepdf.ContentStreamInstruction):
                return False  # a picture inside the stream
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
        self.placed = Placed(shown, self._matrix)
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
        page = self.sheet.box
        return all(
            path.left <= page.left + _SLACK
            and path.bottom <= page.bottom + _SLACK
            and path.right >= page.right - _SLACK
            and path.top >= page.top - _SLACK
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
        fonts = self.sheet.resources.get("/Font", pikepdf.Dictionary())
        return any(font.get("/Subtype") == "/Type3" for _, font in fonts.items())

    def _resource(self, kind: str, name: str) -> object:
        return self.sheet.resources[kind][name]


def _number(value: object) -> float:
    return float(str(value))
