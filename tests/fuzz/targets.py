"""What is fuzzed: every parser of ours that meets bytes or text from outside.

Each target asserts what must hold of the result; the only errors allowed are the ones that the
function documents.
"""

import datetime as dt
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.dialects.sqlite import dialect

from docsorter.cli.context import flags_of
from docsorter.configuration import resolve
from docsorter.deliver.names import MAX_BYTES, numbered, parse_template, render, safe_name
from docsorter.deliver.sidecar import document_of
from docsorter.documents import Document, Place, State
from docsorter.errors import DocsorterError, DocumentError, SettingsError
from docsorter.filesystem import longest_match, parse_mounts
from docsorter.intake.completeness import End, end_of
from docsorter.model.card import read_card
from docsorter.pages.families import FAMILIES, sniff, tail_missing
from docsorter.pages.protocol import ReadRequest, ResultError, read_result
from docsorter.pages.tiff import read_directories
from docsorter.store.tables import ForeignText
from tests.hostile.parts import bitmap, box, fields, paper, picture, riff, tiff

DOCUMENT = Document(
    7, "scan.pdf", "north", State.SPOOLED, Place.SPOOL, "7.pdf", 9, 0,
    dt.datetime(2026, 1, 5, tzinfo=dt.UTC),
)  # fmt: skip
SCANS = [
    b"",
    paper(), picture("PNG"), picture("JPEG"), picture("TIFF"), picture("WEBP"), picture("BMP"),
    picture("HEIF"), tiff([fields(), fields()]), bitmap(8, 8), riff((b"VP8 ", b"x")),
    box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"mdat", b"x"), b"II+\0\x08\0\0\0" + bytes(40),
]  # fmt: skip
_SCRATCH = tempfile.TemporaryDirectory(prefix="docsorter-fuzz-")
_FILE = Path(_SCRATCH.name) / "input"


def check(error: DocsorterError) -> None:
    """A refusal has words and a remedy, and those of a document are fit for any terminal."""
    assert error.message
    assert error.remedy
    if isinstance(error, DocumentError):
        assert error.code in {"empty", "unsupported"}
        assert str(error).isprintable()


def sniffed(data: bytes) -> None:
    """A kind that is read, or a refusal in one line."""
    try:
        assert sniff(data, ".pdf") in FAMILIES
    except DocumentError as error:
        check(error)


def tails(data: bytes) -> None:
    """Whether an end is missing, of any kind of file, and the position is kept."""
    _FILE.write_bytes(data)
    with _FILE.open("rb") as file:
        for media_type in FAMILIES:
            assert tail_missing(file, media_type) in {True, False}
            assert file.tell() == 0


def tiff_directories(data: bytes) -> None:
    """A read_directories through directories ends, and counts each once."""
    _FILE.write_bytes(b"II*\0" + data if data[:2] not in {b"II", b"MM"} else data)
    with _FILE.open("rb") as file:
        found = read_directories(file)
    assert len(found.pages) <= len(data) // 2 + 1
    assert found.pages == sorted(set(found.pages))


def trailers(data: bytes) -> None:
    """The end of a file that may still be written, with every length it might have."""
    for size in {len(data), len(data) + 7, 2 * len(data), max(0, len(data) - 5)}:
        assert end_of(size, lambda offset, length: data[offset : offset + length]) in End


def settings(data: bytes) -> None:
    """A settings file, or flags, are taken or refused in one line with a remedy."""
    text = data.decode("utf-8", "replace")
    _FILE.write_bytes(data)
    for read in (lambda: resolve(Path("/w"), file=_FILE), lambda: flags_of(text.splitlines())):
        try:
            read()
        except DocsorterError as error:
            check(error)


def template(data: bytes) -> None:
    """A template is refused, or keeps every name inside its root."""
    text, _, name = data.decode("utf-8", "surrogateescape").partition("\n")
    try:
        parsed = parse_template(text)
    except SettingsError:
        return
    document = Document(
        7, name or "a", name, State.SPOOLED, Place.SPOOL, "7.pdf", 9, 0, DOCUMENT.arrived_at
    )
    path = render(parsed, document, name or "x")
    assert not path.is_absolute()
    assert ".." not in path.parts
    assert all(len(os.fsencode(part)) <= MAX_BYTES for part in path.parts)
    assert all(not part.startswith((".", "-", " ")) for part in path.parts)


