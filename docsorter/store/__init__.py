"""What docsorter must not forget: documents, moves, review entries, answers and the log."""

from docsorter.store.evidence_words import (
    Check,
    Checked,
    Correction,
    Draw,
    Evidence,
    PromiseMove,
    Tally,
    Why,
)
from docsorter.store.migration import migrate
from docsorter.store.store import Store, open_store
from docsorter.store.words import (
    Arrival,
    Changes,
    Counts,
    Destination,
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
    "Check",
    "Checked",
    "Correction",
    "Counts",
    "Destination",
    "DocumentFilter",
    "Draw",
    "Evidence",
    "Findings",
    "Lease",
    "PromiseMove",
    "ReviewFilter",
    "ReviewOrder",
    "ReviewStats",
    "Store",
    "Tally",
    "Why",
    "migrate",
    "open_store",
]
