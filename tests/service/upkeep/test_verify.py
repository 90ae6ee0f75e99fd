"""Verification finds what is not as it should be, and repair mends what loses nothing."""

import json
import shutil
from pathlib import Path

import pytest

from docsorter.documents import Place, State
from docsorter.service.upkeep.verify import FindingKind, Repairer, Verifier, VerifyFinding
from docsorter.store import Destination
from docsorter.store.tables import DocumentRow, EntryRow, TallyRow
from tests.service.desk import Desk


def sort(desk: Desk, name: str, content: bytes) -> Path:
    return desk.path(desk.pipeline.handle(desk.drop(name, content).id))


def verify(desk: Desk) -> list[VerifyFinding]:
    return Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings


def troubles(desk: Desk) -> list[tuple[str, int | None]]:
    return [(finding.trouble.value, finding.document_id) for finding in verify(desk)]


def repair(desk: Desk) -> list[VerifyFinding]:
    mender = Repairer(desk.configuration, desk.store, desk.mover, "anna", desk.clock)
    return mender.repair(verify(desk))


def some(desk: Desk) -> None:
    sort(desk, "a.pdf", b"invoice 0.99")
    sort(desk, "b.pdf", b"claim 0.5")
    sort(desk, "c.pdf", b"broken")
    desk.drop("d.pdf", b"letter 0.99")


def test_a_sound_workspace_has_no_findings_and_is_read_completely(desk: Desk) -> None:
    some(desk)
    told: list[tuple[str, int, int]] = []
    report = Verifier(desk.configuration, desk.store, clock=desk.clock).verify(
        lambda *stage: told.append(stage)
    )
    assert (report.documents, report.findings) == (4, [])
    assert report.files == 6  # two sidecars
    assert {stage for stage, _, _ in told} >= {"database", "documents", "files in sorted"}
    assert all(done <= total for _, done, total in told)


def test_missing_changed_and_strange_files_are_found_and_never_touched(desk: Desk) -> None:
    some(desk)
    sorted_ = desk.path(desk.store.documents.get(1))
    sorted_.unlink()
    review = desk.path(desk.store.documents.get(2))
    review.write_bytes(b"claim 0.6")
    rejected = desk.path(desk.store.documents.get(3))
    kept = rejected.rename(rejected.with_name("elsewhere"))
    rejected.symlink_to("/etc/passwd")
    assert sorted(troubles(desk)) == [
        ("changed", 2), ("lonely_sidecar", None), ("missing", 1),
        ("not_a_file", 3), ("unknown_file", None),
    ]  # fmt: skip
    after = repair(desk)
    assert not [finding.repaired for finding in after if finding.document_id and finding.repaired]
    assert review.read_bytes() == b"claim 0.6"
    assert rejected.is_symlink()
    assert kept.exists()


def test_a_lost_sidecar_is_written_anew_and_a_foreign_one_is_left(desk: Desk) -> None:
    path = sort(desk, "a.pdf", b"invoice 0.99")
    sidecar = path.with_name("a.pdf.json")
    before = sidecar.read_bytes()
    sidecar.unlink()
    assert troubles(desk) == [("sidecar", 1)]
    (done,) = repair(desk)
    assert done.repaired
    assert sidecar.read_bytes() == before
    assert desk.store.documents.events(document_id=1)[-1].kind == "sidecar_written"
    sidecar.write_text('{"mine": 1}')
    (left,) = [f for f in repair(desk) if f.trouble is FindingKind.SIDECAR]
    assert not left.repaired
    assert "another file has its name" in left.remedy
    assert sidecar.read_text() == '{"mine": 1}'


def test_a_document_renamed_by_hand_is_found_again_with_its_sidecar(desk: Desk) -> None:
    path = sort(desk, "a.pdf", b"invoice 0.99")
    (path.parent / "vendor").mkdir()
    moved = path.rename(path.parent / "vendor" / "march.pdf")
    assert {trouble for trouble, _ in troubles(desk)} >= {"missing", "unknown_file"}
    assert all(finding.repaired for finding in repair(desk))
    assert verify(desk) == []
    assert desk.path(desk.store.documents.get(1)) == moved
    assert moved.with_name("march.pdf.json").exists()
    assert desk.store.documents.events(document_id=1)[-1].kind == "relocated"


