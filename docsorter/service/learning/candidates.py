"""The candidate: a model that learned and waits, and the checks drawn to evaluate it."""

import datetime as dt
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.errors import EnvironmentFaultError, StoreError
from docsorter.filesystem import Disk
from docsorter.service.learning.snapshots import OPINIONS, Snapshots
from docsorter.store import Store

FILE: Final = "candidate.json"
_MODE: Final = 0o600

Standing = Literal["waiting", "promoted", "refused", "superseded"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Candidate(_Part):
    """A trained model that is not in use.

    Attributes:
        name: Its bundle and its snapshot.
        model: Name on its card.
        trained_at: When it was ready.
        after: Only checks drawn since then judge it.
        standing: What became of it.
        settled_at: When that was decided.
        why: In words.
        judged_until: Settling time of the newest check that it was judged by.
    """

    name: str
    model: str
    trained_at: AwareDatetime
    after: AwareDatetime
    standing: Standing = "waiting"
    settled_at: AwareDatetime | None = None
    why: str = ""
    judged_until: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that has just learned.

    Attributes:
        candidate: It waits to be judged.
        lines: What a person reads of the training, as names and texts.
        figures: The same as plain values.
    """

    candidate: Candidate
    lines: tuple[tuple[str, str], ...]
    figures: dict[str, Any]


class Opinion(_Part):
    """What models said of one checked document, so that none has to look twice.

    Attributes:
        labels: Most probable label by fingerprint of the model.
        scores: What the threshold applies to, by key of the sort rule; None where that rule would
            not sort the document at any threshold.
    """

    labels: dict[str, str] = {}
    scores: dict[str, float | None] = {}


class Opinions(_Part):
    """Opinions by number of the document."""

    documents: dict[int, Opinion] = {}


class Candidates:
    """The candidates of a workspace; one waits at a time.

    Args:
        snapshots: Beside whose documents they are written down.
        disk: Writes files.
    """

    def __init__(self, snapshots: Snapshots, disk: Disk | None = None) -> None:
        self._snapshots = snapshots
        self._disk = disk or Disk()

    def all(self) -> tuple[Candidate, ...]:
        """Return every candidate there was, the oldest first."""
        found = [self._read(path) for path in self._snapshots.root.glob(f"*/{FILE}")]
        return tuple(sorted(found, key=lambda one: (one.trained_at, one.name)))

    def waiting(self) -> Candidate | None:
        """Return the candidate that waits to be judged, the newest if there are several."""
        found = [one for one in self.all() if one.standing == "waiting"]
        return found[-1] if found else None

    def judged_until(self) -> dt.datetime | None:
        """Return up to when checks were used to settle a candidate: they judge no other one."""
        used = [
            one.judged_until
            for one in self.all()
            if one.standing in {"promoted", "refused"} and one.judged_until
        ]
        return max(used, default=None)

    def write(self, candidate: Candidate) -> None:
        """Write a candidate down, whole or not at all.

        Raises:
            OSError: What the system says.
        """
        self._put(candidate.name, FILE, candidate)

    def settle(
        self, candidate: Candidate, standing: Standing, now: dt.datetime, why: str
    ) -> Candidate:
        """Say what became of a candidate; the documents it was taught are not needed any more."""
        settled = candidate.model_copy(update={"standing": standing, "settled_at": now, "why": why})
        self.write(settled)
        if standing != "promoted":
            self._snapshots.drop_documents(candidate.name)
        return settled

    def supersede(self, now: dt.datetime, bundles: Collection[str]) -> None:
        """Let the candidate that waits make room for a newer one.

        Args:
            now: When.
            bundles: Models that there are; documents taught to others are not needed any more.
        """
        before = self.waiting()
        if before is not None:
            self.settle(before, "superseded", now, "a newer one was trained")
        for name in self._snapshots.names():
            if name not in bundles:
                self._snapshots.drop_documents(name)

    def opinions(self, name: str) -> Opinions:
        """Return what was said of checked documents so far; nothing where that cannot be read."""
        try:
            return Opinions.model_validate_json(self._place(name, OPINIONS).read_bytes())
        except (OSError, ValidationError):
            return Opinions()

    def keep_opinions(self, name: str, opinions: Opinions) -> None:
        """Keep what was said.

        Raises:
            OSError: What the system says.
        """
        self._put(name, OPINIONS, opinions)

    def _put(self, name: str, file: str, what: BaseModel) -> None:
        text = what.model_dump_json(indent=1) + "\n"
        self._disk.write_durably(self._place(name, file), text.encode(), _MODE)

    def _place(self, name: str, file: str) -> Path:
        return self._snapshots.folder(name) / file

    def _read(self, path: Path) -> Candidate:
        try:
            return Candidate.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"what is known of the candidate {path.parent.name} is damaged: {path}",
                remedy=f"remove {path}, then train again",
            ) from error


def candidate_line(candidate: Candidate) -> str:
    """Return what status says of a candidate."""
    return f"{candidate.name} waits: {candidate.why or 'not judged yet'}"


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
                self._store.documents.add_event(KIND, actor="daemon", detail=detail)
                self._name = name
        except (OSError, StoreError, EnvironmentFaultError):
            return  # as before; the daemon's next tick meets a database that is gone as well


def rehearsed_since(store: Store, name: str) -> dt.datetime | None:
    """Return since when documents of every kind are drawn for a candidate; None: they are not."""
    rehearsing, since = _rehearsing(store)
    return since + _SETTLE if rehearsing == name and since is not None else None


def _rehearsing(store: Store) -> tuple[str | None, dt.datetime | None]:
    last = store.documents.events_of_kind(KIND, limit=1)
    if not last or not isinstance(last[0].detail.get("candidate"), str):
        return None, None
    return str(last[0].detail["candidate"]), last[0].at
