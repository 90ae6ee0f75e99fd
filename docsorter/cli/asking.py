"""Before and while a command does something to many documents: a question, and a bar."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from docsorter.cli.output import progress
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.service.bulk import Gesture


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


def with_bar(what: str, total: int, act: "Callable[[Callable[[int], None]], Gesture]") -> "Gesture":
    """Do something to many documents while a bar shows how far that is."""
    with progress() as bar:
        task = bar.add_task(what, total=total)
        return act(lambda done: bar.update(task, completed=done))
