"""review: the screen of whoever decides; list, show, answer, undo, reread, groups for scripts."""

import datetime as dt
import os
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from docsorter.cli.context import (
    AsJson,
    DocumentId,
    DryRun,
    Yes,
    configuration,
    group,
    label_names,
    review_service,
    reviewer,
)
from docsorter.cli.output import (
    bar,
    confirm,
    documents,
    fields,
    guess,
    print_json,
    print_prediction,
    print_table,
    say,
    say_more,
    say_wrapped,
    stage_bars,
    when,
)
from docsorter.documents import percent
from docsorter.errors import ConflictError, DocsorterError, ExitCode, UsageError
from docsorter.resources import usable_cores

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.documents import Document, ReviewEntry
    from docsorter.review.statistics import Agreement, AnswerFigures
    from docsorter.service.learning.groups import Group, GroupListing, UnknownDocuments
    from docsorter.service.review.reread import Reread
    from docsorter.service.review.service import ReviewService
    from docsorter.service.review.session import BatchFailure, BatchResult
    from docsorter.service.review.words import WordsEvidence
    from docsorter.settings import PagesSettings

app = group(
    "Decide about the documents that wait for a person.",
    invoke_without_command=True,
    no_args_is_help=False,
    epilog="Examples: docsorter review\n\ndocsorter review --plain --only reason:unsure",
)

Order = Annotated[
    str, typer.Option(help="helps: what helps most; or oldest, newest, unsure, sure first.")
]
_Word = TypeVar("_Word", bound=StrEnum)

_SHOWN = 30  # rows of a table of what is about to happen
_EXAMPLES = 6
_PERIOD = dt.timedelta(days=30)
_LOW_PRIORITY = 10  # nicer than everything else that runs here


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
        order=_word(ReviewOrder, order, "--order"),
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
    words: Annotated[str, typer.Option(help="Only where all of these words were read.")] = "",
    tone: Annotated[str, typer.Option(help="Only what sounds negative, positive, mixed ...")] = "",
    order: Order = "helps",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the documents that wait, with the reason."""
    from docsorter.review.items import hidden
    from docsorter.review.searching import filter_of
    from docsorter.store import ReviewOrder, Turn

    given = {
        "reason": reason, "label": label, "source": source, "age": age, "purpose": purpose,
        "words": words, "tone": tone,
    }  # fmt: skip
    wanted = filter_of({name: value for name, value in given.items() if value})
    chosen = _word(ReviewOrder, order, "--order")
    with review_service(ctx) as workspace:
        turn = Turn(overdue=workspace.overdue)
        found = workspace.store.review.entries(order=chosen, filter=wanted, limit=limit, turn=turn)
        waiting = workspace.store.review.stats().open
    entries = [hidden(entry) for entry in found]
    if as_json:
        print_json(entries)
        return
    print_table(
        (">id", "~file", "best guess", ">sure", "why"),
        (_entry_row(entry) for entry in entries),
        empty="nothing waits for you",
    )
    if waiting > len(entries):
        say(f"{len(entries)} of {waiting} shown")


def _word(kind: type[_Word], value: str, option: str) -> _Word:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(member.value for member in kind)
        raise UsageError(f"{option} {value!r} is not known", remedy=f"one of: {known}") from error


def _entry_row(entry: "ReviewEntry") -> tuple[object, ...]:
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

    with review_service(ctx) as workspace:
        found = workspace.store.review.entry_for_document(document_id)
        path = "" if found.blind else str(workspace.path_of(found.document))
        if preview is not None:
            workspace.write_preview(found.document, preview)
    entry = hidden(found)
    spoken = _spoken(ctx, entry, path)
    if as_json:
        words = spoken.as_json() if spoken else None
        print_json({"entry": entry, "file": path, "words": words})
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
        print_prediction(entry.prediction)
    if spoken is not None:
        say_wrapped(spoken.sentence(), "  words: ")
    if preview is not None:
        say(f"wrote {preview}")
    say(f"decide: docsorter review answer {document.id} LABEL")


def _spoken(ctx: typer.Context, entry: "ReviewEntry", path: str) -> "WordsEvidence | None":
    """Return which words spoke; None where they had no say, or cannot be read again."""
    from docsorter.service.review.words import spoken_words

    seen = entry.prediction
    if seen is None or seen.read is None:
        return None
    with suppress(DocsorterError):
        return spoken_words(configuration(ctx), Path(path), seen)
    return None


@app.command(epilog="Example: docsorter review skip 7")
def skip(ctx: typer.Context, document_id: DocumentId) -> None:
    """Put a document back to the end of the queue."""
    name, _ = reviewer(ctx)
    with review_service(ctx) as workspace:
        workspace.skip(document_id, reviewer=name)
    say(f"document {document_id} comes last for a while")


@app.command(
    epilog="Examples: docsorter review answer 7 invoice\n\n"
    "docsorter review answer 7 8 9 invoice\n\n"
    "docsorter review answer --where reason=unsure label=claim claim --dry-run\n\n"
    "docsorter review answer 8 --reject"
)
def answer(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID... LABEL",
            help="Numbers of documents, then what they are.",
            autocompletion=label_names,
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help="All that wait and match: reason=, label=, source=, age=2d, words=, name=.",
        ),
    ] = None,
    reject: Annotated[
        bool, typer.Option("--reject", help="It belongs nowhere: refuse it.")
    ] = False,
    new_label: Annotated[
        bool, typer.Option("--new-label", help="Allow a label that does not exist yet.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Say what documents are; each file moves at once, and each answer can be undone alone."""
    from docsorter.review.searching import parse_conditions
    from docsorter.service.review.session import matching

    numbers, conditions, label = _meant(what or [], where or [], reject=reject)
    who = reviewer(ctx)
    with review_service(ctx) as workspace:
        if conditions:
            numbers = list(matching(workspace.store, parse_conditions(conditions)))
        if len(numbers) == 1 and not conditions and not dry_run:
            _answer_one(workspace, numbers[0], label, who, new_label=new_label, as_json=as_json)
            return
        if label is not None:  # before anybody is asked
            workspace.check_label(label, new=new_label)
        if dry_run or not as_json:
            _show(workspace, numbers, label or "rejected", as_json=as_json)
        if dry_run or not numbers:
            return
        confirm(f"answer {documents(len(numbers))}?", yes=yes or not conditions)
        result = _answer_all(workspace, numbers, label, who, new_label=new_label)
    _summary(result, "answered", as_json=as_json)


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


