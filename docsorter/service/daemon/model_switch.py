"""Notices a promotion, loads the model beside the work and puts it to use."""

import ctypes
import gc
import logging
import mmap
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError, EnvironmentFaultError, ModelError, SettingsError
from docsorter.intake.watch import EVENTS, FolderSource
from docsorter.model.registry import (
    PROMOTED,
    InUse,
    ModelRegistry,
    PromotionFile,
    Stamp,
    refuse_changed,
)
from docsorter.service.daemon.heartbeat import ModelStatus
from docsorter.service.engine import LoadedModel, SwitchingEngine, load_model
from docsorter.service.workspace.process import LOGGER
from docsorter.store import Store

_YOUNG: Final = 5000
"""New objects between collections of the youngest; with Python's 700 a document costs more."""
_ARENA_MAX: Final = -8  # M_ARENA_MAX of mallopt(3)
_SOME_WORK: Final = 20
"""Documents after which it is worth a few milliseconds to give back what they took: some 5 MB."""
_READ_ONLY: Final = ("r--p", "r--s")


def share_one_heap() -> None:
    """Let all threads allocate from one heap; to be called before there are any.

    Each would get one of its own, with room that no other uses: 8 MB more after a hundred
    documents. Python's threads take turns anyway. mallopt(3) is glibc's and musl has no arenas.
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is not None:
        tune(_ARENA_MAX, 1)


def freeze_startup(model: Path) -> None:
    """Leave what the start has made out of every later collection, and give back what it freed."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    release_memory(model)


class MemoryRelease:
    """Gives memory back whenever the daemon comes to rest after some work."""

    def __init__(self, model: Callable[[], Path]) -> None:
        self._model = model
        self._released_at = 0

    def tick(self, done: int, *, idle: bool) -> None:
        """Give back if enough was done since the last time."""
        if idle and done >= self._released_at + _SOME_WORK:
            self._released_at = done
            release_memory(self._model())


