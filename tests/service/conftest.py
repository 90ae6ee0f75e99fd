from collections.abc import Iterator

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from tests.service.desk import Desk


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[Desk]:
    made = Desk(configuration, clock)
    yield made
    made.store.close()
