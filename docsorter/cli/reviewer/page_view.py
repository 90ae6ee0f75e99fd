"""The page in the terminal, or why it cannot be seen."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, cast

from PIL import Image
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from docsorter.cli.reviewer import cells
from docsorter.cli.reviewer.drawing import CHARACTERS, Drawing, cell_pixels
from docsorter.cli.reviewer.viewport import Size, Viewport, look
from docsorter.service.desk.pictures import QUICK

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
class _Drawn:
    """A page as characters.

    Attributes:
        page: The page.
        asked: The view that was asked for.
        size: Of the canvas, characters.
        view: The view that was possible.
        strips: Its lines.
    """

    page: Image.Image
    asked: Viewport
    size: Size
    view: Viewport
    strips: list[Strip]

    def is_of(self, page: Image.Image, asked: Viewport, size: Size) -> bool:
        """Say whether it is what is to be drawn."""
        return self.page is page and self.asked == asked and self.size == size


class CellCanvas(Widget):
    """Draws a page with characters.

    Args:
        drawing: BLOCKS or DOTS.
        colour: Whether colours may be used.
    """

    DEFAULT_CSS = "CellCanvas { width: 1fr; height: 1fr; }"

    def __init__(self, drawing: Drawing, *, colour: bool) -> None:
        super().__init__()
        self._drawing = drawing
        self._colour = colour
        self._strips: list[Strip] = []
        self._ready: deque[_Drawn] = deque(maxlen=_PREPARED)
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

    def _drawn(self, page: Image.Image, asked: Viewport, size: Size) -> _Drawn:
        wide, high = cell_pixels(self._drawing)
        canvas = size[0] * wide, size[1] * high
        view = asked.settled(page.size, canvas)
        seen = look(page, view, canvas)
        strips = (
            cells.blocks(seen, size)
            if self._drawing is Drawing.BLOCKS
            else cells.dots(seen, size, colour=self._colour)
        )
        return _Drawn(page, asked, size, view, strips)

    def render_line(self, y: int) -> Strip:
        """Return one line of what was painted last."""
        style = self.rich_style  # a strip without one breaks the filter that takes colours away
        if y < len(self._strips):
            return self._strips[y].adjust_cell_length(self.size.width, style)
        return Strip.blank(self.size.width, style)


class PageView(Container):
    """A page, looked at through a viewport that follows zoom, pan and turns.

    Args:
        drawing: How to draw.
        colour: Whether colours may be used.
    """

    def __init__(self, drawing: Drawing, *, colour: bool) -> None:
        super().__init__()
        self._drawing = drawing
        self._colour = colour
        self._page: Image.Image | None = None
        self._canvas: Widget | None = None
        self.view = Viewport()

    def compose(self) -> ComposeResult:
        """Hold the canvas and the message, one of which is seen."""
        yield from self._made_canvas()
        yield Static(id="message", markup=False)

    def _made_canvas(self) -> Iterator[Widget]:
        if self._drawing in CHARACTERS:
            self._canvas = CellCanvas(self._drawing, colour=self._colour)
        elif self._drawing is not Drawing.OFF:
            from docsorter.cli.reviewer.graphics import GraphicsCanvas

            self._canvas = GraphicsCanvas(self._drawing)
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
        wide, high = cell_pixels(self._drawing)
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
        if self._canvas is not None:
            self._canvas.display = False
        message = self.query_one("#message", Static)
        message.display = True
        message.update(Text(text, justify="center"))
