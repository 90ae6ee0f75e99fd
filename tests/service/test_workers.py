"""Workers take several documents ahead and ask for more when they are about to run out."""

import threading

import pytest

from docsorter.documents import Document, State
from docsorter.service.daemon.workers import ROUNDS, Workers, threads_for
from tests.service.desk import Desk


class Gate:
    """Lets documents pass one at a time; each ends as a claim that came to nothing."""

    def __init__(self) -> None:
        self.passes = threading.Semaphore(0)

    def claim(self) -> Document | None:
        assert self.passes.acquire(timeout=30)
        return None


def test_more_is_asked_for_when_no_more_documents_are_left_than_threads(desk: Desk) -> None:
    gate, left, one_left = Gate(), [], threading.Event()

    def wake() -> None:
        left.append(workers.busy)
        one_left.set()

    workers = Workers(desk.pipeline, 1, wake, desk.clock)
    taken = [workers.submit(number, gate.claim) for number in range(8)]
    assert taken == [True] * 5 + [False] * 3
    assert workers.capacity == 0
    gate.passes.release(4)
    assert one_left.wait(30)
    assert left == [1]
    assert workers.capacity == 4
    gate.passes.release()
    workers.drain()
    assert left == [1, 0]


def test_a_failure_is_told_at_once(desk: Desk) -> None:
    gate, told = Gate(), threading.Event()
    workers = Workers(desk.pipeline, 1, told.set, desk.clock)

    def fail() -> Document | None:
        raise OSError("the disk is gone")

    workers.submit(1, fail)
    for number in range(2, 6):
        workers.submit(number, gate.claim)
    assert told.wait(30)
    assert isinstance(workers.take_trouble(), OSError)
    gate.passes.release(4)
    workers.drain()


def test_a_document_is_taken_through(desk: Desk) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    workers = Workers(desk.pipeline, 1, lambda: None, desk.clock)
    assert workers.submit(document.id)
    workers.drain()
    assert desk.store.documents.get(document.id).state is not State.SPOOLED
    assert workers.done == 1


def test_a_document_that_waits_for_a_thread_is_not_counted_as_stuck(desk: Desk) -> None:
    gate, begun = Gate(), threading.Event()

    def claim() -> Document | None:
        begun.set()
        return gate.claim()

    workers = Workers(desk.pipeline, 1, lambda: None, desk.clock)
    workers.submit(1, claim)
    assert begun.wait(30)
    workers.submit(2, gate.claim)
    desk.clock.advance(7)
    assert workers.longest() == 7
    begun.clear()
    workers.submit(3, claim)
    gate.passes.release(2)
    assert begun.wait(30)
    assert workers.longest() == 0
    gate.passes.release()
    workers.drain()


@pytest.mark.parametrize("readers", [1, 2, 7, 64])
def test_no_document_waits_for_more_rounds_of_reading_than_the_daemon_reckons_with(
    readers: int,
) -> None:
    threads = threads_for(readers)
    assert threads > readers
    assert -(-threads // readers) <= ROUNDS
