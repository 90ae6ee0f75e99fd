import errno
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from docsorter.deliver.drop import drop_into
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import Disk


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox" / ".docsorter").mkdir(parents=True)
    return tmp_path / "inbox"


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"paper")
    return file


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Return a folder on another mount."""
    with TemporaryDirectory(dir="/dev/shm") as name:
        yield Path(name)


def test_a_file_is_moved_into_the_inbox(inbox: Path, scan: Path) -> None:
    brought = drop_into(inbox, scan, Disk(), copy=False)
    assert brought == inbox / "scan.pdf"
    assert brought.read_bytes() == b"paper"
    assert not scan.exists()


def test_a_copy_leaves_the_original(inbox: Path, scan: Path) -> None:
    assert drop_into(inbox, scan, Disk(), copy=True).read_bytes() == b"paper"
    assert scan.read_bytes() == b"paper"
    assert list((inbox / ".docsorter").iterdir()) == []


def test_a_name_that_is_taken_is_numbered(inbox: Path, scan: Path) -> None:
    (inbox / "scan.pdf").write_bytes(b"other")
    assert drop_into(inbox, scan, Disk(), copy=False).name == "scan-2.pdf"
    assert (inbox / "scan.pdf").read_bytes() == b"other"


def test_a_file_on_another_mount_arrives_whole(inbox: Path, elsewhere: Path) -> None:
    far = elsewhere / "far.pdf"
    far.write_bytes(b"far paper")
    assert drop_into(inbox, far, Disk(), copy=False).read_bytes() == b"far paper"
    assert not far.exists()


def test_a_file_that_is_in_the_inbox_already_stays(inbox: Path) -> None:
    file = inbox / "sub" / "scan.pdf"
    file.parent.mkdir()
    file.write_bytes(b"paper")
    assert drop_into(inbox, file, Disk(), copy=False) == file
    assert file.exists()


def test_a_full_disk_leaves_the_file_where_it_was(inbox: Path, scan: Path) -> None:
    class FullDisk(Disk):
        def copy_durably(self, source: Path, target: Path) -> str:  # noqa: ARG002
            raise OSError(errno.ENOSPC, "No space left on device", str(target))

    with pytest.raises(EnvironmentFaultError, match="disk is full"):
        drop_into(inbox, scan, FullDisk(), copy=True)
    assert scan.read_bytes() == b"paper"
