import random
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from starter import parts
from starter.parts import Filler, Pen, draw_hand, handwriting, handwriting_width, signature
from starter.typesetting import LOCALES, Writer, draw_style, font_book, lit, locale_named, to_images


@pytest.mark.parametrize("seed", range(12))
def test_every_mark_is_a_picture(seed: int) -> None:
    rng = random.Random(seed)
    marks = [
        parts.logo(rng, "#113355", "#ffcc00"),
        parts.seal(rng, "#000000"),
        parts.chart(rng, "#336699"),
        parts.stamp(rng, "BEZAHLT", "01.02.2026", "#aa0000"),
        parts.barcode(rng),
        parts.matrix_code(rng),
        parts.cars(rng, "#000000"),
        signature(rng),
        handwriting("Müller & Söhne, 12.50", draw_hand(rng), rng),
    ]
    for mark in marks:
        assert ET.fromstring(mark).get("viewBox")


def test_hands_differ_and_one_hand_repeats_itself() -> None:
    texts = [
        handwriting("amount", draw_hand(random.Random(s)), random.Random(s)) for s in (1, 1, 2)
    ]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_a_hand_forms_a_letter_alike_and_crosses_out() -> None:
    hand = draw_hand(random.Random(4))
    plain, struck = (
        handwriting("total", hand, random.Random(4), struck=crossed) for crossed in (False, True)
    )
    assert struck.count("M") == plain.count("M") + 1


def test_handwriting_is_not_cropped() -> None:
    pen = Pen(random.Random(12))
    written = f"#set page(width: 90mm, height: 20mm)\n{pen.write('lllll', 9)}"
    ink = np.asarray(to_images(written, 20, 200)[0].convert("L")) < 128
    rows = np.flatnonzero(ink.any(axis=1))
    assert rows[-1] - rows[0] > 55  # pixels; 50 are what a line of text takes


def test_longer_texts_are_wider() -> None:
    hand = draw_hand(random.Random(3))
    assert handwriting_width("twelve", hand, 6) > handwriting_width("one", hand, 6) > 0


def test_markup_prints_what_it_is_given_and_runs_none_of_it() -> None:
    nasty = '#panic("x") $ * _ ` \\ " ] [ @ // /* <label>'
    assert len(to_images(lit(nasty), 297, 200)) == 1


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.code)
def test_a_writer_knows_how_its_country_writes(locale: object) -> None:
    writer = Writer(locale, random.Random(1))  # type: ignore[arg-type]
    texts = [
        writer.company(),
        writer.person(),
        *writer.address(),
        writer.phone(),
        writer.iban(),
        writer.long_date(),
        writer.date(),
        writer.money(1234.5),
        writer.item(),
        writer.paragraph(),
    ]
    assert all(text.strip() for text in texts)
    assert "example" in writer.mail()


def test_sums_are_written_as_their_country_writes_them() -> None:
    written = {c: Writer(locale_named(c), random.Random(1)).money(1234.5) for c in
               ("en_US", "de_DE", "fr_FR", "nl_NL")}  # fmt: skip
    assert written["en_US"] == "$1,234.50"
    assert written["de_DE"] == "1.234,50 €"
    assert written["nl_NL"] == "€ 1.234,50"
    assert written["fr_FR"].startswith("1")
    assert written["fr_FR"].endswith("234,50 €")


def test_an_empty_form_stays_empty() -> None:
    rng = random.Random(1)
    style = draw_style(LOCALES[0], "train", font_book(), rng)
    filler = Filler(style, rng, "empty")
    assert filler.value("something", 9) == ""
    assert filler.signature(30) == ""
    assert not any(filler.tick() for _ in range(20))
