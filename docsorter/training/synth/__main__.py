"""Generate a labelled data set: `python -m docsorter.training.synth OUT --split train`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from docsorter.errors import DocsorterError
from docsorter.resources import usable_cores
from docsorter.training.synth import LABELS, spread, write_dataset

_DEFAULTS = {"invoice": 2200, "claim": 2000, "letter": 2200, "other": 2600}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(
        prog="python -m docsorter.training.synth",
        description="Generate documents into OUT/<label>/, with an index; goes on where it was.",
    )
    result.add_argument("out", type=Path, help="where to")
    result.add_argument("--split", choices=("train", "test"), default="train")
    result.add_argument("--seed", type=int, default=7)
    result.add_argument("--workers", type=int, default=usable_cores())
    for label in LABELS:
        result.add_argument(f"--{label}", type=int, default=_DEFAULTS[label], metavar="N")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    options = parser().parse_args(arguments)
    counts = spread({label: getattr(options, label) for label in LABELS})
    split = cast('Literal["train", "test"]', options.split)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )
    try:
        with bar:
            task = bar.add_task("documents", total=sum(counts.values()))
            write_dataset(
                options.out,
                counts,
                options.seed,
                split,
                options.workers,
                lambda done, _: bar.update(task, completed=done),
            )
    except DocsorterError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
