import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.training.exports import Exports


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> "Exports":
    from tests.training.exports import (  # noqa: PLC0415 -- loads TensorFlow, which few want
        Exports,
        network_like_a_trained_one,
    )

    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    return Exports(network_like_a_trained_one(), shared / "exports")
