"""Workspaces to be tortured: made once, copied for every try, and what was dropped into them."""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from docsorter.configuration import Configuration, load
from docsorter.documents import Place
from docsorter.service.workspace.layout import create, migrate_workspace

_MEMORY: Final = Path("/dev/shm")
_SETTINGS: Final = """\
[intake]
rest_seconds = 0.05
slow_rest_seconds = 5.0
rescan_seconds = 1.0
[promise]
starter_share = 1  # all are checked blind, none by chance, so that a run can be repeated
double = 0  # nor is anything asked again by chance
[store]
busy_seconds = 600  # a holder that has no processor is no failure
[model]
bundle = "starter"
threads = 1
[service]
workers = 2
min_free_mb = 0
log_level = "error"
"""
_PADDING: Final = b"a scanned sheet of paper\n" * 400


@dataclass(slots=True)
class Drops:
    """Everything that was ever dropped into an inbox.

    Attributes:
        digests: How often each content was dropped, by its SHA-256.
    """

    digests: Counter[str] = field(default_factory=Counter)

    def add(self, content: bytes) -> bytes:
        """Count one more drop."""
        self.digests[hashlib.sha256(content).hexdigest()] += 1
        return content

    def copy(self) -> "Drops":
        """Return a list of its own."""
        return Drops(self.digests.copy())

    @property
    def total(self) -> int:
        """Number of drops, each duplicate counted."""
        return self.digests.total()


@dataclass(frozen=True, slots=True)
class Scene:
    """A workspace and what was dropped into it.

    Attributes:
        workspace: Its folder.
        drops: Its drops.
    """

    workspace: Path
    drops: Drops

    @property
    def configuration(self) -> Configuration:
        """The settings of the workspace."""
        return load(self.workspace)

    def drop(self, name: str, content: bytes) -> None:
        """Put a file into the inbox, whole and flushed."""
        path = self.configuration.root(Place.INBOX) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(self.drops.add(content))

    def copy(self, workspace: Path) -> "Scene":
        """Return a second scene in the same condition; nothing may have the first one open."""
        first: dict[int, str] = {}

        def copy(source: str, target: str) -> None:
            inode = os.lstat(source).st_ino
            if inode in first:  # two names of one file stay that
                os.link(first[inode], target)
            else:
                first[inode] = target
                shutil.copy2(source, target, follow_symlinks=False)

        shutil.copytree(self.workspace, workspace, symlinks=True, copy_function=copy)
        return Scene(workspace, self.drops.copy())

    def remove(self) -> None:
        """Throw it away."""
        shutil.rmtree(self.workspace)


def paper(label: str, confidence: float, number: int, size: int = len(_PADDING)) -> bytes:
    """Return a document that the eye takes for `label`; different numbers are different bytes.

    Intake takes it for a PDF, so that one whose end is not written yet is left to rest.
    """
    head = f"{label} {confidence} sheet {number}\n%PDF-1.7\n"
    return head.encode() + _PADDING[:size] + b"\n%%EOF\n"


def make(workspace: Path) -> Scene:
    """Make an empty workspace with a migrated database."""
    configuration, _ = create(workspace)
    (workspace / "docsorter.toml").write_text(_SETTINGS)
    migrate_workspace(configuration)
    return Scene(workspace, Drops())


def fill(scene: Scene, numbers: Iterable[int] = range(1)) -> Scene:
    """Drop one document for each way that there is: sure, unsure, broken, again, the same name."""
    for number in numbers:
        first = paper("invoice", 0.99, number)
        scene.drop(f"{number}-sure.pdf", first)
        scene.drop(f"{number}-unsure.pdf", paper("claim", 0.5, number))
        scene.drop(f"{number}-broken.pdf", paper("nonsense", 0.0, number))
        scene.drop(f"desk/{number}-sure.pdf", paper("invoice", 0.98, number))
        scene.drop(f"desk/{number}-again.pdf", first)
    return scene


def fill_for_people(scene: Scene, count: int = 4) -> Scene:
    """Drop documents that a person has to look at, all of the same name."""
    for number in range(count):
        folder = f"desk-{number}/" if number else ""
        scene.drop(f"{folder}scan.pdf", paper("claim", 0.4 + number / 100, number))
    return scene


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Give a folder for a while, in memory when there is enough: flushing costs nothing there."""
    chosen = parent or (_MEMORY if os.access(_MEMORY, os.W_OK) else None)
    with TemporaryDirectory(prefix="docsorter-torture-", dir=chosen) as name:
        yield Path(name)
