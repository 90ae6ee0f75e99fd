"""The words of a page, read in the child: from the text layer of a PDF, or by Tesseract.

A text layer says what its writer likes: it may be invisible, hidden under a picture or be what some
scanner recognised. A word of it counts only where the page looks different once it has no fonts, so
that what is drawn there is that text, and where no other word lies. A page of which the layer has
too little, or of which too much fails, is read like a scan.
"""

import html
import io
import itertools
import math
import re
import resource
import signal
import subprocess
import unicodedata
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import pikepdf
from PIL import Image, ImageChops

from docsorter.pages import poppler
from docsorter.pages.images import KilledError, PageRequest, damaged, readable
from docsorter.pages.pdf_structure import PdfDocument, PdfPage, only_image, open_pdf
from docsorter.pages.protocol import MOST_WORD_BYTES, MOST_WORDS, ReadRequest

_Box = tuple[float, float, float, float]
FoundWord = tuple[str, _Box]
"""A word, and left, top, right and bottom as shares of the page, 0-1."""

_LAYER: Final = re.compile(
    rb'<word xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)">(.*?)</word>'
)
_MOST_SAID: Final = 1 << 20  # bytes that a program may say of a page; more end it
_MOST_CLAIMED: Final = 5000  # words of a layer
_MOST_OBJECTS: Final = 20_000  # that a page may be made of
_ELSEWHERE: Final = frozenset({"/Parent", "/P", "/Popup", "/Dest", "/A", "/AA", "/B"})
"""Keys that lead from a page or its annotations to other pages."""
_LAYER_SECONDS: Final = 2  # of processor time
_OCR_SECONDS: Final = 10
_SEEN: Final = 32  # levels by which text differs from its ground, to be seen
_LEAST_INK: Final = 0.03  # of a word's box
_LEAST_HEIGHT: Final = 0.005  # of the longer side: 4.2 points on A4
_SHORT: Final = 2  # letters
_COVERED: Final = 0.4  # of the smaller of two words: they lie on top of each other
_MOST_FAILING: Final = 0.3  # of the words of a layer
_CELL: Final = 14  # pixels; writing is compared by cells, so that a picture's solid ink weighs less
_LEAST_SHARE: Final = 0.2  # of the cells with something on them: those that text is in
_HALF: Final = 0.5
_MARGIN: Final = 0.01  # of the height, above and below that strip
_STRIP: Final = 0.05  # of the height: what is recognised to compare a layer with
_LONG_WORD: Final = 4  # letters; shorter ones are found anywhere
_LEAST_ALIKE: Final = 0.4  # of the groups of letters
_UPPER: Final = 0.5  # of the height
_ENOUGH: Final = 100
"""Words of the upper half that are enough. With whole pages 0.77 of 198 real documents were sorted
and 1.9 % of 414 foreign ones, so 0.76 and 1.9 %, from 60 words on 0.75 and 2.4 %; a full page takes
2.4 s of a processor, its half 1.4 s."""

_CONFIDENCE: Final = 30.0  # of 0-100, of what Tesseract recognises
_WORD_LEVEL: Final = "5"
_COLUMNS: Final = 12
_UPRIGHT: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def cut(words: Iterable[FoundWord]) -> list[list[str | float]]:
    """Return words as they leave the child: no more of them than anybody reads."""
    kept = list(itertools.islice(words, MOST_WORDS))
    ends = itertools.accumulate(len(text.encode()) for text, _ in kept)
    return [
        [text, *(round(side, 4) for side in box)]
        for (text, box), end in zip(kept, ends, strict=True)
        if end <= MOST_WORD_BYTES
    ]


@dataclass(slots=True)
class LayerFindings:
    """What was found of a text layer.

    Attributes:
        words: Those that people see; none where the layer is not to be trusted.
        shown: The page, where it had to be drawn for that.
    """

    words: list[FoundWord] = field(default_factory=list)
    shown: Image.Image | None = None


