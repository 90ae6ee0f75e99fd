"""The store: everything docsorter must not forget, behind one class."""

import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.clock import Clock
from docsorter.errors import StoreError
from docsorter.store.answers import AnswersStore
from docsorter.store.audit import AuditStore
from docsorter.store.check_evidence import EvidenceStore
from docsorter.store.check_undoing import CheckUndoingStore
from docsorter.store.checks import ChecksStore
from docsorter.store.documents_store import DocumentsStore
from docsorter.store.drift_samples import DriftSamplesStore
from docsorter.store.engine import make_engine
from docsorter.store.events import EventsStore
from docsorter.store.faults import translated
from docsorter.store.forgetting import ForgettingStore
from docsorter.store.history import HistoryStore
from docsorter.store.later_checks import LaterChecksStore
from docsorter.store.learning import LearningStore
from docsorter.store.location import grant, locate, refuse_shared_storage
from docsorter.store.maintenance import MaintenanceStore
from docsorter.store.migration import refuse_newer, schema_version
from docsorter.store.moves import MovesStore
from docsorter.store.outcomes import OutcomesStore
from docsorter.store.promises import PromisesStore
from docsorter.store.rehearsals import RehearsalsStore
from docsorter.store.repairs import RepairsStore
from docsorter.store.review_figures import FiguresStore
from docsorter.store.review_queue import ReviewQueueStore
from docsorter.store.second_opinions import SecondOpinionsStore
from docsorter.store.seen import SeenStore
from docsorter.store.tables import SCHEMA_VERSION
from docsorter.store.taking_back import TakingBackStore
from docsorter.store.upkeep import UpkeepStore


class Store(
    DocumentsStore,
    HistoryStore,
    MovesStore,
    OutcomesStore,
    ReviewQueueStore,
    AnswersStore,
    SecondOpinionsStore,
    TakingBackStore,
    FiguresStore,
    ChecksStore,
    CheckUndoingStore,
    EvidenceStore,
    PromisesStore,
    SeenStore,
    EventsStore,
    MaintenanceStore,
    ForgettingStore,
    UpkeepStore,
    AuditStore,
    RepairsStore,
    LearningStore,
    LaterChecksStore,
    RehearsalsStore,
    DriftSamplesStore,
):
    """Documents, moves, review entries, answers and events of one workspace.

    Every method is one short transaction. A store may be shared by the threads of a process, but
    not be carried over a fork. Close it, or use it as a context manager.
    """

    def close(self) -> None:
        """Close every connection; the store opens new ones if it is used again."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _new_token() -> str:
    return secrets.token_hex(16)


def open_store(
    url: str,
    *,
    clock: Clock,
    state_dir: Path,
    busy_seconds: float = 30.0,
    group: str = "",
    token: Callable[[], str] = _new_token,
) -> Store:
    """Open a database that exists and has the schema of this version.

    Args:
        url: SQLAlchemy URL.
        clock: Dates what is written.
        state_dir: What a relative SQLite path is relative to.
        busy_seconds: How long to wait for another writer.
        group: Unix group that shares the database; empty keeps it private.
        token: Makes the secrets of leases.

    Raises:
        StoreError: The database is missing, older, newer, damaged, locked, or lies where SQLite
            loses data.
        SettingsError: The URL or the group is wrong.
        DependencyError: The library that speaks with PostgreSQL is not installed.
    """
    location = locate(url, state_dir)
    if location.path is not None:
        if not location.path.is_file():
            raise StoreError(
                f"there is no database {location.path}", remedy="make one with: docsorter init"
            )
        refuse_shared_storage(location.path)
    engine = make_engine(location, busy_seconds=busy_seconds)
    store = Store(engine, location, clock=clock, busy_seconds=busy_seconds, token=token)
    try:
        with translated(store.where), engine.connect() as connection:
            version = schema_version(connection, store.where)
        refuse_newer(version, store.where)
        _refuse_older(version, store.where)
        if location.path is not None:
            grant(location.path, group)
    except BaseException:
        store.close()
        raise
    return store


def _refuse_older(version: str, where: str) -> None:
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"the database {where} is of an older version ({version or 'empty'})",
            remedy="start the daemon once, it brings the database up to date: docsorter run",
        )
