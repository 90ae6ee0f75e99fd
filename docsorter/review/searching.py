"""What a person types to see only some of the queue: `reason:unsure age:2d scan_2026`."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from docsorter.documents import Purpose, ReasonCode
from docsorter.errors import UsageError
from docsorter.store import ReviewFilter

FIELDS = ("reason", "label", "source", "age", "purpose", "words", "tone")
_TONES = ("negative", "positive", "mixed", "neutral")
_HELP = "e.g. reason:unsure label:claim source:fax age:2d words:tariff, or a part of the file name"
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_Word = TypeVar("_Word", bound=StrEnum)


def parse_search(text: str) -> ReviewFilter:
    """Return the filter that a text asks for.

    Args:
        text: `reason:`, `label:`, `source:`, `age:`, `purpose:`, `tone:` and `words:` (read on the
            pages) each with a word (or "words in quotes"); everything else is a part of the file
            name.

    Raises:
        UsageError: It names a reason, a purpose, a tone or a field that does not exist, or no age.
    """
    fields: dict[str, str] = {}
    name = []
    for word in _words(text):
        field, colon, value = word.partition(":")
        if colon and field in FIELDS:
            fields[field] = value
        elif colon and field.isidentifier() and value:
            raise UsageError(f"there is no {field!r} to search by", remedy=_HELP)
        else:
            name.append(word)
    return filter_of(fields, " ".join(name))


def parse_conditions(conditions: Sequence[str]) -> ReviewFilter:
    """Return the filter that conditions like `reason=unsure` ask for; `name=` is a part of it.

    Raises:
        UsageError: One is not of that form, or names something that does not exist.
    """
    fields: dict[str, str] = {}
    for condition in conditions:
        field, equals, value = condition.partition("=")
        if not equals or field not in {*FIELDS, "name"} or not value:
            raise UsageError(
                f"{condition!r} is no condition",
                remedy="e.g. reason=unsure label=claim source=fax age=2d purpose=decide name=scan_"
                " words=tariff",
            )
        fields[field] = value
    return filter_of(fields, fields.get("name", ""))


def filter_of(fields: Mapping[str, str], text: str = "") -> ReviewFilter:
    """Return the filter of some of the fields, each with its word, and a part of the name.

    Raises:
        UsageError: A reason, a purpose or a tone does not exist, or an age is none.
    """
    return ReviewFilter(
        reason=_reason(fields["reason"]) if "reason" in fields else None,
        label=fields.get("label"),
        source=fields.get("source"),
        text=text,
        purpose=_purpose(fields["purpose"]) if "purpose" in fields else None,
        older=parse_age(fields["age"]) if "age" in fields else None,
        words=fields.get("words"),
        tone=_tone(fields["tone"]) if "tone" in fields else None,
    )


def parse_age(text: str) -> dt.timedelta:
    """Return a length of time like 30m, 12h, 2d or 1w.

    Raises:
        UsageError: It is none.
    """
    found = _AGE.fullmatch(text.strip().casefold())
    if found is None:
        raise UsageError(f"{text!r} is no age", remedy="e.g. 30m, 12h, 2d or 1w")
    try:
        return dt.timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError as error:
        raise UsageError(f"nothing is as old as {text}", remedy="e.g. 12h or 2d") from error


def parse_moment(text: str, now: dt.datetime) -> dt.datetime:
    """Return the time that a text names: a date, a date and time, or a length of time ago.

    Args:
        text: `2026-11-01`, `2026-11-01T08:30` (local) or `7d`.
        now: The time.

    Raises:
        UsageError: It names none.
    """
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return now - parse_age(text)
    except (UsageError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time", remedy="e.g. 2026-11-01, 2026-11-01T08:30, 12h or 7d"
        ) from error


def _purpose(value: str) -> Purpose:
    near = _beginning(Purpose, value)
    if near is None:
        raise UsageError(f"there is no purpose {value!r}", remedy=f"one of: {', '.join(Purpose)}")
    return near


def _tone(value: str) -> str:
    if value not in _TONES:
        raise UsageError(f"there is no tone {value!r}", remedy=f"one of: {', '.join(_TONES)}")
    return value


def _reason(value: str) -> ReasonCode:
    near = _beginning(ReasonCode, value)
    if near is None:
        raise UsageError(
            f"there is no reason {value!r}",
            remedy="e.g. unsure, unlike_training, pages_disagree, duplicate, undone",
        )
    return near


def _beginning(kind: type[_Word], value: str) -> _Word | None:
    """Return the word that is meant: itself, or the only one that begins so."""
    words = [word for word in kind if value and word.value.startswith(value)]
    exact = [word for word in words if word.value == value]
    return exact[0] if exact else words[0] if len(words) == 1 else None


def _words(text: str) -> list[str]:
    """Split at spaces outside of double quotes, which are dropped."""
    words, quoted, word = [], False, ""
    for character in text.strip():
        if character == '"':
            quoted = not quoted
        elif character.isspace() and not quoted:
            words.append(word)
            word = ""
        else:
            word += character
    return [each for each in (*words, word) if each]
