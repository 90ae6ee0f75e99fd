"""Fixtures that several rooms' tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.service.migration import migrate_workspace
from docsorter.service.workspace import create

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


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    """Return a fresh workspace with an empty database."""
    made, _ = create(tmp_path / "paper")
    migrate_workspace(made)
    return made
