"""A heap of files dropped at once onto a daemon on a busy machine: is each counted once?

    python -m bench.burst [--files 20000] [--load 16] [--read 0.0] [--minutes 60]
                          [--json FILE]

Pages and model are stubs, everything else is real; with `--read` every document takes so many
seconds to read, so that files wait longer for their claim. A phantom document is a number without
a file: `withdrawn`, though nobody took anything out of the inbox.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.daemon import STUBBED, MeasuredDaemon
from bench.soak import Figures, blank_files
from docsorter.documents import Place, State
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.store import Store

AIMS = {"burst_phantoms": 0, "burst_not_counted_once": 0}
_FINAL = (State.SORTED, State.REVIEW, State.REJECTED)


def main() -> None:
    """Measure, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=20_000, help="files that are dropped at once")
    parser.add_argument("--load", type=int, default=16, help="busy processes beside the daemon")
    parser.add_argument("--read", type=float, default=0.0, help="seconds to read a document")
    parser.add_argument("--minutes", type=float, default=60, help="then give up")
    parser.add_argument("--json", type=Path, default=Path("bench/out/burst.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="docsorter-burst-") as name:
        figures = burst(
            Path(name), options.files, options.load, read=options.read, minutes=options.minutes
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = Table("figure", "value", "aim")
    for key, value in figures.items():
        table.add_row(key, str(value), str(AIMS.get(key, "")))
    Console().print(table)


def burst(
    scratch: Path, files: int, load: int, *, read: float = 0.0, minutes: float = 60
) -> Figures:
    """Drop so many files at once, wait until all have their verdict, and count the documents.

    Args:
        scratch: A folder for the workspace and what is said.
        files: How many.
        load: Busy processes beside the daemon.
        read: Seconds that it takes to read a document.
        minutes: Give up after so long.

    Raises:
        TimeoutError: It took longer.
    """
    configuration, _ = create(scratch / "paper")
    migrate_workspace(configuration)
    aside, inbox = scratch / "paper" / "aside", configuration.root(Place.INBOX)
    aside.mkdir()
    for name, content in blank_files(files):
        (aside / name).write_bytes(content)
    with (
        open_workspace_store(configuration) as store,
        MeasuredDaemon(configuration.workspace, scratch, (*STUBBED, str(read))),
        busy(load),
    ):
        began = time.monotonic()
        for file in aside.iterdir():
            file.rename(inbox / file.name)
        dropped = time.monotonic() - began
        _wait(store, files, began + 60 * minutes)
        seconds = time.monotonic() - began
    with open_workspace_store(configuration) as store:
        counts = store.documents.counts()
    return {
        "burst_files": files,
        "burst_load": load,
        "burst_read_s": read,
        "burst_load_average": round(os.getloadavg()[1], 1),
        "burst_dropped_in_s": round(dropped, 1),
        "burst_seconds": round(seconds, 1),
        "burst_documents_per_s": round(files / seconds, 1),
        "burst_phantoms": counts.states[State.WITHDRAWN],
        "burst_not_counted_once": abs(counts.total - files),
    }


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep the processor busy with so many processes."""
    endless = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(endless) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def _wait(store: Store, files: int, until: float) -> None:
    while True:
        states = store.documents.counts().states
        if sum(states[state] for state in _FINAL) >= files:
            return
        if time.monotonic() > until:
            raise TimeoutError(f"not all done in time: {states}")
        time.sleep(1.0)


if __name__ == "__main__":
    main()
