"""review answer and review undo: for one document, for several, and for all that match."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, acts, reviewer
from docsorter.cli.output import confirm, documents, guess, print_json, print_table, say, with_bar
from docsorter.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from docsorter.documents import Document
    from docsorter.service.review.batch import Gesture
    from docsorter.service.review.service import Acts

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_SHOWN = 30


def register_answer(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples: docsorter review answer 7 invoice\n\n"
        "docsorter review answer 7 8 9 invoice\n\n"
        "docsorter review answer --where reason=unsure label=claim claim --dry-run\n\n"
        "docsorter review answer 8 --reject"
    )(answer)


def answer(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID... LABEL", help="Numbers of documents, then what they are."),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help="All that wait and match: reason=, label=, source=, age=2d, name=.",
        ),
    ] = None,
    reject: Annotated[
        bool, typer.Option("--reject", help="It belongs nowhere: refuse it.")
    ] = False,
    new_label: Annotated[
        bool, typer.Option("--new-label", help="Allow a label that the model was not taught.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Say what documents are; each file moves at once, and each answer can be undone alone."""
    numbers, conditions, label = _meant(what or [], where or [], reject=reject)
    who = reviewer(ctx)
    with acts(ctx) as workspace:
        if conditions:
            numbers = _matching(workspace, conditions)
        if len(numbers) == 1 and not conditions and not dry_run:
            _answer_one(workspace, numbers[0], label, who, new_label=new_label, as_json=as_json)
            return
        _check(workspace, label, new_label=new_label)
        if dry_run or not as_json:
            _show(workspace, numbers, label or "rejected", as_json=as_json)
        if dry_run or not numbers:
            return
        confirm(f"answer {documents(len(numbers))}?", yes=yes or not conditions)
        gesture = _answer_all(workspace, numbers, label, who, new_label=new_label)
    summary(gesture, "answered", as_json=as_json)


def answer_together(
    workspace: "Acts",
    numbers: Sequence[int],
    label: str,
    who: tuple[str, int],
    *,
    new_label: bool,
    as_json: bool,
) -> None:
    """Say of several documents at once what they are, and report what became of each.

    Raises:
        typer.Exit: One could not be answered.
        UsageError: The label is none.
    """
    _check(workspace, label, new_label=new_label)
    gesture = _answer_all(workspace, numbers, label, who, new_label=new_label)
    summary(gesture, "answered", as_json=as_json)


def _meant(
    what: Sequence[str], where: Sequence[str], *, reject: bool
) -> tuple[list[int], list[str], str | None]:
    """Tell numbers, conditions and the label apart.

    Raises:
        UsageError: One is missing, or there is one too many.
    """
    conditions = [*where, *(word for word in what if "=" in word)]
    rest = [word for word in what if "=" not in word]
    numbers = [int(word) for word in rest if word.isascii() and word.isdecimal()]
    labels = [word for word in rest if not (word.isascii() and word.isdecimal())]
    one = str(numbers[0]) if numbers else "ID"
    if len(labels) > 1:
        raise UsageError(
            f"{labels[0]!r} and {labels[1]!r} are two labels",
            remedy='quote a label of several words, as in "tax form"',
        )
    if bool(labels) == reject:
        raise UsageError(
            "give either a label or --reject", remedy=f"docsorter review answer {one} LABEL"
        )
    if bool(numbers) == bool(conditions):
        raise UsageError(
            "name the documents by their numbers, or by --where",
            remedy="docsorter review list shows both",
        )
    return numbers, conditions, labels[0] if labels else None


def _matching(workspace: "Acts", conditions: Sequence[str]) -> list[int]:
    from docsorter.review.searching import parse_conditions
    from docsorter.service.review.batch import matching

    return list(matching(workspace.store, parse_conditions(conditions)))


def _check(workspace: "Acts", label: str | None, *, new_label: bool) -> None:
    """Refuse a label that does not exist before anybody is asked."""
    from docsorter.review.choices import check_label

    if label is not None:
        check_label(label, workspace.card.labels, new=new_label)


