"""Why something happened to a document, as a closed list of codes with words."""

from dataclasses import dataclass
from enum import StrEnum


class VerdictKind(StrEnum):
    """What happens to a document."""

    SORT = "sort"
    REVIEW = "review"
    REJECT = "reject"


class ReasonCode(StrEnum):
    """The closed list of reasons; docs/reasons.md has the remedy of each."""

    # sorted because
    SURE = "sure"
    ANSWERED = "answered"
    # to a person because
    UNSURE = "unsure"
    UNLIKE_TRAINING = "unlike_training"
    PAGES_DISAGREE = "pages_disagree"
    LABEL_POLICY = "label_policy"
    RETIRED_LABEL = "retired_label"
    DUPLICATE = "duplicate"
    UNDONE = "undone"
    EARNING = "earning"
    PROBATION = "probation"
    REVIEWERS_DISAGREE = "reviewers_disagree"
    # refused because
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    ENCRYPTED = "encrypted"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    REJECTED_BY_PERSON = "rejected_by_person"
    # waits because
    CHANGED = "changed"
    BUSY = "busy"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    NO_PERMISSION = "no_permission"
    STORAGE_GONE = "storage_gone"
    MISSING = "missing"
    PROGRAM_MISSING = "program_missing"
    NO_RESOURCES = "no_resources"
    DATABASE = "database"
    INTERNAL = "internal"


REFUSED_FOR = frozenset(
    {
        ReasonCode.EMPTY,
        ReasonCode.UNSUPPORTED,
        ReasonCode.ENCRYPTED,
        ReasonCode.TRUNCATED,
        ReasonCode.DAMAGED,
        ReasonCode.TOO_LARGE,
        ReasonCode.TIME_LIMIT,
        ReasonCode.MEMORY_LIMIT,
        ReasonCode.DUPLICATE,
        ReasonCode.REJECTED_BY_PERSON,
    }
)
"""Why a document may be rejected, and nothing else."""
WAITS_FOR = frozenset(
    {
        ReasonCode.CHANGED,
        ReasonCode.BUSY,
        ReasonCode.DISK_FULL,
        ReasonCode.READ_ONLY,
        ReasonCode.NO_PERMISSION,
        ReasonCode.STORAGE_GONE,
        ReasonCode.MISSING,
        ReasonCode.PROGRAM_MISSING,
        ReasonCode.NO_RESOURCES,
        ReasonCode.DATABASE,
        ReasonCode.INTERNAL,
    }
)
"""Why a document or the whole daemon may wait, and nothing else."""
PATIENCE = frozenset({ReasonCode.CHANGED, ReasonCode.BUSY})
"""Waits that end without anybody doing anything."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code for machines and a sentence for people.

    Attributes:
        code: One of the closed list.
        text: One line in plain words, without the code, e.g. "unsure: claim 0.54, invoice 0.41".
    """

    code: ReasonCode
    text: str
