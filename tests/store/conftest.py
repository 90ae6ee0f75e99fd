import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.store import Store, migrate, open_store
from tests.postgresql import served, server, server_url
from tests.store.office import Office

__all__ = ["served", "server", "server_url"]

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what holds of any database on both kinds."""
    marked = metafunc.definition.get_closest_marker("any_database")
    if marked and "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def url(database: str, request: pytest.FixtureRequest) -> str:
    return URL if database == "sqlite" else str(request.getfixturevalue("server_url"))


@pytest.fixture
def store(url: str, state_dir: Path, clock: ManualClock) -> Iterator[Store]:
    with open_store(url, clock=clock, state_dir=state_dir, busy_seconds=BUSY) as opened:
        yield opened


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


@pytest.fixture
def another_store(url: str, state_dir: Path, clock: ManualClock) -> Iterator[Callable[[], Store]]:
    """Open more stores on the same database, as other processes would."""
    opened: list[Store] = []

    def another() -> Store:
        store = open_store(url, clock=clock, state_dir=state_dir, busy_seconds=BUSY)
        opened.append(store)
        return store

    yield another
    for store in opened:
        store.close()
