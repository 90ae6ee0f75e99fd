# ruff: noqa: RUF001 - letters of other scripts are what this file is about
"""Turns the text of a document into another script: how it looks, not what it says."""

import random
import re
import zlib
from typing import Final

from starter.kinds import Split
from starter.typesetting import FontBook

_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_ALPHABETS: Final = {
    "cyrillic": "абцдефгхийклмнопщрстувшжыз",
    "greek": "αβχδεφγηιξκλμνοπψρστυθωξυζ",
    "arabic": "ابكد\0فغهيجقلمنوبقرستوفوخيز",
    "hebrew": "אבגד\0פגהיחקלמנועקרשתוסוצןז",
}
# Common characters, most frequent first; a page of them looks like any other.
_HAN: Final = (
    "的一是不了人在有我他这中大来上个国和也子时道说出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然"
    "作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从"
)
_HIRAGANA: Final = "のにはをたがでてとしれさあいるかなもうこらりくまきよせそえおけちつみめや"
_FOLDED: Final = str.maketrans(
    "äöüàáâãåçèéêëìíîïñòóôõøùúûýąćęłńśźż", "aouaaaaaceeeeiiiinooooouuuyacelnszz"
)

# Families that have the letters, by split where there are several.
_FONTS: Final[dict[str, dict[Split, tuple[str, ...]]]] = {
    "cyrillic": {"train": ("Liberation Serif", "Liberation Sans"), "test": ("DejaVu Serif",)},
    "greek": {"train": ("Liberation Sans", "Liberation Serif"), "test": ("DejaVu Serif",)},
    "arabic": dict.fromkeys(("train", "test"), ("DejaVu Sans",)),
    "hebrew": dict.fromkeys(("train", "test"), ("DejaVu Sans",)),
    "han": dict.fromkeys(("train", "test"), ("Droid Sans Fallback",)),
    "japanese": dict.fromkeys(("train", "test"), ("Droid Sans Fallback",)),
    "hangul": dict.fromkeys(("train", "test"), ("Noto Sans CJK KR", "NanumGothic")),
    "ethiopic": dict.fromkeys(("train", "test"), ("Noto Sans Ethiopic", "Abyssinica SIL")),
}
_SHARE: Final = 0.07
_DIRECTION: Final = {"arabic": "ar", "hebrew": "he"}
_TEXT: Final = re.compile(r'#"((?:[^"\\]|\\.)*)";')
_FONT: Final = re.compile(r'font: "([^"]+)"')
_WORD: Final = re.compile(r"[^\W\d_]+")
_ETHIOPIC_FIRST: Final = 0x1200
_HANGUL_FIRST: Final = 0xAC00


def draw_script(fonts: FontBook, split: Split, rng: random.Random) -> tuple[str, str]:
    """Draw a script and a family that has it, mostly none (two empty texts)."""
    share, script = rng.random(), rng.choice(tuple(_FONTS))
    families = [name for name in _FONTS[script][split] if name in fonts.families]
    if share >= _SHARE or not families:
        return "", ""
    return script, rng.choice(families)


def in_script(source: str, script: str, family: str) -> str:
    """Return Typst markup whose printed texts are written in ``script``.

    Args:
        source: Markup whose texts were set by ``lit``.
        script: As drawn by ``draw_script``.
        family: The typeface for letters that the document's own faces lack.
    """
    turned = _TEXT.sub(lambda found: f'#"{_written(found[1], script)}";', source)
    turned = _FONT.sub(rf'font: ("\1", "{family}")', turned)
    language = _DIRECTION.get(script)
    return f'#set text(lang: "{language}")\n{turned}' if language else turned


def _written(text: str, script: str) -> str:
    if "@" in text or ".example" in text or "\\" in text:
        return text
    written = _WORD.sub(lambda found: _word(found[0], script), text)
    if script in ("han", "japanese"):
        written = written.replace(", ", "，").replace(". ", "。").replace(" ", "")
    return written


def _word(word: str, script: str) -> str:
    """Return a word of about the same width in ``script``."""
    plain = word.lower().translate(_FOLDED)
    if script in _ALPHABETS:
        letters = _ALPHABETS[script]
        out = "".join(letters[_LATIN.find(c)] for c in plain if c in _LATIN).replace("\0", "")
        out = out or letters[0]
        return out.upper() if word.isupper() else out.title() if word.istitle() else out
    step = 2 if script != "ethiopic" else 1
    codes = [zlib.crc32(plain[: i + step].encode()) for i in range(0, len(plain), step)]
    if script == "hangul":
        return "".join(chr(_HANGUL_FIRST + code % 400 * 28) for code in codes)
    if script == "ethiopic":
        return "".join(chr(_ETHIOPIC_FIRST + code % 9 * 8 + code % 7) for code in codes)
    return "".join(
        _HIRAGANA[code % len(_HIRAGANA)]
        if script == "japanese" and code % 5 < 3
        else _HAN[code % len(_HAN)]
        for code in codes
    )
