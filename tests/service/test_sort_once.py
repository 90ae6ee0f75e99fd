"""Which files `docsorter sort` takes, what it leaves alone and why, and how it stops."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from docsorter.configuration import Configuration
from docsorter.errors import UsageError
from docsorter.intake.ignore import IgnoreRules
from docsorter.service.daemon.sort_once import FileSearch, FoundFile, hand_over, inspect_only
from docsorter.service.workspace.layout import open_workspace_store
from tests.service.models import make_engine, make_model

needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


def _search(own: frozenset[Path] = frozenset()) -> FileSearch:
    return FileSearch(IgnoreRules(("*.bak",)), own)


def _put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_sub_folders_are_entered_and_kept_as_the_source(tmp_path: Path) -> None:
    top = _put(tmp_path / "b.pdf")
    below = _put(tmp_path / "a" / "deep" / "b.pdf")
    search = _search()
    search.look([tmp_path, below])  # what is named twice is sorted once
    assert search.files == [FoundFile(below, "a/deep"), FoundFile(top)]
    assert search.left == []


def test_whatever_is_not_taken_is_listed_with_its_reason(tmp_path: Path) -> None:
    for name in (".hidden", "a.pdf.crdownload", "Thumbs.db", "c.bak", ".folder/d.pdf"):
        _put(tmp_path / name)
    _put(tmp_path / "empty.pdf", "")
    (tmp_path / "link.pdf").symlink_to(_put(tmp_path / "real.pdf"))
    (tmp_path / "folder").symlink_to(tmp_path / ".folder")
    os.mkfifo(tmp_path / "pipe")
    _put(tmp_path / "paper" / "docsorter.toml")
    _put(tmp_path / "paper" / "sorted" / "letter" / "e.pdf")
    search = _search()
    search.look([tmp_path])
    assert [found.path.name for found in search.files] == ["real.pdf"]
    assert {one.file.name: one.left for one in search.left} == {
        ".hidden": "hidden",
        ".folder": "hidden",
        "a.pdf.crdownload": "not finished, by its name: Chrome, Edge, Brave",
        "Thumbs.db": "no document, by its name (intake.ignore)",
        "c.bak": "no document, by its name (intake.ignore)",
        "empty.pdf": "empty: 0 bytes",
        "link.pdf": "a symbolic link",
        "folder": "a symbolic link",
        "pipe": "not a regular file",
        "paper": "a workspace; name its inbox",
    }
    assert not search.unreadable


@pytest.mark.parametrize("named", ["", "letter", "letter/a.pdf"])
def test_what_the_workspace_has_sorted_is_not_sorted_again(tmp_path: Path, named: str) -> None:
    _put(tmp_path / "sorted" / "letter" / "a.pdf")
    search = _search(frozenset({(tmp_path / "sorted").resolve()}))
    search.look([tmp_path / "sorted" / named])
    assert search.files == []
    assert [one.left for one in search.left] == ["in a folder of the workspace itself"]


@needs_permissions
def test_what_may_not_be_read_is_named_and_the_rest_is_taken(tmp_path: Path) -> None:
    for name in ("a/x.pdf", "b/y.pdf", "z.pdf"):
        _put(tmp_path / name)
    (tmp_path / "a").chmod(0)
    (tmp_path / "b" / "y.pdf").chmod(0)
    search = _search()
    try:
        search.look([tmp_path])
    finally:
        (tmp_path / "a").chmod(0o700)
    assert [found.path.name for found in search.files] == ["z.pdf"]
    assert [one.file.name for one in search.left] == ["a", "y.pdf"]
    assert all(one.left.startswith("cannot be read: ") for one in search.left)
    assert search.unreadable


@pytest.mark.parametrize("make", [lambda _: None, os.mkfifo], ids=["nothing", "a pipe"])
def test_what_is_no_file_and_no_folder_is_refused_before_anything_moves(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "odd")
    search = _search()
    with pytest.raises(UsageError, match=r"odd (does not exist|is neither a file nor a folder)"):
        search.look([_put(tmp_path / "a.pdf"), tmp_path / "odd"])
    assert search.files == []


def test_stopped_it_finishes_what_it_began_and_says_what_it_did_not_begin(tmp_path: Path) -> None:
    files = [FoundFile(_put(tmp_path / f"{number:02}.pdf")) for number in range(40)]
    engine, _ = make_engine(make_model("m"))
    stop, seen = Event(), []
    for result in inspect_only(engine, files, 1, stop):
        seen.append(result)
        stop.set()
    assert sorted(one.file for one in seen) == [found.path for found in files]
    begun = [one for one in seen if one.verdict is not None]
    assert begun
    assert {one.left for one in seen if one.verdict is None} == {"not begun: interrupted"}


def test_what_a_running_daemon_has_not_got_to_waits_in_the_inbox(
    configuration: Configuration, tmp_path: Path
) -> None:
    stop = Event()
    stop.set()
    files = [FoundFile(_put(tmp_path / name / "a.pdf", name)) for name in ("one", "two")]
    with open_workspace_store(configuration) as store:
        results = list(hand_over(configuration, store, files, stop, copy=False))
    assert [(one.file, one.verdict, one.left) for one in results] == [
        (found.path, None, "") for found in files
    ]
    places = [one.place.read_text() for one in results if one.place is not None]
    assert places == ["one", "two"], "files of one name are kept apart"
