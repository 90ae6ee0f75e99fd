"""Giving what waits to the reader of words: sorted, told anew, or left as somebody has it."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from docsorter.configuration import Configuration
from docsorter.deliver.recovery import recover
from docsorter.documents import Document, PageWords, Place, Purpose, ReasonCode, State, Word
from docsorter.errors import DocsorterError
from docsorter.service.engine import Inspection
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.promise.scanner_hold import ScannerHold
from docsorter.service.review.reread import Reread, Rereading
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import BatchFailure
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import DocumentFilter
from docsorter.store.rows import open_entry_row
from tests.service.desk import Desk, WordReader
from tests.service.words import READ


class BothReaders(WordReader):
    """Is as sure as the second number says, by picture and words; without one it knows too few."""

    fails = False

    def inspect(self, path: Path, name: str) -> Inspection:
        content = path.read_bytes().split()
        words = (PageWords(0, (Word("policy", (0.1, 0.1, 0.2, 0.2)),), "ocr"),)
        if len(content) == 2:
            found = super().inspect(path, name)
            return dataclasses.replace(found, words=() if self.fails else words)
        both = path.with_suffix(".both")
        both.write_bytes(b" ".join([content[0], content[2]]))
        seen = super().inspect(both, name)
        both.unlink()
        both_said = dataclasses.replace(seen.prediction, read=READ)
        return dataclasses.replace(seen, prediction=both_said, words=words)


@pytest.fixture
def reading(desk: Desk) -> Rereading:
    return make_reading(desk)


def make_reading(desk: Desk, chance: float = 1.0, engine: WordReader | None = None) -> Rereading:
    settings = desk.configuration.settings
    promise = settings.promise.model_copy(update={"starter_share": 0.5})
    autonomy = AutonomyController(
        desk.store, settings.decide, promise, desk.clock, lambda: chance, moves=False
    )
    hold = ScannerHold(desk.configuration.state, desk.store, 30)
    service = ReviewService(desk.configuration, desk.store, desk.mover)
    return Rereading(service, engine or BothReaders(), "test-1", autonomy, hold)


def wait(desk: Desk, name: str, content: bytes) -> Document:
    document = desk.pipeline.handle(desk.drop(name, content).id)
    assert document.state is State.REVIEW
    return document


def sound(desk: Desk) -> bool:
    return Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def test_what_is_sure_with_words_is_sorted_and_the_rest_is_told_anew(
    desk: Desk, reading: Rereading
) -> None:
    sure = wait(desk, "a.pdf", b"claim 0.5 0.95")
    open_still = wait(desk, "b.pdf", b"claim 0.5 0.7")
    before = desk.store.review.entry_for_document(open_still.id)
    desk.clock.advance(60)
    assert reading.waiting() == [sure.id, open_still.id]
    assert reading.waiting(1) == [sure.id]
    found = list(reading.reread_all(reading.waiting(), 1))
    assert all(isinstance(one, Reread) and one.read for one in found)

    done = desk.store.documents.get(sure.id)
    assert (done.state, done.answered_by) == (State.SORTED, None)
    assert [name for name in desk.files(Place.SORTED) if name.startswith("claim/")]
    seen = desk.store.documents.prediction(sure.id)
    assert seen is not None
    assert seen.read == READ

    entry = desk.store.review.entry_for_document(open_still.id)
    assert entry.document.verdict is not None
    assert entry.document.verdict.confidence == 0.7
    assert (entry.created_at, entry.id) == (before.created_at, before.id), "its turn stays"
    assert reading.waiting() == []
    states = desk.store.documents.counts().states
    assert (states[State.SORTED], states[State.REVIEW]) == (1, 1)
    assert sound(desk)


def test_its_words_are_kept_to_be_found_where_the_daemon_would_keep_them(desk: Desk) -> None:
    desk.configuration = with_words_kept(desk)
    document = wait(desk, "a.pdf", b"claim 0.5 0.7")
    make_reading(desk).reread(document.id)
    assert [found.id for found in desk.store.documents.find(DocumentFilter(words="policy"))] == [
        document.id
    ]


def with_words_kept(desk: Desk) -> Configuration:
    settings = desk.configuration.settings
    words = settings.words.model_copy(update={"keep": True})
    return dataclasses.replace(
        desk.configuration, settings=settings.model_copy(update={"words": words})
    )


def test_what_has_too_few_words_is_read_once(desk: Desk, reading: Rereading) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5")
    entry = desk.store.review.entry_for_document(document.id)
    assert reading.reread(document.id) == Reread(document, read=False)
    assert reading.waiting() == []
    assert desk.store.review.entry_for_document(document.id) == entry


def test_words_that_could_not_be_read_are_read_another_time(desk: Desk) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5")
    engine = BothReaders()
    engine.fails = True
    reading = make_reading(desk, engine=engine)
    assert reading.reread(document.id) == Reread(document, read=False)
    assert reading.waiting() == [document.id]


def held(desk: Desk, document: Document) -> None:
    entry = desk.store.review.entry_for_document(document.id)
    desk.store.review.lease(entry.id, owner="ada", seconds=600)


def blind(desk: Desk, document: Document) -> None:
    with desk.store.database.write() as session:
        entry = open_entry_row(session, document.id)
        assert entry is not None
        entry.blind, entry.purpose = True, Purpose.DECIDE


def answered(desk: Desk, document: Document) -> None:
    service = ReviewService(desk.configuration, desk.store, desk.mover)
    service.answer(document.id, "invoice", reviewer="ada", uid=1)


def moved(desk: Desk, document: Document) -> None:
    path = desk.path(document)
    path.rename(path.parent.parent / "mine.pdf")


@pytest.mark.parametrize("act", [held, blind, answered])
def test_what_somebody_has_is_not_meant(
    desk: Desk, reading: Rereading, act: Callable[[Desk, Document], None]
) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 0.95")
    act(desk, document)
    assert reading.waiting() == []
    with pytest.raises(DocsorterError):
        reading.reread(document.id)


@pytest.mark.parametrize("act", [held, blind, answered, moved])
def test_what_somebody_does_while_it_is_read_stands(
    desk: Desk, act: Callable[[Desk, Document], None]
) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 0.95")

    class Meanwhile(BothReaders):
        def inspect(self, path: Path, name: str) -> Inspection:
            found = super().inspect(path, name)
            act(desk, document)
            return found

    (outcome,) = make_reading(desk, engine=Meanwhile()).reread_all([document.id], 1)
    assert isinstance(outcome, BatchFailure)
    after = desk.store.documents.get(document.id)
    assert after.answered_by == "ada" if act is answered else after == document
    seen = desk.store.documents.prediction(document.id)
    assert seen is not None
    assert act is moved or seen.read is None


@pytest.mark.parametrize("again", [True, False])
def test_a_kill_between_plan_and_move_is_taken_up_by_daemon_and_command(
    desk: Desk, *, again: bool
) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 0.95")
    reading = make_reading(desk)

    def killed(*_: object, **__: object) -> Document:
        raise KeyboardInterrupt

    service = reading._service
    carry, service.carry = service.carry, killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        reading.reread(document.id)
    service.carry = carry  # type: ignore[method-assign]
    assert reading.waiting() == [], "nobody else takes what is being moved"
    if again:
        assert reading.finish_interrupted() == 1
    else:
        assert recover(desk.store, desk.mover).completed == [document.id]
    assert desk.store.documents.get(document.id).state is State.SORTED
    assert sound(desk)


def test_a_plan_that_is_given_up_leaves_it_waiting_as_before(desk: Desk) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 0.95")
    seen = BothReaders().inspect(desk.path(document), "a.pdf")
    reading = make_reading(desk, chance=0.0)
    move = reading._decided(desk.store.review.entry_for_document(document.id), seen)
    assert move is not None
    assert desk.store.checks.open_check(document.id) is not None
    desk.mover.abandon(move, actor="test", reason="disk_full")
    assert desk.store.documents.get(document.id) == document
    assert desk.store.checks.open_check(document.id) is None
    assert not desk.store.review.entry_for_document(document.id).blind
    assert reading.waiting() == [document.id]


@pytest.mark.parametrize("sure", [b"0.95", b"0.7"])
def test_what_chance_draws_is_asked_blind_sorted_or_not(desk: Desk, sure: bytes) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 " + sure)
    make_reading(desk, chance=0.0).reread(document.id)
    assert desk.store.review.entry_for_document(document.id).blind
    assert desk.store.checks.open_check(document.id) is not None


def test_only_what_words_can_change_and_this_model_saw_is_meant(
    desk: Desk, reading: Rereading
) -> None:
    document = wait(desk, "a.pdf", b"claim 0.5 0.95")
    other = make_reading(desk)
    other._model = "test-2"
    assert other.waiting() == []
    answered(desk, document)
    ReviewService(desk.configuration, desk.store, desk.mover).undo(
        document.id, reviewer="ada", uid=1
    )
    entry = desk.store.review.entry_for_document(document.id)
    assert entry.document.verdict is not None
    assert entry.document.verdict.reason.code is ReasonCode.UNDONE
    assert reading.waiting() == [], "a person took it back"
