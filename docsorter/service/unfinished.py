"""Which moves that others began are ours to finish, and how long anything may wait."""

import datetime as dt

from docsorter.clock import Clock
from docsorter.configuration import Configuration
from docsorter.documents import Move
from docsorter.store import Store

_LONGEST_RETRY = 600.0
_INTERRUPTED_AFTER = dt.timedelta(seconds=2)
_ORPHANED_AFTER = dt.timedelta(seconds=60)


def longest_wait(configuration: Configuration, clock: Clock) -> dt.datetime:
    """Return as late as anything that was put off just now could be due; hours, not days."""
    settings = configuration.settings
    seconds = max(
        _LONGEST_RETRY,
        settings.intake.slow_rest_seconds,
        settings.review.lease_seconds,
        settings.review.skip_seconds,
    )
    return clock.now() + dt.timedelta(seconds=seconds)


def due_moves(store: Store, now: dt.datetime, *, resuming: bool = False) -> list[Move]:
    """Return planned moves to take up: put off until now, or left by a process that was killed.

    Args:
        store: Knows the moves.
        now: The time.
        resuming: After a pause, what it interrupted is taken up at once.

    A move of a live process is safe: the mover's locks let only one carry it out.
    """
    before = now - (_INTERRUPTED_AFTER if resuming else _ORPHANED_AFTER)
    # A plan from the future is one from before the clock was set back.
    after = now + _ORPHANED_AFTER
    if not store.any_loose_move(due_at=now, planned_before=before, planned_after=after):
        return []
    put_off = store.planned_moves(due_at=now)
    older = store.planned_moves(planned_before=before)
    older += store.planned_moves(planned_after=after)
    orphans = (move for move in older if store.document(move.document_id).next_try_at is None)
    return [*put_off, *orphans]
