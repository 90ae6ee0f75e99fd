"""review: the screen of whoever decides; list, show, answer, skip, undo are for scripts."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from docsorter.cli.context import AsJson, acts, configuration, reviewer
from docsorter.cli.output import fields, guess, print_json, print_table, say, when
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.documents import Document, Prediction, ReviewEntry

app = typer.Typer(
    help="Decide about the documents that wait for a person.",
    invoke_without_command=True,
    epilog="Examples: docsorter review\n\ndocsorter review --plain --only reason:unsure",
    rich_markup_mode=None,
)

DocumentId = Annotated[int, typer.Argument(metavar="ID", help="Number of the document.", min=1)]
_BAR = 20
_Choice = TypeVar("_Choice", bound=StrEnum)


@app.callback()
def screen(
    ctx: typer.Context,
    plain: Annotated[
        bool, typer.Option("--plain", help="Line by line, for screen readers.")
    ] = False,
    only: Annotated[
        str, typer.Option(help="Only such, e.g. 'reason:unsure label:claim scan_'.")
    ] = "",
    order: Annotated[str, typer.Option(help="oldest, newest, unsure or sure first.")] = "oldest",
) -> None:
    """Decide about the documents that wait for a person; alone it opens the screen."""
    if ctx.invoked_subcommand is not None:
        return
    from docsorter.cli.reviewer.launch import review
    from docsorter.review.searching import parse_search
    from docsorter.service.desk.session import Reviewer
    from docsorter.store import ReviewOrder

    review(
        configuration(ctx),
        reviewer=Reviewer(*reviewer()),
        order=_choice(ReviewOrder, order, "--order"),
        wanted=parse_search(only),
        plain=plain,
    )


@app.command("list", epilog="Example: docsorter review list --reason unsure --json")
def list_(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Only with this reason, e.g. unsure.")] = "",
    label: Annotated[str, typer.Option(help="Only where this label is the best guess.")] = "",
    source: Annotated[str, typer.Option(help="Only from this sub-folder of the inbox.")] = "",
    order: Annotated[str, typer.Option(help="oldest, newest, unsure or sure first.")] = "oldest",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the documents that wait, with the reason."""
    from docsorter.documents import ReasonCode
    from docsorter.store import ReviewFilter, ReviewOrder

    wanted = ReviewFilter(
        reason=_choice(ReasonCode, reason, "--reason") if reason else None,
        label=label or None,
        source=source or None,
    )
    chosen = _choice(ReviewOrder, order, "--order")
    with acts(ctx) as workspace:
        entries = workspace.store.entries(order=chosen, filter=wanted, limit=limit)
        waiting = workspace.store.review_stats().open
    if as_json:
        print_json(entries)
        return
    print_table(
        (">id", "file", "best guess", ">sure", "why"),
        (_row(entry) for entry in entries),
        empty="nothing waits for you",
    )
    if waiting > len(entries):
        say(f"{len(entries)} of {waiting} shown")


def _choice(kind: type[_Choice], value: str, option: str) -> _Choice:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(member.value for member in kind)
        raise UsageError(f"{option} {value!r} is not known", remedy=f"one of: {known}") from error


def _row(entry: "ReviewEntry") -> tuple[object, ...]:
    document, verdict = entry.document, entry.document.verdict
    why = verdict.reason.text if verdict else ""
    held = f" [with {entry.lease_owner}]" if entry.lease_owner else ""
    return document.id, document.name, *guess(verdict), why + held


@app.command(epilog="Example: docsorter review show 7 --preview page.png")
def show(
    ctx: typer.Context,
    document_id: DocumentId,
    preview: Annotated[
        Path | None, typer.Option(help="Write a picture of the first page to this PNG file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one waiting document: where it is, what the model saw and why it waits."""
    with acts(ctx) as workspace:
        entry = workspace.store.entry_for_document(document_id)
        path = workspace.path_of(entry.document)
        if preview is not None:
            workspace.write_preview(entry.document, preview)
    if as_json:
        print_json({"entry": entry, "file": path})
        return
    document = entry.document
    fields(
        (
            ("document", f"{document.id}  {document.name}"),
            ("file", path),
            ("arrived", when(document.arrived_at)),
            ("pages", document.pages or "unknown"),
            ("why", document.verdict.reason.text if document.verdict else ""),
        )
    )
    if entry.prediction is not None:
        bars(entry.prediction)
    if preview is not None:
        say(f"wrote {preview}")
    say(f"decide: docsorter review answer {document.id} LABEL")


def bars(prediction: "Prediction") -> None:
    """Print the probability of every label as a bar, and the novelty."""
    width = max(len(label) for label in prediction.labels)
    for label, probability in prediction.ranked:
        bar = "#" * round(_BAR * probability)
        say(f"  {label:<{width}}  {bar:<{_BAR}}  {probability:.3f}")
    say(f"  stranger than {prediction.novelty:.1f} % of what the model was taught")


@app.command(
    epilog="Examples: docsorter review answer 7 invoice\n\ndocsorter review answer 8 --reject"
)
def answer(
    ctx: typer.Context,
    document_id: DocumentId,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What it is.")] = "",
    reject: Annotated[
        bool, typer.Option("--reject", help="It belongs nowhere: refuse it.")
    ] = False,
    new_label: Annotated[
        bool, typer.Option("--new-label", help="Allow a label that the model was not taught.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a document is; the file moves at once."""
    if bool(label) == reject:
        raise UsageError(
            "give either a label or --reject", remedy=f"docsorter review answer {document_id} LABEL"
        )
    name, uid = reviewer()
    with acts(ctx) as workspace:
        document = workspace.answer(
            document_id, label or None, reviewer=name, uid=uid, new_label=new_label
        )
        _report(document, workspace.path_of(document), as_json=as_json)


@app.command(epilog="Example: docsorter review skip 7")
def skip(ctx: typer.Context, document_id: DocumentId) -> None:
    """Put a document back to the end of the queue."""
    name, _ = reviewer()
    with acts(ctx) as workspace:
        workspace.skip(document_id, reviewer=name)
    say(f"document {document_id} comes last for a while")


@app.command(epilog="Example: docsorter review undo 7")
def undo(ctx: typer.Context, document_id: DocumentId, as_json: AsJson = False) -> None:
    """Take the last answer back; the file returns to the queue."""
    name, uid = reviewer()
    with acts(ctx) as workspace:
        document = workspace.undo(document_id, reviewer=name, uid=uid)
        _report(document, workspace.path_of(document), as_json=as_json)


def _report(document: "Document", path: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"document": document, "file": path})
    else:
        say(f"document {document.id} is now {document.state}: {path}")
