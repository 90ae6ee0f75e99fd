"""Pages exactly as the daemon will see them: by the same sandboxed reader, with the same limits.

A model taught on pixels that differ from those it is asked about later is measured on the wrong
thing ("training-serving skew", Sculley et al. 2015); and a folder of labelled scans holds the same
odd files that an inbox does.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from docsorter.errors import DocumentError
from docsorter.pages.reader import PageReader
from docsorter.resources import usable_cores
from docsorter.settings import PagesSettings
from docsorter.training.rasters import RasterCache

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class DaemonPages:
    """Makes squares with `PageReader`; one reader per size and number of pages, begun when needed.

    Args:
        settings: Limits of a reader; its page cap gives way to what is asked for.
        stack: Closes the readers.
        concurrency: Documents read at the same time.
    """

    name = "daemon-2"

    def __init__(self, settings: PagesSettings, stack: ExitStack, concurrency: int) -> None:
        self._settings = settings
        self._stack = stack
        self._concurrency = concurrency
        self._lock = Lock()
        self._readers: dict[tuple[int, int], PageReader] = {}

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
