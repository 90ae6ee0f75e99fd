import datetime as dt
import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docsorter.deliver.transfer import FileChangedError, FileGoneError
from docsorter.documents import MoveState, Place, ReasonCode, State
from docsorter.errors import ConflictError, EnvironmentFaultError, WorkspaceError
from docsorter.filesystem import Disk, environment_reason
from docsorter.settings import DeliverSettings, Settings
from docsorter.store import Destination
from tests.deliver.yard import SCAN, SURE, NoLinks, TwoMounts, Yard


def test_a_sorted_document_lies_under_its_name_beside_its_sidecar(yard: Yard) -> None:
    document = yard.claimed()
    move = yard.plan_sort(document)
    delivered = yard.mover().complete(move, actor="daemon")
    path = yard.roots[Place.SORTED] / "invoice/2026/scan.pdf"
    assert (delivered.state, delivered.place) == (State.SORTED, Place.SORTED)
    assert yard.files() == {path: SCAN, path.with_name("scan.pdf.json"): _text(move.sidecar)}
    assert [event.kind for event in yard.store.documents.events(document_id=document.id)][
        -1
    ] == "delivered"


@pytest.mark.parametrize("disk", [Disk, TwoMounts, NoLinks])
def test_modes_are_set_and_the_time_of_the_scan_is_kept(
    make_yard: Callable[..., Yard], disk: type[Disk]
) -> None:
    yard = make_yard(two_mounts=disk is not Disk, disk=disk)
    yard.settings = Settings(deliver=DeliverSettings(file_mode="0604", dir_mode="2751"))
    dropped = yard.drop()
    os.utime(dropped, ns=(10**18, 10**18 + 7))
    dropped.chmod(0o777)
    document = yard.mover().complete(yard.plan_claim(dropped), actor="daemon")
    assert yard.where(document).stat().st_mode & 0o7777 == 0o600
    delivered = yard.mover().complete(yard.plan_sort(document), actor="daemon")
    path = yard.where(delivered)
    assert path.stat().st_mode & 0o7777 == 0o604
    assert path.stat().st_mtime_ns == 10**18 + 7
    assert path.with_name("scan.pdf.json").stat().st_mode & 0o7777 == 0o604
    assert path.parent.stat().st_mode & 0o7777 == 0o2751


def test_names_collide_politely(yard: Yard) -> None:
    names = []
    for _ in range(3):
        move = yard.plan_sort(yard.claimed())
        names.append(yard.mover().complete(move, actor="daemon").path)
    assert names == [f"invoice/2026/scan{number}.pdf" for number in ("", "-2", "-3")]
    assert sorted(yard.files().values()).count(SCAN) == 3


@pytest.mark.parametrize("foreign", ["scan.pdf", "scan.pdf.json"])
def test_a_foreign_file_is_never_overwritten(yard: Yard, foreign: str) -> None:
    taken = yard.roots[Place.SORTED] / "invoice/2026" / foreign
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"somebody else's")
    delivered = yard.mover().complete(yard.plan_sort(yard.claimed()), actor="daemon")
    assert delivered.path == "invoice/2026/scan-2.pdf"
    assert taken.read_bytes() == b"somebody else's"
    names = {path.name for path in yard.files()}
    assert names == {foreign, "scan-2.pdf", "scan-2.pdf.json"}


@pytest.mark.parametrize("disk", [Disk, TwoMounts])
def test_a_name_that_is_taken_at_the_last_moment_keeps_no_sidecar_of_ours(
    make_yard: Callable[..., Yard], disk: type[Disk]
) -> None:
    yard = make_yard(two_mounts=disk is TwoMounts, disk=disk)
    taken = yard.roots[Place.SORTED] / "invoice/2026/scan.pdf"

    def take(announcement: str) -> None:
        if announcement == "permissions:before":
            taken.write_bytes(b"somebody else's")

    delivered = yard.mover(take).complete(yard.plan_sort(yard.claimed()), actor="daemon")
    assert delivered.path == "invoice/2026/scan-2.pdf"
    names = sorted(path.name for path in yard.files())
    assert names == ["scan-2.pdf", "scan-2.pdf.json", "scan.pdf"]
    assert taken.read_bytes() == b"somebody else's"


