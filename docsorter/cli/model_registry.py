"""Where the model commands find bundles."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from docsorter.cli.context import chosen, configuration
from docsorter.errors import WorkspaceError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.model.registry import InUse, ModelRegistry


def settings_or_defaults(ctx: typer.Context) -> "Configuration":
    """Return the settings of the workspace; the defaults where there is none and none was named.

    Raises:
        WorkspaceError: The workspace that was named is none.
        SettingsError: Its settings are wrong.
    """
    from docsorter.configuration import resolve

    try:
        return configuration(ctx)
    except WorkspaceError:
        if chosen(ctx).workspace is not None:  # it was asked for
            raise
        return resolve(Path.cwd(), chosen(ctx).flags)


def registry(ctx: typer.Context) -> tuple["ModelRegistry", "InUse"]:
    """Return the bundles of the workspace and the one in use; without a workspace the shipped.

    Raises:
        ModelError: The one in use is gone.
    """
    from docsorter.model.registry import ModelRegistry

    settings = settings_or_defaults(ctx)
    known = ModelRegistry(settings.state / "models")
    return known, known.in_use(settings.settings.model.bundle)
