import dataclasses
import errno
import stat
from pathlib import Path

import pytest

from docsorter.documents import Place, State
from docsorter.errors import EnvironmentFaultError, StoreError, UsageError
from docsorter.filesystem import Disk
from docsorter.service.learning.snapshots import (
    FILE,
    ExclusionReason,
    SnapshotManifest,
    SnapshotRequest,
    Snapshots,
    next_name,
    take_snapshot,
)
from docsorter.service.review.labels import Labels
from docsorter.service.review.service import ReviewService
from docsorter.service.upkeep.forget import Forgetting
from docsorter.store import Destination
from docsorter.store.tables import DocumentRow
from tests.service.desk import LABELS, Desk
from tests.service.learning.answered import answer, answered


def wanted(desk: Desk, **changes: object) -> SnapshotRequest:
    now = desk.clock.now()
    made = SnapshotRequest("answers-1", "starter", "starter-1", LABELS, now, now)
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type] # each test names its own


def freeze(desk: Desk, disk: Disk | None = None, **changes: object) -> SnapshotManifest:
    desk.clock.advance(1)
    return take_snapshot(
        desk.configuration, desk.store, wanted(desk, **changes), lambda *_: None, disk
    )


def folder(desk: Desk) -> Path:
    return Snapshots(desk.configuration.state).folder("answers-1")


def test_answered_documents_are_frozen_under_their_label_and_private(desk: Desk) -> None:
    document = answered(desk, b"claim 0.5 a", "invoice")
    desk.pipeline.handle(desk.drop("alone.pdf", b"letter 0.99").id)
    (taught,) = freeze(desk).taught
    assert (taught.document, taught.label, taught.kept) == (document.id, "invoice", "link")
    frozen = folder(desk) / taught.file
    assert frozen.read_bytes() == b"claim 0.5 a"
    assert frozen.relative_to(folder(desk)) == Path(f"documents/invoice/{document.id}.pdf")
    for path in (folder(desk), folder(desk).parent, frozen.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder(desk) / FILE).stat().st_mode) == 0o600


def test_a_snapshot_stays_when_the_sorted_file_is_moved_or_replaced(desk: Desk) -> None:
    document = answered(desk, b"claim 0.5 a", "invoice")
    (taught,) = freeze(desk).taught
    path = desk.path(desk.store.documents.get(document.id))
    path.unlink()
    path.write_bytes(b"something else")
    assert (folder(desk) / taught.file).read_bytes() == b"claim 0.5 a"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM])
