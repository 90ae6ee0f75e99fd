"""Compare a run with the one that is kept in the repository, by ratios, so that a slow-down shows.

    python -m bench.compare [RUN] [--with bench/baseline.json] [--keep]

Seconds differ from machine to machine; how docsorter stands beside the limit, the script and the
text sorter in the same run differs little. Ends with 1 when a ratio is worse than the kept one by
more than its tolerance, or is missing; `--keep` writes the run's ratios down as the new ones.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

RUN: Final = Path("bench/out/bench.json")
KEPT: Final = Path("bench/baseline.json")

TOLERANCE: Final = 0.15
"""Share by which a ratio of CPU times may be worse; those of one run differ by less than 0.1."""
TOLERANCE_WALL: Final = 0.3
"""The same for wall clock, which whatever else a machine does disturbs more."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One ratio of two runs.

    Attributes:
        name: Which one.
        kept: In the repository.
        now: In the run; None when it was not measured.
        tolerance: Share by which it may be worse; greater is better.
    """

    name: str
    kept: float
    now: float | None
    tolerance: float

    @property
    def is_worse(self) -> bool:
        """Whether it is worse than may be, or was not measured."""
        return self.now is None or self.now < self.kept * (1 - self.tolerance)


def ratios_of(run: Mapping[str, Any]) -> dict[str, float]:
    """Return the ratios of a run by name; greater is better in all of them."""
    found = {
        f"{way}: {name}": float(value)
        for way, by_set in run["ratios"].items()
        for name, value in by_set.items()
    }
    right = run["accuracy"]
    found["accuracy beside the script's"] = round(
        right["docsorter"]["right"] / right["script"]["right"], 4
    )
    return found


def compare(kept: Mapping[str, float], now: Mapping[str, float]) -> list[Compared]:
    """Return every kept ratio beside that of a run."""
    return [
        Compared(name, value, now.get(name), TOLERANCE if name.endswith("cpu") else TOLERANCE_WALL)
        for name, value in kept.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    """Compare, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path, nargs="?", default=RUN)
    parser.add_argument("--with", dest="kept", type=Path, default=KEPT)
    parser.add_argument("--keep", action="store_true", help="keep the ratios of this run")
    options = parser.parse_args(arguments)
    try:
        now = ratios_of(json.loads(options.run.read_text("utf-8")))
    except (OSError, ValueError, KeyError, ZeroDivisionError) as error:
        print(f"no run can be read from {options.run}: {error}; make one with: make bench")
        return 2
    if options.keep:
        options.kept.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")
        print(f"kept in {options.kept}")
        return 0
    compared = compare(json.loads(options.kept.read_text("utf-8")), now)
    for one in compared:
        said = "not measured" if one.now is None else f"{one.now:.3f}"
        mark = "WORSE" if one.is_worse else "good"
        print(f"{one.name:<36} {one.kept:>9.3f} {said:>12}  -{one.tolerance:.0%}  {mark}")
    return int(any(one.is_worse for one in compared))


FigurePath = tuple[str, ...]
AIMS: Final[dict[FigurePath, tuple[str, float]]] = {
    ("ratios", "limit", "scans"): ("at least", 0.8),
    ("ratios", "limit", "born digital"): ("at least", 0.8),
    ("ratios", "script", "scans"): ("at least", 6),
    ("ratios", "text", "scans"): ("at least", 40),
    ("ratios", "paperless", "scans"): ("at least", 40),
    ("latency", "single", "median_ms"): ("under", 200),
    ("latency", "stream", "median_ms"): ("under", 200),
    ("latency", "stream", "p99_ms"): ("under", 1000),
    ("start_to_ready_s",): ("under", 1),
}


def print_table(figures: Mapping[str, Any]) -> None:
    """Print the figures."""
    shown = Table("figure", "value", "aim")
    for path, value in rows(figures):
        kind, aim = AIMS.get(path, ("", 0))
        met = "" if not kind else "met" if is_met(kind, float(value), aim) else "MISSED"
        shown.add_row(", ".join(path), str(value), f"{kind} {aim:g}: {met}" if kind else "")
    Console().print(shown)


def is_met(kind: str, value: float, aim: float) -> bool:
    """Say whether a figure is what is aimed at."""
    return value >= aim if kind == "at least" else value < aim


def rows(
    figures: Mapping[str, Any], before: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any]]:
    """Return every figure with the path of names that leads to it."""
    found: list[tuple[tuple[str, ...], Any]] = []
    for name, value in figures.items():
        path = (*before, str(name))
        found += rows(value, path) if isinstance(value, Mapping) else [(path, value)]
    return found


if __name__ == "__main__":
    sys.exit(main())
