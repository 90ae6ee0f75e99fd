"""What the daemon asks of Python and the C library about memory."""

import ctypes
import gc
from typing import Final

_YOUNG: Final = 5000
"""New objects between collections of the youngest; with Python's 700 a document costs more."""


def settle() -> None:
    """Leave what the start has made out of every later collection, and give back what it freed."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    give_back()


def give_back() -> None:
    """Return freed memory to the system; without it some 40 MB stay taken after a model's switch.

    malloc_trim(3) is glibc's own; other libraries return memory as they see fit.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
