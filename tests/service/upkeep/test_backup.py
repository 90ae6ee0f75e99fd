"""Backups: made while in use, checked, whole or not at all, and put back without losing a thing."""

import io
import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from docsorter.configuration import Configuration, load
from docsorter.documents import Place, State
from docsorter.errors import (
    AlreadyRunningError,
    ConflictError,
    EnvironmentFaultError,
    StoreError,
    UsageError,
)
from docsorter.resources import starter_bundle_dir
from docsorter.service.upkeep.backup import DATABASE, backups_in, make_backup, read_archive
from docsorter.service.upkeep.forget import Forgetting
from docsorter.service.upkeep.restore import restore_backup
from docsorter.service.upkeep.verify import Verifier
from docsorter.service.workspace.process import WorkspaceLock
from tests.model.bundles import write_whole_bundle
from tests.service.desk import Desk


def sort(desk: Desk, name: str, content: bytes) -> int:
    return desk.pipeline.handle(desk.drop(name, content).id).id


def back_up(desk: Desk, **options: object) -> Path:
    file, _ = make_backup(desk.configuration, desk.store, actor="anna", clock=desk.clock, **options)  # type: ignore[arg-type]
    return file


def test_a_backup_holds_database_settings_and_models_and_no_document(desk: Desk) -> None:
    sort(desk, "a.pdf", b"invoice 0.99")
    write_whole_bundle(desk.configuration.state / "models" / "ours")
    file, made = make_backup(desk.configuration, desk.store, actor="anna", clock=desk.clock)
    assert file.name == "docsorter-backup-20260105T090000Z.tar"
    assert file.stat().st_mode & 0o777 == 0o600
    names = {member.name for member in made.members}
    assert {"docsorter.db", "docsorter.toml", "models/ours/card.json"} <= names
    assert not [name for name in names if "a.pdf" in name]
    assert made.rows["documents"] == 1
    assert desk.store.documents.events()[-1].kind == "backed_up"
    assert [p.name for p in desk.configuration.state.glob(".care-*")] == []


def test_backups_replace_nothing_and_only_our_oldest_are_removed(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "docsorter-backup-20200101T000000Z.tar").write_text("not one of ours")
    made = []
    for _ in range(4):
        made.append(back_up(desk, target=folder, keep=2))
        desk.clock.advance(1)
    assert [path for path in made if path.exists()] == made[-2:]
    assert len(backups_in(folder)) == 3
    with pytest.raises(ConflictError, match="exists already"):
        back_up(desk, target=made[-1])
    with pytest.raises(EnvironmentFaultError, match="cannot be written"):
        back_up(desk, target=tmp_path / "nowhere" / "x.tar")
    assert sorted(folder.glob(".*")) == []


