"""sort and demo: files sorted once, and the demonstration."""

import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson, configuration, configuration_or_defaults, group
from docsorter.cli.output import bar, guess, print_json, print_table, say
from docsorter.errors import AlreadyRunningError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docsorter.documents import Document, Verdict
    from docsorter.service.daemon.sort_once import SortResult


app = group()


@app.command(epilog="Example: docsorter sort --dry-run *.pdf")
def sort(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILES", help="Files or folders.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would happen; needs no workspace.")
    ] = False,
    copy: Annotated[
        bool, typer.Option("--copy", help="Leave the originals where they are.")
    ] = False,
    as_json: AsJson = False,
    table: Annotated[bool, typer.Option("--table", help="Write a table (the default).")] = False,
) -> None:
    """Sort files now, through the same steps as the daemon; the files move into the workspace.

    Exit code 12 when a file was rejected, 11 when one has to wait.
    """
    from docsorter.service.daemon.sort_once import regular_files

    del table
    named = regular_files(files)
    with ExitStack() as stack:
        progress = stack.enter_context(bar("sorting", len(named)))
        outcomes: list[SortResult] = []
        for outcome in _outcomes(ctx, named, stack, dry_run=dry_run, copy=copy):
            outcomes.append(outcome)
            progress(len(outcomes))
    outcomes.sort(key=lambda outcome: named.index(outcome.file))
    if as_json:
        print_json(outcomes)
    else:
        rows = ((o.file.name, o.verdict, o.place.parent if o.place else "") for o in outcomes)
        _print(rows, empty="no files")
    _exit(outcomes)


def _outcomes(
    ctx: typer.Context, files: list[Path], stack: ExitStack, *, dry_run: bool, copy: bool
) -> "Iterator[SortResult]":
    from docsorter.service.daemon import sort_once

    if dry_run:
        from docsorter.resources import usable_cores
        from docsorter.service.engine import open_engine

        workers = usable_cores()
        engine = stack.enter_context(open_engine(configuration_or_defaults(ctx), workers))
        return sort_once.inspect_only(engine, files, workers)
    from docsorter.service.daemon.assembly import assemble
    from docsorter.service.workspace.layout import open_workspace_store
    from docsorter.service.workspace.process import WorkspaceLock

    settings = configuration(ctx)
    try:
        stack.enter_context(WorkspaceLock(settings.state))
    except AlreadyRunningError:
        store = stack.enter_context(open_workspace_store(settings))
        return sort_once.hand_over(settings, store, files, copy=copy)
    assembly = assemble(settings)
    stack.callback(assembly.close)
    return sort_once.sort_files(assembly, files, copy=copy)


def _print(rows: "Iterable[tuple[str, Verdict | None, object]]", *, empty: str) -> None:
    """Print file, verdict and place of each; a file without a verdict waits."""
    print_table(
        ("file", "verdict", "label", ">sure", "reason", "place"),
        (
            (
                name,
                verdict.kind if verdict else "waits",
                *guess(verdict),
                verdict.reason.text if verdict else "docsorter status says why",
                place,
            )
            for name, verdict, place in rows
        ),
        empty=empty,
    )


def _exit(outcomes: "list[SortResult]") -> None:
    if any(outcome.verdict is None for outcome in outcomes):
        raise typer.Exit(ExitCode.ENVIRONMENT)
    if any(outcome.verdict and outcome.verdict.kind == "reject" for outcome in outcomes):
        raise typer.Exit(ExitCode.DOCUMENT)


@app.command(epilog="Example: docsorter demo --dir /tmp/paper")
def demo(
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where the demo workspace is made.")
    ] = Path("docsorter-demo"),
    as_json: AsJson = False,
) -> None:
    """Let the real daemon sort the example scans, and show what became of each."""
    from docsorter.configuration import load
    from docsorter.service.daemon.sort_once import example_files, prepare_demo, run_demo
    from docsorter.service.review.service import open_review_service

    prepare_demo(directory)
    with bar("the daemon sorts the examples", len(example_files())) as progress:
        shown = run_demo(directory, progress)
    if as_json:
        print_json(shown)
        return
    root = directory.resolve()
    rows = ((i.example, i.document.verdict, i.place.relative_to(root).parent) for i in shown)
    _print(rows, empty="no examples")
    with open_review_service(load(directory)) as workspace:
        say(f"This model is {workspace.statement()}.")
        waiting = [entry.document for entry in workspace.store.review.entries(limit=50)]
    _next(directory, next((one for one in waiting if guess(one.verdict)[0]), None))


def _next(directory: Path, waiting: "Document | None") -> None:
    program = "docsorter" if shutil.which("docsorter") else os.path.relpath(sys.argv[0])
    if program.endswith("__main__.py"):
        program = "python -m docsorter"
    say()
    say("Next, decide about what it was not sure of, and ask why:")
    say(f"  export DOCSORTER_WORKSPACE={directory}")
    say(f"  {program} review      # at the keyboard; or one by one:")
    say(f"  {program} review list")
    if waiting is not None:
        say(f"  {program} review show {waiting.id}")
        say(f"  {program} review answer {waiting.id} {guess(waiting.verdict)[0]}")
        say(f"  {program} explain {waiting.id}")
    say(f"  {program} run        # watch the demo inbox; drop a scan into it")
    say(f"Then for real:  {program} init ~/paper && {program} run ~/paper")
