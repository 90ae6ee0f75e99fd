"""`make bench`: docsorter beside other ways to sort, and beside the limit, in one run.

    python -m bench.run [--documents 200] [--rounds 3] [--text 24] [--json FILE]

The ways take turns, so that whatever else the machine does troubles all of them; what counts are
the ratios. Needs the `train` extra; the text sorters need Tesseract and OCRmyPDF and are left out
without them.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import latency, show
from bench.mix import Paper, mix
from bench.ways import words
from bench.ways.afternoon import Afternoon
from bench.ways.bare import Bare
from bench.ways.way import Turn, Way
from bench.ways.whole import Whole
from bench.ways.words import Words
from docsorter import __version__

SCANS: Final = "scans"
BORN: Final = "born digital"
SHARE_OF_THROUGHPUT: Final = 0.6
_SCAN_SHARE: Final = 0.85
_TEXT_SORTERS: Final = {"text": words.recognized, "paperless": words.archived}
Turns = dict[str, dict[str, list[Turn]]]


def main() -> None:
    """Measure, write the figures as JSON, and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--documents", type=int, default=200, help="of the mix, times of twenty")
    parser.add_argument("--rounds", type=int, default=3, help="turns of every way")
    parser.add_argument("--text", type=int, default=24, help="documents that a text sorter reads")
    parser.add_argument("--single", type=int, default=30, help="documents dropped one by one")
    parser.add_argument("--stream", type=int, default=200, help="documents dropped at random")
    parser.add_argument("--json", type=Path, default=Path("bench/out/bench.json"))
    options = parser.parse_args()
    figures = measure(options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    show.table(figures)


def measure(options: argparse.Namespace) -> dict[str, object]:
    """Run everything and return the figures."""
    folder, papers = mix(options.documents)
    skipped = _skipped()
    with ExitStack() as stack:
        whole = stack.enter_context(Whole())
        ways: dict[str, Way] = {"docsorter": whole, "limit": stack.enter_context(Bare())}
        ways["script"] = stack.enter_context(Afternoon())
        for name, read in _TEXT_SORTERS.items():
            if name not in skipped:
                ways[name] = stack.enter_context(Words(read))
        turns = _take_turns(ways, folder, papers, options)
        rates = _rates(turns)
        peak, ready = whole.daemon.peak_own, whole.daemon.ready_seconds
        tree = whole.daemon.peak_tree
        single = latency.singly(whole, folder, papers[: options.single])
        stream = [papers[n % len(papers)] for n in range(options.stream)]
        share = SHARE_OF_THROUGHPUT * rates["docsorter"]["mix"]
        streamed = latency.streamed(whole, folder, stream, share)
    return {
        "version": __version__,
        "cores": len(os.sched_getaffinity(0)),
        "documents": {"mix": len(papers), SCANS: sum(paper.is_scan for paper in papers)},
        "taken": {way: _taken(by_set) for way, by_set in turns.items()},
        "skipped": skipped,
        "per_second": rates,
        "cpu_ms": _cpu(turns),
        "limit_cpu_ms": _parts(turns["limit"]),
        "ratios": ratios(turns),
        "accuracy": _accuracy(turns, papers),
        "latency": {
            "single": latency.summary(single),
            "stream": {"share_of_throughput": SHARE_OF_THROUGHPUT, **latency.summary(streamed)},
        },
        "memory_mb": {"daemon": round(peak / 2**20), "with_children": round(tree / 2**20)},
        "start_to_ready_s": round(ready, 2),
    }


def _skipped() -> dict[str, str]:
    needed = {
        "text": (words.is_installed(), words.HOW_TO_INSTALL),
        "paperless": (words.is_archiving_installed(), words.HOW_TO_INSTALL_ARCHIVING),
    }
    return {way: f"skipped: {how}" for way, (there, how) in needed.items() if not there}


def _take_turns(
    ways: Mapping[str, Way], folder: Path, papers: Sequence[Paper], options: argparse.Namespace
) -> Turns:
    """Let every way take a turn in each round, for the scans and for the born digital apart.

    docsorter and the limit look at all documents in each round, the script at a part, so that it
    has seen each once in the end, and a text sorter at a few.
    """
    sets = {
        SCANS: [paper for paper in papers if paper.is_scan],
        BORN: [paper for paper in papers if not paper.is_scan],
    }
    turns: Turns = {way: {name: [] for name in sets} for way in ways}
    for way in ways.values():
        way.turn(folder, papers[:4])  # whatever is only done once
    for number in range(options.rounds):
        for name, part in sets.items():
            few = max(1, round(options.text * len(part) / len(papers) / options.rounds))
            slices = {
                "script": part[number :: options.rounds],
                **dict.fromkeys(_TEXT_SORTERS, part[number * few : (number + 1) * few]),
            }
            for asked, way in ways.items():
                turn = way.turn(folder, slices.get(asked, part))
                turns[asked][name].append(turn)
                said = f"{turn.documents} {name}, {turn.rate:.2f} a second"
                print(f"round {number + 1}: {asked}: {said}", file=sys.stderr, flush=True)
    return turns


def _rates(turns: Turns) -> dict[str, dict[str, float]]:
    return {way: _by_set(by_set, lambda turn: 1 / turn.rate, 1) for way, by_set in turns.items()}


def _cpu(turns: Turns) -> dict[str, dict[str, float]]:
    return {
        way: _by_set(by_set, lambda turn: 1000 * turn.cpu_seconds / turn.documents, 0)
        for way, by_set in turns.items()
    }


def _by_set(
    by_set: Mapping[str, Sequence[Turn]], cost: Callable[[Turn], float], inverse: int
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
    for way, by_set in turns.items():
        if way == "docsorter":
            continue
        found[way] = {}
        for name, taken in by_set.items():
            pairs = list(zip(ours[name], taken, strict=True))
            wall = statistics.median(mine.rate / other.rate for mine, other in pairs)
            work = statistics.median(
                (other.cpu_seconds / other.documents) / (mine.cpu_seconds / mine.documents)
                for mine, other in pairs
            )
            found[way] |= {name: round(wall, 3), f"{name}, cpu": round(work, 3)}
    return found


def _taken(by_set: Mapping[str, Sequence[Turn]]) -> dict[str, int]:
    return {name: sum(turn.documents for turn in taken) for name, taken in by_set.items()}


def _parts(by_set: Mapping[str, Sequence[Turn]]) -> dict[str, dict[str, float]]:
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
    """Return how often the most probable label is right, of the documents that a way saw."""
    truth = {paper.file: paper.label for paper in papers}
    said = {way: _labels(by_set) for way, by_set in turns.items()}
    found = {}
    for way, labels in said.items():
        right = sum(label == truth[file] for file, label in labels.items())
        same = sum(said["docsorter"].get(file) == label for file, label in labels.items())
        found[way] = {
            "documents": len(labels),
            "right": round(right / len(labels), 4),
            "as_docsorter": round(same / len(labels), 4),
        }
    return found


def _labels(by_set: Mapping[str, Sequence[Turn]]) -> dict[str, str]:
    taken = [turn for turns in by_set.values() for turn in turns]
    return {file: label for turn in taken for file, label in turn.labels.items()}


if __name__ == "__main__":
    main()
