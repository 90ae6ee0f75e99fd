"""The data report as one HTML page, below 10 MB, made from the template `data_report.html.j2`."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from docsorter.training.data_report.report import DataReport
from docsorter.training.rasters import BASE, RasterCache
from docsorter.training.report import jpeg_uri, render, without_padding

SMALL: Final = 132
"""Longer side of a page on a contact sheet, pixels."""

LARGE: Final = 300
"""Longer side of a page that somebody has to judge."""

BUDGET: Final = 8_500_000
"""Bytes of pictures in a report, so that the whole of it stays below 10 MB."""

MOST_CASES: Final = 60
"""Cases of a kind that are shown; `--json` has all."""

MOST_ROWS: Final = 300
"""Rows of unreadable files; as above."""

_QUALITY: Final = 62
_A_PICTURE: Final = 7500
"""Bytes of a small picture of a dense page, its caption included; most have half."""


class Thumbnails:
    """Gives pictures of first pages until the budget is spent.

    Args:
        root: The folder that documents are named below.
        cache: Makes the pages.
        budget: Bytes that all pictures together may have, as they are written into the page.
    """

    def __init__(self, root: Path, cache: RasterCache, budget: int = BUDGET) -> None:
        self._root = root
        self._cache = cache
        self._left = budget
        self._kept_back = budget // 2

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return self._left

    def case(self, file: str, side: int) -> str:
        """Return the same as `uri`, leaving half of the budget to the contact sheets."""
        return self.uri(file, side) if self._left > self._kept_back else ""

    def uri(self, file: str, side: int) -> str:
        """Return a picture as a `data:` URI, "" when it would exceed the budget.

        Args:
            file: Path below the folder.
            side: Longer side, pixels.
        """
        page = self._cache.pages(self._root / file, BASE)[0]
        image = Image.fromarray(without_padding(page))
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        uri = jpeg_uri(image, _QUALITY)
        if len(uri) > self._left:
            return ""
        self._left -= len(uri)
        return uri


def html_page(report: DataReport, files: dict[str, list[str]], pictures: Thumbnails) -> str:
    """Return the report as a page.

    Args:
        report: The findings.
        files: Readable documents by label, paths below the folder, for the contact sheets.
        pictures: Gives pictures of them as long as there is room.

    Raises:
        DependencyError: Jinja2 is not installed.
    """

    def contact_sheets() -> Iterator[tuple[str, list[str], int]]:
        """Yield a label, the documents to show of it, and how many there are.

        The template calls this after the cases, so that it knows the room that is left.
        """
        room = fair_shares({label: len(own) for label, own in files.items()}, pictures.left)
        for label, own in files.items():
            yield label, evenly(own, room[label]), len(own)

    return render(
        "data_report.html.j2",
        report=report,
        pictures=pictures,
        contact_sheets=contact_sheets,
        suspected={one.document.file for one in report.suspects},
        large=LARGE,
        small=SMALL,
        most_cases=MOST_CASES,
        most_rows=MOST_ROWS,
    )


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
