"""How the words of a letter sound; the small lexicons here are as the real ones write them."""

import time
from collections.abc import Mapping

import pytest

from docsorter.decide.tone import tone
from docsorter.documents import Tone

LEXICONS: Mapping[str, Mapping[str, float]] = {
    "eng": {
        "happy": 0.7, "good": 0.5, "safe": 0.5, "clean": 0.4, "excellent": 0.7, "kind": 0.6,
        "dear": 0.4, "die": -0.7, "terrible": -0.6, "broken": -0.5, "rude": -0.6, "late": -0.3,
        "an": 0.5,
    },
    "deu": {
        "gut": 1.0, "zufrieden": 1.0, "freundlich": 1.0, "Dank": 1.0, "hervorragend": 1.0,
        "Mahnung": -1.0, "Ärger": -1.0, "falsch": -1.0, "kaputt": -0.7, "Trotz": -1.0,
    },
}  # fmt: skip
GERMAN = "Wir danken für das und der die "  # as any letter has them
ENGLISH = "this is the letter that I wrote to you for "


def heard(text: str) -> Tone:
    found = tone(text.split(), LEXICONS)
    assert found is not None
    return found


def test_a_complaint_sounds_negative_in_either_language() -> None:
    english = heard(ENGLISH + "terrible service, broken goods and rude staff, late, terrible.")
    german = heard(
        GERMAN + "Mahnung ist falsch, der Ärger mit dem kaputten Gerät, falsche Mahnungen."
    )

    assert (english.language, english.leaning, english.words) == ("eng", "negative", 5)
    assert (german.language, german.leaning, german.words) == ("deu", "negative", 6)
    assert -1 <= english.low < english.score < english.high < 0
    assert [word for word, _ in english.negative] == ["terrible", "rude", "broken", "late"]


def test_thanks_sound_positive() -> None:
    found = heard(GERMAN + "herzlichen Dank, gut, zufrieden, freundlichen, hervorragende Arbeit")
    assert (found.leaning, found.negative) == ("positive", ())
    assert sum(found.histogram) == found.words == 5
    assert found.histogram[-1] == 5


@pytest.mark.parametrize(
    ("text", "word", "score"),
    [
        (ENGLISH + "not a very good", "not good", 0.5 * -0.74),
        (ENGLISH + "isn\u2019t safe", "isn't safe", 0.5 * -0.74),
        (ENGLISH + "not now. Good", "Good", 0.5),  # the sentence has ended
        (ENGLISH + "not one of the many good", "good", 0.5),  # too far away
        (ENGLISH + "not bad good", "not good", 0.5 * -0.74),
        (ENGLISH + "not rude, late", "late", -0.3),  # only one word is turned
        (GERMAN + "nicht mehr zufrieden", "nicht zufrieden", -0.5),
        (GERMAN + "keinen Ärger", "keinen Ärger", 0.5),
    ],
)
def test_a_negation_turns_the_next_word_of_its_sentence(text: str, word: str, score: float) -> None:
    found = heard(text + (". excellent" if text.startswith(ENGLISH) else ". gut") * 4)
    assert dict((*found.negative, *found.positive))[word] == pytest.approx(score)


def test_strong_words_of_both_signs_show_though_the_score_is_near_zero() -> None:
    found = heard(GERMAN + "gut, freundlich, zufrieden; aber Mahnung, Ärger, falsch")
    assert abs(found.score) < 0.2
    assert found.mixed
    assert found.leaning == "mixed"
    assert "negative: Mahnung, Ärger, falsch; positive: gut" in found.sentence


def test_weak_words_near_zero_are_neutral_and_not_mixed() -> None:
    found = heard(ENGLISH + "late clean late clean late clean")
    assert (found.leaning, found.mixed) == ("neutral", False)


def test_greetings_and_farewells_say_nothing() -> None:
    letter = "Dear kind regards, Dear kind regards, Dear Kind wishes, " + ENGLISH
    assert tone(letter.split(), LEXICONS) is None
    assert tone((GERMAN + "Mit freundlichen Grüßen " * 6).split(), LEXICONS) is None


def test_a_word_of_another_language_is_not_mistaken() -> None:
    many = heard(GERMAN * 5 + "gut gut gut gut gut")
    assert (many.positive, many.negative) == ((("gut", 1.0),), ())  # "die" is no death
    french = "les mots sont bons et la lettre est gut happy gut happy gut"
    assert tone(french.split(" "), LEXICONS) is None


def test_a_capital_is_kept_apart_from_a_small_letter_but_not_from_capitals_throughout() -> None:
    words = "gut gut gut gut MAHNUNG mahnung ärger"
    assert heard(GERMAN + words).negative == (("MAHNUNG", -1.0),)


def test_a_word_divided_at_the_end_of_a_line_is_put_together() -> None:
    found = heard(GERMAN + "gut gut gut gut her- vorragend, gut- Schein")
    assert ("hervorragend", 1.0) in found.positive


@pytest.mark.parametrize(
    "text",
    ["", "- 12 %", "happy", ENGLISH + "an an an an an an", ENGLISH + "happy good safe clean"],
)
def test_few_words_have_no_tone(text: str) -> None:
    assert tone(text.split(), LEXICONS) is None


def test_without_a_lexicon_there_is_no_tone() -> None:
    assert tone((ENGLISH + "good " * 9).split(), {}) is None
    assert tone((ENGLISH + "good " * 9).split(), {"eng": {}, "fra": {"bon": 1.0}}) is None


def test_the_same_letter_has_the_same_interval_and_a_long_one_a_narrow_one() -> None:
    text = ENGLISH + "happy good terrible rude late clean "
    assert heard(text) == heard(text)
    short, long = heard(text), heard(text * 50)
    assert long.high - long.low < (short.high - short.low) / 3


def test_ten_thousand_words_take_no_time() -> None:
    words = (GERMAN + "gute Arbeit, der nicht freundlichen Mahnungen").split() * 1000
    began = time.process_time()
    found = tone(words[:10_000], LEXICONS)
    assert found is not None
    assert time.process_time() - began < 2  # it takes 0.04 s
