from pathlib import Path

import pytest

from docsorter.documents import Document, Place, ReasonCode, State
from docsorter.errors import ConflictError, NotFoundError, UsageError
from docsorter.service.review.service import ReviewService
from tests.service.desk import Desk


@pytest.fixture
def service(desk: Desk) -> ReviewService:
    return ReviewService(desk.configuration, desk.store, desk.mover)


@pytest.fixture
def waiting(desk: Desk) -> Document:
    return desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)


def test_an_answer_moves_the_file_and_records_who_gave_it(
    service: ReviewService, desk: Desk, waiting: Document
) -> None:
    done = service.answer(waiting.id, "letter", reviewer="ada", uid=1234)

    assert done.state is State.SORTED
    assert done.path.startswith("letter/")
    assert done.answered_by == "ada"
    assert desk.path(done).read_bytes() == b"claim 0.5"
    assert desk.files(Place.REVIEW) == []
    (answer,) = service.store.review.answers(waiting.id)
    assert (answer.label, answer.reviewer, answer.uid) == ("letter", "ada", 1234)


def test_rejecting_moves_the_file_to_rejected(service: ReviewService, waiting: Document) -> None:
    done = service.answer(waiting.id, None, reviewer="ada", uid=1)
    assert done.state is State.REJECTED
    assert done.verdict is not None
    assert done.verdict.reason.code is ReasonCode.REJECTED_BY_PERSON


def test_undo_brings_the_file_back_and_it_can_be_answered_again(
    service: ReviewService, desk: Desk, waiting: Document
) -> None:
    service.answer(waiting.id, "letter", reviewer="ada", uid=1)
    back = service.undo(waiting.id, reviewer="bob", uid=2)

    assert back.state is State.REVIEW
    assert desk.files(Place.SORTED) == []
    assert desk.files(Place.REVIEW) == ["a.pdf"]
    again = service.answer(waiting.id, "claim", reviewer="ada", uid=1)
    assert again.path.startswith("claim/")
    assert len(service.store.review.answers(waiting.id)) == 2


def test_an_unknown_label_is_refused_with_the_nearest_one(
    service: ReviewService, waiting: Document
) -> None:
    with pytest.raises(UsageError, match="no label 'invioce'") as caught:
        service.answer(waiting.id, "invioce", reviewer="ada", uid=1)
    assert "invoice" in caught.value.remedy
    assert service.store.documents.get(waiting.id).state is State.REVIEW


def test_a_new_label_is_allowed_when_asked_for(service: ReviewService, waiting: Document) -> None:
    done = service.answer(waiting.id, "tax form", reviewer="ada", uid=1, new_label=True)
    assert done.path.startswith("tax form/")


def test_answering_twice_says_where_the_document_is(
    service: ReviewService, waiting: Document
) -> None:
    service.answer(waiting.id, "letter", reviewer="ada", uid=1)
    with pytest.raises(NotFoundError, match="it is sorted"):
        service.answer(waiting.id, "claim", reviewer="bob", uid=2)


def test_an_answer_to_a_file_moved_by_hand_changes_nothing(
    service: ReviewService, desk: Desk, waiting: Document
) -> None:
    desk.path(waiting).unlink()
    with pytest.raises(ConflictError):
        service.answer(waiting.id, "letter", reviewer="ada", uid=1)
    assert service.store.documents.get(waiting.id).state is State.REVIEW
    assert service.store.review.entry_for_document(waiting.id).lease_owner is None
    assert desk.files(Place.SORTED) == []


def test_an_undo_of_a_file_moved_by_hand_is_refused(
    service: ReviewService, desk: Desk, waiting: Document, near: Path
) -> None:
    done = service.answer(waiting.id, "letter", reviewer="ada", uid=1)
    desk.path(done).rename(near / "mine.pdf")
    with pytest.raises(ConflictError, match="no longer at"):
        service.undo(waiting.id, reviewer="ada", uid=1)
    assert service.store.documents.get(waiting.id).state is State.SORTED


def test_skip_puts_a_document_last(service: ReviewService, desk: Desk, waiting: Document) -> None:
    desk.clock.advance(1)
    other = desk.pipeline.handle(desk.drop("b.pdf", b"claim 0.6").id)
    service.skip(waiting.id, reviewer="ada")
    leased = service.store.review.lease(None, owner="bob", seconds=60)
    assert leased.entry.document.id == other.id


def test_skipping_what_somebody_else_holds_is_refused(
    service: ReviewService, waiting: Document
) -> None:
    entry = service.store.review.entry_for_document(waiting.id)
    service.store.review.lease(entry.id, owner="bob", seconds=60)
    with pytest.raises(ConflictError):
        service.skip(waiting.id, reviewer="ada")
