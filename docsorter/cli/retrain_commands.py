"""retrain: learn from what people answered; the new model is put to use once it earned that."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, reviewer
from docsorter.cli.output import progress, when
from docsorter.cli.retrain_output import Told, print_told
from docsorter.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docsorter.service.learning.candidates import Candidate
    from docsorter.service.learning.judging import Judged
    from docsorter.service.learning.retraining import Retraining
    from docsorter.service.promoting import Person

    Show = Callable[[str, int, int], None]

_EPILOG = """\b
Examples:
  docsorter retrain --dry-run        what would be learned, and what is doubtful
  docsorter retrain --confirm 17,23  these answers are right whatever it looks like
  docsorter retrain                  learn; a candidate that waits is judged instead
  docsorter retrain --promote        and put it to use if its gate holds
  docsorter retrain --auto           for a timer: everything within [learning]
Interrupted, the same command goes on where it was. docsorter model rollback takes
a promotion back.
"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=_EPILOG)(retrain)


def retrain(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Freeze and look for doubts; train nothing.")
    ] = False,
    confirm: Annotated[
        str, typer.Option(metavar="ID,ID", help="Learn from these documents all the same.")
    ] = "",
    hold_back: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Keep the N newest checks to judge by; 0 waits for later ones."
        ),
    ] = 0,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Begin anew, whatever waits or was interrupted."),
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Put it to use if its gate holds.")
    ] = False,
    auto: Annotated[
        bool, typer.Option("--auto", help="Learn and promote only within the limits of [learning].")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed, the same split.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Learn from the answers of people, beginning with the model in use.

    Doubtful answers are listed first and left out unless confirmed. The new model is a candidate
    until later blind checks show that it is not worse; only then may it be put to use.
    """
    from docsorter.clock import SystemClock
    from docsorter.service.learning.retraining import Retraining
    from docsorter.service.learning.trainer import Trainer
    from docsorter.service.migration import open_workspace_store
    from docsorter.service.promoting import Person

    chosen, clock = configuration(ctx), SystemClock()
    confirmed, person = _numbers(confirm), Person(*reviewer(ctx))
    with open_workspace_store(chosen, clock) as store, _bars() as show:
        steps = Retraining(chosen, store, clock, Trainer(chosen))
        told = Told()
        candidate = None if fresh or dry_run else steps.waiting()
        if candidate is None:
            least = chosen.settings.learning.least_answers
            told.unlearned = steps.unlearned()
            if auto and not dry_run and told.unlearned.answers < least:
                print_told(
                    told, as_json=as_json, note=f"nothing to do: {least} new answers are needed"
                )
                return
            candidate = _learn(
                steps, told, show, confirmed, (hold_back, seed), fresh=fresh, dry_run=dry_run
            )
        if candidate is not None:
            told.judged = steps.judge(candidate, show)
            note = _promoted(steps, told.judged, person, auto=auto, promote=promote or auto)
        else:
            note = "nothing was trained: --dry-run"
    print_told(told, as_json=as_json, note=note)
    failed = told.judged is not None and told.judged.candidate.standing == "refused"
    if failed:
        raise typer.Exit(ExitCode.FINDINGS)


def _numbers(text: str) -> frozenset[int]:
    try:
        return frozenset(int(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise UsageError(
            f"--confirm {text!r} is no list of numbers", remedy="e.g. --confirm 17,23"
        ) from error


def _learn(
    steps: "Retraining",
    told: Told,
    show: "Show",
    confirmed: frozenset[int],
    drawn: tuple[int, int],
    *,
    fresh: bool,
    dry_run: bool,
) -> "Candidate | None":
    from docsorter.service.learning.trainer import require_extra

    require_extra()
    manifest = steps.unfinished()
    if manifest is not None and (fresh or dry_run or confirmed):
        steps.drop_unfinished()
        manifest = None
    if manifest is None:
        hold_back, seed = drawn
        manifest = steps.freeze(show, confirmed=confirmed, hold_back=hold_back, seed=seed)
    manifest = told.manifest = steps.inspect(manifest, show)
    if dry_run:
        steps.drop_unfinished()
        return None
    told.taught = steps.teach(manifest, show)
    return told.taught.candidate


def _promoted(
    steps: "Retraining", judged: "Judged", person: "Person", *, auto: bool, promote: bool
) -> str:
    """Put a candidate to use where that is wanted and allowed; return what was done in words."""
    from docsorter.decide.gate import GateVerdict

    name = judged.candidate.name
    if judged.candidate.standing == "refused":
        return f"{name} is refused; the model in use stays: {judged.candidate.why}"
    if judged.gate.verdict is GateVerdict.OPEN:
        return f"{name} waits for later blind checks; say docsorter retrain again then"
    takes = judged.taking_over
    if takes is not None and not takes.holds:
        return (
            f"{name} passed its gate and waits, so that automation is not lost: {takes.why}; "
            f"at once, with nothing taken along: docsorter model promote {name}"
        )
    if not promote:
        return "next: docsorter retrain --promote, which takes its own checks along"
    soon = steps.too_soon() if auto else None
    if soon is not None:
        return f"{name} may be put to use by itself from {when(soon)} on (learning.days_between)"
    changed = steps.promote(judged, person)
    taken = f", with {len(judged.shadows)} checks of its own" if judged.shadows else ""
    return (
        f"{changed.bundle} is in use{taken}; before: {changed.previous} (docsorter model rollback)"
    )


@contextmanager
def _bars() -> "Iterator[Show]":
    with progress() as bar:
        tasks: dict[str, object] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type] # TaskID

        yield show