def release_memory(model: Path) -> None:
    """Return freed memory to the system; without it some 40 MB stay taken after a model's switch.

    malloc_trim(3) is glibc's own; other libraries return memory as they see fit.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    drop_pages(model)


def drop_pages(file: Path) -> None:
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


class PromotionWatch:
    """Listens to the models folder, where the file system tells of changes.

    Args:
        configuration: The workspace; a pinned model.bundle needs no watch.
        wake: Called from a thread of the watcher when something arrives in the folder.
    """

    def __init__(self, configuration: Configuration, wake: Callable[[], None]) -> None:
        settings = configuration.settings
        self._is_pinned = settings.model.bundle != PROMOTED
        self._source = FolderSource(
            configuration.state / "models",
            settings.intake.model_copy(update={"recursive": False}),
            wake,
        )

    def start(self) -> None:
        """Begin to listen; without a folder, or without events, the list has to be polled."""
        if self._is_pinned:
            return
        try:
            self._source.start()
        except EnvironmentFaultError:
            self._source.stop()

    def tells(self) -> bool:
        """Say whether a promotion would wake the daemon by itself; costs one open(2)."""
        return self._is_pinned or (self._source.backend == EVENTS and self._source.healthy())

    def stop(self) -> None:
        """End; harmless when it was not started."""
        self._source.stop()


_LOG = logging.getLogger(LOGGER)
_AGAIN_SECONDS = 60.0  # before a load that failed through no fault of the bundle is tried again
ACTOR = "daemon"

Load = Callable[[Configuration], LoadedModel]
_Event = tuple[str, dict[str, object]]


class ModelSwitch:
    """Follows the list of promotions; whatever goes wrong, the model in use stays in use.

    `tick` is called by one thread and never waits: the bundle is read and asked its golden pages
    in a thread of its own, while documents go on with the model before.

    Args:
        configuration: The workspace; a pinned model.bundle switches nothing.
        engine: What gets the new model.
        store: Whose log says what was put to use.
        clock: For the next try.
        wake: Called when a load has ended, so that somebody ticks.
        load: Loads and checks the model in use.
    """

    def __init__(
        self,
        configuration: Configuration,
        engine: SwitchingEngine,
        store: Store,
        clock: Clock,
        wake: Callable[[], None],
        *,
        load: Load = load_model,
    ) -> None:
        self._configuration = configuration
        self._setting = configuration.settings.model.bundle
        self._registry = ModelRegistry(configuration.state / "models")
        self._file = PromotionFile(configuration.state / "models")
        self._engine = engine
        self._store = store
        self._clock = clock
        self._wake = wake
        self._load = load
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._loading: Future[LoadedModel] | None = None
        self._wanted = ""
        self._seen: Stamp | None = None
        self._again = False
        self._not_before = float("-inf")
        self._refused = self._trouble = ""
        self._untidy = False
        self._events: list[_Event] = []

    @property
    def status(self) -> ModelStatus:
        """What the heartbeat says of the model."""
        model = self._engine.model
        return ModelStatus(model.card.name, model.fingerprint, self._refused, self._trouble)

    def due(self) -> bool:
        """Say whether `tick` has something to do; costs one stat(2)."""
        if self._setting != PROMOTED:
            return False
        if self._loading is not None:
            return self._loading.done()
        if self._clock.monotonic() < self._not_before:
            return False
        try:
            return self._again or self._file.stamp() != self._seen
        except OSError:
            return False  # the state folder is gone for now; the daemon pauses for that

    def tick(self) -> None:
        """Begin what is due, and finish what has ended.

        Raises:
            StoreError: The log cannot be written just now; the line is kept for the next tick.
        """
        if self.due():
            if self._loading is None:
                self._begin()
            else:
                self._end(self._loading)
        elif self._untidy and not self._engine.outgoing:
            self._untidy = False
            release_memory(self._engine.model.bundle.runtime_file)
        while self._events:
            kind, detail = self._events[0]
            self._store.documents.add_event(kind, actor=ACTOR, detail=detail)
            del self._events[0]

    def close(self) -> None:
        """Wait for a load that is under way; what it loads is not used any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self) -> None:
        self._again = False
        try:
            self._seen = self._file.stamp()  # before it is read: a later change is seen again
            used = self._registry.in_use(self._setting)
            self._wanted = _mark(used)
            refuse_changed(used)
        except (DocsorterError, OSError) as error:
            self._refuse(error)
            return
        if self._wanted == self._engine.model.fingerprint:
            self._refused = self._trouble = ""
            return
        _LOG.info("model %s was promoted; loading it", used.name)
        self._loading = self._pool.submit(self._load, self._configuration)
        self._loading.add_done_callback(lambda _: self._wake())

    def _end(self, loading: "Future[LoadedModel]") -> None:
        self._loading = None
        error = loading.exception()
        if error is not None:
            self._refuse(error)
            return
        before, model = self._engine.model.card.name, loading.result()
        self._engine.switch(model)
        self._untidy = True
        self._refused = self._trouble = ""
        _LOG.info("model %s is in use instead of %s: %s", model.card.name, before, model.statement)
        detail = {"bundle": model.name, "fingerprint": model.fingerprint, "before": before}
        self._events.append(("model_in_use", {"model": model.card.name, **detail}))

    def _refuse(self, error: BaseException) -> None:
        kept = self._engine.model.card.name
        text = error.message if isinstance(error, DocsorterError) else f"{error}"
        self._refused, self._trouble = self._wanted, f"kept {kept}: {text}"
        _LOG.error("the promoted model is not used, %s goes on: %s", kept, error)
        detail: dict[str, object] = {"kept": kept, "fingerprint": self._wanted}
        self._events.append(("model_refused", detail))
        if not isinstance(error, ModelError | SettingsError):
            self._again = True
            self._not_before = self._clock.monotonic() + _AGAIN_SECONDS


def _mark(used: InUse) -> str:
    """Return the fingerprint that was promoted; that of the starter is what it is now."""
    promotion = used.promotion
    return refuse_changed(used) if promotion is None else promotion.fingerprint
