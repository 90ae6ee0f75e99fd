import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.store import Store, migrate, open_store
from tests.store.office import Office

BUSY = 60.0  # seconds: fifty writers on a machine that others keep busy
URL = "sqlite:///docsorter.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("empty")
    migrate(URL, clock=ManualClock(), state_dir=folder, backups_dir=folder / "backups")
    return folder / "docsorter.db"


@pytest.fixture
def state_dir(tmp_path: Path, empty_database: Path) -> Path:
    """A state folder with an empty database in it."""
    shutil.copy(empty_database, tmp_path / "docsorter.db")
    return tmp_path


@pytest.fixture
def store(state_dir: Path, clock: ManualClock) -> Iterator[Store]:
    with open_store(URL, clock=clock, state_dir=state_dir, busy_seconds=BUSY) as opened:
        yield opened


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


@pytest.fixture
def another_store(state_dir: Path, clock: ManualClock) -> Iterator[Callable[[], Store]]:
    """Open more stores on the same file, as other processes would."""
    opened: list[Store] = []

    def another() -> Store:
        store = open_store(URL, clock=clock, state_dir=state_dir, busy_seconds=BUSY)
        opened.append(store)
        return store

    yield another
    for store in opened:
        store.close()
