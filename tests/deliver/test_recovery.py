import datetime as dt
import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docsorter.deliver.recovery import recover
from docsorter.documents import MoveState, Place, ReasonCode, State
from tests.deliver.yard import SCAN, Crash, TwoMounts, Yard


def crash_at(announcement: str) -> Callable[[str], None]:
    def crash(seen: str) -> None:
        if seen == announcement:
            raise Crash(seen)

    return crash


def test_nothing_planned_is_nothing_to_do(yard: Yard) -> None:
    yard.claimed()
    before = yard.files()
    report = recover(yard.store, yard.mover())
    assert (report.completed, report.missing, report.returned) == ([], [], [])
    assert yard.files() == before


def test_planned_moves_are_carried_out_in_their_order(yard: Yard) -> None:
    moves = [yard.plan_sort(yard.claimed()) for _ in range(3)]
    report = recover(yard.store, yard.mover())
    assert report.completed == [move.document_id for move in moves]
    names = [
        yard.store.documents.get(number).path.rpartition("/")[2] for number in report.completed
    ]
    assert names == ["scan.pdf", "scan-2.pdf", "scan-3.pdf"]
    event = yard.store.documents.events(document_id=moves[0].document_id)[-1]
    assert (event.kind, event.detail) == ("delivered", {"recovered": True})


def test_a_file_taken_out_of_the_inbox_is_withdrawn_quietly(yard: Yard) -> None:
    path = yard.drop()
    move = yard.plan_claim(path)
    path.unlink()
    report = recover(yard.store, yard.mover())
    assert report.withdrawn == [move.document_id]
    assert yard.store.documents.get(move.document_id).state is State.WITHDRAWN


def test_a_file_that_changed_since_its_claim_was_planned_waits_in_the_inbox(yard: Yard) -> None:
    path = yard.drop()
    move = yard.plan_claim(path)
    path.write_bytes(SCAN * 2)
    report = recover(yard.store, yard.mover())
    assert report.changed == [move.document_id]
    assert yard.store.documents.get(move.document_id).state is State.WITHDRAWN
    assert yard.files() == {path: SCAN * 2}


def test_a_document_that_changed_in_the_spool_is_looked_at_again(yard: Yard) -> None:
    document = yard.claimed()
    move = yard.plan_sort(document)
    yard.where(document).write_bytes(SCAN * 2)
    report = recover(yard.store, yard.mover())
    assert report.changed == [document.id]
    after = yard.store.documents.get(document.id)
    assert (after.state, after.next_try_at) == (
        State.SPOOLED,
        yard.clock.now() + dt.timedelta(seconds=15),
    )
    assert after.waiting is not None
    assert after.waiting.code is ReasonCode.CHANGED
    assert yard.store.moves.get(move.id).state is MoveState.ABANDONED


def test_a_file_written_to_after_its_claim_rests_before_it_is_read(yard: Yard) -> None:
    move = yard.plan_claim(yard.drop())
    with pytest.raises(Crash):
        yard.mover(crash_at("rename:after")).complete(move, actor="daemon")
    with (yard.roots[Place.SPOOL] / move.to_path).open("ab") as late_writer:
        late_writer.write(b"more")
    assert recover(yard.store, yard.mover()).completed == [move.document_id]
    document = yard.store.documents.get(move.document_id)
    assert document.size == len(SCAN) + 4
    assert document.waiting is not None
    assert document.waiting.code is ReasonCode.CHANGED


def test_a_missing_document_is_said_once_and_found_when_it_comes_back(yard: Yard) -> None:
    document = yard.in_review()
    yard.plan_answer(document)
    elsewhere = yard.base / "elsewhere.pdf"
    yard.where(document).rename(elsewhere)
    for _ in range(3):
        assert recover(yard.store, yard.mover()).missing == [document.id]
    kinds = [event.kind for event in yard.store.documents.events(document_id=document.id)]
    assert kinds.count("missing") == 1
    waiting = yard.store.documents.get(document.id).waiting
    assert waiting is not None
    assert waiting.code is ReasonCode.MISSING
    assert "is gone" in waiting.text
    elsewhere.rename(yard.where(document))
    yard.clock.advance(300)
    due = yard.store.moves.planned(due_at=yard.clock.now())
    assert recover(yard.store, yard.mover(), moves=due).completed == [document.id]
    assert yard.store.documents.get(document.id).state is State.SORTED


