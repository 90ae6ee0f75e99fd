import io
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from numpy.typing import NDArray
from PIL import Image

import docsorter
from starter import document, invoice_designed, invoice_service
from starter.capture import Capture
from starter.document import generate
from starter.kinds import EVERY, SPLITS, Split, kinds_of
from starter.typesetting import LOCALES, SCRIPTS, Locale, Writer, items, split_of, words

_DIGITAL = Capture("digital", 0)
_DRAWN = 8
_CELLS = (12, 16)
_WORD = re.compile(r"[^\W\u0600-\u06ff]{5,}")  # a PDF may keep Arabic in joined shapes
_PICTURES = {"photo", "plot", "map", "drawing"}


def _fingerprint(page: Image.Image) -> NDArray[np.float64]:
    """Return where the ink is: darkness in 12 by 16 cells, scaled to length 1."""
    grey = np.asarray(page.convert("L"), float)
    ink = np.clip(np.percentile(grey, 80) - grey, 0, None)  # the paper may be coloured
    small = Image.fromarray(ink.astype(np.uint8)).resize(_CELLS, Image.Resampling.BOX)
    cells = np.asarray(small, float)
    return (cells / max(float(np.linalg.norm(cells)), 1e-9)).ravel()


def _distinct(prints: list[NDArray[np.float64]], apart: float) -> int:
    """Count fingerprints of which no two are closer than ``apart`` (cosine distance)."""
    kept: list[NDArray[np.float64]] = []
    for print_ in prints:
        if all(1 - float(print_ @ other) > apart for other in kept):
            kept.append(print_)
    return len(kept)


@pytest.mark.slow
@pytest.mark.parametrize("label", ["invoice", "claim", "letter"])
def test_documents_of_a_kind_look_different(label: str) -> None:
    everything = []
    for kind in kinds_of(label):  # type: ignore[arg-type]
        pages = [
            generate(kind, 50 + i, "train", height=150, locale="en_GB", capture=_DIGITAL).pages[0]
            for i in range(_DRAWN)
        ]
        prints = [_fingerprint(page) for page in pages]
        assert _distinct(prints, 0.05) >= _DRAWN - 2, kind
        everything += prints
    assert _distinct(everything, 0.05) >= 0.85 * len(everything)


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test"])
def test_whatever_was_written_stands_on_the_page(split: Split) -> None:
    for seed, kind in enumerate(EVERY):
        if kind in _PICTURES:
            continue
        made = generate(  # a locale, so that all letters are Latin: what pdftotext can read
            kind, seed, split, height=40, locale=LOCALES[seed % 13].code, capture=_DIGITAL
        )
        texts = re.findall(r'#"((?:[^"\\]|\\.)*)";', made.source)
        written = [word for text in texts for word in _WORD.findall(text)]
        done = subprocess.run(
            ["pdftotext", "-", "-"], input=made.pdf(), capture_output=True, check=True
        )
        printed = "".join(done.stdout.decode().split())  # one script may stand apart from another
        missing = [word for word in written if word not in printed]  # a few are hyphenated
        assert len(missing) <= 0.15 * len(written), f"{kind}: {missing[:8]}"


_LANGUAGES = {locale.language: locale.code for locale in LOCALES}


def test_the_same_seed_makes_the_same_document() -> None:
    first, second = (generate("invoice-business", 11, "train", height=300) for _ in range(2))
    assert first.layout == second.layout
    assert first.capture == second.capture
    assert first.source == second.source
    assert [p.tobytes() for p in first.pages] == [p.tobytes() for p in second.pages]


_SOURCES = """
import sys, zlib
from starter.document import generate
for code in sys.argv[1:]:
    kinds = ("invoice-utility", "claim-loss", "letter-business")
    texts = [generate(kind, 1, "train", height=60, locale=code).source for kind in kinds]
    print(code, zlib.crc32("".join(texts).encode()))
"""


