"""synth: generated, labelled documents, to try things with and to train on."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from docsorter.cli.context import AsJson
from docsorter.cli.output import print_json, print_table, progress, say
from docsorter.errors import DependencyError, UsageError

if TYPE_CHECKING:
    from docsorter.training.synth.kinds import Label

_EPILOG = """\b
Examples:
  docsorter synth ~/made
  docsorter synth ~/made-test --split test --invoice 20 --claim 20
  docsorter synth ~/made --kinds 'invoice-web,letter-*' --seed 3
  docsorter synth --list-kinds
The documents lie in OUT/<label>/, with an index.jsonl that says what each is.
Interrupted, the same command goes on where it was.
"""

_USUAL = 100
_Count = Annotated[
    int | None, typer.Option(metavar="N", min=0, help=f"How many of that label.  [{_USUAL}]")
]


class SplitName(StrEnum):
    """The two splits; no layout and no typeface is in both."""

    TRAIN = "train"
    TEST = "test"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(epilog=_EPILOG)(synth)


def synth(
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT", help="The folder they go to."),
    ] = None,
    split: Annotated[
        SplitName, typer.Option(help="No layout and no typeface is in both.")
    ] = SplitName.TRAIN,
    invoice: _Count = None,
    claim: _Count = None,
    letter: _Count = None,
    other: _Count = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option(metavar="KINDS", help="Only these kinds, as a,b or 'a-*'; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same documents.")] = 7,
    workers: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes; default: one for each processor."),
    ] = None,
    list_kinds: Annotated[
        bool, typer.Option("--list-kinds", help="Show the kinds of document there are, and end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Generate labelled documents: invoices, claims, letters, and others that are none of them.

    They are made up from nothing: no real person, firm or document is in them.
    """
    with _needed():
        if list_kinds:
            _list(as_json=as_json)
            return
        if out is None:
            raise UsageError(
                "no folder is named for the documents", remedy="for example: docsorter synth made"
            )
        asked: dict[Label, int | None] = {
            "invoice": invoice, "claim": claim, "letter": letter, "other": other,
        }  # fmt: skip
        _make(out, split, asked, kinds or [], seed, workers or _processors(), as_json=as_json)


@contextmanager
def _needed() -> Iterator[None]:
    try:
        import docsorter.training.synth.request  # noqa: F401 -- is it there at all?
    except ImportError as error:
        raise DependencyError(
            f"generating documents needs a library that is not installed: {error.name}",
            remedy="pip install 'docsorter[train]'",
        ) from error
    yield


def _processors() -> int:
    return len(os.sched_getaffinity(0))


def _list(*, as_json: bool) -> None:
    from docsorter.training.synth.request import kind_infos

    infos = kind_infos()
    if as_json:
        print_json(infos)
        return
    rows = [(i.label, i.kind, f"{i.weight:g}", f"{i.layouts:,}") for i in infos]
    print_table(("Label", "Kind", ">Weight", ">Layouts"), rows, empty="no kinds")


def _make(
    out: Path,
    split: SplitName,
    asked: "Mapping[Label, int | None]",
    patterns: list[str],
    seed: int,
    workers: int,
    *,
    as_json: bool,
) -> None:
    from docsorter.training.synth import KINDS, write_dataset
    from docsorter.training.synth.request import check_target, chosen_kinds, counts_for

    counts = counts_for(asked, chosen_kinds(patterns), _USUAL)
    check_target(out, split.value)
    total = sum(counts.values())
    with _interruptible(), progress() as bar:
        task = bar.add_task("documents", total=total)

        def show(done: int, _: int) -> None:
            bar.update(task, completed=done)

        new = write_dataset(out, counts, seed, split.value, min(workers, total), show)
    labels = {
        label: sum(n for kind, n in counts.items() if KINDS[kind] == label)
        for label in dict.fromkeys(KINDS.values())
    }
    if as_json:
        result = {
            "folder": out, "split": split, "seed": seed, "documents": total, "new": new,
            "labels": labels, "kinds": counts,
        }  # fmt: skip
        print_json(result)
        return
    parts = ", ".join(f"{number} {label}" for label, number in labels.items() if number)
    before = f", {total - new} were there already" if new < total else ""
    say(f"{total} documents for {split.value} in {out}: {parts}{before}")


@contextmanager
def _interruptible() -> Iterator[None]:
    """End on SIGTERM as on Ctrl-C: the other processes are ended, and the reader is told."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        typer.echo("interrupted; the same command goes on where it was", err=True)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
