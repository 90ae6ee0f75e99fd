"""Numbers as people read them."""

import html
import math

from docsorter.model.card import Measured

NO_BREAK = "\u00a0"
THIN = "\u202f"


def percent(share: float, digits: int = 1) -> str:
    """Write a share, 0-1, as a percentage."""
    return f"{100 * share:.{digits}f}{THIN}%"


def bound(share: float) -> str:
    """Write an upper bound as a percentage, rounded up so that the sentence stays true."""
    return f"{math.ceil(share * 1000 - 1e-9) / 10:.1f}{THIN}%"


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number:,}".replace(",", THIN) + NO_BREAK + (noun if number == 1 else f"{noun}s")


def value_text(measured: Measured, *, share: bool = True) -> str:
    """Write a figure without its interval, or that it cannot be measured."""
    if measured.value is None:
        return "not measurable"
    return percent(measured.value) if share else f"{measured.value:.4f}"


def interval_text(measured: Measured, *, share: bool = True) -> str:
    """Write the 95 % interval of a figure, "" where there is none."""
    if measured.low is None or measured.high is None:
        return ""
    if share:
        return f"{100 * measured.low:.1f} to {100 * measured.high:.1f}"
    return f"{measured.low:.4f} to {measured.high:.4f}"


def whole(measured: Measured) -> str:
    """Write a share with its interval and n, or why there is none."""
    if measured.value is None:
        return f"not measurable, n = {measured.n}"
    between = interval_text(measured)
    return f"{percent(measured.value)}" + (f" ({between})" if between else "")


def escaped(text: str) -> str:
    """Return text for HTML; what cannot be shown, such as control characters, as an escape."""
    shown = "".join(
        letter
        if letter.isprintable() or letter in {NO_BREAK, THIN}
        else letter.encode("unicode_escape", "backslashreplace").decode("ascii")
        for letter in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )
    return html.escape(shown)
