"""What docsorter must not forget: documents, moves, review entries, answers and the log."""

from docsorter.store.evidence_words import (
    Check,
    Checked,
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
    Turn,
)

__all__ = [
    "Arrival",
    "Changes",
    "Check",
    "Checked",
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
    "Turn",
    "Why",
    "migrate",
    "open_store",
]
