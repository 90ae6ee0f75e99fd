"""A share of the answers is asked again, blind, of somebody else."""

import pytest

from docsorter.documents import Document, Place, Purpose, ReasonCode, State
from docsorter.errors import ConflictError
from docsorter.service.review.service import ReviewService
from docsorter.service.upkeep.verify import Verifier
from docsorter.settings import ReviewSettings
from tests.service.desk import Desk


def acts_of(desk: Desk, double: float = 1.0) -> ReviewService:
    settings = desk.configuration.settings
    changed = settings.model_copy(update={"review": ReviewSettings(double=double)})
    object.__setattr__(desk.configuration, "settings", changed)
    return ReviewService(desk.configuration, desk.store, desk.mover, chance=lambda: 0.5)


@pytest.fixture
def service(desk: Desk) -> ReviewService:
    return acts_of(desk)


@pytest.fixture
def answered(desk: Desk, service: ReviewService) -> Document:
    """A document of which ada said that it is an invoice; ben has answered before."""
    other = desk.pipeline.handle(desk.drop("other.pdf", b"letter 0.5").id)
    service.answer(other.id, "letter", reviewer="ben", uid=2)
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    return service.answer(document.id, "invoice", reviewer="ada", uid=1)


def sound(desk: Desk) -> bool:
    return Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def test_an_answer_that_was_drawn_is_asked_again_blind_of_somebody_else(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    entry = service.store.review.entry_for_document(answered.id)
    assert (entry.purpose, entry.blind, entry.not_for) == (Purpose.SECOND, True, "ada")
    assert answered.state is State.SORTED
    assert (
        service.store.review.lease(None, owner="ada", seconds=60).entry.document.name == "other.pdf"
    )
    assert (
        service.store.review.lease(None, owner="ben", seconds=60).entry.document.id == answered.id
    )
    assert sound(desk)


@pytest.mark.parametrize(("double", "asked"), [(0.0, 0), (0.4, 0), (0.6, 1)])
def test_only_the_share_that_is_set_is_asked_again(desk: Desk, double: float, asked: int) -> None:
    service = acts_of(desk, double)
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    service.answer(document.id, "claim", reviewer="ada", uid=1)
    assert service.store.review.stats().open == asked


def test_a_second_opinion_that_agrees_moves_nothing(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    done = service.answer(answered.id, "invoice", reviewer="ben", uid=2)
    assert (done.state, done.path) == (State.SORTED, answered.path)
    assert done.answered_by == "ada"
    assert [a.purpose for a in service.store.review.answers(answered.id)] == [
        Purpose.DECIDE,
        Purpose.SECOND,
    ]
    (pair,) = service.store.review.opinion_pairs(desk.clock.now())
    assert (pair.first, pair.second, pair.reviewers) == ("invoice", "invoice", ("ada", "ben"))
    assert sound(desk)


def test_a_disagreement_puts_the_document_before_people_and_the_next_answer_decides(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    back = service.answer(answered.id, "claim", reviewer="ben", uid=2)
    assert back.state is State.REVIEW
    assert back.verdict is not None
    assert back.verdict.reason.code is ReasonCode.REVIEWERS_DISAGREE
    assert desk.files(Place.REVIEW) == ["a.pdf"]
    entry = service.store.review.entry_for_document(answered.id)
    assert (entry.purpose, entry.blind) == (Purpose.DECIDE, False)
    assert sound(desk)

    acts_of(desk, 0.0).answer(answered.id, "letter", reviewer="cleo", uid=3)
    assert [p.startswith("letter/") for p in desk.files(Place.SORTED) if "a.pdf" in p] == [True] * 2
    assert sound(desk)


def test_ones_own_second_opinion_is_taken_back_alone(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    service.answer(answered.id, "invoice", reviewer="ben", uid=2)
    service.undo(answered.id, reviewer="ben", uid=2)
    assert service.store.documents.get(answered.id).path == answered.path
    assert service.store.review.entry_for_document(answered.id).purpose is Purpose.SECOND

    service.answer(answered.id, "claim", reviewer="ben", uid=2)
    there = service.undo(answered.id, reviewer="ben", uid=2)
    assert (there.state, there.path, there.answered_by) == (State.SORTED, answered.path, "ada")
    assert service.store.review.entry_for_document(answered.id).purpose is Purpose.SECOND
    assert desk.files(Place.REVIEW) == []
    assert sound(desk)


def test_who_answered_first_takes_both_back(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    service.answer(answered.id, "invoice", reviewer="ben", uid=2)
    back = service.undo(answered.id, reviewer="ada", uid=1)
    assert back.state is State.REVIEW
    assert service.store.review.last_standing_answer(answered.id) is None
    assert service.store.review.entry_for_document(answered.id).purpose is Purpose.DECIDE
    assert sound(desk)


def test_an_undo_of_the_first_answer_ends_the_question(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    service.undo(answered.id, reviewer="ada", uid=1)
    assert service.store.review.entry_for_document(answered.id).purpose is Purpose.DECIDE
    assert sound(desk)


def test_an_answer_that_a_disagreement_overtook_is_not_undone(
    service: ReviewService, answered: Document
) -> None:
    service.answer(answered.id, "claim", reviewer="ben", uid=2)
    with pytest.raises(ConflictError, match="it is review"):
        service.undo(answered.id, reviewer="ada", uid=1)


def test_nobody_gives_a_second_opinion_of_their_own_answer(
    service: ReviewService, answered: Document
) -> None:
    with pytest.raises(ConflictError, match="somebody else is asked"):
        service.answer(answered.id, "claim", reviewer="ada", uid=1)


def test_alone_one_is_asked_again_oneself_and_last(desk: Desk, service: ReviewService) -> None:
    first = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    service.answer(first.id, "claim", reviewer="ada", uid=1)
    second = desk.pipeline.handle(desk.drop("b.pdf", b"claim 0.8").id)
    taken = [
        service.store.review.lease(None, owner="ada", seconds=60).entry.document.id
        for _ in range(2)
    ]
    assert taken == [second.id, first.id]


def test_a_disagreement_about_a_file_moved_by_hand_changes_nothing(
    desk: Desk, service: ReviewService, answered: Document
) -> None:
    desk.path(answered).unlink()
    with pytest.raises(ConflictError):
        service.answer(answered.id, "claim", reviewer="ben", uid=2)
    assert service.store.documents.get(answered.id).state is State.SORTED
    assert service.store.review.entry_for_document(answered.id).purpose is Purpose.SECOND


def test_an_answer_that_cannot_be_carried_out_asks_nobody_again(
    desk: Desk, service: ReviewService
) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    desk.path(document).unlink()
    with pytest.raises(ConflictError):
        service.answer(document.id, "claim", reviewer="ada", uid=1)
    assert service.store.review.entry_for_document(document.id).purpose is Purpose.DECIDE
