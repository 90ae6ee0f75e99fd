"""`docsorter maintain`: the small regular work that keeps a workspace quick, small and checked."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.permissions import permissions
from docsorter.disk import Disk
from docsorter.documents import Place
from docsorter.service.forgetting import Forgetting
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
            ("statistics", lambda _: self._store.optimize()),
            ("free pages", self._shrink),
        ]
        if compact:
            steps.append(("compacting", lambda _: self._store.compact()))
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
        while numbers := self._store.rejected_before(before, _FORGET_BATCH):
            reason = f"retention.rejected_days = {days}"
            forgetting.forget_all(numbers, actor=ACTOR, uid=None, reason=reason)
            report.forgotten += numbers

    def _drop_predictions(self, report: CareReport) -> None:
        days = self._configuration.settings.retention.predictions_days
        if not days:
            return
        before = self._clock.now() - dt.timedelta(days=days)
        while dropped := self._store.drop_predictions_before(before, _PREDICTION_BATCH):
            report.predictions += dropped
        if report.predictions:
            detail: dict[str, object] = {"predictions": report.predictions, "days": days}
            self._store.add_event("predictions_dropped", actor=ACTOR, detail=detail)

    def _shrink(self, report: CareReport) -> None:
        before = free = self._store.free_pages()
        while free:
            left = self._store.give_back_pages()
            if left >= free:
                break
            free = left
        report.freed_pages = before - free

    def _merge(self, report: CareReport) -> None:
        report.merged = self._store.checkpoint()

    def _check(self, report: CareReport) -> None:
        report.findings = self._store.integrity_check()
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
