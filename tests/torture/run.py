"""`make torture`: kill, cut the power, and see whether anything is lost, doubled or half done.

    python -m tests.torture.run [--quick] [--minutes N] [--seed N] [--section NAME] [--json FILE]

The sections run side by side. Each tries in an order of chance what it has to try, until all is
tried or the time is up; the system calls go on until at least 2,000 kills. Exit code 1 when
anything is found.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from docsorter import __version__
from docsorter.resources import usable_cores
from tests.torture.at_length import AnyOrderAtLength
from tests.torture.beside import alone, side_by_side
from tests.torture.faults import Faults
from tests.torture.hostile import HostileFiles
from tests.torture.kills import KillsAtCalls
from tests.torture.load import KillsUnderLoad
from tests.torture.named_steps import KillsAtSteps
from tests.torture.powercuts import PowerCuts
from tests.torture.real import KillsOfTheProgram
from tests.torture.sections import Scale, Section, SectionResult
from tests.torture.zygote import dismiss

SECTIONS: Final[tuple[Section, ...]] = (
    KillsAtSteps(),
    KillsAtCalls(),
    KillsUnderLoad(),
    KillsOfTheProgram(),
    AnyOrderAtLength(),
    PowerCuts(),
    Faults(),
    HostileFiles(),
)


def main(arguments: Sequence[str] | None = None, sections: Sequence[Section] = SECTIONS) -> int:
    """Run the sections, print their figures, write them as JSON; return the exit code."""
    names = [section.name for section in sections]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a sample of everything, in seconds")
    parser.add_argument("--minutes", type=float, default=15.0, help="begin nothing after that")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 10_000, help="repeat a run")
    parser.add_argument("--section", action="append", choices=names, help="only this; repeatable")
    parser.add_argument("--jobs", type=int, default=usable_cores(), help="tries side by side")
    parser.add_argument("--json", type=Path, default=Path("bench/out/torture.json"))
    options = parser.parse_args(arguments)
    began = time.monotonic()
    scale = Scale(options.quick, options.seed, options.jobs, began + 60 * options.minutes)
    chosen = [s for s in sections if not options.section or s.name in options.section]
    console = Console()
    results = _run(chosen, scale, console)
    report = as_json(results, scale, time.monotonic() - began)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    show(console, [result for result, _ in results], report)
    console.print(f"for the page: python -m tests.torture.figures {options.json} --write")
    return 1 if any(result.failures for result, _ in results) else 0


def _run(
    sections: Sequence[Section], scale: Scale, console: Console
) -> list[tuple[SectionResult, float]]:
    """Run sections side by side, short ones one after the other; in the order they are given."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    is_seen = console.is_terminal
    found: dict[str, tuple[SectionResult, float]] = {}
    with Progress(*columns, TimeElapsedColumn(), console=console, disable=not is_seen) as bar:
        tasks = {section.name: bar.add_task(section.name, total=None) for section in sections}

        def told(name: str, what: str, done: int, total: int) -> None:
            text = name if what == name else f"{name}: {what}"
            bar.update(tasks[name], description=text, completed=done, total=total)

        def ended(result: SectionResult, minutes: float) -> None:
            found[result.name] = result, minutes
            bar.remove_task(tasks[result.name])
            failed = f", {len(result.failures)} FAILED" if result.failures else ""
            console.print(f"{result.name}: ended after {minutes:.1f} minutes{failed}")
            for failure in result.failures:  # at once: a section after it may take long
                console.print(failure, markup=False)

        if scale.quick:
            try:  # one after the other, with the same processes ready
                for section in sections:
                    ended(*alone(section, scale, told))
            finally:
                dismiss()
        else:
            side_by_side(sections, scale, told, ended)
    return [found[section.name] for section in sections]


def as_json(
    results: Sequence[tuple[SectionResult, float]], scale: Scale, seconds: float
) -> dict[str, Any]:
    """Return everything that is known of a run, with the sums over its sections."""
    total = {
        name: sum(int(result.figures.get(name, 0)) for result, _ in results)
        for name in ("kills survived", "documents checked", "lost", "doubled", "half files")
    }
    return {
        "version": __version__,
        "quick": scale.quick,
        "seed": scale.seed,
        "cores": usable_cores(),
        "minutes": round(seconds / 60, 1),
        "total": total,
        "sections": {
            result.name: {
                "figures": result.figures,
                "failures": list(result.failures),
                "skipped": result.skipped,
                "minutes": round(minutes, 1),
            }
            for result, minutes in results
        },
    }


def show(console: Console, results: Sequence[SectionResult], report: dict[str, Any]) -> None:
    """Print a table of all figures, then every failure in full."""
    table = Table(title=f"torture, seed {report['seed']}, {report['minutes']} minutes")
    table.add_column("section")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for result in results:
        rows = result.figures | ({"skipped": result.skipped} if result.skipped else {})
        for position, (name, figure) in enumerate(rows.items()):
            text = f"{figure:,}" if isinstance(figure, int) else str(figure)
            table.add_row(result.name if position == 0 else "", name, text)
        table.add_section()
    for name, figure in report["total"].items():
        table.add_row("all sections" if name == "kills survived" else "", name, f"{figure:,}")
    console.print(table)
    for result in results:
        for failure in result.failures:
            console.print(f"FAILED {result.name}: {failure}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
