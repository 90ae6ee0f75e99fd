"""The lexicons of the tone of letters: read from the packages of the extra `tone`, when asked."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from docsorter.decide.tone import Scores, tone
from docsorter.documents import PageWords
from docsorter.errors import SettingsError
from docsorter.service.workspace.process import LOGGER
from docsorter.settings import ReviewSettings
from docsorter.store import Findings

_LOG = logging.getLogger(LOGGER)
_FORM = re.compile(r'<word [^>]*form="([^"]+)"[^>]* polarity="([-+.\d]+)"')
_GREATEST_VALENCE: Final = 4.0  # of VADER


def with_tone(
    findings: Findings, words: Sequence[PageWords], lexicons: Mapping[str, Scores]
) -> Findings:
    """Return what was found in a document that waits for a person, with how its words sound."""
    if findings.prediction is None or not words or not lexicons:
        return findings
    heard = tone([word.text for page in words for word in page.words], lexicons)
    return replace(findings, prediction=replace(findings.prediction, tone=heard))


def wanted_lexicons(settings: ReviewSettings) -> dict[str, Scores]:
    """Return the lexicons where the settings ask for the tone; a hint that fails stops nothing."""
    try:
        return read_lexicons() if settings.tone == "hint" else {}
    except SettingsError as error:
        _LOG.warning("%s", error)
        return {}


def refuse_missing_lexicons(settings: ReviewSettings) -> None:
    """Refuse to promise a tone that no installed lexicon can tell.

    Raises:
        SettingsError: `review.tone` is "hint", and no lexicon is installed.
    """
    if settings.tone == "hint":
        read_lexicons()


def read_lexicons() -> dict[str, Scores]:
    """Read the lexicons that are installed, without running any code of their packages.

    Returns:
        By language: words, each with its score, -1 to 1; at least one language.

    Raises:
        SettingsError: None is installed.
    """
    found = {language: read() for language, read in _LEXICONS.items()}
    if not any(found.values()):
        raise SettingsError(
            "review.tone = hint needs lexicons, which are not installed",
            remedy="pip install 'docsorter[tone]', or docsorter config unset review.tone",
        )
    return {language: scores for language, scores in found.items() if scores}


def _english() -> Scores:
    lines = (line.split("\t") for line in _text("vaderSentiment", "vader_lexicon.txt").splitlines())
    return {
        parts[0].lower(): float(parts[1]) / _GREATEST_VALENCE
        for parts in lines
        if len(parts) > 1 and parts[0].isalpha()  # no emoticons: paper has none
    }


def _german() -> Scores:
    """Return the mean of the scores that a word has as several parts of speech."""
    scores: dict[str, list[float]] = {}
    for form, polarity in _FORM.findall(_text("textblob-de", "de-sentiment.xml")):
        scores.setdefault(form, []).append(float(polarity))
    return {word: sum(given) / len(given) for word, given in scores.items()}


_LEXICONS: Final[Mapping[str, Callable[[], Scores]]] = {"eng": _english, "deu": _german}


def _text(package: str, name: str) -> str:
    """Return a data file of an installed package; "" where it is not there."""
    try:
        files = distribution(package).files or ()
        return next(
            (Path(str(each.locate())).read_text("utf-8") for each in files if each.name == name), ""
        )
    except (PackageNotFoundError, OSError, UnicodeDecodeError):
        return ""
