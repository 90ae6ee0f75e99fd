"""Hostile PDFs by what their streams hold: pictures, filters, lengths that lie, and locks."""

import io
import zlib
from collections.abc import Iterator
from typing import Literal

import pikepdf

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import (
    DRAWN,
    deflated_zeros,
    drawing,
    grey,
    paper,
    picture,
    picture_object,
)
from tests.pages.papers import stream_object

_SLOW_PICTURES = frozenset({"picture of 65,000 by 65,000"})


def cases() -> Iterator[Hostile]:
    """Return every PDF with a hostile stream, and every locked one."""
    yield from _pictures()
    yield from _streams()


def _pictures() -> Iterator[Hostile]:
    broken = b"\x93garbage\0" * 40
    keys = {
        "picture of half a gigapixel in a row": grey(500_000_000, 1, "/Filter/FlateDecode"),
        "picture of 65,000 by 65,000": grey(65_000, 65_000, "/Filter/FlateDecode"),
        "picture of no size": grey(0, 0),
        "picture of a negative size": grey(-8, -8),
        "picture of 10 to the 30": grey(10**30, 10**30),
        "fax picture of 2 to the 31 columns": grey(
            8, 8, "/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 2147483647/Rows 9>>"
        ),
        "fax picture of garbage": grey(
            2000, 2000, "/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 2000>>"
        ),
        "JBIG2 picture of garbage": grey(64, 64, "/Filter/JBIG2Decode"),
        "JPEG 2000 picture of garbage": grey(64, 64, "/Filter/JPXDecode"),
        "JPEG picture of garbage": grey(64, 64, "/Filter/DCTDecode"),
        "prediction over 2 to the 30 columns": grey(
            8, 8, "/Filter/FlateDecode/DecodeParms<</Predictor 15/Columns 1073741824/Colors 32>>"
        ),
        "filter that nobody knows": grey(64, 64, "/Filter/Nobody"),
        "thousand filters in a row": grey(8, 8, f"/Filter[{'/ASCIIHexDecode' * 1000}]"),
        "palette of a billion colours": "/Width 8/Height 8/BitsPerComponent 8"
        "/ColorSpace[/Indexed/DeviceRGB 1000000000 <00>]",
    }
    for kind, picture_keys in keys.items():
        yield case(
            kind,
            "pdf",
            lambda k: drawing(picture_object(k, broken)),
            picture_keys,
            heavy=kind in _SLOW_PICTURES,
        )
    yield case("JPEG in a PDF that claims another size", "pdf", _lying_jpeg, heavy=True)


def _lying_jpeg() -> bytes:
    keys = "/Width 20000/Height 20000/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
    return drawing(picture_object(keys, picture("JPEG")))


def _streams() -> Iterator[Hostile]:
    def content(data: bytes, keys: str) -> bytes:
        return paper(stream=stream_object(data, keys))

    flate = "/Filter/FlateDecode"
    yield case(
        "half a gigabyte of nothing, deflated",
        "pdf",
        lambda: content(deflated_zeros(512), flate),
        heavy=True,
    )
    yield case(
        "half a gigabyte, deflated four times",
        "pdf",
        lambda: content(deflated_zeros(512, 4), f"/Filter[{'/FlateDecode' * 4}]"),
        heavy=True,
    )
    yield case("deflated garbage", "pdf", lambda: content(b"garbage" * 99, flate))
    yield case(
        "deflated and cut off", "pdf", lambda: content(zlib.compress(DRAWN * 999)[:40], flate)
    )
    yield case(
        "LZW of nothing", "pdf", lambda: content(b"\x80\x0b\x60\x50" * 20_000, "/Filter/LZWDecode")
    )
    yield case(
        "run lengths without an end",
        "pdf",
        lambda: content(b"\x81 " * 100_000, "/Filter/RunLengthDecode"),
    )
    yield case("stream of a negative length", "pdf", lambda: _length("-5"))
    yield case("stream longer than the file", "pdf", lambda: _length("999999999"))
    yield case("stream whose length is itself", "pdf", lambda: _length("5 0 R"))
    yield case("stream without an end", "pdf", _endless_stream)
    yield from _locks()


def _length(value: str) -> bytes:
    return paper(stream=f"<</Length {value}>>stream\n".encode() + DRAWN + b"\nendstream")


def _endless_stream() -> bytes:
    return paper(stream=b"<</Length 10>>stream\n" + DRAWN * 9000)


def _locks() -> Iterator[Hostile]:
    strengths: dict[str, Literal[2, 3, 4, 6]] = {
        "40-bit RC4": 2,
        "128-bit RC4": 3,
        "128-bit AES": 4,
        "256-bit AES": 6,
    }
    for name, revision in strengths.items():
        yield case(
            f"locked with {name}",
            "pdf",
            lambda revision: _locked("secret", revision),
            revision,
            expect={"encrypted"},
        )
    yield case("locked for its owner only", "pdf", lambda: _locked("", 6), expect={"read"})
    handlers = {
        "lock of an unknown version": "<</Filter/Standard/V 99/R 99/O(x)/U(x)/P -1>>",
        "lock of an unknown maker": "<</Filter/Acme/V 4/R 4/O(x)/U(x)/P -1>>",
        "lock with a key of 2 to the 31 bits": "<</Filter/Standard/V 2/R 3/Length 2147483647"
        "/O(x)/U(x)/P -1>>",
        "lock that is its own reference": "9 0 R",
    }
    for kind, handler in handlers.items():
        body = handler.encode()
        yield case(
            kind,
            "pdf",
            lambda body: paper(extra={9: body}, trailer="/Root 1 0 R/Encrypt 9 0 R/ID[(a)(b)]"),
            body,
        )


def _locked(password: str, revision: Literal[2, 3, 4, 6]) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper())) as sound:
        encryption = pikepdf.Encryption(
            owner="owner", user=password, R=revision, aes=revision >= 4, metadata=revision >= 4
        )
        sound.save(out, encryption=encryption)
    return out.getvalue()
