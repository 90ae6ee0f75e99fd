"""docsorter and the bare limit on one core, two, four, ... up to all: does it use what there is?

    python -m bench.cores [--documents 60] [--rounds 2] [--json FILE]

Processes are held to the first cores as `taskset` would; docsorter chooses its readers and threads
by what it may use. Scans of the mix, both ways in turn, for every number of cores anew.
"""

import argparse
import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from bench.baselines.baseline import Measurement
from bench.baselines.limit import BareLimit
from bench.baselines.product import Product
from bench.mix import Paper, mix

_FIRST: Final = 6  # documents before the measured ones


def main() -> None:
    """Measure, print a line per number of cores, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=60, help="of the mix, times of twenty")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each")
    parser.add_argument("--json", type=Path, default=Path("bench/out/cores.json"))
    options = parser.parse_args()
    folder, papers = mix(options.documents)
    scans = [paper for paper in papers if paper.is_scan]
    ours = sorted(os.sched_getaffinity(0))
    figures = []
    for count in counts(len(ours)):
        figures.append(on(ours[:count], folder, scans, options.rounds))
        print(figures[-1], flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def counts(cores: int) -> list[int]:
    """Return 1, 2, 4, ... and the number itself."""
    return [count for count in (2**power for power in range(9)) if count < cores] + [cores]


def on(
    cores: Collection[int], folder: Path, papers: Sequence[Paper], rounds: int
) -> dict[str, float]:
    """Return documents per second of both ways on some cores, and how they compare.

    Args:
        cores: Numbers of the cores that both are held to.
        folder: Of the mix.
        papers: Sorted by both in each round.
        rounds: The figures are medians over them.
    """
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # what is started inherits it
    try:
        bare = BareLimit().__enter__()
    finally:
        os.sched_setaffinity(0, everywhere)
    try:
        with Product(cores=cores) as product:
            for way in (product, bare):
                way.sort(folder, papers[:_FIRST])
            pairs = [
                (product.sort(folder, papers), bare.sort(folder, papers)) for _ in range(rounds)
            ]
    finally:
        bare.__exit__()
    return {
        "cores": len(cores),
        "docsorter_per_s": round(median(mine.rate for mine, _ in pairs), 1),
        "limit_per_s": round(median(limit.rate for _, limit in pairs), 1),
        "wall": round(median(mine.rate / limit.rate for mine, limit in pairs), 3),
        "cpu": round(median(_work(limit) / _work(mine) for mine, limit in pairs), 3),
    }


def _work(turn: Measurement) -> float:
    return turn.cpu_seconds / turn.documents


if __name__ == "__main__":
    main()
