"""Blind checks of documents that lie sorted: what people say, and what follows."""

import json
from collections.abc import Iterator

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.deliver.recovery import recover
from docsorter.documents import CheckOutcome, Document, Place, Purpose, ReasonCode, State
from docsorter.errors import ConflictError, NotFoundError, UsageError
from docsorter.service.review.service import ReviewService
from docsorter.service.upkeep.forget import Forgetting
from docsorter.store import Check, Destination
from tests.service.earning_desk import EarningDesk


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[EarningDesk]:
    made = EarningDesk(configuration, clock)
    made.grant()
    yield made
    made.store.close()


def last_check(desk: EarningDesk, document: Document) -> Check:
    return desk.store.checks.of_document(document.id)[-1]


def test_a_drawn_document_stays_sorted_and_is_asked_about_blind(desk: EarningDesk) -> None:
    document = desk.sees()

    assert document.state is State.SORTED
    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind, entry.not_for) == (Purpose.CHECK, True, None)
    assert desk.store.review.waiting_by_purpose() == {Purpose.CHECK: 1}
    assert desk.troubles() == []


def test_agreement_settles_and_moves_nothing(desk: EarningDesk) -> None:
    document = desk.sees()
    after = desk.says(document)

    assert after.path == document.path
    assert last_check(desk, document).outcome is CheckOutcome.RIGHT
    assert desk.store.review.waiting_by_purpose() == {}
    assert desk.troubles() == []
    with pytest.raises(NotFoundError):
        desk.says(document)


def test_a_decision_that_a_delivery_overtook_is_refused_and_changes_nothing(
    desk: EarningDesk,
) -> None:
    document = desk.sees()  # between the caller's look and the answer
    entry = desk.store.review.entry_for_document(document.id)
    elsewhere = Destination(Place.SORTED, "claim/x.pdf", State.SORTED)

    with pytest.raises(ConflictError, match="does not wait for a decision any more"):
        desk.store.review.plan_answer(
            entry.id, elsewhere, label="claim", token=None, reviewer="anna", uid=1
        )

    assert desk.store.documents.get(document.id) == document
    assert desk.store.review.entry_for_document(document.id) == entry
    assert desk.troubles() == []


def test_a_disagreement_asks_somebody_else_and_moves_nothing_yet(desk: EarningDesk) -> None:
    document = desk.sees()
    after = desk.says(document, "claim")

    assert after.path == document.path
    check = last_check(desk, document)
    assert check.outcome is None
    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind, entry.not_for) == (Purpose.CHECK, True, "anna")
    assert desk.troubles() == []


@pytest.mark.parametrize("second", ["ben", "anna"])
def test_an_error_that_two_looks_confirm_moves_to_the_right_folder(
    desk: EarningDesk, second: str
) -> None:
    document = desk.sees()
    desk.says(document, "claim")
    moved = desk.says(document, "claim", second)

    assert last_check(desk, document).outcome is CheckOutcome.WRONG
    assert moved.path.startswith("claim/")
    assert moved.answered_by == second
    sidecar = json.loads(desk.path(moved).with_name(f"{desk.path(moved).name}.json").read_text())
    assert sidecar["verdict"]["label"] == "claim"
    assert len(desk.files(Place.SORTED)) == 2
    assert desk.store.documents.counts().labels == {"claim": 1}
    assert desk.troubles() == []


def test_a_second_look_that_agrees_with_the_model_settles_for_it(desk: EarningDesk) -> None:
    document = desk.sees()
    desk.says(document, "claim")
    after = desk.says(document, "invoice", "ben")

    assert last_check(desk, document).outcome is CheckOutcome.RIGHT
    assert after.path == document.path
    assert desk.troubles() == []


def test_looks_that_agree_on_nothing_count_as_wrong_and_end_before_a_person(
    desk: EarningDesk,
) -> None:
    document = desk.sees()
    desk.says(document, "claim")
    after = desk.says(document, "letter", "ben")

    assert last_check(desk, document).outcome is CheckOutcome.WRONG
    assert after.state is State.REVIEW
    assert after.verdict is not None
    assert after.verdict.reason.code is ReasonCode.REVIEWERS_DISAGREE
    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind) == (Purpose.DECIDE, False)
    assert desk.troubles() == []


def test_two_refusals_bring_a_document_to_the_rejected(desk: EarningDesk) -> None:
    document = desk.sees()
    desk.says(document, None)
    after = desk.says(document, None, "ben")

    assert after.state is State.REJECTED
    assert last_check(desk, document).outcome is CheckOutcome.WRONG
    assert len(desk.files(Place.REJECTED)) == 2
    assert desk.files(Place.SORTED) == []
    assert desk.troubles() == []


