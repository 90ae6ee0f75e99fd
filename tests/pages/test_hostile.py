"""Files with bytes changed at random: each is read, or refused for a reason of the closed list."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docsorter.documents import ReasonCode
from docsorter.errors import DocumentError
from docsorter.pages.reader import PageReader
from tests.pages.papers import SQUARES, encoded, pdf, sheet

MAKERS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(sheet(200, 283), "JPEG"),
    "PNG": lambda: encoded(sheet(200, 283), "PNG"),
    "TIFF": lambda: encoded(sheet(200, 283).convert("1"), "TIFF", compression="group4"),
    "WEBP": lambda: encoded(sheet(200, 283), "WEBP"),
    "HEIF": lambda: encoded(sheet(200, 283), "HEIF"),
    "PDF": lambda: pdf([SQUARES, b"BT /F 60 Tf 60 700 Td (Claim) Tj ET"]),
}
POSSIBLE = {
    ReasonCode.EMPTY,
    ReasonCode.UNSUPPORTED,
    ReasonCode.ENCRYPTED,
    ReasonCode.TRUNCATED,
    ReasonCode.DAMAGED,
    ReasonCode.TOO_LARGE,
    ReasonCode.TIME_LIMIT,
    ReasonCode.MEMORY_LIMIT,
}


def mutated(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 12)):
        # Headers and directories are at the ends: that is where it hurts.
        near = rng.choice([0, len(data) - 200, rng.randrange(len(data))])
        at = min(max(0, near + rng.randrange(200)), len(data) - 1)
        data[at] = rng.choice([0, 1, 0x7F, 0xFF, rng.randrange(256)])
    return bytes(data[: rng.randrange(len(data))] if rng.random() < 0.1 else data)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MAKERS)
def test_changed_bytes_are_read_or_refused_with_a_reason(
    reader: PageReader, tmp_path: Path, kind: str
) -> None:
    rng = random.Random(kind)
    whole = MAKERS[kind]()

    def outcome(index: int, data: bytes) -> str:
        path = tmp_path / str(index)
        path.write_bytes(data)
        try:
            return str(len(reader.read(path).pixels))
        except DocumentError as error:
            return f"{error.code}: {error.message}"

    with ThreadPoolExecutor(4) as pool:
        files = [mutated(whole, rng) for _ in range(25)]
        outcomes = list(pool.map(outcome, range(25), files))
    for said in outcomes:
        code, _, message = said.partition(": ")
        assert code.isdigit() or code in POSSIBLE, said
        assert code.isdigit() or message.strip(), said
        assert "\n" not in said
    assert reader.server_pid is not None


def test_a_polyglot_is_what_its_first_bytes_say(reader: PageReader, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(encoded(sheet(), "JPEG") + pdf([SQUARES]))
    assert reader.read(path).media_type == "image/jpeg"
