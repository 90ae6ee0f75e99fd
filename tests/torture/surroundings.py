"""File systems that cannot do everything, played by refusing system calls, and a record of them."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.torture.recording import Recorder
from tests.torture.supervisor import Answer, Call

_RENAMES: Final = frozenset({"rename", "renameat", "renameat2"})
_LINKS: Final = frozenset({"link", "linkat"})
_NOREPLACE: Final = 1


def _is_exclusive(call: Call) -> bool:
    return call.name == "renameat2" and bool(call.arguments[4] & _NOREPLACE)


def _no_noreplace(workspace: str, call: Call) -> int:
    """A file system like NFS: hard links, but no RENAME_NOREPLACE."""
    del workspace
    return errno.EINVAL if _is_exclusive(call) else 0


def _no_links(workspace: str, call: Call) -> int:
    """A file system like exFAT: neither."""
    return errno.EPERM if call.name in _LINKS else _no_noreplace(workspace, call)


def _two_mounts(workspace: str, call: Call) -> int:
    """Inbox and sorted documents on another mount than the state."""
    if call.name not in _RENAMES | _LINKS:
        return 0
    first, second = (_is_far(workspace, path) for path in call.paths)
    return errno.EXDEV if first != second else 0


def _worst(workspace: str, call: Call) -> int:
    """Two mounts, neither of which can do anything."""
    return _two_mounts(workspace, call) or _no_links(workspace, call)


def _is_far(workspace: str, path: str) -> bool:
    return path.startswith((f"{workspace}/inbox", f"{workspace}/sorted"))


def _everything(workspace: str, call: Call) -> int:
    del workspace, call
    return 0


REFUSALS: Final[dict[str, Callable[[str, Call], int]]] = {
    "": _everything,
    "two mounts": _two_mounts,
    "no exclusive rename": _no_noreplace,
    "no hard links": _no_links,
    "two mounts, no hard links": _worst,
}
"""What the kernel refuses, by the name of the surroundings."""


@contextmanager
def answering(name: str, workspace: str, record: str) -> Iterator[Answer]:
    """Give what answers for the kernel; calls that are let through are recorded if asked.

    Args:
        name: One of `REFUSALS`.
        workspace: Folder that is watched.
        record: File for the record, "" for none.
    """
    refuse = partial(REFUSALS[name], os.path.abspath(workspace))  # noqa: PTH100 -- no links
    if not record:
        yield refuse
        return
    with Recorder(Path(record)) as recorder:

        def answer(call: Call) -> int:
            refusal = refuse(call)
            if not refusal:
                recorder.note(call)
            return refusal

        yield answer
