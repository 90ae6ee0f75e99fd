"""The log of a training: in a file that travels with what was made, and on the terminal."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path


def log_of(weights: Path) -> Path:
    """Return where the log of the training that made these weights is."""
    return weights.with_suffix(".log")


@contextlib.contextmanager
def logged_to(path: Path) -> Iterator[None]:
    """Log into a file as well, after what is in it already; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("docsorter")
    logger.setLevel(logging.INFO)
    logger.propagate = False  # absl, which TensorFlow brings, prints everything again
    form = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S")
    if not logger.handlers:
        terminal = logging.StreamHandler(sys.stderr)
        terminal.setFormatter(form)
        logger.addHandler(terminal)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(form)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
