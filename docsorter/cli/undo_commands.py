"""undo: take back what was sorted, by people or by the machine alone, one document or many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.asking import confirm
from docsorter.cli.context import AsJson, acts, configuration, reviewer
from docsorter.cli.output import documents, progress
from docsorter.cli.review_answering import DryRun, Yes
from docsorter.cli.review_figures import moment
from docsorter.cli.undo_showing import exit_code_of, show, summary
from docsorter.errors import ConflictError, DocsorterError, UsageError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.documents import Document
    from docsorter.service.acts import Acts
    from docsorter.service.bulk import Failed
    from docsorter.service.taking_back import TakingBack
    from docsorter.store import TakeBack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: docsorter undo 7 8\n\n"
        "docsorter undo --label claim --since 2d --by machine --dry-run\n\n"
        "docsorter undo --model letters-7 --since 2026-11-24 --decide-again letters-6"
    )(undo)


def undo(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID...] [MODEL]", help="Numbers; after --decide-again a model's name."
        ),
    ] = None,
    since: Annotated[
        str, typer.Option(help="Decided from then on: 2026-11-24, 2026-11-24T08:30, 12h, 2d.")
    ] = "",
    model: Annotated[str, typer.Option(help="Looked at by this model last.")] = "",
    label: Annotated[str, typer.Option(help="Sorted to this label.")] = "",
    by: Annotated[
        str, typer.Option(help="Answered by this person; machine: sorted with no person.")
    ] = "",
    decide_again: Annotated[
        bool,
        typer.Option(
            "--decide-again",
            help="Let the model in use, or the one named, decide them instead of people.",
        ),
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take back what was sorted: files return to the review folder, or are decided again.

    What was moved or changed by hand since is reported and left alone. Stopped in the middle, the
    same command goes on where it stopped.
    """
    from docsorter.service.bulk import new_batch
    from docsorter.service.taking_back import TakingBack

    chosen = configuration(ctx)
    numbers, other = _meant(what or [], decide_again=decide_again)
    if not (numbers or since or model or label or by):
        raise UsageError(
            "say which documents", remedy="docsorter undo ID, or --since, --model, --label, --by"
        )
    name, _ = reviewer(ctx)
    with acts(ctx) as workspace:
        wanted = _wanted(chosen, workspace, numbers, since, model, label, by)
        wanted = _with_spool(wanted, decide_again=decide_again)
        taking = TakingBack(workspace, actor=name, batch=new_batch())
        if not dry_run:
            taking.finish_interrupted()
        ready, touched = _survey(taking, wanted)
        if dry_run or not as_json:
            show(ready, touched, dry_run=dry_run, as_json=as_json, to=_to(other, decide_again))
        if dry_run or not ready:
            raise typer.Exit(exit_code_of(touched))
        confirm(f"take back {documents(len(ready))}?", yes=yes)
        numbers = [document.id for document in ready]
        if decide_again:
            done, failed = _again(chosen, workspace, taking, numbers, other)
        else:
            done, failed = _back(taking, numbers)
    summary(done, [*touched, *failed], as_json=as_json)


def _meant(what: Sequence[str], *, decide_again: bool) -> tuple[list[int], str]:
    numbers = [int(word) for word in what if word.isascii() and word.isdecimal()]
    names = [word for word in what if not (word.isascii() and word.isdecimal())]
    if len(names) > 1 or (names and not decide_again):
        raise UsageError(
            f"{names[-1]!r} is no number of a document",
            remedy="docsorter undo 7 8; --decide-again MODEL names a model",
        )
    return numbers, names[0] if names else ""


def _wanted(
    chosen: "Configuration",
    workspace: "Acts",
    numbers: Sequence[int],
    since: str,
    model: str,
    label: str,
    by: str,
) -> "TakeBack":
    from docsorter.service.deciding_again import name_on_predictions
    from docsorter.store import TakeBack

    return TakeBack(
        ids=tuple(numbers) or None,
        since=moment(since, workspace.now()) if since else None,
        model=name_on_predictions(chosen, model) if model else None,
        label=label or None,
        by=by,
    )


def _with_spool(wanted: "TakeBack", *, decide_again: bool) -> "TakeBack":
    import dataclasses

    return dataclasses.replace(wanted, in_spool=decide_again)


def _to(other: str, decide_again: bool) -> str:  # noqa: FBT001 -- one of two words
    if decide_again:
        return f"to be decided again by {other or 'the model in use'}"
    return "to go back to review"


def _survey(taking: "TakingBack", wanted: "TakeBack") -> tuple[list["Document"], list["Failed"]]:
    """Tell documents that can be taken back from those that somebody touched."""
    from docsorter.documents import State
    from docsorter.service.bulk import Failed

    ready, touched = [], []
    with progress() as bar:
        task = bar.add_task("looking at the files", total=None)
        for document in taking.chosen(wanted):
            try:
                if document.state is not State.SPOOLED:
                    taking.refuse_touched(document)
            except DocsorterError as error:
                touched.append(Failed(document.id, error))
            else:
                ready.append(document)
            bar.advance(task)
    found = {document.id for document in ready} | {each.document_id for each in touched}
    missing = (number for number in wanted.ids or () if number not in found)
    touched += [Failed(number, _not_sorted(number)) for number in missing]
    return ready, touched


def _not_sorted(number: int) -> ConflictError:
    return ConflictError(
        f"document {number} is not sorted, or not so", remedy=f"docsorter explain {number} says why"
    )


def _back(taking: "TakingBack", numbers: Sequence[int]) -> tuple[list["Document"], list["Failed"]]:
    from docsorter.service.bulk import for_each

    with progress() as bar:
        task = bar.add_task("taking back", total=len(numbers))
        gesture = for_each(
            numbers, taking.to_review, progress=lambda done: bar.update(task, completed=done)
        )
    return gesture.done, gesture.failed


def _again(
    chosen: "Configuration",
    workspace: "Acts",
    taking: "TakingBack",
    numbers: Sequence[int],
    other: str,
) -> tuple[list["Document"], list["Failed"]]:
    from docsorter.service.bulk import Failed
    from docsorter.service.deciding_again import deciding_again

    done: list[Document] = []
    failed: list[Failed] = []
    with deciding_again(chosen, workspace, taking, other) as again, progress() as bar:
        task = bar.add_task("deciding again", total=len(numbers))
        for outcome in again.decide_all(numbers):
            if isinstance(outcome, Failed):
                failed.append(outcome)
            else:
                done.append(outcome)
            bar.advance(task)
    return done, failed
