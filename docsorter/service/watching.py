"""Keeps the watch on the inbox: mends it, notices what it misses, and tries for a better one."""

import logging

from docsorter.clock import Clock
from docsorter.intake.inbox import Inbox
from docsorter.intake.watch import EVENTS, FolderSource
from docsorter.service.log import LOGGER

_LOG = logging.getLogger(LOGGER)
_AGAIN_SECONDS = 60.0  # before a watch that fell short is set up anew


class Watching:
    """Supervises one intake source.

    Args:
        source: Tells when to look.
        inbox: Is told how often to look by itself, and knows which folders there are.
        clock: For the next try.
    """

    def __init__(self, source: FolderSource, inbox: Inbox, clock: Clock) -> None:
        self._source = source
        self._inbox = inbox
        self._clock = clock
        self._said = ""
        self._checked = inbox.last_rescan
        self._again_at = self._clock.monotonic() + _AGAIN_SECONDS
        self._take_over()

    def tick(self) -> None:
        """Do what is due.

        Raises:
            EnvironmentFaultError: The inbox cannot be opened.
        """
        if not self._source.healthy():
            _LOG.warning("the watcher stopped; starting it again")
            self._rebuild()
        elif self._source.worth_another_try and self._clock.monotonic() >= self._again_at:
            self._rebuild()
        if self._checked != self._inbox.last_rescan:
            self._checked = self._inbox.last_rescan
            if self._source.compare(self._inbox.folders):
                self._inbox.request_rescan()
            self._take_over()

    def _rebuild(self) -> None:
        self._again_at = self._clock.monotonic() + _AGAIN_SECONDS
        self._source.rebuild()
        self._inbox.request_rescan()
        self._take_over()

    def _take_over(self) -> None:
        self._inbox.interval = self._source.interval
        note = self._source.note
        if note and note != self._said:
            _LOG.warning("%s", note)
        elif self._said and not note and self._source.backend == EVENTS:
            _LOG.info("the inbox is watched completely again")
        self._said = note
