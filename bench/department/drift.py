"""Things that go wrong after the machine has earned its autonomy, and how soon that is noticed."""

import copy
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.department.arrivals import Arrivals, draw, mix_of
from bench.department.days import Day
from bench.department.earning import EarnedDepartment
from bench.department.models import NAMES, OTHER, Seen, Starter
from bench.department.pool import Pool
from docsorter.decide.autonomy import AutonomyPolicy

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEGIN: Final = 45
"""Day on which it happens."""

DAYS: Final = 90
_VENDOR: Final = "invoice-office"
_VENDOR_SHARE: Final = 0.1
_SPLIT: Final = ("letter-agency", "letter-authority", "letter-public", "letter-brief")
_LETTER: Final = NAMES.index("letter")

Change = Callable[[Pool, "NDArray[np.bool_]", int], Arrivals]


@dataclass(frozen=True, slots=True)
class Drifted:
    """What a change did to one department.

    Attributes:
        alarm: Days from the change to the alarm; None: there was none until the end.
        wrong: Documents sorted wrongly from the change to the alarm, or to the end.
        sorted_alone: Documents sorted from the change to the alarm, or to the end.
        after: Share of the documents that were sorted alone in the last week.
    """

    alarm: int | None
    wrong: int
    sorted_alone: int
    after: float


def new_vendor(pool: Pool, among: "NDArray[np.bool_]", seed: int) -> Arrivals:
    """One document in ten is a reminder of a new vendor: it looks like its invoices, a letter."""
    usual = draw(pool, DAYS, seed, among=among)
    rng = np.random.default_rng([seed, 1])
    allowed = np.flatnonzero(among[-1] & (pool.kind == _VENDOR))
    theirs = rng.random(len(usual.rows)) < _VENDOR_SHARE
    rows = np.where(theirs, rng.choice(allowed, len(theirs)), usual.rows)
    return Arrivals(rows, np.where(theirs, _LETTER, usual.truth), DAYS)


def new_scanner(pool: Pool, among: "NDArray[np.bool_]", seed: int) -> Arrivals:
    """All sheets come from another scanner, lying on their side."""
    scanned = pool.scanner != ""
    foreign = (pool.label == "other") & among[-1]
    return draw(pool, DAYS, seed, among=scanned | foreign)


def label_mix(pool: Pool, among: "NDArray[np.bool_]", seed: int) -> Arrivals:
    """Letters become seven in ten, invoices fewer than two."""
    return draw(pool, DAYS, seed, among=among, mix=mix_of((0.15, 0.15, 0.70)))


def label_splits(pool: Pool, among: "NDArray[np.bool_]", seed: int) -> Arrivals:
    """Letters of authorities and agencies are to be a label of their own from now on."""
    usual = draw(pool, DAYS, seed, among=among)
    moved = np.isin(pool.kind[usual.rows], _SPLIT)
    return Arrivals(usual.rows, np.where(moved, OTHER, usual.truth), DAYS)


def nothing(pool: Pool, among: "NDArray[np.bool_]", seed: int) -> Arrivals:
    """Nothing changes: every alarm is a false one."""
    return draw(pool, DAYS, seed, among=among)


SCENARIOS: Final[dict[str, Change]] = {
    "new vendor": new_vendor,
    "new scanner": new_scanner,
    "label mix": label_mix,
    "a label splits": label_splits,
    "nothing": nothing,
}


def drifted(
    starter: Starter, model: Seen, among: "NDArray[np.bool_]", seed: int, retrained: int
) -> dict[str, Drifted]:
    """Let one department earn its autonomy, then let each change happen to it.

    Args:
        starter: The shipped model, and the pool.
        model: What the shipped model makes of the pool.
        among: (days, n) documents that may come on each day, the change apart.
        seed: Of arrivals, draws and slips.
        retrained: Day on whose evening a first model learns from the answers.
    """
    usual = draw(starter.pool, DAYS, seed, among=among)
    teachings = {retrained: functools.partial(starter.taught, "ours-1")}
    department = EarnedDepartment(model, usual, AutonomyPolicy(), seed, teachings)
    for day in range(BEGIN):
        department.live(day)
    found = {}
    for name, change in SCENARIOS.items():
        here = copy.deepcopy(department)
        here.arrivals = usual.from_day(BEGIN, change(starter.pool, among, seed + 1))
        found[name] = _lived([here.live(day) for day in range(BEGIN, DAYS)])
    return found


def _lived(days: Sequence[Day]) -> Drifted:
    alarms = [number for number, day in enumerate(days) if day.happened.startswith("alarm")]
    until = days[: alarms[0] + 1] if alarms else days
    week = days[-7:]
    return Drifted(
        alarm=alarms[0] + 1 if alarms else None,
        wrong=sum(day.wrong for day in until),
        sorted_alone=sum(day.sorted_alone for day in until),
        after=sum(day.sorted_alone for day in week) / sum(day.arrived for day in week),
    )
