import threading
import time
from concurrent.futures import ThreadPoolExecutor

from docsorter.service.review.previews import RenderGate


def test_work_begins_at_once_while_nothing_is_drawn() -> None:
    began = time.monotonic()
    RenderGate(longest=30).wait()
    assert time.monotonic() - began < 10


def test_work_waits_for_the_end_of_a_drawing() -> None:
    gate, done = RenderGate(longest=30), threading.Event()

    def work() -> None:
        gate.wait()
        done.set()

    gate.begin()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work)
        assert not done.wait(0.05)
        gate.end()
        found.result(10)
    assert done.is_set()


def test_an_end_that_never_comes_holds_nothing_up_for_good() -> None:
    gate = RenderGate(longest=0.05)
    gate.begin()
    began = time.monotonic()
    gate.wait()
    assert time.monotonic() - began >= 0.04
