"""review: the screen of whoever decides; list, show, answer, skip, undo are for scripts."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from docsorter.cli import group_commands, review_answering, review_figures, review_undoing
from docsorter.cli.context import AsJson, acts, configuration, reviewer
from docsorter.cli.output import fields, guess, print_json, print_table, say, when
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from docsorter.documents import Prediction, ReviewEntry

app = typer.Typer(
    help="Decide about the documents that wait for a person.",
    invoke_without_command=True,
    epilog="Examples: docsorter review\n\ndocsorter review --plain --only reason:unsure",
    rich_markup_mode=None,
)

DocumentId = Annotated[int, typer.Argument(metavar="ID", help="Number of the document.", min=1)]
Order = Annotated[
    str, typer.Option(help="helps: what helps most; or oldest, newest, unsure, sure first.")
]
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
    order: Order = "helps",
) -> None:
    """Decide about the documents that wait for a person; alone it opens the screen."""
    if ctx.invoked_subcommand is not None:
        return
    from docsorter.cli.reviewer.launch import review
    from docsorter.review.searching import parse_search
    from docsorter.service.desk.reviewer import Reviewer
    from docsorter.store import ReviewOrder

    review(
        configuration(ctx),
        reviewer=Reviewer(*reviewer(ctx)),
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
    age: Annotated[str, typer.Option(help="Only what has waited so long: 30m, 12h, 2d, 1w.")] = "",
    purpose: Annotated[str, typer.Option(help="Only for this: decide, check or second.")] = "",
    order: Order = "helps",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the documents that wait, with the reason."""
    from docsorter.review.searching import filter_of
    from docsorter.review.wording import hidden
    from docsorter.store import ReviewOrder, Turn

    given = {"reason": reason, "label": label, "source": source, "age": age, "purpose": purpose}
    wanted = filter_of({name: value for name, value in given.items() if value})
    chosen = _choice(ReviewOrder, order, "--order")
    with acts(ctx) as workspace:
        turn = Turn(overdue=workspace.overdue)
        found = workspace.store.entries(order=chosen, filter=wanted, limit=limit, turn=turn)
        waiting = workspace.store.review_stats().open
    entries = [hidden(entry) for entry in found]
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
    from docsorter.review.wording import why_of

    document = entry.document
    held = f" [with {entry.lease_owner}]" if entry.lease_owner else ""
    return document.id, document.name, *guess(document.verdict), why_of(entry) + held


@app.command(epilog="Example: docsorter review show 7 --preview page.png")
def show(
    ctx: typer.Context,
    document_id: DocumentId,
    preview: Annotated[
        Path | None, typer.Option(help="Write a picture of the first page to this PNG file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one waiting document: where it is, what the model saw and why it waits.

    One that is to be judged blind shows its page alone.
    """
    from docsorter.review.wording import hidden, why_of

    with acts(ctx) as workspace:
        found = workspace.store.entry_for_document(document_id)
        path = "" if found.blind else str(workspace.path_of(found.document))
        if preview is not None:
            workspace.write_preview(found.document, preview)
    entry = hidden(found)
    if as_json:
        print_json({"entry": entry, "file": path})
        return
    document = entry.document
    fields(
        (
            ("document", f"{document.id}  {document.name}"),
            ("file", path or "shown by --preview and docsorter review alone"),
            ("arrived", when(document.arrived_at)),
            ("pages", document.pages or "unknown"),
            ("why", why_of(entry)),
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


@app.command(epilog="Example: docsorter review skip 7")
def skip(ctx: typer.Context, document_id: DocumentId) -> None:
    """Put a document back to the end of the queue."""
    name, _ = reviewer(ctx)
    with acts(ctx) as workspace:
        workspace.skip(document_id, reviewer=name)
    say(f"document {document_id} comes last for a while")


review_answering.register(app)
review_undoing.register(app)
review_figures.register(app)
group_commands.register(app)
