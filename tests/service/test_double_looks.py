"""Checks that agreed are asked again of somebody else: what people miss enters the promise."""

from collections.abc import Iterator

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.decide import autonomy
from docsorter.documents import CheckOutcome, Document, Place, Purpose, ReasonCode, State
from docsorter.service.promise.report import report
from docsorter.service.review.service import ReviewService
from docsorter.store import ChangeReason
from tests.service.earning_desk import EarningDesk


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[EarningDesk]:
    made = EarningDesk(configuration, clock, {"promise.double": 0.5, "promise.miss_rate": 0.4})
    made.service = ReviewService(made.configuration, made.store, made.mover, chance=lambda: 0.4)
    made.grant()
    yield made
    made.store.close()


def outcome(desk: EarningDesk, document: Document) -> CheckOutcome | None:
    return desk.store.checks.of_document(document.id)[-1].outcome


@pytest.fixture
def asked(desk: EarningDesk) -> Document:
    """A document sorted alone that anna found right."""
    desk.says(desk.sees("letter"), "letter", "ben")
    document = desk.sees()
    desk.says(document)
    return document


def test_a_right_check_that_chance_drew_is_asked_again_of_somebody_else(
    desk: EarningDesk, asked: Document
) -> None:
    assert outcome(desk, asked) is CheckOutcome.RIGHT
    entry = desk.store.review.entry_for_document(asked.id)
    assert (entry.purpose, entry.blind, entry.not_for) == (Purpose.SECOND, True, "anna")
    assert desk.store.checks.second_looks() == []
    assert desk.troubles() == []


def test_one_that_chance_did_not_draw_is_not(desk: EarningDesk) -> None:
    desk.service = ReviewService(desk.configuration, desk.store, desk.mover, chance=lambda: 0.6)
    desk.says(desk.sees())
    assert desk.store.review.waiting_by_purpose() == {}


def test_a_second_look_that_agrees_moves_nothing_and_is_counted(
    desk: EarningDesk, asked: Document
) -> None:
    after = desk.says(asked, "invoice", "ben")
    assert (after.path, outcome(desk, asked)) == (asked.path, CheckOutcome.RIGHT)
    assert desk.store.checks.second_looks() == [False]
    assert desk.troubles() == []


def test_one_that_differs_makes_the_check_wrong_and_asks_a_third(
    desk: EarningDesk, asked: Document
) -> None:
    after = desk.says(asked, "claim", "ben")
    assert outcome(desk, asked) is CheckOutcome.WRONG
    assert after.verdict is not None
    assert (after.state, after.verdict.reason.code) == (
        State.REVIEW,
        ReasonCode.REVIEWERS_DISAGREE,
    )
    assert desk.store.checks.second_looks() == [True]
    decided = desk.says(asked, "invoice", "carl")
    assert (decided.state, outcome(desk, asked)) == (State.SORTED, CheckOutcome.WRONG)
    assert desk.troubles() == []


@pytest.mark.parametrize("undoer", ["ben", "anna"])
def test_an_undone_second_look_counts_no_more(
    desk: EarningDesk, asked: Document, undoer: str
) -> None:
    for label in ("claim", "invoice"):
        desk.says(asked, label, "ben")
        back = desk.service.undo(asked.id, reviewer=undoer, uid=2)
        assert (back.state, back.place) == (State.SORTED, Place.SORTED)
        assert outcome(desk, asked) is CheckOutcome.RIGHT
        assert desk.store.checks.second_looks() == []
        assert desk.store.review.entry_for_document(asked.id).purpose is Purpose.SECOND
        assert desk.troubles() == []


def test_undoing_the_first_answer_asks_for_the_check_anew(
    desk: EarningDesk, asked: Document
) -> None:
    desk.service.undo(asked.id, reviewer="anna", uid=1)
    assert outcome(desk, asked) is None
    assert desk.store.review.entry_for_document(asked.id).purpose is Purpose.CHECK
    assert desk.troubles() == []


def test_a_person_who_looks_twice_measures_nobody(desk: EarningDesk) -> None:
    document = desk.sees()
    desk.says(document)
    desk.says(document)
    assert outcome(desk, document) is CheckOutcome.RIGHT
    assert desk.store.checks.second_looks() == []


def test_a_blind_decision_is_asked_again_as_well(desk: EarningDesk) -> None:
    waiting = desk.sees("letter", 0.6)
    assert waiting.state is State.REVIEW
    desk.says(waiting, "letter", "ben")
    assert desk.store.review.entry_for_document(waiting.id).purpose is Purpose.SECOND
    desk.says(waiting, "letter", "anna")
    assert desk.store.checks.second_looks() == [False]


def test_what_was_measured_replaces_what_was_assumed(
    desk: EarningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autonomy, "FIRST", 20)
    for number in range(20):
        document = desk.sees()
        desk.says(document, "invoice", "anna")
        before = report(desk.configuration, desk.store, desk.clock.now()).misses
        assert (before.rate, before.measured, before.looks) == (0.4, False, number)
        desk.says(document, "invoice", "ben")

    after = report(desk.configuration, desk.store, desk.clock.now()).misses
    assert (after.measured, after.reckoned) == (True, 20)
    assert after.rate < 0.4
    plan = desk.position.plan
    assert plan is not None
    assert plan.miss_rate == after.rate
    assert sum(share for _, share in plan.starts) == pytest.approx(0.9)
    assert desk.position.threshold is not None
    assert ChangeReason.CERTIFIED in {move.why for move in desk.store.checks.promises()}
