"""Who may act on a review entry: its holder, or anybody when nobody holds it."""

import datetime as dt

from docsorter.errors import ConflictError
from docsorter.store.tables import EntryRow


def check_lease(row: EntryRow, token: str | None, owner: str, now: dt.datetime) -> None:
    """Let the holder of an entry act on it, or anybody when nobody holds it.

    A token stays good after its time as long as nobody else took the entry: an answer is too
    dear to be thrown away.

    Raises:
        ConflictError: It was answered, or somebody else holds it.
    """
    refuse_answered(row)
    if token is None:
        refuse_held(row, owner, now)
    else:
        refuse_other_token(row, token)


def refuse_answered(row: EntryRow) -> None:
    """Refuse an entry that is closed."""
    if row.closed_at is not None:
        raise ConflictError(
            f"document {row.document_id} does not wait for a person any more",
            remedy=f"docsorter explain {row.document_id} shows what happened",
        )


def refuse_held(row: EntryRow, owner: str, now: dt.datetime) -> None:
    """Refuse an entry that somebody else holds just now."""
    expires = row.lease_expires_at
    if expires is not None and expires > now and row.lease_owner != owner:
        raise ConflictError(
            f"{row.lease_owner} is looking at document {row.document_id}",
            remedy=f"take another one, or wait until {expires:%H:%M:%S} UTC",
        )


def refuse_other_token(row: EntryRow, token: str) -> None:
    """Refuse a token that is not that of the entry's last lease."""
    if row.lease_token != token:
        raise ConflictError(
            f"the lease of document {row.document_id} ran out and somebody else may have it",
            remedy="ask for the entry again",
        )
