"""The folder that a training works in: one training at a time, resumable, gone when it is done.

It holds pages of the documents, so that nobody but its owner may enter it, and it does not outlive
the training.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from docsorter.documents import ReasonCode
from docsorter.errors import ConflictError, DocsorterError, EnvironmentFaultError, UsageError
from docsorter.filesystem import environment_reason
from docsorter.training.engine.request import Request

LEAST_ROOM: Final = 300_000_000
"""Bytes that must be free before anything begins: the bundle, its export and its reports."""

_PAGES: Final = 1_000_000  # bytes of a document: squares of its pages, features
_MAPS: Final = 450_000  # bytes of a page to tune on
_CHECKPOINTS: Final = 600_000_000  # bytes of weights and moments, three of them for a moment

_CLAIM: Final = "training.txt"
_LOCK: Final = "lock"


def require_place(request: Request) -> None:
    """Refuse a name that is taken, or a place that cannot hold the bundle.

    Raises:
        UsageError: The name is taken, or the place lies among the documents.
        EnvironmentFaultError: It cannot be written, or there is no room.
    """
    for path in (request.bundle, request.report):
        if path.exists():
            raise UsageError(
                f"there is already a {path.name} in {request.out}",
                remedy="choose another --name, or remove it first",
            )
    inside = request.folder.resolve() in (request.out.resolve(), *request.out.resolve().parents)
    if inside:
        raise UsageError(
            f"the bundle cannot go into the labelled documents: {request.out}",
            remedy="choose a folder outside with --out",
        )
    place = next(path for path in (request.out, *request.out.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise EnvironmentFaultError(
            f"the bundle cannot be written: {place} is no folder that may be written to",
            remedy="choose another folder with --out",
        )
    _require(request, place, LEAST_ROOM)


def require_room(request: Request, documents: int, *, maps: bool) -> None:
    """Refuse to begin what the disk cannot hold; what an earlier run left there counts as room.

    Args:
        request: What is to be trained.
        documents: How many there are to learn from.
        maps: Whether the upper blocks may be tuned, which keeps maps and checkpoints.

    Raises:
        EnvironmentFaultError: There is no room.
    """
    needed = LEAST_ROOM + _PAGES * documents
    if maps:
        needed += _CHECKPOINTS + _MAPS * documents * request.effort.views(documents)
    _require(request, request.work, needed)


def _require(request: Request, place: Path, needed: int) -> None:
    held = sum(path.lstat().st_size for path in request.work.rglob("*") if path.is_file())
    room = shutil.disk_usage(place).free + held
    if room < needed:
        raise EnvironmentFaultError(
            f"there is too little room for this training: {room / 1e6:,.0f} MB free at {place}, "
            f"{needed / 1e6:,.0f} MB needed",
            remedy="make room, or choose another folder with --out",
        )


@contextmanager
def work_folder(request: Request) -> Iterator[Path]:
    """Give the work folder; it stays after an interrupt or a full disk, and is gone when done.

    After input that no training is possible with it is gone too, unless it was there before.

    Raises:
        ConflictError: Another training of this name runs.
        EnvironmentFaultError: The disk is full, or cannot be written.
    """
    made_out, made_work = not request.out.exists(), not request.work.exists()
    folder = request.work
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / _LOCK).open("w") as lock:
            _lock(lock.fileno(), request)
            yield folder
    except OSError as error:
        reason = environment_reason(error)
        first = "make room" if reason.code is ReasonCode.DISK_FULL else "see to that"
        raise EnvironmentFaultError(
            f"the training of {request.name} stopped: {reason.text}",
            remedy=f"{first}, then start the same command again: it goes on where it was",
        ) from error
    except DocsorterError as error:
        if made_work and not isinstance(error, EnvironmentFaultError):
            _remove(request, made_out=made_out)
        raise
    else:
        _remove(request, made_out=False)


def claim(folder: Path, key: str) -> bool:
    """Bind the work folder to one training; what another one left there is removed.

    Returns:
        Whether the same training began here before.
    """
    file = folder / _CLAIM
    if file.is_file() and file.read_text(encoding="ascii", errors="replace").strip() == key:
        return True
    for path in folder.iterdir():
        if path.name in {_LOCK, "pages", "foreign", "features"}:  # these are kept by content
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    part = file.with_suffix(".part")
    part.write_text(key + "\n", encoding="ascii")
    part.replace(file)
    return False


def _lock(descriptor: int, request: Request) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConflictError(
            f"another training of {request.name} is running in {request.out}",
            remedy="wait for it, or choose another --name",
        ) from error


def _remove(request: Request, *, made_out: bool) -> None:
    shutil.rmtree(request.work, ignore_errors=True)
    if made_out:
        with contextlib.suppress(OSError):
            request.out.rmdir()
