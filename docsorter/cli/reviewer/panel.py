"""What stands beside the page: the document, why it is here, the labels with their bars."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from docsorter.cli.output import printable
from docsorter.review.choices import Choice
from docsorter.review.items import Item
from docsorter.review.wording import age, shares, suggestion, why

_FULL, _EMPTY = "█", "·"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEAST_BAR = 4
_ALL = 100
_NUMBER = 5  # " 0.54"


@dataclass(frozen=True, slots=True)
class Situation:
    """Where the person is.

    Attributes:
        item: The document.
        offered: Labels that can be given.
        page: Which page is seen, counted from 0.
        now: The time.
    """

    item: Item
    offered: Sequence[Choice]
    page: int
    now: dt.datetime


def describe(situation: Situation, width: int) -> Text:
    """Return everything that is said of a document, to be wrapped at a width in characters."""
    item = situation.item
    document = item.document
    text = Text()
    text.append(printable(document.name) + "\n", "bold")
    text.append(_facts(situation) + "\n\n", "dim")
    text.append(why(item) + "\n\n")
    text.append(bars(situation, width))
    if item.blind or item.entry.prediction is None:
        return text
    novelty = item.entry.prediction.novelty
    much = "everything" if novelty >= _ALL else f"{int(novelty)} % of what was"
    text.append(f"\nstranger than {much} taught\n", "dim")
    return text


def _facts(situation: Situation) -> str:
    document = situation.item.document
    facts = [f"page {situation.page + 1} of {document.pages}"] if document.pages else []
    facts.append(f"here for {age(situation.item.entry, situation.now)}")
    if document.source:
        facts.append(f"from {printable(document.source)}")
    return ", ".join(facts)


def bars(situation: Situation, width: int) -> Text:
    """Return one line per label: its keys, its name, and how probable it is where that is known."""
    probable = shares(situation.item)
    top = suggestion(situation.item)
    offered = situation.offered
    known = {choice.label for choice in offered}
    names = [printable(choice.label) for choice in offered]
    longest = max((len(name) for name in names), default=0)
    room = max(width - 4 - _NUMBER - _LEAST_BAR - 1, 6)
    column = min(max(longest, *map(len, probable), 0), room)
    text = Text(no_wrap=True, overflow="ellipsis")
    for choice, name in zip(offered, names, strict=True):
        is_top = choice.label == top
        text.append("▸ " if is_top else "  ", "bold")
        text.append(f"{choice.digit or ' '} ", "bold" if choice.digit else "")
        text.append(_named(choice, name, column, is_top=is_top))
        text.append(_bar(probable.get(choice.label), width - column - 4))
        text.append("\n")
    for label, share in probable.items():
        if label not in known:
            text.append(f"    {_cut(printable(label), column)}", "dim")
            text.append(_bar(share, width - column - 4))
            text.append("\n")
    return text


def _named(choice: Choice, name: str, column: int, *, is_top: bool) -> Text:
    text = Text(_cut(name, column), "bold" if is_top else "")
    at = name.casefold().find(choice.letter) if choice.letter else -1
    if 0 <= at < min(len(name), column):
        text.stylize("underline", at, at + 1)
    return text


def _cut(name: str, column: int) -> str:
    return name.ljust(column) if len(name) <= column else name[: column - 1] + "…"


def _bar(share: float | None, width: int) -> Text:
    if share is None:
        return Text()
    length = max(width - _NUMBER - 1, 0)
    full, part = divmod(round(share * length * 8), 8)
    bar = (_FULL * full + (_EIGHTHS[part] if part else ""))[:length]
    text = Text(" ")
    text.append(bar, "cyan")
    text.append(_EMPTY * (length - len(bar)), "dim")
    # Rounded down: nobody reads 1.00 where there is doubt left.
    text.append(f" {int(share * 100 + 1e-9) / 100:.2f}")
    return text
