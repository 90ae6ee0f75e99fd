"""Who sits before the queue, and how patient the queue is with them."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides.

    Attributes:
        name: Unix user name.
        uid: Unix user id.
    """

    name: str
    uid: int


@dataclasses.dataclass(frozen=True, slots=True)
class Patience:
    """How long things are held and put back, seconds.

    Attributes:
        lease: A document is held for so long, and longer while it is looked at.
        skip: A skipped document comes last for so long.
    """

    lease: float = 600.0
    skip: float = 3600.0
