"""An inotify watcher that hears arrivals only, so that departures cannot hold them up.

watchdog keeps every "moved away" event back for half a second, to pair it with the "moved here"
that may follow, and everything behind it in its queue waits as well. Each claim is such an event:
without this, a scan that is dropped right after another one was claimed wakes nobody for as long.
"""

from watchdog.observers.api import DEFAULT_OBSERVER_TIMEOUT
from watchdog.observers.inotify import InotifyEmitter, InotifyObserver

_IN_MOVED_FROM = 0x40  # inotify(7)


class _ArrivalEmitter(InotifyEmitter):
    def get_event_mask_from_filter(self) -> int:  # type: ignore[override] # a NewType of int
        """Return the events to listen to, without files that leave."""
        return int(super().get_event_mask_from_filter()) & ~_IN_MOVED_FROM


class ArrivalObserver(InotifyObserver):
    """An `InotifyObserver` that is deaf to departures.

    A watchdog that keeps its emitter class elsewhere would only be slower, not wrong.
    """

    def __init__(self, *, timeout: float = DEFAULT_OBSERVER_TIMEOUT) -> None:
        super().__init__(timeout=timeout)
        self._emitter_class = _ArrivalEmitter
