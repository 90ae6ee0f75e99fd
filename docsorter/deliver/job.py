"""One move as paths on this machine, its named steps, and what can stop it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from docsorter.deliver.names import safe_name
from docsorter.deliver.permissions import locate
from docsorter.deliver.sidecar import sidecar_path
from docsorter.documents import Document, Move, Place, ReasonCode
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.filesystem import environment_reason

_REMEDIES = {
    ReasonCode.DISK_FULL: "free some space; it is tried again by itself",
    ReasonCode.READ_ONLY: "mount the file system for writing; it is tried again by itself",
    ReasonCode.NO_PERMISSION: "give the user of docsorter the permission; it is tried again",
    ReasonCode.BUSY: "it is tried again by itself",
}
_OTHERWISE = "check the disk or the share; it is tried again by itself"


class FileChangedError(ConflictError):
    """The bytes are not those that were seen; the document is where it was, untouched."""


class FileGoneError(ConflictError):
    """The document is neither where it was nor where it was to go."""


@contextmanager
def environment() -> Iterator[None]:
    """Turn an OSError into an EnvironmentFaultError that has it as its cause."""
    try:
        yield
    except OSError as error:
        reason = environment_reason(error)
        raise EnvironmentFaultError(
            reason.text, remedy=_REMEDIES.get(reason.code, _OTHERWISE)
        ) from error


Hook = Callable[[str], None]
"""Called with "STEP:before" and "STEP:after"."""


class FaultPoint(StrEnum):
    """The steps of a move, in the order in which they come."""

    CLAIM_PRIVATE = "claim-private"  # the inbox name becomes a private one in the inbox's mount
    FOLDER = "folder"  # the target folder is made
    SIDECAR_WRITTEN = "sidecar-written"  # whole, under a private name
    PERMISSIONS = "permissions"  # of the document, before it gets its final name
    COPY = "copy"  # whole and verified, under a private name in the target folder
    RECORD = "record"  # a note that a copy or a placeholder is about to get the final name
    RENAME = "rename"  # the atomic way to a final name
    LINK = "link"  # without RENAME_NOREPLACE
    PLACEHOLDER = "placeholder"  # without hard links
    REPLACE_PLACEHOLDER = "replace-placeholder"
    TARGET_SYNC = "target-sync"  # the final name is on the disk
    COLLISION_CLEARED = "collision-cleared"  # our sidecar at a name that turned out to be taken
    REPLAN = "replan"  # the store knows the new name
    SOURCE_REMOVED = "source-removed"
    OLD_SIDECAR_REMOVED = "old-sidecar-removed"
    RECORD_REMOVED = "record-removed"
    COMMIT = "commit"  # the store knows the new place


class PlanPoint(StrEnum):
    """The steps around a move: what is written down before it, and what gives it up."""

    CLAIM_PLANNED = "claim-planned"  # a complete file in the inbox has its number and its move
    VERDICT_PLANNED = "verdict-planned"  # digest and verdict, and the move that follows
    PUT_OFF = "put-off"  # the document waits, with its reason and its next try
    ANSWER_PLANNED = "answer-planned"  # what a person said, and the move that follows from it
    UNDO_PLANNED = "undo-planned"  # the answer does not stand any more, and the move back
    TAKEN_BACK = "taken-back"  # the bytes of a move that is given up are where they were
    ABANDONED = "abandoned"  # the store knows that it was given up
    RETURNED = "returned"  # a file whose claim nobody knows is in the inbox again


def ignore(_: str) -> None:
    """Do nothing; the hook outside of tests."""


class Steps:
    """Announces steps to a hook.

    Args:
        hook: Called before and after each step.
    """

    def __init__(self, hook: Hook = ignore) -> None:
        self._hook = hook

    @contextmanager
    def step(self, point: FaultPoint | PlanPoint) -> Iterator[None]:
        """Surround one step; the "after" call comes only when it succeeded."""
        self._hook(f"{point}:before")
        yield
        self._hook(f"{point}:after")


PRIVATE = ".docsorter"  # directory inside the inbox's own mount, for claims across mounts
"""Folder in the inbox, in its own mount, where claimed files wait for their copy."""

_CLAIM = "claim-"
_PRIVATE_BYTES = 200

OWN_PREFIX = ".docsorter-"
"""Every name that a move uses on its way begins with this and its number."""


@dataclass(frozen=True, slots=True)
class Job:
    """The paths that a move touches.

    Attributes:
        move: The move, as the store has it now.
        document: Whose bytes.
        origin: The name they had when the move was planned.
        private: The name they have in the inbox between claim and copy.
        target: The name they get.
        part: A copy on its way, in the target folder.
        sidecar: The sidecar's final name.
        sidecar_part: The sidecar on its way.
        record: Says that a copy or a placeholder may have the final name.
    """

    move: Move
    document: Document
    origin: Path
    private: Path
    target: Path
    part: Path
    sidecar: Path
    sidecar_part: Path
    record: Path

    @property
    def is_claim(self) -> bool:
        """Whether the bytes leave the inbox."""
        return self.move.from_place is Place.INBOX

    @property
    def source(self) -> Path:
        """The name the bytes have before they arrive."""
        return self.private if self.is_claim and os.path.lexists(self.private) else self.origin


def make_job(move: Move, document: Document, roots: Mapping[Place, Path]) -> Job:
    """Return the paths of a move.

    Raises:
        WorkspaceError: A path leaves its root.
    """
    target = locate(roots[move.to_place], move.to_path)
    own = f"{OWN_PREFIX}{move.id}"
    return Job(
        move=move,
        document=document,
        origin=locate(roots[move.from_place], move.from_path),
        private=private_path(roots[Place.INBOX], move),
        target=target,
        part=target.with_name(f"{own}.part"),
        sidecar=sidecar_path(target),
        sidecar_part=target.with_name(f"{own}.sidecar"),
        record=target.with_name(f"{own}.record"),
    )


def private_path(inbox: Path, move: Move) -> Path:
    """Return the private name of a claimed file inside the inbox's own mount.

    It ends in the name that the file came with, so that it can be given back without the store.
    """
    name = safe_name(PurePosixPath(move.from_path).name, _PRIVATE_BYTES)
    return inbox / PRIVATE / f"{_CLAIM}{move.id}-{name}"


def strays(inbox: Path) -> dict[Path, tuple[int, str]]:
    """Return the files under private names: path -> (number of the move, name it came with)."""
    found = {}
    for path in sorted((inbox / PRIVATE).glob(f"{_CLAIM}*")):
        number, _, name = path.name.removeprefix(_CLAIM).partition("-")
        if number.isdecimal() and name:
            found[path] = (int(number), name)
    return found
