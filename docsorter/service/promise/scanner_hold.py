"""Holds documents of a new scanner for a person until they show that it changes nothing.

What was certified holds for documents like those that were checked. So what comes from a scanner
that was not among them goes to a person, blind, until enough of its checks were right.
"""

import dataclasses
import threading
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from docsorter.decide.policy import score_of
from docsorter.documents import Document, Reason, ReasonCode, SortRule, Verdict, VerdictKind
from docsorter.filesystem import Disk
from docsorter.service.engine import Sight
from docsorter.service.promise.controller import Judged
from docsorter.service.promise.drift import scanner_of
from docsorter.store import Draw, Store

FILE: Final = "scanners.json"
ADOPTED: Final = 100
"""Documents that a workspace without a list of scanners takes as they come."""

_MOST: Final = 200  # documents on probation that are remembered of a scanner
_MODE: Final = 0o660
_PLAIN: Final = SortRule(1.0, 0.0, 100.0)


class _Scanner(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    known: bool
    on_probation: tuple[int, ...] = ()


class _Book(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    adopted: int = 0
    scanners: dict[str, _Scanner] = {}


class Probation:
    """Sends documents of new scanners to a person; safe for several threads.

    Args:
        state: The state folder, where the list of scanners is kept.
        store: Has the checks.
        checks: So many have to be right; 0 knows no probation.
    """

    def __init__(self, state: Path, store: Store, checks: int) -> None:
        self._path = state / FILE
        self._store = store
        self._checks = checks
        self._lock = threading.Lock()
        self._book: _Book | None = None

    def judge(self, document: Document, sight: Sight, judged: Judged) -> Judged:
        """Return what becomes of a document that the evidence has judged.

        While nothing is sorted alone, every scanner belongs to what the evidence is gathered from.

        Args:
            document: Whose turn it is.
            sight: What was seen in it.
            judged: What the evidence says of it.

        Raises:
            OSError: The list of scanners cannot be written.
        """
        pages = sight.pages
        name = scanner_of(pages.media_type, pages.producer, pages.traits)
        if not self._checks or not name:
            return judged
        with self._lock:
            book = self._read()
            scanner = book.scanners.get(name)
            adopts = judged.verdict.kind is not VerdictKind.SORT or book.adopted < ADOPTED
            if scanner is None:
                scanner = _Scanner(known=adopts)
                self._write(_with(book, name, scanner, adopts=True))
            elif scanner.known:
                self._count(book)
            if scanner.known or judged.verdict.kind is not VerdictKind.SORT:
                return judged
            right = self._store.checks.count_right(scanner.on_probation)
            if right >= self._checks:
                self._write(_with(self._read(), name, _Scanner(known=True)))
                return judged
            watched = (*scanner.on_probation, document.id)[-_MOST:]
            changed = scanner.model_copy(update={"on_probation": watched})
            self._write(_with(self._read(), name, changed))
        return _held_back(sight, judged, f"{right} of {self._checks} checks right so far", name)

    def on_probation(self) -> dict[str, int]:
        """Return the scanners that have to show themselves, with how many checks were right."""
        with self._lock:
            self._book = None  # another process may have written it
            scanners = self._read().scanners
        return {
            name: self._store.checks.count_right(one.on_probation)
            for name, one in scanners.items()
            if not one.known
        }

    def _count(self, book: _Book) -> None:
        """Remember how many were taken as they came; in memory, until something else changes."""
        if book.adopted < ADOPTED:
            self._book = book.model_copy(update={"adopted": book.adopted + 1})

    def _read(self) -> _Book:
        if self._book is None:
            try:
                self._book = _Book.model_validate_json(self._path.read_bytes())
            except (OSError, ValidationError):
                self._book = _Book()
        return self._book

    def _write(self, book: _Book) -> None:
        Disk().write_durably(self._path, (book.model_dump_json(indent=1) + "\n").encode(), _MODE)
        self._book = book


def _with(book: _Book, name: str, scanner: _Scanner, *, adopts: bool = False) -> _Book:
    return book.model_copy(
        update={
            "adopted": book.adopted + adopts,
            "scanners": {**book.scanners, name: scanner},
        }
    )


def _held_back(sight: Sight, judged: Judged, how_far: str, name: str) -> Judged:
    prediction = sight.prediction
    verdict = Verdict(
        VerdictKind.REVIEW,
        Reason(ReasonCode.PROBATION, f"a new scanner ({name}): {how_far}"),
        prediction.label,
        prediction.confidence,
        judged.verdict.threshold,
    )
    draw = judged.drawn or Draw(
        sight.rule_key,
        prediction.model,
        prediction.label,
        score_of(prediction, sight.rule or _PLAIN),
        1.0,
    )
    # Every document of it is asked about, whatever chance said: that is its inclusion.
    return dataclasses.replace(
        judged, verdict=verdict, drawn=dataclasses.replace(draw, inclusion=1.0)
    )
