"""Taking back documents that were sorted, and deciding them again by a model of one's choice.

Whoever moved or changed a file by hand meant something by it: such a document is left alone.
"""

import datetime as dt
import stat
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from docsorter.configuration import Configuration
from docsorter.deliver.names import review_destination
from docsorter.deliver.recovery import recover
from docsorter.deliver.transfer import PlanPoint
from docsorter.documents import (
    Document,
    Place,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, DocsorterError, NotFoundError
from docsorter.filesystem import Disk
from docsorter.model.bundle import CARD
from docsorter.model.card import read_card
from docsorter.model.registry import ModelRegistry
from docsorter.resources import usable_cores
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import Engine, load_model, open_reader
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import BatchFailure
from docsorter.store import Destination, TakeBackFilter
from docsorter.store.documents import spool_name

_PAGE = 200
_HOLD = dt.timedelta(minutes=10)
_FROM = frozenset({Place.SORTED, Place.REJECTED})
_INTO = frozenset({State.REVIEW, State.SPOOLED})
_T = TypeVar("_T")


class DocumentUndo:
    """Takes back one document after the other."""

    def __init__(self, service: ReviewService, *, actor: str, batch: str) -> None:
        self._service = service
        self._store = service.store
        self._actor = actor
        self._batch = batch
        self._disk = Disk()

    def finish_interrupted(self) -> int:
        """Finish what a command like this one left half done when it was killed.

        Returns:
            How many documents that concerns; each is then in review or in the spool.
        """
        begun = [
            move
            for move in self._store.moves.planned()
            if move.from_place in _FROM and move.next_state in _INTO
        ]
        return len(recover(self._store, self._service.mover, moves=begun).completed)

    def chosen(self, wanted: TakeBackFilter) -> Iterator[Document]:
        """Yield the documents that are to be taken back, by number.

        Raises:
            NotFoundError: A document that was named does not exist.
        """
        for number in wanted.ids or ():
            self._store.documents.get(number)
        after = 0
        while True:
            page = self._store.moves.to_take_back(wanted, after_id=after, limit=_PAGE)
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].id

    def refuse_touched(self, document: Document) -> None:
        """Refuse a document whose file is not what and where it was put.

        Raises:
            ConflictError: It was moved or changed by hand, or is being moved.
        """
        if self._store.moves.planned_for(document.id) is not None:
            raise ConflictError(
                f"document {document.id} is being moved already", remedy="wait a moment and repeat"
            )
        path = self._service.path_of(document)
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise ConflictError(
                f"document {document.id} was moved by hand: it is not at {path}",
                remedy="put the file back there, then take it back again",
            ) from None
        rested = (status.st_size, status.st_mtime_ns) == (document.size, document.mtime_ns)
        same = stat.S_ISREG(status.st_mode) and (
            rested or self._disk.sha256(path) == document.sha256
        )
        if not same:
            raise ConflictError(
                f"document {document.id} was changed by hand: {path}",
                remedy="put the original back, or leave it where it is",
            )

    def to_review(self, document_id: int) -> Document:
        """Put a sorted document before people again.

        Raises:
            ConflictError: It was moved or changed by hand, or is being moved.
            NotFoundError: There is no such document, or it is not sorted.
            EnvironmentFaultError: It cannot be put there just now; it stays where it was.
        """
        document = self._sorted(document_id)
        seen = self._store.documents.prediction(document_id)
        answer = self._store.review.last_standing_answer(document_id)
        label = document.verdict.label if document.verdict else None
        guess = label if answer is None else answer.guess
        share = None if seen is None else dict(seen.ranked).get(guess or "")
        reason = Reason(ReasonCode.UNDONE, f"taken back by {self._actor}")
        verdict = Verdict(VerdictKind.REVIEW, reason, guess, share)
        return self._move(document, review_destination(document), verdict)

    def to_spool(self, document_id: int, model: str) -> Document:
        """Put a sorted document back into the spool, held for whoever decides it again.

        Args:
            document_id: Sorted, or taken back before and not decided since.
            model: Who decides it again, for the log and `explain`.

        Raises:
            ConflictError: It was moved or changed by hand, or is being moved.
            NotFoundError: There is no such document, or it is not sorted.
            EnvironmentFaultError: It cannot be put there just now; it stays where it was.
        """
        document = self._store.documents.get(document_id)
        if document.state is State.SPOOLED:
            return document
        document = self._sorted(document_id)
        text = f"taken back by {self._actor}, to be decided again by {model}"
        label = document.verdict.label if document.verdict else None
        verdict = Verdict(VerdictKind.REVIEW, Reason(ReasonCode.UNDONE, text), label)
        name = spool_name(document.id, document.name)
        there = Destination(Place.SPOOL, name, State.SPOOLED)
        return self._move(document, there, verdict, self._service.now() + _HOLD)

    def _sorted(self, document_id: int) -> Document:
        document = self._store.documents.get(document_id)
        if document.state not in {State.SORTED, State.REJECTED}:
            raise NotFoundError(
                f"document {document_id} cannot be taken back: it is {document.state}",
                remedy=f"docsorter explain {document_id} says why",
            )
        self.refuse_touched(document)
        return document

    def _move(
        self,
        document: Document,
        there: Destination,
        verdict: Verdict,
        hold_until: dt.datetime | None = None,
    ) -> Document:
        with self._service.mover.step(PlanPoint.UNDO_PLANNED):
            move = self._store.moves.plan_take_back(
                document.id,
                there,
                verdict,
                actor=self._actor,
                batch=self._batch,
                hold_until=hold_until,
            )
        return self._service.carry(move, self._actor)


