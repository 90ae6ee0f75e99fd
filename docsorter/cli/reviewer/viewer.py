"""Opens a file in whatever the person's desktop opens it with."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from docsorter.errors import DependencyError, EnvironmentFaultError

Viewer = Callable[[Path], None]
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