def test_a_dangling_link_under_the_name_is_left_alone(yard: Yard, tmp_path: Path) -> None:
    taken = yard.roots[Place.SORTED] / "scan.pdf"
    taken.symlink_to(tmp_path / "nowhere")
    delivered = yard.mover().complete(yard.plan_sort(yard.claimed(), "scan.pdf"), actor="daemon")
    assert delivered.path == "scan-2.pdf"
    assert taken.is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_a_thousand_neighbours_of_the_same_name_do_not_slow_a_delivery(yard: Yard) -> None:
    folder = yard.roots[Place.SORTED]
    (folder / "scan.pdf").touch()
    for number in range(2, 1001):
        (folder / f"scan-{number}.pdf").touch()
    delivered = yard.mover().complete(yard.plan_sort(yard.claimed(), "scan.pdf"), actor="daemon")
    assert delivered.path == "scan-1001.pdf"


def test_threads_delivering_the_same_name_give_every_document_its_own(yard: Yard) -> None:
    moves = [yard.plan_sort(yard.claimed(content=SCAN + bytes([n]))) for n in range(8)]
    start = threading.Barrier(4)

    def deliver(part: int) -> list[str]:
        mover = yard.mover()
        start.wait(timeout=30)
        return [mover.complete(move, actor="daemon").path for move in moves[part::4]]

    with ThreadPoolExecutor(4) as pool:
        paths = [path for done in pool.map(deliver, range(4)) for path in done]
    assert len(set(paths)) == 8
    documents = [yard.store.documents.get(move.document_id) for move in moves]
    contents = [yard.where(document).read_bytes() for document in documents]
    assert contents == [SCAN + bytes([n]) for n in range(8)]
    assert len(yard.files()) == 16
    for document in documents:
        path = yard.where(document)
        assert yard.owner(path.with_name(path.name + ".json")) == document.id


def test_threads_carrying_out_the_same_move_deliver_once(yard: Yard) -> None:
    move = yard.plan_sort(yard.claimed())
    inside, go_on = threading.Event(), threading.Event()

    def hold(announcement: str) -> None:
        if announcement == "rename:before":
            inside.set()
            assert go_on.wait(timeout=30)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(yard.mover(hold).complete, move, actor="daemon")
        assert inside.wait(timeout=30)
        with pytest.raises(EnvironmentFaultError) as caught:
            yard.mover().complete(move, actor="ada")
        go_on.set()
        assert first.result(timeout=30).state is State.SORTED
    assert isinstance(caught.value.__cause__, OSError)
    assert environment_reason(caught.value.__cause__).code is ReasonCode.BUSY
    with pytest.raises(ConflictError, match="done already"):
        yard.mover().complete(move, actor="ada")
    assert len(yard.files()) == 2


def test_an_answer_leaves_nothing_in_review(yard: Yard) -> None:
    document = yard.in_review("desk/left/scan.pdf")
    answered = yard.mover().complete(yard.plan_answer(document), actor="ada")
    assert answered.path == "claim/2026/scan.pdf"
    assert list(yard.roots[Place.REVIEW].iterdir()) == []


def test_a_review_folder_that_holds_more_is_kept(yard: Yard) -> None:
    document = yard.in_review("desk/left/scan.pdf")
    note = yard.roots[Place.REVIEW] / "desk/note.txt"
    note.write_text("please hurry")
    yard.mover().complete(yard.plan_answer(document), actor="ada")
    assert list(yard.roots[Place.REVIEW].rglob("*")) == [note.parent, note]


def test_an_undo_brings_document_and_entry_back(yard: Yard) -> None:
    sorted_one = yard.mover().complete(yard.plan_answer(yard.in_review()), actor="ada")
    back = yard.mover().complete(yard.plan_undo(sorted_one), actor="ada")
    assert (back.state, back.path) == (State.REVIEW, "scan.pdf")
    assert yard.store.review.entry_for_document(back.id).document.id == back.id
    assert not list((yard.roots[Place.SORTED] / "claim/2026").iterdir())


