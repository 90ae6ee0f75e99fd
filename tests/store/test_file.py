"""The database file: where it may be, who may touch it, its copies and its health."""

import grp
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.errors import ConflictError, EnvironmentFaultError, SettingsError, StoreError
from docsorter.store import Store, open_store
from docsorter.store.location import file_system, refuse_shared_storage
from tests.store.conftest import URL
from tests.store.office import Office


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "no url",
        "sqlite:///x?y=1",
        "mysql://u@h/d",
        "postgresql+psycopg2://u@h/d",
    ],
)
def test_a_wrong_url_is_a_wrong_setting(tmp_path: Path, clock: ManualClock, url: str) -> None:
    with pytest.raises(SettingsError, match=r"store\.url"):
        open_store(url, clock=clock, state_dir=tmp_path)


MOUNTS = """\
22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:40 / /srv rw - nfs4 nas:/srv rw
31 30 0:41 / /srv/my\\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /mnt/vm rw shared:1 - virtiofs host rw
33 22 0:43 / /mnt/ssh rw - fuse.sshfs me@there: rw
34 22 0:44 / /mnt/vm rw - ext4 /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("folder", "kind", "fine"),
    [
        ("/home", "ext4", True),
        ("/srv/state", "nfs4", False),
        ("/srv/my disk/state", "xfs", True),
        ("/mnt/ssh", "fuse.sshfs", False),
        ("/mnt/vm", "ext4", True),
        ("/srvother", "ext4", True),
    ],
)
def test_shared_storage_is_recognized_and_refused(
    tmp_path: Path, folder: str, kind: str, *, fine: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system(Path(folder), mounts) == kind
    if fine:
        refuse_shared_storage(Path(folder, "docsorter.db"), mounts)
    else:
        with pytest.raises(StoreError, match=kind):
            refuse_shared_storage(Path(folder, "docsorter.db"), mounts)


def test_without_mountinfo_nothing_is_refused(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "none") == ""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_database_is_private_without_a_group(store: Store, state_dir: Path) -> None:
    store.documents.add_event("noted", actor="anna")
    assert {mode(file) for file in state_dir.glob("docsorter.db*")} == {0o600}


def test_a_group_shares_the_database_and_its_side_files_whatever_the_umask(
    state_dir: Path, clock: ManualClock
) -> None:
    name = grp.getgrgid(os.getegid()).gr_name
    before = os.umask(0o077)
    try:
        with open_store(URL, clock=clock, state_dir=state_dir, group=name) as shared:
            shared.documents.add_event("noted", actor="anna")
            files = list(state_dir.glob("docsorter.db*"))
            assert len(files) == 3
            assert {mode(file) for file in files} == {0o660}
            assert {file.stat().st_gid for file in files} == {os.getegid()}
        with open_store(URL, clock=clock, state_dir=state_dir, group=name) as again:
            again.documents.add_event("noted", actor="anna")
            assert {mode(file) for file in state_dir.glob("docsorter.db*")} == {0o660}
    finally:
        os.umask(before)


def test_an_unknown_group_is_a_wrong_setting(state_dir: Path, clock: ManualClock) -> None:
    with pytest.raises(SettingsError, match="no Unix group"):
        open_store(URL, clock=clock, state_dir=state_dir, group="nobody-knows-it")


def test_a_backup_is_made_while_in_use_and_opens(
    store: Store, office: Office, clock: ManualClock, tmp_path: Path
) -> None:
    document = office.review()
    folder = tmp_path / "copies"
    folder.mkdir()
    with store.database.read() as session:
        session.connection().exec_driver_sql("SELECT * FROM documents").all()
        assert store.upkeep.backup(folder / "docsorter.db") == folder / "docsorter.db"
    office.drop()
    with open_store(URL, clock=clock, state_dir=folder) as copy:
        assert copy.documents.find() == [document]
        assert copy.upkeep.integrity_check() == []
    assert [file.name for file in folder.iterdir()] == ["docsorter.db"]
    assert mode(folder / "docsorter.db") == 0o600


def test_a_backup_replaces_nothing_and_leaves_no_rest(store: Store, tmp_path: Path) -> None:
    taken = tmp_path / "taken.db"
    taken.write_text("mine")
    with pytest.raises(ConflictError, match="exists already"):
        store.upkeep.backup(taken)
    assert taken.read_text() == "mine"
    with pytest.raises(EnvironmentFaultError, match="cannot be written"):
        store.upkeep.backup(tmp_path / "nowhere" / "x.db")
    assert not list(tmp_path.glob(".*"))


def test_wrong_counters_and_dangling_rows_are_found(store: Store, office: Office) -> None:
    office.sort("invoice")
    assert store.database.path is not None
    with closing(sqlite3.connect(store.database.path)) as connection:
        connection.execute("UPDATE tallies SET documents = 5 WHERE state = 'sorted'")
        connection.execute("UPDATE predictions SET document_id = 77")
        connection.commit()
    findings = store.upkeep.integrity_check()
    assert "counts 5 sorted invoice, has 1" in findings
    assert "row 1 of predictions refers to nothing" in findings


def test_size_counts_what_is_not_merged_yet(store: Store) -> None:
    before = store.upkeep.size()
    store.documents.add_event("noted", actor="anna", detail={"text": "x" * 100_000})
    assert store.upkeep.size() > before + 100_000


def test_nothing_of_a_forgotten_name_is_left_in_the_file(store: Store, office: Office) -> None:
    document = office.sort(name="secret.pdf")
    store.upkeep.forget(document.id, actor="anna")
    store.database.engine.dispose()  # the last connection merges -wal into the file
    assert store.database.path is not None
    assert b"secret.pdf" not in store.database.path.read_bytes()


@pytest.mark.parametrize("fate", ["deleted", "moved", "replaced", "emptied"])
def test_nothing_is_written_once_the_file_is_another_and_none_is_made_anew(
    store: Store, state_dir: Path, fate: str
) -> None:
    store.documents.add_event("noted", actor="anna")
    file, aside = state_dir / "docsorter.db", state_dir / "aside.db"
    copy = state_dir / "copy.db"
    shutil.copy(file, copy)
    if fate == "deleted":
        file.unlink()
    elif fate == "emptied":
        os.truncate(file, 0)
    else:
        file.rename(aside)
    if fate == "replaced":
        copy.rename(file)
    before = file.stat() if file.exists() else None
    store.database.engine.dispose()  # so that a connection would have to be opened
    for act in (
        store.database.refuse_replaced,
        lambda: store.documents.add_event("noted", actor="anna"),
        store.documents.counts,
    ):
        with pytest.raises(StoreError, match="while docsorter uses it") as caught:
            act()
        assert "docsorter restore" in caught.value.remedy
    after = file.stat() if file.exists() else None
    assert (before and before.st_size) == (after and after.st_size)


def test_a_file_that_is_back_is_used_again(store: Store, state_dir: Path) -> None:
    store.documents.add_event("noted", actor="anna")
    file, aside = state_dir / "docsorter.db", state_dir / "aside.db"
    file.rename(aside)
    with pytest.raises(StoreError, match="was deleted or moved away"):
        store.documents.add_event("noted", actor="anna")
    aside.rename(file)
    store.documents.add_event("noted", actor="anna")
    assert len(store.documents.events()) == 2


def test_what_a_deleted_file_held_can_be_saved(
    store: Store, state_dir: Path, clock: ManualClock
) -> None:
    store.documents.add_event("noted", actor="anna")
    (state_dir / "docsorter.db").unlink()
    store.upkeep.rescue(state_dir / "rescued.db")
    with open_store("sqlite:///rescued.db", clock=clock, state_dir=state_dir) as saved:
        assert [event.kind for event in saved.documents.events()] == ["noted"]
