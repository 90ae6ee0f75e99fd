"""Documents that were taken back, decided anew by a model of one's choice, beside the daemon."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice

from docsorter.configuration import Configuration
from docsorter.disk import Disk
from docsorter.documents import Document, Place
from docsorter.errors import DocsorterError
from docsorter.model.bundle import CARD
from docsorter.model.card import read_card
from docsorter.model.registry import ModelRegistry
from docsorter.pages.reader import PageReader
from docsorter.service.acts import Acts
from docsorter.service.bulk import Failed
from docsorter.service.destinations import Destinations
from docsorter.service.earning import Earning
from docsorter.service.engine import Engine, load_model
from docsorter.service.pipeline import Pipeline
from docsorter.service.taking_back import TakingBack


class DecidingAgain:
    """Takes documents back into the spool and lets a model decide them.

    A kill at any time leaves each document sorted as it was, sorted anew, or in the spool, where
    the same command finds it again; left alone, the daemon decides it by the model in use.

    Args:
        taking: Brings documents into the spool.
        pipeline: Takes them from there, with the model that was chosen.
        model: Its name.
        workers: Documents looked at side by side.
    """

    def __init__(self, taking: TakingBack, pipeline: Pipeline, model: str, workers: int) -> None:
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

    def decide_all(self, document_ids: Iterable[int]) -> Iterator[Document | Failed]:
        """Do so to many, several at a time; yields what became of each, as they are done."""
        waiting = iter(document_ids)
        with ThreadPoolExecutor(self._workers) as pool:
            running: dict[Future[Document], int] = {}
            try:
                while True:
                    for number in islice(waiting, 2 * self._workers - len(running)):
                        running[pool.submit(self.decide, number)] = number
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield _outcome(future, running.pop(future))
            finally:
                for future in running:
                    future.cancel()


def _outcome(future: "Future[Document]", document_id: int) -> Document | Failed:
    try:
        return future.result()
    except DocsorterError as error:
        return Failed(document_id, error)


@contextmanager
def deciding_again(
    configuration: Configuration, acts: Acts, taking: TakingBack, model: str
) -> Iterator[DecidingAgain]:
    """Open a model for deciding again.

    Args:
        configuration: The workspace.
        acts: Its store and mover.
        taking: Brings documents into the spool.
        model: Name of a bundle; "" for the one in use.

    Raises:
        ModelError: The bundle is missing or damaged, or answers differently on this machine.
        SettingsError: The settings ask for less confidence than its card allows.
    """
    loaded = load_model(configuration, model)
    settings = configuration.settings
    workers = settings.service.workers or os.cpu_count() or 1
    reader = PageReader(settings.pages, size=loaded.card.input.size, concurrency=workers)
    # The daemon may run beside: it alone moves the threshold.
    earning = Earning(acts.store, settings.decide, settings.promise, acts.mover.clock, moves=False)
    with Engine(loaded, reader) as engine:
        pipeline = Pipeline(
            store=acts.store,
            engine=engine,
            mover=acts.mover,
            destinations=Destinations(configuration, loaded.statement),
            intake=settings.intake,
            spool=configuration.root(Place.SPOOL),
            disk=Disk(),
            clock=acts.mover.clock,
            earning=earning,
        )
        yield DecidingAgain(taking, pipeline, loaded.card.name, workers)


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
