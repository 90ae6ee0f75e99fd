"""How a command finds its workspace and opens what it needs."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.service.acts import Acts

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for machines.")]


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
    from docsorter.service.workspace import find

    given = chosen(ctx)
    named = directory or given.workspace
    return load(named if named is not None else find(Path.cwd()), given.flags)


def acts(ctx: typer.Context) -> "Acts":
    """Open the store of the chosen workspace with everything that moves a file."""
    from docsorter.service.acts import open_acts

    return open_acts(configuration(ctx))


def reviewer(ctx: typer.Context) -> tuple[str, int]:
    """Return the name of whoever types, and the number of their Unix account.

    Raises:
        UsageError: What they said they are called cannot be, or they have to say it.
    """
    from docsorter.service.desk.reviewer import Reviewer, name_of, who

    uid = os.getuid()
    shared = configuration(ctx).settings.review.shared_accounts
    found = who(Reviewer(name_of(uid), uid), chosen(ctx).name, shared)
    return found.name, found.uid
