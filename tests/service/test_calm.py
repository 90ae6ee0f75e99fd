import threading
import time
from concurrent.futures import ThreadPoolExecutor

from docsorter.service.review.previews import Calm


def test_work_begins_at_once_while_nothing_is_drawn() -> None:
    began = time.monotonic()
    Calm(longest=30).wait()
    assert time.monotonic() - began < 10


def test_work_waits_for_the_end_of_a_drawing() -> None:
    calm, done = Calm(longest=30), threading.Event()

    def work() -> None:
        calm.wait()
        done.set()

    calm.begin()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work)
        assert not done.wait(0.05)
        calm.end()
        found.result(10)
    assert done.is_set()


def test_an_end_that_never_comes_holds_nothing_up_for_good() -> None:
    calm = Calm(longest=0.05)
    calm.begin()
    began = time.monotonic()
    calm.wait()
    assert time.monotonic() - began >= 0.04
