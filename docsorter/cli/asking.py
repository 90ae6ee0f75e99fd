"""Questions before a command does something to many documents."""

import sys

import typer

from docsorter.errors import UsageError


def confirm(question: str, *, yes: bool) -> None:
    """Ask before going on.

    Args:
        question: To be answered with y or n.
        yes: It was answered on the command line.

    Raises:
        UsageError: Nobody can be asked here.
        typer.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="say --yes if you are sure")
    typer.confirm(question, abort=True)
