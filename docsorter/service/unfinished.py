"""Which moves that others began are ours to finish."""

import datetime as dt

from docsorter.documents import Move
from docsorter.store import Store

_ORPHANED_AFTER = dt.timedelta(seconds=60)


def due_moves(store: Store, now: dt.datetime) -> list[Move]:
    """Return planned moves to take up: put off until now, or left by a process that was killed.

    A move of a live process is safe: the mover's locks let only one carry it out.
    """
    put_off = store.planned_moves(due_at=now)
    older = store.planned_moves(planned_before=now - _ORPHANED_AFTER)
    orphans = (move for move in older if store.document(move.document_id).next_try_at is None)
    return [*put_off, *orphans]
