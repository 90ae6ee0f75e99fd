"""The two lines at the edges of the screen: what waits, above, and what keys do, below."""

from collections.abc import Sequence

from docsorter.cli.output import printable
from docsorter.review.choices import Choice
from docsorter.review.items import Item
from docsorter.review.wording import suggestion


def top_line(waiting: int, marked: int, searched: str) -> str:
    """Return what waits.

    Args:
        waiting: Documents that wait, of anybody.
        marked: Documents that were laid aside here.
        searched: What is shown only; "" shows all.
    """
    waits = f"{waiting} waiting" + (f" · {marked} marked" if marked else "")
    waits += f" · showing {searched}" if searched else ""
    return printable(f"docsorter review · {waits}")


def key_line(item: Item | None, offered: Sequence[Choice], *, marked: bool, width: int) -> str:
    """Return the keys that matter most, as many as fit.

    Args:
        item: The document that is shown.
        offered: Labels that can be given.
        marked: Whether documents were laid aside.
        width: Columns that there are.
    """
    top = suggestion(item) if item else ""
    parts = [f"Enter {printable(top)}" if top else "", _numbers(offered)]
    parts += ["u undo", "s skip", "x reject", "n new", "m mark"]
    parts += ["a all marked"] if marked else []
    parts += ["/ search", "? keys", "q quit"]
    for dropped in ("", "/ search", "m mark", "n new", "x reject", "s skip", "u undo"):
        parts = [part for part in parts if part and part != dropped]
        if len("  ".join(parts)) <= width:
            break
    return "  ".join(parts)


def _numbers(offered: Sequence[Choice]) -> str:
    digits = [choice.digit for choice in offered if choice.digit]
    if not digits:
        return ""
    return f"{digits[0]}-{digits[-1]} label" if len(digits) > 1 else f"{digits[0]} label"
