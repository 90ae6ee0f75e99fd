import datetime as dt

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import (
    MoveState,
    Place,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import Arrival, Destination, Findings, Store
from tests.store.office import Office

pytestmark = pytest.mark.any_database

SURE = Verdict(VerdictKind.SORT, Reason(ReasonCode.SURE, "sure"), "invoice", 0.97, 0.9)
THERE = Destination(Place.SORTED, "invoice/a.pdf", State.SORTED, '{"label": "invoice"}')


def test_a_finished_delivery_sets_place_state_and_times_at_once(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.drop()
    decided = clock.now()
    move = store.moves.decide_and_plan(
        document.id, SURE, THERE, Findings(office.prediction("invoice", 0.97), 2)
    )
    planned = store.documents.get(document.id)
    assert (planned.state, planned.place, planned.verdict) == (State.SPOOLED, Place.SPOOL, SURE)
    clock.advance(5)
    done = store.moves.finish(move.id, actor="daemon", event="delivered", detail={"ms": 3})
    assert (done.state, done.place, done.path) == (State.SORTED, Place.SORTED, "invoice/a.pdf")
    assert (done.decided_at, done.finished_at) == (decided, clock.now())
    assert store.moves.get(move.id).state is MoveState.DONE
    assert store.moves.planned() == []
    verdict, delivered = store.documents.events(document_id=document.id)[-2:]
    assert verdict.detail["probabilities"] == {"invoice": 0.97, "letter": pytest.approx(0.03)}
    assert (delivered.kind, delivered.detail) == ("delivered", {"ms": 3})


def test_finishing_twice_changes_nothing(store: Store, office: Office, clock: ManualClock) -> None:
    document = office.drop()
    move = store.moves.decide_and_plan(document.id, SURE, THERE)
    done = store.moves.finish(move.id, actor="daemon", event="delivered")
    lines = len(store.documents.events())
    clock.advance(60)
    assert store.moves.finish(move.id, actor="daemon", event="delivered") == done
    assert len(store.documents.events()) == lines
    assert store.documents.counts().labels == {"invoice": 1}


def test_a_document_has_one_planned_move_at_most(store: Store, office: Office) -> None:
    document = office.drop()
    store.moves.plan(document.id, THERE, actor="daemon")
    with pytest.raises(ConflictError, match="being moved already"):
        store.moves.plan(document.id, THERE, actor="daemon")
    with pytest.raises(ConflictError, match="being moved already"):
        store.moves.decide_and_plan(document.id, SURE, THERE)
    assert store.documents.get(document.id).verdict is None
    assert len(store.moves.planned()) == 1


def test_the_database_itself_refuses_a_second_planned_move(store: Store, office: Office) -> None:
    document = office.drop()
    store.moves.plan(document.id, THERE, actor="daemon")
    with pytest.raises(ConflictError, match="faster"), store.database.write() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO moves (document_id, from_place, from_path, to_place, to_path, state,"
            " next_state, actor, planned_at, before) SELECT document_id, 'x', 'x', to_place,"
            " to_path, state, next_state, actor, planned_at, before FROM moves"
            " WHERE closed_at IS NULL"
        )


def test_a_plan_expects_the_state_it_was_made_for(store: Store, office: Office) -> None:
    document = office.drop()
    with pytest.raises(ConflictError, match="is spooled, not review"):
        store.moves.plan(document.id, THERE, actor="daemon", expect=State.REVIEW)
    sorted_one = office.sort()
    with pytest.raises(ConflictError, match="is sorted, not spooled"):
        store.moves.decide_and_plan(sorted_one.id, SURE, THERE)


def test_a_taken_name_is_replaced_in_the_plan(store: Store, office: Office) -> None:
    document = office.drop()
    move = store.moves.decide_and_plan(document.id, SURE, THERE)
    again = store.moves.replan(move.id, "invoice/a-2.pdf", None)
    assert (again.to_path, again.sidecar, again.state) == (
        "invoice/a-2.pdf",
        None,
        MoveState.PLANNED,
    )
    assert store.moves.finish(move.id, actor="daemon", event="delivered").path == "invoice/a-2.pdf"
    with pytest.raises(ConflictError, match="done already"):
        store.moves.replan(move.id, "invoice/a-3.pdf", None)


def test_an_abandoned_delivery_takes_its_verdict_back(
    store: Store, office: Office, clock: ManualClock
) -> None:
    document = office.drop()
    move = store.moves.decide_and_plan(document.id, SURE, THERE)
    back = store.moves.abandon(move.id, actor="daemon", reason="the spool file changed")
    assert (back.state, back.verdict, back.decided_at) == (State.SPOOLED, None, None)
    assert [due.id for due in store.documents.due(5, clock.now())] == [document.id]
    with pytest.raises(ConflictError, match="abandoned already"):
        store.moves.finish(move.id, actor="daemon", event="delivered")
    assert store.documents.events()[-1].kind == "move_abandoned"


def test_a_claim_given_up_withdraws_the_document(store: Store) -> None:
    document, move = store.documents.plan_claim(Arrival("a.pdf", "", "a.pdf", 1, 1), actor="daemon")
    gone = store.moves.abandon(move.id, actor="daemon", reason="taken out by somebody else")
    assert (gone.state, gone.place, gone.path) == (State.WITHDRAWN, Place.INBOX, "a.pdf")
    assert store.documents.counts().states[State.WITHDRAWN] == 1
    assert store.moves.planned_for(document.id) is None


def test_a_withdrawn_review_document_leaves_the_queue(store: Store, office: Office) -> None:
    document = office.review()
    move = store.moves.plan(document.id, THERE, actor="daemon")
    store.moves.abandon(move.id, actor="daemon", reason="removed by hand", withdraw=True)
    assert store.review.entries() == []
    assert store.documents.get(document.id).state is State.WITHDRAWN


def test_recovery_sees_planned_moves_and_retries_only_those_due(
    store: Store, office: Office, clock: ManualClock
) -> None:
    running, failed = office.drop(), office.drop()
    first = store.moves.decide_and_plan(running.id, SURE, THERE)
    clock.advance(10)
    second = store.moves.decide_and_plan(failed.id, SURE, THERE)
    later = clock.now() + dt.timedelta(seconds=30)
    store.documents.defer(failed.id, Reason(ReasonCode.DISK_FULL, "full"), later)
    assert store.moves.planned() == [first, second]
    assert store.moves.planned(due_at=clock.now()) == []
    assert store.moves.planned(due_at=later) == [second]
    assert store.moves.planned(planned_before=clock.now()) == [first]
    assert store.moves.planned(limit=1) == [first]
    long_ago, far_off = (
        dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2100, 1, 1, tzinfo=dt.UTC),
    )
    assert not store.moves.any_planned(
        due_at=clock.now(), planned_before=long_ago, planned_after=far_off
    )
    assert store.moves.any_planned(due_at=later, planned_before=long_ago, planned_after=far_off)
    assert store.moves.any_planned(
        due_at=clock.now(), planned_before=clock.now(), planned_after=far_off
    )
    assert store.moves.any_planned(
        due_at=clock.now(), planned_before=long_ago, planned_after=long_ago
    )
    assert store.documents.next_due_time() == later
    done = store.moves.finish(second.id, actor="daemon", event="delivered")
    assert (done.attempts, done.next_try_at, done.waiting) == (0, None, None)


def test_facts_known_at_the_end_are_kept(store: Store, office: Office) -> None:
    first = office.drop()
    document = office.drop()
    move = store.moves.plan(document.id, THERE, actor="daemon")
    done = store.moves.finish(
        move.id,
        actor="daemon",
        event="delivered",
        verdict=SURE,
        sha256="a" * 64,
        size=4,
        mtime_ns=5,
        pages=6,
        duplicate_of=first.id,
        answered_by="anna",
    )
    assert (done.verdict, done.sha256, done.size, done.mtime_ns) == (SURE, "a" * 64, 4, 5)
    assert (done.pages, done.duplicate_of, done.answered_by) == (6, first.id, "anna")
    assert store.documents.counts().sorted_by_people == 1


def test_an_unknown_move_is_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no move 5"):
        store.moves.finish(5, actor="daemon", event="delivered")
