"""Who may see what: modes whatever the umask or the moment of a kill, links, and the log."""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.deliver.permissions import Permissions
from docsorter.documents import Document, Place, State
from docsorter.errors import DocsorterError, DocumentError
from docsorter.service.daemon.pipeline import Workers
from docsorter.service.review.service import open_review_service
from docsorter.service.upkeep.backup import make_backup
from docsorter.service.upkeep.forget import Forgetting
from docsorter.service.upkeep.maintenance import Maintenance
from docsorter.service.workspace.layout import create, migrate_workspace
from docsorter.service.workspace.process import LOGGER
from tests.service.desk import Desk


@pytest.fixture(params=[0o000, 0o077], ids=["umask 000", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): stat.S_IMODE(path.lstat().st_mode)
        for path in root.rglob("*")
    }


def work(desk: Desk) -> None:
    for name, content in (("a", b"invoice 0.99"), ("b", b"claim 0.5"), ("c", b"broken")):
        desk.pipeline.handle(desk.drop(f"{name}.pdf", content).id)
    desk.drop("d.pdf", b"letter 0.99")
    make_backup(desk.configuration, desk.store, actor="anna", clock=desk.clock)
    Forgetting(desk.configuration, desk.store, clock=desk.clock).forget(2, actor="anna", uid=1)
    Maintenance(desk.configuration, desk.store, desk.clock).maintain()


def test_everything_private_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    configuration, _ = create(tmp_path / "paper")
    migrate_workspace(configuration)
    desk = Desk(configuration, ManualClock())
    work(desk)
    found = modes(configuration.state)
    desk.store.close()
    folders = {name for name in found if (configuration.state / name).is_dir()}
    assert {"spool", "backups", "models"} <= folders
    assert {found[name] for name in folders} == {0o700}
    assert {name: oct(found[name]) for name in found.keys() - folders if found[name] & 0o077} == {}
    assert {"docsorter.db", "forgotten.jsonl", "care.json", "spool/4.pdf"} <= found.keys()
    assert stat.S_IMODE(configuration.state.stat().st_mode) == 0o700
    for place in (Place.INBOX, Place.REVIEW, Place.SORTED, Place.REJECTED):
        root = configuration.root(place)
        assert not [name for name, mode in modes(root).items() if mode & 0o007], place
        assert not stat.S_IMODE(root.stat().st_mode) & 0o007


def test_a_kill_before_the_mode_is_set_leaves_a_folder_closed_and_the_next_try_opens_it(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Permissions(0o640, 0o2750, os.getegid())
    folder = tmp_path / "invoice"
    with monkeypatch.context() as killed:
        killed.setattr(Permissions, "apply_to_folder", lambda *_: os.kill(0, 999))
        with pytest.raises(OSError, match="argument"):
            wanted.make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) & 0o077 == 0
    wanted.make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_a_folder_that_somebody_made_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "invoice"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(FileExistsError):
        Permissions(0o640, 0o2750).make_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == mode


@pytest.mark.parametrize("where", ["invoice", "invoice/2026"])
def test_a_link_in_the_way_leads_no_document_out_of_its_root(
    desk: Desk, tmp_path: Path, where: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = desk.configuration.root(Place.SORTED) / where
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside)
    after = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    assert after.state is State.SPOOLED
    assert after.waiting is not None
    assert list(outside.iterdir()) == []


def test_a_path_from_a_damaged_database_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    made = desk.pipeline.handle(desk.drop("a.pdf", b"invoice 0.99").id)
    outside = tmp_path / "precious"
    outside.write_bytes(b"invoice 0.99")
    with desk.store.database.write() as session:
        session.connection().exec_driver_sql("UPDATE documents SET path = ?", ("../../precious",))
    with pytest.raises(Exception, match="leaves its root"):
        Forgetting(desk.configuration, desk.store, clock=desk.clock).forget(
            made.id, actor="anna", uid=1
        )
    assert outside.exists()


CONTENT, NAME = "Wassermann", "Kontoauszug"


