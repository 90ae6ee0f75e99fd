"""Wakes the daemon when a model is promoted, so that it need not look for that again and again."""

from collections.abc import Callable

from docsorter.configuration import Configuration
from docsorter.errors import EnvironmentFaultError
from docsorter.intake.watch import EVENTS, FolderSource
from docsorter.model.promotion import PROMOTED


class PromotionWatch:
    """Listens to the models folder, where the file system tells of changes.

    Args:
        configuration: The workspace; a pinned model.bundle needs no watch.
        wake: Called from a thread of the watcher when something arrives in the folder.
    """

    def __init__(self, configuration: Configuration, wake: Callable[[], None]) -> None:
        settings = configuration.settings
        self._is_pinned = settings.model.bundle != PROMOTED
        self._source = FolderSource(
            configuration.state / "models",
            settings.intake.model_copy(update={"recursive": False}),
            wake,
        )

    def start(self) -> None:
        """Begin to listen; without a folder, or without events, somebody has to look."""
        if self._is_pinned:
            return
        try:
            self._source.start()
        except EnvironmentFaultError:
            self._source.stop()

    def tells(self) -> bool:
        """Say whether a promotion would wake the daemon by itself; costs one open(2)."""
        return self._is_pinned or (self._source.backend == EVENTS and self._source.healthy())

    def stop(self) -> None:
        """End; harmless when it was not started."""
        self._source.stop()
