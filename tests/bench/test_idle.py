"""The figures of a daemon at rest are those of the kernel."""

import mmap
import os
import threading
import time
from pathlib import Path

import pytest

from bench.baselines.product import Product
from bench.idle import memory, waits, watched
from tests.patience import wait_until


def test_memory_is_what_the_kernel_says_and_shared_pages_count_less() -> None:
    found = memory(os.getpid())
    # From the kernel itself: the allocator may hand out what an earlier test has left resident.
    ballast = mmap.mmap(-1, 64 << 20)
    for start in range(0, len(ballast), mmap.PAGESIZE):
        ballast[start] = 1  # touched: it is there
    after = memory(os.getpid())
    assert after["resident_mb"] - found["resident_mb"] == pytest.approx(len(ballast) >> 20, abs=8)
    assert after["proportional_mb"] <= after["resident_mb"]


def test_a_thread_that_wakes_is_counted_and_one_that_sleeps_is_not() -> None:
    done = threading.Event()

    def tick() -> None:
        while not done.is_set():
            time.sleep(0.01)

    ticking = threading.Thread(target=tick)
    sleeping = threading.Thread(target=done.wait)
    sleeping.start()
    ticking.start()
    try:
        wait_until(lambda: _asleep(sleeping), "a thread sleeps")
        slept, ticked = _woken(sleeping), _woken(ticking)
        wait_until(lambda: _woken(ticking) >= ticked + 5, "wakes are counted")
        assert _woken(sleeping) == slept
    finally:
        done.set()
        ticking.join()
        sleeping.join()


def _asleep(thread: threading.Thread) -> bool:
    """Say whether a thread waits for good: one that waits for its turn wakes every 5 ms."""
    before = _woken(thread)
    time.sleep(0.05)
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text("ascii")
    return "\nState:\tS" in status and _woken(thread) == before


def _woken(thread: threading.Thread) -> int:
    (count,) = (
        count
        for name, count in waits(os.getpid()).items()
        if name.split()[0] == str(thread.native_id)
    )
    return count


@pytest.mark.slow
def test_a_real_daemon_at_rest_stays_small_and_asleep() -> None:
    with Product() as product:
        found = watched(product.daemon, 2)
    assert float(str(found["resident_mb"])) < 150
    wakes = found["wakes_per_s"]
    assert isinstance(wakes, dict)
    assert sum(wakes.values()) < 20
    # A loop that does not sleep never waits either, and would pass as asleep.
    assert float(str(found["cpu_ms_per_s"])) < 100