def test_the_log_holds_neither_content_nor_names_of_documents(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger(LOGGER)
    propagated = logger.propagate
    logger.propagate = True
    with caplog.at_level(logging.DEBUG, logger=LOGGER):
        for number, word in enumerate(("invoice 0.99", "claim 0.5", "broken", "invoice 0.99")):
            content = f"{word} {CONTENT}".encode()
            desk.pipeline.handle(desk.drop(f"{NAME} {number}.pdf", content).id)
        gone = desk.drop(f"{NAME} gone.pdf", b"letter 0.99")
        desk.path(gone).unlink()
        desk.pipeline.handle(gone.id)
        Maintenance(desk.configuration, desk.store, desk.clock).maintain()
    logger.propagate = propagated
    assert "document 5 waits" in caplog.text
    assert CONTENT not in caplog.text
    assert NAME not in caplog.text


def quoting(desk: Desk, number: int, error: Exception) -> Document:
    """Let something fail that repeats what is in the document, in the daemon's own workers."""
    desk.reader.before_answer = lambda _: (_ for _ in ()).throw(error)
    document = desk.drop(f"{NAME} {number}.pdf", f"invoice 0.99 {CONTENT} {number}".encode())
    workers = Workers(desk.pipeline, 1, lambda: None, desk.clock)
    workers.submit(document.id)
    workers.drain()
    return desk.store.documents.get(document.id)


def test_the_log_repeats_nothing_that_a_parser_or_the_system_says(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(LOGGER), "propagate", True)
    with caplog.at_level(logging.DEBUG, logger=LOGGER):
        refused = quoting(desk, 1, DocumentError("damaged", f"unknown font '{CONTENT}'"))
        full = OSError(errno.ENOSPC, "No space left", f"/sorted/{NAME}.pdf")
        waiting = quoting(desk, 2, full)
        failed = quoting(desk, 3, ValueError(f"no number: {CONTENT} in {NAME}"))
    assert refused.state is State.REJECTED
    assert waiting.waiting is not None
    assert failed.waiting is not None
    assert {CONTENT in text(refused), NAME in text(waiting), CONTENT in text(failed)} == {True}
    for said in ("1 rejected: damaged", "2 waits", "disk_full", "3 waits", "internal"):
        assert said in caplog.text
    assert CONTENT not in caplog.text
    assert NAME not in caplog.text


def text(document: Document) -> str:
    """Return what `docsorter explain` says of it."""
    reason = document.waiting or (document.verdict.reason if document.verdict else None)
    return reason.text if reason else ""


@pytest.mark.parametrize("label", ["../../out", "/etc", "..", "a/b", ".docsorter", "-rf", "x\n"])
def test_a_label_that_a_person_types_leads_no_document_out_of_its_root(
    desk: Desk, label: str
) -> None:
    document = desk.pipeline.handle(desk.drop("a.pdf", b"claim 0.5").id)
    before = sorted(desk.configuration.workspace.parent.rglob("*"))
    with open_review_service(desk.configuration) as service, pytest.raises(DocsorterError):
        service.answer(document.id, label, reviewer="anna", uid=1)
    assert sorted(desk.configuration.workspace.parent.rglob("*")) == before
    assert desk.store.documents.get(document.id).state is State.REVIEW


def test_neither_does_the_log_of_events(desk: Desk) -> None:
    for number, word in enumerate(("invoice 0.99", "claim 0.5", "broken", "invoice 0.99")):
        content = f"{word} {CONTENT}".encode()
        desk.pipeline.handle(desk.drop(f"{NAME} {number}.pdf", content).id)
    refused = DocumentError("damaged", f"{NAME} 5.pdf is damaged")
    desk.reader.before_answer = lambda _: (_ for _ in ()).throw(refused)
    desk.pipeline.handle(desk.drop(f"{NAME} 5.pdf", b"letter 0.99").id)
    kept = repr(desk.store.documents.events())
    assert len(desk.store.documents.events()) > 10
    assert CONTENT not in kept
    assert NAME not in kept
