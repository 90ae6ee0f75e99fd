"""Words of a page are those that a person sees there, whatever the file says."""

import io
import math
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageDraw, ImageFont

from docsorter.documents import PageWords, ReasonCode
from docsorter.errors import DependencyError, DocumentError, NotFoundError
from docsorter.pages import words
from docsorter.pages.images import readable
from docsorter.pages.protocol import ReaderKilledError
from docsorter.pages.reader import (
    PageReader,
    installed_languages,
    known_languages,
    page_words,
    sandbox_report,
)
from docsorter.settings import PagesSettings, WordsSettings
from tests.pages import scan_files
from tests.pages.papers import exif, pdf, saved, sheet, stream_object, turned
from tests.pages.scan_files import scan
from tests.pages.test_limits import descendants, name_of, waited

LETTER = [
    b"Invoice number 4711", b"Please transfer the amount", b"within fourteen days",
    b"Kind regards from the office", b"Total amount 99.50 EUR",
]  # fmt: skip
SEEN = b" ".join(LETTER).decode().split()

needs_tesseract = pytest.mark.usefixtures("recognising")


@pytest.fixture(scope="module")
def plain() -> Iterator[PageReader]:
    """A reader that recognises nothing: what a text layer does not say stays unread."""
    with PageReader(PagesSettings(), words=WordsSettings(languages=())) as reader:
        yield reader


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "a.pdf"


def said(found: PageWords) -> list[str]:
    return [word.text for word in found.words]


def line(
    text: bytes, x: float = 60, y: float = 700, size: float = 14, before: bytes = b""
) -> bytes:
    return b"%s BT /F %g Tf %g %g Td (%s) Tj ET\n" % (before, size, x, y, text)


