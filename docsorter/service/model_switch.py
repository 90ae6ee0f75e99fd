"""The daemon's side of a promotion: notice it, load the model beside the work, put it to use."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError, ModelError, SettingsError
from docsorter.model.promotion import PROMOTED, PromotionFile, Stamp
from docsorter.model.registry import InUse, ModelRegistry, refuse_changed
from docsorter.service import memory
from docsorter.service.engine import LoadedModel, load_model
from docsorter.service.heartbeat import ModelWord
from docsorter.service.log import LOGGER
from docsorter.service.switching import SwitchingEngine
from docsorter.store import Store

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
    def word(self) -> ModelWord:
        """What the heartbeat says of the model."""
        model = self._engine.model
        return ModelWord(model.card.name, model.fingerprint, self._refused, self._trouble)

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
            memory.give_back(self._engine.model.bundle.runtime_file)
        while self._events:
            kind, detail = self._events[0]
            self._store.add_event(kind, actor=ACTOR, detail=detail)
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
