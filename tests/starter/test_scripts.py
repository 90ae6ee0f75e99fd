import random
import re

import pytest
import typst

from starter.capture import Capture
from starter.document import generate
from starter.kinds import SPLITS
from starter.scripts import draw_script, in_script
from starter.typesetting import LOCALES, FontBook, Locale, Writer, font_book, lit

_LATIN = re.compile("[A-Za-z]")


@pytest.mark.parametrize(
    "script", ["cyrillic", "greek", "arabic", "hebrew", "han", "japanese", "hangul", "ethiopic"]
)
def test_a_text_is_written_in_another_script_but_for_figures_and_addresses(script: str) -> None:
    source = f'#set text(font: "Roboto")\n{lit("Große Worte, 12.50")}{lit("a@b.example")}'
    turned = in_script(source, script, "Face")
    assert 'font: ("Roboto", "Face")' in turned
    assert "12.50" in turned
    assert lit("a@b.example") in turned
    (text, _) = re.findall(r'#"([^"]*)";', turned)
    assert not _LATIN.search(text)
    assert turned == in_script(source, script, "Face")


def test_text_from_right_to_left_is_set_so() -> None:
    assert in_script("", "arabic", "Face").startswith('#set text(lang: "ar")')
    assert in_script("", "greek", "Face") == ""


def test_a_script_is_drawn_only_where_a_face_has_its_letters() -> None:
    inside = typst.Fonts(include_system_fonts=False)
    bare = FontBook(inside, frozenset(inside.families()))
    rng = random.Random(1)
    assert {draw_script(bare, split, rng) for split in SPLITS for _ in range(300)} == {("", "")}
    drawn = {draw_script(font_book(), "test", rng)[1] for _ in range(300)} - {""}
    assert drawn <= font_book().families


def test_no_script_is_drawn_where_a_locale_was_asked_for() -> None:
    digital = Capture("digital", 0)
    codes = {
        generate("scrap", seed, "train", height=30, locale="en_GB", capture=digital).locale
        for seed in range(30)
    }
    assert codes == {"en_GB"}


@pytest.mark.parametrize("locale", LOCALES, ids=lambda locale: locale.code)
def test_sentences_have_about_as_many_words_as_asked_for(locale: Locale) -> None:
    writer, again = (Writer(locale, random.Random(3)) for _ in range(2))
    for length in (8, 12, 16):
        sentence = writer.sentence(length)
        assert length <= len(sentence.split()) <= length + 10
        assert sentence == again.sentence(length)
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "#" not in sentence
    assert len(writer.sentence(4).split()) < 8
