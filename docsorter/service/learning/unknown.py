"""Waiting documents that are like nothing that was taught, gathered into groups of alike ones."""

import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.disk import Disk
from docsorter.documents import Document, Prediction, ReasonCode
from docsorter.errors import DocumentError, EnvironmentFaultError, NotFoundError
from docsorter.pages.reader import PageReader
from docsorter.service.engine import LoadedModel
from docsorter.service.learning.groups import Listing, Seen, grouped
from docsorter.service.learning.sample_pages import cut_by_samples
from docsorter.store import DocumentFilter, ReviewFilter, Store

Progress = Callable[[str, int, int], None]

MOST_WAITING: Final = 400
MOST_ANSWERED: Final = 150
_STAGE: Final = "looking at unknown documents"
_LISTING: Final = "groups.json"
_MODE: Final = 0o600


class UnknownDocuments:
    """Looks at them with the model in use; what was seen is kept, privately, until it is forgotten.

    Args:
        configuration: The workspace.
        store: Its database.
        clock: Dates the listing.
    """

    def __init__(self, configuration: Configuration, store: Store, clock: Clock) -> None:
        self._configuration = configuration
        self._store = store
        self._clock = clock
        self._root = configuration.state / "learning"

    def gather(self, model: LoadedModel, workers: int, progress: Progress) -> Listing:
        """Group what waits, and keep the listing.

        Args:
            model: The model in use.
            workers: Documents read side by side.
            progress: Is told how far it is.

        Raises:
            ModelError: The model answered with something that is no number.
        """
        documents = [*self._waiting(), *self._answered(model.card.labels)]
        folder = self._root / "features" / model.fingerprint[:16]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root.chmod(0o700)
        seen = []
        for number, one in enumerate(self._look(documents, model, folder, workers), 1):
            if one is not None:
                seen.append(one)
            progress(_STAGE, number, len(documents))
        cut = cut_by_samples(model.bundle, model.classifier)
        groups, left_over = grouped(seen, cut)
        listing = Listing(
            at=self._clock.now(),
            model=model.card.name,
            looked_at=len(seen),
            unreadable=len(documents) - len(seen),
            left_over=left_over,
            cut=cut,
            groups=groups,
        )
        text = listing.model_dump_json(indent=1) + "\n"
        Disk().write_durably(self._root / _LISTING, text.encode(), _MODE)
        return listing

    def last(self) -> Listing:
        """Return the groups as they were last listed.

        Raises:
            NotFoundError: They were never listed.
        """
        try:
            return Listing.model_validate_json((self._root / _LISTING).read_bytes())
        except (OSError, ValidationError) as error:
            raise NotFoundError(
                "no groups were listed yet", remedy="list them with: docsorter review groups"
            ) from error

    def _waiting(self) -> "list[tuple[Document, Prediction | None, bool]]":
        wanted = ReviewFilter(reason=ReasonCode.UNLIKE_TRAINING)
        entries = self._store.entries(filter=wanted, limit=MOST_WAITING)
        return [(one.document, one.prediction, True) for one in entries if not one.blind]

    def _answered(self, taught: Sequence[str]) -> "list[tuple[Document, Prediction | None, bool]]":
        found: list[tuple[Document, Prediction | None, bool]] = []
        new = sorted(set(self._store.counts().labels) - set(taught) - {""})
        for label in new:
            room = MOST_ANSWERED // len(new)
            documents = self._store.documents(DocumentFilter(label=label), limit=room)
            found += [(one, None, False) for one in documents if one.answered_by]
        return found

    def _look(
        self,
        documents: "Sequence[tuple[Document, Prediction | None, bool]]",
        model: LoadedModel,
        folder: Path,
        workers: int,
    ) -> Iterator[Seen | None]:
        settings = self._configuration.settings.pages.model_copy(update={"page_cap": 1})
        size = model.card.input.size
        with (
            PageReader(settings, size=size, concurrency=workers) as reader,
            ThreadPoolExecutor(max(1, workers)) as pool,
        ):

            def look(one: tuple[Document, Prediction | None, bool]) -> Seen | None:
                document, prediction, waits = one
                kept = folder / f"{document.id}.npy"
                if kept.is_file():
                    return Seen(document, waits, prediction, np.load(kept, allow_pickle=False))
                path = self._configuration.root(document.place) / document.path
                try:
                    pages = reader.read(path, name=document.name)
                except (OSError, DocumentError, EnvironmentFaultError):
                    return None
                features = model.classifier.classify(pages.pixels[:1]).features[0]
                stream = io.BytesIO()
                np.save(stream, features, allow_pickle=False)
                Disk().write_durably(kept, stream.getvalue(), _MODE)
                return Seen(document, waits, prediction, features)

            yield from pool.map(look, documents)
