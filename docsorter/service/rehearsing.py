"""While a candidate waits, documents of every kind are drawn, so that it gathers evidence too."""

import datetime as dt
import threading
from typing import Final

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.service.learning.candidates import Candidates
from docsorter.service.learning.snapshot_folders import Snapshots
from docsorter.store import Store

KIND: Final = "rehearsal"
_FRESH_SECONDS: Final = 60.0
_SETTLE: Final = dt.timedelta(seconds=60)
"""Whoever was being decided when a rehearsal began is done by then."""


class Rehearsing:
    """Says whether a candidate gathers evidence; safe for several threads.

    Every beginning and end is a line of the log: only what was drawn in between, by a daemon that
    drew from all documents, is evidence for the candidate.

    Args:
        configuration: The workspace.
        store: Whose log says since when.
        clock: Says when to look again for a candidate.
    """

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        settings = configuration.settings
        earned = settings.decide.autonomy == "earned"
        self._wanted = settings.promise.rehearsal if earned else 0.0
        self._candidates = Candidates(Snapshots(configuration.state))
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._name: str | None = None
        self._is_known = False

    def share(self) -> float:
        """Return the least share of all documents that is drawn now; 0 without a candidate."""
        with self._lock:
            if self._clock.monotonic() >= self._until:
                self._look()
                self._until = self._clock.monotonic() + _FRESH_SECONDS
            return 0.0 if self._name is None else self._wanted

    def _look(self) -> None:
        try:
            candidate = self._candidates.waiting() if self._wanted > 0 else None
            name = None if candidate is None else candidate.name
            if not self._is_known:
                self._name, self._is_known = _rehearsing(self._store)[0], True
            if name != self._name:
                detail: dict[str, object] = {"candidate": name, "share": self._wanted}
                self._store.add_event(KIND, actor="daemon", detail=detail)
                self._name = name
        except (OSError, StoreError, EnvironmentFaultError):
            return  # as before; the daemon's next tick meets a database that is gone as well


def rehearsed_since(store: Store, name: str) -> dt.datetime | None:
    """Return since when documents of every kind are drawn for a candidate; None: they are not."""
    rehearsing, since = _rehearsing(store)
    return since + _SETTLE if rehearsing == name and since is not None else None


def _rehearsing(store: Store) -> tuple[str | None, dt.datetime | None]:
    last = store.events_of_kind(KIND, limit=1)
    if not last or not isinstance(last[0].detail.get("candidate"), str):
        return None, None
    return str(last[0].detail["candidate"]), last[0].at
