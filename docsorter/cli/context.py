"""How a command finds its workspace and its models and opens what it needs; shared options."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.errors import UsageError, WorkspaceError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.model.registry import InUse, ModelRegistry
    from docsorter.service.review.service import ReviewService

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for machines.")]
DocumentId = Annotated[int, typer.Argument(metavar="ID", help="Number of the document.", min=1)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def group(help_: str | None = None) -> typer.Typer:
    """Return a group of commands; one without a help of its own is joined to the group above."""
    # Plain help is ready in a tenth of a second.
    return typer.Typer(help=help_, no_args_is_help=True, rich_markup_mode=None)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the options of every command chose.

    Attributes:
        workspace: The workspace that was named, if one was.
        flags: Dotted setting name -> value.
        name: Who types, where they said so.
    """

    workspace: Path | None
    flags: dict[str, object]
    name: str | None = None


def chosen(ctx: typer.Context) -> Chosen:
    """Return what the options before the command chose; nothing for a group used on its own."""
    given = ctx.find_root().obj
    return given if isinstance(given, Chosen) else Chosen(None, {})


def flags_of(texts: list[str]) -> dict[str, object]:
    """Turn `intake.rest_seconds=5` into a name and a value, which is read as TOML or as text.

    Raises:
        UsageError: A text is not of that form.
    """
    flags: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or "." not in name:
            raise UsageError(
                f"--set {text!r} is not of the form NAME=VALUE",
                remedy="e.g. --set intake.rest_seconds=5; docsorter config show lists the names",
            )
        try:
            flags[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            flags[name.strip()] = value
    return flags


def configuration(ctx: typer.Context, directory: Path | None = None) -> "Configuration":
    """Load the settings of the workspace that was named, or that the current folder is in.

    Raises:
        WorkspaceError: There is none.
        SettingsError: Its settings are wrong.
    """
    from docsorter.configuration import load
    from docsorter.service.workspace.layout import find

    given = chosen(ctx)
    named = directory or given.workspace
    return load(named if named is not None else find(Path.cwd()), given.flags)


def review_service(ctx: typer.Context) -> "ReviewService":
    """Open the store of the chosen workspace with everything that moves a file."""
    from docsorter.service.review.service import open_review_service

    return open_review_service(configuration(ctx))


def reviewer(ctx: typer.Context) -> tuple[str, int]:
    """Return the name of whoever types, and the number of their Unix account.

    Raises:
        UsageError: What they said they are called cannot be, or they have to say it.
    """
    from docsorter.service.review.session import Reviewer, name_of, who

    uid = os.getuid()
    shared = configuration(ctx).settings.review.shared_accounts
    found = who(Reviewer(name_of(uid), uid), chosen(ctx).name, shared)
    return found.name, found.uid


def configuration_or_defaults(ctx: typer.Context) -> "Configuration":
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

    settings = configuration_or_defaults(ctx)
    known = ModelRegistry(settings.state / "models")
    return known, known.in_use(settings.settings.model.bundle)