def test_a_document_that_a_person_edited_in_review_is_delivered_as_it_is_now(yard: Yard) -> None:
    document = yard.in_review()
    yard.where(document).write_bytes(SCAN + b"a note")
    delivered = yard.mover().complete(yard.plan_answer(document), actor="ada")
    assert yard.where(delivered).read_bytes() == SCAN + b"a note"
    assert delivered.size == len(SCAN) + 6
    assert delivered.sha256 == yard.disk.sha256(yard.where(delivered))


@pytest.mark.parametrize("two_mounts", [False, True])
def test_bytes_that_changed_in_the_spool_are_not_published(
    make_yard: Callable[..., Yard], *, two_mounts: bool
) -> None:
    yard = make_yard(two_mounts=two_mounts, disk=TwoMounts)
    document = yard.claimed()
    move = yard.plan_sort(document)
    with yard.where(document).open("ab") as late_writer:
        late_writer.write(b"more")
    with pytest.raises(FileChangedError):
        yard.mover().complete(move, actor="daemon")
    back = yard.mover().abandon(move, actor="daemon", reason="changed")
    assert (back.state, back.verdict) == (State.SPOOLED, None)
    assert yard.files() == {yard.where(document): SCAN + b"more"}


def test_bytes_that_change_while_they_are_copied_are_not_published(
    make_yard: Callable[..., Yard],
) -> None:
    class Slow(TwoMounts):
        def copy_durably(self, source: Path, target: Path) -> str:
            digest = super().copy_durably(source, target)
            with source.open("ab") as late_writer:
                late_writer.write(b"more")
            return digest

    yard = make_yard(two_mounts=True, disk=TwoMounts)
    document = yard.in_review()
    yard.disk = Slow()
    with pytest.raises(FileChangedError):
        yard.mover().complete(yard.plan_answer(document), actor="ada")
    assert SCAN + b"more" in yard.files().values()
    assert not any(yard.roots[Place.SORTED].rglob("*.pdf"))


def test_a_copy_that_reads_back_differently_is_not_published(
    make_yard: Callable[..., Yard],
) -> None:
    class Rotten(TwoMounts):
        def copy_durably(self, source: Path, target: Path) -> str:
            digest = super().copy_durably(source, target)
            target.write_bytes(b"rot" + target.read_bytes()[3:])
            return digest

    yard = make_yard(two_mounts=True, disk=Disk)
    document = yard.claimed()
    yard.disk = Rotten()
    with pytest.raises(EnvironmentFaultError, match="the storage answers with an error"):
        yard.mover().complete(yard.plan_sort(document), actor="daemon")
    assert yard.where(document).read_bytes() == SCAN
    assert not any(yard.roots[Place.SORTED].rglob("*.pdf"))


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, ReasonCode.DISK_FULL),
        (errno.EROFS, ReasonCode.READ_ONLY),
        (errno.EIO, ReasonCode.STORAGE_GONE),
        (errno.EACCES, ReasonCode.NO_PERMISSION),
    ],
)
def test_trouble_with_the_disk_pauses_and_the_same_move_succeeds_later(
    make_yard: Callable[..., Yard], number: int, code: ReasonCode
) -> None:
    class Failing(TwoMounts):
        is_failing = True

        def copy_durably(self, source: Path, target: Path) -> str:
            digest = super().copy_durably(source, target)
            if self.is_failing:
                raise OSError(number, os.strerror(number), str(target))
            return digest

    yard = make_yard(two_mounts=True, disk=TwoMounts)
    document = yard.claimed()
    move = yard.plan_sort(document)
    yard.disk = disk = Failing()
    with pytest.raises(EnvironmentFaultError) as caught:
        yard.mover().complete(move, actor="daemon")
    assert isinstance(caught.value.__cause__, OSError)
    assert environment_reason(caught.value.__cause__).code is code
    assert caught.value.remedy
    assert yard.where(document).read_bytes() == SCAN
    disk.is_failing = False
    delivered = yard.mover().complete(move, actor="daemon")
    assert len(yard.files()) == 2
    assert yard.where(delivered).read_bytes() == SCAN


def test_a_root_that_is_gone_is_not_made_anew(yard: Yard) -> None:
    move = yard.plan_sort(yard.claimed())
    yard.roots[Place.SORTED].rmdir()
    with pytest.raises(EnvironmentFaultError, match="the device is gone"):
        yard.mover().complete(move, actor="daemon")
    assert not yard.roots[Place.SORTED].exists()


