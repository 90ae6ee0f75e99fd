"""What a daemon costs that has nothing to do: memory, processor, and how often it wakes.

    python -m bench.idle [--seconds 30] [--documents 40] [--json FILE]

Looked at fresh from its start and again after it has sorted some documents of the mix. Resident
memory (RSS) counts every page, shared ones too; proportional memory (PSS) shares those out.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Final

from bench.baselines.product import Product
from bench.daemon import MeasuredDaemon
from bench.mix import mix

_SETTLING: Final = 3  # seconds of what follows a start or a document
_KILOBYTES: Final = 1024

Figures = dict[str, float | dict[str, float]]


def main() -> None:
    """Start a daemon, let it come to rest, watch it, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30, help="how long to watch, each time")
    parser.add_argument("--documents", type=int, default=40, help="sorted between, times of twenty")
    parser.add_argument("--json", type=Path, default=Path("bench/out/idle.json"))
    options = parser.parse_args()
    folder, papers = mix(options.documents)
    with Product() as product:
        figures: dict[str, object] = {"start_to_ready_s": round(product.daemon.ready_seconds, 2)}
        figures["fresh"] = watched(product.daemon, options.seconds)
        product.sort(folder, papers)
        figures["after_documents"] = watched(product.daemon, options.seconds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


def watched(daemon: MeasuredDaemon, seconds: float) -> Figures:
    """Return what a daemon takes that is left alone.

    Args:
        daemon: It comes to rest first.
        seconds: How long to watch.
    """
    time.sleep(_SETTLING)
    before, began = waits(daemon.pid), daemon.usage().cpu
    time.sleep(seconds)
    after, used = waits(daemon.pid), daemon.usage().cpu - began
    woken = {name: (count - before.get(name, 0)) / seconds for name, count in after.items()}
    return {
        **memory(daemon.pid),
        "cpu_ms_per_s": round(1000 * used / seconds, 2),
        "wakes_per_s": {name: round(often, 2) for name, often in woken.items() if often},
    }


def memory(pid: int) -> dict[str, float]:
    """Return resident and proportional memory of a process, MB (proc(5), smaps_rollup)."""
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    told = {row.split(":")[0]: int(row.split()[1]) for row in rows}
    return {
        "resident_mb": round(told["Rss"] / _KILOBYTES, 1),
        "proportional_mb": round(told["Pss"] / _KILOBYTES, 1),
    }


def waits(pid: int) -> dict[str, int]:
    """Return how often each thread of a process gave up the processor to wait, by its number."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        rows = (task / "status").read_text("ascii", errors="replace").splitlines()
        values = dict(row.split(":", 1) for row in rows if ":" in row)
        found[f"{task.name} {values['Name'].strip()}"] = int(values["voluntary_ctxt_switches"])
    return found


if __name__ == "__main__":
    main()
