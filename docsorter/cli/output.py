"""What people and machines see: tables that fit 80 columns, JSON, questions, bars, errors."""

import dataclasses
import datetime as dt
import enum
import itertools
import json
import math
import os
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

import typer

from docsorter.documents import percent
from docsorter.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from docsorter.documents import Prediction, Verdict
    from docsorter.errors import DocsorterError

_USUAL_COLUMNS = 80
_LEAST_COLUMNS = 40  # a narrower terminal breaks the lines itself

_NAMES = 0.38  # of the width is for the names of files
_LEAST_NAME = 12
_REPEAT = 30.0  # seconds after which it is said again how far a work is
_EVERY = 10.0  # seconds between lines of progress

# Words that carry a colour wherever they fill a cell; NO_COLOR turns it off.
_STYLES = {
    **dict.fromkeys(("sort", "sorted", "ok"), "green"),
    **dict.fromkeys(("review", "waits", "needs you", "note"), "yellow"),
    **dict.fromkeys(("reject", "rejected", "refused", "BAD"), "red"),
}


def jsonable(value: object) -> object:
    """Turn our types into what `json` writes: enums by value, times as ISO 8601, paths as text."""
    match value:
        case enum.Enum():
            return value.value
        case dt.date() | PurePath():  # a datetime is a date
            return value.isoformat() if isinstance(value, dt.date) else str(value)
        case Mapping():
            return {str(jsonable(key)): jsonable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [jsonable(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return {field.name: jsonable(getattr(value, field.name)) for field in fields}
        case _:
            return value


def print_json(value: object) -> None:
    """Write a value as JSON to the standard output, non-ASCII as it is."""
    # A file name may hold bytes that are no UTF-8; "backslashreplace" keeps the line printable.
    text = json.dumps(jsonable(value), indent=2, ensure_ascii=False)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.flush()


def console(*, stderr: bool = False) -> "Console":
    """Return a console that respects NO_COLOR and is 80 columns wide when piped."""
    from rich.console import Console

    return Console(
        stderr=stderr, width=screen_width(stderr=stderr), highlight=False, soft_wrap=False
    )


def screen_width(*, stderr: bool = False) -> int:
    """Return how many columns a line may have: those of the terminal, 80 when piped."""
    stream = sys.stderr if stderr else sys.stdout
    if not stream.isatty():
        return _USUAL_COLUMNS
    said = os.environ.get("COLUMNS", "")
    width = int(said) if said.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    return max(_LEAST_COLUMNS, width or _USUAL_COLUMNS)


def printable(text: str) -> str:
    """Return text that cannot steer the terminal: control and direction characters as escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode("ascii")
        for c in text.encode("utf-8", "backslashreplace").decode("utf-8")
    )


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    empty: str,
    title: str = "",
    one_line: bool = False,
) -> None:
    """Print rows under columns.

    Args:
        columns: Headings; one starting with ">" is set flush right, one with "~" holds names of
            files, which are shortened in the middle where the terminal is narrow.
        rows: Cells; anything printable.
        empty: What to say instead of a table without rows.
        title: A line above it, coloured like what it says before a colon would be in a cell.
        one_line: Cut the last column at its end, so that every row is one line.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    cells = [_row(columns, row) for row in rows]
    if not cells:
        print(empty)  # noqa: T201
        return
    headings = [name.lstrip(">~") for name in columns]
    if one_line:
        _cut_last(headings, cells)
    table = Table(box=SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False, header_style="bold")
    for name, heading in zip(columns, headings, strict=True):
        justify: Literal["left", "right"] = "right" if name.startswith(">") else "left"
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=one_line)
    for row in cells:
        table.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    if title:
        console().print(Text(title, f"bold {_STYLES.get(title.partition(':')[0], '')}"))
    console().print(table)


def _row(columns: Sequence[str], row: Sequence[object]) -> list[str]:
    """Return the cells of a row as text, names of files short enough."""
    room = max(_LEAST_NAME, int(screen_width() * _NAMES))
    texts = zip(columns, (printable(str(cell)) for cell in row), strict=True)
    return [shortened(text, room) if name.startswith("~") else text for name, text in texts]


def _cut_last(headings: Sequence[str], cells: Sequence[list[str]]) -> None:
    """Shorten the last cells at their ends so that the rows fit."""
    from rich.cells import cell_len

    taken = sum(
        max(cell_len(heading), *(cell_len(row[number]) for row in cells)) + 1
        for number, heading in enumerate(headings[:-1])
    )
    for row in cells:
        row[-1] = shortened(row[-1], max(len(headings[-1]), screen_width() - taken), tail=0)


def shortened(text: str, width: int, *, tail: int | None = None) -> str:
    """Return text that takes at most so many columns, with an ellipsis for what is left out.

    Args:
        text: Any.
        width: Columns, 1 or more.
        tail: How many columns of its end are kept; by default half, so that an ending is seen.
    """
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    kept = (width - 1) // 2 if tail is None else tail
    end = ""
    for character in reversed(text):
        if cell_len(character + end) > kept:
            break
        end = character + end
    return f"{set_cell_size(text, width - 1 - cell_len(end)).rstrip()}…{end}"


def say(text: str = "") -> None:
    """Print a line for people."""
    print(printable(text))  # noqa: T201


def wants_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON, also one that cannot be understood otherwise."""
    return "--json" in itertools.takewhile(lambda argument: argument != "--", arguments)


def print_error(error: "DocsorterError", *, as_json: bool = False) -> None:
    """Print to stderr what happened and why on one line, and the remedy on the next.

    Args:
        error: What happened.
        as_json: Print one line of JSON instead, {"error": {"code", "name", "message", "remedy"}},
            with the exit code and its name; "reason" too where there is a reason code.
    """
    if as_json:
        told: dict[str, object] = {"code": int(error.exit_code), "name": error.exit_code.name}
        told |= {"message": error.message, "remedy": error.remedy}
        if reason := getattr(error, "code", ""):
            told["reason"] = reason
        text = json.dumps({"error": told}, ensure_ascii=False)
        sys.stderr.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")
        return
    print(f"error: {printable(error.message)}", file=sys.stderr)  # noqa: T201
    if error.remedy:
        print(f"tip:   {printable(error.remedy)}", file=sys.stderr)  # noqa: T201


@contextmanager
def bar(what: str, total: int | None = None) -> "Iterator[Callable[[int], None]]":
    """Show how far a work is, and give what is told how many are done."""
    with stage_bars() as progress:
        yield lambda done: progress(what, done, total or 0)


@contextmanager
def stage_bars(*, long: bool = False) -> "Iterator[Callable[[str, int, int], None]]":
    """Show how far each stage of a work is, with the time left, and give what is told of it.

    Args:
        long: The work takes minutes: where stderr is no terminal, each stage is told at once.

    Yields:
        What is told `(stage, done, total)`.
    """
    if not sys.stderr.isatty():
        if long:
            with _still_at_it(line_progress(0.0)) as progress:
                yield progress
        else:
            yield line_progress(_EVERY)
        return
    with _bars() as shown:
        tasks: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage, total=total or None)
            shown.update(tasks[stage], completed=done, total=total or None)

        yield progress


def line_progress(
    silence: float, clock: Callable[[], float] = time.monotonic
) -> Callable[[str, int, int], None]:
    """Return what writes to stderr how far a work is, a line a stage and one every ten seconds.

    Args:
        silence: Seconds from now in which nothing is written: what is soon done needs no line.
        clock: Seconds.
    """
    quiet_until = clock() + silence
    began: dict[str, float] = {}
    told_at = dict[str, float]()

    def progress(stage: str, done: int, total: int) -> None:
        now = clock()
        start = began.setdefault(stage, now)
        if now < quiet_until or now < told_at.get(stage, -math.inf) + _EVERY:
            return
        told_at[stage] = now
        taken = now - start
        left = (total - done) * taken / done if done else 0.0
        soon = f", {_duration(left)} left" if left >= 1 else f", for {_duration(taken)} so far"
        soon = soon if taken >= 1 else ""
        far = f": {done} of {total}" if total else ""
        print(f"{printable(stage)}{far}{soon}", file=sys.stderr, flush=True)  # noqa: T201

    return progress


@contextmanager
def _still_at_it(
    tell: Callable[[str, int, int], None],
) -> "Iterator[Callable[[str, int, int], None]]":
    """Tell again where a work is, now and then, also while a step of it takes minutes."""
    latest: list[tuple[str, int, int]] = []
    over, lock = threading.Event(), threading.Lock()

    def progress(stage: str, done: int, total: int) -> None:
        with lock:
            latest[:] = [(stage, done, total)]
            tell(stage, done, total)

    def repeat() -> None:
        while not over.wait(_REPEAT):
            with lock:
                for last in latest:
                    tell(*last)

    thread = threading.Thread(target=repeat, name="progress", daemon=True)
    thread.start()
    try:
        yield progress
    finally:
        over.set()
        thread.join()


def _duration(seconds: float) -> str:
    """Write so many seconds in the unit that people would say."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _bars() -> "Progress":
    """Return progress bars with time left, on stderr."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
        expand=True,
    )


def documents(number: int) -> str:
    """Write so many documents: "1 document", "2 documents"."""
    return f"{number} document{'' if number == 1 else 's'}"


def say_more(number: int, hint: str = "") -> None:
    """Say that so many more are not shown, if there are any, and where they are."""
    if number > 0:
        say(f"and {number} more{hint}")


_UNSAID = ("unlike_training", "earning")


def guess(verdict: "Verdict | None") -> tuple[str, str]:
    """Return the label of a verdict and how sure it is; nothing where no label was likely.

    Nor while a person is to say what it is without having been told.
    """
    if verdict is None or verdict.label is None or verdict.reason.code in _UNSAID:
        return "", ""
    return verdict.label, percent(verdict.confidence)


def when(value: dt.datetime | None) -> str:
    """Write a time in the local zone, to the second, "" for none."""
    return "" if value is None else value.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def say_wrapped(text: str, start: str = "") -> None:
    """Print a sentence for people; what does not fit on a line goes on under itself.

    Args:
        text: Broken at spaces only, so that a word, e.g. a path, stays whole.
        start: What the first line begins with.
    """
    kept = printable(text).replace(" %", "\u00a0%")  # a figure and its sign stay together
    width = screen_width() - len(start)
    lines = textwrap.wrap(kept, width, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines or [""]):
        shown = line.replace("\u00a0%", " %")
        print(f"{' ' * len(start) if number else start}{shown}".rstrip())  # noqa: T201


def fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print name and value pairs in two aligned columns; a path is never broken."""
    rows = list(pairs)
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        start = f"{name:<{width}}  "
        if isinstance(value, PurePath):
            say(f"{start}{value}")
        else:
            say_wrapped(str(value), start)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before going on.

    Args:
        question: To be answered with y or n.
        yes: It was answered on the command line.

    Raises:
        UsageError: Nobody can be asked here.
        typer.Abort: The answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", remedy="say --yes if you are sure")
    typer.confirm(question, abort=True)


_BAR = 20


def print_prediction(prediction: "Prediction") -> None:
    """Print the probability of every label as a bar, and how unusual the document is."""
    width = max(len(label) for label in prediction.labels)
    for label, probability in prediction.ranked:
        drawn = "#" * round(_BAR * probability)
        say(f"  {label:<{width}}  {drawn:<{_BAR}}  {percent(probability):>7}")
    say(f"  more unusual than {percent(prediction.novelty / 100)} of the training pages")
    for remark in prediction.remarks:
        say_wrapped(remark, "  ")
    if prediction.tone is not None:
        say(f"  {_histogram(prediction.tone.histogram)}")


_LEVELS = " ▁▂▃▄▅▆▇█"


def _histogram(counts: Sequence[int]) -> str:
    """Return bars, as wide together as that of a label, between the ends of the scale."""
    most, wide = max(counts), _BAR // len(counts)
    bars = "".join(_LEVELS[math.ceil(8 * count / most)] * wide for count in counts)
    return f"-1 [{bars}] +1  words by their score, at most {most} in a bar"
