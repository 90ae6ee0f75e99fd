"""Taking back what was sorted, by people or by the machine, and deciding it again."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from docsorter.documents import (
    Document,
    Place,
    Prediction,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.service.daemon.pipeline import Pipeline
from docsorter.service.engine import Inspection
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import BatchFailure
from docsorter.service.review.undo import DocumentUndo, Redecision
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import BY_MACHINE, Destination, TakeBackFilter
from docsorter.store.documents import spool_name
from tests.service.desk import Desk, WordReader


class OtherReader(WordReader):
    """Another model: it calls every claim an invoice."""

    def inspect(self, path: Path, name: str) -> Inspection:
        inspection = super().inspect(path, name)
        made = Prediction("test-2", ("invoice",), (0.99,), 5.0, ())
        label = dataclasses.replace(inspection.verdict, label="invoice")
        return dataclasses.replace(inspection, prediction=made, verdict=label)


@pytest.fixture
def service(desk: Desk) -> ReviewService:
    return ReviewService(desk.configuration, desk.store, desk.mover)


@pytest.fixture
def taking(service: ReviewService) -> DocumentUndo:
    return DocumentUndo(service, actor="ada", batch="b1")


@pytest.fixture
def alone(desk: Desk) -> Document:
    """A document that the machine sorted."""
    done = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.95").id)
    assert done.state is State.SORTED
    return done


def sound(desk: Desk) -> bool:
    return Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def again(desk: Desk, taking: DocumentUndo) -> Redecision:
    pipeline = Pipeline(OtherReader(), desk.mover, desk.configuration.settings)
    return Redecision(taking, pipeline, "test-2", 2)


def test_what_the_machine_sorted_alone_goes_back_before_people(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    back = taking.to_review(alone.id)
    assert back.state is State.REVIEW
    assert back.verdict is not None
    assert back.verdict.reason.code is ReasonCode.UNDONE
    assert desk.files(Place.SORTED) == []
    assert desk.files(Place.REVIEW) == ["a.pdf"]
    assert desk.store.review.entry_for_document(alone.id).prediction is not None
    counts = desk.store.documents.counts()
    assert (counts.sorted_alone, counts.states[State.REVIEW]) == (0, 1)
    kinds = [event.kind for event in desk.store.documents.events(document_id=alone.id)]
    assert kinds[-2:] == ["taken_back", "queued"]
    assert sound(desk)


def test_the_answers_of_people_are_taken_back_with_it(
    desk: Desk, service: ReviewService, taking: DocumentUndo
) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    service.answer(document.id, None, reviewer="ben", uid=2)
    back = taking.to_review(document.id)
    assert (back.state, back.answered_by) == (State.REVIEW, None)
    assert [answer.undone_at is not None for answer in desk.store.review.answers(document.id)] == [
        True
    ]
    assert desk.files(Place.REJECTED) == []
    assert sound(desk)


def test_a_document_moved_by_hand_is_left_alone(
    desk: Desk, taking: DocumentUndo, alone: Document, near: Path
) -> None:
    desk.path(alone).rename(near / "mine.pdf")
    with pytest.raises(ConflictError, match="moved by hand"):
        taking.to_review(alone.id)
    assert desk.store.documents.get(alone.id) == alone


def test_a_document_changed_by_hand_is_left_alone(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    desk.path(alone).write_bytes(b"with a note")
    with pytest.raises(ConflictError, match="changed by hand"):
        taking.to_spool(alone.id, "test-2")
    assert desk.store.documents.get(alone.id) == alone
    assert desk.path(alone).read_bytes() == b"with a note"


def test_a_new_date_alone_is_no_change(desk: Desk, taking: DocumentUndo, alone: Document) -> None:
    desk.path(alone).touch()
    assert taking.to_review(alone.id).state is State.REVIEW


def test_what_waits_already_cannot_be_taken_back(desk: Desk, taking: DocumentUndo) -> None:
    waiting = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    with pytest.raises(NotFoundError, match="it is review"):
        taking.to_review(waiting.id)
    with pytest.raises(NotFoundError, match="no document 99"):
        list(taking.chosen(TakeBackFilter(ids=(99,))))


def test_documents_are_chosen_by_model_label_person_and_time(
    desk: Desk, service: ReviewService, taking: DocumentUndo, alone: Document
) -> None:
    desk.clock.advance(3600)
    later = desk.clock.now()
    letter = desk.pipeline.handle(desk.drop("b.pdf", b"letter 0.95").id)
    asked = desk.pipeline.handle(desk.drop("c.pdf", b"claim 0.5").id)
    service.answer(asked.id, "claim", reviewer="ben", uid=2)

    def numbers(wanted: TakeBackFilter) -> list[int]:
        return [document.id for document in taking.chosen(wanted)]

    assert numbers(TakeBackFilter()) == [alone.id, letter.id, asked.id]
    assert numbers(TakeBackFilter(since=later)) == [letter.id, asked.id]
    assert numbers(TakeBackFilter(by=BY_MACHINE)) == [alone.id, letter.id]
    assert numbers(TakeBackFilter(by="ben")) == [asked.id]
    assert numbers(TakeBackFilter(label="claim")) == [alone.id, asked.id]
    assert numbers(TakeBackFilter(model="test-2")) == []
    assert numbers(TakeBackFilter(model="test-1", label="letter", since=later)) == [letter.id]


def test_another_model_decides_again(desk: Desk, taking: DocumentUndo, alone: Document) -> None:
    (done,) = again(desk, taking).decide_all([alone.id])
    assert isinstance(done, Document)
    assert (done.state, done.model) == (State.SORTED, "test-2")
    (name,) = [name for name in desk.files(Place.SORTED) if not name.endswith(".json")]
    assert name.startswith("invoice/")
    assert desk.store.documents.due(10, desk.clock.now()) == []
    assert sound(desk)


def test_one_that_fails_does_not_stop_the_others(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    gone = desk.pipeline.handle(desk.drop("b.pdf", b"letter 0.95").id)
    desk.path(gone).unlink()
    found = list(again(desk, taking).decide_all([gone.id, alone.id]))
    (failed,) = [each for each in found if isinstance(each, BatchFailure)]
    assert failed.document_id == gone.id
    assert desk.store.documents.get(alone.id).model == "test-2"


def test_after_a_kill_the_same_choice_finds_what_was_left_in_the_spool(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    taking.to_spool(alone.id, "test-2")  # and then the lights went out
    assert desk.store.documents.due(10, desk.clock.now()) == []
    wanted = TakeBackFilter(model="test-1", label="claim", in_spool=True)
    (left,) = taking.chosen(wanted)
    assert left.state is State.SPOOLED
    list(again(desk, taking).decide_all([left.id]))
    assert list(taking.chosen(wanted)) == []
    assert sound(desk)


def test_a_move_that_a_kill_interrupted_is_finished_first(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    name = spool_name(alone.id, alone.name)
    reason = Reason(ReasonCode.UNDONE, "taken back by ada")
    move = desk.store.moves.plan_take_back(
        alone.id,
        Destination(Place.SPOOL, name, State.SPOOLED),
        Verdict(VerdictKind.REVIEW, reason, "claim"),
        actor="ada",
        batch="b1",
        hold_until=desk.clock.now() + dt.timedelta(minutes=10),
    )
    desk.mover._move(move.id, None)  # the bytes are there, and then the lights went out
    with pytest.raises(ConflictError, match="being moved already"):
        taking.refuse_touched(desk.store.documents.get(alone.id))
    assert taking.finish_interrupted() == 1
    assert desk.store.documents.due(10, desk.clock.now()) == []
    (left,) = taking.chosen(TakeBackFilter(model="test-1", in_spool=True))
    (done,) = again(desk, taking).decide_all([left.id])
    assert isinstance(done, Document)
    assert done.model == "test-2"
    assert sound(desk)


def test_left_alone_the_daemon_decides_it_after_a_while(
    desk: Desk, taking: DocumentUndo, alone: Document
) -> None:
    taking.to_spool(alone.id, "test-2")
    desk.clock.advance(601)
    (due,) = desk.store.documents.due(10, desk.clock.now())
    assert desk.pipeline.handle(due.id).state is State.SORTED
    assert sound(desk)