@pytest.mark.slow
def test_another_process_makes_the_same_document() -> None:
    codes = [locale.code for locale in LOCALES]
    printed = {
        subprocess.run(
            [sys.executable, "-c", _SOURCES, *codes],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(docsorter.__file__).parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop().splitlines()) == len(LOCALES)


def test_another_seed_or_split_makes_another_document() -> None:
    base = generate("letter-memo", 3, "train", height=300)
    assert generate("letter-memo", 4, "train", height=300).source != base.source
    assert generate("letter-memo", 3, "test", height=300).source != base.source


def test_what_is_known_of_a_document_is_true() -> None:
    made = generate("claim-travel", 8, "test", height=300, locale="fr_FR", capture=_DIGITAL)
    assert made.label == "claim"
    assert made.locale == "fr_FR"
    assert made.capture == "digital"
    assert made.layout.startswith("claim-travel-")
    assert made.split == "test"


def test_an_unknown_kind_or_locale_is_refused() -> None:
    with pytest.raises(KeyError):
        generate("poem", 1, "train")
    with pytest.raises(KeyError):
        generate("receipt", 1, "train", locale="xx_XX")


def _unset(_: str, __: float, height: int) -> list[Image.Image]:
    return [Image.new("RGB", (height, height))]


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(len(_LANGUAGES)))
def test_every_kind_is_written_in_every_language_and_rendered_in_a_third_of_them(
    turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    locale = _LANGUAGES[sorted(_LANGUAGES)[turn]]
    for seed, kind in enumerate(EVERY):
        rendered = (seed + turn) % 3 == 0
        with monkeypatch.context() as patch:
            if not rendered:
                patch.setattr(document, "to_images", _unset)  # typesetting takes most of the time
            made = generate(kind, seed, "train", height=160, locale=locale, capture=_DIGITAL)
        page = np.asarray(made.pages[0])
        assert page.ndim == 3
        assert page.shape[2] == 3
        assert not rendered or kind == "blank" or page.std() > 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(EVERY))
def test_pages_have_the_size_of_paper(kind: str) -> None:
    for page in generate(kind, 21, "test", height=400).pages:
        assert page.mode == "RGB"
        assert 0.25 < page.width / page.height < 4.0
        assert 100 < max(page.size) < 2400


def test_a_sheet_is_about_as_high_as_asked() -> None:
    page = generate("letter-personal", 2, "train", height=640, capture=_DIGITAL).pages[0]
    assert 590 < page.height < 645
    assert 0.68 < page.width / page.height < 0.8


@pytest.mark.parametrize("kind", ["letter-business", "claim-medical", "receipt"])
def test_a_document_can_be_a_pdf_that_was_born_digital(kind: str) -> None:
    made = generate(kind, 5, "test", height=300)
    assert made.pdf() == made.pdf()
    with pikepdf.open(io.BytesIO(made.pdf())) as pdf:
        assert len(pdf.pages) == len(made.pages)


def test_a_photograph_has_no_pdf() -> None:
    with pytest.raises(ValueError, match="no typeset form"):
        generate("photo", 1, "train", height=200).pdf()


def test_a_continued_letter_has_a_second_page() -> None:
    assert len(generate("letter-continued", 9, "train", height=200).pages) >= 2


def test_every_language_knows_every_word() -> None:
    for language in _LANGUAGES:
        assert all(words(language, "invoice"))
        assert all(words(language, "claim_motor"))
        assert len(items(language)) >= 10


@pytest.mark.parametrize("locale", [*LOCALES, *SCRIPTS], ids=lambda locale: locale.code)
def test_sentences_of_invoices_are_filled_in(locale: Locale) -> None:
    said = Writer(locale, random.Random(1)).notices(30)
    assert len(said) > 40
    assert not set("{}") & set(said)


def test_a_word_that_a_script_lacks_is_printed_in_english() -> None:
    assert words("zh", "invoice") != words("en", "invoice")
    assert words("zh", "mileage") == words("en", "mileage")


def test_an_invoice_in_another_script_is_hardly_latin() -> None:
    source = generate("invoice-script", 6, "train", height=60, capture=_DIGITAL).source
    said = "".join(re.findall(r'#"((?:[^"\\\\]|\\\\.)*)";', source))
    letters = [c for c in said if c.isalpha()]
    assert sum(c > "\u036f" for c in letters) > 0.3 * len(letters)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("kind", [*invoice_service.SLOTS, *invoice_designed.SLOTS])
def test_an_invoice_without_a_table_of_goods_is_made_for_both_splits(
    kind: str, split: Split
) -> None:
    first, second = (generate(kind, 4, split, height=60, capture=_DIGITAL) for _ in range(2))
    assert split_of(first.layout) == split
    assert first.source == second.source
    assert first.label == "invoice"


def test_there_are_eight_languages_and_several_kinds_a_label() -> None:
    assert len(_LANGUAGES) >= 8
    assert all(len(kinds_of(label)) >= 6 for label in ("invoice", "claim", "letter"))
    assert len(kinds_of("other")) >= 20
