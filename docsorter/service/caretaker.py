"""Lets the daemon do the daily care when it has nothing else to do, in a thread of its own."""

import logging
import threading

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError
from docsorter.service import drift, drift_report
from docsorter.service.care import Care
from docsorter.service.log import LOGGER
from docsorter.store import Store

_LOG = logging.getLogger(LOGGER)
_FIRST_LOOK = 1800.0  # seconds after a start, which has better things to do
_LOOK_AGAIN = 600.0  # seconds between two looks whether it is due
_PATIENCE = 10.0  # seconds that a drain waits for the step under way


class _StoppedError(Exception):
    """The daemon drains; what is left is done another day."""


class Caretaker:
    """Starts the daily care at most once a day, while no document is being worked on.

    Args:
        configuration: The workspace.
        store: Its database.
        clock: Says what is due.
    """

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        self._care = Care(configuration, store, clock)
        self._clock = clock
        self._store = store
        self._state = configuration.state
        self._look_at = clock.monotonic() + _FIRST_LOOK
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether the care is under way."""
        return self._thread is not None and self._thread.is_alive()

    def tick(self, *, idle: bool) -> None:
        """Begin when it is due and nothing else is to be done."""
        if not idle or self.busy or self._clock.monotonic() < self._look_at:
            return
        self._look_at = self._clock.monotonic() + _LOOK_AGAIN
        if self._care.is_due():
            self._thread = threading.Thread(target=self._run, name="care", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the step under way; a check of the whole database is not waited for."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            report = self._care.maintain(self._progress)
        except _StoppedError:
            return
        except (DocsorterError, OSError) as error:
            _LOG.warning("the daily care was not finished: %s", error)
            return
        self._look_for_drift()
        for finding in report.findings:
            _LOG.error("the database is not sound: %s; docsorter verify says more", finding)
        _LOG.info(
            "daily care: %d forgotten, %d predictions removed, %d pages given back%s",
            len(report.forgotten),
            report.predictions,
            report.freed_pages,
            ", database checked" if report.checked else "",
        )

    def _look_for_drift(self) -> None:
        """Compare the last week with those before it, once a week; `status` shows what differs."""
        if not drift_report.is_due(self._state, self._clock.now()):
            return
        try:
            report = drift.look(self._store, self._clock)
            drift_report.keep(self._state, report)
        except (DocsorterError, OSError) as error:
            _LOG.warning("the weekly comparison was not finished: %s", error)
            return
        for found in report.findings:
            _LOG.warning("drift of %s: docsorter drift says more", found.what)
        if report.scanners:
            _LOG.warning("%d scanners are new: docsorter drift", len(report.scanners))

    def _progress(self, stage: str, done: int, total: int) -> None:
        del stage, done, total
        if self._stopping.is_set():
            raise _StoppedError
