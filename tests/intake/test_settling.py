import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.clock import ManualClock
from docsorter.documents import Reason, ReasonCode
from docsorter.intake.completeness import End, EndCheck
from docsorter.intake.scan import Observation
from docsorter.intake.settling import HAND_OUT_SECONDS, Settler

REST, SLOW = 2.0, 15.0
BUSY = Reason(ReasonCode.BUSY, "the file is busy")
FILE = Observation("a.pdf", 10, 1_700_000_000_000_000_000, 5, 1)


class Ends:
    """The ends of files, as a test wants them to be; size and time follow the last observation."""

    def __init__(self) -> None:
        self.end = End.COMPLETE
        self.asked: list[str] = []
        self.files: dict[str, Observation] = {}

    def __call__(self, path: str) -> EndCheck:
        self.asked.append(path)
        seen = self.files[path]
        reason = BUSY if self.end is End.BUSY else None
        return EndCheck(self.end, seen.size, seen.mtime_ns, reason)


class Bench:
    """A settler with its clock and the ends it is told."""

    def __init__(self, *, rest: float = REST, inodes: bool = True) -> None:
        self.clock = ManualClock()
        self.ends = Ends()
        self.settler = Settler(rest, SLOW, self.clock, self.ends, inodes=inodes)

    def see(self, *files: Observation, after: float = 0.0) -> list[str]:
        self.clock.advance(after)
        self.ends.files |= {file.path: file for file in files}
        return [ready.path for ready in self.settler.feed(files)]


def test_a_file_is_ready_once_it_has_rested() -> None:
    bench = Bench()
    assert bench.see(FILE) == []
    assert bench.see(FILE, after=1.9) == []
    assert bench.see(FILE, after=0.2) == ["a.pdf"]
    assert bench.see(FILE, after=1) == []


@pytest.mark.parametrize(
    "changed",
    [
        replace(FILE, size=11),
        replace(FILE, mtime_ns=FILE.mtime_ns + 1),
        replace(FILE, mtime_ns=-1),
        replace(FILE, inode=6),
    ],
)
def test_any_change_starts_the_rest_anew(changed: Observation) -> None:
    bench = Bench()
    bench.see(FILE)
    assert bench.see(changed, after=1.9) == []
    assert bench.see(changed, after=1.9) == []
    assert bench.see(changed, after=0.2) == ["a.pdf"]


def test_invented_inode_numbers_of_a_network_share_are_no_change() -> None:
    bench = Bench(inodes=False)
    bench.see(FILE)
    assert bench.see(replace(FILE, inode=99, device=7), after=2) == ["a.pdf"]


@pytest.mark.parametrize("mtime_ns", [0, -5, 2**63 + 17, 4_000_000_000_000_000_000])
def test_an_mtime_long_ago_or_far_ahead_says_nothing(mtime_ns: int) -> None:
    bench = Bench()
    file = replace(FILE, mtime_ns=mtime_ns)
    assert bench.see(file) == []
    assert bench.see(file, after=1) == []
    assert bench.see(file, after=1) == ["a.pdf"]


def test_a_missing_end_only_lengthens_the_rest() -> None:
    bench = Bench()
    bench.ends.end = End.MISSING
    bench.see(FILE)
    assert bench.see(FILE, after=2) == []
    assert bench.settler.next_due() == pytest.approx(bench.clock.monotonic() + 13)
    assert bench.see(FILE, after=12.9) == []
    assert len(bench.ends.asked) == 1
    assert bench.see(FILE, after=0.2) == ["a.pdf"]


def test_an_unknown_format_rests_no_longer() -> None:
    bench = Bench()
    bench.ends.end = End.UNKNOWN
    bench.see(FILE)
    assert bench.see(FILE, after=2) == ["a.pdf"]


def test_what_the_open_file_says_outranks_a_stale_observation() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.clock.advance(2)
    bench.ends.files["a.pdf"] = replace(FILE, size=4000)  # the server knows more than the cache
    assert bench.settler.feed([FILE]) == []
    grown = replace(FILE, size=4000)
    assert bench.see(grown, after=1.9) == []
    assert bench.see(grown, after=0.2) == ["a.pdf"]


def test_an_empty_file_waits_quietly_and_shows_up() -> None:
    bench = Bench()
    empty = replace(FILE, size=0)
    bench.see(empty)
    for _ in range(10):
        assert bench.see(empty, after=100) == []
    assert bench.settler.next_due() is None
    assert bench.ends.asked == []
    [waiting] = bench.settler.waiting()
    assert (waiting.path, waiting.reason.code) == ("a.pdf", ReasonCode.EMPTY)
    assert (waiting.is_empty, waiting.seconds) == (True, 1000)
    assert waiting.mtime_ns == empty.mtime_ns
    bench.see(FILE)
    assert bench.see(FILE, after=2) == ["a.pdf"]