def changed(page: bytes, old: bytes, new: bytes) -> bytes:
    """Change a PDF, and write its table of objects again."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(page.replace(old, new))) as file:
        file.save(out)
    return out.getvalue()


def letter(before: bytes = b"") -> bytes:
    return b"".join(line(text, y=760 - 40 * at, before=before) for at, text in enumerate(LETTER))


def inked(reader: PageReader, path: Path, found: PageWords) -> bool:
    """Whether every word lies on ink of the page as a person gets it."""
    shown = Image.open(io.BytesIO(reader.preview(path, found.page))).convert("L")
    boxes = [word.box for word in found.words]
    sides = shown.width, shown.height, shown.width, shown.height
    places = [tuple(round(a * b) for a, b in zip(box, sides, strict=True)) for box in boxes]
    return all(low < 128 for low, _ in (shown.crop(one).getextrema() for one in places))  # type: ignore[arg-type, operator] # four edges, one band


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", ["", "/CropBox[30 400 560 800]"])
def test_a_text_layer_is_read_whole_in_its_order(
    plain: PageReader, written: Path, turn: int, crop: str
) -> None:
    written.write_bytes(pdf([letter()], page_keys=f"/Rotate {turn}{crop}"))
    found = plain.words(written)
    assert (found.page, found.source) == (0, "layer")
    assert said(found) == SEEN if turn < 270 else sorted(said(found)) == sorted(SEEN)
    assert inked(plain, written, found)


def test_any_page_can_be_asked_for(plain: PageReader, written: Path) -> None:
    written.write_bytes(pdf([letter(), line(b"Second page")]))
    assert said(plain.words(written, 1)) == ["Second", "page"]
    with pytest.raises(DependencyError):
        plain.words(written, 2)


GREY = Image.new("L", (300, 420), 200)
INVISIBLE = b"3 Tr " + b"".join(
    line(b"invoice", 60 + n % 8 * 60, 40 + n // 8 * 6, 5) for n in range(999)
)
OVER = b"q 1 g 40 40 500 760 re f Q "


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(scan(scan_files.jpeg(), after=INVISIBLE), id="recognised by a scanner"),
        pytest.param(
            scan(scan_files.jpeg(), after=INVISIBLE + b"0 0 m 9 9 l S"), id="and drawn upon"
        ),
        pytest.param(pdf([letter(b"3 Tr")]), id="invisible"),
        pytest.param(pdf([letter(b"1 g")]), id="white on white"),
        pytest.param(pdf([letter(b"0.95 g")]), id="nearly white"),
        pytest.param(pdf([letter() + OVER]), id="painted over"),
        pytest.param(scan(scan_files.jpeg(GREY), before=letter()), id="beneath a picture"),
        pytest.param(pdf([letter(b"0 0 9 9 re W n")]), id="clipped away"),
        pytest.param(pdf([letter()], box="0 0 5950 8420"), id="too small to read"),
        pytest.param(
            pdf([b"".join(line(b"invoice", y=700 + n / 9) for n in range(999))]), id="ever again"
        ),
        pytest.param(
            pdf([letter() + b"".join(line(b"claims", y=760 - 40 * n) for n in range(5))]),
            id="on top of each other",
        ),
        pytest.param(pdf([line(b"invoice", x=900)]), id="beside the page"),
        pytest.param(
            changed(
                pdf(
                    [b"/OC /L BDC " + letter() + b" EMC"],
                    resources="/Properties<</L 100 0 R>>",
                    extra=[b"<</Type/OCG/Name(x)>>"],
                ),
                b"/Type/Catalog",
                b"/Type/Catalog/OCProperties<</OCGs[100 0 R]/D<</OFF[100 0 R]>>>>",
            ),
            id="switched off",
        ),
    ],
)
def test_what_nobody_sees_is_not_read(plain: PageReader, written: Path, page: bytes) -> None:
    written.write_bytes(page)
    with pytest.raises(DependencyError, match="words of a picture"):
        plain.words(written)


@pytest.mark.parametrize(
    "hidden",
    [
        line(b"invoice invoice", y=100, before=b"3 Tr"),
        line(b"invoice invoice", y=100, before=b"1 g"),
        line(b"invoice invoice", y=100, size=1),
        line(b"invoice invoice", y=100) + b"1 g 0 90 500 40 re f",
        line(b"invoice invoice", x=640, y=100),
    ],
)
def test_a_few_hidden_words_are_left_out(plain: PageReader, written: Path, hidden: bytes) -> None:
    written.write_bytes(pdf([letter() + hidden]))
    assert said(plain.words(written)) == SEEN


def test_white_words_on_a_dark_bar_are_read(plain: PageReader, written: Path) -> None:
    bar = b"0 0 0.5 rg 40 90 500 40 re f " + line(b"Paid", y=100, before=b"1 g")
    written.write_bytes(pdf([letter() + bar]))
    assert said(plain.words(written)) == [*SEEN, "Paid"]


def test_a_stamp_on_a_scan_is_not_all_that_it_says(plain: PageReader, written: Path) -> None:
    written.write_bytes(scan(scan_files.jpeg(), after=line(b"Received", y=810, size=8)))
    with pytest.raises(DependencyError):
        plain.words(written)


TYPE_3 = (
    b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar 65"
    b"/Widths[1]/Encoding<</Differences[65/x]>>/CharProcs<</x 101 0 R>>>>"
)
NUMBERED = (
    b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType2/BaseFont/X/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
    b"/Supplement 0>>>>]>>"
)


@pytest.mark.parametrize("font", [TYPE_3, NUMBERED])
def test_fonts_that_do_not_say_what_their_letters_are_say_nothing(
    plain: PageReader, written: Path, font: bytes
) -> None:
    glyph = stream_object(b"1 0 0 0 1 1 d1 0 0 0.7 0.7 re f")
    content = letter() + b"BT /G 20 Tf 60 500 Td (AAAA AAAA) Tj ET"
    page = pdf([content], extra=[font, glyph])
    written.write_bytes(changed(page, b"/F 3 0 R", b"/F 3 0 R/G 100 0 R"))
    with pytest.raises(DependencyError):
        plain.words(written)


def _mapped(*pairs: tuple[int, str]) -> bytes:
    """A font whose letters have other meanings than looks."""
    rows = "".join(f"<{code:02x}> <{text.encode('utf-16-be').hex()}>\n" for code, text in pairs)
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(pairs)} beginbfchar\n{rows}endbfchar endcmap end end"
    )
    return stream_object(cmap.encode())


def with_map(content: bytes, *pairs: tuple[int, str]) -> bytes:
    page = pdf([content], extra=[_mapped(*pairs)])
    return changed(page, b"/BaseFont/Helvetica", b"/BaseFont/Helvetica/ToUnicode 100 0 R")


def test_marks_of_direction_and_of_no_width_are_taken_out(plain: PageReader, written: Path) -> None:
    pairs = [
        (ord("I"), "\u202eI"),
        (ord("o"), "o\u200b"),
        (ord("w"), "w\u2066"),
        (ord("f"), "\ufb01"),
    ]
    written.write_bytes(with_map(letter(), *pairs))
    assert said(plain.words(written))[:3] == ["Invoice", "number", "4711"]
    assert {"within", "fiourteen"} < set(said(plain.words(written)))


def test_letters_without_a_meaning_are_not_read(plain: PageReader, written: Path) -> None:
    written.write_bytes(with_map(letter(), (ord("e"), "\ue000"), (ord("a"), "\ufffd")))
    with pytest.raises(DependencyError):
        plain.words(written)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ofﬁce", "office"),
        ("\u202eeciovni", "eciovni"),
        ("in\u200bvo\u00adice", "invoice"),
        ("\uff21\uff22\uff11", "AB1"),
        ("99,50€", "99,50€"),
        ("€", "€"),
        ("Прочти", "Прочти"),
        ("a\x07b\n", "ab"),
        ("x" * 70, "x" * 64),
        ("x\ue123", ""),
        ("x\ufffd", ""),
        ("\ud800", ""),
        ("---", ""),
        ("", ""),
    ],
)
def test_a_word_is_what_people_read(text: str, word: str) -> None:
    assert readable(text) == word
    assert readable(word) == word


def test_a_heap_of_text_is_no_layer(plain: PageReader, written: Path) -> None:
    """Of ten megabytes `pdftotext` says more than is listened to, or computes for too long."""
    lines = (line(b"no", 5 + n % 90 * 6.5, 838 - n // 90 * 10, 4.5) for n in range(7200))
    written.write_bytes(pdf([b"".join(lines)]))
    with pytest.raises(DependencyError):
        plain.words(written)


def test_a_program_that_computes_or_talks_without_end_is_ended() -> None:
    said, ending = words._output(["yes"], 5)
    assert (len(said), ending) == (1 << 20, -signal.SIGPIPE)
    assert words._output(["sh", "-c", "while :; do :; done"], 1) == (b"", -signal.SIGXCPU)


def test_no_more_words_than_anybody_reads_leave_the_child(plain: PageReader, written: Path) -> None:
    lines = [
        line(b"many words of six letters each", 5 + n % 6 * 98, 838 - n // 6 * 6, 5.2)
        for n in range(800)
    ]
    written.write_bytes(pdf([b"".join(lines)]))
    assert len(plain.words(written).words) == 2000


WORD = ["invoice", 0.1, 0.1, 0.2, 0.2]
ANSWER: dict[str, object] = {"source": "layer", "words": [WORD]}


def test_words_that_a_child_sends_are_checked() -> None:
    (word,) = page_words(ANSWER, 3, ()).words
    assert (word.text, word.box) == ("invoice", (0.1, 0.1, 0.2, 0.2))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "person"},
        {"source": None},
        {"words": None},
        {"words": "invoice"},
        {"words": [WORD] * 2001},
        {"words": [["x" * 64, *WORD[1:]]] * 1800},
        {"words": [["x" * 65, *WORD[1:]]]},
        {"words": [["", *WORD[1:]]]},
        {"words": [["\u202einvoice", *WORD[1:]]]},
        {"words": [["in\nvoice", *WORD[1:]]]},
        {"words": [["two words", *WORD[1:]]]},
        {"words": [[7, *WORD[1:]]]},
        {"words": [WORD[:4]]},
        {"words": [["x", 0.2, 0.1, 0.1, 0.2]]},
        {"words": [["x", 0.1, 0.1, 0.2, 1.01]]},
        {"words": [["x", 0.1, 0.1, 0.2, math.nan]]},
        {"words": [["x", 0.1, 0.1, 0.2, math.inf]]},
        {"words": [["x", 0.1, 0.1, 0.2, True]]},
        {"words": [["x", 0.1, 0.1, 0.2, "1"]]},
        {"words": [{"text": "x"}]},
    ],
)
def test_words_that_make_no_sense_are_no_answer(changes: dict[str, object]) -> None:
    with pytest.raises(DocumentError, match="does not fit together") as caught:
        page_words({**ANSWER, **changes}, 0, ("eng",))
    assert caught.value.code == ReasonCode.DAMAGED


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that programs are found in first."""
    folder = tmp_path / "programs" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    known_languages.cache_clear()
    yield folder
    monkeypatch.undo()
    known_languages.cache_clear()


