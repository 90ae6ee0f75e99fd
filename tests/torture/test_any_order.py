"""Drop, claim, look, answer, undo, promote, crash and recover, in any order."""

import pytest
from hypothesis import settings

from tests.torture.any_order import AnyOrder

AnyOrder.TestCase.settings = settings(max_examples=3, stateful_step_count=20, deadline=None)
TestAnyOrder = pytest.mark.slow(AnyOrder.TestCase)
