"""service install, show, remove: the daemon under systemd."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from docsorter.cli.context import AsJson, configuration
from docsorter.cli.output import fields, print_json, say

app = typer.Typer(help="Run the daemon under systemd.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[
    str, typer.Option(help="Tells the units of several workspaces apart: docsorter-NAME.")
]
Root = Annotated[
    Path, typer.Option(metavar="PREFIX", help="Another root folder, e.g. of an image being built.")
]


@app.command(epilog="Example: sudo docsorter service install /srv/paper --user docsorter")
def install(
    ctx: typer.Context,
    directory: Annotated[Path | None, typer.Argument(metavar="DIR", help="The workspace.")] = None,
    user: Annotated[
        str, typer.Option(help="Unix user of the daemon; default: the owner of the state folder.")
    ] = "",
    group: Annotated[
        str, typer.Option(help="Its group; default: that of the reviewers, else the user's own.")
    ] = "",
    name: Name = "",
    root: Root = Path("/"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the unit.")] = False,
) -> None:
    """Write a unit for a workspace, enable it and start it; safe to repeat."""
    from docsorter.service.accounts import account, program
    from docsorter.service.installing import Installer
    from docsorter.service.units import render

    chosen = configuration(ctx, directory)
    installer = Installer(name, root)
    text = render(
        chosen,
        account(chosen, user, group),
        program(Path(sys.prefix)),
        [Path(sys.base_prefix), Path(__file__).resolve().parent],
    )
    if dry_run:
        typer.echo(text, nl=False)
        return
    for line in installer.install(text):
        say(line)


@app.command(epilog="Example: docsorter service show --json")
def show(name: Name = "", root: Root = Path("/"), as_json: AsJson = False) -> None:
    """Show which unit is installed, for which workspace, and whether it runs."""
    from docsorter.service.installing import Installer

    found = Installer(name, root).show()
    if as_json:
        print_json(found)
        return
    fields(
        (
            ("unit", found.unit),
            ("file", f"{found.path}{'' if found.unchanged else ', changed by hand'}"),
            ("workspace", found.workspace),
            ("state", f"{found.active}, {found.enabled}"),
        )
    )


@app.command(epilog="Example: sudo docsorter service remove")
def remove(name: Name = "", root: Root = Path("/")) -> None:
    """Stop and disable the unit and remove its file; no document is touched."""
    from docsorter.service.installing import Installer

    for line in Installer(name, root).remove():
        say(line)
