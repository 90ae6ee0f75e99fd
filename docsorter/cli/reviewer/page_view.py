"""The page in the terminal as characters or real pictures, what it is like, and its words."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, cast

from PIL import Image
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from docsorter.cli.output import printable
from docsorter.cli.reviewer.drawing import (
    CHARACTERS,
    PIXELS,
    DrawingMode,
    Size,
    Viewport,
    blocks,
    cell_pixels,
    dots,
    visible_part,
)
from docsorter.errors import DocsorterError
from docsorter.review.items import Item, words_spoke
from docsorter.service.review.previews import QUICK
from docsorter.service.review.similar import SimilarDocuments, SimilarPage
from docsorter.service.review.words import DocumentWords

_PREPARED: Final = 6  # drawings that are kept: those of the pages that lie ready, and a few more


class Canvas(Protocol):
    """Whatever a page can be drawn on."""

    def paint(self, page: Image.Image, view: Viewport) -> Viewport:
        """Draw what is seen of a page; returns the view that was possible."""
        ...

    def prepare(self, page: Image.Image) -> None:
        """Draw a page as a whole before it is needed, where that helps; may be any thread."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _CachedDrawing:
    """A page as characters."""

    page: Image.Image
    asked: Viewport
    size: Size  # of the canvas, characters
    view: Viewport  # that was possible
    strips: list[Strip]

    def is_of(self, page: Image.Image, asked: Viewport, size: Size) -> bool:
        """Say whether it is what is to be drawn."""
        return self.page is page and self.asked == asked and self.size == size


class CellCanvas(Widget):
    """Draws a page with characters.

    Args:
        mode: BLOCKS or DOTS.
        colour: Whether colours may be used.
    """

    DEFAULT_CSS = "CellCanvas { width: 1fr; height: 1fr; layer: page; }"

    def __init__(self, mode: DrawingMode, *, colour: bool) -> None:
        super().__init__()
        self._mode = mode
        self._colour = colour
        self._strips: list[Strip] = []
        self._ready: deque[_CachedDrawing] = deque(maxlen=_PREPARED)
        self._last: tuple[Image.Image, Viewport] | None = None

    def on_resize(self) -> None:
        """Draw again: the room has changed, or is known only now."""
        if self._last is not None:
            self.paint(*self._last)

    def paint(self, page: Image.Image, view: Viewport) -> Viewport:
        """Draw what is seen of a page; returns the view that was possible."""
        self._last = page, view
        size = self.size.width, self.size.height
        if not all(size):
            return view
        ready = (drawn for drawn in tuple(self._ready) if drawn.is_of(page, view, size))
        drawn = next(ready, None) or self._drawn(page, view, size)
        self._strips = drawn.strips
        self.refresh()
        return drawn.view

    def prepare(self, page: Image.Image) -> None:
        """Draw a page as a whole before it is needed; may be any thread."""
        size = self.size.width, self.size.height
        if all(size):
            self._ready.append(self._drawn(page, Viewport(), size))

    def _drawn(self, page: Image.Image, asked: Viewport, size: Size) -> _CachedDrawing:
        wide, high = cell_pixels(self._mode)
        canvas = size[0] * wide, size[1] * high
        view = asked.within(page.size, canvas)
        seen = visible_part(page, view, canvas)
        strips = (
            blocks(seen, size)
            if self._mode is DrawingMode.BLOCKS
            else dots(seen, size, colour=self._colour)
        )
        return _CachedDrawing(page, asked, size, view, strips)

    def render_line(self, y: int) -> Strip:
        """Return one line of what was painted last."""
        style = self.rich_style  # a strip without one breaks the filter that takes colours away
        if y < len(self._strips):
            return self._strips[y].adjust_cell_length(self.size.width, style)
        return Strip.blank(self.size.width, style)


