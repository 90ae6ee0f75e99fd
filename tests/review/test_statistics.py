"""Answers in figures."""

import datetime as dt

import pytest

from docsorter.documents import Purpose
from docsorter.review.statistics import agreement, per_day, per_reviewer, total
from docsorter.store import AnswerSummary, OpinionPair

DAY = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)


def given(
    reviewer: str = "ada",
    label: str | None = "claim",
    *,
    day: int = 0,
    guess: str | None = "claim",
    seconds: float | None = None,
    undone: bool = False,
    blind: bool = False,
) -> AnswerSummary:
    at = DAY + dt.timedelta(days=day)
    return AnswerSummary(at, reviewer, label, guess, seconds, undone, Purpose.DECIDE, blind)


def pair(first: str | None, second: str | None) -> OpinionPair:
    return OpinionPair(first, second, ("ada", "ben"))


def test_there_is_a_line_for_every_day_and_reviewer_in_order() -> None:
    found = per_day([given("ben", day=1), given("ada"), given("ben"), given("ada")], dt.UTC)
    assert [(str(line.day), line.reviewer, line.answers) for line in found] == [
        ("2026-11-02", "ada", 2),
        ("2026-11-02", "ben", 1),
        ("2026-11-03", "ben", 1),
    ]


def test_a_day_is_that_of_the_zone() -> None:
    late = given()
    (line,) = per_day([late], dt.timezone(dt.timedelta(hours=16)))
    assert str(line.day) == "2026-11-03"


def test_seconds_are_the_median_of_what_was_measured() -> None:
    line = total([given(seconds=2.0), given(seconds=4.0), given(seconds=90.0), given()])
    assert line.seconds == 4.0
    assert total([given()]).seconds is None


def test_what_was_taken_back_counts_as_undone_and_not_as_agreement() -> None:
    line = total([given(), given(label="letter"), given(undone=True), given(guess=None)])
    assert (line.answers, line.undone, line.undo_rate) == (4, 1, 0.25)
    assert (line.compared, line.agreed, line.agreement) == (2, 1, 0.5)


def test_answers_given_blind_are_compared_apart() -> None:
    line = total([given(blind=True), given(label="letter", blind=True), given()])
    assert (line.blind_compared, line.blind_agreed) == (2, 1)


def test_without_answers_there_is_nothing_to_divide_by() -> None:
    assert per_day([]) == per_reviewer([]) == []
    nothing = total([])
    assert (nothing.answers, nothing.undo_rate, nothing.agreement) == (0, 0.0, None)


def test_kappa_is_that_of_the_textbook() -> None:
    # 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: agreement 0.7, by chance 0.5, kappa 0.4
    said = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    found = agreement(pair(*each) for each in said)
    assert (found.pairs, found.agreed) == (50, 35)
    assert found.kappa == pytest.approx(0.4)


def test_kappa_is_not_defined_where_nothing_could_disagree() -> None:
    assert agreement([]).kappa is None
    assert agreement([pair("claim", "claim")] * 3).kappa is None


def test_a_refusal_is_an_answer_like_any_other() -> None:
    found = agreement([pair(None, None), pair("claim", None), pair("claim", "claim")])
    assert (found.pairs, found.agreed) == (3, 2)
