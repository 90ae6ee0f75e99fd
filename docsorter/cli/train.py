"""train and retrain: from labelled documents, or from answers, to a model bundle."""

import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, chosen, configuration, group, reviewer
from docsorter.cli.output import (
    fields,
    print_json,
    print_table,
    say,
    say_more,
    stage_bars,
    when,
)
from docsorter.errors import ExitCode, UsageError, WorkspaceError, missing_extra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docsorter.model.registry import ModelRegistry
    from docsorter.service.learning.candidates import Candidate, TrainedCandidate
    from docsorter.service.learning.gate import GateResult
    from docsorter.service.learning.promoting import Person
    from docsorter.service.learning.retraining import Retraining
    from docsorter.service.learning.snapshots import SnapshotManifest, UntrainedAnswers
    from docsorter.service.workspace.process import Progress
    from docsorter.training.run import TrainingResult

_SHOWN = 20

app = group()

_TRAIN_EPILOG = """\b
Examples:
  docsorter -w ~/paper train ~/labelled --name ours-1
  docsorter train ~/labelled --out ~/models --policy claim=never
  docsorter train ~/labelled --base imagenet --out ~/models
DIR has one sub-folder per label, named like the label, with its scans; a
sub-folder `other` is for documents that are none of them.
"""


@app.command(epilog=_TRAIN_EPILOG)
def train(
    ctx: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Labelled scans, one sub-folder per label.")
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Of the bundle; default: like the folder.")
    ] = "",
    base: Annotated[
        str,
        typer.Option(
            metavar="BASE", help="starter, imagenet, a .npz file of weights, or a bundle."
        ),
    ] = "starter",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where the bundle goes; default: the models of the workspace."
        ),
    ] = None,
    target_error: Annotated[
        float, typer.Option(metavar="SHARE", help="Error that sorted documents may have.")
    ] = 0.01,
    confidence: Annotated[
        float, typer.Option(metavar="SHARE", help="How sure that promise is to be.")
    ] = 0.95,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL=POLICY", help="auto, review or never for a label; may be repeated."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same split.", min=0)] = 0,
    tuning: Annotated[
        bool,
        typer.Option("--tuning/--no-tuning", help="Tune the upper blocks where that helps."),
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Learn from your own labelled scans and write a model bundle that tells the truth about it.

    The model is not put to use: the last line says how. Interrupted, the same command goes on
    where it was.
    """
    folder, registry = _places(ctx, out)
    options = {
        "folder": directory,
        "name": _name(name, directory),
        "out": folder,
        "base": base,
        "target_error": _share("--target-error", target_error),
        "confidence": _share("--confidence", confidence),
        "seed": seed,
        "tuning": tuning,
    }
    with _without_chatter():
        finished = _train(options, policy or [], registry)
    if as_json:
        print_json(finished.as_json())
        return
    fields(finished.lines())
    say()
    say("It is not in use yet. Next:")
    say(f"  {_next(ctx, finished, promoted=out is None)}")


def _places(ctx: typer.Context, out: Path | None) -> tuple[Path, "ModelRegistry"]:
    """Return the folder for the bundle, and the bundles that one may start from."""
    from docsorter.model.registry import ModelRegistry

    try:
        models = configuration(ctx).state / "models"
    except WorkspaceError:
        if out is None:
            raise
        models = out  # earlier bundles beside it can be named as a base
    return (out if out is not None else models), ModelRegistry(models)


def _name(name: str, directory: Path) -> str:
    """Return a name that a card may carry."""
    import re

    if name:
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name) and name != "starter":
            return name
        raise UsageError(
            f"a bundle cannot be called {name!r}",
            remedy="use up to 64 small letters, digits, dots and dashes, and not `starter`",
        )
    found = re.sub(r"[^a-z0-9._-]+", "-", directory.resolve().name.lower()).strip("-._")
    return f"{found[:56] or 'documents'}-1"


def _share(option: str, value: float) -> float:
    if not 0 < value < 1:
        raise UsageError(
            f"{option} must lie between 0 and 1, not {value}", remedy="e.g. 0.01 for 1 %"
        )
    return value


def _train(
    options: dict[str, object], policies: list[str], registry: "ModelRegistry"
) -> "TrainingResult":
    import datetime as dt
    import os

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from docsorter.training.request import TrainingRequest, parse_policies
        from docsorter.training.run import train as run
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("docsorter"):
            raise
        raise missing_extra("training", str(error.name)) from error
    request = TrainingRequest(**options, policies=parse_policies(policies))  # type: ignore[arg-type]
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        with _ended_by_sigterm(), stage_bars(long=True) as progress:
            return run(request, registry, lambda: now, progress)
    except (KeyboardInterrupt, SystemExit):
        if request.work.exists():
            typer.echo("interrupted; the same command goes on where it was", err=True)
        raise


@contextmanager
def _ended_by_sigterm() -> "Iterator[None]":
    """Let SIGTERM end a training as Ctrl-C does: everything is tidied up on the way out."""

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _without_chatter() -> "Iterator[None]":
    """Keep what TensorFlow's C++ says from the terminal; what we say still arrives there."""
    import logging
    import os

    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    sys.stderr.flush()
    kept, before = os.dup(2), sys.stderr
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with os.fdopen(os.dup(2), "w", buffering=1, encoding=before.encoding) as ours:
        os.dup2(nowhere, 2)
        sys.stderr = ours
        try:
            yield
        finally:
            sys.stderr = before
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)


