"""How a child ended, and what it left, is judged before it is believed."""

import os
import signal

import pytest

from docsorter.documents import ReasonCode
from docsorter.errors import DependencyError, DocumentError, NotFoundError
from docsorter.pages import protocol, reader
from docsorter.pages.protocol import ReadRequest, ResultError, read_result, write_result


@pytest.mark.parametrize(
    ("number", "timed_out", "peak_kb", "code"),
    [
        (signal.SIGKILL, True, 0, ReasonCode.TIME_LIMIT),
        (signal.SIGXCPU, False, 0, ReasonCode.TIME_LIMIT),
        (signal.SIGKILL, False, 900_000, ReasonCode.MEMORY_LIMIT),
        (signal.SIGKILL, False, 0, ReasonCode.NO_RESOURCES),
        (signal.SIGABRT, False, 700_000, ReasonCode.MEMORY_LIMIT),
        (signal.SIGABRT, False, 1_000, ReasonCode.DAMAGED),
        (signal.SIGSYS, False, 1_000, ReasonCode.DAMAGED),
        (0, False, 1_000, ReasonCode.DAMAGED),
    ],
)
def test_every_death_has_its_reason(
    number: int,
    timed_out: bool,  # noqa: FBT001
    peak_kb: int,
    code: ReasonCode,
) -> None:
    request = ReadRequest("pages", time_limit=9.0, memory_limit=1 << 30)
    death = protocol.explain_end(request, number=number, timed_out=timed_out, peak_kb=peak_kb)
    assert death.code == code
    assert death.remedy


@pytest.mark.parametrize(
    "left",
    [b"", b"\0\0", b"\xff\xff\xff\xff{}", b"\0\0\0\x02[]", b'\0\0\0\x04{"a"', b"\0\0\0\x01x"],
)
def test_half_a_result_is_none(left: bytes) -> None:
    descriptor = os.memfd_create("result")
    os.write(descriptor, left)
    with pytest.raises(ResultError):
        read_result(descriptor, ReadRequest("pages", size=4))
    os.close(descriptor)


def test_a_result_may_not_be_larger_than_its_pages() -> None:
    descriptor = os.memfd_create("result")
    request = ReadRequest("pages", size=4, count=2)
    write_result(descriptor, {"total_pages": 2}, iter([b"x" * 48, b"y" * 48]))
    header, body = read_result(descriptor, request)
    assert header == {"total_pages": 2}
    assert body == bytearray(b"x" * 48 + b"y" * 48)
    os.ftruncate(descriptor, request.max_result + 1)
    with pytest.raises(ResultError):
        read_result(descriptor, request)
    os.close(descriptor)


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"total_pages": "2", "media_type": "image/png"},
        {"total_pages": 0, "media_type": "image/png"},
        {"total_pages": 2, "media_type": "text/html"},
    ],
)
def test_a_result_that_does_not_fit_together_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(DocumentError, match="does not fit together") as caught:
        reader.page_set(header, bytearray(48), 4)
    assert caught.value.code == ReasonCode.DAMAGED


@pytest.mark.parametrize("length", [0, 47, 49, 48 * 3])
def test_pixels_that_are_no_whole_pages_are_refused(length: int) -> None:
    header = {"total_pages": 2, "media_type": "image/png"}
    with pytest.raises(DocumentError, match="does not fit together"):
        reader.page_set(header, bytearray(length), 4)


def test_what_a_child_says_is_cleaned() -> None:
    header = {
        "total_pages": 5,
        "media_type": "image/tiff",
        "producer": "x\x1b[31m\n" + "y" * 500,
        "notes": ["a\nb", 7, *["more"] * 100],
        "numbers": [0, 2],
        "blank": [1],
        "undrawable": {"3": "no\nway"},
    }
    pages = reader.page_set(header, bytearray(96), 4)
    assert (pages.numbers, pages.blank, pages.undrawable) == ((0, 2), (1,), {3: "no way"})
    assert pages.pixels.shape == (2, 4, 4, 3)
    assert pages.total_pages == 5
    assert pages.producer.startswith("x [31m yyy")
    assert len(pages.producer) <= 120
    assert pages.notes[:2] == ("a b", "7")
    assert len(pages.notes) == 20


@pytest.mark.parametrize(
    "changes",
    [
        {"numbers": [0]},
        {"numbers": [2, 0]},
        {"numbers": [0, 5]},
        {"numbers": ["0", 1]},
        {"blank": [2]},
        {"undrawable": {"0": "both drawn and not"}},
    ],
)
def test_numbers_of_pages_that_do_not_fit_together_are_no_answer(
    changes: dict[str, object],
) -> None:
    header = {"total_pages": 5, "media_type": "image/tiff", "numbers": [0, 2], "blank": [1]}
    with pytest.raises(DocumentError, match="does not fit together"):
        reader.page_set(header | changes, bytearray(96), 4)


def test_a_refusal_outside_the_closed_list_is_not_passed_on() -> None:
    with pytest.raises(DocumentError) as caught:
        reader.raise_refusal({"refused": "sure", "message": "trust me"})
    assert caught.value.code == ReasonCode.DAMAGED


def test_faults_keep_their_kind() -> None:
    with pytest.raises(DependencyError, match="poppler"):
        reader.raise_refusal({"fault": "dependency", "message": "no poppler", "remedy": "x"})
    with pytest.raises(NotFoundError, match="no page"):
        reader.raise_refusal({"fault": "not_found", "message": "there is no page 3"})
    reader.raise_refusal({"media_type": "image/png"})


def test_a_preview_that_is_no_png_is_refused() -> None:
    with pytest.raises(DocumentError, match="no picture"):
        reader.png({}, bytearray(b"<html>"))
