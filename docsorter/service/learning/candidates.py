"""The candidate: a trained model that is not in use yet, and the checks drawn to evaluate it."""

import datetime as dt
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AwareDatetime, Field

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.filesystem import Disk
from docsorter.service.learning.snapshots import OPINIONS, Snapshots
from docsorter.service.workspace.layout import StateRecord
from docsorter.store import Store

FILE: Final = "candidate.json"
_MODE: Final = 0o600

CandidateStatus = Literal["waiting", "promoted", "refused", "superseded"]
KIND: Final = "rehearsal"
_FRESH_SECONDS: Final = 60.0
_SETTLE: Final = dt.timedelta(seconds=60)
"""Whoever was being decided when a shadow evaluation began is done by then."""


class Candidate(StateRecord):
    """A trained model that is not in use.

    Attributes:
        name: Its bundle and its snapshot.
        after: Only checks drawn since then evaluate it.
        judged_until: Settling time of the newest check that it was evaluated by.
    """

    name: str
    model: str
    trained_at: AwareDatetime
    after: AwareDatetime
    standing: CandidateStatus = "waiting"
    settled_at: AwareDatetime | None = None
    why: str = ""
    judged_until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class TrainedCandidate:
    """A model that has just been trained.

    Attributes:
        lines: What a person reads of the training, as names and texts.
        figures: The same as plain values.
    """

    candidate: Candidate
    lines: tuple[tuple[str, str], ...]
    figures: dict[str, Any]


class Opinion(StateRecord):
    """What models predict for one checked document, so that none has to inspect it twice.

    Attributes:
        labels: Most probable label by fingerprint of the model.
        scores: What the threshold applies to, by key of the sort rule; None where that rule would
            not sort the document at any threshold.
    """

    labels: dict[str, str] = Field(default_factory=dict)
    scores: dict[str, float | None] = Field(default_factory=dict)


class Opinions(StateRecord):
    """Opinions by number of the document."""

    documents: dict[int, Opinion] = Field(default_factory=dict)


class Candidates:
    """The candidates of a workspace; one waits at a time."""

    def __init__(self, snapshots: Snapshots, disk: Disk | None = None) -> None:
        self._snapshots = snapshots
        self._disk = disk or Disk()

    def all(self) -> tuple[Candidate, ...]:
        """Return every candidate there was, the oldest first."""
        found = [self._read(path) for path in self._snapshots.root.glob(f"*/{FILE}")]
        return tuple(sorted(found, key=lambda one: (one.trained_at, one.name)))

    def waiting(self) -> Candidate | None:
        """Return the candidate that waits to be evaluated, the newest if there are several."""
        found = [one for one in self.all() if one.standing == "waiting"]
        return found[-1] if found else None

    def judged_until(self) -> dt.datetime | None:
        """Return up to when checks were used to settle a candidate: they evaluate no other one."""
        used = [
            one.judged_until
            for one in self.all()
            if one.standing in {"promoted", "refused"} and one.judged_until
        ]
        return max(used, default=None)

    def write(self, candidate: Candidate) -> None:
        """Write a candidate down, whole or not at all."""
        candidate.write(self._snapshots.folder(candidate.name) / FILE, _MODE, self._disk)

    def settle(
        self, candidate: Candidate, standing: CandidateStatus, now: dt.datetime, why: str
    ) -> Candidate:
        """Say what became of a candidate; its training documents are not needed any more."""
        settled = candidate.model_copy(update={"standing": standing, "settled_at": now, "why": why})
        self.write(settled)
        if standing != "promoted":
            self._snapshots.drop_documents(candidate.name)
        return settled

    def supersede(self, now: dt.datetime, bundles: Collection[str]) -> None:
        """Let the candidate that waits make room for a newer one."""
        before = self.waiting()
        if before is not None:
            self.settle(before, "superseded", now, "a newer one was trained")
        for name in self._snapshots.names():
            if name not in bundles:
                self._snapshots.drop_documents(name)

    def opinions(self, name: str) -> Opinions:
        """Return what was said of checked documents so far; nothing where that cannot be read."""
        return Opinions.read(self._snapshots.folder(name) / OPINIONS) or Opinions()

    def keep_opinions(self, name: str, opinions: Opinions) -> None:
        """Keep what was said."""
        opinions.write(self._snapshots.folder(name) / OPINIONS, _MODE, self._disk)

    def _read(self, path: Path) -> Candidate:
        found = Candidate.read(path)
        if found is None:
            raise StoreError(
                f"what is known of the candidate {path.parent.name} is damaged: {path}",
                remedy=f"remove {path}, then train again",
            )
        return found


def candidate_line(candidate: Candidate) -> str:
    """Return what status says of a candidate."""
    return f"{candidate.name} waits: {candidate.why or 'not evaluated yet'}"


class ShadowEvaluation:
    """Says how much is drawn for a candidate's evidence; safe for several threads.

    Every beginning and end is a line of the log: only what was drawn in between, by a daemon that
    drew from all documents, is evidence for the candidate.
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
                self._refresh()
                self._until = self._clock.monotonic() + _FRESH_SECONDS
            return 0.0 if self._name is None else self._wanted

    def _refresh(self) -> None:
        try:
            candidate = self._candidates.waiting() if self._wanted > 0 else None
            name = None if candidate is None else candidate.name
            if not self._is_known:
                self._name, self._is_known = _candidate_evaluated(self._store)[0], True
            if name != self._name:
                detail: dict[str, object] = {"candidate": name, "share": self._wanted}
                self._store.documents.add_event(KIND, actor="daemon", detail=detail)
                self._name = name
        except (OSError, StoreError, EnvironmentFaultError):
            return  # as before; the daemon's next tick meets a database that is gone as well


def shadow_evaluation_start(store: Store, name: str) -> dt.datetime | None:
    """Return since when documents of every kind are drawn for a candidate; None: they are not."""
    candidate, since = _candidate_evaluated(store)
    return since + _SETTLE if candidate == name and since is not None else None


def _candidate_evaluated(store: Store) -> tuple[str | None, dt.datetime | None]:
    last = store.documents.events_of_kind(KIND, limit=1)
    if not last or not isinstance(last[0].detail.get("candidate"), str):
        return None, None
    return str(last[0].detail["candidate"]), last[0].at