def examine_layer(wanted: PageRequest, languages: Sequence[str]) -> LayerFindings:
    """Find the words that a text layer lets people see.

    Args:
        wanted: Names the page; the document must be standard input.
        languages: What words can be recognised in, to compare some of them with what is seen.
    """
    found = LayerFindings()
    document = open_pdf(poppler.PATH)
    page = None if document is None else document.page(wanted.first)
    if document is None or page is None:
        return found
    try:
        # Of a scan the writing is not looked at: what a scanner recognised is not what is seen.
        claimed = [] if only_image(document.file, page) else _claimed(page, wanted.first)
        copy = _without_fonts(document, page) if claimed else b""
    except Exception:  # noqa: BLE001 - hostile bytes reach any line; the picture is read instead
        return found
    bare = _drawn(range(1), wanted, copy) if copy else None
    if bare is None:
        return found
    found.shown = shown = _drawn(range(wanted.first, wanted.first + 1), wanted)
    if shown is None or shown.size != bare.size:
        return found
    text = ImageChops.difference(shown, bare).point(_is_seen)
    seen = _trusted(claimed, shown, text)
    if not languages or _agrees(seen, shown, languages):
        found.words = seen
    return found


def _claimed(page: PdfPage, number: int) -> list[FoundWord]:
    """Return the words of a text layer, "" for one that makes no sense; of too many none."""
    pages = str(number + 1)
    # Slanting text would lie across all others; it is a watermark.
    command = ["pdftotext", "-q", "-nodiag", "-cropbox", "-bbox", "-enc", "UTF-8"]
    said, ending = _output([*command, "-f", pages, "-l", pages, poppler.PATH, "-"], _LAYER_SECONDS)
    if ending:
        return []
    width, height = page.seen
    found: list[FoundWord] = []
    for match in _LAYER.finditer(said):
        left, top, right, bottom = map(float, match.groups()[:4])
        box = left / width, top / height, right / width, bottom / height
        inside = box[0] < box[2] and box[1] < box[3] and box[2] > 0 and box[3] > 0
        if not (inside and box[0] < 1 and box[1] < 1):
            continue
        text = html.unescape(match[5].decode(errors="replace"))
        clipped = (max(0.0, box[0]), max(0.0, box[1]), min(1.0, box[2]), min(1.0, box[3]))
        if not _is_mark(text):
            found.append((readable(text), clipped))
    return found if len(found) <= _MOST_CLAIMED else []


def _is_mark(text: str) -> bool:
    """Whether there is no letter or figure to be read: a bullet, a rule of dots."""
    marks = (unicodedata.category(character)[0] in "PSMZ" for character in text)
    return all(marks) and "\N{REPLACEMENT CHARACTER}" not in text


