"""Files that are not what they say: polyglots, wrong suffixes, archives, programs, plain noise."""

import bz2
import gzip
import io
import lzma
import random
import zipfile
from collections.abc import Iterator

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import box, deflated_zeros, paper, picture

_OTHER = {"unsupported"}
_MAGIC = {
    "pdf": b"%PDF-",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff",
    "tif": b"II*\0",
    "tiff": b"MM\0*",
    "webp": b"RIFF\0\0\0\0WEBP",
    "bmp": b"BM",
    "heic": b"\0\0\0\x18ftypheic",
}


def cases() -> Iterator[Hostile]:
    """Return every one of them."""
    yield case("nothing", "pdf", lambda: b"", expect={"empty"})
    yield case("one byte", "pdf", lambda: b"%", expect=_OTHER)
    for suffix, magic in _MAGIC.items():
        yield case(f"the first bytes of a {suffix} and no more", suffix, lambda magic: magic, magic)
        noise = random.Random(suffix).randbytes(20_000)
        yield case(
            f"the first bytes of a {suffix}, then noise",
            suffix,
            lambda magic, noise: magic + noise,
            magic,
            noise,
        )
    yield from _noise()
    yield from _archives()
    yield from _others()
    yield from _polyglots()


def _noise() -> Iterator[Hostile]:
    yield case("ten megabytes of zeros", "pdf", lambda: bytes(10 << 20))
    yield case("ten megabytes of ones", "tif", lambda: b"\xff" * (10 << 20))
    yield case("noise", "jpg", lambda: random.Random(1).randbytes(100_000))
    yield case("a single line of 5 MB", "pdf", lambda: b"a" * (5 << 20), expect=_OTHER)


def _archives() -> Iterator[Hostile]:
    def zipped(name: str, data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr(zipfile.ZipInfo(name), data)
        return out.getvalue()

    inner = zipped("zeros", bytes(8 << 20))
    yield case("zip bomb as a PDF", "pdf", lambda: zipped("a.zip", inner * 50), expect=_OTHER)
    yield case(
        "zip that claims to be a PDF inside", "pdf", lambda: b"PK\x03\x04" + paper(), expect=_OTHER
    )
    yield case(
        "Word document as a PDF", "pdf", lambda: zipped("word/document.xml", b"<a/>"), expect=_OTHER
    )
    yield case(
        "gzip bomb as a TIFF", "tif", lambda: gzip.compress(bytes(20 << 20), mtime=0), expect=_OTHER
    )
    yield case("bzip2 bomb as a PNG", "png", lambda: bz2.compress(bytes(20 << 20)), expect=_OTHER)
    yield case("xz bomb as a JPEG", "jpg", lambda: lzma.compress(bytes(4 << 20)), expect=_OTHER)
    yield case("bare deflate as a PDF", "pdf", lambda: deflated_zeros(20, 2))


def _others() -> Iterator[Hostile]:
    laughs = b"<!DOCTYPE x [" + b"".join(
        b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(12)
    )
    others = {
        "billion laughs": ("svg", b'<?xml version="1.0"?>' + laughs + b"]><svg>&l12;</svg>"),
        "SVG that fetches": ("svg", b'<svg><image href="file:///etc/passwd"/></svg>'),
        "web page": ("pdf", b"<!DOCTYPE html><script>alert(1)</script>"),
        "PostScript in a loop": ("pdf", b"%!PS\n{} loop showpage\n"),
        "shell script": ("pdf", b"#!/bin/sh\nrm -rf /\n"),
        "program": ("pdf", b"\x7fELF\x02\x01\x01" + bytes(200)),
        "Windows program": ("tif", b"MZ" + bytes(200)),
        "JPEG XL": ("jpg", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90)),
        "film": ("heic", box(b"ftyp", b"isom\0\0\0\0mp42") + bytes(90)),
        "DjVu": ("pdf", b"AT&TFORM" + bytes(90)),
        "database": ("pdf", b"SQLite format 3\0" + bytes(90)),
        "pickle": ("pdf", b"\x80\x04cposix\nsystem\n(S'id'\ntR."),
        "e-mail": ("pdf", b"Received: from x\r\nSubject: invoice\r\n\r\n"),
        "text in 16 bits": ("pdf", "invoice".encode("utf-16")),
        "old Office file": ("pdf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    }
    for kind, (suffix, data) in others.items():
        yield case(f"{kind} as a {suffix}", suffix, lambda data: data, data, expect=_OTHER)
    for name in ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "HEIF", "GIF", "AVIF", "JPEG2000"):
        yield case(
            f"{name} that calls itself PDF",
            "pdf",
            picture,
            name,
            expect={"read"},
        )
    stubs = {
        "GIF": b"GIF89a\xff\xff\xff\xff",
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
        "AVIF": box(b"ftyp", b"avif\0\0\0\0mif1avif"),
    }
    for name, stub in stubs.items():
        yield case(f"{name} that is a label only", "png", lambda stub: stub + bytes(90), stub)
    yield case("PDF that calls itself JPEG", "jpg", paper, expect={"read"})


def _polyglots() -> Iterator[Hostile]:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a"), b"a" * 99)
    pairs = {
        "JPEG and PDF": ("jpg", picture("JPEG") + paper()),
        "JPEG and ZIP": ("jpg", picture("JPEG") + zipped.getvalue()),
        "PNG and PDF": ("png", picture("PNG") + paper()),
        "TIFF and PDF": ("tif", picture("TIFF") + paper()),
        "BMP and PDF": ("bmp", picture("BMP") + paper()),
        "WebP and PDF": ("webp", picture("WEBP") + paper()),
        "HEIC and PDF": ("heic", picture("HEIF") + paper()),
        "PDF and ZIP": ("pdf", paper() + zipped.getvalue()),
        "PDF and JPEG": ("pdf", paper() + picture("JPEG")),
        "script and PDF": ("pdf", b"#!/bin/sh\nexit\n" + paper()),
        "web page and PDF": ("pdf", b"<html>" + paper()),
    }
    for kind, (suffix, data) in pairs.items():
        yield case(f"{kind} at once", suffix, lambda data: data, data)
