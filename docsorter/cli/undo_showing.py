"""What `undo` shows: what is to be taken back, and what became of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from docsorter.cli.output import documents, print_json, print_table, say, when
from docsorter.errors import ExitCode

if TYPE_CHECKING:
    from docsorter.documents import Document
    from docsorter.service.bulk import Failed

_SHOWN = 30


def show(
    ready: Sequence["Document"],
    touched: Sequence["Failed"],
    *,
    dry_run: bool,
    as_json: bool,
    to: str,
) -> None:
    """Show what would be taken back, as a table or as JSON, and what is left alone."""
    if as_json:
        left = [{"document_id": f.document_id, "error": f.error.message} for f in touched]
        print_json({"would_move": ready, "to": to, "left_alone": left})
        return
    print_table(
        (">id", "file", "is", "by", "since"),
        (
            (
                document.id,
                document.name,
                (document.verdict and document.verdict.label) or document.state.value,
                document.answered_by or document.model or "machine",
                when(document.decided_at),
            )
            for document in ready[:_SHOWN]
        ),
        empty="nothing is to be taken back",
    )
    if len(ready) > _SHOWN:
        say(f"and {len(ready) - _SHOWN} more")
    if dry_run or not ready:
        _say_touched(touched)
    if ready:
        say(f"{documents(len(ready))} {to}")


def _say_touched(touched: Sequence["Failed"]) -> None:
    for each in touched[:_SHOWN]:
        say(f"left alone: {each.error}")
    if len(touched) > _SHOWN:
        say(f"left alone: {len(touched) - _SHOWN} more")


def summary(done: Sequence["Document"], failed: Sequence["Failed"], *, as_json: bool) -> None:
    """Say what was taken back and what was left alone.

    Raises:
        typer.Exit: Always; with the code of the first that was left alone.
    """
    if as_json:
        left = [{"document_id": f.document_id, "error": f.error.message} for f in failed]
        print_json({"done": done, "left_alone": left})
    else:
        _say_touched(failed)
        places: dict[str, int] = {}
        for document in done:
            places[document.state.value] = places.get(document.state.value, 0) + 1
        now = ", ".join(f"{number} {state}" for state, number in sorted(places.items()))
        say(f"{documents(len(done))} taken back{f', now {now}' if now else ''}")
        if failed:
            say(f"{len(failed)} left alone")
    raise typer.Exit(exit_code_of(failed))


def exit_code_of(failed: Sequence["Failed"]) -> ExitCode:
    """Return the exit code of the first document that was left alone, OK for none."""
    return failed[0].error.exit_code if failed else ExitCode.OK
