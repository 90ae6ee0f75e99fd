"""The words of docsorter as frozen types; every room speaks them, none owns them.

A document travels inbox -> spool -> sorted | review | rejected. `State` says what is being waited
for, `Place` says where its bytes are; both are committed together in the store.
"""

from docsorter.documents.prediction import (
    Likeness,
    PagePrediction,
    PageSet,
    Prediction,
    RawOutput,
    SortEvidence,
    SortRule,
    Verdict,
)
from docsorter.documents.reasons import (
    PATIENCE,
    REFUSED_FOR,
    WAITS_FOR,
    Reason,
    ReasonCode,
    VerdictKind,
)
from docsorter.documents.records import (
    Answer,
    CheckOutcome,
    Document,
    Event,
    Move,
    MoveState,
    Place,
    Purpose,
    ReviewEntry,
    State,
)

__all__ = [
    "PATIENCE",
    "REFUSED_FOR",
    "WAITS_FOR",
    "Answer",
    "CheckOutcome",
    "Document",
    "Event",
    "Likeness",
    "Move",
    "MoveState",
    "PagePrediction",
    "PageSet",
    "Place",
    "Prediction",
    "Purpose",
    "RawOutput",
    "Reason",
    "ReasonCode",
    "ReviewEntry",
    "SortEvidence",
    "SortRule",
    "State",
    "Verdict",
    "VerdictKind",
]
