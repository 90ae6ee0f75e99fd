import contextlib
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docsorter.documents import ReasonCode
from docsorter.errors import UsageError
from docsorter.review.searching import parse_search
from docsorter.store import ReviewFilter


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ReviewFilter()),
        ("scan 7", ReviewFilter(text="scan 7")),
        ("reason:unsure", ReviewFilter(reason=ReasonCode.UNSURE)),
        ("reason:unlike", ReviewFilter(reason=ReasonCode.UNLIKE_TRAINING)),
        ('label:"tax form" x', ReviewFilter(label="tax form", text="x")),
        ("tone:negative age:1h", ReviewFilter(tone="negative", older=dt.timedelta(hours=1))),
        ("source: a.pdf", ReviewFilter(source="", text="a.pdf")),
        ("12:30.pdf", ReviewFilter(text="12:30.pdf")),
        ("words:claim scan", ReviewFilter(words="claim", text="scan")),
        ('words:"claim NEAR 7*"', ReviewFilter(words="claim NEAR 7*")),
    ],
)
def test_what_is_typed_becomes_a_filter(text: str, wanted: ReviewFilter) -> None:
    assert parse_search(text) == wanted


@pytest.mark.parametrize("text", ["reason:boring", "reason:", "colour:red"])
def test_what_does_not_exist_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_search(text)
    assert "e.g." in caught.value.remedy


def test_a_tone_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(UsageError, match="there is no tone 'bad'") as caught:
        parse_search("tone:bad")
    assert "negative" in caught.value.remedy


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_search_or_refused(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(parse_search(text), ReviewFilter)
