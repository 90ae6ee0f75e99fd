"""How the words of a letter sound, by a lexicon: a hint for people, and never part of a verdict.

The score of a letter is the mean of the scores of its words (Taboada et al. 2011, Lexicon-based
methods for sentiment analysis). A mean near zero can hide strong words of both signs, so that the
histogram and the strongest words come along. Irony, and who is meant, no lexicon can tell.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from docsorter.documents import Tone

LEAST_WORDS: Final = 5
"""Fewer words with a score say nothing: no interval over them would be true."""
_BINS: Final = 10
_STRONG: Final = 0.5  # of at most 1: half of what a lexicon gives its strongest words
_SHOWN: Final = 4  # words of each sign
_RESAMPLES: Final = 1000
_INTERVAL: Final = (2.5, 97.5)  # percentiles: 95 % confidence
_LEAST_STEM: Final = 4  # letters that remain of a word without its ending
_LEAST_LETTERS: Final = 3  # shorter ones are abbreviations on paper: "TX", and no thanks
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_ENDS: Final = tuple(".,;:!?)")

Scores = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Language:
    """What is known of a language beside the scores of its words.

    Attributes:
        common: Its most frequent words, which tell it from the others.
        negations: Words that turn what follows.
        reach: So many words after a negation may be turned by it.
        factor: A turned score is multiplied with it.
        endings: May be taken off a word that has no score; the lexicon knows its basic form.
        tails: Are then tried in their place.
        empty: Words of address and farewell, and prepositions that begin a sentence like a noun:
            nothing of the letter is in them.
        greetings: Nor is it in the word before one of these.
    """

    common: frozenset[str]
    negations: frozenset[str]
    reach: int
    factor: float
    endings: tuple[str, ...]
    tails: tuple[str, ...]
    empty: frozenset[str]
    greetings: frozenset[str]


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LANGUAGES: Final = {
    # Negation: vaderSentiment, three words on, N_SCALAR = -0.74 (Hutto and Gilbert 2014).
    "eng": _Language(
        common=_set("the of and to a in is that for it with as on be by this are from or at your"),
        negations=_set(
            "no not never none neither nor nothing without cannot hardly barely aren't can't "
            "couldn't didn't doesn't don't hadn't hasn't haven't isn't mustn't shouldn't wasn't "
            "weren't won't wouldn't"
        ),
        reach=3,
        factor=-0.74,
        endings=(),  # its lexicon has every form
        tails=(),
        empty=_set("dear sincerely faithfully truly please"),
        greetings=_set("regards wishes"),
    ),
    # Negation: the rule of pattern in textblob-de, -0.5; two words on for "nicht mehr zufrieden".
    "deu": _Language(
        common=_set("der die und das zu den von mit ist des sich auf für nicht dem wir sie ein im"),
        negations=_set(
            "nicht nie niemals ohne kein keine keinen keinem keiner keines nichts weder"
        ),
        reach=2,
        factor=-0.5,
        endings=("est", "en", "em", "er", "es", "te", "e", "n", "s", "t"),
        tails=("", "e", "en", "n"),
        empty=_set("geehrte geehrter geehrten liebe lieber bitte trotz laut"),
        greetings=_set("gruß grüße grüßen gruss grüsse grüssen"),
    ),
}


def tone(words: Sequence[str], lexicons: Mapping[str, Scores]) -> Tone | None:
    """Return how words sound; None where fewer than LEAST_WORDS of them have a score.

    Args:
        words: In reading order, with the punctuation that they are written with.
        lexicons: By language (Tesseract's name, e.g. "deu"): words as it writes them, each with its
            score, -1 to 1. The language whose frequent words the letter has most of is taken.
    """
    joined = _joined(words)
    language = _language_of(joined, lexicons)
    if language is None:
        return None
    found = list(_scored(joined, lexicons[language], _LANGUAGES[language]))
    if len(found) < LEAST_WORDS:
        return None
    values = np.array([score for _, score in found])
    low, high = _interval(values, " ".join(joined))
    return Tone(
        language=language,
        score=float(values.mean()),
        low=low,
        high=high,
        words=len(values),
        histogram=tuple(map(int, np.histogram(values, bins=_BINS, range=(-1, 1))[0])),
        negative=_strongest(found, -1),
        positive=_strongest(found, 1),
        mixed=bool(low <= 0 <= high and values.min() <= -_STRONG and values.max() >= _STRONG),
    )


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with those put together that were divided at the end of a line."""
    found: list[str] = []
    for word in words:
        if found and len(found[-1]) > 1 and found[-1].endswith("-") and word[:1].islower():
            found[-1] = found[-1][:-1] + word
        else:
            found.append(word)
    return found


def _language_of(words: Sequence[str], lexicons: Mapping[str, Scores]) -> str | None:
    plain = [word.strip(".,;:!?()").casefold() for word in words]
    known = [language for language in _LANGUAGES if lexicons.get(language)]
    counted = {each: sum(word in _LANGUAGES[each].common for word in plain) for each in known}
    # A letter in a third language has a few words that look like one of ours.
    most = max(counted, key=counted.__getitem__, default=None)
    return most if most is not None and 10 * counted[most] >= len(plain) else None


def _scored(
    written: Sequence[str], scores: Scores, language: _Language
) -> Iterator[tuple[str, float]]:
    """Yield each word that has a score, as it is written, after the negation that turns it."""
    negation, left = "", 0
    for place, raw in enumerate(written):
        found = _WORD.search(raw)
        word = found[0].replace("\u2019", "'") if found else ""
        plain = word.lower()
        if plain in language.negations:
            negation, left = word, language.reach
        elif len(word) >= _LEAST_LETTERS and not _is_empty(
            plain, written[place + 1 : place + 2], language
        ):
            score = _score(word, scores, language)
            if score and left:
                yield f"{negation} {word}", score * language.factor
                left = 0
            elif score:
                yield word, score
            left = max(0, left - 1)
        if raw.endswith(_ENDS):
            left = 0


def _is_empty(word: str, following: Sequence[str], language: _Language) -> bool:
    after = following[0].strip(".,;:!?").lower() if following else ""
    return word in language.empty or after in language.greetings


def _score(word: str, scores: Scores, language: _Language) -> float:
    """Return the score of a word, or of its basic form; 0 where the lexicon knows neither.

    A small letter is never read as a capital: "trotz" is not "Trotz".
    """
    plain = word.lower()
    cases = (word, plain, plain.capitalize()) if word.isupper() else (word, plain)
    stems = [
        each.removesuffix(ending)
        for ending in language.endings
        for each in cases
        if each.endswith(ending) and len(each) - len(ending) >= _LEAST_STEM
    ]
    forms = (*cases, *(stem + tail for stem in stems for tail in language.tails))
    return next((scores[form] for form in forms if form in scores), 0.0)


def _interval(
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]", text: str
) -> tuple[float, float]:
    """Return where the mean of such words lies, 95 % sure: percentile bootstrap (Efron 1979).

    Drawing numbers of equal scores, instead of words, takes the same time for every length.
    """
    rng = np.random.default_rng(zlib.crc32(text.encode()))  # the same letter, the same interval
    distinct, counts = np.unique(values, return_counts=True)
    drawn = rng.multinomial(len(values), counts / len(values), size=_RESAMPLES)
    low, high = np.percentile(drawn @ distinct / len(values), _INTERVAL)
    return float(low), float(high)


def _strongest(found: Sequence[tuple[str, float]], sign: int) -> tuple[tuple[str, float], ...]:
    """Return the strongest words of a sign, each once; of equal ones the first written."""
    once: dict[str, tuple[str, float]] = {}
    for word, score in found:
        if score * sign > 0:
            once.setdefault(word.casefold(), (word, score))
    return tuple(sorted(once.values(), key=lambda each: -abs(each[1]))[:_SHOWN])
