import pytest

from docsorter.clock import ManualClock
from docsorter.documents import Place, ReasonCode, State, VerdictKind
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import Destination, Store
from tests.store.office import Office

pytestmark = pytest.mark.any_database


def test_an_answer_closes_the_entry_and_plans_the_move_together(
    store: Store, office: Office
) -> None:
    document = office.review("claim")
    lease = store.review.lease(None, owner="anna", seconds=60)
    answer, move = store.review.plan_answer(
        lease.entry.id,
        office.answered_to(document, "letter"),
        label="letter",
        token=lease.token,
        reviewer="anna",
        uid=1001,
    )
    assert store.review.entries() == []
    assert (answer.label, answer.reviewer, answer.uid) == ("letter", "anna", 1001)
    assert store.moves.planned() == [move]
    waiting = store.documents.get(document.id)
    assert (waiting.state, waiting.answered_by) == (State.REVIEW, "anna")
    with pytest.raises(ConflictError, match="does not wait"):
        store.review.lease(lease.entry.id, owner="ben", seconds=60)
    with pytest.raises(ConflictError, match="does not wait"):
        office.plan_answer(lease.entry.id, document)
    done = store.moves.finish(move.id, actor="anna", event="delivered")
    assert done.verdict is not None
    assert (done.verdict.kind, done.verdict.label) == (VerdictKind.SORT, "letter")
    assert done.verdict.reason.code is ReasonCode.ANSWERED
    event = store.documents.events(document_id=document.id)[-2]
    assert event.detail["guess"] == "claim"
    assert event.detail["probabilities"] == {"claim": 0.6, "letter": 0.4}


def test_without_a_token_only_a_free_entry_is_answered(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.review()
    lease = store.review.lease(None, owner="anna", seconds=60)
    with pytest.raises(ConflictError, match="anna is looking"):
        office.plan_answer(lease.entry.id, document)
    assert store.review.answers(document.id) == []
    clock.advance(60)
    office.plan_answer(lease.entry.id, document)
    assert [answer.reviewer for answer in store.review.answers(document.id)] == ["ben"]


def test_a_late_answer_counts_when_nobody_took_the_entry(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.review()
    lease = store.review.lease(None, owner="anna", seconds=60)
    clock.advance(3600)
    answer, _ = store.review.plan_answer(
        lease.entry.id,
        office.answered_to(document, None),
        label=None,
        token=lease.token,
        reviewer="anna",
        uid=1,
    )
    assert answer.label is None
    move = store.moves.planned_for(document.id)
    assert move is not None
    assert move.next_state is State.REJECTED


def test_an_answer_must_lead_where_it_says(store: Store, office: Office) -> None:
    document = office.review()
    entry = store.review.entry_for_document(document.id)
    for label, destination in (
        ("claim", Destination(Place.REJECTED, "x", State.REJECTED)),
        (None, Destination(Place.SORTED, "x", State.SORTED)),
    ):
        with pytest.raises(ValueError, match="does not lead"):
            store.review.plan_answer(
                entry.id, destination, label=label, token=None, reviewer="anna", uid=1
            )
    assert store.review.answers(document.id) == []


def test_undo_brings_the_document_back_before_people(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.review("claim", 0.6)
    office.answer(document, "letter")
    clock.advance(5)
    answer, move = store.review.undo_answer(
        document.id, office.back(document), reviewer="ben", uid=2
    )
    assert answer.undone_at == clock.now()
    assert store.review.entries() == []
    done = store.moves.finish(move.id, actor="ben", event="returned")
    assert (done.state, done.finished_at, done.answered_by) == (State.REVIEW, None, None)
    assert done.verdict is not None
    assert (done.verdict.reason.code, done.verdict.label) == (ReasonCode.UNDONE, "claim")
    (entry,) = store.review.entries()
    assert entry.document.id == document.id
    assert entry.created_at == clock.now()
    stats = store.review.stats()
    assert (stats.answered, stats.undone, stats.reasons) == (0, 1, {ReasonCode.UNDONE: 1})
    again = office.answer(document, "claim")
    assert again.verdict is not None
    assert again.verdict.label == "claim"
    assert [one.undone_at is None for one in store.review.answers(document.id)] == [False, True]
    assert store.upkeep.integrity_check() == []


def test_undo_needs_an_answer_whose_move_is_done(store: Store, office: Office) -> None:
    alone = office.sort()
    with pytest.raises(NotFoundError, match="no answer to undo"):
        store.review.undo_answer(alone.id, office.back(alone), reviewer="anna", uid=1)
    document = office.review()
    office.plan_answer(store.review.entry_for_document(document.id).id, document)
    with pytest.raises(ConflictError, match="being moved"):
        store.review.undo_answer(document.id, office.back(document), reviewer="anna", uid=1)
    assert store.review.answers(document.id)[0].undone_at is None


def test_an_abandoned_answer_opens_the_entry_again(store: Store, office: Office) -> None:
    document = office.review()
    office.plan_answer(store.review.entry_for_document(document.id).id, document)
    move = store.moves.planned_for(document.id)
    assert move is not None
    store.moves.abandon(move.id, actor="ben", reason="the file was moved by hand")
    (entry,) = store.review.entries()
    assert entry.document == document
    assert store.review.answers(document.id)[0].undone_at is not None


def test_an_abandoned_undo_lets_the_answer_stand(store: Store, office: Office) -> None:
    document = office.answer(office.review(), "letter")
    _, move = store.review.undo_answer(document.id, office.back(document), reviewer="anna", uid=1)
    assert store.moves.abandon(move.id, actor="anna", reason="no space") == document
    assert store.review.answers(document.id)[0].undone_at is None
    assert store.documents.counts().labels == {"letter": 1}
    assert store.upkeep.integrity_check() == []
