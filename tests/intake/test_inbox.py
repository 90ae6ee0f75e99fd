import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from docsorter.clock import ManualClock
from docsorter.documents import Reason, ReasonCode
from docsorter.errors import EnvironmentFaultError
from docsorter.intake.completeness import End, EndCheck, check_end
from docsorter.intake.inbox import Inbox
from docsorter.settings import IntakeSettings

SETTINGS = IntakeSettings()


@pytest.fixture
def inbox(root: Path, clock: ManualClock) -> Iterator[Inbox]:
    inbox = Inbox(root, SETTINGS, clock)
    yield inbox
    inbox.close()


def run(inbox: Inbox, clock: ManualClock, seconds: float) -> list[str]:
    """Tick whenever there is work for so long; return what was handed out."""
    ready: list[str] = []
    end = clock.monotonic() + seconds
    while inbox.next_due() <= end:
        clock.advance(max(0.0, inbox.next_due() - clock.monotonic()))
        for file in inbox.tick():
            ready.append(file.path)
            inbox.forget(file.path)
            (Path(inbox._scanner._root) / file.path).unlink()
    clock.advance(max(0.0, end - clock.monotonic()))
    return ready


def test_a_file_that_is_there_at_the_start_rests_like_any_other(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    (root / "a.txt").write_bytes(b"x")
    os.utime(root / "a.txt", (1, 1))
    assert inbox.tick() == ()
    assert inbox.next_due() == clock.monotonic() + SETTINGS.rest_seconds
    clock.advance(1.9)
    assert inbox.tick() == ()
    clock.advance(0.1)
    assert [file.path for file in inbox.tick()] == ["a.txt"]


def test_a_wake_up_finds_a_file_at_once_and_a_lost_one_is_made_up_for(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    inbox.tick()
    (root / "a.txt").write_bytes(b"x")
    inbox.request_rescan()
    assert inbox.next_due() == clock.monotonic()
    assert run(inbox, clock, 2) == ["a.txt"]
    (root / "b.txt").write_bytes(b"x")  # nobody says so
    assert run(inbox, clock, SETTINGS.rescan_seconds + 2) == ["b.txt"]


def test_a_burst_of_files_is_found_completely(root: Path, inbox: Inbox, clock: ManualClock) -> None:
    def drop(part: int) -> None:
        for number in range(50):
            (root / f"{part}-{number}.pdf").write_bytes(b"%PDF-1.7\n%%EOF\n")

    inbox.tick()
    writers = [threading.Thread(target=drop, args=(part,)) for part in range(4)]
    for writer in writers:
        writer.start()
    found: list[str] = []
    while any(writer.is_alive() for writer in writers):
        inbox.request_rescan()
        found += [file.path for file in inbox.tick()]
    inbox.request_rescan()
    found += run(inbox, clock, 3)
    assert sorted(found) == sorted(f"{p}-{n}.pdf" for p in range(4) for n in range(50))


WRITER = """
import sys
with open(sys.argv[1], "wb", buffering=0) as file:
    for line in sys.stdin:
        file.write(bytes.fromhex(line))
        print("written", flush=True)
print("closed", flush=True)
"""


def test_a_slow_writer_in_another_process_is_waited_for(
    root: Path, inbox: Inbox, clock: ManualClock, tmp_path: Path
) -> None:
    Image.effect_noise((200, 100), 50).save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    parts = [data[at : at + 1500] for at in range(0, len(data), 1500)]
    assert len(parts) > 3
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, root / "scan.jpg"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        for part in parts[:-1]:
            writer.stdin.write(part.hex() + "\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "written\n"
            inbox.request_rescan()
            assert run(inbox, clock, 10) == []  # longer than a rest, but the end is missing
        writer.stdin.write(parts[-1].hex() + "\n")
        writer.stdin.close()
        assert writer.stdout.read() == "written\nclosed\n"
    inbox.request_rescan()
    assert run(inbox, clock, SETTINGS.rest_seconds - 0.1) == []
    assert run(inbox, clock, 0.1) == ["scan.jpg"]


def test_a_truncated_file_is_handed_out_after_the_long_rest(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    (root / "cut.pdf").write_bytes(b"%PDF-1.7\n" + b"x" * 100)
    assert run(inbox, clock, SETTINGS.slow_rest_seconds - 0.1) == []
    assert run(inbox, clock, 0.2) == ["cut.pdf"]


def test_a_renamed_upload_arrives_under_its_final_name(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    part = root / "scan.pdf.filepart"
    part.write_bytes(b"%PDF-1.7 %%EOF")
    assert run(inbox, clock, 60) == []
    part.rename(root / "scan.pdf")
    inbox.request_rescan()
    assert run(inbox, clock, 2) == ["scan.pdf"]


def test_a_busy_file_waits_with_its_reason_and_is_tried_again(
    root: Path, clock: ManualClock
) -> None:
    held = True

    def check(path: Path) -> EndCheck:
        reason = Reason(ReasonCode.BUSY, "the file is busy")
        return EndCheck(End.BUSY, reason=reason) if held else check_end(path)

    inbox = Inbox(root, SETTINGS, clock, check=check)
    (root / "a.txt").write_bytes(b"x")
    assert run(inbox, clock, 60) == []
    [busy] = inbox.waiting()
    assert (busy.path, busy.reason.code) == ("a.txt", ReasonCode.BUSY)
    assert busy.since == clock.now().timestamp() - 60
    held = False
    assert run(inbox, clock, 120) == ["a.txt"]


def test_a_failed_claim_is_offered_again_later(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    (root / "a.txt").write_bytes(b"x")
    inbox.tick()
    clock.advance(2)
    [file] = inbox.tick()
    inbox.defer(file.path, Reason(ReasonCode.DISK_FULL, "the disk is full"))
    assert inbox.tick() == ()
    clock.advance(2)
    assert inbox.tick() == (file,)


def test_no_more_is_handed_out_than_wanted(root: Path, inbox: Inbox, clock: ManualClock) -> None:
    for number in range(30):
        (root / f"{number}.txt").write_bytes(b"x")
    inbox.tick()
    clock.advance(2)
    assert inbox.tick(0) == ()
    first = inbox.tick(10)
    assert len(first) == 10
    assert inbox.next_due() <= clock.monotonic()
    assert inbox.next_due(rescans_only=True) > clock.monotonic()
    rest = [*inbox.tick(10), *inbox.tick(10), *inbox.tick(10)]
    assert len({file.path for file in (*first, *rest)}) == 30
    assert inbox.next_due() > clock.monotonic()


def test_a_vanished_file_is_forgotten(root: Path, inbox: Inbox, clock: ManualClock) -> None:
    (root / "a.txt").write_bytes(b"x")
    (root / "empty").touch()
    inbox.tick()
    assert (inbox.settling, [file.path for file in inbox.waiting()]) == (2, ["empty"])
    (root / "a.txt").unlink()
    clock.advance(2)
    assert inbox.tick() == ()
    assert inbox.settling == 1
    (root / "empty").unlink()
    run(inbox, clock, 60)
    assert inbox.settling == 0


def test_a_share_that_comes_back_goes_on_where_it_was(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    (root / "a.txt").write_bytes(b"x")
    inbox.tick()
    away = root.with_name("away")
    root.rename(away)
    clock.advance(2)
    for _ in range(3):
        with pytest.raises(EnvironmentFaultError, match="the inbox is gone"):
            inbox.tick()
        clock.advance(1)
    assert inbox.settling == 1
    away.rename(root)
    assert [file.path for file in inbox.tick()] == ["a.txt"]
    assert inbox.next_due() > clock.monotonic()


def test_a_fault_in_the_middle_of_a_rescan_forgets_nothing(
    root: Path, inbox: Inbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (root / f"{number}.txt").write_bytes(b"x")
    inbox.tick()

    def stale(path: str) -> Iterator[os.DirEntry[str]]:
        raise OSError(errno.ESTALE, "stale", path)

    with monkeypatch.context() as patch:
        patch.setattr("docsorter.intake.scan.os.scandir", stale)
        inbox.request_rescan()
        for _ in range(3):  # a tick that does nothing would look like a recovery
            with pytest.raises(EnvironmentFaultError):
                inbox.tick()
    assert inbox.settling == 5
    clock.advance(2)
    assert len(inbox.tick()) == 5


class CountingClock(ManualClock):
    """Each look at the clock takes a little time, as reading a slow share does."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self.step = step

    def monotonic(self) -> float:
        self.advance(self.step)
        return super().monotonic()


def test_a_huge_inbox_is_read_in_pieces_and_not_at_every_event(root: Path) -> None:
    for number in range(500):
        (root / f"{number}.txt").write_bytes(b"x")
    clock = CountingClock(0.01)  # 500 files take five seconds
    inbox = Inbox(root, SETTINGS, clock)
    ticks = 0
    while inbox.last_rescan is None:
        inbox.request_rescan()
        inbox.tick(0)
        ticks += 1
    assert ticks > 20
    assert inbox.rescan_took > 5
    inbox.request_rescan()
    gap = inbox.next_due(rescans_only=True) - clock.monotonic()
    assert 3 * inbox.rescan_took < gap <= SETTINGS.rescan_seconds
    inbox.close()


def test_the_time_of_the_last_rescan_is_told(inbox: Inbox, clock: ManualClock) -> None:
    assert inbox.last_rescan is None
    inbox.tick()
    assert inbox.last_rescan == clock.now()


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("/etc")])
def test_oddities_never_become_documents(
    root: Path, inbox: Inbox, clock: ManualClock, make: Callable[[Path], None]
) -> None:
    make(root / "thing.pdf")
    assert run(inbox, clock, 60) == []
    assert inbox.settling == 0


def test_everything_that_stays_in_the_inbox_is_named_with_its_reason(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    os.mkfifo(root / "pipe")
    (root / "scan.pdf.!sync").write_bytes(b"x")
    (root / "empty.pdf").touch()
    (root / "done.txt").write_bytes(b"x")
    (root / "Thumbs.db").write_bytes(b"x")
    os.utime(root / "empty.pdf", (1e9, 1e9))
    run(inbox, clock, 60)
    named = {file.path: (file.reason.code, file.reason.text) for file in inbox.waiting()}
    assert named == {
        "empty.pdf": (ReasonCode.EMPTY, "it has no bytes yet"),
        "pipe": (ReasonCode.UNSUPPORTED, "a named pipe, only regular files are sorted"),
        "scan.pdf.!sync": (ReasonCode.BUSY, "unfinished, by its name (Resilio Sync)"),
    }
    assert inbox.waiting()[0].since == 1e9
    (root / "scan.pdf.!sync").rename(root / "scan.txt")
    inbox.request_rescan()
    assert run(inbox, clock, 60) == ["scan.txt"]
    assert "scan.pdf.!sync" not in {file.path for file in inbox.waiting()}


def test_a_file_waits_while_its_control_file_is_beside_it(
    root: Path, inbox: Inbox, clock: ManualClock
) -> None:
    (root / "scan.txt").write_bytes(b"x")
    (root / "scan.txt.aria2").write_bytes(b"x")
    assert run(inbox, clock, 60) == []
    named = {file.path: file.reason.text for file in inbox.waiting()}
    assert named["scan.txt"] == "unfinished: scan.txt.aria2 is beside it (aria2)"
    (root / "scan.txt.aria2").unlink()
    assert run(inbox, clock, 120) == ["scan.txt"]
