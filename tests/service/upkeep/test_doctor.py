"""The doctor names what is missing, and what to type."""

from dataclasses import replace
from typing import NoReturn

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import SettingsError
from docsorter.service.upkeep import doctor
from docsorter.service.upkeep.doctor import Diagnosis, Level
from docsorter.settings import ReviewSettings, WordsSettings


def about_words(configuration: Configuration, **changes: object) -> list[Diagnosis]:
    words = WordsSettings.model_validate(changes)
    settings = configuration.settings.model_copy(update={"words": words})
    return list(doctor._words(replace(configuration, settings=settings)))


def test_an_sqlite_that_cannot_keep_words_is_named_where_they_are_wanted(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    def subjects(*, keep: bool) -> list[str]:
        words = WordsSettings(keep=keep)
        settings = configuration.settings.model_copy(update={"words": words})
        found = doctor._database(replace(configuration, settings=settings))
        return [each.subject for each in found]

    assert subjects(keep=True) == ["database"]
    monkeypatch.setattr("docsorter.store.words.has_fts5", lambda _: False)
    assert subjects(keep=True) == ["words", "database"]
    assert subjects(keep=False) == ["database"]


def test_languages_that_scans_are_not_read_in_are_named(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "installed_languages", lambda _: ("eng",))
    good, missing = about_words(configuration, languages=("eng", "chi_sim"))
    assert (good.level, good.text) == (Level.GOOD, "Tesseract reads eng")
    assert missing.level == Level.NOTE
    assert "chi_sim" in missing.text
    assert missing.remedy.startswith("apt install tesseract-ocr tesseract-ocr-chi-sim")
    assert about_words(configuration, read="never") == []


def test_a_tone_that_no_lexicon_can_tell_is_told_with_its_remedy(
    configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(doctor._tone(configuration)) == []  # nobody asked for it
    asked = configuration.settings.model_copy(update={"review": ReviewSettings(tone="hint")})
    hinting = replace(configuration, settings=asked)
    monkeypatch.setattr(doctor, "read_lexicons", lambda: {"deu": {"gut": 1.0}})
    assert [one.text for one in doctor._tone(hinting)] == ["lexicons: deu"]
    monkeypatch.setattr(doctor, "read_lexicons", _no_lexicons)
    with pytest.raises(SettingsError):  # which every check turns into a finding
        list(doctor._tone(hinting))


def _no_lexicons() -> NoReturn:
    raise SettingsError("no lexicons")
