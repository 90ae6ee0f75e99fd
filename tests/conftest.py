"""Fixtures that several rooms' tests share."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.pages.reader import installed_languages, known_languages
from docsorter.service.workspace.layout import create, migrate_workspace
from tests.ordering import pytest_collection_modifyitems

__all__ = ["pytest_collection_modifyitems"]

# What is recognised differs between machines, and takes a second: only who asks for it has it.
TESSDATA = os.environ.setdefault("TESSDATA_OUTSIDE", os.environ.get("TESSDATA_PREFIX", ""))
"""What it was where the tests were started, and not in a process that runs some of them."""
os.environ["TESSDATA_PREFIX"] = "/nonexistent"

DATABASE = "docsorter.db"
MEMORY = Path("/dev/shm")
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
def recognising(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Tesseract find its languages, here and in every process that is started."""
    monkeypatch.delenv("TESSDATA_PREFIX")
    if TESSDATA:
        monkeypatch.setenv("TESSDATA_PREFIX", TESSDATA)
    known_languages.cache_clear()
    if not installed_languages(("eng",)):
        pytest.skip("Tesseract with its English data is not installed")
    yield
    known_languages.cache_clear()


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
def near(tmp_path: Path) -> Iterator[Path]:
    """Return a folder in memory where there is one, for tests that flush a lot."""
    if os.access(MEMORY, os.W_OK):
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            yield Path(folder)
    else:
        yield tmp_path / "memory"


@pytest.fixture
def configuration(near: Path, migrated: Path) -> Configuration:
    """Return a fresh workspace with an empty database."""
    made, _ = create(near / "paper")
    shutil.copy2(migrated, made.state)
    return made
