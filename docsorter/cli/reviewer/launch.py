"""Puts the reviewer together: queue, pages, terminal."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from docsorter.cli.output import printable
from docsorter.cli.reviewer.keeper import Keeper
from docsorter.cli.reviewer.keys import RESERVED
from docsorter.cli.reviewer.plain import PlainReview, Voice
from docsorter.cli.reviewer.viewer import system_viewer
from docsorter.configuration import Configuration
from docsorter.errors import DocsorterError, UsageError
from docsorter.review.items import QueueSource
from docsorter.service.acts import Acts, open_acts
from docsorter.service.desk.reviewer import Patience, Reviewer
from docsorter.service.desk.session import ReviewSession
from docsorter.store import ReviewFilter, ReviewOrder

if TYPE_CHECKING:
    from docsorter.cli.reviewer.tray import Tray

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

    from docsorter.cli.reviewer.app import ReviewApp

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
    from docsorter.cli.reviewer.tray import AHEAD, Tray
    from docsorter.pages.reader import PageReader
    from docsorter.service.desk.calm import Calm
    from docsorter.service.desk.examples import latest_examples
    from docsorter.service.desk.neighbours import Neighbours, open_eye
    from docsorter.service.desk.pictures import Pictures

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