class PageView(Container):
    """A page, looked at through a viewport that follows zoom, pan and turns.

    Args:
        mode: How to draw.
        colour: Whether colours may be used.
    """

    # Characters stay where they are below a message: what is laid out has a size, and what has a
    # size is drawn in the same frame in which the message goes. A real picture would shine through.
    DEFAULT_CSS = """
    PageView { layers: page words; }
    PageView #message { layer: words; width: 1fr; height: 1fr; background: $surface; }
    """

    def __init__(self, mode: DrawingMode, *, colour: bool) -> None:
        super().__init__()
        self._mode = mode
        self._colour = colour
        self._page: Image.Image | None = None
        self._canvas: Widget | None = None
        self.view = Viewport()

    def compose(self) -> ComposeResult:
        """Hold the canvas and the message, one of which is seen."""
        yield from self._made_canvas()
        yield Static(id="message", markup=False)

    def _made_canvas(self) -> Iterator[Widget]:
        if self._mode in CHARACTERS:
            self._canvas = CellCanvas(self._mode, colour=self._colour)
        elif self._mode is not DrawingMode.OFF:
            from docsorter.cli.reviewer.graphics import GraphicsCanvas

            self._canvas = GraphicsCanvas(self._mode)
        if self._canvas is not None:
            yield self._canvas

    @property
    def shows_page(self) -> bool:
        """Whether a page is before the person, as far as this terminal can."""
        return self._page is not None

    @property
    def wants_sharp(self) -> bool:
        """Whether more of the page is asked for than a quick look has."""
        if self._canvas is None:
            return False
        wide, high = cell_pixels(self._mode)
        room = max(self._canvas.size.width * wide, self._canvas.size.height * high)
        return self.view.zoom > 1 or room > QUICK

    def prepare(self, page: Image.Image) -> None:
        """Draw a page as a whole before it is needed; may be any thread."""
        if self._canvas is not None:
            cast("Canvas", self._canvas).prepare(page)

    def sharper(self, page: Image.Image) -> None:
        """Show the same page with more pixels; what is seen of it stays."""
        self._page = page
        self.look(self.view)

    def show(self, page: Image.Image, *, view: Viewport | None = None) -> None:
        """Show a page, as a whole unless a view is given."""
        self._page = page
        self.look(view or Viewport())
        if self._canvas is None:
            self._say("pictures are off; o opens the file")
        else:
            self._canvas.display = True
            self.query_one("#message").display = False

    def say(self, text: str) -> None:
        """Show a sentence where the page would be."""
        self._page = None
        self._say(text)

    def look(self, view: Viewport) -> None:
        """Look at the page in another way."""
        self.view = view
        if self._page is not None and self._canvas is not None:
            self.view = cast("Canvas", self._canvas).paint(self._page, view)

    def _say(self, text: str) -> None:
        if self._canvas is not None and self._mode not in CHARACTERS:
            self._canvas.display = False
        message = self.query_one("#message", Static)
        message.display = True
        message.update(Text(text, justify="center"))


class SpokenWords(Static):
    """Names the words that spoke for the likeliest label; takes no room while there are none.

    Args:
        reader: Reads them again; None reads none.
    """

    def __init__(self, reader: DocumentWords | None) -> None:
        super().__init__(id="words", markup=False)
        self._reader = reader
        self._item: Item | None = None
        self.display = False

    def compare(self, item: Item | None) -> None:
        """Read the words of a document, unless it is judged blind or they had no say."""
        if item is self._item:
            return
        self._item, self.display = item, False
        if item is not None and self._reader is not None and words_spoke(item):
            self.run_worker(self._tell(self._reader, item))

    async def _tell(self, reader: DocumentWords, item: Item) -> None:
        prediction = item.entry.prediction
        assert prediction is not None, "its words spoke"
        # Without them the page is still there, and that is what one decides by.
        with suppress(DocsorterError, RuntimeError):
            found = await asyncio.wrap_future(reader.evidence(item.document, prediction))
            if self._item is item:
                self.update(printable(f"words: {found.sentence()}"))
                self.display = True


LINES: Final = 10
"""Height: a line of words, the pages, and two lines of names."""

ROOM: Final = (110, 30)
"""Columns and lines of a terminal below which nothing is compared."""

_GAP = 1
_WORDS = 3
_BOLD, _DIM, _PLAIN = Style(bold=True), Style(dim=True), Style()


class NearestPages(Widget):
    """Draws up to three pages with their names; takes no room while it has none.

    Args:
        neighbours: Finds them; None compares nothing.
    """

    def __init__(self, neighbours: SimilarDocuments | None) -> None:
        super().__init__(id="nearest")
        self._neighbours = neighbours
        self._lines: list[list[Segment]] = []
        self._found: Sequence[SimilarPage] = ()
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

    async def _compare(self, neighbours: SimilarDocuments, item: Item) -> None:
        found: Sequence[SimilarPage] = ()
        # Without the model the page is still there, and that is what one decides by.
        with suppress(DocsorterError, RuntimeError):
            found = [*await asyncio.wrap_future(neighbours.nearest(item.document))]
        if self._item is item:
            self._show(found)

    def _show(self, found: Sequence[SimilarPage]) -> None:
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
            blocks(
                visible_part(each.picture, Viewport(), (size[0] * PIXELS[0], size[1] * PIXELS[1])),
                size,
            )
            for each in self._found
        ]
        gap = Segment(" " * _GAP, _PLAIN)
        self._lines = [[Segment("the model's nearest pages".ljust(self.size.width), _DIM)]]
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


def _row(found: Sequence[SimilarPage], columns: int, what: str) -> str:
    names = [printable(getattr(each, what)) for each in found]
    cut = [n if len(n) <= columns else n[: columns - 1] + "…" for n in names]
    return (" " * _GAP).join(name.ljust(columns) for name in cut)