def tesseract(folder: Path, does: str) -> None:
    """Write a program that knows English and does something else."""
    lists = 'if [ "$1" = --list-langs ]; then echo list:; echo eng; exit; fi'
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\n{lists}\n{does}\n", encoding="utf-8")
    program.chmod(0o755)


ROW = "printf '5\\t1\\t1\\t1\\t1\\t1\\t%s\\t90\\tinvoice\\n'"


def recognised(path: Path, **settings: float) -> PageWords:
    with PageReader(PagesSettings(**settings)) as reader:
        return reader.words(saved(path / "a.png", sheet(300, 400)))


def test_what_is_recognised_is_where_it_stands(programs: Path, tmp_path: Path) -> None:
    tesseract(programs, "cat > /dev/null; " + ROW.replace("%s", "30\\t80\\t60\\t40"))
    found = recognised(tmp_path)
    assert (found.source, said(found)) == ("ocr", ["invoice"] * 2)  # in each half
    assert found.words[0].box == (0.1, 0.2, 0.3, 0.3)


@pytest.mark.parametrize(
    ("turn", "box"),
    [(90, (0.7, 0.1, 0.8, 0.3)), (180, (0.7, 0.7, 0.9, 0.8)), (270, (0.2, 0.7, 0.3, 0.9))],
)
def test_a_page_that_lies_turned_is_recognised_upright(
    programs: Path, tmp_path: Path, turn: int, box: tuple[float, ...]
) -> None:
    size = (300, 400) if turn == 180 else (400, 300)
    tesseract(programs, "cat > /dev/null; " + ROW.replace("%s", "30\\t80\\t60\\t40"))
    with PageReader(PagesSettings()) as reader:
        found = reader.words(saved(tmp_path / "a.png", sheet(*size)), turned=turn)
    assert found.words[0].box == box


