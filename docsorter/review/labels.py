"""Which labels an answer may give."""

import difflib
import re
from collections.abc import Sequence

from docsorter.errors import UsageError

_NEW = re.compile(r"[^\W_][\w .+-]{0,63}")


def check_label(label: str, known: Sequence[str], *, new: bool = False) -> str:
    """Return the label if an answer may give it.

    Args:
        label: What the person typed.
        known: The labels of the model in use.
        new: Whether a label that the model was not taught is meant to be one.

    Raises:
        UsageError: It is unknown, or cannot be a label since it becomes the name of a folder.
    """
    if label in known:
        return label
    if not new:
        near = difflib.get_close_matches(label, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"there is no label {label!r}; the labels are {', '.join(known)}",
            remedy=f"{hint}--new-label allows a new one",
        )
    if not _NEW.fullmatch(label) or label != label.strip(" ."):
        raise UsageError(
            f"{label!r} cannot be a label: it becomes the name of a folder",
            remedy="use at most 64 letters, digits, spaces and . + - _, beginning with a letter",
        )
    twin = next((each for each in known if each.casefold() == label.casefold()), None)
    if twin is not None:
        raise UsageError(
            f"{label!r} is the label {twin!r} written differently", remedy=f"use {twin}"
        )
    return label
