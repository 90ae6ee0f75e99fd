"""retrain: learn from what people answered; the new model is put to use once it earned that."""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, reviewer
from docsorter.cli.output import fields, print_json, print_table, progress, say, when
from docsorter.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docsorter.service.learning.candidates import Candidate, Taught
    from docsorter.service.learning.gate import Judged
    from docsorter.service.learning.promoting import Person
    from docsorter.service.learning.retraining import Retraining
    from docsorter.service.learning.snapshots import LeftOut, Manifest, Unlearned

    Show = Callable[[str, int, int], None]

_SHOWN = 20


class Told:
    """What there is to print; None where nothing came of it."""

    def __init__(self) -> None:
        self.unlearned: Unlearned | None = None
        self.manifest: Manifest | None = None
        self.taught: Taught | None = None
        self.judged: Judged | None = None


def print_told(told: Told, *, as_json: bool, note: str) -> None:
    """Print it for people, or as JSON."""
    if as_json:
        manifest = told.manifest
        print_json(
            {
                "unlearned": told.unlearned,
                "snapshot": manifest.model_dump(mode="json") if manifest else None,
                "training": told.taught.figures if told.taught else None,
                "candidate": told.judged.candidate.model_dump(mode="json") if told.judged else None,
                "gate": told.judged.gate if told.judged else None,
                "automation": told.judged.taking_over if told.judged else None,
                "note": note,
            }
        )
        return
    if told.manifest is not None:
        _print_snapshot(told.manifest)
    if told.taught is not None and told.taught.lines:
        fields(told.taught.lines)
        say()
    if told.judged is not None:
        _print_gate(told.judged)
    elif told.unlearned is not None:
        say(told.unlearned.sentence())
    say(note)


def _print_snapshot(manifest: "Manifest") -> None:
    if manifest.asked:
        say(f"{len(manifest.asked)} doubtful answers are not learned from:")
        print_table(
            (">id", "said to be", "but", "see"),
            (_doubt(one) for one in manifest.asked[:_SHOWN]),
            empty="none",
        )
        if len(manifest.asked) > _SHOWN:
            say(f"and {len(manifest.asked) - _SHOWN} more: --json lists them all")
        first = manifest.asked[0].document
        say(f"look: docsorter explain {first}; right after all: --confirm {first}")
        say(f"wrong: docsorter review undo {first}, then answer it anew")
        say()
    others = [one for one in manifest.left_out if one not in manifest.asked]
    rows: list[tuple[str, object]] = [
        ("snapshot", f"{manifest.name}, from {manifest.base} (model {manifest.base_model})"),
        ("learned from", ", ".join(f"{n} {label}" for label, n in manifest.counts.items())),
    ]
    if manifest.generated:
        made = ", ".join(f"{n} {label}" for label, n in manifest.generated.items())
        rows.append(("generated", f"{made}, since people named too few"))
    if others:
        rows.append(
            ("left out", f"{len(others)} more, e.g. {others[0].document}: {others[0].text}")
        )
    fields(rows)
    say()


def _doubt(one: "LeftOut") -> tuple[object, ...]:
    return one.document, one.label, one.text, " ".join(map(str, one.others[:5]))


def _print_gate(judged: "Judged") -> None:
    gate = judged.gate
    worse = f"{100 * gate.difference:+.2f} % of documents (below 0 is better)"
    rows: list[tuple[str, object]] = [
        ("candidate", f"{judged.candidate.name}, compared with {judged.in_use}"),
        ("checks", f"{gate.checks} later blind ones that neither has learned from"),
    ]
    if judged.unusable:
        rows.append(("", f"{judged.unusable} more have no file left to look at"))
    if gate.checks:
        rows += [
            ("only one right", f"candidate {gate.only_new_right}, in use {gate.only_old_right}"),
            ("wrong more often", f"{worse}, below {100 * gate.upper_bound:.1f} % for sure"),
        ]
    if judged.shadows:
        rows.append(("of its own", f"{len(judged.shadows)} checks that it would take along"))
    if judged.taking_over is not None:
        rows.append(("automation", judged.taking_over.why))
    rows.append(("gate", f"{gate.verdict}: {gate.why}"))
    fields(rows)
    for label in gate.labels:
        floor = "" if label.holds else "  FLOOR BROKEN"
        say(
            f"  {label.label}: {label.checks} checked, wrong {label.old_wrong} before, "
            f"{label.new_wrong} now{floor}"
        )


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
    from docsorter.service.learning.promoting import Person
    from docsorter.service.learning.retraining import Retraining, Trainer
    from docsorter.service.workspace.layout import open_workspace_store

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
    from docsorter.service.learning.retraining import require_extra

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
