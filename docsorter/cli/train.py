"""train: a folder of labelled documents in, a model bundle out."""

import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, chosen, configuration
from docsorter.cli.output import print_json, printable, progress, say
from docsorter.errors import DependencyError, UsageError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docsorter.model.registry import ModelRegistry
    from docsorter.training.progress import Progress
    from docsorter.training.run import TrainingResult

_EPILOG = """\b
Examples:
  docsorter -w ~/paper train ~/labelled --name ours-1
  docsorter train ~/labelled --out ~/models --policy claim=never
  docsorter train ~/labelled --base imagenet --out ~/models
DIR has one sub-folder per label, named like the label, with its scans; a
sub-folder `other` is for documents that are none of them.
"""

_WIDTH = 80


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(epilog=_EPILOG)(train)


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
    _print(finished)
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
        raise DependencyError(
            f"training needs libraries that are not installed: {error.name}",
            remedy="pip install 'docsorter[train]'",
        ) from error
    request = TrainingRequest(**options, policies=parse_policies(policies))  # type: ignore[arg-type]
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    try:
        with _ended_by_sigterm(), _bars() as bars:
            return run(request, registry, lambda: now, bars)
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


@contextmanager
def _bars() -> "Iterator[Progress]":
    """Show one bar with the time left for each stage."""
    with progress() as bar:
        tasks: dict[str, object] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield show


def _print(finished: "TrainingResult") -> None:
    """Print the summary in 80 columns; a long text goes on under itself."""
    import textwrap

    rows = finished.lines()
    width = max(len(name) for name, _ in rows) + 2
    for name, text in rows:
        for number, line in enumerate(textwrap.wrap(printable(text), _WIDTH - width) or [""]):
            say(f"{name if number == 0 else '':<{width}}{line}")


def _next(ctx: typer.Context, finished: "TrainingResult", *, promoted: bool) -> str:
    import shlex

    workspace = chosen(ctx).workspace
    start = f"docsorter -w {shlex.quote(str(workspace))}" if workspace else "docsorter"
    if promoted:
        return f"{start} model promote {finished.name}"
    return f"{start} model add {shlex.quote(str(finished.bundle))}"
