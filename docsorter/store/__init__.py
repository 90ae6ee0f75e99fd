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
from docsorter.store.review_words import (
    Given,
    Lease,
    Manner,
    OpinionPair,
    ReviewFilter,
    ReviewOrder,
    ReviewStats,
    Turn,
)
from docsorter.store.store import Store, open_store
from docsorter.store.words import (
    BY_MACHINE,
    Arrival,
    Changes,
    Counts,
    Destination,
    Digest,
    DocumentFilter,
    Findings,
    TakeBack,
)

__all__ = [
    "BY_MACHINE",
    "Arrival",
    "Changes",
    "Check",
    "Checked",
    "Correction",
    "Counts",
    "Destination",
    "Digest",
    "DocumentFilter",
    "Draw",
    "Evidence",
    "Findings",
    "Given",
    "Lease",
    "Manner",
    "OpinionPair",
    "PromiseMove",
    "ReviewFilter",
    "ReviewOrder",
    "ReviewStats",
    "Store",
    "TakeBack",
    "Tally",
    "Turn",
    "Why",
    "migrate",
    "open_store",
]
