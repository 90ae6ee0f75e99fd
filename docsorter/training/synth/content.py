"""What is written on a document: people, firms, sums, dates, sentences."""

import datetime as dt
import random
from functools import cache

from faker import Faker

from docsorter.training.synth.locales import Locale, items, words

_EPOCH = dt.date(2026, 11, 1)

# Faker keeps Italian places in a set, whose order differs from process to process.
_ITALIAN_CITIES = (
    "Torino", "Bologna", "Verona", "Padova", "Trieste", "Parma", "Modena", "Perugia", "Livorno",
    "Ravenna", "Foggia", "Rimini", "Salerno", "Ferrara", "Sassari", "Latina", "Monza", "Bergamo",
    "Pescara", "Vicenza", "Terni", "Novara", "Ancona", "Lecce", "Udine", "Arezzo", "Como", "Pisa",
)  # fmt: skip


@cache
def _faker(code: str) -> Faker:
    return Faker(code)


class Writer:
    """Writes the content of one document; the same seed writes the same words."""

    def __init__(self, locale: Locale, rng: random.Random) -> None:
        self.locale = locale
        self.rng = rng
        self._fake = _faker(locale.code)
        self._fake.seed_instance(rng.getrandbits(32))
        self.today = _EPOCH - dt.timedelta(days=rng.randrange(1, 3000))

    def word(self, key: str) -> str:
        """Return the printed word for ``key``; where there are several, one of them."""
        return self.rng.choice(words(self.locale.language, key))

    def company(self) -> str:
        """Return the name of a firm."""
        return str(self._fake.company())

    def person(self) -> str:
        """Return a person's full name."""
        return str(self._fake.name())

    def given(self) -> str:
        """Return a given name."""
        return str(self._fake.first_name())

    def family(self) -> str:
        """Return a family name."""
        return str(self._fake.last_name())

    def street(self) -> str:
        """Return a street with its number."""
        return str(self._fake.street_address()).replace("\n", ", ")

    def city(self) -> str:
        """Return postcode and city."""
        if self.locale.language == "it":
            return f"{self.code('#####')} {self.rng.choice(_ITALIAN_CITIES)}"
        return f"{self._fake.postcode()} {self._fake.city()}"

    def address(self) -> list[str]:
        """Return street and city as two lines."""
        return [self.street(), self.city()]

    def phone(self) -> str:
        """Return a telephone number."""
        return str(self._fake.phone_number())

    def mail(self) -> str:
        """Return an e-mail address in a reserved domain."""
        return str(self._fake.safe_email())

    def site(self) -> str:
        """Return a host name under ``example``."""
        return f"www.{self._fake.last_name().lower().replace(' ', '-')}.example"

    def iban(self) -> str:
        """Return an account number in groups of four."""
        digits = "".join(self.rng.choice("0123456789") for _ in range(18))
        text = f"{self.locale.code[3:]}{self.rng.randrange(10, 99)}{digits}"
        return " ".join(text[i : i + 4] for i in range(0, len(text), 4))

    def code(self, pattern: str) -> str:
        """Fill a pattern: ``#`` becomes a digit, ``?`` a capital letter."""
        return "".join(
            (
                self.rng.choice("0123456789")
                if c == "#"
                else self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ")
                if c == "?"
                else c
            )
            for c in pattern
        )

    def date(self, days: int = 0) -> str:
        """Return the document's date, ``days`` later, as the locale writes it."""
        return (self.today + dt.timedelta(days=days)).strftime(self.locale.dates)

    def long_date(self) -> str:
        """Return a date with its month as a word."""
        month = self._fake.month_name()
        if self.locale.code == "en_US":
            return f"{month} {self.today.day}, {self.today.year}"
        dot = "." if self.locale.language == "de" else ""
        return f"{self.today.day}{dot} {month} {self.today.year}"

    def past_date(self, years: int = 60) -> str:
        """Return a date up to ``years`` years before the document's."""
        days = self.rng.randrange(30, years * 365)
        return (self.today - dt.timedelta(days=days)).strftime(self.locale.dates)

    def plain_money(self, value: float) -> str:
        """Return a sum with two decimals, without its currency."""
        text = f"{value:,.2f}"
        return text.translate({ord(","): self.locale.thousands, ord("."): self.locale.decimal})

    def money(self, value: float) -> str:
        """Return a sum with its currency."""
        text = self.plain_money(value)
        sign = self.locale.currency
        return sign + text if self.locale.currency_first else text + sign

    def item(self) -> str:
        """Return something that is sold or done."""
        return self.rng.choice(items(self.locale.language))

    def sentence(self, length: int = 11) -> str:
        """Return a sentence of about ``length`` words."""
        return str(self._fake.sentence(nb_words=length))

    def paragraph(self, sentences: int = 4) -> str:
        """Return a paragraph of about ``sentences`` sentences."""
        return " ".join(self.sentence(self.rng.randrange(6, 17)) for _ in range(max(1, sentences)))

    def words(self, count: int) -> str:
        """Return ``count`` words without an end."""
        return " ".join(self._fake.words(count))
