"""Moving files without losing them, and which file systems are remote."""

import errno
import os
from pathlib import Path

import pytest

from docsorter import filesystem
from docsorter.documents import ReasonCode
from docsorter.filesystem import (
    Disk,
    FileSystem,
    environment_reason,
    file_system,
    is_network_or_virtual,
    longest_match,
    parse_mounts,
)

CONTENT = os.urandom(3_000_000)


class Old(Disk):
    """A kernel or file system without RENAME_NOREPLACE."""

    def _rename_flag(self, source: Path, target: Path) -> int:
        del source, target
        return errno.EINVAL


@pytest.fixture(params=["rename", "link", "placeholder"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Disk:
    if request.param == "placeholder":

        def refuse(self: Path, target: Path) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(self))

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    return Disk() if request.param == "rename" else Old()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def test_a_file_gets_a_free_name(disk: Disk, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    still_there = disk.rename_noreplace(source, target)
    assert target.read_bytes() == CONTENT
    assert still_there == source.exists()
    assert not still_there or source.samefile(target)


def test_a_taken_name_is_not_replaced(disk: Disk, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        disk.rename_noreplace(source, target)
    assert (source.read_bytes(), target.read_bytes()) == (CONTENT, b"first")


def test_a_missing_source_leaves_no_placeholder(disk: Disk, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with pytest.raises(FileNotFoundError):
        disk.rename_noreplace(tmp_path / "missing", target)
    assert not target.exists()


def test_a_link_that_the_server_made_before_it_said_exists_counts(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.hardlink_to(source)
    assert Disk().link(source, target)


def test_a_rename_that_fails_after_it_was_done_keeps_the_document(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file server may rename, and its answer may be lost."""
    rename = os.rename

    def forgetful(self: Path, target: Path) -> Path:
        rename(self, target)
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(self))

    monkeypatch.setattr(Path, "rename", forgetful)
    target = tmp_path / "target"
    disk = Disk()
    disk.create_placeholder(target)
    with pytest.raises(OSError, match="Input/output error"):
        disk.replace_placeholder(source, target)
    assert target.read_bytes() == CONTENT


def test_a_rename_that_fails_removes_its_placeholder(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    target = tmp_path / "target"
    disk = Disk()
    disk.create_placeholder(target)
    with pytest.raises(OSError, match="busy"):
        disk.replace_placeholder(source, target)
    assert not target.exists()
    assert source.read_bytes() == CONTENT


def test_a_copy_is_whole_private_and_has_the_digest_of_what_was_read(
    source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    digest = Disk().copy_durably(source, target)
    assert target.read_bytes() == CONTENT
    assert digest == Disk().sha256(source) == Disk().sha256(target)
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_copy_never_replaces_a_file(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"first")
    with pytest.raises(FileExistsError):
        Disk().copy_durably(source, target)
    assert target.read_bytes() == b"first"


def test_a_half_copy_is_removed(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Disk().copy_durably(source, tmp_path / "target")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_only_regular_files_are_read(source: Path, tmp_path: Path, kind: str) -> None:
    odd = tmp_path / "odd"
    if kind == "link":
        odd.symlink_to(source)
    elif kind == "pipe":
        os.mkfifo(odd)
    else:
        odd.mkdir()
    for read in (Disk().sha256, lambda path: Disk().copy_durably(path, tmp_path / "copy")):
        with pytest.raises(OSError, match=r"symbolic links|not a regular file"):
            read(odd)
    assert not (tmp_path / "copy").exists()


def test_a_small_file_is_written_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_bytes(b"old")
    Disk().write_durably(path, b"new", 0o604)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o604
    assert list(tmp_path.iterdir()) == [path]


def test_a_small_file_may_have_the_longest_name_there_is(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    Disk().write_durably(path, b"new")
    assert path.read_bytes() == b"new"


def test_writing_does_not_follow_a_link_laid_in_its_way(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".settings.part").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        Disk().write_durably(tmp_path / "settings", b"new")
    assert victim.read_bytes() == b"precious"


def test_removing_a_name_twice_is_fine(source: Path) -> None:
    Disk().unlink(source)
    Disk().unlink(source)
    assert not source.exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ReasonCode.DISK_FULL),
        (errno.EDQUOT, ReasonCode.DISK_FULL),
        (errno.EROFS, ReasonCode.READ_ONLY),
        (errno.EACCES, ReasonCode.NO_PERMISSION),
        (errno.EBUSY, ReasonCode.BUSY),
        (errno.ESTALE, ReasonCode.STORAGE_GONE),
        (errno.EXDEV, ReasonCode.STORAGE_GONE),
    ],
)
def test_errors_of_the_surroundings_have_a_reason_in_words(number: int, code: ReasonCode) -> None:
    reason = environment_reason(OSError(number, os.strerror(number), "/srv/scan.pdf"))
    assert reason.code is code
    assert reason.text.endswith(": /srv/scan.pdf")


TABLE = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 27 0:40 / /srv/scans rw,relatime shared:7 master:1 - nfs4 filer:/export/scans rw
31 27 0:41 / /srv/my\040scans rw shared:9 - cifs //filer/my\040scans rw
32 30 0:42 / /srv/scans/local rw - xfs /dev/sdb1 rw
33 27 0:43 / /srv/scans/local rw - fuse.sshfs user@host:/x rw
garbage
34 27 0:44 / /srv/half rw -
"""


@pytest.mark.parametrize(
    ("path", "kind", "remote"),
    [
        ("/", "ext4", False),
        ("/srv", "ext4", False),
        ("/srv/scans-of-old/a", "ext4", False),
        ("/srv/scans", "nfs4", True),
        ("/srv/scans/inbox/deep", "nfs4", True),
        ("/srv/my scans/inbox", "cifs", True),
        ("/srv/scans/local/inbox", "fuse.sshfs", True),  # hides the xfs below it
        ("/proc/1", "proc", False),
    ],
)
def test_the_longest_and_latest_mount_point_wins(path: str, kind: str, remote: bool) -> None:  # noqa: FBT001
    found = longest_match(parse_mounts(TABLE.splitlines()), Path(path))
    assert (found.kind, found.remote) == (kind, remote)


def test_mount_names_are_unescaped() -> None:
    [mount] = [m for m in parse_mounts(TABLE.splitlines()) if m.file_system.kind == "cifs"]
    assert mount.file_system == FileSystem("cifs", "/srv/my scans", "//filer/my scans")


@pytest.mark.parametrize(
    "kind",
    ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "vboxsf", "drvfs", "fuse.rclone", "davfs"],
)
def test_network_and_virtual_file_systems_are_known(kind: str) -> None:
    assert FileSystem(kind, "/x", "").remote


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk"])
def test_local_file_systems_are_known(kind: str) -> None:
    assert not FileSystem(kind, "/x", "").remote


def test_the_kernel_is_asked_for_real_paths(tmp_path: Path) -> None:
    assert file_system(Path("/proc/self")).kind == "proc"
    here = file_system(tmp_path)
    assert here.kind not in {"proc", "unknown"}
    assert file_system(tmp_path / "not" / "yet" / "made") == here
    (tmp_path / "link").symlink_to("/proc")
    assert file_system(tmp_path / "link" / "self").kind == "proc"
    assert not is_network_or_virtual(tmp_path)


def test_without_a_mount_table_the_kind_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem, "MOUNTINFO", tmp_path / "nothing")
    assert file_system(tmp_path).kind == "unknown"


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(5):
        file_system(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
