"""One move as paths on this machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from docsorter.deliver.folders import locate
from docsorter.deliver.names import safe_name
from docsorter.deliver.sidecar import sidecar_path
from docsorter.documents import Document, Move, Place

PRIVATE = ".docsorter"
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
