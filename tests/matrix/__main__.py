"""`make matrix`: the same page in every encoding; exit status 1 if one of them is read wrongly.

python -m tests.matrix [WORD ...] reads only the cells whose container or name holds every word.
"""

import sys
import time
from collections import Counter, defaultdict

from tests.matrix.runner import CELLS, Outcome, opened


def main(words: list[str]) -> int:
    """Read the cells, print a table and whatever is wrong."""
    chosen = [
        cell
        for cell in CELLS
        if all(word.lower() in f"{cell.container} {cell.name}".lower() for word in words)
    ]
    started = time.perf_counter()
    with opened() as matrix:
        outcomes = [matrix.judge(cell) for cell in chosen]
    _table(outcomes)
    _say(f"{time.perf_counter() - started:.0f} seconds")
    return int(any(outcome.kind == "wrong" for outcome in outcomes))


def _table(outcomes: list[Outcome]) -> None:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        table[outcome.cell.container][outcome.kind] += 1
        if outcome.kind != "pass":
            _say(f"{outcome.kind:8}{outcome.cell.container} {outcome.cell.name}: {outcome.detail}")
    _say(f"\n{'container':12}{'cells':>7}{'pass':>7}{'refused':>9}{'wrong':>7}")
    total = sum(table.values(), Counter[str]())
    for name, counts in (*table.items(), ("all", total)):
        row = counts.total(), counts["pass"], counts["refused"], counts["wrong"]
        _say(f"{name:12}{row[0]:>7}{row[1]:>7}{row[2]:>9}{row[3]:>7}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
