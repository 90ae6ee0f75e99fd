"""What questions to a store of a million documents cost: the next to review, the drift check.

    python -m bench.questions [--documents 1000000] [--times 20]

The store is made by the database itself (`bench/million.py`), with traits for every document; one
of a hundred waits for a person. Times are of this process, memory is by how much its greatest use
grew while it asked.
"""

import argparse
import datetime as dt
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.million import fill
from docsorter.clock import ManualClock
from docsorter.service.promise.drift import compare_weeks
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.store import ReviewOrder, Store, Turn

_BEGIN: Final = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_TRAITS: Final = """
    UPDATE documents SET media_type = 'application/pdf', traits = json_object('ink', 'grey', 'dpi',
    300, 'noise', (id % 97) / 97.0, 'paper', (id % 31) / 31.0, 'shape', 1.41, 'frame', 0.0)
"""
_REASONS: Final = """
    UPDATE review_entries SET reason = 'unlike_training' WHERE id % 10 = 0
"""
_DAY: Final = dt.timedelta(days=1)


def ask(question: Callable[[int], object], times: int) -> dict[str, float]:
    """Ask so often; return median and greatest wall clock, and processor time, milliseconds."""
    walls, began = [], time.process_time()
    for number in range(times):
        start = time.perf_counter()
        question(number)
        walls.append(1000 * (time.perf_counter() - start))
    cpu = 1000 * (time.process_time() - began) / times
    figures = {"median_ms": statistics.median(walls), "max_ms": max(walls), "cpu_ms": cpu}
    return {name: round(value, 1) for name, value in figures.items()}


def grown(act: Callable[[], object]) -> float:
    """Do something; return by how much the greatest memory of this process grew, MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    act()
    return round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1)


def measure(store: Store, clock: ManualClock, times: int) -> dict[str, Any]:
    """Ask everything of a store that is filled."""

    def next_one(number: int) -> None:
        turn = Turn(number, _DAY)
        lease = store.review.lease(
            None, owner="bench", seconds=60, order=ReviewOrder.HELPS, turn=turn
        )
        store.review.release(lease.entry.id, lease.token)

    figures: dict[str, Any] = {"next to review, helps": ask(next_one, times)}
    report = compare_weeks(store, clock)
    figures["drift check"] = {
        "documents": report.now + report.before,
        "grown_mb": grown(lambda: compare_weeks(store, clock)),
        **ask(lambda _: compare_weeks(store, clock), max(3, times // 5)),
    }
    return figures


def main() -> None:
    """Fill a store, ask, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=20, help="how often each is asked")
    options = parser.parse_args()
    clock = ManualClock(_BEGIN + dt.timedelta(minutes=options.documents))
    with tempfile.TemporaryDirectory(prefix="docsorter-questions-") as scratch:
        made, _ = create(Path(scratch) / "paper")
        migrate_workspace(made)
        with open_workspace_store(made, clock) as store:
            fill(store, options.documents)
            with store.database.write() as session:
                for statement in (_TRAITS, _REASONS):
                    session.connection().exec_driver_sql(statement)
            figures = {"documents": options.documents, **measure(store, clock, options.times)}
    figures["load"] = round(os.getloadavg()[0], 2)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
