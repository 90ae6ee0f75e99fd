"""Finding a free name beside others of the same name."""

import os
from pathlib import Path

from docsorter.deliver.names import numbered
from docsorter.deliver.sidecar import sidecar_path

_MOST = 2**40


def free_name(folder: Path, base: str, *, with_sidecar: bool) -> str:
    """Return `base`, or `base` with a number, such that nothing has that name now.

    Scanners that call everything `scan.pdf` make thousands of neighbours, so the numbers are not
    tried one by one: doubled until one is free, then halved back to a free one after a taken one.

    Args:
        folder: Where the name is to be free; may be missing.
        base: The name that is wanted.
        with_sidecar: Whether the sidecar's name must be free as well.
    """

    def is_free(number: int) -> bool:
        path = folder / (base if number == 1 else numbered(base, number))
        return not os.path.lexists(path) and not (
            with_sidecar and os.path.lexists(sidecar_path(path))
        )

    if is_free(1):
        return base
    taken, free = 1, 2
    while not is_free(free) and free < _MOST:
        taken, free = free, free * 2
    while free - taken > 1:
        middle = (taken + free) // 2
        taken, free = (taken, middle) if is_free(middle) else (middle, free)
    return numbered(base, free)
