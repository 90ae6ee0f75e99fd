"""model promote, rollback, add, remove: which model is in use, and which there are."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, reviewer
from docsorter.cli.output import fields, print_json, say
from docsorter.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from docsorter.service.model_changes import Changed
    from docsorter.service.model_wait import Outcome
    from docsorter.service.promoting import Person, Promoter

Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the promotion.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Do not wait until the running daemon uses it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(epilog='Example: docsorter model promote ours-2 --reason "two more vendors"')(
        promote
    )
    app.command(epilog="Example: docsorter model rollback")(rollback)
    app.command(epilog="Example: docsorter model add ~/Downloads/ours-2")(add)
    app.command(epilog="Example: docsorter model remove ours-1")(remove)


def promote(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that model list shows.")],
    reason: Reason = "",
    no_wait: NoWait = False,
    as_json: AsJson = False,
) -> None:
    """Put a model to use, after checking that it is whole and answers here as it should.

    A running daemon takes it up by itself: documents it is looking at are finished with the model
    before, all others are looked at with the new one.
    """

    def act(promoter: "Promoter", person: "Person") -> "Changed":
        return promoter.promote(name, person, reason=reason)

    _change(ctx, act, wait=not no_wait, as_json=as_json)


def rollback(
    ctx: typer.Context, reason: Reason = "", no_wait: NoWait = False, as_json: AsJson = False
) -> None:
    """Put the model to use again that was in use before the last promotion; may be repeated."""

    def act(promoter: "Promoter", person: "Person") -> "Changed":
        return promoter.rollback(person, reason=reason)

    _change(ctx, act, wait=not no_wait, as_json=as_json)


def _change(
    ctx: typer.Context,
    act: "Callable[[Promoter, Person], Changed]",
    *,
    wait: bool,
    as_json: bool,
) -> None:
    from docsorter.clock import SystemClock
    from docsorter.service.migration import open_workspace_store
    from docsorter.service.model_wait import Uptake, wait_for_daemon
    from docsorter.service.promoting import Person, Promoter

    settings, person, clock = configuration(ctx), Person(*reviewer(ctx)), SystemClock()
    with open_workspace_store(settings, clock) as store:
        changed = act(Promoter(settings, store, clock), person)
    outcome = wait_for_daemon(settings, changed.fingerprint) if wait else None
    if as_json:
        promotion = changed.promotion.model_dump(mode="json") if changed.promotion else None
        shown = {**dataclasses.asdict(changed), "promotion": promotion}
        print_json({"changed": shown, "daemon": outcome})
    else:
        _print(changed, outcome)
    if outcome is not None and outcome.uptake is Uptake.REFUSED:
        raise ModelError(
            f"the daemon did not take {changed.bundle} up: {outcome.text}",
            remedy="nothing is lost; go back with: docsorter model rollback",
        )


def _print(changed: "Changed", outcome: "Outcome | None") -> None:
    before = f"before: {changed.previous}" if changed.promotion else "as before: nothing changed"
    rows: list[tuple[str, object]] = [
        ("in use", f"{changed.bundle} (model {changed.model}), {before}"),
        ("golden", f"answers as it should, at most {changed.golden_difference:.4f} apart"),
        ("promise", changed.statement),
    ]
    if changed.appeared:
        rows.append(("new labels", ", ".join(changed.appeared)))
    if changed.vanished:
        rows.append(("gone labels", ", ".join(changed.vanished)))
    rows += [("note", note) for note in changed.notes]
    if outcome is not None:
        rows.append(("daemon", _word(outcome)))
    fields(rows)


def _word(outcome: "Outcome") -> str:
    from docsorter.service.model_wait import Uptake

    match outcome.uptake:
        case Uptake.USED:
            return f"uses it since {outcome.seconds:.1f} s after the promotion"
        case Uptake.REFUSED:
            return outcome.text
        case Uptake.NO_DAEMON:
            return "not running; it begins with this model"
        case Uptake.SILENT:
            return "has not taken it up yet: docsorter status"


def add(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder of a bundle.")],
    name: Annotated[str, typer.Option(help="What to call it; default: as its card does.")] = "",
    as_json: AsJson = False,
) -> None:
    """Copy a bundle into the workspace, whole and checked; it is not in use before promote.

    Links, devices and files that no bundle has are refused.
    """
    from docsorter.deliver.permissions import permissions
    from docsorter.documents import Place
    from docsorter.model.adding import add_bundle
    from docsorter.service.workspace import prepare_private

    settings = configuration(ctx)
    prepare_private(settings)
    allowed = permissions(settings.settings)[Place.SPOOL]
    added = add_bundle(
        path,
        settings.state / "models",
        name,
        dir_mode=allowed.dir_mode,
        file_mode=allowed.file_mode,
    )
    card = added.bundle.card
    if as_json:
        print_json(
            {
                "name": added.name,
                "path": added.path,
                "model": card.name,
                "labels": card.labels,
                "new": added.is_new,
                "golden_difference": added.golden_difference,
            }
        )
        return
    say(f"{'took in' if added.is_new else 'there already:'} {added.name} (model {card.name})")
    say(f"labels: {', '.join(card.labels)}; its golden pages answer here as they should")
    say(f"next: docsorter model compare starter {added.name}; docsorter model promote {added.name}")


def remove(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="One that model list shows.")],
) -> None:
    """Delete a bundle that is not in use and that no rollback leads to."""
    from docsorter.model.removing import remove_bundle

    settings = configuration(ctx)
    remove_bundle(name, settings.state / "models", settings.settings.model.bundle)
    say(f"removed {name}")
