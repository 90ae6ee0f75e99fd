"""The figures of a run as a table of 80 columns, each beside its aim where there is one."""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

Path = tuple[str, ...]
AIMS: Final[dict[Path, tuple[str, float]]] = {
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


def table(figures: Mapping[str, Any]) -> None:
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
