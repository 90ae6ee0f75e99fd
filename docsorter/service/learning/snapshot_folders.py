"""The snapshots of a workspace: a folder each, with its manifest and its documents."""

import json
import shutil
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from docsorter.disk import Disk
from docsorter.errors import StoreError
from docsorter.service.learning.manifest import Manifest

FILE: Final = "manifest.json"
DOCUMENTS: Final = "documents"
OPINIONS: Final = "said.json"
"""What models said of checked documents."""
_MODE: Final = 0o600


class Snapshots:
    """The snapshots of a workspace, each a private folder under `learning/` in the state folder.

    Args:
        state: The state folder.
        disk: Writes and removes files.
    """

    def __init__(self, state: Path, disk: Disk | None = None) -> None:
        self.root = state / "learning"
        self._models = state / "models"
        self._disk = disk or Disk()

    def folder(self, name: str) -> Path:
        """Return where a snapshot is, or would be."""
        return self.root / name

    def names(self) -> tuple[str, ...]:
        """Return the names of all snapshots, the oldest first."""
        if not self.root.is_dir():
            return ()
        found = [(self.read(path.parent.name), path.parent) for path in self.root.glob(f"*/{FILE}")]
        return tuple(
            path.name for manifest, path in sorted(found, key=lambda each: each[0].taken_at)
        )

    def begin(self, name: str) -> Path:
        """Make the folder of a snapshot, empty and private.

        Raises:
            OSError: What the system says.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.root.chmod(0o700)
        folder = self.folder(name)
        self.remove(name)
        (folder / DOCUMENTS).mkdir(mode=0o700, parents=True)
        folder.chmod(0o700)
        return folder

    def write(self, manifest: Manifest) -> None:
        """Write a manifest, whole or not at all; with it the snapshot is there.

        Raises:
            OSError: What the system says.
        """
        text = manifest.model_dump_json(indent=1) + "\n"
        self._disk.write_durably(self.folder(manifest.name) / FILE, text.encode(), _MODE)

    def read(self, name: str) -> Manifest:
        """Return the manifest of a snapshot.

        Raises:
            StoreError: It is missing or damaged.
        """
        path = self.folder(name) / FILE
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"the snapshot {name} is damaged: {path} is no manifest",
                remedy=f"remove {path.parent} and begin a new training",
            ) from error

    def remove(self, name: str) -> None:
        """Remove a snapshot with its documents."""
        folder = self.folder(name)
        if folder.is_dir():
            shutil.rmtree(folder)

    def drop_documents(self, name: str) -> None:
        """Remove the documents of a snapshot that nobody trains on any more; its list stays."""
        shutil.rmtree(self.folder(name) / DOCUMENTS, ignore_errors=True)

    def erase(self, document_id: int) -> tuple[Path, ...]:
        """Erase a document from every snapshot, and what shows its pages.

        A training that learns from it just now, or was interrupted, has to begin anew without it;
        the report with pictures of a model that learned from it is removed.

        Returns:
            The files and folders that are gone.

        Raises:
            OSError: A file cannot be removed.
        """
        removed = []
        for name in self.names():
            for path in sorted((self.folder(name) / DOCUMENTS).rglob(f"{document_id}.*")):
                if path.is_file():
                    self._disk.unlink(path)
                    removed.append(path)
            manifest = self.read(name)
            if document_id in manifest.documents:
                removed += self._erase_pages(name)
                self.write(_erased(manifest, document_id))
        for path in self.root.glob(f"*/{OPINIONS}"):
            self._erase_opinion(path, document_id)
        for path in sorted(self.root.glob(f"features/*/{document_id}.npy")):
            self._disk.unlink(path)
            removed.append(path)
        return tuple(removed)

    def _erase_opinion(self, path: Path, document_id: int) -> None:
        said = json.loads(path.read_bytes())
        if said["documents"].pop(str(document_id), None) is not None:
            self._disk.write_durably(path, json.dumps(said).encode(), _MODE)

    def _erase_pages(self, name: str) -> list[Path]:
        work = self._models / f".{name}.training"
        report = self._models / f"{name}-report.html"
        found = [path for path in (work, report) if path.exists()]
        if work in found:
            shutil.rmtree(work)
        if report in found:
            self._disk.unlink(report)
        return found


def _erased(manifest: Manifest, document_id: int) -> Manifest:
    return manifest.model_copy(
        update={
            "taught": tuple(one for one in manifest.taught if one.document != document_id),
            "left_out": tuple(one for one in manifest.left_out if one.document != document_id),
        }
    )


def next_name(taken: set[str]) -> str:
    """Return the next free name of a model that learned from answers: answers-1, answers-2, ..."""
    number = 1
    while f"answers-{number}" in taken:
        number += 1
    return f"answers-{number}"
