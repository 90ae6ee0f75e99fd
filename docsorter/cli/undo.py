"""undo: take back what was sorted, by people or by the machine alone, one document or many."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import (
    AsJson,
    DryRun,
    Yes,
    configuration,
    group,
    review_service,
    reviewer,
)
from docsorter.cli.output import (
    bar,
    confirm,
    documents,
    print_json,
    print_table,
    say,
    say_more,
    when,
)
from docsorter.errors import ConflictError, DocsorterError, ExitCode, UsageError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.documents import Document
    from docsorter.service.review.service import ReviewService
    from docsorter.service.review.session import BatchFailure
    from docsorter.service.review.undo import DocumentUndo
    from docsorter.store import TakeBackFilter

_SHOWN = 30

app = group()


@app.command(
    epilog="Examples: docsorter undo 7 8\n\n"
    "docsorter undo --label claim --since 2d --by machine --dry-run\n\n"
    "docsorter undo --model letters-7 --since 2026-11-24 --decide-again letters-6"
)
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
    from docsorter.review.searching import parse_moment
    from docsorter.service.review.session import new_batch
    from docsorter.service.review.undo import DocumentUndo, name_on_predictions
    from docsorter.store import TakeBackFilter

    chosen = configuration(ctx)
    numbers, other = _meant(what or [], decide_again=decide_again)
    if not (numbers or since or model or label or by):
        raise UsageError(
            "say which documents", remedy="docsorter undo ID, or --since, --model, --label, --by"
        )
    name, _ = reviewer(ctx)
    with review_service(ctx) as workspace:
        wanted = TakeBackFilter(
            ids=tuple(numbers) or None,
            since=parse_moment(since, workspace.now()) if since else None,
            model=name_on_predictions(chosen, model) if model else None,
            label=label or None,
            by=by,
            in_spool=decide_again,
        )
        taking = DocumentUndo(workspace, actor=name, batch=new_batch())
        if not dry_run:
            taking.finish_interrupted()
        ready, touched = _survey(taking, wanted)
        if dry_run or not as_json:
            again = f"to be decided again by {other or 'the model in use'}"
            to = again if decide_again else "to go back to review"
            _show(ready, touched, dry_run=dry_run, as_json=as_json, to=to)
        if dry_run or not ready:
            raise typer.Exit(_exit_code(touched))
        confirm(f"take back {documents(len(ready))}?", yes=yes)
        numbers = [document.id for document in ready]
        if decide_again:
            done, failed = _again(chosen, workspace, taking, numbers, other)
        else:
            done, failed = _back(taking, numbers)
    _summary(done, [*touched, *failed], as_json=as_json)


def _meant(what: Sequence[str], *, decide_again: bool) -> tuple[list[int], str]:
    numbers = [int(word) for word in what if word.isascii() and word.isdecimal()]
    names = [word for word in what if not (word.isascii() and word.isdecimal())]
    if len(names) > 1 or (names and not decide_again):
        raise UsageError(
            f"{names[-1]!r} is no number of a document",
            remedy="docsorter undo 7 8; --decide-again MODEL names a model",
        )
    return numbers, names[0] if names else ""


def _survey(
    taking: "DocumentUndo", wanted: "TakeBackFilter"
) -> tuple[list["Document"], list["BatchFailure"]]:
    """Tell documents that can be taken back from those that somebody touched."""
    from docsorter.documents import State
    from docsorter.service.review.session import BatchFailure

    ready, touched = [], []
    with bar("looking at the files") as progress:
        for number, document in enumerate(taking.chosen(wanted), start=1):
            try:
                if document.state is not State.SPOOLED:
                    taking.refuse_touched(document)
            except DocsorterError as error:
                touched.append(BatchFailure(document.id, error))
            else:
                ready.append(document)
            progress(number)
    found = {document.id for document in ready} | {each.document_id for each in touched}
    for number in wanted.ids or ():
        if number not in found:
            text = f"document {number} is not sorted, or not so"
            why = ConflictError(text, remedy=f"docsorter explain {number} says why")
            touched.append(BatchFailure(number, why))
    return ready, touched


def _back(
    taking: "DocumentUndo", numbers: Sequence[int]
) -> tuple[list["Document"], list["BatchFailure"]]:
    from docsorter.service.review.session import for_each

    with bar("taking back", len(numbers)) as progress:
        result = for_each(numbers, taking.to_review, progress=progress)
    return result.done, result.failed


def _again(
    chosen: "Configuration",
    workspace: "ReviewService",
    taking: "DocumentUndo",
    numbers: Sequence[int],
    other: str,
) -> tuple[list["Document"], list["BatchFailure"]]:
    from docsorter.service.review.session import BatchFailure
    from docsorter.service.review.undo import open_redecision

    done: list[Document] = []
    failed: list[BatchFailure] = []
    with (
        open_redecision(chosen, workspace, taking, other) as again,
        bar("deciding again", len(numbers)) as progress,
    ):
        for count, outcome in enumerate(again.decide_all(numbers), start=1):
            if isinstance(outcome, BatchFailure):
                failed.append(outcome)
            else:
                done.append(outcome)
            progress(count)
    return done, failed


def _show(
    ready: Sequence["Document"],
    touched: Sequence["BatchFailure"],
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
        (">id", "~file", "is", "by", "since"),
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
    say_more(len(ready) - _SHOWN)
    if dry_run or not ready:
        _say_touched(touched)
    if ready:
        say(f"{documents(len(ready))} {to}")


def _say_touched(touched: Sequence["BatchFailure"]) -> None:
    for each in touched[:_SHOWN]:
        say(f"left alone: {each.error}")
    if len(touched) > _SHOWN:
        say(f"left alone: {len(touched) - _SHOWN} more")


def _summary(
    done: Sequence["Document"], failed: Sequence["BatchFailure"], *, as_json: bool
) -> None:
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
    raise typer.Exit(_exit_code(failed))


def _exit_code(failed: Sequence["BatchFailure"]) -> ExitCode:
    """Return the exit code of the first document that was left alone, OK for none."""
    return failed[0].error.exit_code if failed else ExitCode.OK
