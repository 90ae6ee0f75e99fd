"""Pages as real pictures, in terminals that can: sixel, and the protocol of kitty.

Importing this asks the terminal for the size of its characters, so it must happen before Textual
takes the keyboard.
"""

from collections.abc import Iterator

from PIL import Image
from textual.widget import Widget
from textual_image._sixel import BackgroundColor, SixelOptions
from textual_image.widget import SixelImage, TGPImage
from textual_image.widget.sixel import _ImageSixelImpl

from docsorter.cli.reviewer.drawing import Drawing, cell_pixels
from docsorter.cli.reviewer.sixels import encode
from docsorter.cli.reviewer.viewport import Viewport, look


class _FastSixels(_ImageSixelImpl):
    def _image_to_sixels(
        self,
        image: Image.Image,
        sixel_options: SixelOptions | None = None,
        background: BackgroundColor | None = None,
    ) -> str:
        del sixel_options, background
        return encode(image.convert("RGB"))


class _SixelPage(SixelImage, Renderable=SixelImage._Renderable):  # noqa: SLF001 -- not inherited
    def compose(self) -> Iterator[Widget]:
        yield _FastSixels(self.image)


class GraphicsCanvas(Widget):
    """Draws a page with the terminal's own graphics.

    Args:
        drawing: SIXEL or KITTY.
    """

    DEFAULT_CSS = """
    GraphicsCanvas { width: 1fr; height: 1fr; }
    GraphicsCanvas > * { width: 100%; height: 100%; }
    """

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self._drawing = drawing
        self._page = _SixelPage() if drawing is Drawing.SIXEL else TGPImage()
        self._last: tuple[Image.Image, Viewport] | None = None

    def compose(self) -> Iterator[Widget]:
        """Hold the picture."""
        yield self._page

    def on_resize(self) -> None:
        """Draw again: the room has changed, or is known only now."""
        if self._last is not None:
            self.paint(*self._last)

    def prepare(self, page: Image.Image) -> None:
        """Do nothing: what can be drawn ahead depends on where the terminal draws it."""

    def paint(self, page: Image.Image, view: Viewport) -> Viewport:
        """Draw what is seen of a page; returns the view that was possible."""
        self._last = page, view
        wide, high = cell_pixels(self._drawing)
        canvas = self.size.width * wide, self.size.height * high
        if not all(canvas):
            return view
        view = view.settled(page.size, canvas)
        seen = look(page, view, canvas)
        _, around = self.background_colors
        whole = Image.new("RGB", canvas, around.rgb)
        whole.paste(seen.picture, (seen.left, seen.top))
        self._page.image = whole
        return view
