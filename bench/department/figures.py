"""What the simulated departments come to: plain numbers, for tables, for the plot and for JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.department.days import Day, Retraining
from bench.department.drift import Drifted

WEEK = 7
SETTLED = 28
"""Days after which the aim counts: from week 5 on."""


@dataclass(frozen=True, slots=True)
class Life:
    """One department from an empty start, under both ways of autonomy.

    Attributes:
        seed: Of its arrivals, draws and slips.
        starter: Its days with the threshold on the model's card.
        earned: Its days with an autonomy that is earned.
        abrupt: The same, where new models take over at once and begin with nothing.
        retrainings: Models that learned from the answers.
        doubles: Blind answers given twice to compare people.
        differed: In how many of them people differed.
    """

    seed: int
    starter: list[Day]
    earned: list[Day]
    abrupt: list[Day]
    retrainings: list[Retraining]
    doubles: int
    differed: int


@dataclass(frozen=True, slots=True)
class Sum:
    """Some days of one or more departments together.

    Attributes:
        arrived: Documents.
        sorted_alone: Share sorted without waiting for a person.
        unseen: Share that nobody ever looked at.
        wrong: Documents sorted to a wrong label.
        error: Share of what was sorted alone that was wrong; 0 when nothing was.
        answers: Answers a day and department, second looks and comparisons included.
    """

    arrived: int
    sorted_alone: float
    unseen: float
    wrong: int
    error: float
    answers: float


def summed(days: Sequence[Day]) -> Sum:
    """Add up days, at least one."""
    arrived = sum(day.arrived for day in days)
    alone = sum(day.sorted_alone for day in days)
    wrong = sum(day.wrong for day in days)
    return Sum(
        arrived,
        alone / arrived,
        sum(day.unseen for day in days) / arrived,
        wrong,
        wrong / alone if alone else 0.0,
        sum(day.answers for day in days) / len(days),
    )


def weeks(days: Sequence[Day]) -> list[Sum]:
    """Add up week by week; the last one may be short."""
    return [summed(days[begin : begin + WEEK]) for begin in range(0, len(days), WEEK)]


def settled(lives: Sequence[Life]) -> Sum:
    """Add up all departments from week 5 on, under `earned`."""
    return summed([day for life in lives for day in life.earned[SETTLED:]])


@dataclass(frozen=True, slots=True)
class DriftFigures:
    """What a change did to all departments.

    Attributes:
        runs: Departments.
        alarms: In how many the alarm was raised before the end.
        days: Median days to the alarm, of those; None without any.
        longest: Most days to the alarm; None without any.
        wrong: Median documents sorted wrongly before it, or until the end.
        most_wrong: The most.
        error: Share of what was sorted alone meanwhile that was wrong, all departments together.
        after: Mean share sorted alone in the last week.
    """

    runs: int
    alarms: int
    days: float | None
    longest: int | None
    wrong: float
    most_wrong: int
    error: float
    after: float


def drift_figures(found: Sequence[Drifted]) -> DriftFigures:
    """Put together what happened to several departments."""
    alarms = [one.alarm for one in found if one.alarm is not None]
    return DriftFigures(
        len(found),
        len(alarms),
        median(alarms) if alarms else None,
        max(alarms, default=None),
        median(one.wrong for one in found),
        max(one.wrong for one in found),
        sum(one.wrong for one in found) / max(1, sum(one.sorted_alone for one in found)),
        sum(one.after for one in found) / len(found),
    )


def as_json(
    lives: Sequence[Life], drifts: dict[str, DriftFigures], pool: dict[str, int]
) -> dict[str, object]:
    """Return everything as plain values."""
    return {
        "pool": pool,
        "departments": [
            {
                "seed": life.seed,
                "starter_weeks": [asdict(week) for week in weeks(life.starter)],
                "earned_weeks": [asdict(week) for week in weeks(life.earned)],
                "from_week_5": asdict(summed(life.earned[SETTLED:])),
                "whole": asdict(summed(life.earned)),
                "without_rehearsal": asdict(summed(life.abrupt)),
                "starter_whole": asdict(summed(life.starter)),
                "retrainings": [asdict(one) for one in life.retrainings],
                "happened": {
                    day + 1: one.happened for day, one in enumerate(life.earned) if one.happened
                },
                "double_looks": life.doubles,
                "differed": life.differed,
            }
            for life in lives
        ],
        "from_week_5": asdict(settled(lives)),
        "drift": {name: asdict(one) for name, one in drifts.items()},
    }