def _next(ctx: typer.Context, finished: "TrainingResult", *, promoted: bool) -> str:
    import shlex

    workspace = chosen(ctx).workspace
    start = f"docsorter -w {shlex.quote(str(workspace))}" if workspace else "docsorter"
    if promoted:
        return f"{start} model promote {finished.name}"
    return f"{start} model add {shlex.quote(str(finished.bundle))}"


_RETRAIN_EPILOG = """\b
Examples:
  docsorter retrain --dry-run        what would be learned; what is doubtful
  docsorter retrain --confirm 17,23  these answers are right all the same
  docsorter retrain                  learn, or judge a candidate that waits
  docsorter retrain --promote        and put it to use if its gate holds
  docsorter retrain --auto           for a timer: all within [learning]
Interrupted, the same command goes on where it was. docsorter model rollback
takes a promotion back.
"""


@dataclass
class RetrainResult:
    """What a retraining came to; None where it did not get so far."""

    unlearned: "UntrainedAnswers | None" = None
    manifest: "SnapshotManifest | None" = None
    taught: "TrainedCandidate | None" = None
    judged: "GateResult | None" = None

    def as_json(self) -> dict[str, object]:
        """Return what --json writes."""
        judged = self.judged
        return {
            "unlearned": self.unlearned,
            "snapshot": self.manifest.model_dump(mode="json") if self.manifest else None,
            "training": self.taught.figures if self.taught else None,
            "candidate": judged.candidate.model_dump(mode="json") if judged else None,
            "gate": judged.gate if judged else None,
            "automation": judged.forecast if judged else None,
        }


@app.command(epilog=_RETRAIN_EPILOG)
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
    from docsorter.service.learning.retraining import Retraining, TrainingProcess
    from docsorter.service.workspace.layout import open_workspace_store

    chosen, clock = configuration(ctx), SystemClock()
    confirmed, person = _numbers(confirm), Person(*reviewer(ctx))
    with open_workspace_store(chosen, clock) as store, stage_bars(long=True) as progress:
        steps = Retraining(chosen, store, clock, TrainingProcess(chosen))
        result = RetrainResult()
        candidate = None if fresh or dry_run else steps.waiting()
        if candidate is None:
            least = chosen.settings.learning.least_answers
            result.unlearned = steps.untrained_answers()
            if auto and not dry_run and result.unlearned.answers < least:
                _print_retrained(
                    result, as_json=as_json, note=f"nothing to do: {least} new answers are needed"
                )
                return
            candidate = _learn(
                steps, result, progress, confirmed, (hold_back, seed), fresh=fresh, dry_run=dry_run
            )
        if candidate is not None:
            result.judged = steps.evaluate(candidate, progress)
            note = _promoted(steps, result.judged, person, auto=auto, promote=promote or auto)
        else:
            note = "nothing was trained: --dry-run"
    _print_retrained(result, as_json=as_json, note=note)
    if result.judged is not None and result.judged.candidate.standing == "refused":
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
    result: RetrainResult,
    progress: "Progress",
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
        manifest = steps.take_snapshot(
            progress, confirmed=confirmed, hold_back=hold_back, seed=seed
        )
    manifest = result.manifest = steps.find_doubts(manifest, progress)
    if dry_run:
        steps.drop_unfinished()
        return None
    result.taught = steps.train(manifest, progress)
    return result.taught.candidate


