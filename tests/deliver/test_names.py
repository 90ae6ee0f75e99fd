import datetime as dt
import os
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from docsorter.deliver.names import (
    FALLBACK,
    MAX_BYTES,
    numbered,
    parse_template,
    render,
    safe_name,
    split_suffix,
)
from docsorter.documents import Document, Place, State
from docsorter.errors import SettingsError

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


ARRIVED = dt.datetime(2026, 1, 31, 23, 30, tzinfo=dt.UTC)


def document(name: str = "scan.pdf", source: str = "") -> Document:
    return Document(
        id=42,
        name=name,
        source=source,
        state=State.SPOOLED,
        place=Place.SPOOL,
        path="42.pdf",
        size=1,
        mtime_ns=1,
        arrived_at=ARRIVED,
    )


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{label}/{received:%Y}/{name}", "invoice/2026/scan.pdf"),
        ("{received:%Y/%m}/{label}-{name}", "2026/01/invoice-scan.pdf"),
        ("{received}/{stem}-{id:06d}{suffix}", "2026-01-31/scan-000042.pdf"),
        ("{source}/{name}", "floor 2_left/scan.pdf"),
        ("archive {{x}}/{id}{suffix}", "archive {x}/42.pdf"),
        ("{name}", "scan.pdf"),
    ],
)
def test_templates_are_filled(template: str, path: str) -> None:
    here = document(source="floor 2/left")
    assert render(parse_template(template), here, "invoice", ARRIVED) == PurePosixPath(path)


def test_a_document_without_a_source_has_no_folder_for_it() -> None:
    assert str(render(parse_template("{source}/{name}"), document(), "invoice")) == "scan.pdf"


def test_the_date_is_that_of_the_zone_it_is_given_in() -> None:
    local = ARRIVED.astimezone(dt.timezone(dt.timedelta(hours=1)))
    template = parse_template("{received:%Y-%m-%d}/{name}")
    assert str(render(template, document(), "invoice", local)) == "2026-02-01/scan.pdf"


def test_without_a_date_the_arrival_counts_in_the_zone_of_the_machine() -> None:
    template = parse_template("{received:%Y-%m-%d}/{name}")
    expected = f"{ARRIVED.astimezone():%Y-%m-%d}/scan.pdf"
    assert str(render(template, document(), "invoice")) == expected


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{lable}/{name}", "did you mean {label}?"),
        ("{weather}/{name}", "fields are label, name"),
        ("{document.id}/{name}", "unknown field"),
        ("{label.__class__}/{name}", "unknown field"),
        ("{name[0]}", "unknown field"),
        ("{}/{name}", "unknown field"),
        ("{0}/{name}", "unknown field"),
        ("{name!r}", "conversion"),
        ("{label:>9999999}/{name}", "a format it cannot have"),
        ("{id:{name}}/{name}", "a format it cannot have"),
        ("{received:%Q}/{name}", "a date format"),
        ("{received:%D}/{name}", "a date format"),
        ("/srv/{name}", "relative"),
        ("{label}//{name}", "relative"),
        ("../{name}", "no safe folder name"),
        ("{label}/../../{name}", "no safe folder name"),
        (".hidden/{name}", "no safe folder name"),
        ("CON/{name}", "no safe folder name"),
        ("C:\\{name}", "a character that is not safe"),
        ("{label}\n{name}", "a character that is not safe"),
        ("{received:%Y\\%m}/{name}", "a character that is not safe"),
        ("{label}/{received:%Y}", "must end in a file name"),
        ("{name}/{label}", "must end in a file name"),
        ("{label}/", "must be relative"),
        ("{label}/{stem}", "must keep the suffix"),
        ("{id}.pdf", "must keep the suffix"),
        ("{label", "is not a template"),
        ("label}/{name}", "is not a template"),
        ("", "must be relative"),
        ("a/" * 16 + "{name}", "more than 16 parts"),
    ],
)
def test_a_wrong_template_is_refused_with_its_reason(template: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_template(template)
    assert why in str(caught.value)


@given(st.text(max_size=60) | st.sampled_from(["{label}/{name}", "{source}/..{label}../{name}"]))
def test_any_template_is_refused_with_a_settings_error_or_stays_under_the_root(text: str) -> None:
    try:
        template = parse_template(text)
    except SettingsError:
        return
    check_stays(render(template, document(), "invoice", ARRIVED))


@given(
    name=st.text(st.characters(), max_size=300),
    label=st.text(st.characters(), max_size=80),
    source=st.text(st.characters(), max_size=300),
)
def test_no_name_label_or_source_leaves_the_root(name: str, label: str, source: str) -> None:
    template = parse_template("{label}/{source}/x{source}{label}/{source}-{stem}-{id}{suffix}")
    check_stays(render(template, document(name, source), label, ARRIVED))


def check_stays(path: PurePosixPath) -> None:
    assert path.parts
    assert not path.is_absolute()
    assert all(safe_name(part) == part for part in path.parts)
