"""Pages of waiting documents as images, for the review screen, loaded before they are needed."""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

from PIL import Image

from docsorter.documents import Document
from docsorter.errors import DocsorterError, DocumentError, EnvironmentFaultError

_LONGEST: Final = 0.2


class RenderGate:
    """Holds back work in the background while the screen draws; safe for several threads.

    What is under way goes on; only what has not begun waits, and never long: an end that is never
    said, because the screen went away meanwhile, holds nothing up.

    Args:
        longest: Seconds after which whoever waits goes on in any case.
    """

    def __init__(self, longest: float = _LONGEST) -> None:
        self._longest = longest
        self._open = threading.Event()
        self._open.set()

    def begin(self) -> None:
        """Let nothing begin from now on."""
        self._open.clear()

    def end(self) -> None:
        """Let everything go on."""
        self._open.set()

    def wait(self) -> None:
        """Return when work may begin."""
        self._open.wait(self._longest)


SHARP: Final = 2000
"""Longest side of a picture to be read closely, pixels: 170 dots per inch of an A4 page."""

QUICK: Final = 1000
"""Longest side of one to be seen as a whole: more than a terminal shows of it. Scans are reduced
while they are decoded, so that this takes a third of the time."""

_KEPT: Final = 12
_READERS: Final = 2


class Previewer(Protocol):
    """What turns a page of a file into PNG bytes; `docsorter.pages.reader.PageReader` does."""

    def preview(self, path: Path, page: int = 0, max_px: int = 1600) -> bytes:
        """Return one page, its longest side at most `max_px` pixels."""
        ...

    def close(self) -> None:
        """End what was started for it."""
        ...


class PagePreviews:
    """Loads pages in threads of its own and keeps the last ones; safe to call from any thread.

    Args:
        reader: The sandboxed reader; closed with the pictures.
        path_of: Where the bytes of a document are now.
        gate: Says when loading may begin.
    """

    def __init__(
        self, reader: Previewer, path_of: Callable[[Document], Path], gate: RenderGate | None = None
    ) -> None:
        self._gate = gate or RenderGate()
        self._reader = reader
        self._path_of = path_of
        self._threads = ThreadPoolExecutor(_READERS, thread_name_prefix="previews")
        self._kept: OrderedDict[tuple[int, int, int], Future[Image.Image]] = OrderedDict()
        self._lock = threading.Lock()

    def page(
        self, document: Document, number: int, longest: int = QUICK, turned: int = 0
    ) -> "Future[Image.Image]":
        """Return a page, loaded or about to be; a failed one is tried again when asked for again.

        Args:
            document: A document that waits for a person.
            number: Which page, counted from 0.
            longest: Its longest side at most, pixels: QUICK or SHARP.
            turned: By how many degrees, clockwise, it was turned when it was scanned.

        Returns:
            A future of an RGB picture; its error is a `DocsorterError`.
        """
        key = (document.id, number, longest)
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None or (found.done() and found.exception() is not None):
                found = self._threads.submit(self._load, document, number, longest, turned)
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)[1].cancel()
            return found

    def forget(self, document: Document) -> None:
        """Drop what is kept of a document."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == document.id]:
                self._kept.pop(key).cancel()

    def close(self) -> None:
        """End the threads and the reader."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._reader.close()
        self._threads.shutdown(wait=True)

    def _load(self, document: Document, number: int, longest: int, turned: int) -> Image.Image:
        self._gate.wait()
        try:
            data = self._reader.preview(self._path_of(document), number, longest)
            picture = _decoded(data, longest)
            return picture.rotate(turned, expand=True) if turned else picture
        except DocsorterError:
            raise
        except OSError as error:
            raise EnvironmentFaultError(
                f"the page cannot be read: {error.strerror or error}",
                remedy="check the disk or the share",
            ) from error


def _decoded(data: bytes, longest: int) -> Image.Image:
    """Decode a picture made by the sandboxed child, which is believed in nothing but its pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if max(picture.size) <= longest:
                return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DocumentError("damaged", "the picture of this page cannot be shown") from error
    raise DocumentError("damaged", "the picture of this page is larger than was asked for")
