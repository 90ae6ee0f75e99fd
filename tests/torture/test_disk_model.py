"""What the modelled disk may lose, and what it may not."""

import os
import random
from functools import partial
from pathlib import Path

import pytest

from tests.torture.disk_model import DiskModel, coin, write_out
from tests.torture.inodes import File
from tests.torture.recording import Operation


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    (folder / "a").mkdir(parents=True)
    (folder / "b").mkdir()
    (folder / "a" / "old").write_bytes(b"old")
    return folder


class Script:
    """Operations on paths under the root, in short words."""

    def __init__(self, root: Path) -> None:
        self.model = DiskModel(root)
        self._root = root

    def do(self, name: str, *paths: str, data: bytes = b"", number: int = 0) -> "Script":
        absolute = tuple(str(self._root / path) for path in paths)
        self.model.apply(Operation(name, absolute, data, number))
        return self

    def create(self, path: str, data: bytes = b"new") -> "Script":
        self.do("openat", path, number=os.O_CREAT | os.O_EXCL)
        return self.do("write", path, data=data)

    def left(self, *, names: bool, content: bool) -> dict[str, bytes | None]:
        files = self.model.after_power_cut(lambda: names, lambda: content)
        return {f.path: f.content for f in files if f.path not in {"a", "b"}}

    def possible(self, tries: int = 300) -> set[frozenset[tuple[str, bytes | None]]]:
        choice = random.Random(1)
        found = (
            self.model.after_power_cut(coin(0.5, choice), coin(0.5, choice)) for _ in range(tries)
        )
        return {frozenset((f.path, f.content) for f in files) for files in found}


OLD = {"a/old": b"old"}


def test_what_was_there_before_is_kept(root: Path) -> None:
    assert Script(root).left(names=False, content=False) == OLD


def test_a_new_file_is_gone_empty_nameless_or_whole(root: Path) -> None:
    script = Script(root).create("a/x")
    assert script.left(names=False, content=True) == OLD
    assert script.left(names=True, content=False) == OLD | {"a/x": b""}
    assert script.left(names=True, content=True) == OLD | {"a/x": b"new"}


def test_flushing_a_file_keeps_its_bytes_but_not_its_name(root: Path) -> None:
    script = Script(root).create("a/x").do("fsync", "a/x")
    assert script.left(names=False, content=False) == OLD
    assert script.left(names=True, content=False) == OLD | {"a/x": b"new"}


def test_flushing_a_folder_keeps_its_names_but_not_their_bytes(root: Path) -> None:
    script = Script(root).create("a/x").create("b/y").do("fsync", "a")
    assert script.left(names=False, content=False) == OLD | {"a/x": b""}


def test_a_rename_between_folders_happens_as_a_whole_or_not_at_all(root: Path) -> None:
    script = Script(root).do("rename", "a/old", "b/old")
    assert script.left(names=False, content=True) == OLD
    assert script.left(names=True, content=True) == {"b/old": b"old"}
    for folder in ("a", "b"):
        flushed = Script(root).do("rename", "a/old", "b/old").do("fsync", folder)
        assert flushed.left(names=False, content=False) == {"b/old": b"old"}


def test_a_link_and_the_removal_of_the_first_name_may_be_kept_apart(root: Path) -> None:
    script = Script(root).do("link", "a/old", "b/old").do("unlink", "a/old")
    names = {frozenset(path for path, _ in state) - {"a", "b"} for state in script.possible()}
    assert names == {
        frozenset({"a/old"}),
        frozenset({"b/old"}),
        frozenset({"a/old", "b/old"}),
        frozenset(),
    }
    script = Script(root).do("link", "a/old", "b/old").do("fsync", "b").do("unlink", "a/old")
    names = {frozenset(path for path, _ in state) - {"a", "b"} for state in script.possible()}
    assert names == {frozenset({"a/old", "b/old"}), frozenset({"b/old"})}


def test_changes_of_one_name_follow_each_other(root: Path) -> None:
    script = Script(root).create("a/x", b"1").do("unlink", "a/x").create("a/x", b"2")
    for state in script.possible():
        assert dict(state).get("a/x", b"2") in {b"", b"1", b"2"}
    script.do("fsync", "a/x").do("fsync", "a")
    assert script.left(names=False, content=False) == OLD | {"a/x": b"2"}


def test_a_name_needs_its_folder_and_a_removed_folder_was_empty(root: Path) -> None:
    script = Script(root).do("mkdir", "a/sub").do("rename", "a/old", "a/sub/old")
    script.do("rename", "a/sub/old", "b/old").do("rmdir", "a/sub")
    for state in script.possible():
        held = {path for path, content in state if content == b"old"}
        assert len(held) == 1, sorted(path for path, _ in state)


def test_each_block_of_a_write_is_kept_on_its_own(root: Path) -> None:
    script = Script(root).create("a/x", b"1" * 4096 + b"2" * 10).do("fsync", "a")
    contents = {dict(state)["a/x"] for state in script.possible()}
    assert contents == {b"", b"1" * 4096, bytes(4096) + b"2" * 10, b"1" * 4096 + b"2" * 10}


def test_what_the_system_refuses_changes_nothing(root: Path) -> None:
    script = Script(root)
    for refused in (
        ("unlink", "a/none"),
        ("rename", "a/none", "b/x"),
        ("rename", "a/old", "c/x"),
        ("link", "a/none", "b/x"),
        ("mkdir", "a"),
        ("rmdir", "a"),
        ("openat", "c/x"),
        ("fsync", "a/none"),
    ):
        script.do(*refused)
    exclusive = Operation("rename", (f"{root}/a/old", f"{root}/a/old"), exclusive=True)
    script.model.apply(exclusive)
    assert script.left(names=True, content=True) == OLD


def test_truncating_and_writing_again_may_leave_anything_in_between(root: Path) -> None:
    script = Script(root).do("openat", "a/old", number=os.O_TRUNC).do("write", "a/old", data=b"N")
    contents = {dict(state)["a/old"] for state in script.possible()}
    assert contents == {b"old", b"", b"N", b"Nld"}


def test_a_state_is_written_out_as_it_is(root: Path, tmp_path: Path) -> None:
    files = [File("x", None, 0o700, None, 1), File("x/y", b"data", 0o640, 10**18, 2)]
    write_out(files, tmp_path / "new")
    path = tmp_path / "new" / "x" / "y"
    status = path.stat()
    assert path.read_bytes() == b"data"
    assert (status.st_mode & 0o777, status.st_mtime_ns) == (0o640, 10**18)


def test_two_names_of_one_file_stay_one_file(root: Path, tmp_path: Path) -> None:
    (root / "b" / "same").hardlink_to(root / "a" / "old")
    script = Script(root).do("link", "a/old", "b/new").do("fsync", "b")
    for keep in (False, True):
        folder = tmp_path / f"left {keep}"
        write_out(script.model.after_power_cut(lambda: False, partial(bool, keep)), folder)
        inodes = {(folder / name).stat().st_ino for name in ("a/old", "b/same", "b/new")}
        assert len(inodes) == 1


def test_the_model_sees_what_the_process_sees(root: Path) -> None:
    script = Script(root).create("a/x").do("mkdir", "b/c").do("rename", "a/x", "b/c/x")
    script.do("truncate", "b/c/x", number=5).do("write", "b/c/x", data=b"!", number=6)
    seen = {file.path: file.content for file in script.model.files()}
    assert seen == {"a": None, "b": None, "b/c": None, "a/old": b"old", "b/c/x": b"new\0\0\0!"}
