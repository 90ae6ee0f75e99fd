"""What the daemon asks of Python, the C library and the kernel about memory."""

import ctypes
import gc
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

_YOUNG: Final = 5000
"""New objects between collections of the youngest; with Python's 700 a document costs more."""
_ARENA_MAX: Final = -8  # M_ARENA_MAX of mallopt(3)
_SOME_WORK: Final = 20
"""Documents after which it is worth a few milliseconds to give back what they took: some 5 MB."""
_READ_ONLY: Final = ("r--p", "r--s")


def begin() -> None:
    """Let all threads allocate from one heap; to be called before there are any.

    Each would get one of its own, with room that no other uses: 8 MB more after a hundred
    documents. Python's threads take turns anyway. mallopt(3) is glibc's and musl has no arenas.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_ARENA_MAX, 1)


def settle(model: Path) -> None:
    """Leave what the start has made out of every later collection, and give back what it freed.

    Args:
        model: The file that the model runs from.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    give_back(model)


class Tidying:
    """Gives memory back whenever the daemon comes to rest after some work.

    Args:
        model: Returns the file that the model in use runs from.
    """

    def __init__(self, model: Callable[[], Path]) -> None:
        self._model = model
        self._given_back_at = 0

    def tick(self, done: int, *, idle: bool) -> None:
        """Give back if enough was done since the last time.

        Args:
            done: Documents done since the start.
            idle: Whether nothing is being done just now.
        """
        if idle and done >= self._given_back_at + _SOME_WORK:
            self._given_back_at = done
            give_back(self._model())


def give_back(model: Path) -> None:
    """Return freed memory to the system; without it some 40 MB stay taken after a model's switch.

    malloc_trim(3) is glibc's own; other libraries return memory as they see fit.

    Args:
        model: The file that the model runs from.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    forget_pages(model)


def forget_pages(file: Path) -> None:
    """Take a file that was mapped to be read, and is read no more, out of resident memory.

    LiteRT maps the model's file, and keeps weights of its own beside it, laid out for this
    processor. What is asked for again after all comes back from the file (madvise(2)).

    Args:
        file: Nothing happens where it is not mapped.
    """
    libc = ctypes.CDLL(None)
    name = os.fspath(file.resolve())
    try:
        rows = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # no /proc, as in some containers: it stays
        return
    for row in rows:
        fields = row.split(maxsplit=5)
        if len(fields) == 6 and fields[5] == name and fields[1] in _READ_ONLY:  # noqa: PLR2004
            start, end = (int(address, 16) for address in fields[0].split("-"))
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