def names(data: bytes) -> None:
    """A safe name is safe, stays so, and comes back unchanged."""
    for raw in (data, data.decode("utf-8", "surrogateescape")):
        safe = safe_name(raw)
        assert safe
        assert safe == safe_name(safe)
        assert not set(safe) & set('/\\<>:"|?*\0\n\r\t\x1b')
        assert safe not in {".", ".."}
        assert len(safe.encode()) <= MAX_BYTES
        assert safe_name(numbered(safe, 12)) == numbered(safe, 12)


def sidecar(data: bytes) -> None:
    """A file beside a document is ours with a number, or not ours."""
    _FILE.write_bytes(data)
    found = document_of(_FILE)
    assert found is None or isinstance(found, int)


def mounts(data: bytes) -> None:
    """A mount table may say anything."""
    found = list(parse_mounts(data.decode("utf-8", "surrogateescape").splitlines()))
    longest_match(found, Path("/srv/paper"))


def card(data: bytes) -> None:
    """A model card is whole, or refused."""
    _FILE.write_bytes(data)
    try:
        read_card(_FILE)
    except DocsorterError as error:
        check(error)


def result(data: bytes) -> None:
    """What a child leaves was written by somebody who parsed hostile bytes."""
    _FILE.write_bytes(data)
    descriptor = os.open(_FILE, os.O_RDONLY)
    try:
        header, body = read_result(descriptor, ReadRequest("pages", size=4, count=2))
        assert isinstance(header, dict)
        assert len(body) <= len(data)
    except ResultError:
        pass
    finally:
        os.close(descriptor)


def foreign_text(data: bytes) -> None:
    """Any name comes back from the database as it went in."""
    kind, spoken = ForeignText(), dialect()
    text = data.decode("utf-8", "surrogateescape")
    stored = kind.process_bind_param(text, spoken)
    assert stored is not None
    assert "\0" not in stored
    stored.encode()
    assert kind.process_result_value(stored, spoken) == text


TOML = (
    b'[intake]\nrest_seconds = 2.0\nignore = ["*.bak"]\n[decide]\npolicies = { claim = "review" }\n'
)
MOUNTINFO = b"36 35 98:0 /mnt1 /srv/paper\\040x rw,noatime master:1 - ext3 /dev/root rw\n"
SIDECAR = json.dumps({"docsorter": 1, "id": 7, "name": "a"}).encode()
TARGETS: dict[str, tuple[Callable[[bytes], None], list[bytes], list[str]]] = {
    "sniff": (sniffed, SCANS, ["docsorter.pages.families"]),
    "tails": (tails, SCANS, ["docsorter.pages.families"]),
    "tiff": (tiff_directories, [SCANS[4], SCANS[8], SCANS[12]], ["docsorter.pages.tiff"]),
    "trailers": (
        trailers,
        SCANS,
        ["docsorter.intake.completeness", "docsorter.intake.completeness"],
    ),
    "settings": (settings, [TOML, b"intake.rest_seconds=5\n"], ["docsorter.configuration"]),
    "template": (
        template,
        [b"{label}/{received:%Y}/{name}\nscan.pdf", b"{source}/{id:04d}{suffix}\na\xff.tif"],
        ["docsorter.deliver.names"],
    ),
    "names": (names, [b"scan.pdf", b"..\\CON.\xff\xe2\x80\xae"], ["docsorter.deliver.names"]),
    "sidecar": (sidecar, [SIDECAR, b"[" * 90], ["docsorter.deliver.sidecar"]),
    "mounts": (mounts, [MOUNTINFO], ["docsorter.filesystem"]),
    "card": (card, [b'{"name": "x", "labels": []}'], ["docsorter.model.card"]),
    "result": (result, [b"\0\0\0\x02{}" + bytes(48), b"\xff" * 9], ["docsorter.pages.protocol"]),
    "foreign_text": (foreign_text, [b"a\xff\0\xf4\x8f\xbf\xbd0000"], ["docsorter.store.tables"]),
}
