"""Which labels an answer may give, and which key gives which."""

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from docsorter.errors import UsageError

_NEW = re.compile(r"[^\W_][\w .+-]{0,63}")


def check_label(label: str, known: Sequence[str], *, new: bool = False) -> str:
    """Return the label if an answer may give it.

    Args:
        label: What the person typed.
        known: The labels of the model in use.
        new: Whether a label that the model was not trained on is meant to be one.

    Raises:
        UsageError: It is unknown, or cannot be a label since it becomes the name of a folder.
    """
    if label in known:
        return label
    if not new:
        near = nearest_label(label, known)
        hint = f"did you mean {near}? " if near else ""
        raise UsageError(
            f"there is no label {label!r}; the labels are {', '.join(known)}",
            remedy=f"{hint}--new-label allows a new one",
        )
    if not _NEW.fullmatch(label) or label != label.strip(" ."):
        raise UsageError(
            f"{label!r} cannot be a label: it becomes the name of a folder",
            remedy="use at most 64 letters, digits, spaces and . + - _, beginning with a letter",
        )
    other = next((each for each in known if each.casefold() == label.casefold()), None)
    if other is not None:
        raise UsageError(
            f"{label!r} is the label {other!r} written differently", remedy=f"use {other}"
        )
    return label


def nearest_label(label: str, known: Sequence[str]) -> str:
    """Return the label that a person may have meant, "" when none is near."""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(label.casefold(), folded, n=1)
    return folded[near[0]] if near else ""


def no_such_label(label: str, offered: Sequence["LabelChoice"]) -> str:
    """Return the sentence that comes before a label is asked for again, and made then."""
    near = nearest_label(label, [choice.label for choice in offered])
    return f"There is no label {label!r}." + (f" Did you mean {near}?" if near else "")


NUMBERED = 9
"""There are no more digits than that."""


@dataclass(frozen=True, slots=True)
class LabelChoice:
    """One label that an answer may give.

    Attributes:
        label: The label.
        digit: Key 1-9; "" from the tenth label on.
        letter: A letter of the label, lower case; "" where all of them are taken.
        trained: Whether the model in use knows it; otherwise people made it.
    """

    label: str
    digit: str
    letter: str
    trained: bool = True


def label_choices(
    trained: Sequence[str], made: Sequence[str] = (), *, reserved: Collection[str] = ()
) -> tuple[LabelChoice, ...]:
    """Give every label its keys; labels that the model knows come first and keep their numbers.

    Args:
        trained: Labels of the model, in its order.
        made: Labels that people gave beside them, the most used first.
        reserved: Letters that mean something else.

    Returns:
        One choice per label, no key twice.
    """
    labels = [*trained, *(label for label in made if label not in trained)]
    free = {letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in reserved}
    found = []
    for number, label in enumerate(labels, start=1):
        letter = next((each for each in label.casefold() if each in free), "")
        free.discard(letter)
        digit = str(number) if number <= NUMBERED else ""
        found.append(LabelChoice(label, digit, letter, trained=label in trained))
    return tuple(found)


def by_key(offered: Sequence[LabelChoice], key: str) -> LabelChoice | None:
    """Return the choice of a key, None when it has none."""
    key = key.casefold()
    return next((one for one in offered if key and key in {one.digit, one.letter}), None)


def by_name(offered: Sequence[LabelChoice], text: str) -> LabelChoice | None:
    """Return the choice that a text names: a key, the label, or the beginning of just one label."""
    text = text.strip().casefold()
    named = [one for one in offered if one.label.casefold() == text]
    begun = [one for one in offered if text and one.label.casefold().startswith(text)]
    if named or len(begun) == 1:
        return (named or begun)[0]
    return by_key(offered, text)
