"""Hostile PDFs whose skeleton is wrong, and those that want to do something."""

import io
import zlib
from collections.abc import Iterator

import pikepdf

from tests.hostile.cases import Hostile, case
from tests.hostile.parts import BOX, DRAWN, paper, patched, tree, written
from tests.pages.papers import stream_object


def cases() -> Iterator[Hostile]:
    """Return every one of them."""
    yield from _tables()
    yield from _compressed()
    yield from _actions()
    yield from _texts()


def _tables() -> Iterator[Hostile]:
    sound = paper()
    at = sound.rindex(b"startxref\n") + 10
    end = sound.index(b"\n", at)

    def pointing(value: bytes) -> bytes:
        return sound[:at] + value + sound[end:]

    for kind, value in {
        "table of objects at a negative place": b"-44",
        "table of objects beyond the file": b"99999999",
        "table of objects at the start": b"0",
        "table of objects at 10 to the 40": b"1" + b"0" * 40,
        "table of objects at a word": b"here",
    }.items():
        yield case(kind, "pdf", pointing, value)
    yield case(
        "no table of objects", "pdf", lambda: sound[: sound.rindex(b"xref\n0 ")] + b"%%EOF\n"
    )
    yield case(
        "table of ten million objects",
        "pdf",
        lambda: patched(sound, b"xref\n0 ", b"xref\n0 9999999\n0 "),
        heavy=True,
    )
    start = sound[at:end].decode()
    yield case(
        "table that continues in itself", "pdf", lambda: paper(trailer=f"/Root 1 0 R/Prev {start}")
    )
    yield case("trailer of a negative size", "pdf", lambda: patched(sound, b"/Size 6", b"/Size -6"))
    yield case("trailer without a root", "pdf", lambda: paper(trailer="/Info 3 0 R"))
    yield case("root that is a page", "pdf", lambda: paper(trailer="/Root 4 0 R"))
    yield case("root in two places", "pdf", lambda: sound + paper(b"1 0 0 rg 0 0 90 90 re f"))
    yield case("a thousand updates", "pdf", lambda: sound + _updates(at, sound))
    yield case("offsets that are all the same", "pdf", _same_offsets)


def _updates(_: int, sound: bytes) -> bytes:
    out, previous, base = b"", sound.rindex(b"xref\n0 "), len(sound)
    for _number in range(1000):
        place = base + len(out)
        out += b"5 0 obj\n" + stream_object(DRAWN) + b"\nendobj\n"
        table = base + len(out)
        out += b"xref\n5 1\n%010d 00000 n \ntrailer<</Size 6/Root 1 0 R/Prev %d>>\n" % (
            place,
            previous,
        )
        out += b"startxref\n%d\n%%%%EOF\n" % table
        previous = table
    return out


def _same_offsets() -> bytes:
    sound = paper()
    head, _, tail = sound.partition(b"xref\n0 6\n")
    rows = b"0000000000 65535 f \n" + b"0000000009 00000 n \n" * 5
    return head + b"xref\n0 6\n" + rows + tail[len(rows) :]


def _compressed() -> Iterator[Hostile]:
    for kind, keys in {
        "object table with fields of 2 to the 31 bytes": "/W[2147483647 2147483647 1]/Index[0 6]",
        "object table with negative fields": "/W[-1 -2 -3]/Index[0 6]",
        "object table from minus one on": "/W[1 2 1]/Index[-1 6]",
        "object table of 2 to the 31 rows": "/W[1 2 1]/Index[0 2147483647]",
        "object table without fields": "/W[]",
    }.items():
        yield case(kind, "pdf", _table_stream, keys)
    for kind, keys in {
        "bundle of a billion objects": "/N 1000000000/First 8",
        "bundle of minus one objects": "/N -1/First 0",
        "bundle that extends itself": "/N 1/First 4/Extends 9 0 R",
        "bundle that begins beyond its end": "/N 1/First 99999999",
    }.items():
        yield case(kind, "pdf", _bundle, keys)


def _table_stream(keys: str) -> bytes:
    body = paper()
    body = body[: body.rindex(b"xref\n0 ")]
    data = zlib.compress(b"\x01\x00\x09\x00" * 6)
    table = stream_object(data, f"/Type/XRef/Size 7/Root 1 0 R/Filter/FlateDecode{keys}")
    return body + b"6 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _bundle(keys: str) -> bytes:
    body = paper(extra={9: stream_object(b"4 0 <</A 1>>", f"/Type/ObjStm{keys}")})
    body = body[: body.rindex(b"xref\n0 ")]
    rows = b"".join(b"\x02\x00\x09\x00" if n == 4 else b"\x00\x00\x00\x00" for n in range(10))
    table = stream_object(
        zlib.compress(rows), "/Type/XRef/Size 10/Root 1 0 R/W[1 2 1]/Filter/FlateDecode"
    )
    return body + b"10 0 obj\n" + table + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(body)


