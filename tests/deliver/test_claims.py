import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docsorter.deliver import transfer
from docsorter.deliver.transfer import FileChangedError, FileGoneError
from docsorter.documents import Move, Place, State
from docsorter.errors import EnvironmentFaultError
from docsorter.filesystem import Disk
from tests.deliver.yard import SCAN, NoExclusiveRename, TwoMounts, Yard


class SubMount(TwoMounts):
    """The inbox's sub-folder is a mount of its own."""

    def _rename_flag(self, source: Path, target: Path) -> int:
        is_far = "scanner" in source.parts and "scanner" not in target.parts
        return errno.EXDEV if is_far else super()._rename_flag(source, target)

    def rename(self, source: Path, target: Path) -> None:
        if "scanner" in source.parts and "scanner" not in target.parts:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(source))
        super().rename(source, target)


@pytest.fixture(params=[Disk, TwoMounts, NoExclusiveRename], ids=["one", "two", "links"])
def inbox(make_yard: Callable[..., Yard], request: pytest.FixtureRequest) -> Yard:
    return make_yard(two_mounts=request.param is TwoMounts, disk=request.param)


def test_a_claimed_file_is_in_the_spool_and_nowhere_else(inbox: Yard) -> None:
    path = inbox.drop("floor 2/scan.pdf")
    move = inbox.plan_claim(path)
    document = inbox.mover().complete(move, actor="daemon", inode=path.stat().st_ino)
    assert (document.state, document.place, document.source) == (
        State.SPOOLED,
        Place.SPOOL,
        "floor 2",
    )
    assert inbox.files() == {inbox.where(document): SCAN}
    assert path.parent.is_dir()  # a scanner's folder is left alone


def test_a_file_that_grew_since_it_was_seen_stays_in_the_inbox(inbox: Yard) -> None:
    path = inbox.drop()
    move = inbox.plan_claim(path)
    path.write_bytes(SCAN + b"more")
    check_refused(inbox, move, path, SCAN + b"more")


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_stays(inbox: Yard) -> None:
    path = inbox.drop()
    move, before = inbox.plan_claim(path), path.stat()
    other = inbox.drop("other.pdf", SCAN[::-1])
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)
    with pytest.raises(FileChangedError):
        inbox.mover().complete(move, actor="daemon", inode=before.st_ino)
    assert inbox.files() == {path: SCAN[::-1]}