def test_trouble_with_one_document_does_not_keep_the_others_waiting(yard: Yard) -> None:
    class Picky(TwoMounts):
        def _rename_flag(self, source: Path, target: Path) -> int:
            is_bad = target.name == "bad.pdf"
            return errno.EROFS if is_bad else super()._rename_flag(source, target)

    bad = yard.plan_sort(yard.claimed(), "bad.pdf")
    good = yard.plan_sort(yard.claimed(), "good.pdf")
    yard.disk = Picky()
    report = recover(yard.store, yard.mover())
    assert (report.waiting, report.completed) == ([bad.document_id], [good.document_id])
    waiting = yard.store.documents.get(bad.document_id).waiting
    assert waiting is not None
    assert waiting.code is ReasonCode.READ_ONLY


def test_a_claim_of_a_database_that_was_replaced_goes_back_to_the_inbox(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard(two_mounts=True, disk=TwoMounts)
    move = yard.plan_claim(yard.drop("Müller.pdf"))
    with pytest.raises(Crash):
        yard.mover(crash_at("claim-private:after")).complete(move, actor="daemon")
    yard.store.moves.abandon(move.id, actor="backup", reason="forgotten", withdraw=True)
    yard.drop("Müller.pdf", b"the next scan")
    report = recover(yard.store, yard.mover())
    assert report.returned == ["Müller-2.pdf"]
    inbox = yard.roots[Place.INBOX]
    assert yard.files() == {
        inbox / "Müller.pdf": b"the next scan",
        inbox / "Müller-2.pdf": SCAN,
    }


def test_files_that_are_not_ours_stay_in_the_private_folder(yard: Yard) -> None:
    private = yard.roots[Place.INBOX] / ".docsorter"
    private.mkdir()
    (private / "claim-notes").touch()
    (private / "README").touch()
    assert recover(yard.store, yard.mover()).returned == []
    assert sorted(path.name for path in private.iterdir()) == ["README", "claim-notes"]


def test_a_newcomer_under_the_old_name_is_not_taken_for_the_document(yard: Yard) -> None:
    document = yard.in_review()
    move = yard.plan_answer(document)
    with pytest.raises(Crash):
        yard.mover(crash_at("target-sync:after")).complete(move, actor="ada")
    newcomer = yard.where(document)
    newcomer.write_bytes(b"put here by hand")
    assert recover(yard.store, yard.mover()).completed == [document.id]
    after = yard.store.documents.get(document.id)
    assert yard.where(after).read_bytes() == SCAN
    assert newcomer.read_bytes() == b"put here by hand"


def test_a_document_delivered_without_its_sidecar_gets_it(yard: Yard) -> None:
    """A power cut may keep the document's name and lose the sidecar's."""
    move = yard.plan_sort(yard.claimed())
    yard.mover()._move(move.id, None)
    path = yard.roots[Place.SORTED] / move.to_path
    path.with_name("scan.pdf.json").unlink()
    recover(yard.store, yard.mover())
    assert yard.owner(path.with_name("scan.pdf.json")) == move.document_id


def test_a_half_copy_is_begun_anew(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(two_mounts=True, disk=TwoMounts)
    move = yard.plan_sort(yard.claimed())
    folder = (yard.roots[Place.SORTED] / move.to_path).parent
    folder.mkdir(parents=True)
    half = folder / f".docsorter-{move.id}.part"
    half.write_bytes(SCAN[:10])
    (folder / f".docsorter-{move.id}.sidecar").write_bytes(b"{")
    stranger = folder / f".docsorter-{move.id}0.part"
    stranger.write_bytes(b"of another move")
    os.utime(half, ns=(1, 1))
    recover(yard.store, yard.mover())
    names = {path.name for path in yard.files()}
    assert names == {"scan.pdf", "scan.pdf.json", stranger.name}


def test_the_same_bytes_delivered_meanwhile_are_not_taken_for_the_copy(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard(two_mounts=True, disk=TwoMounts, sidecar=False)
    slow, quick = (yard.plan_sort(yard.claimed()) for _ in range(2))
    with pytest.raises(Crash):
        yard.mover(crash_at("record:after")).complete(slow, actor="daemon")
    first = yard.mover().complete(quick, actor="daemon")
    assert recover(yard.store, yard.mover()).completed == [slow.document_id]
    second = yard.store.documents.get(slow.document_id)
    assert (first.path, second.path) == ("invoice/2026/scan.pdf", "invoice/2026/scan-2.pdf")
    assert yard.files() == {yard.where(first): SCAN, yard.where(second): SCAN}
