"""A long run of one daemon: does its memory stay where it was?

    python -m bench.soak [--blind 10000] [--real 300] [--minutes 60] [--json FILE]

Blind documents pass everything but pages and model; real ones are the example scans, each with
bytes of its own. Memory is the resident set of the daemon itself; work is the CPU time of the
daemon and its children per document. `--stored` fills the store first, with finished documents.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.daemon import REAL, STUBBED, MeasuredDaemon, Usage
from bench.million import fill
from bench.mix import make_inputs
from docsorter.configuration import Configuration
from docsorter.documents import Place, State
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.workspace.layout import create, migrate_workspace, open_workspace_store
from docsorter.store import Store

Figures = dict[str, float]
UNREADABLE: Final = frozenset({"Vertraulich.pdf", "scan_20260914_0013.pdf"})
"""Examples that are encrypted or truncated."""
AIMS: Final = {"growth_percent": 5.0, "work_growth_percent": 10.0}
_TAKEN_APART: Final = 0.1  # share of the documents that the first and the last figure are of
_FINAL = (State.SORTED, State.REVIEW, State.REJECTED)
_AHEAD = 400  # files in the inbox at most, so that the run is a stream and not one heap
_WARM = 0.1  # share of the documents after which the memory counts


def main() -> None:
    """Measure, print a table, and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--blind", type=int, default=10_000, help="documents nobody looks at")
    parser.add_argument("--real", type=int, default=300, help="documents with pages and model")
    parser.add_argument("--stored", type=int, default=0, help="documents in the store before")
    parser.add_argument("--minutes", type=float, default=60, help="then stop where it is, each")
    parser.add_argument("--json", type=Path, default=Path("bench/out/soak.json"))
    options = parser.parse_args()
    figures: Figures = {}
    with tempfile.TemporaryDirectory(prefix="docsorter-soak-") as name:
        if options.blind:
            figures |= soak(
                Path(name) / "blind",
                "blind",
                blank_files(options.blind),
                options.minutes,
                options.stored,
            )
        if options.real:
            (Path(name) / "made").mkdir()
            usable = [path for path in example_files() if path.name not in UNREADABLE]
            made = make_inputs(usable, options.real, Path(name) / "made")
            named = ((path.name, path.read_bytes()) for path in made)
            figures |= soak(
                Path(name) / "real", "real", list(named), options.minutes, options.stored
            )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = Table("figure", "value", "aim")
    for key, value in figures.items():
        aim = AIMS.get(key.partition("_")[2])
        table.add_row(key, str(value), "" if aim is None else f"under {aim:g}")
    Console().print(table)


def blank_files(count: int) -> list[tuple[str, bytes]]:
    """Return names and contents of so many different files that look complete."""
    return [(f"scan-{n:06}.pdf", f"%PDF-1.4 {n}\n%%EOF\n".encode()) for n in range(count)]


def soak(
    scratch: Path,
    kind: str,
    files: list[tuple[str, bytes]],
    minutes: float = 60,
    stored: int = 0,
) -> Figures:
    """Feed a daemon with files as fast as it takes them, and watch its memory and its work.

    Args:
        scratch: A folder that does not exist.
        kind: "blind" or "real".
        files: Name and content of each.
        minutes: Drop nothing more after this long.
        stored: Documents to put into the store before.
    """
    configuration, _ = create(scratch / "paper")
    (configuration.workspace / "docsorter.toml").write_text("[intake]\nrest_seconds = 0.5\n")
    migrate_workspace(configuration)
    samples: list[tuple[int, Usage]] = []
    module = STUBBED if kind == "blind" else REAL
    with open_workspace_store(configuration) as store:
        if stored:
            fill(store, stored)
        began = time.monotonic()
        with MeasuredDaemon(configuration.workspace, scratch, module) as daemon:
            feed = _feed(configuration, store, files, minutes, stored)
            samples.extend((done, daemon.usage()) for done in feed)
    seconds = time.monotonic() - began
    finished = samples[-1][0]
    warm = [usage.resident_own for done, usage in samples if done >= _WARM * finished]
    third = max(1, len(warm) // 3)
    first, last = (sum(part) / third for part in (warm[:third], warm[-third:]))
    early = work(samples, _WARM * finished, (_WARM + _TAKEN_APART) * finished)
    late = work(samples, (1 - _TAKEN_APART) * finished, finished)
    return {
        f"{kind}_documents": finished,
        f"{kind}_stored_before": stored,
        f"{kind}_documents_per_s": round(finished / seconds, 1),
        f"{kind}_resident_first_third_mb": round(first / 2**20, 1),
        f"{kind}_resident_last_third_mb": round(last / 2**20, 1),
        f"{kind}_resident_peak_mb": round(
            max(usage.resident_own for _, usage in samples) / 2**20, 1
        ),
        f"{kind}_growth_percent": round(100 * (last - first) / first, 2),
        f"{kind}_work_early_ms": round(1000 * early, 2),
        f"{kind}_work_late_ms": round(1000 * late, 2),
        f"{kind}_work_growth_percent": round(100 * (late - early) / early, 1) if early else 0.0,
    }


def work(samples: list[tuple[int, Usage]], low: float, high: float) -> float:
    """Return the CPU seconds per document between two counts of finished documents."""
    part = [(done, usage.cpu) for done, usage in samples if low <= done <= high]
    if len(part) < 2 or part[-1][0] == part[0][0]:
        return 0.0
    return (part[-1][1] - part[0][1]) / (part[-1][0] - part[0][0])


def _feed(
    configuration: Configuration,
    store: Store,
    files: Iterable[tuple[str, bytes]],
    minutes: float,
    stored: int,
) -> Iterator[int]:
    """Drop files, never too many ahead; yield how many are finished, about twice a second."""
    inbox, aside = configuration.root(Place.INBOX), configuration.workspace / "aside"
    aside.mkdir()
    done, dropped, waiting = 0, 0, iter(list(files))
    ended = False
    last_drop = time.monotonic() + 60 * minutes
    while time.monotonic() < last_drop + 600:
        states = store.documents.counts().states
        done = sum(states[state] for state in _FINAL) - stored
        yield done
        while not ended and dropped - done < _AHEAD:
            following = next(waiting, None)
            if following is None or time.monotonic() > last_drop:
                ended = True
                break
            name, content = following
            (aside / name).write_bytes(content)
            (aside / name).rename(inbox / name)
            dropped += 1
        if ended and done >= dropped:
            return
        time.sleep(0.5)
    raise TimeoutError(f"{done} of {dropped} documents ten minutes after the last was dropped")


if __name__ == "__main__":
    main()
