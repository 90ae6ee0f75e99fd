"""`make bench`: drop-to-sorted latency, throughput, memory and start of the real daemon.

    python -m bench.run [--documents 500] [--single 40] [--json FILE]

Every figure comes from one run on one machine; compare ratios, not seconds, between machines.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.daemon import MeasuredDaemon
from bench.variants import make_inputs
from docsorter import __version__
from docsorter.configuration import Configuration, load
from docsorter.documents import Document, Place, State
from docsorter.service.demo import example_files
from docsorter.service.migration import migrate_workspace, open_workspace_store
from docsorter.service.workspace import create
from docsorter.store import Store

REST = 0.5
FINAL = {State.SORTED, State.REVIEW, State.REJECTED}
UNREADABLE = {"Vertraulich.pdf", "scan_20260914_0013.pdf"}  # encrypted, truncated
AIMS = {
    "latency_median_s": 0.5,
    "peak_memory_daemon_mb": 500,
    "start_to_ready_s": 1.5,
}


def main() -> None:
    """Measure, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=500, help="mixed scans for throughput")
    parser.add_argument("--single", type=int, default=40, help="drops for the latency")
    parser.add_argument("--json", type=Path, default=Path("bench/out/bench.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docsorter-bench-") as name:
        figures = measure(Path(name), options.documents, options.single)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    show(figures)


def measure(scratch: Path, documents: int, single: int) -> dict[str, float | int | str]:
    """Run everything in a scratch directory and return the figures by name."""
    configuration = _workspace(scratch)
    source = scratch / "source"
    source.mkdir()
    usable = [path for path in example_files() if path.name not in UNREADABLE]
    files = make_inputs(usable, documents + single, source)
    with MeasuredDaemon(configuration.workspace, scratch) as daemon:
        with open_workspace_store(configuration) as store:
            latencies = _drop_singly(configuration, store, files[:single])
            before = daemon.cpu_seconds()
            seconds = _drop_together(configuration, store, files[single:])
            cpu = daemon.cpu_seconds() - before
        own, tree, ready = daemon.peak_own, daemon.peak_tree, daemon.ready_seconds
    return {
        "version": __version__,
        "cores": os.cpu_count() or 1,
        "documents": documents,
        "start_to_ready_s": round(ready, 3),
        "latency_median_s": round(statistics.median(latencies), 3),
        "latency_p95_s": round(sorted(latencies)[int(0.95 * (len(latencies) - 1))], 3),
        "latency_n": len(latencies),
        "documents_per_s": round(documents / seconds, 2),
        "cpu_s_per_document": round(cpu / documents, 4),
        "peak_memory_daemon_mb": round(own / 2**20),
        "peak_memory_with_children_mb": round(tree / 2**20),
    }


def _workspace(scratch: Path) -> Configuration:
    configuration, _ = create(scratch / "paper")
    (configuration.workspace / "docsorter.toml").write_text(f"[intake]\nrest_seconds = {REST}\n")
    migrate_workspace(configuration)
    return load(configuration.workspace)


def _drop_singly(configuration: Configuration, store: Store, files: list[Path]) -> list[float]:
    """Drop one file after the other; return seconds from drop to delivery beyond the rest time."""
    latencies = []
    for count, path in enumerate(files, start=1):
        dropped = time.time()
        path.rename(configuration.root(Place.INBOX) / path.name)
        newest = _wait_for(store, count)[0]
        delivered = newest.finished_at or newest.decided_at
        assert delivered is not None, "a delivered document has a time"
        latencies.append(delivered.timestamp() - dropped - REST)
    return latencies


def _drop_together(configuration: Configuration, store: Store, files: list[Path]) -> float:
    """Drop all files at once; return seconds until the last is delivered, without the rest."""
    already = store.counts().total
    began = time.monotonic()
    for path in files:
        path.rename(configuration.root(Place.INBOX) / path.name)
    _wait_for(store, already + len(files))
    return time.monotonic() - began - REST


def _wait_for(store: Store, finished: int) -> list[Document]:
    deadline = time.monotonic() + 1200
    while time.monotonic() < deadline:
        states = store.counts().states
        if sum(states.get(state, 0) for state in FINAL) >= finished:
            return store.documents(limit=1)
        time.sleep(0.01)
    raise TimeoutError(f"not {finished} documents after 20 minutes")


def show(figures: dict[str, float | int | str]) -> None:
    """Print the figures as a table, each beside its aim where there is one."""
    table = Table("figure", "value", "aim")
    for name, value in figures.items():
        aim = AIMS.get(name)
        table.add_row(name, str(value), "" if aim is None else f"under {aim}")
    Console().print(table)


if __name__ == "__main__":
    main()
