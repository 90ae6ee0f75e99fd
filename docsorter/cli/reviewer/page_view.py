"""The page in the terminal, or why it cannot be seen."""

from collections.abc import Iterator
from typing import Protocol, cast

from PIL import Image
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from docsorter.cli.reviewer import cells
from docsorter.cli.reviewer.drawing import CHARACTERS, Drawing, cell_pixels
from docsorter.cli.reviewer.viewport import Viewport, look


class Canvas(Protocol):
    """Whatever a page can be drawn on."""

    def paint(self, page: Image.Image, view: Viewport) -> Viewport:
        """Draw what is seen of a page; returns the view that was possible."""
        ...


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
        wide, high = cell_pixels(self._drawing)
        canvas = size[0] * wide, size[1] * high
        view = view.settled(page.size, canvas)
        seen = look(page, view, canvas)
        self._strips = (
            cells.blocks(seen, size)
            if self._drawing is Drawing.BLOCKS
            else cells.dots(seen, size, colour=self._colour)
        )
        self.refresh()
        return view

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
