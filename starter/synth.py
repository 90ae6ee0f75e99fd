"""Generate labelled documents to try things with and to train on: `python -m starter.synth`."""

import math
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import typer

from docsorter.cli.context import AsJson, group
from docsorter.cli.main import run_program
from docsorter.cli.output import bar, print_json, print_table, say
from docsorter.errors import UsageError
from docsorter.resources import usable_cores
from starter.dataset import INDEX, read_index, spread, write_dataset
from starter.document import SLOTS
from starter.kinds import EVERY, FOLDERS, Label, Split, kinds_of, weight_of

_EPILOG = """\b
Examples:
  python -m starter.synth ~/made
  python -m starter.synth ~/made-test --split test --invoice 20 --claim 20
  python -m starter.synth ~/made --kinds 'invoice-web,letter-*' --seed 3
  python -m starter.synth --list-kinds
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


@dataclass(frozen=True, slots=True)
class KindInfo:
    """What a person wants to know of a kind before asking for it."""

    kind: str
    label: Label
    weight: float
    """How often it is drawn among the kinds of its label; 1 is the usual."""
    layouts: int
    """Number of layouts that can be composed, of both splits."""


def kind_infos() -> list[KindInfo]:
    """Return every kind, by label."""
    return [
        KindInfo(kind, label, weight_of(kind), math.prod(len(set(s)) for s in SLOTS[kind].values()))
        for label in FOLDERS
        for kind in kinds_of(label)
    ]


def chosen_kinds(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds that ``patterns`` name, in the order of ``EVERY``; all without patterns.

    Args:
        patterns: names of kinds, ``*`` and ``?`` standing for what they do in a shell; commas
            separate several in one text.

    Raises:
        UsageError: if a pattern names no kind.
    """
    wanted = [part.strip() for pattern in patterns for part in pattern.split(",") if part.strip()]
    if not wanted:
        return tuple(EVERY)
    for pattern in wanted:
        if not any(fnmatchcase(kind, pattern) for kind in EVERY):
            raise UsageError(
                f"there is no kind of document called {pattern!r}",
                remedy="python -m starter.synth --list-kinds shows them; 'invoice-*' takes several",
            )
    return tuple(kind for kind in EVERY if any(fnmatchcase(kind, p) for p in wanted))


def counts_for(
    asked: Mapping[Label, int | None], kinds: Sequence[str], usual: int
) -> dict[str, int]:
    """Return how many documents of each kind to make.

    Args:
        asked: number of documents by label; None where nobody said.
        kinds: the kinds to draw from.
        usual: number for a label that has such kinds and for which nobody said.

    Raises:
        UsageError: if documents of a label are asked for and no kind of it, or nothing at all.
    """
    counts: dict[str, int] = {}
    for label in FOLDERS:
        there = any(EVERY[kind] == label for kind in kinds)
        number = asked.get(label)
        if number and not there:
            raise UsageError(
                f"{number} documents of {label!r} are asked for, but no kind of it is chosen",
                remedy=f"leave out --{label}, or add a kind such as {kinds_of(label)[0]}",
            )
        counts[label] = (usual if number is None else number) if there else 0
    if not any(counts.values()):
        raise UsageError("no document is asked for", remedy="for example: --invoice 50")
    return spread(counts, kinds)


def check_target(directory: Path, split: Split) -> None:
    """Refuse a folder that holds something else than generated documents of ``split``.

    Raises:
        UsageError: if it is no folder, is not empty and has no index, or has the other split.
    """
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is a file", remedy="name a folder, new or empty")
    if not directory.exists() or not any(directory.iterdir()):
        return
    if not (directory / INDEX).exists():
        raise UsageError(
            f"{directory} is not empty and holds no generated documents",
            remedy="name a new or an empty folder",
        )
    splits = {entry.split for entry in read_index(directory).values()}
    if splits - {split}:
        raise UsageError(
            f"{directory} holds documents of the split {min(splits - {split})!r}, not {split!r}",
            remedy="keep the splits in folders of their own; mixed, the test would be no test",
        )


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
    later: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="How many pages that are no first ones.  [0]"),
    ] = None,
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
    if list_kinds:
        _list(as_json=as_json)
        return
    if out is None:
        raise UsageError(
            "no folder is named for the documents",
            remedy="for example: python -m starter.synth made",
        )
    asked: dict[Label, int | None] = {
        "invoice": invoice, "claim": claim, "letter": letter, "other": other,
        "later": later if later is not None or kinds else 0,
    }  # fmt: skip
    _make(out, split, asked, kinds or [], seed, workers or usable_cores(), as_json=as_json)


def _list(*, as_json: bool) -> None:

    infos = kind_infos()
    if as_json:
        print_json(infos)
        return
    rows = [(i.label, i.kind, f"{i.weight:g}", f"{i.layouts:,}") for i in infos]
    print_table(("Label", "Kind", ">Weight", ">Layouts"), rows, empty="no kinds")


def _make(
    out: Path,
    split: SplitName,
    asked: Mapping[Label, int | None],
    patterns: list[str],
    seed: int,
    workers: int,
    *,
    as_json: bool,
) -> None:

    counts = counts_for(asked, chosen_kinds(patterns), _USUAL)
    check_target(out, split.value)
    total = sum(counts.values())
    with _interruptible(), bar("documents", total) as progress:
        workers = min(workers, total)
        new = write_dataset(out, counts, seed, split.value, workers, lambda n, _: progress(n))
    labels = {
        label: sum(n for kind, n in counts.items() if EVERY[kind] == label)
        for label in dict.fromkeys(EVERY.values())
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


def main() -> int:
    """Run the command; errors become one line, a tip and an exit code."""
    app = group(
        no_args_is_help=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.command(epilog=_EPILOG)(synth)
    return run_program(app, "python -m starter.synth")


if __name__ == "__main__":
    raise SystemExit(main())
