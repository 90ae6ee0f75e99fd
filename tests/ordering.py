"""The order of the tests: what takes longest begins first, so that no core waits for it."""

from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent
LONGEST: Final = (
    "starter/test_recipe.py",
    "training/test_run.py",
    "training/test_export.py",
    "deliver/test_crashes.py",
    "packaging/test_wheel.py",
    "decide/test_thresholds.py",
    "training/test_bias_correction.py",
    "service/test_daemon.py",
    "cli/test_sort.py",
    "faults/test_scenes.py",
    "faults/test_words.py",
    "deploy/test_three_users.py",
    "torture/test_run.py",
    "starter/test_document.py",
    "cli/test_commands.py",
    "cli/test_model_commands.py",
    "starter/test_synth.py",
)
"""Files that take five seconds of a processor or more, or wait as long; measured."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first and leave the rest as it is."""
    places = {ROOT / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
