"""The pages that a document is most like, small and side by side."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from docsorter.cli.output import printable
from docsorter.cli.reviewer.cells import PIXELS, blocks
from docsorter.cli.reviewer.viewport import Viewport, look
from docsorter.errors import DocsorterError
from docsorter.review.items import Item
from docsorter.service.desk.neighbours import Neighbour, Neighbours

LINES: Final = 10
"""Height: a line of words, the pages, and two lines of names."""

ROOM: Final = (110, 30)
"""Columns and lines of a terminal below which nothing is compared."""

_GAP = 1
_WORDS = 3
_BOLD, _DIM, _PLAIN = Style(bold=True), Style(dim=True), Style()


class Likeness(Widget):
    """Draws up to three pages with their names; takes no room while it has none.

    Args:
        neighbours: Finds them; None compares nothing.
    """

    def __init__(self, neighbours: Neighbours | None) -> None:
        super().__init__(id="likeness")
        self._neighbours = neighbours
        self._lines: list[list[Segment]] = []
        self._found: Sequence[Neighbour] = ()
        self._item: Item | None = None
        self.display = False

    def compare(self, item: Item | None) -> None:
        """Look for what a document is most like, unless it is judged blind or room is short."""
        size = self.app.size
        if item is not None and (item.blind or size.width < ROOM[0] or size.height < ROOM[1]):
            item = None
        if item is self._item or self._neighbours is None:
            return
        self._item = item
        self._show(())
        if item is not None:
            self.run_worker(self._compare(self._neighbours, item))

    async def _compare(self, neighbours: Neighbours, item: Item) -> None:
        found: Sequence[Neighbour] = ()
        # Without the model the page is still there, and that is what one decides by.
        with suppress(DocsorterError, RuntimeError):
            found = [*await asyncio.wrap_future(neighbours.nearest(item.document))]
        if self._item is item:
            self._show(found)

    def _show(self, found: Sequence[Neighbour]) -> None:
        self.display = bool(found)
        self._found = found
        self._draw()

    def on_resize(self) -> None:
        """Draw again: the room has changed, or is known only now."""
        self._draw()

    def _draw(self) -> None:
        if not self.display or not self.size.width:
            return
        count = len(self._found)
        columns = max((self.size.width - _GAP * (count - 1)) // count, 6)
        size = columns, LINES - _WORDS
        drawn = [
            blocks(look(each.picture, Viewport(), (size[0] * PIXELS[0], size[1] * PIXELS[1])), size)
            for each in self._found
        ]
        gap = Segment(" " * _GAP, _PLAIN)
        self._lines = [[Segment("most like it, by the model's eye".ljust(self.size.width), _DIM)]]
        for line in range(size[1]):
            row: list[Segment] = []
            for strips in drawn:
                row += [*strips[line], gap]
            self._lines.append(row)
        self._lines.append([Segment(_row(self._found, columns, "label"), _BOLD)])
        self._lines.append([Segment(_row(self._found, columns, "name"), _DIM)])
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return one line of what was drawn last."""
        style = self.rich_style
        if y >= len(self._lines):
            return Strip.blank(self.size.width, style)
        return Strip(self._lines[y]).adjust_cell_length(self.size.width, style).apply_style(style)


def _row(found: Sequence[Neighbour], columns: int, what: str) -> str:
    names = [printable(getattr(each, what)) for each in found]
    cut = [n if len(n) <= columns else n[: columns - 1] + "…" for n in names]
    return (" " * _GAP).join(name.ljust(columns) for name in cut)