def test_a_restored_workspace_is_the_one_that_was_backed_up(desk: Desk) -> None:
    first = sort(desk, "a.pdf", b"invoice 0.99")
    write_whole_bundle(desk.configuration.state / "models" / "ours")
    file = back_up(desk)
    late = sort(desk, "b.pdf", b"claim 0.99")
    desk.store.close()
    restored = restore_backup(desk.configuration, file, actor="anna", clock=desk.clock)
    assert [document.id for document in desk.store.documents.find()] == [first]
    assert restored.set_aside is not None
    with closing(sqlite3.connect(restored.set_aside)) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (2,)
    # what came since is still on the disk, and its number is not given again
    assert sort(desk, "c.pdf", b"letter 0.99") > late
    assert desk.files(Place.SORTED) == [
        "claim/2026/b.pdf", "claim/2026/b.pdf.json",
        "invoice/2026/a.pdf", "invoice/2026/a.pdf.json",
        "letter/2026/c.pdf", "letter/2026/c.pdf.json",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_lost_state_folder_comes_back_with_its_models(desk: Desk, tmp_path: Path) -> None:
    sort(desk, "a.pdf", b"invoice 0.99")
    models = desk.configuration.state / "models"
    bundle = models / "ours"
    shutil.copytree(starter_bundle_dir(), bundle)
    before = {p.relative_to(bundle): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
    file = back_up(desk, target=tmp_path / "kept.tar")
    desk.store.close()
    (desk.configuration.state / "docsorter.db").unlink()
    shutil.rmtree(bundle)
    done = restore_backup(desk.configuration, file, actor="anna", clock=desk.clock)
    assert done.models == ["ours"], done.notes
    assert {p.relative_to(bundle): p.read_bytes() for p in bundle.rglob("*") if p.is_file()} == (
        before
    )
    assert desk.store.documents.counts().total == 1
    assert Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []


def test_what_was_forgotten_stays_forgotten_after_a_restore(desk: Desk, tmp_path: Path) -> None:
    number = sort(desk, "mueller.pdf", b"invoice 0.99")
    file = back_up(desk, target=tmp_path / "on-a-stick.tar")
    stick = file.read_bytes()
    Forgetting(desk.configuration, desk.store, clock=desk.clock).forget(
        number, actor="anna", uid=1001
    )
    file.write_bytes(stick)  # a copy of the backup that nobody could reach
    desk.store.close()
    (desk.configuration.state / "docsorter.db").write_bytes(b"nothing but noise" * 1000)
    done = restore_backup(desk.configuration, file, actor="anna", clock=desk.clock)
    assert done.forgotten == 1
    assert desk.store.documents.get(number).name == "(forgotten)"
    assert b"mueller" not in (desk.configuration.state / "docsorter.db").read_bytes()


def test_nothing_is_restored_beside_a_running_daemon(desk: Desk) -> None:
    file = back_up(desk)
    with WorkspaceLock(desk.configuration.state), pytest.raises(AlreadyRunningError):
        restore_backup(desk.configuration, file, actor="anna")


def test_a_backup_of_a_later_version_is_refused_with_the_remedy(desk: Desk, tmp_path: Path) -> None:
    copy = desk.store.upkeep.backup(tmp_path / "later.db")
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match=r"newer \(9999\)") as caught:
        restore_backup(desk.configuration, copy, actor="anna")
    assert "install the version" in caught.value.remedy
    assert desk.store.documents.counts().total == 0


def test_a_database_of_a_server_is_not_ours_to_restore(
    desk: Desk, configuration: Configuration
) -> None:
    server = load(configuration.workspace, {"store.url": "postgresql+psycopg://u@h/d"})
    with pytest.raises(UsageError, match="SQLite"):
        restore_backup(server, Path("x"), actor="anna")


def rewritten(file: Path, change: "dict[str, bytes]", **info: object) -> Path:
    """Copy an archive with some members replaced or added."""
    target = file.with_name("hostile.tar")
    with tarfile.open(file) as old, tarfile.open(target, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            data = change.pop(member.name, stream.read())
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
        for name, data in change.items():
            added = tarfile.TarInfo(name)
            added.size = len(data)
            for key, value in info.items():
                setattr(added, key, value)
            new.addfile(added, io.BytesIO(data))
    return target


@pytest.mark.parametrize("change", [{"docsorter.toml": b"[intake]\n"}, {"../outside": b"x"}])
def test_a_changed_archive_is_refused_and_leaves_nothing(
    desk: Desk, tmp_path: Path, change: dict[str, bytes]
) -> None:
    file = rewritten(back_up(desk), dict(change))
    with pytest.raises(StoreError, match="no whole backup"):
        restore_backup(desk.configuration, file, actor="anna")
    assert not list(tmp_path.rglob("outside"))


def test_links_and_names_that_climb_out_are_refused(desk: Desk, tmp_path: Path) -> None:
    file = back_up(desk)
    linked = rewritten(file, {"models/x/link": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd")
    with pytest.raises(StoreError, match="which its list does not name so"):
        read_archive(linked, None)
    with tarfile.open(file) as archive:
        stream = archive.extractfile("manifest.json")
        assert stream is not None
        manifest = json.load(stream)
    for name in ("../up", "/etc/cron.d/x", "models/../../up", "models", "other.db"):
        members = [*manifest["members"], {"name": name, "size": 0, "sha256": "0" * 64}]
        text = json.dumps({**manifest, "members": members}).encode()
        with pytest.raises(StoreError, match="which no backup holds"):
            read_archive(rewritten(file, {"manifest.json": text, name: b""}), tmp_path / "out")
    cut = tmp_path / "cut.tar"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(StoreError, match="no whole backup"):
        read_archive(cut, None)


def test_a_restore_that_fails_leaves_the_database_as_it_was(desk: Desk, tmp_path: Path) -> None:
    number = sort(desk, "a.pdf", b"invoice 0.99")
    copy = tmp_path / DATABASE
    copy.write_bytes(b"SQLite format 3\0" + b"noise" * 1000)
    with pytest.raises(StoreError, match="damaged"):
        restore_backup(desk.configuration, copy, actor="anna")
    assert desk.store.documents.get(number).state is State.SORTED