def _actions() -> Iterator[Hostile]:
    opening = {
        "JavaScript when it is opened": "/S/JavaScript/JS(while(1){app.alert(1)})",
        "a program started when it is opened": "/S/Launch/F(/bin/sh)/Win<</F(cmd.exe)>>",
        "a web address when it is opened": "/S/URI/URI(http://127.0.0.1:9/)",
        "a form sent away when it is opened": "/S/SubmitForm/F(http://127.0.0.1:9/)",
        "another file when it is opened": "/S/GoToR/F(/etc/passwd)/D[0/Fit]",
        "an action that follows itself": "/S/JavaScript/JS(1)/Next 9 0 R",
    }
    for kind, action in opening.items():
        body = f"<</Type/Action{action}>>".encode()
        yield case(
            kind,
            "pdf",
            lambda body: paper(catalog="/OpenAction 9 0 R", extra={9: body}),
            body,
            expect={"read"},
        )
    script = "/AA<</O<</S/JavaScript/JS(app.exec())>>/C<</S/Launch/F(/bin/sh)>>>>"
    yield case("actions of the page", "pdf", lambda: paper(page=BOX + script), expect={"read"})
    yield case("another program inside", "pdf", _attached, expect={"read"})
    yield case("contents taken from another file", "pdf", _external_stream)
    forms = b"<</Fields[9 0 R]/XFA(<xml/>)>>"
    yield case(
        "form field that is its own child",
        "pdf",
        lambda: paper(
            catalog="/AcroForm 10 0 R", extra={9: b"<</Kids[9 0 R]/Parent 9 0 R>>", 10: forms}
        ),
    )
    yield case(
        "outline that leads back to itself",
        "pdf",
        lambda: paper(
            catalog="/Outlines 9 0 R", extra={9: b"<</First 9 0 R/Last 9 0 R/Next 9 0 R/Count 9>>"}
        ),
    )
    yield case("annotation drawn with itself", "pdf", _annotation)
    yield case(
        "names that are their own children",
        "pdf",
        lambda: paper(
            catalog="/Names<</EmbeddedFiles 9 0 R/JavaScript 9 0 R>>",
            extra={9: b"<</Kids[9 0 R]>>"},
        ),
    )


def _attached() -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(paper())) as sound:
        for number in range(20):
            sound.attachments[f"invoice-{number}.exe"] = b"MZ" + b"\x90" * 5000
        sound.save(out)
    return out.getvalue()


def _external_stream() -> bytes:
    keys = "/F<</Type/Filespec/F(/etc/passwd)>>/FFilter/ASCIIHexDecode"
    return paper(stream=stream_object(b"", keys))


def _annotation() -> bytes:
    note = b"<</Type/Annot/Subtype/Stamp/Rect[0 0 300 300]/F 4/AP<</N 10 0 R>>/Parent 9 0 R>>"
    look = stream_object(
        b"/X Do " + DRAWN,
        "/Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources<</XObject<</X 10 0 R>>>>",
    )
    return paper(page=f"{BOX}/Annots[9 0 R 9 0 R]", extra={9: note, 10: look})


def _texts() -> Iterator[Hostile]:
    sound = paper()
    yield case("junk before the header", "pdf", lambda: b"\x1b%-12345X@PJL\r\n" * 30 + sound)
    yield case("header far behind the start", "pdf", lambda: b"x" * 5000 + sound)
    yield case(
        "version that does not exist", "pdf", lambda: patched(sound, b"%PDF-1.7", b"%PDF-9.9")
    )
    yield case("header alone", "pdf", lambda: b"%PDF-1.7\n", expect={"truncated"})
    yield case("header and end alone", "pdf", lambda: b"%PDF-1.7\n%%EOF\n")
    yield case("a megabyte behind the end", "pdf", lambda: sound + b"\0" * (1 << 20))
    yield case(
        "arrays in arrays in the catalog", "pdf", lambda: paper(catalog="/A" + "[" * 100_000)
    )
    yield case("dictionaries in dictionaries in the catalog", "pdf", lambda: _deep("<</A "))
    yield case("name of a megabyte", "pdf", lambda: paper(catalog=f"/{'N' * (1 << 20)} 1"))
    yield case("string of a megabyte", "pdf", lambda: paper(catalog=f"/A({'(' * (1 << 20)}"))
    yield case("comment of a megabyte", "pdf", lambda: sound[:9] + b"%" * (1 << 20) + sound[9:])
    yield case("object number 2 to the 31", "pdf", lambda: _number(b"2147483647"))
    yield case("object number of 40 digits", "pdf", lambda: _number(b"9" * 40))
    yield case("objects without an end", "pdf", lambda: sound.replace(b"endobj", b""))
    yield case("only carriage returns", "pdf", lambda: sound.replace(b"\n", b"\r"))
    yield case("title with control characters", "pdf", _title)
    yield case("cut in the middle", "pdf", lambda: sound[: len(sound) // 2], expect={"truncated"})
    yield case("cut before the end mark", "pdf", lambda: sound[:-7])
    yield case("first half zeros", "pdf", lambda: b"\0" * 400 + sound[400:])
    yield case("second half zeros", "pdf", lambda: sound[:300] + b"\0" * (len(sound) - 300))


def _deep(opening: str) -> bytes:
    return paper(catalog="/A " + opening * 50_000)


def _number(number: bytes) -> bytes:
    return tree(b"<</Type/Pages/Kids[%s 0 R]/Count 1>>" % number)


def _title() -> bytes:
    producer = b"<</Producer(\x1b]0;owned\x07\x1b[2J\n\r%s%n../../)/Creator<feff202e0000>>>"
    return written(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[4 0 R]/Count 1>>",
            4: f"<</Type/Page/Parent 2 0 R{BOX}/Contents 5 0 R>>".encode(),
            5: stream_object(DRAWN),
            6: producer,
        },
        trailer="/Root 1 0 R/Info 6 0 R",
    )
