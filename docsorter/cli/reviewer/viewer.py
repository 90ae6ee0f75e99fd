"""Opens a document in whatever program the person's desktop opens it with."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from docsorter.deliver.names import safe_name
from docsorter.documents import Document
from docsorter.errors import DependencyError, EnvironmentFaultError

OpenFile = Callable[[Path], None]
"""Shows a file outside of the terminal, and returns at once."""


def system_viewer(path: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Start xdg-open and do not wait for it.

    Raises:
        EnvironmentFaultError: There is no desktop here, as over SSH, or the file is gone.
        DependencyError: xdg-open is not installed.
    """
    if not path.is_file():
        raise EnvironmentFaultError(
            f"{path} is not there any more", remedy="put it back, or skip the document"
        )
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise EnvironmentFaultError(
            f"no desktop here to open a window on: {path}", remedy="zoom in with + instead"
        )
    program = shutil.which("xdg-open", path=environment.get("PATH"))
    if program is None:
        raise DependencyError(
            f"xdg-open is not installed; the file is {path}", remedy="apt install xdg-utils"
        )
    subprocess.Popen(
        [program, str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


class ExternalViewer:
    """Hands files to the system's viewer.

    Args:
        open_file: Opens a file.
        path_of: Where the bytes of a document are.
    """

    def __init__(self, open_file: OpenFile, path_of: Callable[[Document], Path]) -> None:
        self._open_file = open_file
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
            self._open_file(path)
            return f"opened {path}"
        if self._copies is None:
            self._copies = Path(tempfile.mkdtemp(prefix="docsorter-"))
        copy = self._copies / safe_name(f"{document.id}-{document.name}")
        if not copy.exists():
            shutil.copyfile(path, copy)
        self._open_file(copy)
        return f"opened a copy of {document.name}"

    def close(self) -> None:
        """Remove the copies."""
        if self._copies is not None:
            shutil.rmtree(self._copies, ignore_errors=True)
            self._copies = None
