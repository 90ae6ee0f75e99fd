"""How a command finds its workspace and its models and opens what it needs; shared options."""

import copy
import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from docsorter.errors import DocsorterError, UsageError, WorkspaceError

if TYPE_CHECKING:
    # Typer's own bases, which it takes from Click in its older versions
    from typer._click.core import Context as AnyContext
    from typer._click.core import Parameter as AnyParameter
    from typer._click.formatting import HelpFormatter as AnyFormatter

    from docsorter.configuration import Configuration
    from docsorter.model.registry import InUse, ModelRegistry
    from docsorter.service.review.service import ReviewService

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for machines.")]
DocumentId = Annotated[int, typer.Argument(metavar="ID", help="Number of the document.", min=1)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


# What an option takes, where its declaration does not say; a text is called like its option.
_TAKES = {"<int>": "N", "<int range>": "N", "<float>": "SHARE", "<path>": "PATH"}


class _Command(TyperCommand):
    """A command that takes the options of the program too, with help in plain words."""

    def get_params(self, ctx: "AnyContext") -> "list[AnyParameter]":
        """Return its parameters, those of the program, and help."""
        return _with_options_of_the_program(ctx, super().get_params(ctx))

    def collect_usage_pieces(self, ctx: "AnyContext") -> list[str]:  # noqa: ARG002 -- Click's
        """Return what follows the command in its usage line."""
        return _usage(self.params)

    def format_options(self, ctx: "AnyContext", formatter: "AnyFormatter") -> None:
        """Write what the command takes."""
        _write_parameters(self.get_params(ctx), ctx, formatter)


class _CommandGroup(TyperGroup):
    """A group of such commands."""

    def get_params(self, ctx: "AnyContext") -> "list[AnyParameter]":
        """Return its parameters, those of the program, and help."""
        return _with_options_of_the_program(ctx, super().get_params(ctx))

    def format_options(self, ctx: "AnyContext", formatter: "AnyFormatter") -> None:
        """Write what the group takes, and its commands."""
        _write_parameters(self.get_params(ctx), ctx, formatter)
        self.format_commands(ctx, formatter)


def _with_options_of_the_program(
    ctx: "AnyContext", own: "list[AnyParameter]"
) -> "list[AnyParameter]":
    """Let a command take `-w`, `--set` and `--as` after it as well as before it."""
    if ctx.parent is None:
        return own
    of_the_program = ctx.find_root().command.params
    taken = [_taken_later(param) for param in of_the_program if param.name in _CHOICES]
    return [*own[:-1], *taken, own[-1]]  # help stays last


@lru_cache(maxsize=32)
def _taken_later(param: "AnyParameter") -> "AnyParameter":
    """Return an option of the program as a command takes it; the same object each time."""
    later = copy.copy(param)
    later.name = f"{param.name}_of_the_program"  # the command may have one of that name
    later.callback, later.expose_value, later.envvar = _CHOICES[param.name], False, None
    return later


def _choose_workspace(ctx: "AnyContext", _: object, value: Path | None) -> None:
    if value is not None:
        ctx.find_root().obj = dataclasses.replace(_chosen(ctx), workspace=value)


def _choose_settings(ctx: "AnyContext", _: object, value: list[str] | None) -> None:
    before = _chosen(ctx)
    flags = {**before.flags, **flags_of(value or [])}
    ctx.find_root().obj = dataclasses.replace(before, flags=flags)


def _choose_name(ctx: "AnyContext", _: object, value: str | None) -> None:
    if value is not None:
        ctx.find_root().obj = dataclasses.replace(_chosen(ctx), name=value or None)


# The options of the program that are taken after a command too: the later one wins, --set adds up.
_CHOICES: "dict[str, Callable[[AnyContext, AnyParameter, Any], None]]" = {
    "workspace": _choose_workspace,
    "settings": _choose_settings,
    "name": _choose_name,
}


def _usage(params: "Sequence[AnyParameter]") -> list[str]:
    pieces = ["[OPTIONS]"]
    for param in params:
        if isinstance(param, TyperArgument):
            name = param.metavar or param.name.upper()
            name = f"{name}..." if param.nargs != 1 and "..." not in name else name
            pieces.append(name if param.required or name.startswith("[") else f"[{name}]")
    return pieces


def _write_parameters(
    params: "Sequence[AnyParameter]", ctx: "AnyContext", formatter: "AnyFormatter"
) -> None:
    """Write names, what they take and what they mean; no type of Python's."""
    arguments, options = [], []
    for param in params:
        record = param.get_help_record(ctx)
        if record is None:
            continue
        names, meaning = record[0], _in_words(record[1])
        if isinstance(param, TyperArgument):
            arguments.append((param.metavar or param.name.upper(), meaning))
        elif isinstance(param, TyperOption) and not (param.is_flag or param.metavar):
            kind = param.display_type(ctx)
            choices = kind.strip("<>") if "|" in kind else ""
            takes = choices or _TAKES.get(kind, param.name.upper())
            options.append((f"{', '.join(param.opts)} {takes}", meaning))
        else:
            options.append((names, meaning))
    for title, rows in (("Arguments", arguments), ("Options", options)):
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def _in_words(meaning: str) -> str:
    """Write the range of a number in words."""
    meaning = re.sub(r"([\d.]+)<=x<=([\d.]+)", r"\1 to \2", meaning)
    return re.sub(r"x>=([\d.]+)", r"\1 or more", meaning)


class _Commands(typer.Typer):
    """A group of commands whose help is in plain words; plain help is also ready soonest."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 -- Typer's
        super().__init__(cls=_CommandGroup, rich_markup_mode=None, **options)

    def command(self, name: str | None = None, **options: Any) -> Any:  # noqa: ANN401 -- Typer's
        """Return what makes a function a command of the group."""
        return super().command(name, cls=_Command, **options)


def group(help_: str | None = None, **options: Any) -> typer.Typer:  # noqa: ANN401 -- Typer's
    """Return a group of commands; one without a help of its own is joined to the group above."""
    return _Commands(help=help_, **{"no_args_is_help": True, **options})


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
    """Return what the options of the program chose; nothing for a group used on its own."""
    return _chosen(ctx)


def _chosen(ctx: "AnyContext") -> Chosen:
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


def setting_names(incomplete: str) -> list[str]:
    """Return the names of settings that begin so, for the shell."""
    from docsorter.configuration import names

    return [name for name in names() if name.startswith(incomplete)]


def label_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the labels that begin so, for the shell; none where there is no workspace."""
    from docsorter.service.review.labels import Labels
    from docsorter.service.review.service import open_review_service

    named = ctx.find_root().params.get("workspace")
    try:
        chosen_here = configuration(ctx, None if named is None else Path(named))
        with open_review_service(chosen_here) as workspace:
            labels = [line.label for line in Labels(workspace, actor="").listing()]
    except DocsorterError:
        return []
    return [label for label in labels if label.casefold().startswith(incomplete.casefold())]


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
