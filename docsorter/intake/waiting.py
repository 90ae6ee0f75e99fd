"""What waits in the inbox and why, for `status`."""

from dataclasses import dataclass

from docsorter.documents import Reason


@dataclass(frozen=True, slots=True)
class BusyFile:
    """A file that could not be opened or claimed.

    Attributes:
        path: Relative to the inbox.
        reason: Why.
        attempts: Tries so far.
        next_try_in: Seconds until the next one.
    """

    path: str
    reason: Reason
    attempts: int
    next_try_in: float


@dataclass(frozen=True, slots=True)
class WaitingSummary:
    """What waits in the inbox, for `status`.

    Attributes:
        count: All files that wait.
        empty: Of those, the ones of zero bytes; they wait until something is written.
        oldest_seconds: How long the longest has waited; None when nothing waits.
        busy_count: Files that wait for another try.
        busy: The first of them by path, 20 at most.
    """

    count: int
    empty: int
    oldest_seconds: float | None
    busy_count: int
    busy: tuple[BusyFile, ...]
