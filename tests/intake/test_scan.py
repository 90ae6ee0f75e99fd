"""Reading the inbox: files, what is left alone, and an inbox that is gone."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.errors import EnvironmentFaultError
from docsorter.intake.ignore import IgnoreRules
from docsorter.intake.scan import Observation, Scanner, ScanStep


def walk(scanner: Scanner, entries: int = 10_000) -> list[Observation]:
    found: list[Observation] = []
    while True:
        part = scanner.step(entries, 60)
        found += part.observations
        if part.finished:
            return found


def paths(scanner: Scanner) -> set[str]:
    return {observation.path for observation in walk(scanner)}


@pytest.fixture
def scanner(root: Path, clock: ManualClock) -> Iterator[Scanner]:
    scanner = Scanner(root, IgnoreRules(), clock)
    yield scanner
    scanner.close()


def test_files_are_seen_with_their_size_time_and_source(root: Path, scanner: Scanner) -> None:
    (root / "front desk" / "today").mkdir(parents=True)
    file = root / "front desk" / "today" / "scan.pdf"
    file.write_bytes(b"12345")
    os.utime(file, ns=(7, 1234567890123456789))
    [seen] = walk(scanner)
    status = file.stat()
    assert seen == Observation(
        "front desk/today/scan.pdf", 5, 1234567890123456789, status.st_ino, status.st_dev
    )
    assert (seen.source, seen.name) == ("front desk/today", "scan.pdf")


def test_a_file_in_the_inbox_itself_has_no_source(root: Path, scanner: Scanner) -> None:
    (root / "a.pdf").write_bytes(b"x")
    [seen] = walk(scanner)
    assert (seen.source, seen.name) == ("", "a.pdf")


def test_sub_folders_are_left_alone_unless_asked_for(root: Path, clock: ManualClock) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "b.pdf").write_bytes(b"x")
    (root / "a.pdf").write_bytes(b"x")
    assert paths(Scanner(root, IgnoreRules(), clock, recursive=False)) == {"a.pdf"}


def test_the_claim_directory_and_ignored_folders_are_not_entered(
    root: Path, clock: ManualClock
) -> None:
    for folder in ("claims", "@eaDir", "sub/claims"):
        (root / folder).mkdir(parents=True)
        (root / folder / "x.pdf").write_bytes(b"x")
    scanner = Scanner(root, IgnoreRules(), clock, private="claims")
    assert paths(scanner) == {"sub/claims/x.pdf"}


def test_links_pipes_and_sockets_are_told_once_and_never_followed(
    root: Path, tmp_path: Path, scanner: Scanner
) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "x.pdf").write_bytes(b"x")
    (root / "link.pdf").symlink_to(outside / "x.pdf")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        directory = os.open(root, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{directory}/sock")  # the full path may be too long for one
        os.close(directory)
        assert paths(scanner) == set()
        told = {oddity.path: oddity.text for oddity in scanner.take_skipped()}
        assert set(told) == {"link.pdf", "folder", "pipe", "sock"}
        assert told["pipe"] == "a named pipe, only regular files are sorted"
        walk(scanner)
        assert scanner.take_skipped() == ()
        (root / "pipe").unlink()
        walk(scanner)
        os.mkfifo(root / "pipe")
        walk(scanner)
        assert [oddity.path for oddity in scanner.take_skipped()] == ["pipe"]


def test_names_that_are_no_utf8_are_seen(root: Path, scanner: Scanner) -> None:
    raw = os.path.join(os.fsencode(root), b"caf\xe9.pdf")  # noqa: PTH118
    with open(raw, "wb") as file:  # noqa: PTH123
        file.write(b"x")
    [seen] = walk(scanner)
    assert os.fsencode(seen.path) == b"caf\xe9.pdf"
    assert scanner.observe([seen.path]) == [seen]


def test_a_walk_does_a_bounded_piece_of_work_and_goes_on(root: Path, scanner: Scanner) -> None:
    for folder in ("", "a", "b"):
        (root / folder).mkdir(exist_ok=True)
        for number in range(40):
            (root / folder / f"{number}.pdf").write_bytes(b"x")
    steps: list[ScanStep] = []
    while not steps or not steps[-1].finished:
        steps.append(scanner.step(max_entries=10, max_seconds=60))
    assert all(len(step.observations) <= 10 for step in steps)
    assert len(steps) >= 12
    seen = [observation.path for step in steps for observation in step.observations]
    assert len(seen) == len(set(seen)) == 120


def test_a_walk_stops_when_its_time_is_up(root: Path, clock: ManualClock) -> None:
    for number in range(10):
        (root / f"{number}.pdf").write_bytes(b"x")

    class SlowDisk(ManualClock):
        def monotonic(self) -> float:
            self.advance(0.06)
            return super().monotonic()

    scanner = Scanner(root, IgnoreRules(), SlowDisk())
    first = scanner.step(max_entries=1000, max_seconds=0.1)
    assert len(first.observations) < 10
    assert not first.finished
    rest = walk(scanner)
    assert len(first.observations) + len(rest) == 10


def test_a_missing_inbox_is_never_taken_for_an_empty_one(root: Path, scanner: Scanner) -> None:
    root.rmdir()
    with pytest.raises(EnvironmentFaultError, match="the inbox is gone: there is no folder"):
        scanner.step()
    with pytest.raises(EnvironmentFaultError, match="the inbox is gone"):
        scanner.observe(["a.pdf"])
    root.mkdir()
    assert walk(scanner) == []


@pytest.mark.parametrize(
    "code", [errno.ENOENT, errno.ESTALE, errno.ENOTCONN, errno.EIO, errno.EACCES]
)
def test_an_inbox_that_cannot_be_read_is_an_environment_fault(
    root: Path, scanner: Scanner, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        raise OSError(code, os.strerror(code), path)

    with monkeypatch.context() as patch:
        patch.setattr("docsorter.intake.scan.os.scandir", refuse)
        with pytest.raises(EnvironmentFaultError, match="the inbox is gone") as caught:
            scanner.step()
    assert caught.value.remedy
    assert not scanner.walking
    (root / "a.pdf").write_bytes(b"x")
    assert paths(scanner) == {"a.pdf"}


@pytest.mark.skipif(os.geteuid() != 0, reason="changes the user id of a child process")
def test_an_inbox_that_may_be_listed_but_not_entered_is_not_empty(root: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from docsorter.clock import SystemClock
from docsorter.errors import EnvironmentFaultError
from docsorter.intake.ignore import IgnoreRules
from docsorter.intake.scan import Scanner
directory = os.open(sys.argv[1], os.O_PATH)
os.setresuid(65534, 65534, 65534)
try:
    Scanner(Path(f"/proc/self/fd/{directory}"), IgnoreRules(), SystemClock()).step()
except EnvironmentFaultError as error:
    print(error.message)
"""
    (root / "a.pdf").write_bytes(b"x")
    root.chmod(0o744)
    done = subprocess.run(
        [sys.executable, "-c", code, root], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("the inbox is gone: permission denied")


def test_a_sub_folder_that_cannot_be_read_spoils_nothing_else(
    root: Path, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir
    for folder in ("bad", "gone", "good"):
        (root / folder).mkdir()
        (root / folder / "x.pdf").write_bytes(b"x")

    def flaky(path: str) -> object:
        if path.endswith("/bad"):
            raise OSError(errno.EIO, "error", path)
        if path.endswith("/gone"):
            raise FileNotFoundError(errno.ENOENT, "gone", path)
        return real(path)

    monkeypatch.setattr("docsorter.intake.scan.os.scandir", flaky)
    assert paths(scanner) == {"good/x.pdf"}
    [oddity] = scanner.take_skipped()
    assert oddity.path == "bad"
    assert oddity.text.startswith("cannot be read, the storage answers with an error")


def test_an_unmounted_share_is_not_an_empty_inbox(
    root: Path, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".docsorter").mkdir()
    (root / "a.pdf").write_bytes(b"x")
    assert paths(scanner) == {"a.pdf"}
    other = Path("/proc").stat().st_dev
    real = Path.stat

    def elsewhere(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        status = real(path, follow_symlinks=follow_symlinks)
        if path != root:
            return status
        fields = list(status)
        fields[2] = other
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", elsewhere)
    assert paths(scanner) == {"a.pdf"}  # mounted anew, with the claim directory in it
    monkeypatch.undo()
    shutil.rmtree(root)
    root.mkdir()
    with pytest.raises(EnvironmentFaultError, match="another, empty file system"):
        scanner.step()


def test_a_folder_moved_in_is_found_with_its_files(
    root: Path, tmp_path: Path, scanner: Scanner
) -> None:
    batch = tmp_path / "batch"
    batch.mkdir()
    (batch / "1.tif").write_bytes(b"x")
    assert walk(scanner) == []
    batch.rename(root / "batch")
    assert paths(scanner) == {"batch/1.tif"}


def test_a_second_look_leaves_out_what_is_gone_or_no_longer_a_file(
    root: Path, scanner: Scanner
) -> None:
    (root / "a.pdf").write_bytes(b"x")
    (root / "link.pdf").symlink_to(root / "a.pdf")
    seen = scanner.observe(["a.pdf", "gone.pdf", "link.pdf"])
    assert [observation.path for observation in seen] == ["a.pdf"]


def test_an_inbox_may_be_reached_through_a_link(
    root: Path, tmp_path: Path, clock: ManualClock
) -> None:
    (root / "a.pdf").write_bytes(b"x")
    (tmp_path / "link").symlink_to(root)
    assert paths(Scanner(tmp_path / "link", IgnoreRules(), clock)) == {"a.pdf"}