def _answer_one(
    workspace: "Acts",
    number: int,
    label: str | None,
    who: tuple[str, int],
    *,
    new_label: bool,
    as_json: bool,
) -> None:
    blind = workspace.is_blind(number)
    document = workspace.answer(number, label, reviewer=who[0], uid=who[1], new_label=new_label)
    if blind:
        noted(number, as_json=as_json)
    else:
        report(document, workspace.path_of(document), as_json=as_json)


def _answer_all(
    workspace: "Acts",
    numbers: Sequence[int],
    label: str | None,
    who: tuple[str, int],
    *,
    new_label: bool,
) -> "Gesture":
    from docsorter.service.review.batch import for_each, new_batch
    from docsorter.store import Manner

    batch = new_batch()
    manner = Manner(batch=batch)
    return with_bar(
        "answering",
        len(numbers),
        lambda told: for_each(
            numbers,
            lambda number: workspace.answer(
                number, label, reviewer=who[0], uid=who[1], new_label=new_label, manner=manner
            ),
            batch=batch,
            progress=told,
        ),
    )


def _show(workspace: "Acts", numbers: Sequence[int], to: str, *, as_json: bool) -> None:
    from docsorter.errors import NotFoundError
    from docsorter.review.items import hidden, why_of

    rows: list[tuple[object, ...]] = []
    for number in numbers if as_json else numbers[:_SHOWN]:
        try:
            entry = workspace.store.review.entry_for_document(number)
        except NotFoundError as error:
            rows.append((number, "", "", "", f"not: {error.message}"))
        else:
            document = hidden(entry).document
            rows.append((number, document.name, *guess(document.verdict), why_of(entry)))
    if as_json:
        print_json([{"document_id": row[0], "name": row[1], "why": row[4]} for row in rows])
        return
    print_table((">id", "file", "best guess", ">sure", "why"), rows, empty="nothing matches")
    if len(numbers) > _SHOWN:
        say(f"and {len(numbers) - _SHOWN} more")
    if numbers:
        say(f"{documents(len(numbers))}, to be {to}")


def summary(gesture: "Gesture", what: str, *, as_json: bool) -> None:
    """Say what became of each; exit as the first failure would have.

    Raises:
        typer.Exit: Something failed.
    """
    if as_json:
        failed = [
            {"document_id": each.document_id, "error": each.error.message}
            for each in gesture.failed
        ]
        done = [document.id for document in gesture.done]
        print_json({"batch": gesture.batch, "done": done, "failed": failed})
    else:
        for each in gesture.failed:
            say(f"document {each.document_id}: {each.error}")
        left = f", {len(gesture.failed)} left as they were" if gesture.failed else ""
        say(f"{documents(len(gesture.done))} {what}{left}")
        if gesture.batch and gesture.done:
            say(f"all back again: docsorter review undo --batch {gesture.batch}")
    if gesture.failed:
        first = gesture.failed[0].error.exit_code
        raise typer.Exit(first if not gesture.done else ExitCode.CONFLICT)


def report(document: "Document", path: Path, *, as_json: bool) -> None:
    """Say where a document is now."""
    if as_json:
        print_json({"document": document, "file": path})
    else:
        say(f"document {document.id} is now {document.state}: {path}")


def noted(document_id: int, *, as_json: bool) -> None:
    """Say that a blind answer was taken, and nothing of what follows from it."""
    if as_json:
        print_json({"document_id": document_id, "noted": True})
    else:
        say(f"your answer to document {document_id} is noted")


def register_undo(app: typer.Typer) -> None:
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
    from docsorter.service.review.batch import for_each

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
    batch = what[0] if what else workspace.store.review.last_batch(name)
    answers = workspace.store.review.answers_of_batch(batch) if batch else []
    if not answers:
        raise NotFoundError(
            f"no answer of batch {batch} stands" if batch else f"{name} answered nothing together",
            remedy="docsorter explain ID names the batch of an answer",
        )
    return [answer.document_id for answer in answers]
