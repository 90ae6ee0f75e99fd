"""Contact sheets: every document of a label at a glance, as many as there is room for."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final

from docsorter.training.data_report.findings import DataReport
from docsorter.training.data_report.markup import figure, number, text
from docsorter.training.data_report.thumbnails import SMALL, Thumbnails

_A_PICTURE: Final = 7500
"""Bytes of a small picture of a dense page, its caption included; most have half."""


def contact_sheets(
    report: DataReport, files: dict[str, list[str]], pictures: Thumbnails
) -> Iterator[str]:
    """Show the documents of each label, spread evenly over it when not all have room."""
    yield "<h2>Contact sheets</h2>"
    suspect = {one.document.file for one in report.suspects}
    room = fair_shares({label: len(own) for label, own in files.items()}, pictures.left)
    for label, own in files.items():
        shown = evenly(own, room[label])
        yield f"<h3>{text(label)}</h3>"
        if len(shown) < len(own):
            yield (
                f'<p class="soft">{len(shown):,} of {number(len(own), "document")}, spread evenly: '
                "more would make the page too large.</p>"
            )
        yield '<div class="sheet">'
        for file in shown:
            mark = '<span class="mark">? </span>' if file in suspect else ""
            caption = f"{mark}{text(PurePath(file).name)}"
            yield figure(pictures.uri(file, SMALL), caption, file)
        yield "</div>"


def fair_shares(wanted: dict[str, int], room: int) -> dict[str, int]:
    """Deal out room for pictures: nobody gets more than asked for, what is left goes round.

    Args:
        wanted: Pictures by label.
        room: Bytes.

    Returns:
        Pictures by label.
    """
    left = max(0, room // _A_PICTURE)
    shares: dict[str, int] = {}
    waiting = sorted(wanted, key=lambda label: (wanted[label], label))
    for place, label in enumerate(waiting):
        shares[label] = min(wanted[label], left // (len(waiting) - place))
        left -= shares[label]
    return shares


def evenly(items: Sequence[str], count: int) -> list[str]:
    """Return `count` items spread evenly over all, in their order; all when they are no more."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]
