"""Who sits before the queue, and how patient the queue is with them."""

import dataclasses
import pwd
import re
from collections.abc import Callable, Collection
from typing import Final

from docsorter.errors import UsageError

_NAME: Final = re.compile(r"[^\W_][\w .@+-]{0,63}")
_MACHINES: Final = frozenset({"daemon", "machine", "docsorter"})
"""Names under which the log has what no person did."""

AccountOf = Callable[[str], int | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides.

    Attributes:
        name: What they are called: the Unix user name, or what they said with --as.
        uid: Unix user id, whatever they said.
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


def account_of(name: str) -> int | None:
    """Return the number of the Unix account of a name, None for none."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def name_of(uid: int) -> str:
    """Return the name of a Unix account; one without an entry, as in a container, is `uid-N`."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def who(
    account: Reviewer, said: str | None, shared: Collection[str], number_of: AccountOf = account_of
) -> Reviewer:
    """Return who decides at a Unix account.

    Args:
        account: The account, under its own name.
        said: The name that was given; None for none.
        shared: Accounts that several people use.
        number_of: Returns the number of the Unix account of a name.

    Raises:
        UsageError: The account is shared and nobody said who they are, or the name cannot be one,
            or it is that of another account, whose answers it would be mistaken for.
    """
    if said is None:
        if account.name in shared:
            raise UsageError(
                f"several people use the account {account.name}: say who you are",
                remedy="docsorter --as NAME before the command, or set DOCSORTER_REVIEWER",
            )
        return account
    if not _NAME.fullmatch(said) or said != said.strip(" ."):
        raise UsageError(
            f"{said!r} cannot be the name of a reviewer",
            remedy="use at most 64 letters, digits, spaces and . + - _ @, beginning with a letter",
        )
    if said.casefold() in _MACHINES or (said in shared and said == account.name):
        raise UsageError(f"{said} is no person", remedy="give your own name with --as")
    number = number_of(said)
    if number is not None and number != account.uid:
        raise UsageError(
            f"{said} is another Unix account: its answers are given from there",
            remedy=f"log in as {said}, or choose another name",
        )
    return Reviewer(said, account.uid)
