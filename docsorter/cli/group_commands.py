"""review groups: unknown documents that look alike, to be named in one gesture."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, reviewer
from docsorter.cli.output import print_json, print_table, progress, say
from docsorter.cli.review_answering import answer_together
from docsorter.errors import ConflictError

if TYPE_CHECKING:
    from docsorter.configuration import Configuration
    from docsorter.service.acts import Acts
    from docsorter.service.learning.groups import Group, Listing
    from docsorter.service.learning.unknown import UnknownDocuments
    from docsorter.settings import PagesSettings

_EPILOG = """\b
Examples:
  docsorter review groups                      look at what waits, list groups
  docsorter review groups 1 --sheet one.png    their first pages in one picture
  docsorter review groups 1 --label receipt    all of it is a new label
"""
_EXAMPLES = 6


def register(app: typer.Typer) -> None:
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
    from docsorter.service.acts import open_acts
    from docsorter.service.learning.unknown import UnknownDocuments

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

    workers = chosen.settings.service.workers or os.cpu_count() or 1
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
        (_row(group) for group in listing.groups),
        empty="nothing that waits looks like anything else that does",
    )
    if listing.left_over:
        say(f"{listing.left_over} more wait that are like no other")
    if listing.unreadable:
        say(f"{listing.unreadable} could not be looked at")
    if listing.groups:
        say("look: docsorter review groups 1 --sheet one.png")
        say("name: docsorter review groups 1 --label NAME")


def _row(group: "Group") -> tuple[object, ...]:
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
            for document in map(workspace.store.document, (*group.waiting, *group.answered))
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
    from docsorter.service.learning.sheet import write_sheet

    documents = [workspace.store.document(number) for number in numbers]
    title = f"group {group.number}: {len(numbers)} documents that wait"
    if group.nearest:
        title += f", nearest {group.nearest} {group.nearest_probability:.2f}"
    if not documents:
        raise ConflictError("nobody of this group waits", remedy="docsorter review groups")
    shown = write_sheet(target, title, documents, workspace.path_of, settings)
    if not as_json:
        say(f"wrote {target}: {shown} of {len(documents)} documents")
