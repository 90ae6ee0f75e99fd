"""Reads hostile files with the real reader and writes down how each of them ended."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docsorter.errors import DocsorterError, DocumentError
from docsorter.pages.protocol import ReadRequest
from docsorter.pages.reader import PageReader
from docsorter.settings import PagesSettings
from tests.hostile.cases import READ, Hostile


@dataclass(frozen=True, slots=True)
class Ending:
    """How one hostile file ended.

    Attributes:
        kind: Which file.
        outcome: A reason code, `READ`, or the name of an error that no document may cause.
        text: What a person reads.
        seconds: Wall clock.
        peak_mb: Most memory that its child or a program of it held, MiB; 0 when not told.
        size: Bytes of the file.
    """

    kind: str
    outcome: str
    text: str
    seconds: float
    peak_mb: float
    size: int


class MeasuredReader(PageReader):
    """A reader that remembers the most memory of a child."""

    def __init__(self, settings: PagesSettings, *, concurrency: int = 1) -> None:
        super().__init__(settings, concurrency=concurrency)
        self.peaks: dict[str, float] = {}

    def _end_of_child(self, request: ReadRequest, document: int, result: int) -> dict[str, Any]:
        end = super()._end_of_child(request, document, result)
        if "peak_kb" in end:
            self.peaks[request.suffix] = end["peak_kb"] / 1024
        return end


def try_one(reader: MeasuredReader, hostile: Hostile, folder: Path, number: int) -> Ending:
    """Read one hostile file."""
    data = hostile.make()
    path = folder / f"{number}.{hostile.suffix}"
    path.write_bytes(data)
    mark = f".{number}"  # the reader keeps the suffix: it tells its children apart
    start = time.monotonic()
    try:
        pages = reader.read(path, name=f"x{mark}")
        outcome, text = READ, f"{len(pages.pixels)} of {pages.total_pages} pages"
    except DocumentError as error:
        outcome, text = str(error.code), str(error)
    except DocsorterError as error:
        outcome, text = type(error).__name__, str(error)
    seconds = time.monotonic() - start
    path.unlink()
    return Ending(hostile.kind, outcome, text, seconds, reader.peaks.get(mark, 0.0), len(data))


def try_all(
    corpus: Iterable[Hostile],
    folder: Path,
    settings: PagesSettings,
    *,
    at_once: int = 2,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Ending]:
    """Read every hostile file, some side by side."""
    done = 0

    def one(numbered: tuple[int, Hostile]) -> Ending:
        nonlocal done
        ending = try_one(reader, numbered[1], folder, numbered[0])
        done += 1
        progress(done)
        return ending

    with (
        MeasuredReader(settings, concurrency=at_once) as reader,
        ThreadPoolExecutor(at_once) as pool,
    ):
        return list(pool.map(one, enumerate(corpus)))


def outcomes(endings: Iterable[Ending]) -> Counter[str]:
    """Count how files ended."""
    return Counter(ending.outcome for ending in endings)
