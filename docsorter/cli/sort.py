"""sort and demo: files sorted once, and the demonstration."""

import os
import shutil
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from docsorter.cli.context import AsJson, configuration, configuration_or_defaults, group
from docsorter.cli.output import (
    bar,
    guess,
    print_json,
    print_table,
    say,
    say_more,
    say_wrapped,
)
from docsorter.documents import percent
from docsorter.errors import AlreadyRunningError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from docsorter.configuration import Configuration
    from docsorter.documents import Document, Verdict
    from docsorter.service.daemon.sort_once import FoundFile, SortResult


app = group()


_SHOWN = 200  # rows of one kind
_OF_A_REASON = 10
_INTERRUPTED = 130  # as a shell says it
_EPILOG = """\b
Examples:
  docsorter sort --dry-run *.pdf             only say what would happen
  docsorter sort ~/scans --workspace ~/paper  with sub-folders; files move
  docsorter sort ~/scans --copy --json       the originals stay
"""


@app.command(epilog=_EPILOG)
def sort(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES", help="Files, or folders with all in them.")
    ],
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

    What is left alone is listed with the reason. Ctrl-C finishes what is begun. Exit code 12 when
    a file was rejected, 11 when one has to wait or could not be taken in.
    """
    from docsorter.documents import Place
    from docsorter.intake.ignore import IgnoreRules
    from docsorter.service.daemon.sort_once import FileSearch

    del table
    settings = configuration_or_defaults(ctx) if dry_run else configuration(ctx)
    places = (settings.root(place) for place in Place if place is not Place.INBOX)
    own = frozenset(folder.resolve() for folder in (*places, settings.state))
    search = FileSearch(IgnoreRules(settings.settings.intake.ignore), own)
    search.look(files)
    began = time.monotonic()
    outcomes, interrupted = _sorted(settings, search.files, dry_run=dry_run, copy=copy)
    order = {found.path: number for number, found in enumerate(search.files)}
    outcomes.sort(key=lambda outcome: order[outcome.file])
    every = [*outcomes, *search.left]
    if as_json:
        print_json(every)
    else:
        shown = [_Row(_name(one.file, files), one.verdict, one.left) for one in every]
        _print(shown, time.monotonic() - began, empty=f"no files in {', '.join(map(str, files))}")
    _exit(outcomes, unreadable=search.unreadable, interrupted=interrupted)


def _sorted(
    settings: "Configuration", files: "list[FoundFile]", *, dry_run: bool, copy: bool
) -> "tuple[list[SortResult], bool]":
    """Sort the files; return what became of each, and whether it was interrupted."""
    outcomes: list[SortResult] = []
    with _stopped_by_signals() as stop, ExitStack() as stack:
        if not files:
            return [], False
        progress = stack.enter_context(bar("sorting", len(files)))
        progress(0)
        for outcome in _outcomes(settings, files, stop, stack, dry_run=dry_run, copy=copy):
            outcomes.append(outcome)
            progress(len(outcomes))
        return outcomes, stop.is_set()


@contextmanager
def _stopped_by_signals() -> "Iterator[Event]":
    """Give what Ctrl-C and SIGTERM set; the second Ctrl-C ends the program as ever."""
    stop = Event()

    def end(number: int, frame: "FrameType | None") -> None:
        del frame
        if number == signal.SIGINT:
            signal.signal(signal.SIGINT, before[signal.SIGINT])
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _outcomes(
    settings: "Configuration",
    files: "list[FoundFile]",
    stop: Event,
    stack: ExitStack,
    *,
    dry_run: bool,
    copy: bool,
) -> "Iterator[SortResult]":
    from docsorter.service.daemon import sort_once

    if dry_run:
        from docsorter.resources import usable_cores
        from docsorter.service.engine import open_engine

        workers = usable_cores()
        engine = stack.enter_context(open_engine(settings, workers))
        return sort_once.inspect_only(engine, files, workers, stop)
    from docsorter.service.daemon.assembly import assemble
    from docsorter.service.workspace.layout import open_workspace_store
    from docsorter.service.workspace.process import WorkspaceLock

    try:
        stack.enter_context(WorkspaceLock(settings.state))
    except AlreadyRunningError:
        store = stack.enter_context(open_workspace_store(settings))
        return sort_once.hand_over(settings, store, files, stop, copy=copy)
    assembly = assemble(settings)
    stack.callback(assembly.close)
    return sort_once.sort_files(assembly, files, stop, copy=copy)


class _Row(NamedTuple):
    """A file as people see it: its name, what was decided, why it was left alone if it was."""

    name: str
    verdict: "Verdict | None"
    left: str = ""

    @property
    def kind(self) -> str:
        """The heading it stands under."""
        if self.left:
            return "left alone"
        kinds = {"sort": "sorted", "review": "needs you", "reject": "refused"}
        return kinds[self.verdict.kind] if self.verdict else "waits"

    @property
    def why(self) -> str:
        """Why it does not stand under "sorted"."""
        if self.left:
            return self.left
        return self.verdict.reason.text if self.verdict else "docsorter status says for what"


def _print(rows: list[_Row], seconds: float, *, empty: str) -> None:
    """Print what needs a person first, a line a file, and the totals."""
    if not rows:
        say(empty)
        return
    kinds = {name: [row for row in rows if row.kind == name] for name in _TOTALS}
    for kind, found in kinds.items():
        if found:
            _print_kind(f"{kind}: {len(found)}", found)
            say()
    labels = Counter(guess(row.verdict)[0] for row in kinds["sorted"])
    named = ", ".join(f"{label} {number}" for label, number in sorted(labels.items()))
    told = [f"{len(found)} {_TOTALS[kind]}" for kind, found in kinds.items() if found]
    if kinds["sorted"]:
        told = [f"{told[-1]} ({named})", *told[:-1]]
    files = f"{len(rows)} file{'' if len(rows) == 1 else 's'}"
    say_wrapped(f"{files} in {seconds:.0f} s: {', '.join(told)}")


# By heading, what the totals say; in the order of what is to be done about it.
_TOTALS = {
    "needs you": "for you",
    "waits": "waiting",
    "refused": "refused",
    "left alone": "left alone",
    "sorted": "sorted",
}


def _print_kind(title: str, rows: list[_Row]) -> None:
    if rows[0].kind != "sorted":
        shown = _gathered(rows)
        print_table(("~file", "why"), shown[:_SHOWN], empty="", title=title, one_line=True)
        say_more(len(shown) - _SHOWN, "; --json writes them all")
        return
    print_table(
        ("~file", "label", ">sure", ">needs"),
        (
            (row.name, *guess(row.verdict), percent(row.verdict.threshold))
            for row in rows[:_SHOWN]
            if row.verdict
        ),
        empty="",
        title=title,
        one_line=True,
    )
    say_more(len(rows) - _SHOWN, "; --json writes them all")


def _gathered(rows: list[_Row]) -> list[tuple[str, str]]:
    """Return name and reason of each; of many with one reason the first, and how many more."""
    reasons = Counter(row.why for row in rows)
    seen = Counter[str]()
    shown = []
    for row in rows:
        seen[row.why] += 1
        more = reasons[row.why] - _OF_A_REASON
        if seen[row.why] <= _OF_A_REASON or more == 1:
            shown.append((row.name, row.why))
        elif seen[row.why] == _OF_A_REASON + 1:
            shown.append((f"and {more} more", row.why))
    return shown


def _name(file: Path, named: list[Path]) -> str:
    """Return a file as it is called in the one folder that was named, or as it was named."""
    inside = len(named) == 1 and file != named[0] and file.is_relative_to(named[0])
    return str(file.relative_to(named[0]) if inside else file)


def _exit(outcomes: "list[SortResult]", *, unreadable: bool, interrupted: bool) -> None:
    if interrupted:
        raise typer.Exit(_INTERRUPTED)
    if unreadable or any(outcome.verdict is None for outcome in outcomes):
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
    began = time.monotonic()
    with bar("the daemon sorts the examples", len(example_files())) as progress:
        shown = run_demo(directory, progress)
    if as_json:
        print_json(shown)
        return
    rows = [_Row(one.example, one.document.verdict) for one in shown]
    rows.sort(key=lambda row: row.name.casefold())
    _print(rows, time.monotonic() - began, empty="no examples")
    with open_review_service(load(directory)) as workspace:
        statement = workspace.statement()
        say()
        say_wrapped(f"{statement[:1].upper()}{statement[1:]}.")
        waiting = [entry.document for entry in workspace.store.review.entries(limit=50)]
    _next(directory, next((one for one in waiting if guess(one.verdict)[0]), None))


def _next(directory: Path, waiting: "Document | None") -> None:
    program = "docsorter" if shutil.which("docsorter") else os.path.relpath(sys.argv[0])
    if program.endswith("__main__.py"):
        program = "python -m docsorter"
    say()
    say("Next, decide about what it was not sure of, and ask why:")
    say(f"  export DOCSORTER_WORKSPACE={directory}")
    say(f"  {program} review              # at the keyboard; or one by one:")
    say(f"  {program} review list")
    if waiting is not None:
        say(f"  {program} review answer {waiting.id} {guess(waiting.verdict)[0]}")
        say(f"  {program} explain {waiting.id}")
    say(f"  {program} run                 # watch the demo's inbox; drop a scan into it")
    say(f"Then for real: {program} init ~/paper && {program} run ~/paper")
