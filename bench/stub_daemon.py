"""`docsorter run` with stubs for pages and model; everything else is real.

python -m bench.stub_daemon [SECONDS] WORKSPACE

Reading a document takes so many seconds, which it sleeps; none by default.
"""

import dataclasses
import sys
import time
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from docsorter.configuration import Configuration, load
from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import PageSet, RawOutput
from docsorter.pages.reader import PageReader
from docsorter.service.daemon import assembly
from docsorter.service.daemon.daemon import Daemon
from docsorter.service.engine import Engine, load_model
from docsorter.service.workspace.process import configure_logging


class _Pages:
    """One blank page of every file, after a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def read(self, path: Path, *, name: str = "") -> PageSet:
        del name
        path.read_bytes()
        time.sleep(self._seconds)
        return PageSet(np.zeros((1, 8, 8, 3), np.uint8), 1, "application/pdf")

    def close(self) -> None:
        """Nothing was opened."""


class _Classifier:
    """Sure of the first label, every time."""

    def __init__(self, labels: int) -> None:
        self._labels = labels

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        logits = np.zeros((len(pixels), self._labels), np.float32)
        logits[:, 0] = 50
        return RawOutput(logits, np.zeros((len(pixels), 2), np.float32))


class _Familiar:
    """Finds nothing new."""

    def percentile(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.zeros(len(features))


def open_stub_engine(configuration: Configuration, workers: int, *, seconds: float = 0.0) -> Engine:
    """Return an engine that costs nothing, in the place of the real one."""
    del workers
    real = load_model(configuration)
    outputs = len(real.card.labels) + real.card.background
    stubbed = dataclasses.replace(
        real,
        classifier=_Classifier(outputs),
        novelty=cast("NoveltyModel", _Familiar()),
        samples=None,
        heads=None,
    )
    return Engine(stubbed, cast("PageReader", _Pages(seconds)))


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 2 else 0.0
    vars(assembly)["open_engine"] = partial(open_stub_engine, seconds=seconds)
    configure_logging("warning", "text")
    daemon = Daemon(load(Path(sys.argv[-1])))
    daemon.install_signals()
    daemon.run()