def _answer_one(
    workspace: "ReviewService",
    number: int,
    label: str | None,
    who: tuple[str, int],
    *,
    new_label: bool,
    as_json: bool,
) -> None:
    blind = workspace.is_blind(number)
    document = workspace.answer(number, label, reviewer=who[0], uid=who[1], new_label=new_label)
    if not blind:
        _report(document, workspace.path_of(document), as_json=as_json)
    elif as_json:  # a blind answer is taken; nothing is told of what follows from it
        print_json({"document_id": number, "noted": True})
    else:
        say(f"your answer to document {number} is noted")


def _answer_all(
    workspace: "ReviewService",
    numbers: Sequence[int],
    label: str | None,
    who: tuple[str, int],
    *,
    new_label: bool,
) -> "BatchResult":
    from docsorter.service.review.session import for_each, new_batch
    from docsorter.store import Manner

    batch = new_batch()
    manner = Manner(batch=batch)
    with bar("answering", len(numbers)) as progress:
        return for_each(
            numbers,
            lambda number: workspace.answer(
                number, label, reviewer=who[0], uid=who[1], new_label=new_label, manner=manner
            ),
            batch=batch,
            progress=progress,
        )


def _show(workspace: "ReviewService", numbers: Sequence[int], to: str, *, as_json: bool) -> None:
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
    print_table((">id", "~file", "best guess", ">sure", "why"), rows, empty="nothing matches")
    say_more(len(numbers) - _SHOWN)
    if numbers:
        say(f"{documents(len(numbers))}, to be {to}")


def _summary(result: "BatchResult", what: str, *, as_json: bool) -> None:
    """Say what became of each; exit as the first failure would have.

    Raises:
        typer.Exit: Something failed.
    """
    if as_json:
        failed = [
            {"document_id": each.document_id, "error": each.error.message} for each in result.failed
        ]
        done = [document.id for document in result.done]
        print_json({"batch": result.batch, "done": done, "failed": failed})
    else:
        for each in result.failed:
            say(f"document {each.document_id}: {each.error}")
        left = f", {len(result.failed)} left as they were" if result.failed else ""
        say(f"{documents(len(result.done))} {what}{left}")
        if result.batch and result.done:
            say(f"all back again: docsorter review undo --batch {result.batch}")
    if result.failed:
        first = result.failed[0].error.exit_code
        raise typer.Exit(first if not result.done else ExitCode.CONFLICT)


def _report(document: "Document", path: Path, *, as_json: bool) -> None:
    """Say where a document is now."""
    if as_json:
        print_json({"document": document, "file": path})
    else:
        say(f"document {document.id} is now {document.state}: {path}")


