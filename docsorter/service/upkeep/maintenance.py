"""`docsorter maintain`, and the daemon's daily maintenance when it has nothing else to do."""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import DocsorterError
from docsorter.filesystem import Disk
from docsorter.service.promise import drift
from docsorter.service.promise import drift as drift_report
from docsorter.service.upkeep.forget import Forgetting
from docsorter.service.workspace.process import LOGGER
from docsorter.store import Store

FILE_NAME: Final = "care.json"
DAILY: Final = dt.timedelta(days=1)
WEEKLY: Final = dt.timedelta(days=7)
_FORGET_BATCH = 200
_PREDICTION_BATCH = 200  # rows per transaction: well under the 50 ms that a decision may wait
ACTOR = "daemon"

Progress = Callable[[str, int, int], None]
"""Told (stage, done, total); may raise to stop between two steps."""


class CareTimes(BaseModel):
    """When the work was done last.

    Attributes:
        done_at: All of it but the integrity check.
        checked_at: The integrity check.
        findings: What that found.
    """

    model_config = ConfigDict(extra="ignore")

    done_at: AwareDatetime | None = None
    checked_at: AwareDatetime | None = None
    findings: tuple[str, ...] = ()


@dataclass(slots=True)
class CareReport:
    """What was done.

    Attributes:
        resumed: Documents whose interrupted forgetting was finished.
        forgotten: Rejected documents that were kept long enough.
        predictions: Predictions that were kept long enough.
        freed_pages: Pages given back to the disk.
        merged: The write-ahead log was merged completely.
        checked: The database was checked.
        findings: What is wrong with it.
    """

    resumed: list[int] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    predictions: int = 0
    freed_pages: int = 0
    merged: bool = True
    checked: bool = False
    findings: list[str] = field(default_factory=list)


class Care:
    """Looks after one workspace, in steps that nobody waits for.

    Args:
        configuration: The workspace.
        store: Its database.
        clock: Says what is due.
    """

    def __init__(
        self, configuration: Configuration, store: Store, clock: Clock | None = None
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock or SystemClock()

    def is_due(self) -> bool:
        """Say whether the daily work is due; a time from the future counts for nothing."""
        done = read_times(self._configuration.state).done_at
        return not _within(done, self._clock.now(), DAILY)

    def maintain(
        self,
        progress: Progress = lambda *_: None,
        *,
        check: bool | None = None,
        compact: bool = False,
    ) -> CareReport:
        """Do what is due.

        Args:
            progress: Told what is being done.
            check: Check the integrity of the database; None does so once a week.
            compact: Write the database file anew; nobody else may use it then.

        Raises:
            DocsorterError: Something stands in the way, with the remedy.
        """
        times, report = read_times(self._configuration.state), CareReport()
        steps: list[tuple[str, Callable[[CareReport], None]]] = [
            ("forgetting", self._retain),
            ("predictions", self._drop_predictions),
            ("statistics", lambda _: self._store.upkeep.optimize()),
            ("free pages", self._shrink),
        ]
        if compact:
            steps.append(("compacting", lambda _: self._store.upkeep.compact()))
        steps.append(("write-ahead log", self._merge))
        if check or (check is None and not _within(times.checked_at, self._clock.now(), WEEKLY)):
            steps.append(("integrity", self._check))
        for done, (name, step) in enumerate(steps):
            progress(name, done, len(steps))
            step(report)
        progress("done", len(steps), len(steps))
        self._write_times(times, report)
        return report

    def _retain(self, report: CareReport) -> None:
        forgetting = Forgetting(self._configuration, self._store, clock=self._clock)
        report.resumed = forgetting.resume()
        days = self._configuration.settings.retention.rejected_days
        if not days:
            return
        before = self._clock.now() - dt.timedelta(days=days)
        while numbers := self._store.upkeep.rejected_before(before, _FORGET_BATCH):
            reason = f"retention.rejected_days = {days}"
            forgetting.forget_all(numbers, actor=ACTOR, uid=None, reason=reason)
            report.forgotten += numbers

    def _drop_predictions(self, report: CareReport) -> None:
        days = self._configuration.settings.retention.predictions_days
        if not days:
            return
        before = self._clock.now() - dt.timedelta(days=days)
        while dropped := self._store.upkeep.drop_predictions_before(before, _PREDICTION_BATCH):
            report.predictions += dropped
        if report.predictions:
            detail: dict[str, object] = {"predictions": report.predictions, "days": days}
            self._store.documents.add_event("predictions_dropped", actor=ACTOR, detail=detail)

    def _shrink(self, report: CareReport) -> None:
        before = free = self._store.upkeep.free_pages()
        while free:
            left = self._store.upkeep.release_pages()
            if left >= free:
                break
            free = left
        report.freed_pages = before - free

    def _merge(self, report: CareReport) -> None:
        report.merged = self._store.upkeep.checkpoint()

    def _check(self, report: CareReport) -> None:
        report.findings = self._store.upkeep.integrity_check()
        report.checked = True

    def _write_times(self, times: CareTimes, report: CareReport) -> None:
        now = self._clock.now()
        update: dict[str, object] = {"done_at": now}
        if report.checked:
            update |= {"checked_at": now, "findings": tuple(report.findings)}
        mode = permissions(self._configuration.settings)[Place.SPOOL].file_mode
        text = times.model_copy(update=update).model_dump_json(indent=1)
        Disk().write_durably(self._configuration.state / FILE_NAME, text.encode(), mode)


def read_times(state: Path) -> CareTimes:
    """Return when the work was done last; never, when the file is missing or damaged."""
    try:
        return CareTimes.model_validate_json((state / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return CareTimes()


def _within(done: dt.datetime | None, now: dt.datetime, span: dt.timedelta) -> bool:
    return done is not None and dt.timedelta() <= now - done < span


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
