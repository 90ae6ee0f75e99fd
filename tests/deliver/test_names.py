import os
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docsorter.deliver.names import FALLBACK, MAX_BYTES, numbered, safe_name, split_suffix

ANY_NAME = st.text(st.characters(), max_size=400) | st.binary(max_size=400).map(os.fsdecode)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("scan.pdf", "scan.pdf"),
        ("Müller & Söhne (2).pdf", "Müller & Söhne (2).pdf"),
        ("Mu\u0308ller.pdf", "Müller.pdf"),
        ("a\nb\tc.pdf", "a b c.pdf"),
        ("bell\x07\x1b[31m.pdf", "bell[31m.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", FALLBACK),
        ("", FALLBACK),
        ("-rf.pdf", "rf.pdf"),
        (".hidden.pdf", "hidden.pdf"),
        ("ends with. . ", "ends with"),
        ("con.pdf", "_con.pdf"),
        ("COM1", "_COM1"),
        ("lpt\u00b2.tar.gz", "_lpt\u00b2.tar.gz"),
        ("console.pdf", "console.pdf"),
        ('what?<is>|"this*:.pdf', "what__is___this__.pdf"),
        ("back\\slash.pdf", "back_slash.pdf"),
        (b"Facture \xe9t\xe9.pdf", "Facture _t_.pdf"),
        ("two\u00a0\u3000spaces.pdf", "two spaces.pdf"),
    ],
)
def test_names_become_safe_and_stay_readable(raw: str | bytes, safe: str) -> None:
    assert safe_name(raw) == safe


@given(ANY_NAME)
@example("COM\x001")
@example("-\u200b-con")
@example("a" * 239 + "é.pdf")
@example("C\u200bON.pdf")
@example("x" * 300 + ". ")
def test_any_name_becomes_one_safe_component(raw: str) -> None:
    name = safe_name(raw)
    assert 0 < len(name.encode()) <= MAX_BYTES
    assert name[0] not in " .-"
    assert name[-1] not in " ."
    assert not set(name) & set('<>:"/\\|?*')
    assert not {unicodedata.category(char) for char in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert unicodedata.is_normalized("NFC", name)
    assert name.partition(".")[0].rstrip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1"}
    assert safe_name(name) == name


@given(ANY_NAME, st.integers(2, 10**12))
def test_numbered_names_are_safe_and_keep_their_suffix(raw: str, number: int) -> None:
    name = safe_name(raw)
    result = numbered(name, number)
    assert safe_name(result) == result
    assert split_suffix(result)[1] == split_suffix(name)[1]
    assert split_suffix(result)[0].endswith(f"-{number}")


@given(st.text(st.characters(), min_size=300, max_size=400))
def test_a_long_name_keeps_its_suffix(stem: str) -> None:
    assert safe_name(f"x{stem}x.tiff").endswith(".tiff")


def test_numbers_come_before_the_suffix() -> None:
    assert numbered("scan.pdf", 2) == "scan-2.pdf"
    assert numbered("scan", 3) == "scan-3"
    assert numbered("a. long sentence", 2) == "a. long sentence-2"
    assert len(numbered("é" * 118 + ".pdf", 10**9).encode()) <= MAX_BYTES
