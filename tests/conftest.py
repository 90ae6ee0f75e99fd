"""Fixtures that several rooms' tests share."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.service.workspace.layout import create, migrate_workspace
from tests.ordering import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]

DATABASE = "docsorter.db"
# A busy machine is slow, not wrong; pytest's own timeout still ends what hangs.
settings.register_profile("docsorter", deadline=None)
settings.load_profile("docsorter")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith("DOCSORTER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that was migrated once for all tests, which copy it."""
    made, _ = create(tmp_path_factory.mktemp("migrated") / "paper")
    migrate_workspace(made)
    return made.state / DATABASE


@pytest.fixture
def configuration(tmp_path: Path, migrated: Path) -> Configuration:
    """Return a fresh workspace with an empty database."""
    made, _ = create(tmp_path / "paper")
    shutil.copy2(migrated, made.state)
    return made
