"""Answers in figures: per day and reviewer, against the model, and between people."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from docsorter.store import AnswerSummary, OpinionPair


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """What one person did on one day, or everybody in all the time.

    Attributes:
        day: Local day; None for all of them.
        reviewer: Unix user name; "" for everybody.
        answers: Answers given, taken back or not.
        undone: Of those, taken back.
        seconds: Median from being shown to the answer; None when nobody measured.
        compared: Standing answers where the model had a guess.
        agreed: Of those, equal to it.
        blind_compared: The same of answers given without seeing the guess.
        blind_agreed: Of those, equal to it.
    """

    day: dt.date | None
    reviewer: str
    answers: int
    undone: int
    seconds: float | None
    compared: int
    agreed: int
    blind_compared: int
    blind_agreed: int

    @property
    def undo_rate(self) -> float:
        """Share of the answers that were taken back, 0-1."""
        return self.undone / self.answers if self.answers else 0.0

    @property
    def agreement(self) -> float | None:
        """Share of answers equal to the model's guess, 0-1; None without any."""
        return self.agreed / self.compared if self.compared else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people say the same of a document, the second of them blind.

    Attributes:
        pairs: Documents that two people answered.
        agreed: Of those, with the same answer.
        kappa: Agreement beyond chance, at most 1; None where it is not defined: without pairs, or
            when everything got one and the same answer.
    """

    pairs: int
    agreed: int
    kappa: float | None


def per_day(given: Sequence[AnswerSummary], zone: dt.tzinfo | None = None) -> list[AnswerFigures]:
    """Return the figures of each day and reviewer, in order.

    Args:
        given: Answers.
        zone: Whose days; None for the local ones.
    """
    groups: dict[tuple[dt.date, str], list[AnswerSummary]] = defaultdict(list)
    for each in given:
        groups[each.at.astimezone(zone).date(), each.reviewer].append(each)
    return [_figures(day, name, groups[day, name]) for day, name in sorted(groups)]


def per_reviewer(given: Sequence[AnswerSummary]) -> list[AnswerFigures]:
    """Return the figures of each reviewer, by name."""
    names = sorted({each.reviewer for each in given})
    return [
        _figures(None, name, [each for each in given if each.reviewer == name]) for name in names
    ]


def total(given: Sequence[AnswerSummary]) -> AnswerFigures:
    """Return the figures of everybody."""
    return _figures(None, "", given)


def agreement(pairs: Iterable[OpinionPair]) -> Agreement:
    """Return Cohen's kappa (Cohen 1960, A coefficient of agreement for nominal scales).

    First and second answers are the two raters; a refusal is an answer like any label.
    """
    said = Counter((pair.first, pair.second) for pair in pairs)
    number = sum(said.values())
    agreed = sum(count for (first, second), count in said.items() if first == second)
    if not number:
        return Agreement(0, 0, None)
    firsts: Counter[str | None] = Counter()
    seconds: Counter[str | None] = Counter()
    for (first, second), count in said.items():
        firsts[first] += count
        seconds[second] += count
    chance = sum(firsts[label] * seconds[label] for label in firsts) / number**2
    kappa = None if chance == 1 else (agreed / number - chance) / (1 - chance)
    return Agreement(number, agreed, kappa)


def _figures(day: dt.date | None, reviewer: str, given: Sequence[AnswerSummary]) -> AnswerFigures:
    measured = [each.seconds for each in given if each.seconds is not None]
    compared = [each for each in given if not each.undone and each.guess is not None]
    blind = [each for each in compared if each.blind]
    return AnswerFigures(
        day=day,
        reviewer=reviewer,
        answers=len(given),
        undone=sum(each.undone for each in given),
        seconds=median(measured) if measured else None,
        compared=len(compared),
        agreed=sum(each.label == each.guess for each in compared),
        blind_compared=len(blind),
        blind_agreed=sum(each.label == each.guess for each in blind),
    )
