"""What a daemon costs that has nothing to do: memory, processor, and how often it wakes.

python -m bench.idle [--seconds 30]
"""

import argparse
import time
from pathlib import Path

from bench.ways.whole import Whole


def main() -> None:
    """Start a daemon, let it come to rest, watch it, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=30, help="how long to watch")
    options = parser.parse_args()
    with Whole() as whole:
        time.sleep(3)  # what follows a start
        before, began = waits(whole.daemon.pid), whole.daemon.usage()
        time.sleep(options.seconds)
        after, ended = waits(whole.daemon.pid), whole.daemon.usage()
    woken = {name: after[name] - before.get(name, 0) for name in after}
    print(f"start to ready: {whole.daemon.ready_seconds:.2f} s")
    print(f"resident: {ended.resident_own / 2**20:.0f} MB")
    print(f"processor: {1000 * (ended.cpu - began.cpu) / options.seconds:.2f} ms a second")
    for name, count in sorted(woken.items(), key=lambda item: -item[1]):
        print(f"thread {name}: woke {count / options.seconds:.2f} times a second")


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
