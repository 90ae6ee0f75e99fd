"""What is due is asked for now and then, is handed out once, and is never forgotten."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docsorter.documents import Document, Reason, ReasonCode
from docsorter.service.daemon.assembly import DueWork
from docsorter.store import Destination, Store
from tests.service.desk import Desk

_FAULT = Reason(ReasonCode.NO_RESOURCES, "try again")


class Asked:
    """A store that counts how often it is asked what is due."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self._ask = store.documents.due
        monkeypatch.setattr(store.documents, "due", self.due_documents)

    def due_documents(self, limit: int, now: dt.datetime) -> list[Document]:
        self.times += 1
        return self._ask(limit, now)


@pytest.fixture
def due(desk: Desk) -> DueWork:
    return DueWork(desk.store, desk.clock)


def looked(due: DueWork, *, running: frozenset[int] = frozenset()) -> list[int]:
    """Look, and take everything out."""
    due.refresh(running.__contains__, resuming=False)
    found = []
    while (number := due.next_document()) is not None:
        found.append(number)
    return found


def test_the_oldest_comes_first_and_what_is_looked_at_already_is_left_out(
    desk: Desk, due: DueWork
) -> None:
    first, second, third = (desk.drop(f"{name}.pdf", b"invoice 0.99").id for name in "abc")
    assert looked(due, running=frozenset({second})) == [first, third]


def test_the_store_is_asked_at_most_twice_a_second(
    desk: Desk, due: DueWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(desk.store, monkeypatch)
    assert looked(due) == []
    late = desk.drop("late.pdf", b"invoice 0.99")
    for _ in range(4):
        assert looked(due) == []
        desk.clock.advance(0.1)
    assert asked.times == 1
    assert due.seconds() == pytest.approx(0.1)
    desk.clock.advance(0.1)
    assert looked(due) == [late.id]


def test_what_is_known_to_have_changed_is_asked_for_at_once(desk: Desk, due: DueWork) -> None:
    looked(due)
    document = desk.drop("a.pdf", b"invoice 0.99")
    assert looked(due) == []
    due.ask_soon()
    assert looked(due) == [document.id]


def test_a_full_answer_is_followed_by_another_question_before_its_time(
    desk: Desk, due: DueWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docsorter.service.daemon.assembly._AT_ONCE", 2)
    numbers = [desk.drop(f"{n}.pdf", b"invoice 0.99").id for n in range(3)]
    assert looked(due) == numbers[:2]
    assert looked(due, running=frozenset(numbers[:1])) == [numbers[1]]
    assert looked(due, running=frozenset(numbers[:2])) == []
    for number in numbers[:2]:
        desk.pipeline.handle(number)
    assert looked(due) == numbers[2:]


def test_what_was_put_off_is_due_when_its_time_has_come(desk: Desk, due: DueWork) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    later = desk.clock.now() + dt.timedelta(seconds=30)
    desk.store.documents.defer(document.id, _FAULT, later)
    assert looked(due) == []
    assert due.seconds() == pytest.approx(30)
    desk.clock.advance(30)
    assert looked(due) == [document.id]


def test_a_move_that_was_left_is_told_once_and_after_a_pause_at_once(
    desk: Desk, due: DueWork
) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    place = Destination(document.place, "elsewhere.pdf", document.state)
    move = desk.store.moves.plan(document.id, place, actor="test")
    looked(due)
    assert due.take_moves() == []
    desk.clock.advance(3)
    due.refresh(lambda _: False, resuming=True)
    assert [found.id for found in due.take_moves()] == [move.id]
    assert due.take_moves() == []


def test_nothing_is_due_where_nothing_waits(due: DueWork) -> None:
    assert looked(due) == []
    assert due.seconds() is None


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from(["drop", "tick", "hurry", "wait"]), max_size=14))
def test_every_document_is_handed_out_whatever_comes_between(desk: Desk, steps: list[str]) -> None:
    due, dropped, found = DueWork(desk.store, desk.clock), set(), set()

    def tick() -> None:
        for number in looked(due):
            found.add(number)
            desk.pipeline.handle(number)

    for turn, step in enumerate(steps):
        if step == "drop":
            content = f"invoice 0.99 {desk.clock.monotonic()} {turn}".encode()
            dropped.add(desk.drop(f"{turn}.pdf", content).id)
        elif step == "hurry":
            due.ask_soon()
        elif step == "wait":
            desk.clock.advance(0.3)
        else:
            tick()
    desk.clock.advance(0.5)
    tick()
    assert dropped <= found
    assert due.seconds() is None
