"""Forgetting leaves no trace of the content anywhere, survives a kill, and removes nothing else."""

import os
from pathlib import Path

import pytest

from docsorter.documents import Document, Place, State
from docsorter.errors import ConflictError, EnvironmentFaultError, NotFoundError
from docsorter.filesystem import Disk
from docsorter.service.upkeep.backup import make_backup, read_archive
from docsorter.service.upkeep.forget import ForgetReport, Forgetting
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import Destination
from tests.service.desk import Desk

SECRET = b"Hedwig"


def document(desk: Desk, content: bytes, name: str = "Hedwig Courths.pdf") -> Document:
    return desk.pipeline.handle(desk.drop(name, content).id)


def forget(desk: Desk, number: int, disk: Disk | None = None) -> ForgetReport:
    return Forgetting(desk.configuration, desk.store, disk, desk.clock).forget(
        number, actor="anna", uid=1001, reason="asked by the sender"
    )


def traces(desk: Desk) -> list[str]:
    """Return every file and name in the workspace that holds the secret."""
    root = desk.configuration.workspace
    found = [path for path in root.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(root))
        for path in found
        if SECRET in path.read_bytes() or SECRET in os.fsencode(path.name)
    ]


@pytest.mark.parametrize("content", [b"invoice 0.99 Hedwig", b"claim 0.5 Hedwig", b"broken Hedwig"])
def test_no_trace_of_a_document_is_left_anywhere(
    desk: Desk, content: bytes, tmp_path: Path
) -> None:
    """Content is looked for in every file: folders, database, its log, its copies."""
    desk.keep_words()
    kept = document(desk, b"letter 0.99", "other.pdf")
    made = document(desk, content)
    make_backup(desk.configuration, desk.store, actor="anna", clock=desk.clock)
    desk.store.upkeep.backup(desk.configuration.state / "backups" / "docsorter-0001-by-hand.db")
    far = tmp_path / "far.tar"
    make_backup(desk.configuration, desk.store, actor="anna", target=far, clock=desk.clock)
    assert len(traces(desk)) > 3

    done = forget(desk, made.id)
    assert traces(desk) == []
    assert SECRET not in far.read_bytes()
    assert len(done.backups.rewritten) == 3
    assert done.backups.out_of_reach == []
    assert done.log_merged
    left = desk.store.documents.get(made.id)
    assert (left.name, left.sha256, left.path) == ("(forgotten)", None, "")
    event = desk.store.documents.events(document_id=made.id)[-1]
    assert (event.kind, event.actor) == ("forgotten", "anna")
    assert event.detail == {"reason": "asked by the sender", "uid": 1001}
    assert desk.path(kept).exists()
    for backup in done.backups.rewritten:
        if backup.suffix == ".tar":
            assert read_archive(backup, None).rows["documents"] == 2
    assert Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def test_a_spooled_document_is_forgotten_before_it_is_looked_at(desk: Desk) -> None:
    waiting = desk.drop("Hedwig.pdf", b"invoice 0.99 Hedwig")
    forget(desk, waiting.id)
    assert traces(desk) == []
    assert desk.pipeline.handle(waiting.id).state is State.WITHDRAWN


def test_a_document_forgotten_while_it_is_looked_at_is_not_delivered(desk: Desk) -> None:
    waiting = desk.drop("Hedwig.pdf", b"invoice 0.99 Hedwig")
    desk.reader.before_answer = lambda _: forget(desk, waiting.id)
    after = desk.pipeline.handle(waiting.id)
    assert (after.state, after.sha256) == (State.WITHDRAWN, None)
    assert traces(desk) == []


def test_the_same_bytes_elsewhere_are_named_and_left(desk: Desk) -> None:
    first = document(desk, b"invoice 0.99 Hedwig")
    second = document(desk, b"invoice 0.99 Hedwig", "again.pdf")
    assert second.state is State.REJECTED
    done = forget(desk, first.id)
    assert done.twins == (second.id,)
    # its reason names the first by its number alone
    assert traces(desk) == ["rejected/again.pdf"]
    forget(desk, second.id)
    assert traces(desk) == []


def test_a_file_that_is_not_the_document_is_never_removed(desk: Desk) -> None:
    made = document(desk, b"invoice 0.99 Hedwig")
    path = desk.path(made)
    path.write_bytes(b"somebody else's work")
    with pytest.raises(ConflictError, match="not the one that was sorted"):
        forget(desk, made.id)
    assert path.read_bytes() == b"somebody else's work"
    path.unlink()
    forget(desk, made.id)  # one that is gone already is fine
    assert desk.store.documents.get(made.id).name == "(forgotten)"
    with pytest.raises(NotFoundError):
        forget(desk, 99)


class Failing(Disk):
    """Fails at the n-th removal."""

    def __init__(self, fails_at: int) -> None:
        super().__init__()
        self.left = fails_at

    def unlink(self, path: Path) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(5, "Input/output error", str(path))
        super().unlink(path)


@pytest.mark.parametrize("fails_at", [1, 2])
def test_what_is_interrupted_is_out_of_reach_at_once_and_finished_later(
    desk: Desk, fails_at: int
) -> None:
    made = document(desk, b"claim 0.5 Hedwig" if fails_at == 1 else b"invoice 0.99 Hedwig")
    with pytest.raises(EnvironmentFaultError, match="not forgotten yet"):
        forget(desk, made.id, Failing(fails_at))
    assert desk.store.review.entries() == []
    assert desk.store.upkeep.unfinished_forgets() == [made.id]
    assert Forgetting(desk.configuration, desk.store, clock=desk.clock).resume() == [made.id]
    assert traces(desk) == []
    assert desk.store.upkeep.unfinished_forgets() == []


def test_a_backup_that_cannot_be_written_anew_is_named(desk: Desk, tmp_path: Path) -> None:
    made = document(desk, b"invoice 0.99 Hedwig")
    far = tmp_path / "far.tar"
    make_backup(desk.configuration, desk.store, actor="anna", target=far, clock=desk.clock)
    far.write_bytes(b"cut" + far.read_bytes()[:2000])
    gone = tmp_path / "gone.tar"
    make_backup(desk.configuration, desk.store, actor="anna", target=gone, clock=desk.clock)
    gone.unlink()
    reached = forget(desk, made.id).backups
    assert reached.rewritten == []
    assert [text.split(":")[0] for text in reached.out_of_reach] == [str(far), str(gone)]
    assert "no longer there" in reached.out_of_reach[1]


def test_a_document_that_is_being_moved_waits(desk: Desk) -> None:
    waiting = desk.drop("a.pdf", b"invoice 0.99")
    goes = Destination(Place.REVIEW, "a.pdf", State.REVIEW)
    desk.store.moves.plan(waiting.id, goes, actor="test")
    with pytest.raises(ConflictError, match="on its way"):
        forget(desk, waiting.id)
    assert desk.path(waiting).exists()
