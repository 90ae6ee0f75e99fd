"""`make bench`: docsorter beside other ways to sort, and beside the limit, in one run.

    python -m bench.run [--documents 200] [--rounds 3] [--text 24] [--json FILE]

They take turns, so that whatever else the machine does troubles all of them; what counts are
the ratios. Needs the `train` extra; the text sorters need Tesseract and OCRmyPDF and are left out
without them.
"""

import argparse
import json
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.baselines import text
from bench.baselines.baseline import Baseline, Measurement
from bench.baselines.limit import BareLimit
from bench.baselines.product import REST, Product
from bench.baselines.script import AfternoonScript
from bench.baselines.text import TextSorter
from bench.compare import print_table
from bench.mix import Paper, mix
from docsorter import __version__

SCANS: Final = "scans"
BORN: Final = "born digital"
SHARE_OF_THROUGHPUT: Final = 0.6
_SCAN_SHARE: Final = 0.85
_SPACING: Final = 0.3  # seconds between two single documents, beyond the rest
_TEXT_SORTERS: Final = {"text": text.recognized, "paperless": text.archived}
Turns = dict[str, dict[str, list[Measurement]]]


def main() -> None:
    """Measure, write the figures as JSON, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=200, help="of the mix, times of twenty")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every sorter")
    parser.add_argument("--text", type=int, default=24, help="documents that a text sorter reads")
    parser.add_argument("--single", type=int, default=30, help="documents dropped one by one")
    parser.add_argument("--stream", type=int, default=200, help="documents dropped at random")
    parser.add_argument("--json", type=Path, default=Path("bench/out/bench.json"))
    options = parser.parse_args()
    figures = measure(options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print_table(figures)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Run everything and return the figures."""
    folder, papers = mix(options.documents)
    skipped = _skipped()
    with ExitStack() as stack:
        product = stack.enter_context(Product())
        sorters: dict[str, Baseline] = {
            "docsorter": product,
            "limit": stack.enter_context(BareLimit()),
        }
        sorters["script"] = stack.enter_context(AfternoonScript())
        for name, read in _TEXT_SORTERS.items():
            if name not in skipped:
                sorters[name] = stack.enter_context(TextSorter(read))
        turns = _take_turns(sorters, folder, papers, options)
        rates = _rates(turns)
        peak, ready = product.daemon.peak_own, product.daemon.ready_seconds
        tree = product.daemon.peak_tree
        single = _singly(product, folder, papers[: options.single])
        stream = [papers[n % len(papers)] for n in range(options.stream)]
        share = SHARE_OF_THROUGHPUT * rates["docsorter"]["mix"]
        streamed = _streamed(product, folder, stream, share)
    return {
        "version": __version__,
        "cores": len(os.sched_getaffinity(0)),
        "documents": {"mix": len(papers), SCANS: sum(paper.is_scan for paper in papers)},
        "taken": {sorter: _taken(by_set) for sorter, by_set in turns.items()},
        "skipped": skipped,
        "per_second": rates,
        "cpu_ms": _cpu(turns),
        "limit_cpu_ms": _parts(turns["limit"]),
        "ratios": ratios(turns),
        "accuracy": _accuracy(turns, papers),
        "latency": {
            "single": _latency_summary(single),
            "stream": {"share_of_throughput": SHARE_OF_THROUGHPUT, **_latency_summary(streamed)},
        },
        "memory_mb": {"daemon": round(peak / 2**20), "with_children": round(tree / 2**20)},
        "start_to_ready_s": round(ready, 2),
    }


def _skipped() -> dict[str, str]:
    needed = {
        "text": (text.is_installed(), text.HOW_TO_INSTALL),
        "paperless": (text.is_archiving_installed(), text.HOW_TO_INSTALL_ARCHIVING),
    }
    return {sorter: f"skipped: {how}" for sorter, (there, how) in needed.items() if not there}


def _take_turns(
    sorters: Mapping[str, Baseline],
    folder: Path,
    papers: Sequence[Paper],
    options: argparse.Namespace,
) -> Turns:
    """Let every sorter take a turn in each round, for the scans and for the born digital apart.

    docsorter and the limit look at all documents in each round, the script at a part, so that it
    has seen each once in the end, and a text sorter at a few.
    """
    sets = {
        SCANS: [paper for paper in papers if paper.is_scan],
        BORN: [paper for paper in papers if not paper.is_scan],
    }
    turns: Turns = {sorter: {name: [] for name in sets} for sorter in sorters}
    for sorter in sorters.values():
        sorter.sort(folder, papers[:4])  # whatever is only done once
    for number in range(options.rounds):
        for name, part in sets.items():
            few = max(1, round(options.text * len(part) / len(papers) / options.rounds))
            slices = {
                "script": part[number :: options.rounds],
                **dict.fromkeys(_TEXT_SORTERS, part[number * few : (number + 1) * few]),
            }
            for asked, sorter in sorters.items():
                turn = sorter.sort(folder, slices.get(asked, part))
                turns[asked][name].append(turn)
                said = f"{turn.documents} {name}, {turn.rate:.2f} a second"
                print(f"round {number + 1}: {asked}: {said}", file=sys.stderr, flush=True)
    return turns


