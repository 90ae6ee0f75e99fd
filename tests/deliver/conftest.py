import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import Place
from docsorter.filesystem import Disk
from docsorter.settings import DeliverSettings, Settings
from docsorter.store import migrate
from tests.deliver.yard import URL, TwoMounts, Yard


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("empty")
    migrate(URL, clock=ManualClock(), state_dir=folder, backups_dir=folder / "backups")
    return folder / "docsorter.db"


@pytest.fixture
def make_yard(near: Path, tmp_path: Path, empty_database: Path) -> Iterator[Callable[..., Yard]]:
    """Make workspaces; with `two_mounts` inbox and sorted root are on another mount."""
    made: list[Yard] = []

    def make(*, two_mounts: bool = False, disk: type[Disk] = Disk, sidecar: bool = True) -> Yard:
        base = near / f"yard{len(made)}" / "near"
        far = base
        if two_mounts:  # real ones if the machine has two, and the disk is a real one
            far = (tmp_path if disk is Disk else near) / f"yard{len(made)}" / "far"
        for folder in {base, far}:
            folder.mkdir(parents=True)
        shutil.copy(empty_database, base / "docsorter.db")
        is_pretended = two_mounts and base.stat().st_dev == far.stat().st_dev and disk is Disk
        settings = Settings(deliver=DeliverSettings(sidecar=sidecar))
        yard = Yard(base, far, settings, (TwoMounts if is_pretended else disk)())
        for place in Place:
            yard.roots[place].mkdir()
        made.append(yard)
        return yard

    yield make
    for yard in made:
        yard.store.close()


@pytest.fixture
def yard(make_yard: Callable[..., Yard]) -> Yard:
    return make_yard()
