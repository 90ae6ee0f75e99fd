"""The one table of reasons says of each what the code does with it."""

import re
from pathlib import Path

from docsorter.documents import REFUSED_FOR, TRANSIENT, UNSEEN, WAITS_FOR, ReasonCode
from docsorter.filesystem import _ENVIRONMENT
from docsorter.intake import completeness, settling
from docsorter.pages import reader

PAGE = Path(__file__).resolve().parents[2] / "docs" / "use" / "reasons.md"
ROWS = re.findall(
    r"^\| `(\w+)` \| ([a-z, ]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE
)


def rows_with(word: str) -> set[str]:
    return {code for code, happens, _, _ in ROWS if word in happens.split(", ")}


def test_every_reason_has_one_row_with_a_meaning_and_a_remedy() -> None:
    codes = [code for code, *_ in ROWS]
    assert sorted(codes) == sorted(code.value for code in ReasonCode)
    for code, _, meaning, remedy in ROWS:
        assert meaning.strip(), code
        assert remedy.strip(), code


def test_the_table_says_rejected_and_waits_of_what_the_code_says_it() -> None:
    assert rows_with("rejected") == REFUSED_FOR
    assert rows_with("waits") == WAITS_FOR
    assert rows_with("sorted") == {ReasonCode.SURE, ReasonCode.ANSWERED}
    both = {ReasonCode.DUPLICATE, ReasonCode.INTERNAL}  # the settings, or the fifth try, say which
    left = set(ReasonCode) - REFUSED_FOR - WAITS_FOR - rows_with("sorted")
    assert rows_with("review") == left | both
    assert {word for _, happens, _, _ in ROWS for word in happens.split(", ")} == {
        "sorted", "review", "rejected", "waits",
    }  # fmt: skip


def test_what_reading_refuses_and_what_the_system_answers_is_on_the_closed_lists() -> None:
    assert reader._REFUSALS < REFUSED_FOR | UNSEEN
    assert rows_with("review") > UNSEEN
    assert {code for code, _ in _ENVIRONMENT.values()} < WAITS_FOR
    assert {completeness.STILL_OPEN.code, settling._BUSY.code} <= TRANSIENT < WAITS_FOR