def test_a_file_that_was_replaced_by_a_link_stays(inbox: Yard, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_bytes(SCAN)
    path = inbox.drop()
    move, status = inbox.plan_claim(path), path.stat()
    path.unlink()
    path.symlink_to(secret)
    os.utime(secret, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(FileChangedError):
        inbox.mover().complete(move, actor="daemon")
    assert path.is_symlink()
    assert not any(inbox.roots[Place.SPOOL].glob("*.pdf"))


def test_a_named_pipe_under_the_name_does_not_stop_the_daemon(inbox: Yard) -> None:
    path = inbox.drop()
    move = inbox.plan_claim(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileChangedError):
        inbox.mover().complete(move, actor="daemon")


def test_a_file_written_to_during_the_rename_is_given_back(inbox: Yard) -> None:
    path = inbox.drop()
    move = inbox.plan_claim(path)

    def write(announcement: str) -> None:
        if announcement in {"rename:before", "link:before", "claim-private:before"}:
            with path.open("ab") as late_writer:
                late_writer.write(b"x")

    with pytest.raises(FileChangedError):
        inbox.mover(write).complete(move, actor="daemon")
    [(where, content)] = inbox.files().items()
    assert where == path
    assert content.startswith(SCAN + b"x")
    inbox.mover().abandon(move, actor="daemon", reason="changed")
    again = inbox.mover().complete(inbox.plan_claim(path), actor="daemon")
    assert inbox.files() == {inbox.where(again): content}


def test_a_file_that_is_given_back_does_not_replace_a_new_one(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard()
    path = yard.drop()
    move = yard.plan_claim(path)

    def write(announcement: str) -> None:
        if announcement == "rename:before":
            path.write_bytes(b"half")
        if announcement == "rename:after":
            yard.drop(content=b"new scan")

    with pytest.raises(FileChangedError):
        yard.mover(write).complete(move, actor="daemon")
    assert yard.files() == {path: b"new scan", path.with_name("scan-2.pdf"): b"half"}


def test_a_file_with_a_second_hard_link_is_copied(inbox: Yard) -> None:
    """Whoever holds the other name could change our bytes, and would find its mode changed."""
    path = inbox.drop()
    other = inbox.roots[Place.INBOX].parent / "kept by the scanner.pdf"
    other.hardlink_to(path)
    other.chmod(0o644)
    document = inbox.mover().complete(inbox.plan_claim(path), actor="daemon")
    assert inbox.files() == {inbox.where(document): SCAN}
    assert inbox.where(document).stat().st_nlink == 1
    assert (other.stat().st_nlink, other.stat().st_mode & 0o777) == (1, 0o644)


def test_a_file_of_another_user_is_copied_so_that_it_becomes_ours(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").touch()
    ours = (tmp_path / "scan.pdf").stat()
    assert not transfer._must_copy(ours)
    fields = list(ours)
    fields[4] = os.geteuid() + 1  # st_uid
    assert transfer._must_copy(os.stat_result(fields)) == (os.geteuid() != 0)


def test_a_sub_folder_on_a_mount_of_its_own_is_claimed_by_copying(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard(disk=SubMount)
    path = yard.drop("scanner/scan.pdf")
    document = yard.mover().complete(yard.plan_claim(path), actor="daemon")
    assert yard.files() == {yard.where(document): SCAN}
    assert document.sha256 == yard.disk.sha256(yard.where(document))


def test_a_new_file_under_the_old_name_is_left_for_its_own_claim(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard(disk=SubMount)
    path = yard.drop("scanner/scan.pdf")
    move = yard.plan_claim(path)

    def drop_again(announcement: str) -> None:
        if announcement == "target-sync:before":
            path.unlink()
            yard.drop("scanner/scan.pdf", b"the next scan")

    document = yard.mover(drop_again).complete(move, actor="daemon")
    assert yard.files() == {yard.where(document): SCAN, path: b"the next scan"}


def test_a_file_that_somebody_took_out_is_gone(inbox: Yard) -> None:
    path = inbox.drop()
    move = inbox.plan_claim(path)
    path.unlink()
    with pytest.raises(FileGoneError):
        inbox.mover().complete(move, actor="daemon")
    assert inbox.mover().abandon(move, actor="daemon", reason="gone").state is State.WITHDRAWN


def test_a_file_that_changes_while_it_is_copied_is_given_back(
    make_yard: Callable[..., Yard],
) -> None:
    class Slow(TwoMounts):
        def copy_durably(self, source: Path, target: Path) -> str:
            digest = super().copy_durably(source, target)
            with source.open("ab") as late_writer:
                late_writer.write(b"more")
            return digest

    yard = make_yard(two_mounts=True, disk=Slow)
    path = yard.drop()
    with pytest.raises(FileChangedError):
        yard.mover().complete(yard.plan_claim(path), actor="daemon")
    assert yard.files() == {path: SCAN + b"more"}


def test_a_claim_that_fails_half_way_is_given_back_when_it_is_abandoned(
    make_yard: Callable[..., Yard],
) -> None:
    class Full(TwoMounts):
        def copy_durably(self, source: Path, target: Path) -> str:
            del source
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    yard = make_yard(two_mounts=True, disk=Full)
    path = yard.drop()
    move = yard.plan_claim(path)
    with pytest.raises(EnvironmentFaultError, match="the disk is full"):
        yard.mover().complete(move, actor="daemon")
    assert [p.name for p in yard.files()] == [f"claim-{move.id}-scan.pdf"]
    yard.mover().abandon(move, actor="daemon", reason="disk full")
    assert yard.files() == {path: SCAN}


def test_an_orphan_in_the_spool_is_not_taken_for_the_document(inbox: Yard) -> None:
    """It may be there when the database was replaced by an old backup."""
    move = inbox.plan_claim(inbox.drop())
    orphan = inbox.roots[Place.SPOOL] / move.to_path
    orphan.write_bytes(b"an older document")
    document = inbox.mover().complete(move, actor="daemon")
    assert inbox.files() == {orphan: b"an older document", inbox.where(document): SCAN}


def check_refused(yard: Yard, move: Move, path: Path, content: bytes) -> None:
    with pytest.raises(FileChangedError):
        yard.mover().complete(move, actor="daemon", inode=path.stat().st_ino)
    assert yard.files() == {path: content}
    document = yard.mover().abandon(move, actor="daemon", reason="changed")
    assert document.state is State.WITHDRAWN
    assert yard.files() == {path: content}