class Redecision:
    """Takes documents back into the spool and lets a model decide them.

    A kill at any time leaves each document sorted as it was, sorted anew, or in the spool, where
    the same command finds it again; left alone, the daemon decides it by the model in use.
    """

    def __init__(self, taking: DocumentUndo, pipeline: Pipeline, model: str, workers: int) -> None:
        self._taking = taking
        self._pipeline = pipeline
        self._model = model
        self._workers = workers

    def decide(self, document_id: int) -> Document:
        """Take one document back and decide it again.

        Returns:
            The document: sorted, in review, rejected, or in the spool with its next try.

        Raises:
            DocsorterError: It could not be taken back; it is where it was.
        """
        self._taking.to_spool(document_id, self._model)
        return self._pipeline.handle(document_id)

    def decide_all(self, document_ids: Iterable[int]) -> Iterator[Document | BatchFailure]:
        """Do so to many, several at a time; yields what became of each, as they are done."""
        return side_by_side(self.decide, document_ids, self._workers)


def side_by_side(
    act: Callable[[int], _T], document_ids: Iterable[int], workers: int
) -> Iterator[_T | BatchFailure]:
    """Do the same to many documents, several at a time; yields what became of each, when done."""
    waiting = iter(document_ids)
    with ThreadPoolExecutor(workers) as pool:
        running: dict[Future[_T], int] = {}
        try:
            while True:
                for number in islice(waiting, 2 * workers - len(running)):
                    running[pool.submit(act, number)] = number
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    try:
                        yield future.result()
                    except DocsorterError as error:
                        yield BatchFailure(number, error)
        finally:
            for future in running:
                future.cancel()


@contextmanager
def open_redecision(
    configuration: Configuration, service: ReviewService, taking: DocumentUndo, model: str
) -> Iterator[Redecision]:
    """Open a model for deciding again.

    Args:
        configuration: The workspace.
        service: Its store and mover.
        taking: Brings documents into the spool.
        model: Name of a bundle; "" for the one in use.

    Raises:
        ModelError: The bundle is missing or damaged, or answers differently on this machine.
        SettingsError: The settings ask for less confidence than its card allows.
    """
    loaded = load_model(configuration, model)
    settings = configuration.settings
    workers = settings.service.workers or usable_cores()
    reader = open_reader(settings, loaded.card.input.size, workers)
    # The daemon may run beside: it alone moves the threshold.
    autonomy = AutonomyController(
        service.store, settings.decide, settings.promise, service.mover.clock, moves=False
    )
    with Engine(loaded, reader) as engine:
        pipeline = Pipeline(engine, service.mover, settings, autonomy=autonomy)
        yield Redecision(taking, pipeline, loaded.card.name, workers)


def name_on_predictions(configuration: Configuration, name: str) -> str:
    """Return the name by which a model signs its predictions.

    Args:
        configuration: The workspace.
        name: That name itself, or the name of a bundle.
    """
    registry = ModelRegistry(configuration.state / "models")
    try:
        return read_card(registry.resolve(name) / CARD).name
    except DocsorterError:  # removed since; its predictions stay
        return name
