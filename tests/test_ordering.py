from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.ordering import LONGEST, ROOT, pytest_collection_modifyitems


def test_every_file_that_comes_first_exists_and_is_named_once() -> None:
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_the_longest_come_first_and_the_rest_stays_in_its_order() -> None:
    names = ["a.py", LONGEST[1], "b.py", LONGEST[0], LONGEST[1], "a.py"]
    items = [SimpleNamespace(path=Path(ROOT / name)) for name in names]
    pytest_collection_modifyitems(cast("list[pytest.Item]", items))
    ordered = [item.path.relative_to(ROOT).as_posix() for item in items]
    assert ordered == [LONGEST[0], LONGEST[1], LONGEST[1], "a.py", "b.py", "a.py"]
