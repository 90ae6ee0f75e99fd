"""An engine whose model can be changed while documents are being looked at."""

import threading
from pathlib import Path

from docsorter.model.card import ModelCard
from docsorter.pages.reader import PageReader
from docsorter.service.engine import Engine, LoadedModel, Sight
from docsorter.settings import PagesSettings


class SwitchingEngine:
    """Looks at each document from beginning to end with one model: the one in use at its start.

    A model that was replaced goes when the last document that it looks at is finished; with the
    last reference LiteRT gives its memory back. Safe to use from several threads.

    Args:
        engine: What decides first.
        pages: Limits for a page reader of another size.
        workers: Documents read at the same time.
    """

    def __init__(self, engine: Engine, pages: PagesSettings, workers: int) -> None:
        self._current = engine
        self._pages = pages
        self._workers = workers
        self._lock = threading.Lock()
        self._looking: dict[Engine, int] = {}

    @property
    def model(self) -> LoadedModel:
        """The model that the next document is looked at with."""
        return self._current.model

    @property
    def card(self) -> ModelCard:
        """What is known of that model."""
        return self.model.card

    @property
    def outgoing(self) -> int:
        """Documents that an earlier model still looks at."""
        with self._lock:
            return sum(n for engine, n in self._looking.items() if engine is not self._current)

    def look(self, path: Path, name: str) -> Sight:
        """Read, classify and decide; see `Engine.look`."""
        with self._lock:
            engine = self._current
            self._looking[engine] = self._looking.get(engine, 0) + 1
        try:
            return engine.look(path, name)
        finally:
            with self._lock:
                self._looking[engine] -= 1
            self._retire(engine)

    def switch(self, model: LoadedModel) -> None:
        """Use another model from the next document on; the page reader stays if it can."""
        old, size = self._current, model.card.input.size
        reader = old.reader
        if size != old.card.input.size:
            reader = PageReader(self._pages, size=size, concurrency=self._workers)
        with self._lock:
            self._current = Engine(model, reader)
        self._retire(old)

    def close(self) -> None:
        """End the page readers and whatever they still read."""
        with self._lock:
            readers = {self._current.reader, *(engine.reader for engine in self._looking)}
        for reader in readers:
            reader.close()

    def _retire(self, engine: Engine) -> None:
        """Forget an engine that nobody needs any more, with its reader if that was its own."""
        with self._lock:
            if engine is self._current or self._looking.get(engine):
                return
            self._looking.pop(engine, None)
            shared = any(other.reader is engine.reader for other in (self._current, *self._looking))
        if not shared:
            engine.close()
