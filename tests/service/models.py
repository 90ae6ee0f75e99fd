"""Models and page readers that need neither a network nor a file."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from docsorter.decide.novelty import NoveltyModel
from docsorter.documents import PageSet, RawOutput, SortRule
from docsorter.model.bundle import ModelBundle
from docsorter.model.card import ModelCard
from docsorter.pages.reader import PageReader
from docsorter.service.engine import Engine, LoadedModel, SwitchingEngine
from docsorter.settings import Settings
from tests.model.bundles import make_card


class OneAnswer:
    """A classifier that is sure of the first label; tests hold it up with `before`."""

    def __init__(self) -> None:
        self.before: Callable[[], object] = lambda: None

    def classify(self, pixels: NDArray[np.uint8]) -> RawOutput:
        self.before()
        logits = np.tile(np.array([9, 0, 0, 0], np.float32), (len(pixels), 1))
        return RawOutput(logits, np.zeros((len(pixels), 2), np.float32))


class KnownPages:
    """A page reader that knows one blank page, and whether it was closed."""

    closed = False

    def read(self, path: Path, *, name: str = "") -> PageSet:
        assert not self.closed, f"{path} {name} is read after the reader was closed"
        return PageSet(np.zeros((1, 8, 8, 3), np.uint8), 1, "application/pdf")

    def close(self) -> None:
        self.closed = True


class Familiar:
    """Finds nothing new in any page."""

    def percentile(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.zeros(len(features))


def make_model(
    name: str, *, fingerprint: str = "", answer: OneAnswer | None = None, **card: object
) -> LoadedModel:
    made: ModelCard = make_card(name=name, **card)
    return LoadedModel(
        name,
        fingerprint or f"mark of {name}",
        ModelBundle(Path(name), made, {}),
        answer or OneAnswer(),
        SortRule(1.0, 0.9, 99.0, {}),
        cast("NoveltyModel", Familiar()),
        0.0,
    )


def make_engine(model: LoadedModel) -> tuple[SwitchingEngine, KnownPages]:
    pages = KnownPages()
    engine = Engine(model, cast("PageReader", pages))
    return SwitchingEngine(engine, Settings(), 1), pages


class Held(OneAnswer):
    """A classifier that waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go = threading.Event(), threading.Event()
        self.before = self._wait

    def _wait(self) -> None:
        self.began.set()
        assert self.go.wait(30), "the test never let the classifier go"
