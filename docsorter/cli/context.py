"""How a command finds its workspace and opens what it needs."""

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.service.acts import Acts

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for machines.")]


def configuration(ctx: typer.Context, directory: Path | None = None) -> "Configuration":
    """Load the settings of the workspace that was named, or that the current folder is in.

    Raises:
        WorkspaceError: There is none.
        SettingsError: Its settings are wrong.
    """
    from docsorter.configuration import load
    from docsorter.service.workspace import find

    chosen = directory or ctx.find_root().obj
    return load(chosen if chosen is not None else find(Path.cwd()))


def acts(ctx: typer.Context) -> "Acts":
    """Open the store of the chosen workspace with everything that moves a file."""
    from docsorter.service.acts import open_acts

    return open_acts(configuration(ctx))


def reviewer() -> tuple[str, int]:
    """Return the Unix name and number of whoever types."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name, uid
    except KeyError:  # a container user without a passwd entry
        return f"uid-{uid}", uid
