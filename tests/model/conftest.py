from pathlib import Path

import pytest

from tests.model.bundles import write_whole_bundle


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return write_whole_bundle(tmp_path / "bundle")