def _without_fonts(document: PdfDocument, page: PdfPage) -> bytes:
    """Return a PDF of one page in which poppler finds no font, so that it draws no text.

    Raises:
        ValueError: The page is made of too much.
        Exception: Whatever pikepdf raises over broken bytes.
    """
    out = io.BytesIO()
    with pikepdf.new() as copy, warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of fields without their form, which are drawn all the same
        copy.pages.append(page.handle)
        if "/OCProperties" in document.file.Root:  # what is switched off stays so
            copy.Root.OCProperties = copy.copy_foreign(document.file.Root.OCProperties)
        for node in _nodes(copy.pages[0].obj):
            fonts = node.get("/Font")
            if isinstance(fonts, pikepdf.Dictionary) and any(
                _is_mute(font) for _, font in fonts.items()
            ):
                raise ValueError("a font does not say what its letters are")
            if fonts is not None:
                del node["/Font"]
        copy.save(out, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return out.getvalue()


def _is_mute(font: pikepdf.Object) -> bool:
    """Whether a font has drawings or numbers for letters, and no map of what they mean."""
    kind, coded = font.get("/Subtype"), str(font.get("/Encoding"))
    numbered = kind == "/Type0" and coded.startswith("/Identity")
    return "/ToUnicode" not in font and (kind == "/Type3" or numbered)


def _nodes(root: pikepdf.Object) -> Iterator[pikepdf.Object]:
    """Give every dictionary and stream that a page is made of, once."""
    waiting, met = [root], set()
    for _ in range(_MOST_OBJECTS):
        if not waiting:
            return
        node = waiting.pop()
        if node.is_indirect:
            if node.objgen in met:
                continue
            met.add(node.objgen)
        if isinstance(node, pikepdf.Array):
            inner = list(node)
        else:
            yield node
            inner = [value for key, value in node.items() if key not in _ELSEWHERE]
        kinds = pikepdf.Array, pikepdf.Dictionary, pikepdf.Stream
        waiting += [one for one in inner if isinstance(one, kinds)]
    raise ValueError("too many objects")


def _drawn(run: range, wanted: PageRequest, copy: bytes = b"") -> Image.Image | None:
    pages = poppler.render(run, wanted, copy).pages
    return pages[0].convert("L") if pages else None


def _is_seen(level: int) -> int:
    return 255 if level >= _SEEN else 0


def _trusted(claimed: list[FoundWord], shown: Image.Image, text: Image.Image) -> list[FoundWord]:
    """Return those words of a layer that people see; none when too much of it is not so.

    Args:
        claimed: What the layer says.
        shown: `L`, the page.
        text: `L`, 255 where that looks otherwise without its text, else 0.
    """
    covered = _covered([box for _, box in claimed])
    seen = [
        word
        for number, word in enumerate(claimed)
        if number not in covered and word[0] and _visible(word, shown, text)
    ]
    if len(claimed) - len(seen) > _MOST_FAILING * len(claimed):
        return []
    ground = max(range(256), key=shown.histogram().__getitem__)
    ink = shown.point(lambda level: _is_seen(abs(level - ground)))
    if _cells(text) < _LEAST_SHARE * _cells(ink):
        return []
    return seen


def _visible(word: FoundWord, shown: Image.Image, text: Image.Image) -> bool:
    """Whether people see a word, and can read it."""
    said, box = word
    width, height = text.size
    sides = (box[2] - box[0]) * width, (box[3] - box[1]) * height
    # A long word may run up the page, a short one is narrow by itself.
    letter = min(sides) if len(said) > _SHORT else max(sides)
    if letter < _LEAST_HEIGHT * max(text.size):
        return False
    left, top = int(box[0] * width), int(box[1] * height)
    right, bottom = -int(-box[2] * width // 1), -int(-box[3] * height // 1)
    place = left, top, max(right, left + 1), max(bottom, top + 1)
    levels = [level for level, many in enumerate(shown.crop(place).histogram()) if many]
    inked = text.crop(place).histogram()[255]
    enough = _LEAST_INK * (right - left) * (bottom - top)
    return levels[-1] - levels[0] >= _SEEN and inked >= enough


def _covered(boxes: list[_Box]) -> set[int]:
    """Return the numbers of boxes that lie on top of each other."""
    order = sorted(range(len(boxes)), key=boxes.__getitem__)
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in boxes]
    found: set[int] = set()
    for at, one in enumerate(order):
        _, top, end, bottom = boxes[one]
        for other in order[at + 1 :]:
            left, upper, right, lower = boxes[other]
            if left >= end:
                break
            common = (min(end, right) - left) * (min(bottom, lower) - max(top, upper))
            if min(bottom, lower) > max(top, upper) and (
                common > _COVERED * min(areas[one], areas[other])
            ):
                found |= {one, other}
    return found


def _cells(mask: Image.Image) -> int:
    """Return how many small squares of a picture of 0 and 255 have something in them."""
    return sum(mask.reduce(_CELL).histogram()[4:])


def _agrees(words: list[FoundWord], shown: Image.Image, languages: Sequence[str]) -> bool:
    """Whether a page reads as its layer says, which may say what it likes of letters.

    Two strips of the upper half are recognised: the one with most words, and the one of the
    tallest word. Of letters that are not ASCII nothing is known, since they may be of a language
    that is not installed.
    """
    plain = sorted(
        (word for word in words if word[0].isascii() and len(word[0]) >= _LONG_WORD),
        key=lambda word: word[1][1],
    )
    tops = [box[1] for _, box in plain]
    ends = [bisect_left(tops, top + _STRIP) for top in tops if top < _HALF]
    if not ends:
        return True
    densest = max(range(len(ends)), key=lambda at: ends[at] - at)
    tallest = max(range(len(ends)), key=lambda at: plain[at][1][3] - tops[at])
    strips = [plain[at : ends[at]] for at in sorted({densest, tallest})]
    seen = _groups(text for text, _ in _ocr(_cut_out(strips, shown), languages[:1]))
    claims = [_groups(text for text, _ in strip) for strip in strips]
    return all(len(claim & seen) >= _LEAST_ALIKE * len(claim) for claim in claims)


def _cut_out(strips: list[list[FoundWord]], shown: Image.Image) -> Image.Image:
    """Return the strips of a page that words are in, one below the other."""
    parts = []
    for strip in strips:
        first, last = min(box[1] for _, box in strip), max(box[3] for _, box in strip)
        edges = max(0.0, first - _MARGIN) * shown.height, min(1.0, last + _MARGIN) * shown.height
        parts.append(shown.crop((0, int(edges[0]), shown.width, int(edges[1]))))
    whole = Image.new("L", (shown.width, sum(part.height for part in parts)))
    for at, part in enumerate(parts):
        whole.paste(part, (0, sum(above.height for above in parts[:at])))
    return whole


def _groups(texts: Iterable[str]) -> set[str]:
    """Return the groups of so many letters that words are made of, in small letters."""
    letters = ("".join(filter(str.isalnum, text)).casefold() for text in texts)
    return {
        word[at : at + _LONG_WORD] for word in letters for at in range(len(word) - _LONG_WORD + 1)
    }


def recognise(picture: Image.Image, request: ReadRequest) -> list[FoundWord]:
    """Return the words of a picture, recognised by Tesseract.

    The lower half is read only where the upper one has few words: of full pages it is enough, and
    they take longest.

    Raises:
        DocumentError: Tesseract fails over it.
        TimeoutError: It takes too long.
        KilledError: It was killed from outside.
    """
    turn = _UPRIGHT.get(request.turned)
    page = picture.convert("L")
    page = page if turn is None else page.transpose(turn)
    found = _part(page, (0.0, _UPPER + _MARGIN), request.languages)
    found = [word for word in found if _middle(word) < _UPPER]
    if len(found) < _ENOUGH:
        rest = _part(page, (_UPPER - _MARGIN, 1.0), request.languages)
        found += [word for word in rest if _middle(word) >= _UPPER]
    return [(text, _lying(box, request.turned)) for text, box in found]


def _part(
    page: Image.Image, edges: tuple[float, float], languages: Sequence[str]
) -> list[FoundWord]:
    """Recognise the part of a page between two heights, 0-1; boxes are those of the page."""
    top, bottom = int(edges[0] * page.height), math.ceil(edges[1] * page.height)
    part = page.crop((0, top, page.width, bottom))
    offset, share = top / page.height, part.height / page.height
    return [
        (text, (left, offset + upper * share, right, round(offset + lower * share, 6)))
        for text, (left, upper, right, lower) in _ocr(part, languages)
    ]


def _middle(word: FoundWord) -> float:
    return (word[1][1] + word[1][3]) / 2


def _ocr(picture: Image.Image, languages: Sequence[str]) -> list[FoundWord]:
    pgm = io.BytesIO()
    picture.save(pgm, "PPM")
    named = "+".join(languages)
    command = ["tesseract", "-", "-", "-l", named, "--psm", "3", "--dpi", "150", "tsv"]
    said, ending = _output(command, _OCR_SECONDS, pgm.getvalue())
    if ending == -signal.SIGXCPU:
        raise TimeoutError
    if ending == -signal.SIGKILL:
        raise KilledError
    if ending:
        raise damaged("the page", f"its words cannot be recognised (exit status {ending})")
    return list(_recognised(said, *picture.size))


def _recognised(said: bytes, width: int, height: int) -> Iterator[FoundWord]:
    for line in said.decode(errors="replace").splitlines():
        fields = line.split("\t")
        if len(fields) != _COLUMNS or fields[0] != _WORD_LEVEL or float(fields[10]) < _CONFIDENCE:
            continue
        left, top, across, down = map(int, fields[6:10])
        text = readable(fields[11])
        if text and across > 0 and down > 0:
            yield text, (left / width, top / height, (left + across) / width, (top + down) / height)


def _lying(box: _Box, turned: int) -> _Box:
    """Return where a box of an upright page lies on the page that is turned clockwise."""
    left, top, right, bottom = box
    return {
        90: (1 - bottom, left, 1 - top, right),
        180: (1 - right, 1 - bottom, 1 - left, 1 - top),
        270: (top, 1 - right, bottom, 1 - left),
    }.get(turned, box)


def _output(command: list[str], seconds: int, given: bytes = b"") -> tuple[bytes, int]:
    """Run a program, bounded in what it may say and compute; it reads all before it says anything.

    Returns:
        What it said, and its exit status, negative for a signal.
    """
    source = subprocess.PIPE if given else None
    with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE) as process:
        # The sandbox lets nobody send signals: the kernel ends what computes too long.
        with suppress(ProcessLookupError):
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            soft = seconds if hard == resource.RLIM_INFINITY else min(seconds, hard)
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (soft, hard))
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.write(given)
                process.stdin.close()
        said = process.stdout.read(_MOST_SAID) if process.stdout else b""
    return said, process.returncode
