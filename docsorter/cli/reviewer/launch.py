"""Puts the reviewer together: queue, pages, terminal."""

import os
import select
import signal
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
from docsorter.documents import Document, Prediction
from docsorter.errors import DocsorterError, UsageError
from docsorter.pages.reader import INPUT_SIZE
from docsorter.review.items import QueueSource
from docsorter.service.engine import open_reader
from docsorter.service.review.previews import PagePreviews, RenderGate
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession
from docsorter.service.review.similar import SimilarDocuments, latest_examples, open_embedder
from docsorter.service.review.words import DocumentWords, open_words_judge, spoken_words
from docsorter.store import ReviewFilter, ReviewOrder

_RENEWALS = 3  # tries within the time of a lease
_ENDS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
_SIGNALLED = 128  # and the number of the signal: what shells make of it
_LAST_SECONDS = 5.0
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
        try:
            if plain:
                _plain(configuration, session)
            else:
                _full_screen(configuration, session)
        finally:
            session.close()


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


@contextmanager
def _at_an_end(act: Callable[[int], None]) -> Iterator[None]:
    """Let `act` answer the signals that end a program; one that is ignored stays ignored."""
    before = {number: signal.getsignal(number) for number in _ENDS}
    heard = [number for number in _ENDS if before[number] is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda received, _: act(received))
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


class _Typing:
    """Asks for lines; a signal ends the program there, and not between the steps of an answer."""

    def __init__(self) -> None:
        self._asks = False
        self._ending = 0

    def end(self, number: int) -> None:
        self._ending = number
        if self._asks:
            sys.exit(_SIGNALLED + number)

    def ask(self, prompt: str) -> str:
        self._asks = True
        try:
            if self._ending:
                self.end(self._ending)
            return input(prompt)
        finally:
            self._asks = False


def _plain(configuration: Configuration, session: ReviewSession) -> None:
    def say(text: str) -> None:
        print(printable(text), flush=True)  # noqa: T201

    def words(document: Document, seen: Prediction) -> str:
        return spoken_words(configuration, session.service.path_of(document), seen).sentence()

    typing = _Typing()
    reviewing = PlainReview(session, Console(typing.ask, say), system_viewer, words)

    def renew() -> None:
        for item in reviewing.held():
            with suppress(DocsorterError):  # lost or not: the next answer says so
                session.renew(item)

    with _at_an_end(typing.end), _repeated(renew, session.patience.lease / _RENEWALS):
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
        ending = _Ending(prefetcher, app)
        _watch_terminal(ending.begin)
        with _at_an_end(ending.begin):
            app.run()
    if ending.number:
        sys.exit(_SIGNALLED + ending.number)
    if app.return_code:
        raise UsageError(
            "the screen ended with a fault", remedy="docsorter review --plain works too"
        )


def _watch_terminal(act: Callable[[int], None]) -> None:
    """Call `act` when the terminal goes, also where that signal is ignored, as under nohup."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)  # a hang-up is told without being asked for

    def wait() -> None:
        poll.poll()
        act(signal.SIGHUP)

    threading.Thread(target=wait, name="terminal", daemon=True).start()


class _Ending:
    """Ends the screen at a signal, what is held given back first: its terminal may be gone.

    Writing to a terminal that is gone may block for ever, so the screen gets some seconds to end.
    """

    def __init__(self, prefetcher: Prefetcher, app: ReviewApp) -> None:
        self._prefetcher = prefetcher
        self._app = app
        self.number = 0
        """The signal."""

    def begin(self, number: int) -> None:
        if not self.number:
            self.number = number
            threading.Thread(target=self._end, name="ending", daemon=True).start()

    def _end(self) -> None:
        self._prefetcher.give_back()
        last = threading.Timer(_LAST_SECONDS, os._exit, (_SIGNALLED + self.number,))
        last.daemon = True
        last.start()
        self._app.call_later(self._app.review_screen.action_leave)


@contextmanager
def open_prefetcher(configuration: Configuration, session: ReviewSession) -> Iterator[Prefetcher]:
    """Open what holds documents for a person, with all that reads and compares pages."""
    reader = open_reader(configuration.settings, INPUT_SIZE, AHEAD)
    gate, path_of = RenderGate(), session.service.path_of
    pictures = PagePreviews(reader, path_of, gate)
    examples = partial(latest_examples, session.service.store, session.service.card.name)
    neighbours = SimilarDocuments(
        partial(open_embedder, configuration), reader, path_of, gate, examples
    )
    words = DocumentWords(partial(open_words_judge, configuration), reader, path_of, gate)
    try:
        yield Prefetcher(session, pictures, neighbours, gate, words=words)
    finally:
        pictures.close()
        neighbours.close()
        words.close()