def test_an_undone_agreement_opens_the_check_again(desk: EarningDesk) -> None:
    document = desk.sees()
    desk.says(document)
    desk.service.undo(document.id, reviewer="anna", uid=1000)

    assert last_check(desk, document).outcome is None
    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind, entry.not_for) == (Purpose.CHECK, True, None)
    desk.says(document, "claim")
    assert last_check(desk, document).outcome is None
    assert desk.troubles() == []


def test_undoing_a_confirmed_error_brings_file_sidecar_and_question_back(
    desk: EarningDesk,
) -> None:
    document = desk.sees()
    before = desk.path(document).with_name(f"{desk.path(document).name}.json").read_bytes()
    desk.says(document, "claim")
    desk.says(document, "claim", "ben")
    back = desk.service.undo(document.id, reviewer="ben", uid=1001)

    assert (back.state, back.path, back.answered_by) == (State.SORTED, document.path, None)
    assert back.verdict == document.verdict
    assert desk.path(back).with_name(f"{desk.path(back).name}.json").read_bytes() == before
    assert last_check(desk, document).outcome is None
    assert desk.store.review.entry_for_document(document.id).not_for == "anna"
    assert desk.store.documents.counts().labels["invoice"] == 1
    assert desk.troubles() == []
    desk.service.undo(document.id, reviewer="anna", uid=1000)
    assert desk.store.review.entry_for_document(document.id).not_for is None
    assert desk.troubles() == []


def test_undoing_after_a_dispute_goes_back_step_by_step(desk: EarningDesk) -> None:
    document = desk.sees()
    desk.says(document, "claim")
    desk.says(document, "letter", "ben")
    desk.says(document, "letter", "cleo")
    assert desk.service.undo(document.id, reviewer="cleo", uid=1002).state is State.REVIEW
    back = desk.service.undo(document.id, reviewer="ben", uid=1001)

    assert (back.state, back.path) == (State.SORTED, document.path)
    assert last_check(desk, document).outcome is None
    assert desk.troubles() == []


def test_a_file_that_somebody_moved_by_hand_makes_the_check_void_and_changes_nothing(
    desk: EarningDesk,
) -> None:
    document = desk.sees()
    elsewhere = desk.path(document).rename(desk.path(document).with_name("mine.pdf"))
    with pytest.raises(ConflictError, match="moved by hand"):
        desk.says(document)

    assert last_check(desk, document).outcome is CheckOutcome.VOID
    assert desk.store.review.waiting_by_purpose() == {}
    assert desk.store.review.answers(document.id) == []
    assert elsewhere.exists()
    assert desk.store.documents.get(document.id) == document


def test_an_unknown_label_changes_nothing(desk: EarningDesk) -> None:
    document = desk.sees()
    with pytest.raises(UsageError, match="no label"):
        desk.says(document, "invocie")
    assert last_check(desk, document).first is None


def test_of_two_who_answer_the_same_check_one_is_told_that_he_was_too_late(
    desk: EarningDesk,
) -> None:
    document = desk.sees()
    seen = desk.store.checks.open_check(document.id)
    assert seen is not None
    desk.says(document, "claim")
    with pytest.raises(ConflictError, match="somebody else answered"):
        desk.store.checks.answer(seen, None, label="invoice", token=None, reviewer="ben", uid=1001)
    assert len(desk.store.review.answers(document.id)) == 1


def test_a_blind_answer_in_review_moves_the_file_and_a_second_look_settles(
    desk: EarningDesk,
) -> None:
    document = desk.sees("invoice", 0.7)
    assert document.state is State.REVIEW
    assert desk.store.review.entry_for_document(document.id).blind
    moved = desk.says(document, "claim")
    assert moved.path.startswith("claim/")
    assert last_check(desk, document).outcome is None
    after = desk.says(document, "claim", "ben")

    assert after.path == moved.path
    assert last_check(desk, document).outcome is CheckOutcome.WRONG
    assert desk.troubles() == []


def test_people_who_contradict_each_other_about_a_document_in_review_decide_it_again(
    desk: EarningDesk,
) -> None:
    document = desk.sees("invoice", 0.7)
    desk.says(document, None)
    assert desk.store.documents.get(document.id).state is State.REJECTED
    after = desk.says(document, "invoice", "ben")

    assert last_check(desk, document).outcome is CheckOutcome.RIGHT
    assert after.state is State.REVIEW
    assert desk.troubles() == []