@app.command(
    epilog="Examples: docsorter review undo 7\n\ndocsorter review undo --batch   (the last one)"
)
def undo(
    ctx: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID...]", help="Numbers of documents; with --batch its name."),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="All answers given together; without a name your last.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take the last answer back; the file returns to the queue.

    docsorter undo takes back more: also what was sorted with no person, by time or by model.
    """
    from docsorter.service.review.session import for_each

    name, uid = reviewer(ctx)
    with review_service(ctx) as workspace:
        numbers = _batch(workspace, what or [], name) if batch else _numbers(what or [])
        if len(numbers) == 1 and not batch:
            document = workspace.undo(numbers[0], reviewer=name, uid=uid)
            _report(document, workspace.path_of(document), as_json=as_json)
            return
        with bar("taking back", len(numbers)) as progress:
            result = for_each(
                numbers,
                lambda number: workspace.undo(number, reviewer=name, uid=uid),
                progress=progress,
            )
    _summary(result, "taken back", as_json=as_json)


def _numbers(what: Sequence[str]) -> list[int]:
    if not what or not all(word.isascii() and word.isdecimal() for word in what):
        raise UsageError(
            "name the documents by their numbers", remedy="docsorter review undo 7 8, or --batch"
        )
    return [int(word) for word in what]


def _batch(workspace: "ReviewService", what: Sequence[str], name: str) -> list[int]:
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


@app.command(epilog="Example: docsorter review stats --since 2026-11-01 --json")
def stats(
    ctx: typer.Context,
    since: Annotated[
        str, typer.Option(help="From then on: 2026-11-01, 7d, 12h; default: 30 days.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Show answers per day and reviewer: seconds, undos, agreement with model and each other."""
    from docsorter.review import statistics
    from docsorter.review.searching import parse_moment

    with review_service(ctx) as workspace:
        start = parse_moment(since, workspace.now()) if since else workspace.now() - _PERIOD
        given = workspace.store.review.answers_since(start)
        pairs = workspace.store.review.opinion_pairs(start)
        open_now = workspace.store.review.stats().open
    per_day, people = statistics.per_day(given), statistics.per_reviewer(given)
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
        (_figures_row(line) for line in (lines if given else [])),
        empty="no answers in that time",
    )
    _say_agreement(both, statistics.total(given))
    say(f"{open_now} documents wait")


def _figures_row(line: "AnswerFigures") -> tuple[object, ...]:
    return (
        line.day.isoformat() if line.day else "all days",
        line.reviewer or "everybody",
        line.answers,
        "" if line.seconds is None else f"{line.seconds:.1f}",
        percent(line.undo_rate),
        percent(line.agreement),
    )


def _say_agreement(both: "Agreement", everything: "AnswerFigures") -> None:
    if everything.blind_compared:
        share = percent(everything.blind_agreed / everything.blind_compared)
        say(f"answers given blind agree with the model in {share} of {everything.blind_compared}")
    if both.pairs:
        kappa = "not defined" if both.kappa is None else f"{both.kappa:.2f}"
        share = percent(both.agreed / both.pairs)
        say(f"two people agree in {share} of {both.pairs} second opinions; Cohen's kappa {kappa}")


