"""The `docsorter` command: its groups, its errors and its exit codes."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from docsorter import __version__
from docsorter.cli import (
    data,
    evaluate,
    explain,
    label,
    model,
    promise,
    review,
    sort,
    train,
    undo,
    upkeep,
)
from docsorter.cli import workspace as workspace_commands
from docsorter.cli.context import Chosen, flags_of, group
from docsorter.cli.output import print_error, wants_json
from docsorter.errors import DocsorterError, EnvironmentFaultError, ExitCode, UsageError

_EPILOG = """\b
Examples:
  docsorter demo                     see it work on the example scans
  docsorter init ~/paper             make a workspace
  docsorter run ~/paper              watch its inbox (Ctrl-C drains)
  docsorter review                   decide what waits, at the keyboard
  docsorter review answer 7 invoice  decide it from a script; the file moves
  docsorter explain 7                why document 7 is where it is
The workspace, --set and --as may stand before or after the command.
"""

app = group(
    "Sorts scanned documents by how they look, and asks a person when it is not sure.",
    name="docsorter",
    epilog=_EPILOG,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:  # noqa: FBT001 -- Typer calls it so
    if value:
        typer.echo(f"docsorter {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="DIR",
            envvar="DOCSORTER_WORKSPACE",
            help="The workspace; default: the one that the current folder is in.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Overrule a setting, e.g. intake.rest_seconds=5; may be repeated.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            envvar="DOCSORTER_REVIEWER",
            help="Who you are, where several people use one account.",
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Options of every command."""
    del version
    ctx.obj = Chosen(workspace, flags_of(settings or []), name or None)


# The order is that of `docsorter --help`.
for commands in (
    workspace_commands.app,
    sort.app,
    train.app,
    evaluate.app,
    explain.app,
    promise.drift_app,
    undo.app,
    promise.app,
    upkeep.app,
):
    app.add_typer(commands)
app.add_typer(workspace_commands.config_app, name="config")
app.add_typer(review.app, name="review")
app.add_typer(label.app, name="label")
app.add_typer(data.app, name="data")
app.add_typer(model.app, name="model")
app.add_typer(model.bench_app, name="bench")
app.add_typer(workspace_commands.service_app, name="service")


def _no_access(error: OSError) -> DocsorterError:
    """Return a fault of the environment: most often somebody is not in the reviewers' group."""
    from docsorter.filesystem import environment_reason

    return EnvironmentFaultError(
        environment_reason(error).text,
        remedy="if you should have access, ask to be added to the workspace's group",
    )


def _misused(error: TyperException) -> DocsorterError:
    """Return what is wrong with the command line, in our words."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "docsorter"
    return UsageError(error.format_message().rstrip("."), remedy=f"{path} --help")


def _run(program: typer.Typer, name: str) -> int:
    """Run a command line and return its exit code.

    Raises:
        DocsorterError: Anything a user can meet.
    """
    try:
        code = program(prog_name=name, standalone_mode=False)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help
            print(error.format_message(), file=sys.stderr)  # noqa: T201
            return ExitCode.USAGE
        raise _misused(error) from error
    except typer.Abort:
        raise DocsorterError("aborted") from None
    except BrokenPipeError:  # `docsorter history | head`
        sys.stderr.close()
        return ExitCode.OK
    except OSError as error:
        raise _no_access(error) from error
    return code if isinstance(code, int) else ExitCode.OK


def run_program(program: typer.Typer, name: str) -> int:
    """Run a command line; errors become one line and a tip, or a line of JSON.

    Args:
        program: Its commands.
        name: As it is typed.

    Returns:
        The exit code.
    """
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    try:
        return _run(program, name)
    except DocsorterError as error:
        print_error(error, as_json=wants_json(sys.argv[1:]))
        return error.exit_code


def main() -> None:
    """Run docsorter."""
    sys.exit(int(run_program(app, "docsorter")))