def test_a_program_that_fails_is_an_error_and_no_words(programs: Path, tmp_path: Path) -> None:
    tesseract(programs, "exit 3")
    with pytest.raises(DocumentError, match=r"cannot be recognised \(exit status 3\)"):
        recognised(tmp_path)


def test_a_program_that_never_ends_meets_the_time_limit(programs: Path, tmp_path: Path) -> None:
    tesseract(programs, "while :; do :; done")
    with pytest.raises(DocumentError) as caught:
        recognised(tmp_path, time_limit_seconds=0.4)
    assert caught.value.code == ReasonCode.TIME_LIMIT


def test_a_program_killed_from_outside_is_no_fault_of_the_page(
    programs: Path, tmp_path: Path
) -> None:
    tesseract(programs, "while :; do :; done")
    path = saved(tmp_path / "a.png", sheet(300, 400))
    with PageReader(PagesSettings()) as reader, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(reader.words, path)

        def started() -> list[int]:
            below = descendants(reader.server_pid) if reader.server_pid else []
            return [pid for pid in below if "tesseract" in name_of(pid)]

        for pid in waited(started):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ReaderKilledError):
            reading.result(20)
        assert reader.server_pid is not None
        below = reader.server_pid
        waited(lambda: not descendants(below))


def test_the_program_reads_its_data_and_nothing_else(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir()
    (data / "eng").write_text("x", encoding="ascii")
    other.write_text("x", encoding="ascii")
    monkeypatch.setenv("TESSDATA_PREFIX", str(data))
    tesseract(programs, f"cat $TESSDATA_PREFIX/eng || exit 4; cat {other} && exit 5; exit 0")
    if sandbox_report()["landlock"].startswith("active"):
        assert recognised(tmp_path).words == ()


def test_a_program_that_says_what_it_likes_is_not_believed(programs: Path, tmp_path: Path) -> None:
    tesseract(programs, "cat > /dev/null; " + ROW.replace("%s", "30\\t80\\t60\\t600"))
    with pytest.raises(DocumentError, match="does not fit together"):
        recognised(tmp_path)
    tesseract(programs, "cat > /dev/null; yes 'no table'")
    with pytest.raises(DocumentError, match="cannot be recognised"):
        recognised(tmp_path)


def test_a_missing_program_or_language_names_its_package(
    programs: Path, tmp_path: Path, plain: PageReader
) -> None:
    tesseract(programs, "exit 1")
    assert installed_languages(("eng", "fra")) == ("eng",)
    path = saved(tmp_path / "a.png", sheet(300, 400))
    wanted = WordsSettings(languages=("fra", "chi_sim"))
    with (
        PageReader(PagesSettings(), words=wanted) as reader,
        pytest.raises(DependencyError) as caught,
    ):
        reader.words(path)
    remedy = "apt install tesseract-ocr tesseract-ocr-fra tesseract-ocr-chi-sim"
    assert caught.value.remedy == remedy


def test_without_the_program_no_language_is_installed(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(programs))
    assert installed_languages(("eng",)) == ()


@pytest.mark.parametrize("name", ["eng+deu", "../eng", "-l", "e", ""])
def test_only_names_of_languages_are_languages(name: str) -> None:
    with pytest.raises(ValueError, match="languages"):
        WordsSettings(languages=(name,))


def typed(*lines: str, size: tuple[int, int] = (700, 900)) -> Image.Image:
    page = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(36)
    for at, text in enumerate(lines):
        pen.text((60, 60 + at * (size[1] - 160) / max(1, len(lines) - 1)), text, "black", font)
    return page


@pytest.fixture
def english(recognising: None) -> Iterator[PageReader]:
    with PageReader(PagesSettings(), words=WordsSettings(languages=("eng",))) as reader:
        yield reader


@needs_tesseract
def test_a_scan_is_recognised(english: PageReader, tmp_path: Path) -> None:
    page = typed("Invoice number", "Total amount")
    path = saved(tmp_path / "a.jpg", turned(page, 6), exif=exif(orientation=6))
    found = english.words(path)
    assert (found.source, said(found)) == ("ocr", ["Invoice", "number", "Total", "amount"])
    assert inked(english, path, found)
    with pytest.raises(NotFoundError):
        english.words(path, 1)


@needs_tesseract
def test_a_layer_that_reads_otherwise_than_it_looks_is_not_believed(
    english: PageReader, plain: PageReader, written: Path
) -> None:
    written.write_bytes(pdf([letter()]))
    assert english.words(written).source == "layer"
    shifted = [(code, chr(code + 1)) for code in range(ord("a"), ord("y"))]
    written.write_bytes(with_map(letter(), *shifted))
    found = english.words(written)
    assert found.source == "ocr"
    assert said(found)[:2] == ["Invoice", "number"]
    heading = line(b"Reminder", y=800, size=30).replace(b"/F", b"/G")
    false = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 100 0 R>>"
    page = pdf([letter() + heading], extra=[_mapped(*shifted), false])
    written.write_bytes(changed(page, b"/F 3 0 R", b"/F 3 0 R/G 101 0 R"))
    assert plain.words(written).source == "layer"  # where there is nothing to compare it with
    found = english.words(written)
    assert (found.source, said(found)[0]) == ("ocr", "Reminder")


@needs_tesseract
def test_of_a_full_page_the_upper_half_is_enough(english: PageReader, tmp_path: Path) -> None:
    row = "one two three four five six seven eight nine ten"
    page = Image.new("RGB", (1000, 1400), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(28)
    for at in range(13):
        pen.text((60, 40 + at * 50), row, "black", font)
    pen.text((60, 1300), "Signature", "black", font)
    found = english.words(saved(tmp_path / "full.png", page))
    assert len(found.words) >= 100
    assert "Signature" not in said(found)
    assert max(word.box[3] for word in found.words) < 0.55
