"""What people do to documents: answer, skip, undo, look. Each act moves the file at once."""

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.clock import Clock, SystemClock
from docsorter.configuration import Configuration
from docsorter.deliver.errors import FileChangedError, FileGoneError
from docsorter.deliver.mover import Mover
from docsorter.deliver.places import review_path
from docsorter.disk import Disk
from docsorter.documents import (
    Document,
    Move,
    Place,
    Reason,
    ReasonCode,
    ReviewEntry,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry
from docsorter.review.labels import check_label
from docsorter.service.assembly import open_mover, promise_of
from docsorter.service.destinations import Destinations
from docsorter.service.migration import open_workspace_store
from docsorter.store import Destination, Store


class Acts:
    """The acts on one workspace; works with and without a running daemon.

    Args:
        configuration: The workspace.
        store: Its database; closed with the acts.
        mover: Moves bytes between the places.
    """

    def __init__(self, configuration: Configuration, store: Store, mover: Mover) -> None:
        self.store = store
        self._configuration = configuration
        self._mover = mover

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()

    @cached_property
    def card(self) -> ModelCard:
        """The card of the model in use, read once."""
        registry = ModelRegistry(self._configuration.state / "models")
        return read_card(registry.resolve(self._configuration.settings.model.bundle) / CARD)

    def statement(self) -> str:
        """Return what the promise of the model in use is worth here."""
        return promise_of(self.card)

    def path_of(self, document: Document) -> Path:
        """Return where the bytes of a document are."""
        return self._configuration.root(document.place) / document.path

    def answer(
        self,
        document_id: int,
        label: str | None,
        *,
        reviewer: str,
        uid: int,
        new_label: bool = False,
    ) -> Document:
        """Deliver a waiting document where a person says it belongs.

        Args:
            document_id: The document.
            label: What it is; None to reject it.
            reviewer: Unix name of the person.
            uid: Unix number of the person.
            new_label: Allow a label that the model was not taught.

        Raises:
            NotFoundError: It does not wait for a person.
            UsageError: There is no such label.
            ConflictError: Somebody else was faster, or the file was moved by hand.
        """
        entry = self._entry(document_id)
        if label is not None:
            check_label(label, self.card.labels, new=new_label)
        destination = self._answered(entry, label, reviewer)
        _, move = self.store.plan_answer(
            entry.id, destination, label=label, token=None, reviewer=reviewer, uid=uid
        )
        return self._carry(move, reviewer)

    def skip(self, document_id: int, *, reviewer: str) -> ReviewEntry:
        """Put a waiting document back to the end of the queue.

        Raises:
            NotFoundError: It does not wait for a person.
            ConflictError: Somebody else holds it.
        """
        settings = self._configuration.settings.review
        entry = self._entry(document_id)
        lease = self.store.lease(entry.id, owner=reviewer, seconds=settings.lease_seconds)
        return self.store.skip(entry.id, lease.token, seconds=settings.skip_seconds)

    def undo(self, document_id: int, *, reviewer: str, uid: int) -> Document:
        """Take the last answer on a document back; the file returns to the review folder.

        Raises:
            NotFoundError: Nobody answered it.
            ConflictError: The file was moved or changed by hand since.
        """
        document = self.store.document(document_id)
        if not self.path_of(document).is_file():
            raise ConflictError(
                f"document {document_id} is no longer at {self.path_of(document)}",
                remedy="put the file back there, then undo again",
            )
        destination = Destination(Place.REVIEW, review_path(document), State.REVIEW)
        _, move = self.store.undo_answer(document_id, destination, reviewer=reviewer, uid=uid)
        return self._carry(move, reviewer)

    def write_preview(self, document: Document, target: Path, *, page: int = 0) -> None:
        """Write a picture of a page as PNG, read in the same sandbox as everything else.

        Raises:
            ConflictError: The target exists.
            DocumentError: The document cannot be read.
        """
        from docsorter.pages.reader import PageReader  # noqa: PLC0415 -- needed here alone

        if target.exists():
            raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
        with PageReader(self._configuration.settings.pages, size=299, concurrency=1) as reader:
            data = reader.preview(self.path_of(document), page, 1000)
        Disk().write_durably(target, data)

    def _entry(self, document_id: int) -> ReviewEntry:
        document = self.store.document(document_id)
        if document.state is not State.REVIEW:
            raise NotFoundError(
                f"document {document_id} does not wait for a person: it is {document.state}",
                remedy=f"docsorter explain {document_id} says why",
            )
        return self.store.entry_for_document(document_id)

    def _answered(self, entry: ReviewEntry, label: str | None, reviewer: str) -> Destination:
        destinations = Destinations(self._configuration, self.statement())
        if label is None:
            reason = Reason(ReasonCode.REJECTED_BY_PERSON, f"{reviewer} refused it")
            verdict = Verdict(VerdictKind.REJECT, reason)
        else:
            reason = Reason(ReasonCode.ANSWERED, f"{reviewer} says it is {label}")
            verdict = Verdict(VerdictKind.SORT, reason, label)
        return destinations.of(entry.document, verdict, entry.prediction, answered_by=reviewer)

    def _carry(self, move: Move, actor: str) -> Document:
        """Carry out a planned act, or take it back when the file is not what it was."""
        try:
            return self._mover.complete(move, actor=actor)
        except FileGoneError:
            self._mover.abandon(move, actor=actor, reason=ReasonCode.MISSING)
            raise
        except FileChangedError:
            self._mover.abandon(move, actor=actor, reason=ReasonCode.CHANGED)
            raise


def open_acts(configuration: Configuration, clock: Clock | None = None) -> Acts:
    """Open a workspace for the acts of people; starts no model.

    Raises:
        StoreError: The database is missing, older or newer, locked or damaged.
    """
    clock = clock or SystemClock()
    store = open_workspace_store(configuration, clock)
    return Acts(configuration, store, open_mover(configuration, store, clock))