def test_a_busy_file_is_tried_again_ever_later_and_at_least_every_ten_minutes() -> None:
    bench = Bench()
    bench.ends.end = End.BUSY
    bench.see(FILE)
    bench.see(FILE, after=2)
    waits = []
    for _ in range(60):
        due = bench.settler.next_due()
        assert due is not None
        waits.append(due - bench.clock.monotonic())
        assert bench.see(FILE, after=waits[-1] - 0.01) == []
        before = len(bench.ends.asked)
        bench.see(FILE, after=0.02)
        assert len(bench.ends.asked) == before + 1
    assert waits[:3] == pytest.approx([2.0, 2.3, 2.645])
    assert max(waits) == waits[-1] == 600
    bench.ends.end = End.COMPLETE
    assert bench.see(FILE, after=600) == ["a.pdf"]


def test_busy_files_are_told_with_reason_and_next_try() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.see(FILE, after=2)
    bench.settler.defer("a.pdf", Reason(ReasonCode.DISK_FULL, "the disk is full"))
    bench.clock.advance(0.5)
    [waiting] = bench.settler.waiting()
    assert (waiting.path, waiting.reason.code) == ("a.pdf", ReasonCode.DISK_FULL)
    assert bench.settler.next_due() == pytest.approx(bench.clock.monotonic() + 1.5)
    bench.see(replace(FILE, size=99))
    assert bench.settler.waiting() == []


def test_a_file_that_is_written_for_long_is_named_until_it_rests() -> None:
    bench = Bench()
    for size in range(1, 70):
        bench.see(replace(FILE, size=size), after=1)
        assert [waiting.reason.code for waiting in bench.settler.waiting()] == (
            [ReasonCode.CHANGED] if size > 61 else []
        )
    assert bench.see(replace(FILE, size=69), after=2) == ["a.pdf"]
    bench.clock.advance(SLOW)
    assert bench.settler.waiting() == []


def test_files_that_only_wait_for_their_turn_are_not_named() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.clock.advance(3600)
    assert (len(bench.settler), bench.settler.waiting()) == (1, [])


def test_a_file_nobody_claimed_is_offered_again() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.see(FILE, after=2)
    assert bench.see(FILE, after=HAND_OUT_SECONDS - 1) == []
    assert bench.see(FILE, after=2) == ["a.pdf"]


def test_a_file_that_vanished_is_forgotten_at_the_end_of_a_pass() -> None:
    bench = Bench()
    other = replace(FILE, path="b.pdf")
    bench.see(FILE, other)
    bench.settler.end_pass()
    bench.see(other)
    bench.settler.end_pass()
    assert len(bench.settler) == 1
    bench.see(FILE, after=5)
    assert bench.see(FILE) == []  # back again, so it rests again


def test_a_file_gone_when_its_end_is_looked_at_is_forgotten() -> None:
    bench = Bench()
    bench.ends.end = End.GONE
    bench.see(FILE)
    assert bench.see(FILE, after=2) == []
    assert len(bench.settler) == 0
    assert bench.settler.next_due() is None


def test_a_claimed_file_waits_no_longer() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.see(FILE, after=2)
    bench.settler.forget("a.pdf")
    bench.settler.forget("a.pdf")
    bench.settler.defer("a.pdf", BUSY)
    assert len(bench.settler) == 0
    assert bench.settler.next_due() is None


def test_due_names_the_longest_due_first_until_they_are_fed() -> None:
    bench = Bench()
    files = [replace(FILE, path=f"{number}.pdf") for number in range(5)]
    for file in files:
        bench.see(file, after=0.1)
    assert bench.settler.due(10) == []
    bench.clock.advance(2)
    assert bench.settler.due(2) == ["0.pdf", "1.pdf"]
    assert bench.settler.due(2) == ["0.pdf", "1.pdf"]
    assert bench.see(*files[:2]) == ["0.pdf", "1.pdf"]
    assert bench.settler.due(9) == ["2.pdf", "3.pdf", "4.pdf"]


def test_noting_a_rested_file_leaves_the_judgement_for_later() -> None:
    bench = Bench()
    bench.see(FILE)
    bench.clock.advance(2)
    bench.settler.note([FILE])
    assert bench.ends.asked == []
    assert bench.settler.due(1) == ["a.pdf"]
    assert bench.see(FILE) == ["a.pdf"]


