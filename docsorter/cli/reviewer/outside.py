"""Opening a document in another program; one that is judged blind under its own name alone."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from docsorter.cli.reviewer.viewer import Viewer
from docsorter.deliver.names import safe_name
from docsorter.documents import Document


class Outside:
    """Hands files to the system's viewer.

    Args:
        viewer: Opens a file.
        path_of: Where the bytes of a document are.
    """

    def __init__(self, viewer: Viewer, path_of: Callable[[Document], Path]) -> None:
        self._viewer = viewer
        self._path_of = path_of
        self._copies: Path | None = None

    def open(self, document: Document, *, blind: bool) -> str:
        """Open a document; returns what to say of it.

        A sorted document lies in the folder of its label, and viewers show the path: one that is
        judged blind is opened as a private copy, which goes with the screen.

        Raises:
            DocsorterError: No viewer is there.
            OSError: The file cannot be read.
        """
        path = self._path_of(document)
        if not blind:
            self._viewer(path)
            return f"opened {path}"
        if self._copies is None:
            self._copies = Path(tempfile.mkdtemp(prefix="docsorter-"))
        copy = self._copies / safe_name(f"{document.id}-{document.name}")
        if not copy.exists():
            shutil.copyfile(path, copy)
        self._viewer(copy)
        return f"opened a copy of {document.name}"

    def close(self) -> None:
        """Remove the copies."""
        if self._copies is not None:
            shutil.rmtree(self._copies, ignore_errors=True)
            self._copies = None