def test_a_link_among_the_folders_is_not_followed(yard: Yard, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (yard.roots[Place.SORTED] / "invoice").symlink_to(outside)
    with pytest.raises(EnvironmentFaultError, match="a link or a file is where a folder must be"):
        yard.mover().complete(yard.plan_sort(yard.claimed()), actor="daemon")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["../scan.pdf", "/etc/scan.pdf", "a/../../scan.pdf", ""])
def test_a_planned_path_that_leaves_its_root_is_refused(yard: Yard, path: str) -> None:
    with pytest.raises(WorkspaceError, match="leaves its root"):
        yard.mover().complete(yard.plan_sort(yard.claimed(), path), actor="daemon")


def test_a_name_that_is_too_long_for_the_disk_is_shortened(yard: Yard) -> None:
    class Encrypted(Disk):
        def _rename_flag(self, source: Path, target: Path) -> int:
            is_long = len(os.fsencode(target.name)) > 143
            return errno.ENAMETOOLONG if is_long else super()._rename_flag(source, target)

    document = yard.claimed()
    yard.disk = Encrypted()
    move = yard.plan_sort(document, f"invoice/{'x' * 200}.pdf")
    delivered = yard.mover().complete(move, actor="daemon")
    assert delivered.path == f"invoice/{'x' * 96}.pdf"
    assert len(yard.files()) == 2


def test_a_folder_that_is_pruned_meanwhile_is_made_again(yard: Yard) -> None:
    move = yard.plan_review(yard.claimed(), "desk/scan.pdf")
    folder = yard.roots[Place.REVIEW] / "desk"
    pruned: list[str] = []

    def prune_once(announcement: str) -> None:
        if announcement == "folder:after" and not pruned:
            pruned.append(announcement)
            folder.rmdir()

    queued = yard.mover(prune_once).complete(move, actor="daemon")
    assert pruned
    assert queued.path == "desk/scan.pdf"
    assert len(yard.files()) == 2


def test_a_document_that_vanished_is_reported_and_leaves_no_sidecar(yard: Yard) -> None:
    document = yard.in_review()
    move = yard.plan_answer(document)
    yard.where(document).unlink()
    with pytest.raises(FileGoneError, match="neither in review as"):
        yard.mover().complete(move, actor="ada")
    assert not any(path.is_file() for path in yard.roots[Place.SORTED].rglob("*"))


def test_an_abandoned_answer_leaves_the_document_in_review(yard: Yard) -> None:
    document = yard.in_review()
    before = yard.files()
    move = yard.plan_answer(document)
    back = yard.mover().abandon(move, actor="ada", reason="changed my mind")
    assert back.state is State.REVIEW
    assert yard.files() == before
    assert yard.store.moves.get(move.id).state is MoveState.ABANDONED


def test_a_move_whose_bytes_have_arrived_cannot_be_abandoned(yard: Yard) -> None:
    move = yard.plan_sort(yard.claimed())
    yard.mover()._move(move.id, None)
    with pytest.raises(ConflictError, match="has arrived already"):
        yard.mover().abandon(move, actor="daemon", reason="too late")
    assert yard.mover().complete(move, actor="daemon").state is State.SORTED


def test_a_delivered_document_has_its_place_size_and_digest(yard: Yard) -> None:
    document = yard.claimed()
    delivered = yard.mover().complete(yard.plan_sort(document), actor="daemon")
    assert (delivered.place, delivered.path) == (Place.SORTED, "invoice/2026/scan.pdf")
    assert (delivered.size, delivered.sha256) == (len(SCAN), document.sha256)


def test_a_rejected_document_goes_to_its_place(yard: Yard) -> None:
    document = yard.claimed("bad.pdf")
    sidecar = yard.sidecar(document, SURE)
    destination = Destination(Place.REJECTED, "bad.pdf", State.REJECTED, sidecar)
    move = yard.store.moves.plan(document.id, destination, actor="daemon", expect=State.SPOOLED)
    rejected = yard.mover().complete(move, actor="daemon")
    assert (rejected.state, rejected.finished_at) == (
        State.REJECTED,
        dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC),
    )


def _text(sidecar: str | None) -> bytes:
    assert sidecar is not None
    return sidecar.encode()
