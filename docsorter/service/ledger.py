"""The list of forgotten documents beside the database: what a restored backup must forget again."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Final

from docsorter.disk import Disk

FILE_NAME: Final = "forgotten.jsonl"


def read_ledger(state: Path) -> list[tuple[int, dt.datetime]]:
    """Return number and arrival of every document in the list; damaged lines are left out."""
    found = []
    try:
        lines = (state / FILE_NAME).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    for line in lines:
        try:
            entry = json.loads(line)
            at = dt.datetime.fromisoformat(entry["arrived_at"])
            found.append((int(entry["id"]), at.astimezone(dt.UTC)))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def add_to_ledger(state: Path, document_id: int, arrived_at: dt.datetime, mode: int) -> None:
    """Add a document, durably; twice does no harm.

    Raises:
        OSError: The disk is full, or the state folder cannot be written to.
    """
    line = json.dumps({"id": document_id, "arrived_at": arrived_at.isoformat()}) + "\n"
    flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(state / FILE_NAME, flags, 0o600)
    try:
        if os.fstat(descriptor).st_uid == os.geteuid():
            os.fchmod(descriptor, mode)  # whatever the umask, colleagues may add to it
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    Disk().sync_directory(state)
