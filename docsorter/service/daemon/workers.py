"""A bounded pool of threads that take documents through the pipeline, each on its own."""

import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from docsorter.clock import Clock
from docsorter.documents import Document
from docsorter.errors import DocsorterError, EnvironmentFaultError, StoreError
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.workspace.process import LOGGER

_LOG = logging.getLogger(LOGGER)
_AHEAD = 4
"""Documents beyond the threads that may be handed out: so many, no thread waits for the next tick,
and one tick hands out several."""
ROUNDS = 3
"""Turns of the reader that a document waits for at most, its own included; see `threads_for`."""
Claim = Callable[[], Document | None]


def threads_for(readers: int) -> int:
    """Return how many threads keep so many readers busy.

    While some documents are read, others are with the model or wait for the disk to be flushed;
    with a thread per reader the cores would idle meanwhile.

    Args:
        readers: Documents read at the same time, >= 1.
    """
    return (ROUNDS - 1) * readers + 1


class Workers:
    """Runs documents side by side; one that fails takes nothing else down with it.

    Args:
        pipeline: What each document goes through.
        count: Threads.
        wake: Called when the threads are about to run out of documents, or one failed.
        clock: To tell how long a document is being looked at.
    """

    def __init__(
        self, pipeline: Pipeline, count: int, wake: Callable[[], None], clock: Clock
    ) -> None:
        self._pipeline = pipeline
        self._wake = wake
        self._clock = clock
        self._count = count
        self._limit = count + _AHEAD
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="document")
        self._lock = threading.Lock()
        self._running: dict[int, float | None] = {}
        self.done = 0
        self._trouble: DocsorterError | OSError | None = None

    @property
    def busy(self) -> int:
        """Documents that were handed out and are not finished."""
        return len(self._running)

    @property
    def capacity(self) -> int:
        """How many more documents may be handed out now."""
        return max(0, self._limit - self.busy)

    def has(self, document_id: int) -> bool:
        """Say whether a document is handed out and not finished."""
        return document_id in self._running

    def longest(self) -> float:
        """Return for how many seconds the oldest unfinished document is being worked on."""
        with self._lock:
            begun = [since for since in self._running.values() if since is not None]
        oldest = min(begun, default=None)
        return 0.0 if oldest is None else self._clock.monotonic() - oldest

    def take_trouble(self) -> DocsorterError | OSError | None:
        """Return what the store answered when it could not be written to, once."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def submit(self, document_id: int, claim: Claim | None = None) -> bool:
        """Hand out a document; return whether it was taken (not running already, and room).

        Args:
            document_id: The document.
            claim: Takes it into the spool first; without one it is there.
        """
        with self._lock:
            if document_id in self._running or not self.capacity:
                return False
            self._running[document_id] = None
        future = self._pool.submit(self._handle, document_id, claim)
        future.add_done_callback(lambda done: self._finished(document_id, done))
        return True

    def drain(self) -> None:
        """Wait for every document that was handed out; there are a few more than threads at most.

        None is cancelled: its claim may be written down already, and is better carried out than
        left to the recovery of the next start.
        """
        self._pool.shutdown(wait=True)

    def _handle(self, document_id: int, claim: Claim | None) -> Document | None:
        with self._lock:
            self._running[document_id] = self._clock.monotonic()
        claimed = None if claim is None else claim()
        if claim is not None and claimed is None:
            return None
        try:
            if claimed is not None:
                return self._pipeline.handle_claimed(claimed)
            return self._pipeline.handle(document_id)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 -- see below
            # A watched folder is unattended: no single document may end it (OCRmyPDF#1715).
            _LOG.error("document %d failed: %s", document_id, _whereabouts(error))
            return self._pipeline.give_up(document_id, error)

    def _finished(self, document_id: int, future: "Future[Document | None]") -> None:
        with self._lock:
            self._running.pop(document_id, None)
        self._report(document_id, future)
        if self.busy <= self._count or self._trouble is not None:
            self._wake()

    def _report(self, document_id: int, future: "Future[Document | None]") -> None:
        error = future.exception()
        if error is not None:  # the store's or the disk's; the document is where its row says
            self._trouble = _as_trouble(error)
            _LOG.error("document %d: %s", document_id, error)
            return
        document = future.result()
        if document is None:
            return
        self.done += 1
        verdict = document.verdict
        if verdict is not None and document.waiting is None:
            _LOG.info("document %d %s: %s", document.id, document.state, verdict.reason.code)


def _whereabouts(error: BaseException) -> str:
    """Say what went wrong and where, without its message, which may quote the document."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}"


def _as_trouble(error: BaseException) -> DocsorterError | OSError:
    """Make anything a reason to pause; what is none of ours is a mistake of docsorter."""
    if isinstance(error, EnvironmentFaultError | StoreError | OSError):
        return error
    text = f"docsorter failed: {type(error).__name__}: {error}"
    return EnvironmentFaultError(text, remedy="report the line in the log", code="internal")
