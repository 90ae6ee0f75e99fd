"""Where a generated document comes from: language, currency, paper, and the words printed on it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class Locale:
    """A country's habits, as far as they show on paper."""

    code: str
    """Faker's name for it, such as ``de_DE``."""
    currency: str
    currency_first: bool
    decimal: str
    thousands: str
    dates: str
    """A ``strftime`` pattern."""
    paper: Literal["a4", "us-letter"] = "a4"

    @property
    def language(self) -> str:
        """Two-letter language code, a column of the vocabulary."""
        return self.code[:2]


LOCALES: tuple[Locale, ...] = (
    Locale("en_US", "$", True, ".", ",", "%m/%d/%Y", "us-letter"),
    Locale("en_GB", "£", True, ".", ",", "%d/%m/%Y"),
    Locale("en_IN", "Rs ", True, ".", ",", "%d-%m-%Y"),
    Locale("de_DE", " €", False, ",", ".", "%d.%m.%Y"),
    Locale("de_AT", " EUR", False, ",", ".", "%d.%m.%Y"),
    Locale("de_CH", "CHF ", True, ".", "'", "%d.%m.%Y"),
    Locale("fr_FR", " €", False, ",", " ", "%d/%m/%Y"),
    Locale("it_IT", "€ ", True, ",", ".", "%d/%m/%Y"),
    Locale("es_ES", " €", False, ",", ".", "%d/%m/%Y"),
    Locale("nl_NL", "€ ", True, ",", ".", "%d-%m-%Y"),
    Locale("pl_PL", " zł", False, ",", " ", "%d.%m.%Y"),
    Locale("pt_PT", " €", False, ",", ".", "%d-%m-%Y"),
    Locale("sv_SE", " kr", False, ",", " ", "%Y-%m-%d"),
)

# English and German paper is what most offices that use the starter will see first.
WEIGHTS: tuple[int, ...] = (9, 5, 1, 5, 1, 1, 4, 3, 3, 3, 2, 2, 2)


@cache
def _tables() -> tuple[tuple[str, ...], dict[str, list[str]], dict[str, list[str]]]:
    raw = tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text("utf-8"))
    return tuple(raw["languages"]), raw["words"], raw["items"]


def words(language: str, key: str) -> list[str]:
    """Return the ways ``language`` prints the word ``key`` on a document.

    Raises:
        KeyError: if the vocabulary has no such word.
    """
    languages, table, _ = _tables()
    return table[key][languages.index(language)].split("|")


def items(language: str) -> list[str]:
    """Return things that are sold or done, for line items, in ``language``."""
    return _tables()[2][language]


def locale_named(code: str) -> Locale:
    """Return the locale called ``code``.

    Raises:
        KeyError: if there is no such locale.
    """
    for locale in LOCALES:
        if locale.code == code:
            return locale
    raise KeyError(code)
