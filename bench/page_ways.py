"""Ways to read one document, each in a child that is forked and shut in as the server does it."""

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pdf2image
from PIL import Image

from docsorter.pages import pdf, poppler, reader
from docsorter.pages import server as child
from docsorter.pages.families import preload
from docsorter.pages.pictures import Wanted
from docsorter.pages.protocol import Request, read_result
from docsorter.pages.sandbox import examine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE: Final = 299
_REQUEST: Final = Request(
    "pages", SIDE, 0, 8, max_pixels=200_000_000, time_limit=60.0, memory_limit=1 << 30
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading gave.

    Attributes:
        cpu: Processor time of the child and every program it started, seconds.
        squares: (pages, 299, 299, 3) uint8.
    """

    cpu: float
    squares: "NDArray[np.uint8]"


def _as_now() -> None:
    """Read as the program does."""


def _all_drawn() -> None:
    """Draw every page of a PDF, with `pdfinfo` and one `pdftoppm`."""
    vars(pdf)["outline_of"] = lambda _path: None


def _by_pdf2image() -> None:
    """Draw every page of a PDF as the first version did: pdf2image starts four programs."""
    _all_drawn()
    poppler.draw = _converted


def _converted(run: range, wanted: Wanted) -> poppler.Drawn:
    pages: list[Image.Image] = pdf2image.convert_from_path(
        poppler.PATH,
        first_page=run.start + 1,
        last_page=run.stop,
        size=wanted.pixels,
        use_cropbox=True,
        timeout=wanted.seconds,
    )
    for page in pages:
        page.load()
    return poppler.Drawn(pages, "")


WAYS: Final[dict[str, Callable[[], None]]] = {
    "now": _as_now,
    "drawn": _all_drawn,
    "pdf2image": _by_pdf2image,
}
"""What each way changes in the child, after its fork."""


class Forks:
    """Forks a child per reading from this process, which has to be as small as the server."""

    def __init__(self) -> None:
        preload(gc.freeze)
        self._features, _ = examine()

    def read(self, path: Path, way: str) -> Reading:
        """Read a document.

        Raises:
            DocsorterError: It cannot be read.
        """
        document, result = os.open(path, os.O_RDONLY), os.memfd_create("pages", os.MFD_CLOEXEC)
        server = os.getpid()
        try:
            pid = os.fork()
            if pid == 0:
                WAYS[way]()
                child.run(_REQUEST, self._features, server=server, document=document, result=result)
            _, _, usage = os.wait4(pid, 0)
            header, body = read_result(result, _REQUEST)
            reader.raise_refusal(header)
            pages = reader.page_set(header, body, SIDE)
        finally:
            os.close(document)
            os.close(result)
        return Reading(usage.ru_utime + usage.ru_stime, pages.pixels)
