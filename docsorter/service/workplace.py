"""What whoever works on documents looks at: their files, the model, and what it promises."""

import datetime as dt
from pathlib import Path
from types import TracebackType
from typing import Self

from docsorter.configuration import Configuration
from docsorter.deliver.mover import Mover
from docsorter.disk import Disk
from docsorter.documents import Document
from docsorter.errors import ConflictError, NotFoundError
from docsorter.model.bundle import CARD
from docsorter.model.card import ModelCard, read_card
from docsorter.model.registry import ModelRegistry
from docsorter.service.engine import promise_of
from docsorter.service.promise_view import Viewer
from docsorter.store import Store


class Workplace:
    """A workspace that is open for people; looking changes nothing.

    Args:
        configuration: The workspace.
        store: Its database; closed with the workplace.
        mover: Moves bytes between the places.
    """

    def __init__(self, configuration: Configuration, store: Store, mover: Mover) -> None:
        self.store = store
        self.mover = mover
        self.configuration = configuration

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.store.close()

    def now(self) -> dt.datetime:
        """Return the time by the clock of the mover."""
        return self.mover.clock.now()

    @property
    def card(self) -> ModelCard:
        """The card of the model in use, read again each time: it may change while people work."""
        registry = ModelRegistry(self.configuration.state / "models")
        return read_card(registry.resolve(self.configuration.settings.model.bundle) / CARD)

    @property
    def overdue(self) -> dt.timedelta | None:
        """What has waited so long comes first; None knows no limit."""
        hours = self.configuration.settings.review.age_limit_hours
        return dt.timedelta(hours=hours) if hours else None

    def is_blind(self, document_id: int) -> bool:
        """Say whether a document waits for an answer that must not be led, nor be told."""
        try:
            return self.store.entry_for_document(document_id).blind
        except NotFoundError:
            return False

    def statement(self) -> str:
        """Return what the promise of the model in use is worth here."""
        if self.configuration.settings.decide.autonomy == "starter":
            return promise_of(self.card)
        return (
            Viewer(self.configuration, self.store)
            .position()
            .says(self.configuration.settings.promise)
        )

    def brief_statement(self) -> str:
        """Return the same for a sidecar, in no more time with much evidence than with little."""
        if self.configuration.settings.decide.autonomy == "starter":
            return promise_of(self.card)
        return Viewer(self.configuration, self.store).brief()

    def path_of(self, document: Document) -> Path:
        """Return where the bytes of a document are."""
        return self.configuration.root(document.place) / document.path

    def write_preview(self, document: Document, target: Path, *, page: int = 0) -> None:
        """Write a picture of a page as PNG, read in the same sandbox as everything else.

        Raises:
            ConflictError: The target exists.
            DocumentError: The document cannot be read.
        """
        from docsorter.pages.reader import PageReader  # noqa: PLC0415 -- needed here alone

        if target.exists():
            raise ConflictError(f"{target} exists", remedy="name a file that does not exist")
        with PageReader(self.configuration.settings.pages, size=299, concurrency=1) as reader:
            data = reader.preview(self.path_of(document), page, 1000)
        Disk().write_durably(target, data)