def _rates(turns: Turns) -> dict[str, dict[str, float]]:
    return {
        sorter: _by_set(by_set, lambda turn: 1 / turn.rate, 1) for sorter, by_set in turns.items()
    }


def _cpu(turns: Turns) -> dict[str, dict[str, float]]:
    return {
        sorter: _by_set(by_set, lambda turn: 1000 * turn.cpu_seconds / turn.documents, 0)
        for sorter, by_set in turns.items()
    }


def _by_set(
    by_set: Mapping[str, Sequence[Measurement]], cost: Callable[[Measurement], float], inverse: int
) -> dict[str, float]:
    """Return the median over the rounds by set, and for the mix the weighted sum of the costs."""
    costs = {name: statistics.median(map(cost, taken)) for name, taken in by_set.items()}
    costs["mix"] = _SCAN_SHARE * costs[SCANS] + (1 - _SCAN_SHARE) * costs[BORN]
    return {name: round(1 / cost if inverse else cost, 2) for name, cost in costs.items()}


def ratios(turns: Turns) -> dict[str, dict[str, float]]:
    """Return how many times faster docsorter is, by wall clock and by CPU time.

    Each is the median over the rounds of the ratio within a round.
    """
    found: dict[str, dict[str, float]] = {}
    ours = turns["docsorter"]
    for sorter, by_set in turns.items():
        if sorter == "docsorter":
            continue
        found[sorter] = {}
        for name, taken in by_set.items():
            pairs = list(zip(ours[name], taken, strict=True))
            wall = statistics.median(mine.rate / other.rate for mine, other in pairs)
            work = statistics.median(
                (other.cpu_seconds / other.documents) / (mine.cpu_seconds / mine.documents)
                for mine, other in pairs
            )
            found[sorter] |= {name: round(wall, 3), f"{name}, cpu": round(work, 3)}
    return found


def _taken(by_set: Mapping[str, Sequence[Measurement]]) -> dict[str, int]:
    return {name: sum(turn.documents for turn in taken) for name, taken in by_set.items()}


def _parts(by_set: Mapping[str, Sequence[Measurement]]) -> dict[str, dict[str, float]]:
    return {
        name: {
            part: round(
                1000 * statistics.median(turn.parts[part] / turn.documents for turn in taken), 1
            )
            for part in taken[0].parts
        }
        for name, taken in by_set.items()
    }


def _accuracy(turns: Turns, papers: Sequence[Paper]) -> dict[str, dict[str, float]]:
    """Return how often the most probable label is right, of the documents that a sorter saw."""
    truth = {paper.file: paper.label for paper in papers}
    said = {sorter: _labels(by_set) for sorter, by_set in turns.items()}
    found = {}
    for sorter, labels in said.items():
        right = sum(label == truth[file] for file, label in labels.items())
        same = sum(said["docsorter"].get(file) == label for file, label in labels.items())
        found[sorter] = {
            "documents": len(labels),
            "right": round(right / len(labels), 4),
            "as_docsorter": round(same / len(labels), 4),
        }
    return found


def _labels(by_set: Mapping[str, Sequence[Measurement]]) -> dict[str, str]:
    taken = [turn for turns in by_set.values() for turn in turns]
    return {file: label for turn in taken for file, label in turn.labels.items()}


def _singly(sorter: Product, folder: Path, papers: Sequence[Paper]) -> list[float]:
    """Drop one document after the other; return seconds from drop to sorted, beyond the rest."""
    dropped = {}
    for path in sorter.aside(folder, papers):
        before = sorter.finished()
        dropped[path.name] = time.time()
        sorter.drop(path)
        sorter.wait_for(before + 1)
        time.sleep(_SPACING)
    return _latencies(sorter, dropped)


def _streamed(sorter: Product, folder: Path, papers: Sequence[Paper], rate: float) -> list[float]:
    """Drop documents at random moments, `rate` a second on average; return the same seconds."""
    rng = random.Random(0)
    ready = sorter.aside(folder, papers)
    dropped, before, due = {}, sorter.finished(), time.time()
    for path in ready:
        due += rng.expovariate(rate)
        time.sleep(max(0.0, due - time.time()))
        dropped[path.name] = time.time()
        sorter.drop(path)
    sorter.wait_for(before + len(ready), 0.5)
    return _latencies(sorter, dropped)


def _latencies(sorter: Product, dropped: dict[str, float]) -> list[float]:
    ends = sorter.ends(len(dropped))
    return [ends[name] - at - REST for name, at in dropped.items()]


def _latency_summary(latencies: Sequence[float]) -> dict[str, float]:
    """Return count, median and 99th percentile, milliseconds."""
    ordered = sorted(latencies)
    return {
        "documents": len(ordered),
        "median_ms": round(1000 * statistics.median(ordered), 1),
        "p99_ms": round(1000 * ordered[math.ceil(0.99 * len(ordered)) - 1], 1),
    }


if __name__ == "__main__":
    main()
