"""What a label may be called: it becomes the name of a folder, on this machine and on shares."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from docsorter.deliver.names import safe_name
from docsorter.model.card import NONE_OF_THESE

MOST_CHARACTERS: Final = 64
_RENAME: Final = "rename the folder"


def label_of(folder_name: str) -> str:
    """Return the label that a folder stands for: its name in Unicode form C."""
    return unicodedata.normalize("NFC", folder_name)


def name_problem(folder_names: Iterable[str]) -> tuple[str, str] | None:
    """Say what is wrong with the names of label folders.

    Returns:
        What is wrong and what to do, or None when nothing is.
    """
    names = sorted(folder_names)
    for name in names:
        problem = _odd(label_of(name))
        if problem is not None:
            return problem
    return _twins(names)


def _odd(label: str) -> tuple[str, str] | None:
    if len(label) > MOST_CHARACTERS:
        return (
            f"the label {label[:20] + '…'!r} is too long: it has {len(label)} characters",
            f"{_RENAME}; a label has at most {MOST_CHARACTERS} characters",
        )
    if safe_name(label) != label:
        return (
            f"{label!r} cannot be a label: it becomes a folder, which not every system can name so",
            f"{_RENAME}, for example to {safe_name(label)!r}",
        )
    if label != NONE_OF_THESE and _folded(label) == NONE_OF_THESE:
        return (
            f"the label {label!r} looks like {NONE_OF_THESE!r}, which means none of the labels",
            f"{_RENAME} to {NONE_OF_THESE!r} if that is meant, else to another word",
        )
    return None


def _twins(names: Sequence[str]) -> tuple[str, str] | None:
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(_folded(name), name)
        if twin != name:
            how = "in upper and lower case" if label_of(twin) != label_of(name) else "in Unicode"
            return (
                f"two folders stand for one label: {_apart(twin, name)} differ only {how}",
                "move the documents of the one into the other and remove it",
            )
    return None


def _apart(one: str, other: str) -> str:
    """Write two names so that they can be told apart even where they look the same."""
    if label_of(one) == label_of(other):
        return f"{one!a} and {other!a}"
    return f"{one!r} and {other!r}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
