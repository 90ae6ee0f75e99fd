"""history: what happened."""

import datetime as dt
from typing import Annotated

import typer

from docsorter.cli.context import AsJson, acts
from docsorter.cli.output import guess, print_json, print_table, say, when
from docsorter.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog="Example: docsorter history --label invoice --since 2026-11-01")(history)


def history(
    ctx: typer.Context,
    state: Annotated[str, typer.Option(help="Only sorted, review, rejected, ...")] = "",
    label: Annotated[str, typer.Option(help="Only with this label.")] = "",
    since: Annotated[
        dt.datetime | None, typer.Option(help="Arrived since then.", formats=["%Y-%m-%d"])
    ] = None,
    text: Annotated[str, typer.Option(help="Only with this in the file name.")] = "",
    before: Annotated[int | None, typer.Option(help="Only older than this document.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List documents, the newest first."""
    from docsorter.documents import State
    from docsorter.store import DocumentFilter

    try:
        wanted_state = State(state) if state else None
    except ValueError as error:
        known = ", ".join(State)
        raise UsageError(f"--state {state!r} is not known", remedy=f"one of: {known}") from error
    wanted = DocumentFilter(
        state=wanted_state,
        label=label or None,
        since=since.astimezone(dt.UTC) if since else None,
        text=text,
    )
    with acts(ctx) as workspace:
        documents = workspace.store.documents(wanted, limit=limit, before_id=before)
    if as_json:
        print_json(documents)
        return
    print_table(
        (">id", "arrived", "file", "state", "label", ">sure"),
        (
            (
                document.id,
                when(document.arrived_at),
                document.name,
                document.state,
                *guess(document.verdict),
            )
            for document in documents
        ),
        empty="no such documents",
    )
    if len(documents) == limit:
        say(f"older ones: docsorter history --before {documents[-1].id}")
