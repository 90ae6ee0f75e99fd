"""`make simulate`: departments of 120 documents a day, from an empty start with the shipped model.

    python -m bench.simulate [--departments 6] [--drifts 8] [--json FILE] [--svg FILE]

What decides is `docsorter.decide`; the scores are those of the shipped model on generated documents
of layouts that it never saw (`bench/department/pool.py`). They are recorded once under
build/simulate, which takes some ten minutes of processor time; docs/develop/promise.md explains the
rest.
"""

import argparse
import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from bench.department.arrivals import PER_DAY
from bench.department.drift import BEGIN, DAYS, SCENARIOS
from bench.department.figures import (
    DriftFigures,
    Life,
    as_json,
    drift_figures,
    settled,
    summed,
    weeks,
)
from bench.department.plot import plot
from bench.department.pool import recorded_pool
from bench.department.runs import RETRAINED, run_all
from docsorter.cli.output import bar, console, stage_bars
from docsorter.decide.autonomy import AutonomyPolicy
from docsorter.decide.promise import error_upper_bound

_FOLDER = Path("build/simulate")
_OUT = Path("bench/out")


def main() -> None:
    """Simulate, print tables, and write the figures and the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--departments", type=int, default=6, help="departments to live through")
    parser.add_argument("--drifts", type=int, default=8, help="departments each change happens to")
    parser.add_argument("--json", type=Path, default=_OUT / "simulate.json")
    parser.add_argument("--svg", type=Path, default=_OUT / "simulate.svg")
    options = parser.parse_args()
    with stage_bars() as told:
        pool = recorded_pool(
            _FOLDER, lambda done, total: told("inspecting the documents", done, total)
        )
    work, finished = options.departments + options.drifts, itertools.count(1)
    with bar("simulating departments", work) as told_done:
        lives, drifts = run_all(
            _FOLDER,
            range(1, 1 + options.departments),
            range(101, 101 + options.drifts),
            lambda: told_done(next(finished)),
        )
    changes = {name: drift_figures([one[name] for one in drifts]) for name in SCENARIOS}
    facts = {
        "documents": len(pool), "layouts": len(set(pool.layout)), "refused": pool.refused,
    }  # fmt: skip
    _print(lives, changes if drifts else {}, facts)
    figures = as_json(lives, changes if drifts else {}, facts)
    for path, text in (
        (options.json, json.dumps(figures, indent=2) + "\n"),
        (options.svg, plot(lives, AutonomyPolicy().target)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _print(lives: Sequence[Life], changes: dict[str, DriftFigures], facts: dict[str, int]) -> None:
    policy = AutonomyPolicy()
    out = console()
    out.print(
        f"{len(lives)} departments, {DAYS} days of {PER_DAY} documents each; scores recorded on "
        f"{facts['documents']} documents of {facts['layouts']} layouts never trained on "
        f"({facts['refused']} more were refused as unreadable)"
    )
    out.print("policy: " + ", ".join(f"{f.name} {getattr(policy, f.name)}" for f in fields(policy)))
    out.print(_weeks(lives))
    late, whole = settled(lives), summed([day for life in lives for day in life.earned])
    least = min(summed(life.earned[28:]).sorted_alone for life in lives)
    most = max(summed(life.earned[28:]).error for life in lives)
    out.print(
        f"from week 5 on: {late.sorted_alone:.1%} sorted alone (least {least:.1%}), "
        f"{late.unseen:.1%} never seen by a person, {late.error:.2%} of it wrong "
        f"(most {most:.2%}); "
        f"over all days {whole.sorted_alone:.1%} sorted, {whole.error:.2%} wrong"
    )
    doubles, differed = sum(one.doubles for one in lives), sum(one.differed for one in lives)
    out.print(
        f"people: {differed} of {doubles} second answers differ, so that at most "
        f"{error_upper_bound(differed, doubles):.1%} of the wrong documents pass as right "
        f"({policy.miss_rate:.0%} are reckoned with)"
    )
    abrupt = summed([day for life in lives for day in life.abrupt])
    out.print(
        f"if new models take over at once and begin with nothing: {abrupt.sorted_alone:.1%} "
        f"sorted over all days, {abrupt.error:.2%} wrong, {abrupt.answers:.0f} answers a day "
        f"(shadow evaluation: {whole.answers:.0f})"
    )
    out.print(_retrainings(lives))
    if changes:
        out.print(_changes(changes))


def _weeks(lives: Sequence[Life]) -> Table:
    table = Table(
        box=SIMPLE_HEAD,
        pad_edge=False,
        title="by week, mean of the departments (least to most)",
        title_justify="left",
    )
    for name in ("week", "starter:\nsorted", "wrong", "answers\na day"):
        table.add_column(name, justify="right")
    for name in ("earned:\nsorted", "", "wrong", "unseen", "answers\na day"):
        table.add_column(name, justify="right")
    starter = [weeks(life.starter) for life in lives]
    earned = [weeks(life.earned) for life in lives]
    for number in range(len(starter[0])):
        old, new = [each[number] for each in starter], [each[number] for each in earned]
        shares = [one.sorted_alone for one in new]
        table.add_row(
            str(number + 1),
            f"{_mean([one.sorted_alone for one in old]):.1%}",
            f"{_mean([one.error for one in old]):.2%}",
            f"{_mean([one.answers for one in old]):.0f}",
            f"{_mean(shares):.1%}",
            f"{min(shares):.0%}-{max(shares):.0%}",
            f"{_mean([one.error for one in new]):.2%}",
            f"{_mean([one.unseen for one in new]):.0%}",
            f"{_mean([one.answers for one in new]):.0f}",
        )
    return table


def _retrainings(lives: Sequence[Life]) -> Table:
    title = f"retrained on the evenings of days {' and '.join(str(d + 1) for d in RETRAINED)}"
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for name in ("department", "model", "promoted on day", "old sorts", "new sorts"):
        table.add_column(name, justify="right")
    for life in lives:
        for one in life.retrainings:
            promoted = "given up" if one.promoted is None else str(one.promoted + 1)
            table.add_row(
                str(life.seed), one.model, promoted, f"{one.before:.1%}", f"{one.after:.1%}"
            )
    return table


def _changes(changes: dict[str, DriftFigures]) -> Table:
    table = Table(
        title=f"what happens on day {BEGIN + 1}, and until the alarm", title_justify="left"
    )
    columns = (
        "alarms",
        "days to it\n(most)",
        "wrong before\n(most)",
        "error\nmeanwhile",
        "sorted in\nthe end",
    )
    table.add_column("change")
    for name in columns:
        table.add_column(name, justify="right")
    for name, one in changes.items():
        days = "-" if one.days is None else f"{_half(one.days)} ({one.longest})"
        table.add_row(
            name,
            f"{one.alarms} of {one.runs}",
            days,
            f"{_half(one.wrong)} ({one.most_wrong})",
            f"{one.error:.1%}",
            f"{one.after:.0%}",
        )
    return table


def _half(value: float) -> str:
    return f"{value:.0f}" if value == math.floor(value) else f"{value:.1f}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
