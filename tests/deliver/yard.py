"""A workspace to move documents in, on one mount or two, that can be copied and crashed."""

import errno
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from docsorter.clock import ManualClock
from docsorter.deliver.mover import Mover
from docsorter.deliver.sidecar import sidecar_text
from docsorter.deliver.transfer import OWN_PREFIX
from docsorter.documents import (
    Document,
    Move,
    Place,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.filesystem import Disk
from docsorter.settings import Settings
from docsorter.store import Arrival, Destination, Store, open_store

SCAN = b"%PDF-1.7 a scanned sheet of paper\n" * 40
URL = "sqlite:///docsorter.db"
SURE = Verdict(VerdictKind.SORT, Reason(ReasonCode.SURE, "sure: invoice 0.99"), "invoice", 0.99)
UNSURE = Verdict(VerdictKind.REVIEW, Reason(ReasonCode.UNSURE, "unsure: 0.5"), "invoice", 0.5)


class Crash(BaseException):
    """The power goes, as far as one process can tell."""


class TwoMounts(Disk):
    """Refuses to rename between the two halves of a yard, as the kernel does between mounts."""

    def _rename_flag(self, source: Path, target: Path) -> int:
        return errno.EXDEV if _is_far(source, target) else super()._rename_flag(source, target)

    def rename(self, source: Path, target: Path) -> None:
        if _is_far(source, target):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
        super().rename(source, target)


class NoExclusiveRename(TwoMounts):
    """Besides, a file system like NFS: hard links, but no RENAME_NOREPLACE."""

    def _rename_flag(self, source: Path, target: Path) -> int:
        return errno.EXDEV if _is_far(source, target) else errno.EINVAL


class NoLinks(NoExclusiveRename):
    """Besides, a file system like exFAT: neither."""

    def link(self, source: Path, target: Path) -> bool:
        del source, target
        return False


def _is_far(source: Path, target: Path) -> bool:
    return _half(source) != _half(target)


def _half(path: Path) -> str:
    return next(part for part in path.parts if part in {"near", "far"})


def nothing(_: str) -> None:
    """Let every step pass."""


@dataclass
class Yard:
    """A workspace whose inbox and sorted root may be on another mount than the rest.

    Attributes:
        base: Folder with the state, spool, review and rejected roots.
        far: Folder with the inbox and the sorted root.
        settings: Of the workspace.
        disk: What the movers get.
        clock: Stands still.
    """

    base: Path
    far: Path
    settings: Settings = field(default_factory=Settings)
    disk: Disk = field(default_factory=Disk)
    clock: ManualClock = field(default_factory=ManualClock)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(URL, clock=self.clock, state_dir=self.base)

    @property
    def roots(self) -> Mapping[Place, Path]:
        far = {Place.INBOX, Place.SORTED}
        return {place: (self.far if place in far else self.base) / place.value for place in Place}

    def mover(self, at: Callable[[str], None] = nothing) -> Mover:
        return Mover(self.store, self.disk, self.roots, self.settings, self.clock, at=at)

    def copy(self, base: Path, far: Path) -> "Yard":
        """Return a second yard in the same condition; the first one is closed."""
        self.store.close()
        shutil.copytree(self.base, base, symlinks=True)
        if self.far != self.base:
            shutil.copytree(self.far, far, symlinks=True)
        return Yard(base, far, self.settings, self.disk, self.clock)

    def drop(self, name: str = "scan.pdf", content: bytes = SCAN) -> Path:
        path = self.roots[Place.INBOX] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def plan_claim(self, path: Path) -> Move:
        relative = path.relative_to(self.roots[Place.INBOX])
        source = "" if relative.parent == Path() else relative.parent.as_posix()
        status = path.lstat()
        arrival = Arrival(
            path.name, source, relative.as_posix(), status.st_size, status.st_mtime_ns
        )
        return self.store.documents.plan_claim(arrival, actor="daemon")[1]

    def claimed(self, name: str = "scan.pdf", content: bytes = SCAN) -> Document:
        """Return a document in the spool, hashed."""
        document = self.mover().complete(self.plan_claim(self.drop(name, content)), actor="daemon")
        path = self.where(document)
        status = path.stat()
        return self.store.documents.set_hash(
            document.id,
            sha256=self.disk.sha256(path),
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
        )

    def plan_sort(self, document: Document, path: str = "invoice/2026/scan.pdf") -> Move:
        destination = Destination(Place.SORTED, path, State.SORTED, self.sidecar(document, SURE))
        return self.store.moves.decide_and_plan(document.id, SURE, destination)

    def plan_review(self, document: Document, path: str = "scan.pdf") -> Move:
        destination = Destination(Place.REVIEW, path, State.REVIEW, self.sidecar(document, UNSURE))
        return self.store.moves.decide_and_plan(document.id, UNSURE, destination)

    def in_review(self, path: str = "scan.pdf") -> Document:
        return self.mover().complete(self.plan_review(self.claimed(), path), actor="daemon")

    def plan_answer(self, document: Document, path: str = "claim/2026/scan.pdf") -> Move:
        destination = Destination(Place.SORTED, path, State.SORTED, self.sidecar(document, SURE))
        entry = self.store.review.entry_for_document(document.id)
        return self.store.review.plan_answer(
            entry.id, destination, label="claim", token=None, reviewer="ada", uid=1000
        )[1]

    def plan_undo(self, document: Document, path: str = "scan.pdf") -> Move:
        destination = Destination(Place.REVIEW, path, State.REVIEW, self.sidecar(document, UNSURE))
        return self.store.review.undo_answer(document.id, destination, reviewer="ada", uid=1000)[1]

    def sidecar(self, document: Document, verdict: Verdict) -> str | None:
        return sidecar_text(document, verdict, None) if self.settings.deliver.sidecar else None

    def where(self, document: Document) -> Path:
        return self.roots[document.place] / document.path

    def files(self) -> dict[Path, bytes]:
        """Return everything that lies in the roots, except the lock file and what starts empty."""
        return {
            path: path.read_bytes()
            for root in self.roots.values()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.name != ".moves.lock"
        }

    def finals(self) -> dict[Path, bytes]:
        """Return the files under final names."""
        hidden = (OWN_PREFIX, "claim-")
        return {p: data for p, data in self.files().items() if not p.name.startswith(hidden)}

    def owner(self, sidecar: Path) -> int:
        number = json.loads(sidecar.read_bytes())["id"]
        assert isinstance(number, int)
        return number
