"""init, config show, doctor."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from docsorter.cli.context import AsJson, configuration
from docsorter.cli.output import fields, print_json, print_table, say
from docsorter.errors import AlreadyRunningError, ExitCode

config_app = typer.Typer(help="Look at the settings.", no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: docsorter init ~/paper --group paperwork")(init)
    app.command(epilog="Example: docsorter doctor --json")(doctor)
    app.add_typer(config_app, name="config")


def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where; new or empty.")],
    group: Annotated[
        str, typer.Option(help="Unix group of the reviewers; they share state and review.")
    ] = "",
) -> None:
    """Make a workspace: an inbox, folders for the results, settings and a database."""
    from docsorter.documents import Place
    from docsorter.service.workspace.layout import create, migrate_workspace
    from docsorter.service.workspace.process import WorkspaceLock

    made, is_new = create(directory, group)
    with suppress(AlreadyRunningError), WorkspaceLock(made.state):
        migrate_workspace(made)  # a running daemon has done so already
    say(f"{'made' if is_new else 'completed'} the workspace {made.workspace}")
    fields((place.value, made.root(place)) for place in Place if place is not Place.SPOOL)
    say(f"next: docsorter run {directory}, then drop scans into {made.root(Place.INBOX)}")


@config_app.command("show", epilog="Example: docsorter -w ~/paper config show")
def config_show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show every setting with its value and where that came from."""
    from docsorter.configuration import listing

    rows = listing(configuration(ctx))
    if as_json:
        print_json({name: {"value": value, "origin": origin} for name, value, origin in rows})
        return
    print_table(("setting", "value", "from"), rows, empty="no settings")


def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check everything docsorter stands on; each finding comes with its remedy."""
    from docsorter.service.upkeep.doctor import Level, examine

    findings = examine(configuration(ctx))
    if as_json:
        print_json(findings)
    else:
        print_table(
            ("", "what", "finding"),
            ((finding.level.value, finding.subject, finding.text) for finding in findings),
            empty="nothing to check",
        )
        for finding in findings:
            if finding.remedy:
                say(f"{finding.subject}: {finding.remedy}")
    if any(finding.level is Level.BAD for finding in findings):
        raise typer.Exit(ExitCode.FAILED)