def test_where_a_file_cannot_have_two_names_it_is_copied(
    desk: Desk, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        del self, target
        raise OSError(number, "no")

    answered(desk, b"claim 0.5 a", "invoice")
    monkeypatch.setattr(Path, "hardlink_to", refuse)
    (taught,) = freeze(desk).taught
    assert taught.kept == "copy"
    frozen = folder(desk) / taught.file
    assert frozen.read_bytes() == b"claim 0.5 a"
    assert stat.S_IMODE(frozen.stat().st_mode) == 0o600


def test_the_same_bytes_under_two_labels_are_left_out_until_one_is_confirmed(desk: Desk) -> None:
    one = answered(desk, b"claim 0.5 a", "invoice")
    other = desk.store.documents.get(one.id)
    sha256 = other.sha256
    two = answered(desk, b"claim 0.5 b", "claim")
    with desk.store.database.write() as session:  # the policy `keep` allows the same bytes twice
        row = session.get(DocumentRow, two.id)
        assert row is not None
        row.sha256 = sha256
    desk.path(desk.store.documents.get(two.id)).write_bytes(b"claim 0.5 a")
    manifest = freeze(desk)
    assert manifest.taught == ()
    assert [(o.document, o.why, o.others) for o in manifest.asked] == [
        (one.id, ExclusionReason.CONFLICT, (two.id,)),
        (two.id, ExclusionReason.CONFLICT, (one.id,)),
    ]
    (taught,) = freeze(desk, confirmed=frozenset({one.id})).taught
    assert (taught.document, taught.confirmed) == (one.id, True)


def test_an_answer_against_a_sure_model_is_suspicious_until_confirmed(desk: Desk) -> None:
    document = answered(desk, b"claim 0.85 a", "invoice")
    manifest = freeze(desk, sure_of_another=0.8)
    (left,) = manifest.asked
    assert (left.document, left.why) == (document.id, ExclusionReason.SUSPICIOUS)
    assert "claim 0.850" in left.text
    confirmed = freeze(desk, sure_of_another=0.8, confirmed=frozenset({document.id}))
    assert len(confirmed.taught) == 1
    assert len(freeze(desk).taught) == 1  # by default the model has to be surer


def test_what_is_gone_or_changed_is_left_out_with_the_reason(desk: Desk) -> None:
    gone = answered(desk, b"claim 0.5 a", "claim")
    changed = answered(desk, b"claim 0.5 b", "claim")
    desk.path(desk.store.documents.get(gone.id)).unlink()
    desk.path(desk.store.documents.get(changed.id)).write_bytes(b"claim 0.5 B")
    manifest = freeze(desk)
    assert manifest.asked == ()
    assert {left.document: left.why for left in manifest.left_out} == {
        gone.id: ExclusionReason.MISSING,
        changed.id: ExclusionReason.CHANGED,
    }


def test_a_new_label_waits_until_it_has_enough_documents(desk: Desk) -> None:
    for number in range(4):
        answered(desk, b"claim 0.5 %d" % number, "receipt")
    few = freeze(desk)
    assert [left.why for left in few.left_out] == [ExclusionReason.TOO_FEW] * 4
    assert "4 of 5" in few.left_out[0].text
    answered(desk, b"claim 0.5 4", "receipt")
    assert freeze(desk).counts == {"receipt": 5}


def test_answers_after_the_time_are_not_looked_at(desk: Desk) -> None:
    first = answered(desk, b"claim 0.5 a", "claim")
    desk.clock.advance(60)
    until = desk.clock.now()
    answered(desk, b"claim 0.5 b", "claim")
    manifest = freeze(desk, until=until)
    assert manifest.documents == {first.id}


def test_without_an_answer_there_is_nothing_to_learn_from(desk: Desk) -> None:
    with pytest.raises(UsageError, match="nobody has answered"):
        freeze(desk)


def test_a_full_disk_leaves_no_half_snapshot(desk: Desk) -> None:
    class Full(Disk):
        def link(self, source: Path, target: Path) -> bool:
            del source, target
            raise OSError(errno.ENOSPC, "full")

    answered(desk, b"claim 0.5 a", "claim")
    with pytest.raises(EnvironmentFaultError, match="cannot be frozen"):
        freeze(desk, Full())
    assert not folder(desk).exists()


def test_forgetting_erases_a_document_from_every_snapshot(desk: Desk) -> None:
    forgotten = answered(desk, b"claim 0.5 Hedwig", "claim")
    kept = answered(desk, b"claim 0.5 b", "claim")
    freeze(desk)
    freeze(desk, name="answers-2")
    desk.store.learning.record_learned("answers-2", {forgotten.id: "claim"})
    models = desk.configuration.state / "models"
    (models / ".answers-1.training" / "pages").mkdir(parents=True)
    (models / "answers-2-report.html").write_text("a picture of it")
    done = Forgetting(desk.configuration, desk.store, None, desk.clock).forget(
        forgotten.id, actor="anna", uid=1
    )
    assert done.models == ("answers-2",)
    root = desk.configuration.workspace
    assert not any(b"Hedwig" in path.read_bytes() for path in root.rglob("*") if path.is_file())
    snapshots = Snapshots(desk.configuration.state)
    for name in snapshots.names():
        assert snapshots.read(name).documents == {kept.id}
    assert not (models / ".answers-1.training").exists()
    assert not (models / "answers-2-report.html").exists()
    assert len([path for path in done.removed if "learning" in str(path)]) == 2


def test_a_damaged_manifest_is_named(desk: Desk) -> None:
    answered(desk, b"claim 0.5 a", "claim")
    freeze(desk)
    (folder(desk) / FILE).write_text("{}")
    with pytest.raises(StoreError, match="snapshot answers-1 is damaged"):
        Snapshots(desk.configuration.state).read("answers-1")


def test_an_answer_that_was_changed_teaches_what_stands(desk: Desk) -> None:
    document = answered(desk, b"claim 0.5 a", "invoice")
    desk.clock.advance(1)
    back = desk.store.documents.get(document.id)
    _, move = desk.store.review.undo_answer(
        document.id, Destination(Place.REVIEW, back.name, State.REVIEW), reviewer="anna", uid=1
    )
    answer(desk, desk.mover.complete(move, actor="anna"), "letter")
    assert freeze(desk).counts == {"letter": 1}


def test_names_of_models_count_on() -> None:
    assert next_name(set()) == "answers-1"
    assert next_name({"answers-1", "starter", "answers-3"}) == "answers-2"


def test_answers_are_frozen_under_the_names_of_today(desk: Desk) -> None:
    answered(desk, b"claim 0.85 a", "claim")
    change = desk.store.labels.begin("claim", "Schaden", merged=False, actor="ada")
    labels = Labels(ReviewService(desk.configuration, desk.store, desk.mover), actor="ada")
    labels.follow(change, lambda _: None)
    names = desk.store.documents.label_names()
    manifest = freeze(desk, labels=("invoice", "Schaden"), renamed=names, sure_of_another=0.8)
    assert [one.label for one in manifest.taught] == ["Schaden"]  # the model was of that opinion
    assert manifest.left_out == ()
    again = Snapshots(desk.configuration.state).read("answers-1")
    assert again.today(("invoice", "claim")) == ("invoice", "Schaden")