def test_deferring_shortens_no_rest_and_wakes_no_empty_file() -> None:
    bench = Bench(rest=10.0)
    bench.see(FILE)
    bench.see(replace(FILE, size=0), after=1)
    bench.settler.defer("a.pdf", BUSY)
    assert bench.settler.next_due() is None
    grown = replace(FILE, size=11)
    bench.see(grown, after=1)
    bench.settler.defer("a.pdf", BUSY)
    assert bench.see(grown, after=9.9) == []
    assert bench.see(grown, after=0.2) == ["a.pdf"]


steps = st.lists(
    st.tuples(
        st.sampled_from([0.1, 0.5, 1.0, 1.9, 2.0, 3.0, 20.0]),  # time passes
        st.sampled_from(["same", "same", "same", "grow", "touch", "replace", "empty", "defer"]),
        st.sampled_from([End.COMPLETE, End.COMPLETE, End.UNKNOWN, End.MISSING, End.BUSY]),
    ),
    max_size=40,
)

CHANGES: dict[str, Callable[[Observation], Observation]] = {
    "grow": lambda file: replace(file, size=file.size + 7),
    "touch": lambda file: replace(file, mtime_ns=file.mtime_ns + 1),
    "replace": lambda file: replace(file, inode=file.inode + 1),
    "empty": lambda file: replace(file, size=0),
}


@given(steps)
def test_never_ready_unless_rested_and_always_ready_in_the_end(
    history: list[tuple[float, str, End]],
) -> None:
    bench = Bench()
    file = FILE
    since = bench.clock.monotonic()
    bench.see(file)
    for wait, act, end in history:
        bench.ends.end = end
        bench.clock.advance(wait)
        changed = CHANGES[act](file) if act in CHANGES else file
        if changed != file:
            file, since = changed, bench.clock.monotonic()
        if act == "defer":
            bench.settler.defer(file.path, BUSY)
        if bench.see(file):
            rested = bench.clock.monotonic() - since
            assert file.size > 0
            assert end is not End.BUSY
            assert rested >= (SLOW if end is End.MISSING else REST) - 1e-6  # seconds are added up
    bench.ends.end = End.MISSING
    file = replace(file, size=file.size + 1)
    bench.see(file)
    tries = 0
    while not bench.see(file):
        due = bench.settler.next_due()
        assert due is not None
        bench.clock.advance(max(0.0, due - bench.clock.monotonic()))
        tries += 1
        assert tries <= 3


@given(st.lists(st.sampled_from(["feed", "defer", "forget", "pass", "wait"]), max_size=60))
def test_the_wake_up_time_is_that_of_the_earliest_file(acts: list[str]) -> None:
    bench = Bench()
    files = [replace(FILE, path=f"{number}.pdf") for number in range(3)]
    for count, act in enumerate(acts):
        file = files[count % 3]
        if act == "feed":
            bench.see(replace(file, size=count // 6 + 1))
        elif act == "defer":
            bench.settler.defer(file.path, BUSY)
        elif act == "forget":
            bench.settler.forget(file.path)
        elif act == "pass":
            bench.settler.end_pass()
        else:
            bench.clock.advance(1.3)
        expected = min((r.due for r in bench.settler._records.values()), default=None)
        assert bench.settler.next_due() == expected


@pytest.mark.slow
def test_a_hundred_thousand_files_cost_little_memory_and_one_look_each() -> None:
    count = 100_000
    bench = Bench()

    def files() -> list[Observation]:
        return [
            Observation(f"source/scan-{number:06}.pdf", 1000 + number, 10**18 + number, number, 1)
            for number in range(count)
        ]

    calls = 0

    def check(path: str) -> EndCheck:
        nonlocal calls
        calls += 1
        number = int(path[12:18])
        return EndCheck(End.COMPLETE, 1000 + number, 10**18 + number)

    settler = Settler(REST, SLOW, bench.clock, check)
    tracemalloc.start()
    try:
        settler.note(files())
        used, _peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 60_000_000
    bench.clock.advance(1)
    settler.note(files())
    assert calls == 0
    assert len(settler._heap) <= 2 * count + 64
    bench.clock.advance(1)
    assert len(settler.due(500)) == 500
    assert len(settler.feed(files())) == count
    assert calls == count
    settler.end_pass()
    settler.end_pass()
    assert len(settler) == 0
    assert settler.next_due() is None
    assert settler._heap == []
