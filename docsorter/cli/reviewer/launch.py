"""Puts the reviewer together: queue, pages, terminal."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from docsorter.cli.output import printable
from docsorter.cli.reviewer.dialogs import RESERVED
from docsorter.cli.reviewer.drawing import DisplayOptions, DrawingMode, choose_mode
from docsorter.cli.reviewer.flow import AHEAD, Prefetcher
from docsorter.cli.reviewer.plain import Console, PlainReview
from docsorter.cli.reviewer.screen import ReviewApp
from docsorter.cli.reviewer.viewer import system_viewer
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError, UsageError
from docsorter.pages.reader import PageReader
from docsorter.review.items import QueueSource
from docsorter.service.review.previews import PagePreviews, RenderGate
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession
from docsorter.service.review.similar import SimilarDocuments, latest_examples, open_embedder
from docsorter.store import ReviewFilter, ReviewOrder

_RENEWALS = 3  # tries within the time of a lease
_SWITCH_SECONDS = 0.001  # for so long the screen waits at most for a thread that loads pages


def review(
    configuration: Configuration,
    *,
    reviewer: Reviewer,
    order: ReviewOrder,
    wanted: ReviewFilter,
    plain: bool,
) -> None:
    """Let a person decide until the queue is empty or they have had enough.

    Args:
        configuration: The workspace.
        reviewer: Who decides.
        order: Which documents come first.
        wanted: Only such documents.
        plain: Line by line instead of the full screen.

    Raises:
        UsageError: The full screen is wanted where no terminal is.
        StoreError: The database cannot be used.
        ModelError: The model in use has no readable card.
    """
    if not plain and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "the full screen needs a terminal",
            remedy="docsorter review --plain asks line by line; review list shows what waits",
        )
    with open_review_service(configuration) as service:
        session = session_of(configuration, service, reviewer, order)
        session.narrow(wanted)
        session.offered()  # a model that cannot be read is said before the screen opens
        if plain:
            _plain(session)
        else:
            _full_screen(configuration, session)


def session_of(
    configuration: Configuration, service: ReviewService, reviewer: Reviewer, order: ReviewOrder
) -> ReviewSession:
    """Return the session of a person at the queue of a workspace."""
    settings = configuration.settings.review
    source = QueueSource(
        service.store,
        owner=reviewer.name,
        seconds=settings.lease_seconds,
        order=order,
        overdue=service.overdue,
    )
    return ReviewSession(
        service,
        source,
        reviewer=reviewer,
        patience=LeaseTimes(settings.lease_seconds, settings.skip_seconds),
        reserved=RESERVED,
    )


def _plain(session: ReviewSession) -> None:
    def say(text: str) -> None:
        print(printable(text), flush=True)  # noqa: T201

    reviewing = PlainReview(session, Console(input, say), system_viewer)

    def renew() -> None:
        for item in reviewing.held():
            with suppress(DocsorterError):  # lost or not: the next answer says so
                session.renew(item)

    with _repeated(renew, session.patience.lease / _RENEWALS):
        reviewing.run()


@contextmanager
def _repeated(act: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call something that does not raise every so many seconds, in a thread of its own."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            act()

    thread = threading.Thread(target=run, name="renew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _full_screen(configuration: Configuration, session: ReviewSession) -> None:
    colour = "NO_COLOR" not in os.environ  # before Textual takes it out of the environment
    mode = choose_mode(configuration.settings.review.pictures, colour=colour)
    if mode in {DrawingMode.SIXEL, DrawingMode.KITTY}:
        import docsorter.cli.reviewer.graphics  # noqa: F401 -- asks the terminal, which Textual stops

    sys.setswitchinterval(_SWITCH_SECONDS)
    with open_prefetcher(configuration, session) as prefetcher:
        app = ReviewApp(prefetcher, system_viewer, DisplayOptions(mode, colour=colour))
        app.run()
    if app.return_code:
        raise UsageError(
            "the screen ended with a fault", remedy="docsorter review --plain works too"
        )


@contextmanager
def open_prefetcher(configuration: Configuration, session: ReviewSession) -> Iterator[Prefetcher]:
    """Open what holds documents for a person, with all that reads and compares pages."""
    reader = PageReader(configuration.settings.pages, concurrency=AHEAD)
    gate, path_of = RenderGate(), session.service.path_of
    pictures = PagePreviews(reader, path_of, gate)
    examples = partial(latest_examples, session.service.store, session.service.card.name)
    neighbours = SimilarDocuments(
        partial(open_embedder, configuration), reader, path_of, gate, examples
    )
    try:
        yield Prefetcher(session, pictures, neighbours, gate)
    finally:
        pictures.close()
        neighbours.close()