def test_files_of_a_lost_database_go_back_to_the_inbox_or_are_known_again(
    desk: Desk,
) -> None:
    lost = Desk(desk.configuration, desk.clock)
    some(lost)
    before = {d.id: d for d in lost.store.documents.find()}
    with lost.store.database.write() as session:  # as after a restore of an empty backup
        for table in ("moves", "predictions", "review_entries", "documents", "tallies"):
            session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = 1")
            session.connection().exec_driver_sql("DROP TRIGGER IF EXISTS events_refuse_delete")
            session.connection().exec_driver_sql("DELETE FROM events")
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
    lost.store.close()
    assert troubles(desk) == [("unknown_file", None)] * 4
    assert all(finding.repaired for finding in repair(desk))
    assert verify(desk) == []
    inbox = desk.configuration.root(Place.INBOX)
    assert sorted(p.name for p in inbox.glob("*.pdf")) == ["b.pdf", "recovered-4.pdf"]
    known = {d.name: d for d in desk.store.documents.find()}
    assert (known["a.pdf"].state, known["c.pdf"].state) == (State.SORTED, State.REJECTED)
    assert known["a.pdf"].sha256 == before[1].sha256
    assert known["a.pdf"].verdict is not None
    assert known["a.pdf"].verdict.label == "invoice"
    sidecar = json.loads(desk.path(known["a.pdf"]).with_name("a.pdf.json").read_text())
    assert sidecar["id"] == known["a.pdf"].id
    assert desk.store.upkeep.integrity_check() == []
    assert {event.kind for event in desk.store.documents.events()} == {"adopted", "returned"}


def test_a_sidecar_that_speaks_of_other_bytes_is_not_believed(desk: Desk) -> None:
    path = sort(desk, "a.pdf", b"invoice 0.99")
    forged = path.with_name("forged.pdf")
    forged.write_bytes(b"invoice 0.98")
    shutil.copy(path.with_name("a.pdf.json"), path.with_name("forged.pdf.json"))
    copied = path.with_name("copy.pdf")
    shutil.copy(path, copied)
    shutil.copy(path.with_name("a.pdf.json"), path.with_name("copy.pdf.json"))
    after = repair(desk)
    assert [f.path.rpartition("/")[2] for f in after] == ["copy.pdf", "forged.pdf"]
    assert not any(finding.repaired for finding in after)
    assert desk.store.documents.counts().total == 1


def test_wrong_counters_and_entries_are_mended(desk: Desk) -> None:
    some(desk)
    with desk.store.database.write() as session:
        session.get_one(TallyRow, (State.SORTED, "invoice", False)).documents = 7
        session.query(EntryRow).update({EntryRow.closed_at: desk.clock.now()})
    assert troubles(desk) == [("counters", None), ("entry", 2)]
    assert all(finding.repaired for finding in repair(desk))
    assert verify(desk) == []
    assert [entry.document.id for entry in desk.store.review.entries()] == [2]
    with desk.store.database.write() as session:
        session.get_one(DocumentRow, 2).state = State.SORTED
    assert ("entry", 2) in troubles(desk)


def test_a_move_that_nobody_finishes_is_taken_up_again(desk: Desk) -> None:
    document = desk.drop("a.pdf", b"letter 0.99")
    back = Destination(Place.REVIEW, "a.pdf", State.REVIEW)
    desk.store.moves.plan(document.id, back, actor="test")
    assert verify(desk) == []  # somebody may be about to
    desk.clock.advance(61)
    assert troubles(desk) == [("open_move", 1)]
    repair(desk)
    assert verify(desk) == []
    assert desk.files(Place.REVIEW) == ["a.pdf"]


def test_a_leftover_of_an_old_move_is_said_and_left(desk: Desk) -> None:
    path = sort(desk, "a.pdf", b"invoice 0.99")
    rest = path.with_name(".docsorter-99.part")
    rest.write_bytes(b"half")
    assert troubles(desk) == [("rest", None)]
    repair(desk)
    assert rest.exists()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_document_that_moves_meanwhile_is_no_finding(desk: Desk, moment: str) -> None:
    document = desk.drop("a.pdf", b"invoice 0.99")
    verifier = Verifier(desk.configuration, desk.store, clock=desk.clock)
    stages = []

    def told(stage: str, done: int, total: int) -> None:
        del done, total
        at = "documents" if moment == "before" else "files in spool"
        if stage == at and stage not in stages:
            stages.append(stage)
            desk.pipeline.handle(document.id)

    original = desk.store.upkeep.expected

    def expected(after: int, limit: int) -> object:
        batch = original(after, limit)
        if moment == "before" and after == 0:
            told("documents", 0, 0)
        return batch

    desk.store.upkeep.expected = expected  # type: ignore[method-assign,assignment]
    assert verifier.verify(told).findings == []
    assert desk.store.documents.get(document.id).state is State.SORTED