@app.command(
    epilog="Examples: docsorter review reread\n\ndocsorter review reread --limit 100 --json"
)
def reread(
    ctx: typer.Context,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="At most so many; default: all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the words of what waits because its picture is unsure; sort what is sure with them.

    Blind checks, and what somebody looks at just now, are left alone. It runs at low priority
    beside the daemon; stopped in the middle, the same command goes on.
    """
    from docsorter.service.review.reread import Reread, open_rereading
    from docsorter.service.review.service import open_review_service

    os.nice(_LOW_PRIORITY)
    chosen = configuration(ctx)
    done: list[Reread] = []
    failed: list[BatchFailure] = []
    with (
        open_review_service(chosen) as workspace,
        open_rereading(chosen, workspace) as (rereading, workers),
    ):
        rereading.finish_interrupted()
        numbers = rereading.waiting(limit)
        with bar("reading words", len(numbers)) as progress:
            for count, one in enumerate(rereading.reread_all(numbers, workers), start=1):
                if isinstance(one, Reread):
                    done.append(one)
                else:
                    failed.append(one)
                progress(count)
    _print_reread(done, failed, as_json=as_json)
    if failed:
        raise typer.Exit(failed[0].error.exit_code)


def _print_reread(
    done: Sequence["Reread"], failed: Sequence["BatchFailure"], *, as_json: bool
) -> None:
    from docsorter.documents import State

    now: dict[str, list[int]] = {"sorted": [], "still_waiting": [], "without_words": []}
    for one in done:
        is_sorted = one.document.state is State.SORTED
        name = "sorted" if is_sorted else "still_waiting" if one.read else "without_words"
        now[name].append(one.document.id)
    if as_json:
        left = [{"document_id": f.document_id, "error": f.error.message} for f in failed]
        print_json({**now, "left_alone": left})
        return
    for each in failed[:_SHOWN]:
        say(f"left alone: {each.error}")
    say_more(len(failed) - _SHOWN)
    if not done and not failed:
        say("nothing waits whose words could change that")
        return
    told = (
        "sorted with their words",
        "still wait, with a new suggestion",
        "have no words to go by",
    )
    counted = [f"{len(of)} {what}" for of, what in zip(now.values(), told, strict=True) if of]
    counted += [f"{len(failed)} left alone"] if failed else []
    say(f"{documents(len(done) + len(failed))}: {', '.join(counted)}")


@app.command(
    epilog="""\b
Examples:
  docsorter review groups                    look at what waits
  docsorter review groups 1 --sheet one.png  their first pages in one picture
  docsorter review groups 1 --label receipt  all of it is a new label
"""
)
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
    """Gather documents that are like no training page, so that alike ones get a label at once.

    Without N what waits is looked at anew. Each answer remains one that can be undone alone;
    docsorter review undo --batch takes all of them back together.
    """
    from docsorter.clock import SystemClock
    from docsorter.service.learning.groups import UnknownDocuments
    from docsorter.service.review.service import open_review_service

    chosen = configuration(ctx)
    with open_review_service(chosen) as workspace:
        unknown = UnknownDocuments(chosen, workspace.store, SystemClock())
        if number is None:
            listing = _listed(unknown, chosen)
            _print_listing(listing, as_json=as_json)
            return
        group = unknown.last().group(number)
        left = {int(part) for part in without.replace(",", " ").split()}
        numbers = [one for one in group.waiting if one not in left]
        if sheet is not None:
            settings = chosen.settings.pages
            _sheet(workspace, group, numbers, sheet, settings, as_json=as_json)
        if label:
            workspace.check_label(label, new=True)
            result = _answer_all(workspace, numbers, label, reviewer(ctx), new_label=True)
            _summary(result, "answered", as_json=as_json)
        elif sheet is None:
            _print_group(workspace, group, as_json=as_json)


def _listed(unknown: "UnknownDocuments", chosen: "Configuration") -> "GroupListing":
    from docsorter.service.engine import load_model

    workers = chosen.settings.service.workers or usable_cores()
    with stage_bars() as progress:
        return unknown.gather(load_model(chosen), workers, progress)


def _print_listing(listing: "GroupListing", *, as_json: bool) -> None:
    if as_json:
        print_json(listing.model_dump(mode="json"))
        return
    print_table(
        (">group", ">wait", ">named", "called", "nearest", ">", "examples"),
        (_group_row(group) for group in listing.groups),
        empty="nothing that waits looks like anything else that does",
    )
    if listing.left_over:
        say(f"{listing.left_over} more wait that are like no other")
    if listing.unreadable:
        say(f"{listing.unreadable} could not be read")
    if listing.groups:
        say("look: docsorter review groups 1 --sheet one.png")
        say("name: docsorter review groups 1 --label NAME")


def _group_row(group: "Group") -> tuple[object, ...]:
    return (
        group.number,
        len(group.waiting),
        len(group.answered),
        ", ".join(group.called),
        group.nearest,
        percent(group.nearest_probability),
        " ".join(map(str, group.waiting[:_EXAMPLES])),
    )


def _print_group(workspace: "ReviewService", group: "Group", *, as_json: bool) -> None:
    if as_json:
        print_json(group.model_dump(mode="json"))
        return
    print_table(
        (">id", "~file", "state", "label"),
        (
            (document.id, document.name, document.state, document.verdict.label or "")
            for document in map(workspace.store.documents.get, (*group.waiting, *group.answered))
            if document.verdict
        ),
        empty="nobody is in it any more",
    )


def _sheet(
    workspace: "ReviewService",
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
        title += f", nearest {group.nearest} {percent(group.nearest_probability)}"
    if not documents:
        raise ConflictError("nobody of this group waits", remedy="docsorter review groups")
    shown = write_sheet(target, title, documents, workspace.path_of, settings)
    if not as_json:
        say(f"wrote {target}: {shown} of {len(documents)} documents")
