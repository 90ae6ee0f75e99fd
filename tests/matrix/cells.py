"""What the matrix is made of: one page, written in very many ways, each of them a cell.

A cell names a container and a way to write the page into it. Expected is the verdict of the plain
PNG of the same page: the same label, its probability within 0.02 and nearly the same pixels. Where
no library that is there reads a kind, a cell says so by `refusal`, and the refusal must be the
truth: its code and the words that name the kind.

To add cells: append to the list of a container (`tiff_cells.CELLS`, `raster_cells.CELLS`,
`pdf_cells.CELLS`). `make matrix` reads all of them; the tests read those that are `quick`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from PIL import Image, ImageOps

from docsorter.documents import ReasonCode

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "inbox_examples" / "fattura 118.png"
SIZE: Final = (421, 595)  # odd, so that rows end inside a byte and tiles and strips are cut

Plain = Literal["colour", "grey", "bilevel"]
_INK, _PAPER = (18, 24, 84), (255, 252, 238)


@dataclass(frozen=True, slots=True)
class Page:
    """The page that every cell writes.

    Attributes:
        colour: Mode RGB; ink and paper are tinted, so that exchanged channels are seen.
        grey: Mode L.
        bilevel: Mode 1.
    """

    colour: Image.Image
    grey: Image.Image
    bilevel: Image.Image

    def plain(self, which: Plain) -> Image.Image:
        """Return the page as the plain PNG has it."""
        return {"colour": self.colour, "grey": self.grey, "bilevel": self.bilevel}[which]


Write = Callable[[Page], bytes]


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to write the page.

    Attributes:
        container: Group of the table: "TIFF", "PNG", "PDF".
        name: What is special about it; unique in its container.
        write: Returns the whole file.
        plain: Which plain version it must look like.
        refusal: Words that a truthful refusal has in it (a regular expression); "" when the cell
            must be read. A cell that is read right all the same passes too.
        code: Reason code of that refusal.
        quick: Whether the tests read it, not only `make matrix`.
        tolerance: Mean difference of the 299 x 299 pixels that is no fault, of 255.
    """

    container: str
    name: str
    write: Write
    plain: Plain = "colour"
    refusal: str = ""
    code: ReasonCode = ReasonCode.UNSUPPORTED
    quick: bool = False
    tolerance: float = 1.0


@cache
def the_page() -> Page:
    """Return the page: an invoice of the examples, small, its ink blue and its paper warm."""
    with Image.open(EXAMPLE) as example:
        grey = example.convert("L").resize(SIZE, Image.Resampling.LANCZOS)
    return Page(
        colour=ImageOps.colorize(grey, _INK, _PAPER),
        grey=grey,
        bilevel=grey.point([0] * 160 + [255] * 96).convert("1", dither=Image.Dither.NONE),
    )


def squat(image: Image.Image, across: int, down: int) -> Image.Image:
    """Return a picture as a scanner of so many dots across and down stores it."""
    factor = 2 / max(across, down)
    size = round(image.width * across * factor), round(image.height * down * factor)
    return image.resize(size, Image.Resampling.BICUBIC)
