"""label: list labels, rename them, merge them, and take that back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import (
    AsJson,
    DryRun,
    Yes,
    group,
    label_names,
    review_service,
    reviewer,
)
from docsorter.cli.output import bar, confirm, documents, print_json, print_table, say, say_more
from docsorter.errors import DocsorterError, ExitCode

if TYPE_CHECKING:
    from docsorter.documents import Document
    from docsorter.service.review.labels import Labels, Relabelled
    from docsorter.service.review.session import BatchFailure
    from docsorter.store import LabelChange

app = group("List, rename and merge labels; their files move with them.")

_SHOWN = 30

Old = Annotated[
    str, typer.Argument(metavar="OLD", help="A label as it is now.", autocompletion=label_names)
]


@app.command("list", epilog="Example: docsorter label list --json")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the labels: documents sorted and waiting, policy, where they come from, and folder."""
    from docsorter.service.review.labels import Labels

    with review_service(ctx) as workspace:
        lines = Labels(workspace, actor="").listing()
    if as_json:
        print_json(lines)
        return
    print_table(
        ("label", ">sorted", ">waiting", "policy", "from", "folder"),
        (
            (
                line.label + (f" (was {', '.join(line.formerly)})" if line.formerly else ""),
                line.sorted,
                line.waiting,
                line.policy,
                "the model" if line.origin == "model" else "people",
                "/".join(Path(line.folder).parts[-2:]),
            )
            for line in lines
        ),
        empty="no labels",
    )


@app.command(epilog='Example: docsorter label rename claim "insurance claim" --dry-run')
def rename(
    ctx: typer.Context,
    old: Old,
    new: Annotated[str, typer.Argument(metavar="NEW", help="What it is called from now on.")],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Call a label something else; its files move, and models that say OLD mean NEW.

    Stopped in the middle, the same command goes on. What was moved or changed by hand is left.
    """
    _change(ctx, old, new, merge=False, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command(epilog="Example: docsorter label merge receipt invoice --dry-run")
def merge(
    ctx: typer.Context,
    old: Old,
    into: Annotated[
        str,
        typer.Argument(metavar="INTO", help="The label it becomes.", autocompletion=label_names),
    ],
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Let a label become another one that exists; its files move there.

    What is sorted alone stays as sure as before: the model still tells the two apart. Undo moves
    back just the documents that were moved.
    """
    _change(ctx, old, into, merge=True, dry_run=dry_run, yes=yes, as_json=as_json)


@app.command(epilog="Example: docsorter label undo --dry-run")
def undo(
    ctx: typer.Context, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Take the last rename or merge back; of a merge just the documents return that it moved."""
    import dataclasses

    from docsorter.service.review.labels import Labels

    name, _ = reviewer(ctx)
    with review_service(ctx) as workspace:
        labels = Labels(workspace, actor=name)
        change = labels.last()
        back = dataclasses.replace(change, undone_at=change.undone_at or workspace.now())
        ready, touched = _survey(labels, back)
        if dry_run or not as_json:
            _show(ready, touched, f"to be {change.old} again", dry_run=dry_run, as_json=as_json)
        if dry_run:
            raise typer.Exit(_exit_code(touched))
        confirm(f"take {change.old} out of {change.new} again?", yes=yes)
        done = _follow(labels, labels.take_back(change), len(ready))
    _summary(done, f"{change.old} is a label again", as_json=as_json)


def _change(
    ctx: typer.Context,
    old: str,
    new: str,
    *,
    merge: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from docsorter.service.review.labels import Labels
    from docsorter.store import LabelChange

    name, _ = reviewer(ctx)
    with review_service(ctx) as workspace:
        labels = Labels(workspace, actor=name)
        stopped = labels.check(old, new, merge=merge)
        planned = stopped or LabelChange(0, old, new, merge, workspace.now(), name)
        ready, touched = _survey(labels, planned)
        if dry_run or not as_json:
            _show(ready, touched, f"to be {new}", dry_run=dry_run, as_json=as_json)
        if dry_run:
            raise typer.Exit(_exit_code(touched))
        confirm(f"let {old} be {new} from now on?", yes=yes)
        done = _follow(labels, labels.begin(old, new, merge=merge), len(ready))
    _summary(done, f"{old} is {new} now", as_json=as_json)


def _survey(
    labels: "Labels", change: "LabelChange"
) -> tuple[list["Document"], list["BatchFailure"]]:
    """Tell documents that can follow a change from those that somebody touched."""
    from docsorter.service.review.session import BatchFailure

    ready, touched = [], []
    with bar("looking at the files") as progress:
        for number, document in enumerate(labels.documents(change), start=1):
            try:
                labels.refuse_touched(document)
            except DocsorterError as error:
                touched.append(BatchFailure(document.id, error))
            else:
                ready.append(document)
            progress(number)
    return ready, touched


def _follow(labels: "Labels", change: "LabelChange", total: int) -> "Relabelled":
    with bar("moving", total) as progress:
        return labels.follow(change, progress)


def _show(
    ready: Sequence["Document"],
    touched: Sequence["BatchFailure"],
    to: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    if as_json:
        print_json({"would_move": ready, "to": to, "left_alone": _left(touched)})
        return
    rows = ((document.id, document.name, document.path) for document in ready[:_SHOWN])
    print_table((">id", "file", "lies in"), rows, empty="no sorted document has that label")
    say_more(len(ready) - _SHOWN)
    if dry_run:
        _say_touched(touched)
    say(f"{documents(len(ready))} {to}")


def _summary(done: "Relabelled", what: str, *, as_json: bool) -> None:
    """Say what moved and what was left alone.

    Raises:
        typer.Exit: Always; with the code of the first that was left alone.
    """
    if as_json:
        print_json({"done": done.moved, "left_alone": _left(done.left)})
    else:
        _say_touched(done.left)
        say(f"{what}: {documents(len(done.moved))} moved")
        if done.left:
            say(f"{len(done.left)} left alone; mend that and say the same again")
        else:
            say("take it back with: docsorter label undo")
    raise typer.Exit(_exit_code(done.left))


def _left(touched: Sequence["BatchFailure"]) -> list[dict[str, object]]:
    return [{"document_id": each.document_id, "error": each.error.message} for each in touched]


def _say_touched(touched: Sequence["BatchFailure"]) -> None:
    for each in touched[:_SHOWN]:
        say(f"left alone: {each.error}")
    if len(touched) > _SHOWN:
        say(f"left alone: {len(touched) - _SHOWN} more")


def _exit_code(failed: Sequence["BatchFailure"]) -> ExitCode:
    return failed[0].error.exit_code if failed else ExitCode.OK
