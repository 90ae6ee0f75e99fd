"""Hostile files before the real reader: no crash, no hang, no memory, always a reason."""

from collections import Counter
from pathlib import Path

import pytest

from docsorter.documents import REFUSED_FOR
from docsorter.settings import PagesSettings
from tests.hostile.cases import READ
from tests.hostile.corpus import corpus
from tests.hostile.trial import Ending, try_all

pytestmark = pytest.mark.slow
LIMIT = 20.0
GIGABYTE_MB = 1024
CASES = list(corpus())
LIGHT = [hostile for hostile in CASES if not hostile.heavy]
# Every eighth kind, and each whose fate is known; `make torture` tries them all.
TRIED = [c for number, c in enumerate(LIGHT) if c.expect or number % 8 == 0]
# Those that burn processor time to the last are for torture; a few are enough here.
HEAVY = {"forms that draw forms, 10 to the 12", "PNG of 190 megapixels in 16-bit colour"}


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """Return how each light file ended that is not left to torture."""
    folder = tmp_path_factory.mktemp("hostile")
    settings = PagesSettings(time_limit_seconds=LIMIT)
    return {ending.kind: ending for ending in try_all(TRIED, folder, settings, at_once=4)}


def test_the_corpus_has_more_than_350_kinds_and_each_of_them_once() -> None:
    assert len(CASES) >= 350
    assert len(TRIED) >= 90
    assert [kind for kind, count in Counter(c.kind for c in CASES).items() if count > 1] == []
    assert {c.kind for c in CASES if c.heavy} >= HEAVY


def test_every_file_is_read_or_refused_with_a_reason_of_the_closed_list(
    endings: dict[str, Ending],
) -> None:
    possible = {READ, *REFUSED_FOR}
    assert [e for e in endings.values() if e.outcome not in possible] == []
    for ending in endings.values():
        assert ending.text.strip(), ending
        assert "\n" not in ending.text
        assert ending.text.isprintable(), ending


def test_a_file_whose_fate_is_known_meets_it(endings: dict[str, Ending]) -> None:
    wrong = [
        (hostile.kind, endings[hostile.kind].outcome)
        for hostile in TRIED
        if hostile.expect and endings[hostile.kind].outcome not in hostile.expect
    ]
    assert wrong == []


def test_no_file_hangs_and_no_reader_takes_a_gigabyte(endings: dict[str, Ending]) -> None:
    assert max(ending.seconds for ending in endings.values()) < LIMIT + 10
    assert max(ending.peak_mb for ending in endings.values()) < GIGABYTE_MB


def test_what_burns_time_and_memory_meets_the_limits(tmp_path: Path) -> None:
    chosen = [hostile for hostile in CASES if hostile.kind in HEAVY]
    endings = try_all(chosen, tmp_path, PagesSettings(time_limit_seconds=1.5, memory_limit_mb=512))
    assert {e.outcome for e in endings} <= {"time_limit", "memory_limit"}
    assert max(e.seconds for e in endings) < 15
    assert max(e.peak_mb for e in endings) < 512
