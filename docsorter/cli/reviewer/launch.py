"""Puts the reviewer together: queue, pages, terminal."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Self

from textual.app import App

from docsorter.cli.output import printable
from docsorter.cli.reviewer.dialogs import RESERVED
from docsorter.cli.reviewer.drawing import Looks
from docsorter.cli.reviewer.plain import PlainReview, Voice
from docsorter.cli.reviewer.prefetch import Tray
from docsorter.cli.reviewer.screen import ReviewScreen
from docsorter.cli.reviewer.viewer import Viewer, system_viewer
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError, UsageError
from docsorter.review.items import QueueSource
from docsorter.service.review.service import Acts, open_acts
from docsorter.service.review.session import Patience, Reviewer, ReviewSession
from docsorter.store import ReviewFilter, ReviewOrder


class Keeper:
    """Calls something now and then, in a thread of its own, while a context is open.

    Args:
        act: What to call; must not raise.
        seconds: How often.
    """

    def __init__(self, act: Callable[[], None], seconds: float) -> None:
        self._act = act
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._act()


class ReviewApp(App[None]):
    """Runs the reviewer's screen.

    Args:
        tray: What lies ready.
        viewer: Opens a file outside.
        looks: How to draw.
    """

    TITLE = "docsorter review"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, tray: Tray, viewer: Viewer, looks: Looks) -> None:
        super().__init__()
        self.desk = ReviewScreen(tray, viewer, looks)

    def on_mount(self) -> None:
        """Show the screen."""
        self.push_screen(self.desk)


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
    with open_acts(configuration) as acts:
        session = session_of(configuration, acts, reviewer, order)
        session.narrow(wanted)
        session.offered()  # a model that cannot be read is said before the screen opens
        if plain:
            _plain(session)
        else:
            _full_screen(configuration, session)


def session_of(
    configuration: Configuration, acts: Acts, reviewer: Reviewer, order: ReviewOrder
) -> ReviewSession:
    """Return a sitting of a person before the queue of a workspace."""
    settings = configuration.settings.review
    source = QueueSource(
        acts.store,
        owner=reviewer.name,
        seconds=settings.lease_seconds,
        order=order,
        overdue=acts.overdue,
    )
    return ReviewSession(
        acts,
        source,
        reviewer=reviewer,
        patience=Patience(settings.lease_seconds, settings.skip_seconds),
        reserved=RESERVED,
    )


def _plain(session: ReviewSession) -> None:
    def say(text: str) -> None:
        print(printable(text), flush=True)  # noqa: T201

    reviewing = PlainReview(session, Voice(input, say), system_viewer)

    def renew() -> None:
        for item in reviewing.held():
            with suppress(DocsorterError):  # lost or not: the next answer says so
                session.renew(item)

    with Keeper(renew, session.patience.lease / _RENEWALS):
        reviewing.run()


def _full_screen(configuration: Configuration, session: ReviewSession) -> None:
    from docsorter.cli.reviewer.drawing import Drawing, Looks, choose

    colour = "NO_COLOR" not in os.environ  # before Textual takes it out of the environment
    drawing = choose(configuration.settings.review.pictures, colour=colour)
    if drawing in {Drawing.SIXEL, Drawing.KITTY}:
        import docsorter.cli.reviewer.graphics  # noqa: F401 -- asks the terminal, which Textual stops

    sys.setswitchinterval(_SWITCH_SECONDS)
    with open_tray(configuration, session) as tray:
        app = ReviewApp(tray, system_viewer, Looks(drawing, colour=colour))
        app.run()
    if app.return_code:
        raise UsageError(
            "the screen ended with a fault", remedy="docsorter review --plain works too"
        )


@contextmanager
def open_tray(configuration: Configuration, session: ReviewSession) -> "Iterator[Tray]":
    """Return what lies ready before a person, with all that reads and compares pages."""
    from docsorter.cli.reviewer.prefetch import AHEAD, Tray
    from docsorter.pages.reader import PageReader
    from docsorter.service.review.previews import Calm, Pictures
    from docsorter.service.review.similar import Neighbours, latest_examples, open_eye

    reader = PageReader(configuration.settings.pages, concurrency=AHEAD)
    calm, path_of = Calm(), session.acts.path_of
    pictures = Pictures(reader, path_of, calm)
    examples = partial(latest_examples, session.acts.store, session.acts.card.name)
    neighbours = Neighbours(partial(open_eye, configuration), reader, path_of, calm, examples)
    try:
        yield Tray(session, pictures, neighbours, calm)
    finally:
        pictures.close()
        neighbours.close()
