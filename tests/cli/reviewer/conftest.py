import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.service.workspace.layout import create, migrate_workspace
from tests.cli.reviewer.scene import Scene
from tests.service.desk import Desk


@pytest.fixture(scope="session")
def empty_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an empty database, made once and copied for each test."""
    made, _ = create(tmp_path_factory.mktemp("empty") / "paper")
    migrate_workspace(made)
    return made.workspace


@pytest.fixture
def configuration(empty_workspace: Path, tmp_path: Path) -> Configuration:
    shutil.copytree(empty_workspace, tmp_path / "paper")
    return load(tmp_path / "paper")


@pytest.fixture
def scene(configuration: Configuration, clock: ManualClock) -> Iterator[Scene]:
    desk = Desk(configuration, clock)
    yield Scene(desk)
    desk.store.close()
