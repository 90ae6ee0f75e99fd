"""Pages as squares of pixels, made once and kept: decoding is dearer than anything but training.

A model trained on pixels that differ from those it is asked about later is measured on the wrong
thing ("training-serving skew", Sculley et al. 2015): `daemon_cache` reads pages as the daemon does,
in the same sandbox, with the same limits.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from docsorter.errors import DocumentError
from docsorter.pages.reader import PageReader
from docsorter.resources import usable_cores
from docsorter.settings import PagesSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray


BASE: Final = 384
"""Side of the squares that augmentation starts from: a quarter more than the classifier sees."""


class PageSource(Protocol):
    """What makes squares of documents; `name` tells the squares of two of them apart."""

    @property
    def name(self) -> str:
        """A word that changes whenever the same file would give other pixels."""
        ...

    def squares(self, path: Path, size: int, cap: int) -> "NDArray[np.uint8]":
        """Return the first `cap` pages, (pages, size, size, 3) uint8.

        Raises:
            ValueError: The document cannot be read.
        """
        ...


class RasterCache:
    """Squares of the pages of documents, kept as plain files under a folder.

    Args:
        folder: Where to keep them; made when missing.
        source: What makes them.

    Attributes:
        folder: The same, for whatever else is kept of the documents.
    """

    def __init__(self, folder: Path, source: PageSource) -> None:
        self.folder = folder
        self._source = source
        folder.mkdir(parents=True, exist_ok=True)

    def pages(self, path: Path, size: int, *, cap: int = 1) -> "NDArray[np.uint8]":
        """Return the first pages of a document, (pages, size, size, 3) uint8.

        Raises:
            ValueError: The document cannot be read.
        """
        stat = path.stat()
        key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{size}|{cap}|{self._source.name}"
        kept = self.folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()[:32]}.npy"
        if kept.is_file():
            pages: NDArray[np.uint8] = np.load(kept, allow_pickle=False)
            return pages
        pages = self._source.squares(path, size, cap)
        part = kept.with_suffix(f".{os.getpid()}.part")
        with part.open("wb") as stream:
            np.save(stream, pages, allow_pickle=False)
        part.replace(kept)
        return pages


class DaemonPages:
    """Makes squares with `PageReader`; one reader per size and number of pages, begun when needed.

    Args:
        settings: Limits of a reader; its page cap gives way to what is asked for.
        stack: Closes the readers.
        concurrency: Documents read at the same time.
    """

    def __init__(self, settings: PagesSettings, stack: ExitStack, concurrency: int) -> None:
        self._settings = settings
        self._stack = stack
        self._concurrency = concurrency
        self._lock = Lock()
        self._readers: dict[tuple[int, int], PageReader] = {}

    @property
    def name(self) -> str:
        """A word for pages as the daemon sees them, with or without the blank ones."""
        return f"daemon-3-{self._settings.blank}"

    def squares(self, path: Path, size: int, cap: int) -> "NDArray[np.uint8]":
        """Return the first `cap` pages, (pages, size, size, 3) uint8.

        Raises:
            ValueError: The document cannot be read; the message says why.
            EnvironmentFaultError: The reader itself fails.
            DependencyError: A program that reading takes is not installed.
        """
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError as error:
            raise ValueError(f"it cannot be opened: {error.strerror}") from error
        try:
            return self._reader(size, cap).read(path).pixels
        except DocumentError as error:
            raise ValueError(error.message) from error

    def _reader(self, size: int, cap: int) -> PageReader:
        with self._lock:
            if (size, cap) not in self._readers:
                settings = self._settings.model_copy(update={"page_cap": cap})
                reader = PageReader(settings, size=size, concurrency=self._concurrency)
                self._readers[size, cap] = self._stack.enter_context(reader)
            return self._readers[size, cap]


@contextmanager
def daemon_cache(folder: Path, settings: PagesSettings | None = None) -> Iterator[RasterCache]:
    """Give a cache of pages as the daemon sees them; its readers end with the context.

    Args:
        folder: Where pages are kept; made when missing.
        settings: Limits of a reader, the defaults when not given.
    """
    with ExitStack() as stack:
        source = DaemonPages(settings or PagesSettings(), stack, usable_cores())
        yield RasterCache(folder, source)


def first_page(cache: RasterCache, path: Path, size: int) -> "NDArray[np.uint8]":
    """Return the first page, read together with those that the exported model is asked about."""
    pages: NDArray[np.uint8] = cache.pages(path, size, cap=PagesSettings().page_cap)
    return pages[0]
