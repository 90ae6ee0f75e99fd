"""`docsorter maintain`, and the daemon's daily maintenance when it has nothing else to do."""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, ConfigDict

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.documents import Place
from docsorter.errors import DocsorterError
from docsorter.service.promise import drift
from docsorter.service.upkeep.forget import Forgetting
from docsorter.service.workspace.layout import StateRecord
from docsorter.service.workspace.process import LOGGER, Progress, silent
from docsorter.store import Store

FILE_NAME: Final = "care.json"
DAILY: Final = dt.timedelta(days=1)
WEEKLY: Final = dt.timedelta(days=7)
_FORGET_BATCH = 200
_PREDICTION_BATCH = 200  # rows per transaction: well under the 50 ms that a decision may wait
ACTOR = "daemon"
_LOG = logging.getLogger(LOGGER)
_FIRST_CHECK = 1800.0  # seconds after a start, which has better things to do
_CHECK_AGAIN = 600.0  # seconds between two checks whether it is due
_PATIENCE = 10.0  # seconds that a drain waits for the step under way


class MaintenanceTimes(StateRecord):
    """When the work was done last.

    Attributes:
        done_at: All of it but the integrity check.
    """

    model_config = ConfigDict(extra="ignore")

    done_at: AwareDatetime | None = None
    checked_at: AwareDatetime | None = None
    findings: tuple[str, ...] = ()


@dataclass(slots=True)
class MaintenanceReport:
    """What was done.

    Attributes:
        resumed: Documents whose interrupted forgetting was finished.
        freed_pages: Pages given back to the disk.
        merged: The write-ahead log was merged completely.
    """

    resumed: list[int] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    predictions: int = 0
    freed_pages: int = 0
    merged: bool = True
    checked: bool = False
    findings: list[str] = field(default_factory=list)


class Maintenance:
    """Maintains one workspace, in steps that nobody waits for."""

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
        progress: Progress = silent,
        *,
        check: bool | None = None,
        compact: bool = False,
    ) -> MaintenanceReport:
        """Do what is due.

        Args:
            progress: Told what is being done.
            check: Check the integrity of the database; None does so once a week.
            compact: Write the database file anew; nobody else may use it then.
        """
        times, report = read_times(self._configuration.state), MaintenanceReport()
        steps: list[tuple[str, Callable[[MaintenanceReport], None]]] = [
            ("forgetting", self._retain),
            ("predictions", self._drop_predictions),
            ("words", self._drop_words),
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

    def _retain(self, report: MaintenanceReport) -> None:
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

    def _drop_predictions(self, report: MaintenanceReport) -> None:
        days = self._configuration.settings.retention.predictions_days
        if not days:
            return
        before = self._clock.now() - dt.timedelta(days=days)
        while dropped := self._store.upkeep.drop_predictions_before(before, _PREDICTION_BATCH):
            report.predictions += dropped
        if report.predictions:
            detail: dict[str, object] = {"predictions": report.predictions, "days": days}
            self._store.documents.add_event("predictions_dropped", actor=ACTOR, detail=detail)

    def _drop_words(self, report: MaintenanceReport) -> None:
        dropped = report.predictions > 0  # words went with them
        kept = self._configuration.settings.words.keep
        while not kept and self._store.upkeep.drop_words(_PREDICTION_BATCH):
            dropped = True
        if dropped:
            self._store.upkeep.merge_indexes()

    def _shrink(self, report: MaintenanceReport) -> None:
        before = free = self._store.upkeep.free_pages()
        while free:
            left = self._store.upkeep.release_pages()
            if left >= free:
                break
            free = left
        report.freed_pages = before - free

    def _merge(self, report: MaintenanceReport) -> None:
        report.merged = self._store.upkeep.checkpoint()

    def _check(self, report: MaintenanceReport) -> None:
        report.findings = self._store.upkeep.integrity_check()
        report.checked = True

    def _write_times(self, times: MaintenanceTimes, report: MaintenanceReport) -> None:
        now = self._clock.now()
        update: dict[str, object] = {"done_at": now}
        if report.checked:
            update |= {"checked_at": now, "findings": tuple(report.findings)}
        mode = permissions(self._configuration.settings)[Place.SPOOL].file_mode
        times.model_copy(update=update).write(self._configuration.state / FILE_NAME, mode)


def read_times(state: Path) -> MaintenanceTimes:
    """Return when the work was done last; never, when the file is missing or damaged."""
    return MaintenanceTimes.read(state / FILE_NAME) or MaintenanceTimes()


def _within(done: dt.datetime | None, now: dt.datetime, span: dt.timedelta) -> bool:
    return done is not None and dt.timedelta() <= now - done < span


class _StoppedError(Exception):
    """The daemon drains; what is left is done another day."""


class MaintenanceThread:
    """Runs the daily maintenance in a thread, at most once a day, while nothing else is to do."""

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        self._maintenance = Maintenance(configuration, store, clock)
        self._clock = clock
        self._store = store
        self._state = configuration.state
        self._check_at = clock.monotonic() + _FIRST_CHECK
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    @property
    def busy(self) -> bool:
        """Whether it is under way."""
        return self._thread is not None and self._thread.is_alive()

    def tick(self, *, idle: bool) -> None:
        """Begin when it is due and nothing else is to be done."""
        if not idle or self.busy or self._clock.monotonic() < self._check_at:
            return
        self._check_at = self._clock.monotonic() + _CHECK_AGAIN
        if self._maintenance.is_due():
            self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop after the step under way; a check of the whole database is not waited for."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        try:
            report = self._maintenance.maintain(self._progress)
        except _StoppedError:
            return
        except (DocsorterError, OSError) as error:
            _LOG.warning("the daily maintenance was not finished: %s", error)
            return
        self._compare_weeks()
        for finding in report.findings:
            _LOG.error("the database is not sound: %s; details: docsorter verify", finding)
        _LOG.info(
            "daily maintenance: %d forgotten, %d predictions removed, %d pages given back%s",
            len(report.forgotten),
            report.predictions,
            report.freed_pages,
            ", database checked" if report.checked else "",
        )

    def _compare_weeks(self) -> None:
        """Compare the last week with those before it, once a week; `status` shows what differs."""
        if not drift.is_due(self._state, self._clock.now()):
            return
        try:
            report = drift.compare_weeks(self._store, self._clock)
            drift.write_report(self._state, report)
        except (DocsorterError, OSError) as error:
            _LOG.warning("the weekly comparison was not finished: %s", error)
            return
        for found in report.findings:
            _LOG.warning("drift of %s; details: docsorter drift", found.what)
        if report.scanners:
            _LOG.warning("%d scanners are new: docsorter drift", len(report.scanners))

    def _progress(self, stage: str, done: int, total: int) -> None:
        del stage, done, total
        if self._stopping.is_set():
            raise _StoppedError
