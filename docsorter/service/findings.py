"""What `verify` can find, as a closed list; docs/care.md says what each means and what mends it."""

from dataclasses import dataclass
from enum import StrEnum

from docsorter.documents import Place


class Trouble(StrEnum):
    """The closed list."""

    DATABASE = "database"
    COUNTERS = "counters"
    NAMES = "names"
    MISSING = "missing"
    CHANGED = "changed"
    NOT_A_FILE = "not_a_file"
    SIDECAR = "sidecar"
    LONELY_SIDECAR = "lonely_sidecar"
    UNKNOWN_FILE = "unknown_file"
    OPEN_MOVE = "open_move"
    ENTRY = "entry"
    FORGETTING = "forgetting"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        trouble: What kind.
        text: One line: what and where.
        document_id: Of which document; None for a file or for the database.
        place: Root of `path`.
        path: Path under it.
        repaired: What was done about it; "" while it stands.
        remedy: What a person can do, "" when `--repair` does it.
    """

    trouble: Trouble
    text: str
    document_id: int | None = None
    place: Place | None = None
    path: str = ""
    repaired: str = ""
    remedy: str = ""
