"""Notices that the settings were changed, says so once, and loads them when it is asked to."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from docsorter.configuration import FILE_NAME, Configuration
from docsorter.errors import DocsorterError, SettingsError
from docsorter.service.workspace.process import LOGGER

_LOG = logging.getLogger(LOGGER)
_Stamp = tuple[int, int, int]


class SettingsWatch:
    """Compares the settings that are in use with those that would be loaded now.

    A file that is merely saved again is no change. Nothing is put to use unasked: half of a change
    may be written yet.

    Args:
        configuration: What is in use.
        load: Reads the settings as they were read at the start, flags included.
    """

    def __init__(self, configuration: Configuration, load: Callable[[], Configuration]) -> None:
        self._used = configuration
        self._load = load
        self._file = configuration.workspace / FILE_NAME
        self._seen = _stamp(self._file)
        self.note = ""
        """What is to be said of settings that are not in use, "" when all are."""

    def tick(self) -> None:
        """Look at the file; costs one stat(2) while it is the same."""
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            is_new = self._load().settings != self._used.settings
        except (DocsorterError, OSError) as error:
            self._say(f"{FILE_NAME} was changed and is wrong, the settings before go on: {error}")
            return
        self._say(f"{FILE_NAME} was changed and is not in use yet; {_how()}" if is_new else "")

    def take(self) -> Configuration | None:
        """Return settings to be put to use now; None when they are wrong or nothing changed."""
        self._seen = _stamp(self._file)
        try:
            loaded = self._load()
            _refuse_other_state(self._used, loaded)
        except (DocsorterError, OSError) as error:
            self.refuse(error)
            return None
        if loaded.settings == self._used.settings:
            self.note = ""
            _LOG.info("nothing to reload: the settings are those in use")
            return None
        return loaded

    def refuse(self, error: DocsorterError | OSError) -> None:
        """Say that new settings are not used, and why."""
        self._say(f"the settings were not reloaded, those before go on: {error}")

    def _say(self, note: str) -> None:
        if note and note != self.note:
            _LOG.warning("%s", note)
        self.note = note


def _refuse_other_state(used: Configuration, loaded: Configuration) -> None:
    """Refuse what a running daemon cannot change: where its lock and its database are."""
    for name, before, now in (
        ("places.state", used.state, loaded.state),
        ("store.url", used.store_url, loaded.store_url),
    ):
        if before != now:
            raise SettingsError(
                f"{name} cannot be changed while docsorter runs", remedy="stop it and start again"
            )


def _how() -> str:
    return f"to reload: systemctl reload docsorter, or kill -HUP {os.getpid()}"


def _stamp(file: Path) -> _Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
