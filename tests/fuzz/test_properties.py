"""Whatever is set, named or templated: a result that holds, or one clear line."""

import dataclasses
import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from docsorter.configuration import listing, resolve
from docsorter.deliver.names import MAX_BYTES, parse_template, render, safe_name
from docsorter.errors import SettingsError
from tests.fuzz.targets import DOCUMENT, check

KNOWN = [name for name, _, _ in listing(resolve(Path("/w")))]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.text(max_size=9), max_size=3),
    st.dictionaries(st.text(max_size=9), st.text(max_size=9), max_size=3),
)
FLAGS = st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=20), VALUES, max_size=4)
# Raw names as Linux hands them out: any bytes but a slash and NUL.
RAW = st.binary(min_size=1, max_size=255).map(lambda raw: raw.translate(None, b"/\0") or b"x")
PIECES = st.sampled_from(
    ["{label}", "{name}", "{stem}{suffix}", "{source}", "{id:05d}", "{received:%Y-%m}", "a", "-b "]
)


@given(FLAGS)
def test_any_settings_are_taken_or_refused_with_a_remedy(flags: Mapping[str, object]) -> None:
    try:
        configuration = resolve(Path("/w"), flags)
    except SettingsError as error:
        check(error)
    else:
        taken = {name: origin for name, _, origin in listing(configuration)}
        assert all(taken[name] == "flag" for name in flags if name in taken)


@given(st.lists(PIECES, min_size=1, max_size=6).map("/".join), RAW, RAW)
def test_no_template_and_no_name_leave_the_root(text: str, name: bytes, source: bytes) -> None:
    try:
        template = parse_template(text)
    except SettingsError:
        return
    document = dataclasses.replace(
        DOCUMENT, name=os.fsdecode(name), source=os.fsdecode(source).replace("/", "")
    )
    path = render(template, document, "invoice")
    assert not path.is_absolute()
    assert ".." not in path.parts
    for part in path.parts:
        assert part == safe_name(part)
        assert len(part.encode()) <= MAX_BYTES


@given(RAW)
def test_a_safe_name_can_be_made_on_this_disk_and_is_not_hidden(raw: bytes) -> None:
    safe = safe_name(raw)
    assert Path(safe).name == safe
    assert not safe.startswith((".", "-", "~$"))
    # What this Python's Unicode tables do not know yet, a new emoji say, stays as it is.
    assert all(c.isprintable() or unicodedata.category(c) in {"Cn", "Co"} for c in safe)
