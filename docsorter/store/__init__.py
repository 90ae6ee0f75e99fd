"""What docsorter must not forget: documents, moves, review entries, answers and the log."""

from docsorter.store.migration import migrate
from docsorter.store.store import Store, open_store
from docsorter.store.words import (
    Arrival,
    Changes,
    Counts,
    Destination,
    Digest,
    DocumentFilter,
    Findings,
    Lease,
    ReviewFilter,
    ReviewOrder,
    ReviewStats,
)

__all__ = [
    "Arrival",
    "Changes",
    "Counts",
    "Destination",
    "Digest",
    "DocumentFilter",
    "Findings",
    "Lease",
    "ReviewFilter",
    "ReviewOrder",
    "ReviewStats",
    "Store",
    "migrate",
    "open_store",
]
