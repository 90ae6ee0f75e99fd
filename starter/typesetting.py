"""Plans and sets a generated document: locale, fonts, layout, invented content, Typst."""

import datetime as dt
import hashlib
import io
import random
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeVar

from PIL import Image

from docsorter.cli.output import print_error
from docsorter.errors import DependencyError
from starter.kinds import Split

try:
    import typst
    from faker import Faker
except ModuleNotFoundError as error:  # every command of this package draws documents
    print_error(
        DependencyError(
            f"generating documents takes libraries that are not installed: {error.name}",
            remedy="in the clone: make dev",
        )
    )
    raise SystemExit(DependencyError.exit_code) from error

# ----------------------------------------------------------------------
# Where a generated document comes from: language, currency, paper, and the words printed on it.


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

SCRIPTS: tuple[Locale, ...] = (
    Locale("zh_CN", "¥", True, ".", ",", "%Y-%m-%d"),
    Locale("ru_RU", " RUB", False, ",", " ", "%d.%m.%Y"),
    Locale("el_GR", " €", False, ",", ".", "%d/%m/%Y"),
    Locale("ar_AA", " SAR", False, ".", ",", "%Y/%m/%d"),
    Locale("ja_JP", "¥", True, ".", ",", "%Y/%m/%d"),
    Locale("uk_UA", " грн", False, ",", " ", "%d.%m.%Y"),
)
"""Places that do not write in Latin letters; see ``scripts`` in phrases.toml."""

# English and German paper is what most offices that use the starter will see first.
WEIGHTS: tuple[int, ...] = (9, 5, 1, 5, 1, 1, 4, 3, 3, 3, 2, 2, 2)


@cache
def _vocabulary() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text("utf-8"))


@cache
def _phrases() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("phrases.toml").read_text("utf-8"))


@cache
def clauses(language: str, part: str) -> tuple[str, ...]:
    """Return the ``subjects``, ``predicates``, ``ends`` or ``topics`` of sentences."""
    known = _vocabulary()["sentences"]
    return tuple(known.get(language, known["en"])[part].split("|"))


def words(language: str, key: str) -> list[str]:
    """Return the ways ``language`` prints the word ``key`` on a document.

    Raises:
        KeyError: if the vocabulary has no such word.
    """
    raw = _vocabulary()
    table = raw["words"] | _phrases()["words"]
    other = _phrases()["scripts"].get(language)
    if other is not None:
        known: str = other["words"].get(key) or table[key][raw["languages"].index("en")]
        return known.split("|")
    printed: str = table[key][raw["languages"].index(language)]
    return printed.split("|")


def items(language: str) -> list[str]:
    """Return things that are sold or done, for line items, in ``language``."""
    other = _phrases()["scripts"].get(language)
    return list(_vocabulary()["items"][language] if other is None else other["items"])


def notices(language: str) -> list[str]:
    """Return sentences of invoices in ``language``, with places to fill in."""
    other = _phrases()["scripts"].get(language)
    return list(_phrases()["notices"][language] if other is None else other["notices"])


def locale_named(code: str) -> Locale:
    """Return the locale called ``code``.

    Raises:
        KeyError: if there is no such locale.
    """
    for locale in (*LOCALES, *SCRIPTS):
        if locale.code == code:
            return locale
    raise KeyError(code)


# ----------------------------------------------------------------------
# Which typefaces a document may be set in; those of the test split are never trained on.
#
# Fonts come from small packages of fonts, from the typesetter and from Matplotlib, and the
# system's own Liberation faces (look of Arial, Times and Courier) join in where they are
# installed. A face that is missing is left out, so the same seed can look different on a
# machine with other fonts; ``fingerprint`` says which were found.

Role = Literal["sans", "serif", "mono", "display", "hand", "book", "script"]

_PACKAGES = (
    "font_roboto",
    "font_caladea",
    "font_source_sans_pro",
    "font_source_serif_pro",
    "font_hanken_grotesk",
    "font_manrope",
    "font_amatic_sc",
    "font_intuitive",
    "font_fredoka_one",
)

