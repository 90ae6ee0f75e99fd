"""review undo: one answer, several, or all of one gesture."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.asking import with_bar
from docsorter.cli.context import AsJson, acts, reviewer
from docsorter.cli.review_answering import report, summary
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.service.acts import Acts


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: docsorter review undo 7\n\ndocsorter review undo --batch   (the last one)"
    )(undo)


def undo(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="Numbers of documents; with --batch its name."),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="All answers of one gesture; without a name your last.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the last answer back; the file returns to the queue.

    docsorter undo takes back more: also what was sorted with no person, by time or by model.
    """
    from docsorter.service.bulk import for_each

    name, uid = reviewer(ctx)
    with acts(ctx) as workspace:
        numbers = _batch(workspace, what or [], name) if batch else _numbers(what or [])
        if len(numbers) == 1 and not batch:
            document = workspace.undo(numbers[0], reviewer=name, uid=uid)
            report(document, workspace.path_of(document), as_json=as_json)
            return
        gesture = with_bar(
            "taking back",
            len(numbers),
            lambda told: for_each(
                numbers,
                lambda number: workspace.undo(number, reviewer=name, uid=uid),
                progress=told,
            ),
        )
    summary(gesture, "taken back", as_json=as_json)


def _numbers(what: Sequence[str]) -> list[int]:
    if not what or not all(word.isascii() and word.isdecimal() for word in what):
        raise UsageError(
            "name the documents by their numbers", remedy="docsorter review undo 7 8, or --batch"
        )
    return [int(word) for word in what]


def _batch(workspace: "Acts", what: Sequence[str], name: str) -> list[int]:
    from docsorter.errors import NotFoundError

    if len(what) > 1:
        raise UsageError("name one batch", remedy="docsorter review undo --batch 5e3f...")
    batch = what[0] if what else workspace.store.last_batch(name)
    answers = workspace.store.answers_of_batch(batch) if batch else []
    if not answers:
        raise NotFoundError(
            f"no answer of batch {batch} stands" if batch else f"{name} answered nothing together",
            remedy="docsorter explain ID names the batch of an answer",
        )
    return [answer.document_id for answer in answers]