def test_undoing_a_blind_answer_lets_the_same_question_be_asked_blind_again(
    desk: EarningDesk,
) -> None:
    document = desk.sees("invoice", 0.7)
    desk.says(document, "claim")
    desk.service.undo(document.id, reviewer="anna", uid=1000)

    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind) == (Purpose.DECIDE, True)
    desk.says(document)
    assert last_check(desk, document).outcome is CheckOutcome.RIGHT
    assert desk.troubles() == []


def test_a_forgotten_document_is_no_open_question_and_what_it_showed_stays_without_content(
    desk: EarningDesk,
) -> None:
    asked, shown = desk.sees(), desk.sees()
    desk.says(shown)
    forgetting = Forgetting(desk.configuration, desk.store, clock=desk.clock)
    for document in (asked, shown):
        forgetting.forget(document.id, actor="anna", uid=1000)

    assert last_check(desk, asked).outcome is CheckOutcome.VOID
    assert last_check(desk, shown).outcome is CheckOutcome.RIGHT
    assert last_check(desk, shown).source == ""
    assert desk.store.review.waiting_by_purpose() == {}
    assert len(desk.store.checks.evidence(desk.rule)) == 1
    assert desk.troubles() == []


def test_a_document_that_changed_before_it_was_delivered_is_drawn_anew(desk: EarningDesk) -> None:
    claimed = desk.drop("scan.pdf", b"invoice 0.99 first")
    path = desk.path(claimed)
    announced = []

    def change(step: str) -> None:
        announced.append(step)
        if step == "verdict-planned:after" and announced.count(step) == 1:
            path.write_bytes(b"invoice 0.98 again")

    desk.mover = desk.crashing(change)
    desk.restart()
    desk.pipeline.handle(claimed.id)
    assert [check.outcome for check in desk.store.checks.of_document(claimed.id)] == [
        CheckOutcome.VOID
    ]
    desk.clock.advance(60)
    desk.pipeline.handle(claimed.id)
    assert [check.draw.score for check in desk.store.checks.of_document(claimed.id)] == [0.99, 0.98]
    assert desk.troubles() == []


class _CrashError(BaseException):
    pass


@pytest.mark.parametrize("act", ["decide", "confirm", "undo"])
def test_a_crash_at_any_step_loses_no_draw_and_draws_nothing_twice(
    desk: EarningDesk, act: str
) -> None:
    steps = 0
    while True:
        steps += 1
        left = steps

        def crash(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise _CrashError

        document = desk.drop(f"scan-{act}-{steps}.pdf", f"invoice 0.99 {act} {steps}".encode())
        if act != "decide":
            document = desk.pipeline.handle(document.id)
            desk.says(document, "claim")
        if act == "undo":
            desk.says(document, "claim", "ben")
        calm, desk.mover = desk.mover, desk.crashing(crash)
        try:
            _carry_out(desk, act, document)
        except _CrashError:
            is_over = False
        else:
            is_over = True
        desk.mover = calm
        recover(desk.store, calm)
        _finish(desk, act, document)
        checks = desk.store.checks.of_document(document.id)
        assert [check.outcome for check in checks if check.outcome is CheckOutcome.VOID] == []
        assert len(checks) == 1
        assert desk.troubles() == []
        if is_over:
            break
    assert steps > 5


def _carry_out(desk: EarningDesk, act: str, document: Document) -> None:
    desk.restart()
    service = ReviewService(desk.configuration, desk.store, desk.mover)
    if act == "decide":
        desk.pipeline.handle(document.id)
    elif act == "confirm":
        service.answer(document.id, "claim", reviewer="ben", uid=1001)
    else:
        service.undo(document.id, reviewer="ben", uid=1001)


def _finish(desk: EarningDesk, act: str, document: Document) -> None:
    """Do what a crash left undone, and see that it comes to the same."""
    desk.restart()
    check = last_check(desk, document) if desk.store.checks.of_document(document.id) else None
    if act == "decide":
        done = desk.pipeline.handle(document.id)
        assert done.state is State.SORTED
        assert desk.store.review.entry_for_document(document.id).purpose is Purpose.CHECK
        return
    assert check is not None
    if act == "confirm":
        if check.outcome is None:
            desk.says(document, "claim", "ben")
        assert last_check(desk, document).outcome is CheckOutcome.WRONG
        assert desk.store.documents.get(document.id).path.startswith("claim/")
        return
    if check.outcome is not None:
        desk.service.undo(document.id, reviewer="ben", uid=1001)
    assert last_check(desk, document).outcome is None
    assert desk.store.documents.get(document.id).path == document.path
    assert desk.store.review.entry_for_document(document.id).not_for == "anna"