_FACES: dict[Role, dict[Split, tuple[str, ...]]] = {
    "sans": {
        "train": ("Liberation Sans", "Liberation Sans", "Liberation Sans", "Roboto", "DejaVu Sans"),
        "test": ("Hanken Grotesk", "Manrope", "Source Sans Pro"),
    },
    "serif": {
        "train": (
            "Liberation Serif",
            "Liberation Serif",
            "Caladea",
            "Libertinus Serif",
            "STIXGeneral",
        ),
        "test": ("Source Serif Pro", "New Computer Modern", "DejaVu Serif"),
    },
    "mono": {
        "train": ("Liberation Mono", "cmtt10"),
        "test": ("DejaVu Sans Mono",),
    },
    "display": {
        "train": ("Fredoka One", "Liberation Sans", "Roboto", "Liberation Serif"),
        "test": ("Amatic SC", "Manrope", "Source Serif Pro"),
    },
    "hand": {"train": ("Intuitive",), "test": ("Amatic SC",)},
    "book": {  # of letters and papers that LaTeX sets, and of print
        "train": (
            "cmr10",
            "cmr10",
            "Nimbus Roman",
            "P052",
            "C059",
            "STIXGeneral",
            "Libertinus Serif",
        ),
        "test": ("New Computer Modern", "New Computer Modern", "URW Bookman"),
    },
    "script": {"train": ("Z003",), "test": ("Amatic SC",)},  # of signatures that are set
}


# What a split falls back to: faces inside the typesetter itself.
_INSIDE: dict[Split, str] = {"train": "Libertinus Serif", "test": "New Computer Modern"}


@dataclass(frozen=True)
class FontBook:
    """The fonts found on this machine, ready for the typesetter."""

    fonts: typst.Fonts
    families: frozenset[str]

    def faces(self, role: Role, split: Split) -> tuple[str, ...]:
        """Return the families for ``role`` that ``split`` may use; never empty."""
        found = tuple(f for f in _FACES[role][split] if f in self.families)
        if found:
            return found
        return (_INSIDE[split],)

    @property
    def fingerprint(self) -> str:
        """Short hash of the families found that documents can be set in."""
        known = {f for by_split in _FACES.values() for faces in by_split.values() for f in faces}
        return hashlib.sha256("\n".join(sorted(known & self.families)).encode()).hexdigest()[:8]