def _promoted(
    steps: "Retraining", judged: "GateResult", person: "Person", *, auto: bool, promote: bool
) -> str:
    """Put a candidate to use where that is wanted and allowed; return what was done in words."""
    from docsorter.decide.gate import GateVerdict

    name = judged.candidate.name
    if judged.candidate.standing == "refused":
        return f"{name} is refused; the model in use stays: {judged.candidate.why}"
    if judged.gate.verdict is GateVerdict.OPEN:
        return f"{name} waits for later blind checks; say docsorter retrain again then"
    forecast = judged.forecast
    if forecast is not None and not forecast.holds:
        return (
            f"{name} passed its gate and waits, so that automation is not lost: {forecast.why}; "
            f"at once, without its own checks: docsorter model promote {name}"
        )
    if not promote:
        return "next: docsorter retrain --promote, which keeps its own checks as evidence"
    soon = steps.too_soon() if auto else None
    if soon is not None:
        return f"{name} may be put to use by itself from {when(soon)} on (learning.days_between)"
    changed = steps.promote(judged, person)
    taken = f", with {len(judged.shadows)} checks of its own" if judged.shadows else ""
    return (
        f"{changed.bundle} is in use{taken}; before: {changed.previous} (docsorter model rollback)"
    )


def _print_retrained(result: RetrainResult, *, as_json: bool, note: str) -> None:
    if as_json:
        print_json({**result.as_json(), "note": note})
        return
    if result.manifest is not None:
        _print_snapshot(result.manifest)
    if result.taught is not None and result.taught.lines:
        fields(result.taught.lines)
        say()
    if result.judged is not None:
        _print_gate(result.judged)
    elif result.unlearned is not None:
        say(result.unlearned.sentence())
    say(note)


def _print_snapshot(manifest: "SnapshotManifest") -> None:
    if manifest.asked:
        say(f"{len(manifest.asked)} doubtful answers are not learned from:")
        print_table(
            (">id", "said to be", "but", "see"),
            (
                (one.document, one.label, one.text, " ".join(map(str, one.others[:5])))
                for one in manifest.asked[:_SHOWN]
            ),
            empty="none",
        )
        say_more(len(manifest.asked) - _SHOWN, ": --json lists them all")
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


def _print_gate(judged: "GateResult") -> None:
    gate = judged.gate
    worse = f"{100 * gate.difference:+.2f} % of documents (below 0 is better)"
    rows: list[tuple[str, object]] = [
        ("candidate", f"{judged.candidate.name}, compared with {judged.in_use}"),
        ("checks", f"{gate.checks} later blind ones that neither has learned from"),
    ]
    if judged.unusable:
        rows.append(("", f"{judged.unusable} more have no file left to compare"))
    if gate.checks:
        rows += [
            ("only one right", f"candidate {gate.only_new_right}, in use {gate.only_old_right}"),
            ("wrong more often", f"{worse}, below {100 * gate.upper_bound:.1f} % for sure"),
        ]
    if judged.shadows:
        rows.append(("of its own", f"{len(judged.shadows)} checks that would count as evidence"))
    if judged.forecast is not None:
        rows.append(("automation", judged.forecast.why))
    rows.append(("gate", f"{gate.verdict}: {gate.why}"))
    fields(rows)
    for label in gate.labels:
        floor = "" if label.holds else "  FLOOR BROKEN"
        say(
            f"  {label.label}: {label.checks} checked, wrong {label.old_wrong} before, "
            f"{label.new_wrong} now{floor}"
        )
