"""review: the screen of whoever decides; list, show, skip, stats and groups are for scripts."""

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from docsorter.cli import review_answer
from docsorter.cli.context import AsJson, acts, configuration, reviewer
from docsorter.cli.output import (
    fields,
    guess,
    percent,
    print_json,
    print_table,
    progress,
    say,
    when,
)
from docsorter.cli.review_answer import answer_together
from docsorter.errors import ConflictError, UsageError
from docsorter.resources import usable_cores

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.documents import Prediction, ReviewEntry
    from docsorter.review.statistics import Agreement, Line
    from docsorter.service.learning.groups import Group, Listing, UnknownDocuments
    from docsorter.service.review.service import Acts
    from docsorter.settings import PagesSettings

_DAYS = 30


def register_stats(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: docsorter review stats --since 2026-11-01 --json")(stats)


def stats(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(help="From then on: 2026-11-01, 7d, 12h; default: 30 days.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show answers per day and reviewer: seconds, undos, agreement with model and each other."""
    from docsorter.review import statistics

    with acts(ctx) as workspace:
        start = moment(since, workspace.now()) if since else workspace.now() - _PERIOD
        given = workspace.store.review.answers_since(start)
        pairs = workspace.store.review.opinion_pairs(start)
        open_now = workspace.store.review.stats().open
    per_day, people = statistics.lines(given), statistics.per_reviewer(given)
    both = statistics.agreement(pairs)
    if as_json:
        print_json(
            {
                "since": start,
                "waiting": open_now,
                "per_day": per_day,
                "per_reviewer": people,
                "total": statistics.total(given),
                "second_opinions": both,
            }
        )
        return
    lines = [*per_day, *(people if len(per_day) > 1 else []), statistics.total(given)]
    print_table(
        ("day", "reviewer", ">answers", ">seconds", ">undone", ">as the model"),
        (_review_figures_row(line) for line in (lines if given else [])),
        empty="no answers in that time",
    )
    _say_agreement(both, statistics.total(given))
    say(f"{open_now} documents wait")


_PERIOD = dt.timedelta(days=_DAYS)


def _review_figures_row(line: "Line") -> tuple[object, ...]:
    return (
        line.day.isoformat() if line.day else "all days",
        line.reviewer or "everybody",
        line.answers,
        "" if line.seconds is None else f"{line.seconds:.1f}",
        percent(line.undo_rate),
        percent(line.agreement),
    )


def _say_agreement(both: "Agreement", everything: "Line") -> None:
    if everything.blind_compared:
        share = percent(everything.blind_agreed / everything.blind_compared)
        say(f"answers given blind agree with the model in {share} of {everything.blind_compared}")
    if both.pairs:
        kappa = "not defined" if both.kappa is None else f"{both.kappa:.2f}"
        share = percent(both.agreed / both.pairs)
        say(f"two people agree in {share} of {both.pairs} second opinions; Cohen's kappa {kappa}")


def moment(text: str, now: dt.datetime) -> dt.datetime:
    """Return the time that a text names: a date, a date and time, or a length of time ago.

    Args:
        text: `2026-11-01`, `2026-11-01T08:30` (local) or `7d`.
        now: The time.

    Raises:
        UsageError: It names none.
    """
    from docsorter.review.searching import parse_age

    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    try:
        return now - parse_age(text)
    except (UsageError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no time", remedy="e.g. 2026-11-01, 2026-11-01T08:30, 12h or 7d"
        ) from error


_EPILOG = """\b
Examples:
  docsorter review groups                      look at what waits, list groups
  docsorter review groups 1 --sheet one.png    their first pages in one picture
  docsorter review groups 1 --label receipt    all of it is a new label
"""
_EXAMPLES = 6


def register_groups(app: typer.Typer) -> None:
    """Add the command to the review group."""
    app.command(epilog=_EPILOG)(groups)


def groups(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[N]", help="One group, as it was last listed.", min=1)
    ] = None,
    label: Annotated[str, typer.Option(metavar="NAME", help="What all of it is.")] = "",
    without: Annotated[
        str, typer.Option(metavar="ID,ID", help="Leave these documents of the group alone.")
    ] = "",
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write first pages to this PNG file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Gather documents that are like nothing taught, so that alike ones get a label at once.

    Without N what waits is looked at anew. Each answer remains one that can be undone alone;
    docsorter review undo --batch takes the whole gesture back.
    """
    from docsorter.clock import SystemClock
    from docsorter.service.learning.groups import UnknownDocuments
    from docsorter.service.review.service import open_acts

    chosen = configuration(ctx)
    with open_acts(chosen) as workspace:
        unknown = UnknownDocuments(chosen, workspace.store, SystemClock())
        if number is None:
            listing = _listed(unknown, chosen)
            _print(listing, as_json=as_json)
            return
        group = unknown.last().group(number)
        left = {int(part) for part in without.replace(",", " ").split()}
        numbers = [one for one in group.waiting if one not in left]
        if sheet is not None:
            settings = chosen.settings.pages
            _sheet(workspace, group, numbers, sheet, settings, as_json=as_json)
        if label:
            who = reviewer(ctx)
            answer_together(workspace, numbers, label, who, new_label=True, as_json=as_json)
        elif sheet is None:
            _print_group(workspace, group, as_json=as_json)


def _listed(unknown: "UnknownDocuments", chosen: "Configuration") -> "Listing":
    from docsorter.service.engine import load_model

    workers = chosen.settings.service.workers or usable_cores()
    with progress() as bar:
        task = bar.add_task("looking at unknown documents", total=None)
        return unknown.gather(
            load_model(chosen),
            workers,
            lambda stage, done, total: bar.update(
                task, description=stage, completed=done, total=total
            ),
        )


def _print(listing: "Listing", *, as_json: bool) -> None:
    if as_json:
        print_json(listing.model_dump(mode="json"))
        return
    print_table(
        (">group", ">wait", ">named", "called", "nearest", ">", "examples"),
        (_group_commands_row(group) for group in listing.groups),
        empty="nothing that waits looks like anything else that does",
    )
    if listing.left_over:
        say(f"{listing.left_over} more wait that are like no other")
    if listing.unreadable:
        say(f"{listing.unreadable} could not be looked at")
    if listing.groups:
        say("look: docsorter review groups 1 --sheet one.png")
        say("name: docsorter review groups 1 --label NAME")


def _group_commands_row(group: "Group") -> tuple[object, ...]:
    return (
        group.number,
        len(group.waiting),
        len(group.answered),
        ", ".join(group.called),
        group.nearest,
        f"{group.nearest_probability:.2f}",
        " ".join(map(str, group.waiting[:_EXAMPLES])),
    )


def _print_group(workspace: "Acts", group: "Group", *, as_json: bool) -> None:
    if as_json:
        print_json(group.model_dump(mode="json"))
        return
    print_table(
        (">id", "file", "state", "label"),
        (
            (document.id, document.name, document.state, document.verdict.label or "")
            for document in map(workspace.store.documents.get, (*group.waiting, *group.answered))
            if document.verdict
        ),
        empty="nobody is in it any more",
    )


def _sheet(
    workspace: "Acts",
    group: "Group",
    numbers: list[int],
    target: Path,
    settings: "PagesSettings",
    *,
    as_json: bool,
) -> None:
    from docsorter.service.learning.groups import write_sheet

    documents = [workspace.store.documents.get(number) for number in numbers]
    title = f"group {group.number}: {len(numbers)} documents that wait"
    if group.nearest:
        title += f", nearest {group.nearest} {group.nearest_probability:.2f}"
    if not documents:
        raise ConflictError("nobody of this group waits", remedy="docsorter review groups")
    shown = write_sheet(target, title, documents, workspace.path_of, settings)
    if not as_json:
        say(f"wrote {target}: {shown} of {len(documents)} documents")


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
    from docsorter.service.review.session import Reviewer
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
    from docsorter.review.items import hidden
    from docsorter.review.searching import filter_of
    from docsorter.store import ReviewOrder, Turn

    given = {"reason": reason, "label": label, "source": source, "age": age, "purpose": purpose}
    wanted = filter_of({name: value for name, value in given.items() if value})
    chosen = _choice(ReviewOrder, order, "--order")
    with acts(ctx) as workspace:
        turn = Turn(overdue=workspace.overdue)
        found = workspace.store.review.entries(order=chosen, filter=wanted, limit=limit, turn=turn)
        waiting = workspace.store.review.stats().open
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
    from docsorter.review.items import why_of

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
    from docsorter.review.items import hidden, why_of

    with acts(ctx) as workspace:
        found = workspace.store.review.entry_for_document(document_id)
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


review_answer.register_answer(app)
review_answer.register_undo(app)
register_stats(app)
register_groups(app)
