import os
from pathlib import Path

import pytest

from docsorter import filesystem
from docsorter.filesystem import (
    FileSystem,
    file_system,
    is_network_or_virtual,
    longest_match,
    parse_mounts,
)

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