def _package_folder(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


@cache
def font_book() -> FontBook:
    """Find the fonts once per process."""
    folders = [folder for name in _PACKAGES if (folder := _package_folder(name)) is not None]
    matplotlib = _package_folder("matplotlib")
    if matplotlib is not None:
        folders.append(matplotlib / "mpl-data" / "fonts" / "ttf")
    fonts = typst.Fonts(font_paths=[str(folder) for folder in folders])
    return FontBook(fonts, frozenset(fonts.families()))


# ----------------------------------------------------------------------
# What a document will look like before a word of it is written: parts, style, place.
#
# A kind is made of *slots* (letterhead, table, totals ...) with a few *parts* each. One part
# for every slot is a layout; its identity is a hash of the parts. A fifth of all layouts,
# chosen by that hash, belongs to the split ``test`` and is never drawn for ``train``.

T = TypeVar("T")
Slots = Mapping[str, Sequence[str]]

_TEST_SHARE = 5  # one layout in five

_ACCENTS = (
    "#1f4e79", "#2e75b6", "#0b6e4f", "#7b241c", "#b03a2e", "#6c3483", "#d35400", "#117a65",
    "#2c3e50", "#34495e", "#c0392b", "#16a085", "#8e44ad", "#e67e22", "#0077b6", "#588157",
    "#bc4749", "#003049", "#5f0f40", "#606c38", "#f4a261", "#3a86ff", "#9a031e", "#444444",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is printed, whatever it says."""

    body: str
    head: str
    mono: str
    hand: str
    size: float
    """Body text in points."""
    accent: str
    tint: str
    """A light relative of ``accent`` for shaded areas."""
    rule: float
    """Line width in points."""
    width: float
    height: float
    """Paper in millimetres."""
    margin: float
    colour: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before the content."""

    kind: str
    split: Split
    parts: Mapping[str, str]
    layout: str
    locale: Locale
    style: Style
    rng: random.Random

    def __getitem__(self, slot: str) -> str:
        return self.parts[slot]


def layout_id(kind: str, parts: Mapping[str, str]) -> str:
    """Return the identity of a layout: its kind and eight hex digits of its parts."""
    text = kind + "|" + "|".join(f"{slot}={parts[slot]}" for slot in sorted(parts))
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def split_of(layout: str) -> Split:
    """Return the one split that may use ``layout``."""
    return "test" if int(layout[-8:], 16) % _TEST_SHARE == 0 else "train"


def draw_parts(kind: str, slots: Slots, split: Split, rng: random.Random) -> dict[str, str]:
    """Draw one part for each slot such that the layout belongs to ``split``.

    Raises:
        ValueError: if the kind has too few layouts for one of them to fall into ``split``.
    """
    for _ in range(2000):
        parts = {slot: rng.choice(list(options)) for slot, options in slots.items()}
        if split_of(layout_id(kind, parts)) == split:
            return parts
    raise ValueError(f"{kind} has no layout for {split}: give it more parts")


def tinted(colour: str, share: float) -> str:
    """Mix ``share`` (0 to 1) of ``colour``, ``#rrggbb``, into white."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - c) * share):02x}" for c in channels)


def draw_style(locale: Locale, split: Split, fonts: FontBook, rng: random.Random) -> Style:
    """Draw fonts, sizes and colours; ``split`` decides which fonts may be drawn."""
    role = rng.choices(("sans", "serif", "mono"), (70, 26, 4))[0]
    body = rng.choice(fonts.faces(role, split))  # type: ignore[arg-type]
    head = body if rng.random() < 0.6 else rng.choice(fonts.faces("sans", split))
    colour = rng.random() < 0.55
    accent = rng.choice(_ACCENTS) if colour else rng.choice(("#000000", "#222222", "#444444"))
    a4 = locale.paper == "a4"
    return Style(
        body=body,
        head=head,
        mono=rng.choice(fonts.faces("mono", split)),
        hand=rng.choice(fonts.faces("hand", split)),
        size=rng.uniform(7.6, 11.2),
        accent=accent,
        tint=tinted(accent, rng.uniform(0.08, 0.28)),
        rule=rng.choice((0.3, 0.5, 0.5, 0.7, 1.0, 1.4)),
        width=210.0 if a4 else 215.9,
        height=297.0 if a4 else 279.4,
        margin=rng.uniform(10.0, 26.0),
        colour=colour,
    )


def draw_locale(rng: random.Random) -> Locale:
    """Draw a locale, the more common ones more often."""
    return rng.choices(LOCALES, WEIGHTS)[0]


def make_plan(
    kind: str,
    slots: Slots,
    split: Split,
    fonts: FontBook,
    rng: random.Random,
    locale: Locale | None = None,
) -> Plan:
    """Decide layout, style and locale for one document.

    Raises:
        ValueError: see ``draw_parts``.
    """
    place = locale if locale is not None else draw_locale(rng)
    parts = draw_parts(kind, slots, split, rng)
    style = draw_style(place, split, fonts, rng)
    return Plan(kind, split, parts, layout_id(kind, parts), place, style, rng)


# ----------------------------------------------------------------------
# Small pieces of Typst markup, and the typesetter itself.

_MM_PER_INCH = 25.4


def lit(text: str) -> str:
    """Return markup that prints ``text`` exactly as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'#"{escaped}";'


def lines(texts: Iterable[str]) -> str:
    """Return markup with one text a line."""
    return " \\ ".join(lit(text) for text in texts)


def bullets(texts: Iterable[str]) -> str:
    """Return a list with a bullet before each text."""
    return f"#list({', '.join(f'[{lit(text)}]' for text in texts)})\n"


def bold(text: str) -> str:
    """Return markup for ``text`` in bold."""
    return f"#strong[{lit(text)}]"


def sized(
    points: float, body: str, *, fill: str = "", font: str = "", weight: str = "regular"
) -> str:
    """Return ``body`` at ``points``, optionally with colour, font and weight."""
    extra = f', fill: rgb("{fill}")' if fill else ""
    extra += f', font: "{font}"' if font else ""
    return f'#text(size: {points:.2f}pt, weight: "{weight}"{extra})[{body}]'


def place(x: float, y: float, body: str, width: float | None = None) -> str:
    """Put ``body`` at ``x``, ``y`` millimetres from the top left corner of the page."""
    box = f"#box(width: {width:.1f}mm)[{body}]" if width is not None else f"#box[{body}]"
    return f"#place(top + left, dx: {x:.1f}mm, dy: {y:.1f}mm)[{box}]"


def free_mark(plan: Plan, body: str, width: float, *, low: bool = False) -> str:
    """Put a mark (stamp, note) somewhere on the page, in the lower half if ``low``."""
    style = plan.style
    x = plan.rng.uniform(0, style.width - 2 * style.margin - width)
    y = plan.rng.uniform(0.5 if low else 0.02, 0.85) * (style.height - 2 * style.margin)
    return place(x, y, body)


def svg(source: str, width: float) -> str:
    """Draw an SVG ``width`` millimetres wide."""
    escaped = source.replace("\\", "\\\\").replace('"', '\\"')
    return f'#image(bytes("{escaped}"), format: "svg", width: {width:.1f}mm)'


def space(mm: float) -> str:
    """Leave ``mm`` millimetres of vertical space."""
    return f"#v({mm:.1f}mm, weak: false)\n"


def columns(widths: Sequence[str], cells: Sequence[str], gutter: float = 4.0) -> str:
    """Set ``cells`` side by side in columns of the given Typst widths."""
    body = ", ".join(f"[{cell}]" for cell in cells)
    return f"#grid(columns: ({', '.join(widths)},), column-gutter: {gutter:.1f}mm, {body})\n"


def pairs(rows: Iterable[tuple[str, str]], gutter: float = 3.0, align: str = "left") -> str:
    """Set names and values in two columns without lines."""
    body = ", ".join(f"[{lit(a)}], [{lit(b)}]" for a, b in rows)
    return (
        f"#grid(columns: (auto, auto), column-gutter: {gutter:.1f}mm, row-gutter: 0.55em, "
        f"align: (left, {align}), {body})\n"
    )


def rule(style: Style, colour: str = "", width: float | None = None) -> str:
    """Draw a line across the column."""
    points = style.rule if width is None else width
    return f'#line(length: 100%, stroke: {points:.1f}pt + rgb("{colour or style.accent}"))\n'


def page_setup(style: Style, *, margin: str = "", fill: str = "", leading: float = 0.62) -> str:
    """Return the preamble that sets paper, margins and body text."""
    edges = margin or f"{style.margin:.1f}mm"
    paper = f', fill: rgb("{fill}")' if fill else ""
    return (
        f"#set page(width: {style.width}mm, height: {style.height}mm, margin: {edges}{paper})\n"
        f'#set text(font: "{style.body}", size: {style.size:.2f}pt, fallback: true)\n'
        f"#set par(leading: {leading:.2f}em, spacing: {leading * 1.9:.2f}em)\n"
        "#set table(inset: (x: 1.6mm, y: 1.2mm))\n"
    )


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=font_book().fonts)


def to_images(source: str, height_mm: float, height_px: int) -> list[Image.Image]:
    """Typeset ``source`` and return its pages as RGB pictures about ``height_px`` high.

    Raises:
        typst.TypstError: if the markup does not compile.
    """
    ppi = height_px * _MM_PER_INCH / height_mm
    rendered = _compiler().compile(input=source.encode(), format="png", ppi=ppi)
    assert rendered is not None  # it is only when an output file is named
    pages = rendered if isinstance(rendered, list) else [rendered]
    return [Image.open(io.BytesIO(page)).convert("RGB") for page in pages]


def to_pdf(source: str) -> bytes:
    """Typeset ``source`` and return a PDF with a fixed creation date.

    Raises:
        typst.TypstError: if the markup does not compile.
    """
    pdf = _compiler().compile(input=source.encode(), format="pdf", timestamp=1_790_000_000)
    assert isinstance(pdf, bytes)
    return pdf


# ----------------------------------------------------------------------
# What is written on a document: people, firms, sums, dates, sentences.

_EPOCH = dt.date(2026, 11, 1)
_TITLE = 6  # sentences of so few words are titles

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
        seed = rng.getrandbits(32)
        self._fake.seed_instance(seed)
        self._clauses = random.Random(seed)
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
        """Return a sentence of about ``length`` words; a short one is a topic without a verb."""
        if length <= _TITLE:
            return self._clause("topics") + "."
        text = f"{self._clause('subjects')} {self._clause('predicates')}"
        while len(text.split()) < length:
            text += f" {self._clause('ends')}"
        return text.rstrip(".") + "."

    def _clause(self, part: str) -> str:
        text = self._clauses.choice(clauses(self.locale.language, part))
        return "".join(str(self._clauses.randrange(1, 10)) if c == "#" else c for c in text)

    def paragraph(self, sentences: int = 4) -> str:
        """Return a paragraph of about ``sentences`` sentences."""
        return " ".join(self.sentence(self.rng.randrange(6, 17)) for _ in range(max(1, sentences)))

    def notices(self, count: int = 1) -> str:
        """Return up to ``count`` sentences that an invoice may say, all different."""
        rng = self.rng
        known = notices(self.locale.language)
        said = " ".join(rng.sample(known, min(count, len(known))))
        return said.format(
            date=self.date(rng.randrange(5, 60)),
            days=rng.choice((7, 8, 10, 14, 30, 60)),
            money=self.money(rng.uniform(10, 900)),
            number=self.code("#######"),
            iban=self.iban(),
            name=self.person(),
        )

    def words(self, count: int) -> str:
        """Return ``count`` words without an end."""
        return " ".join(self._fake.words(count))
