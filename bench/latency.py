"""From drop to sorted: single documents, and a stream at a share of what the machine can do.

The time that every file rests before it is taken is left out. A document counts as sorted when the
store says that it was delivered, put before a person or refused.
"""

import math
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.mix import Paper
from bench.ways.whole import REST, Whole

_SPACING: Final = 0.3  # seconds between two single documents, beyond the rest


def singly(way: Whole, folder: Path, papers: Sequence[Paper]) -> list[float]:
    """Drop one document after the other; return seconds from drop to sorted, beyond the rest."""
    dropped = {}
    for path in way.aside(folder, papers):
        before = way.finished()
        dropped[path.name] = time.time()
        way.drop(path)
        way.wait_for(before + 1)
        time.sleep(_SPACING)
    return _latencies(way, dropped)


def streamed(way: Whole, folder: Path, papers: Sequence[Paper], rate: float) -> list[float]:
    """Drop documents at random moments, `rate` a second on average; return the same seconds."""
    rng = random.Random(0)
    ready = way.aside(folder, papers)
    dropped, before, due = {}, way.finished(), time.time()
    for path in ready:
        due += rng.expovariate(rate)
        time.sleep(max(0.0, due - time.time()))
        dropped[path.name] = time.time()
        way.drop(path)
    way.wait_for(before + len(ready), 0.5)
    return _latencies(way, dropped)


def _latencies(way: Whole, dropped: dict[str, float]) -> list[float]:
    ends = way.ends(len(dropped))
    return [ends[name] - at - REST for name, at in dropped.items()]


def summary(latencies: Sequence[float]) -> dict[str, float]:
    """Return count, median and 99th percentile, milliseconds."""
    ordered = sorted(latencies)
    return {
        "documents": len(ordered),
        "median_ms": round(1000 * statistics.median(ordered), 1),
        "p99_ms": round(1000 * ordered[math.ceil(0.99 * len(ordered)) - 1], 1),
    }
