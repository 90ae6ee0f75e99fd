"""Holds documents of a new scanner for a person until they show that it changes nothing.

What was certified holds for documents like those that were checked. So what comes from a scanner
that was not among them goes to a person, blind, until enough of its checks were right.
"""

import dataclasses
import threading
from pathlib import Path
from typing import Final

from pydantic import Field

from docsorter.decide.policy import score_of
from docsorter.documents import Document, Reason, ReasonCode, SortRule, Verdict, VerdictKind
from docsorter.service.engine import Inspection
from docsorter.service.promise.controller import Decision
from docsorter.service.promise.drift import scanner_of
from docsorter.service.workspace.layout import StateRecord
from docsorter.store import Draw, Store

FILE: Final = "scanners.json"
ADOPTED: Final = 100
"""Documents that a workspace without a list of scanners takes as they come."""

_MOST: Final = 200  # documents that are remembered of a held scanner
_MODE: Final = 0o660
_PLAIN: Final = SortRule(1.0, 0.0, 100.0)


class _Scanner(StateRecord):
    known: bool
    on_probation: tuple[int, ...] = ()


class _Book(StateRecord):
    adopted: int = 0
    scanners: dict[str, _Scanner] = Field(default_factory=dict)


class ScannerHold:
    """Holds documents of new scanners for a person; safe for several threads.

    Args:
        checks: So many have to be right; 0 holds nothing.
    """

    def __init__(self, state: Path, store: Store, checks: int) -> None:
        self._path = state / FILE
        self._store = store
        self._checks = checks
        self._lock = threading.Lock()
        self._book: _Book | None = None

    def apply(self, document: Document, inspection: Inspection, decision: Decision) -> Decision:
        """Return what becomes of a document that the evidence has decision.

        While nothing is sorted alone, every scanner belongs to what the evidence is gathered from.
        """
        pages = inspection.pages
        name = scanner_of(pages.media_type, pages.producer, pages.traits)
        if not self._checks or not name:
            return decision
        with self._lock:
            book = self._read()
            scanner = book.scanners.get(name)
            adopts = decision.verdict.kind is not VerdictKind.SORT or book.adopted < ADOPTED
            if scanner is None:
                scanner = _Scanner(known=adopts)
                self._write(_with(book, name, scanner, adopts=True))
            elif scanner.known:
                self._count(book)
            if scanner.known or decision.verdict.kind is not VerdictKind.SORT:
                return decision
            right = self._store.checks.count_right(scanner.on_probation)
            if right >= self._checks:
                self._write(_with(self._read(), name, _Scanner(known=True)))
                return decision
            watched = (*scanner.on_probation, document.id)[-_MOST:]
            changed = scanner.model_copy(update={"on_probation": watched})
            self._write(_with(self._read(), name, changed))
        return _held_back(
            inspection, decision, f"{right} of {self._checks} checks right so far", name
        )

    def looked_up(self, inspection: Inspection, decision: Decision) -> Decision:
        """Return the same for whoever decides beside the daemon, which alone writes the list."""
        pages = inspection.pages
        name = scanner_of(pages.media_type, pages.producer, pages.traits)
        right = self.held().get(name) if self._checks and name else None
        if right is None or decision.verdict.kind is not VerdictKind.SORT:
            return decision
        return _held_back(
            inspection, decision, f"{right} of {self._checks} checks right so far", name
        )

    def held(self) -> dict[str, int]:
        """Return the scanners that are held, with how many of their checks were right."""
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
            self._book = _Book.read(self._path) or _Book()
        return self._book

    def _write(self, book: _Book) -> None:
        book.write(self._path, _MODE)
        self._book = book


def _with(book: _Book, name: str, scanner: _Scanner, *, adopts: bool = False) -> _Book:
    return book.model_copy(
        update={
            "adopted": book.adopted + adopts,
            "scanners": {**book.scanners, name: scanner},
        }
    )


def _held_back(inspection: Inspection, decision: Decision, how_far: str, name: str) -> Decision:
    prediction = inspection.prediction
    verdict = Verdict(
        VerdictKind.REVIEW,
        Reason(ReasonCode.PROBATION, f"a new scanner ({name}): {how_far}"),
        prediction.label,
        prediction.confidence,
        decision.verdict.threshold,
    )
    draw = decision.drawn or Draw(
        inspection.rule_key,
        prediction.model,
        prediction.label,
        score_of(prediction, inspection.rule or _PLAIN),
        1.0,
    )
    # Every document of it is asked about, whatever chance said: that is its inclusion.
    return dataclasses.replace(
        decision, verdict=verdict, drawn=dataclasses.replace(draw, inclusion=1.0)
    )
