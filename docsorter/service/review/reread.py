"""Giving documents that wait for people to the reader of words, and sorting what is sure then.

The daemon may run beside, and people may answer: nobody is kept from a document while it is read,
and what somebody holds, answered or moved meanwhile stays as they left it.
"""

import dataclasses
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from docsorter.configuration import Configuration
from docsorter.deliver.names import destination_of
from docsorter.deliver.recovery import recover
from docsorter.deliver.transfer import PlanPoint
from docsorter.documents import (
    Document,
    Move,
    Place,
    Prediction,
    Purpose,
    ReviewEntry,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError
from docsorter.resources import usable_cores
from docsorter.service.daemon.pipeline import ACTOR, findings_of
from docsorter.service.engine import (
    Engine,
    Inspection,
    Inspector,
    is_left_open,
    load_model,
    open_reader,
)
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import BatchFailure
from docsorter.service.review.undo import DocumentUndo, side_by_side
from docsorter.service.review.words import open_words_judge
from docsorter.service.tone import wanted_lexicons
from docsorter.store import ReviewFilter

_EVENT = "reread"
_PAGE = 500
_DECISIONS = ReviewFilter(purpose=Purpose.DECIDE)


@dataclass(frozen=True, slots=True)
class Reread:
    """What came of one document: sorted now, or waiting on, with a new suggestion if it was read.

    Attributes:
        document: As it is now.
        read: Whether its words could be read, and enough of them are known to have a say.
    """

    document: Document
    read: bool


class Rereading:
    """Reads the words of one waiting document after the other.

    Args:
        service: The workspace.
        engine: Inspects documents, with their words.
        model: Name on the card of the model in use.
        autonomy: What the evidence allows.
        scanner_hold: Scanners whose documents are held for people.
    """

    def __init__(
        self,
        service: ReviewService,
        engine: Inspector,
        model: str,
        autonomy: AutonomyController,
        scanner_hold: ScannerHold,
    ) -> None:
        self._service = service
        self._store = service.store
        self._engine = engine
        self._model = model
        self._autonomy = autonomy
        self._hold = scanner_hold
        self._lexicons = wanted_lexicons(service.configuration.settings.review)
        self._taking = DocumentUndo(service, actor=ACTOR, batch="")

    def finish_interrupted(self) -> int:
        """Finish what a command like this one left half done when it was killed; returns how much.

        What a person answered is left to whoever carries that out.
        """
        begun = [
            move
            for move in self._store.moves.planned()
            if move.from_place is Place.REVIEW and self._was_decided_here(move)
        ]
        return len(recover(self._store, self._service.mover, moves=begun).completed)

    def _was_decided_here(self, move: Move) -> bool:
        events = self._store.documents.events(document_id=move.document_id)
        return events[-1].kind == "verdict" and move.next_state is State.SORTED

    def waiting(self, limit: int | None = None) -> list[int]:
        """Return the documents whose words may change why they wait, the oldest first.

        Args:
            limit: At most so many.
        """
        found: list[int] = []
        for offset in count(0, _PAGE):
            page = self._store.review.entries(filter=_DECISIONS, limit=_PAGE, offset=offset)
            meant = (entry.document.id for entry in page if self._is_meant(entry))
            found += (number for number in meant if not self._was_tried(number))
            if len(page) < _PAGE or (limit is not None and len(found) >= limit):
                break
        return found[:limit]

    def reread_all(self, numbers: list[int], workers: int) -> "Iterator[Reread | BatchFailure]":
        """Read several at a time; yields what became of each, as they are done."""
        return side_by_side(self.reread, numbers, workers)

    def reread(self, document_id: int) -> Reread:
        """Read the words of one document, and decide it again with them.

        Raises:
            DocsorterError: Somebody holds, answered, moved or changed it, or it cannot be read; it
                is as it was.
        """
        entry = self._store.review.entry_for_document(document_id)
        if not self._is_meant(entry):
            raise ConflictError(f"somebody is looking at document {document_id}, or it was decided")
        self._taking.refuse_touched(entry.document)
        path = self._service.path_of(entry.document)
        inspection = self._engine.inspect(path, entry.document.name)
        if inspection.prediction.read is None:
            if inspection.words:  # else they could not be read, and may be another time
                self._store.documents.add_event(
                    _EVENT, actor=ACTOR, document_id=document_id, detail={"model": self._model}
                )
            return Reread(entry.document, read=False)
        move = self._decided(entry, inspection)
        if move is None:
            return Reread(self._store.documents.get(document_id), read=True)
        return Reread(self._service.carry(move, ACTOR), read=True)

    def _decided(self, entry: ReviewEntry, inspection: Inspection) -> Move | None:
        decision = self._autonomy.decide(inspection)
        if self._autonomy.is_earned:
            decision = self._hold.looked_up(inspection, decision)
        names = self._store.documents.label_names()
        verdict, drawn = decision.verdict.renamed(names), decision.drawn
        if drawn is not None:
            drawn = dataclasses.replace(drawn, label=names.get(drawn.label, drawn.label))
        destination = None
        if verdict.kind is not VerdictKind.REVIEW:
            seen = inspection.prediction.renamed(names)
            settings = self._service.configuration.settings.deliver
            destination = destination_of(
                entry.document, verdict, seen, settings, statement=decision.statement
            )
        keep = self._service.configuration.settings.words.keep
        findings = findings_of(inspection, verdict, self._lexicons, keep=keep)
        with self._service.mover.step(PlanPoint.VERDICT_PLANNED):
            return self._store.moves.reconsider(
                entry,
                verdict,
                destination,
                findings,
                actor=ACTOR,
                drawn=drawn,
                promise=decision.promise,
            )

    def _is_meant(self, entry: ReviewEntry) -> bool:
        """Whether it waits, free and not blind, for a reason that words can change."""
        seen, verdict, held = entry.prediction, entry.document.verdict, entry.lease_expires_at
        if entry.blind or entry.document.state is not State.REVIEW or seen is None:
            return False
        if verdict is None or seen.model != self._model or _has_spoken(seen, verdict):
            return False
        is_free = held is None or held <= self._service.now()
        return is_free and is_left_open(verdict, seen)

    def _was_tried(self, document_id: int) -> bool:
        """Whether this model has read its words before, and knows too few of them."""
        events = self._store.documents.events(document_id=document_id)
        return any(e.kind == _EVENT and e.detail.get("model") == self._model for e in events)


def _has_spoken(seen: Prediction, verdict: Verdict) -> bool:
    """Whether a verdict rests on words: one whose move was given up is again that of before."""
    share = dict(seen.ranked).get(verdict.label or "", 0.0)
    return seen.read is not None and math.isclose(share, verdict.confidence or 0.0)


@contextmanager
def open_rereading(
    configuration: Configuration, service: ReviewService
) -> "Iterator[tuple[Rereading, int]]":
    """Open the model in use for reading words; yields it, and how many documents at a time.

    Raises:
        ModelError: The bundle is missing or damaged, answers differently here, or knows no words.
        SettingsError: The settings ask for less confidence than its card allows, or for no words.
        DependencyError: Nothing that recognises words is installed.
    """
    open_words_judge(configuration)  # says at once why no words can be read here
    loaded, settings = load_model(configuration), configuration.settings
    workers = settings.service.workers or usable_cores()
    # The daemon may run beside: it alone moves the threshold.
    autonomy = AutonomyController(
        service.store, settings.decide, settings.promise, service.mover.clock, moves=False
    )
    hold = ScannerHold(configuration.state, service.store, settings.drift.probation_checks)
    with Engine(loaded, open_reader(settings, loaded.card.input.size, workers)) as engine:
        yield Rereading(service, engine, loaded.card.name, autonomy, hold), workers
