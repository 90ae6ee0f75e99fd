"""Thirty hostile files, hostile names and things that are no files, in a real daemon's inbox."""

import json
import os
import shutil
import socket
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.configuration import Configuration, load
from docsorter.documents import REFUSED_FOR, Document, Place, State
from docsorter.service.daemon.sort_once import example_files
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import open_workspace_store
from tests.hostile.corpus import corpus
from tests.hostile.names import NAMES
from tests.hostile.parts import BOX, written
from tests.service.running import RunningDaemon, finished, wait_until

pytestmark = pytest.mark.slow
# Each twenty-fourth kind, and what was found to be the worst.
EVERY = 24
WORST = frozenset(
    {
        "half a gigabyte, deflated four times",
        "form that draws itself",
        "PNG of 100 MB of text",
        "nothing",
        "JavaScript when it is opened",
    }
)


CONTENT = "Wassermann"


def quoted() -> bytes:
    """Make a PDF that lets poppler's error messages repeat what is in it."""
    drawn = f"({CONTENT}) Tj /{CONTENT} Do {CONTENT}".encode()
    page = f"<</Type/Page/Parent 2 0 R{BOX}/Contents 4 0 R/Resources<</Font<</F /{CONTENT}>>>>>>"
    keys = f"<</Length {len(drawn)}/Filter/{CONTENT}>>"
    return written(
        {
            1: b"<</Type/Catalog/Pages 2 0 R>>",
            2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            3: page.encode(),
            4: keys.encode() + b"stream\n" + drawn + b"\nendstream",
        }
    )


@pytest.fixture
def workspace(configuration: Configuration) -> Configuration:
    text = (
        "[intake]\nrest_seconds = 0.2\nslow_rest_seconds = 0.5\nrescan_seconds = 1.0\n"
        '[pages]\ntime_limit_seconds = 20\n[service]\nlog_level = "debug"\n'
    )
    (configuration.workspace / "docsorter.toml").write_text(text)
    return load(configuration.workspace)


def _by_name(documents: list[Document]) -> dict[str, Document]:
    return {document.name: document for document in documents}


@pytest.fixture
def oddities(workspace: Configuration, tmp_path: Path) -> Iterator[list[str]]:
    """Put what is no file into the inbox; return the names."""
    inbox = workspace.root(Place.INBOX)
    (inbox / "link.pdf").symlink_to("/etc/passwd")
    (inbox / "loop.pdf").symlink_to("loop.pdf")
    (inbox / "folder-link").symlink_to("/etc")
    os.mkfifo(inbox / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(inbox)  # the name of a socket is short
        try:
            listener.bind("socket.pdf")
        finally:
            os.chdir(here)
        names = ["link.pdf", "loop.pdf", "folder-link", "pipe.pdf", "socket.pdf"]
        if os.geteuid() == 0:
            os.mknod(inbox / "device.pdf", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
            names.append("device.pdf")
        yield names


def test_hostile_files_and_names_cost_nothing_but_their_own_rejection(
    workspace: Configuration, oddities: list[str], tmp_path: Path
) -> None:
    inbox = workspace.root(Place.INBOX)
    light = [hostile for hostile in corpus() if not hostile.heavy]
    chosen = [c for number, c in enumerate(light) if number % EVERY == 0 or c.kind in WORST]
    contents = {hostile.slug: hostile.make() for hostile in chosen}
    contents = {name: data for name, data in contents.items() if data}  # an empty file waits
    for name, data in contents.items():
        (inbox / name).write_bytes(data)
    for number, raw in enumerate(NAMES.values()):
        (inbox / os.fsdecode(raw)).write_bytes(b"%d %s" % (number, raw))
    (inbox / f"{CONTENT}.pdf").write_bytes(quoted())
    elsewhere = workspace.workspace.with_name("mine.pdf")
    elsewhere.write_bytes(b"%PDF- a second name of somebody's file")
    (inbox / "hard.pdf").hardlink_to(elsewhere)
    good = next(path for path in example_files() if path.suffix == ".pdf")
    count = len(contents) + len(NAMES) + 3

    with RunningDaemon(workspace.workspace, tmp_path) as daemon, open_workspace_store(
        workspace
    ) as store:  # fmt: skip
        shutil.copy(good, inbox / "good.pdf")
        documents = wait_until(finished(store, count), "every file has ended")
        beat = process.read_health(workspace.state)
        log = daemon.log
        assert daemon.stop() == 0

    assert beat is not None
    assert beat.pid == daemon.process.pid
    assert len(documents) == count
    known = _by_name(documents)
    assert known["good.pdf"].state in {State.SORTED, State.REVIEW}
    for document in documents:
        assert document.verdict is not None
        if document.state is State.REJECTED:
            assert document.verdict.reason.code in REFUSED_FOR, document
    assert {os.fsdecode(raw) for raw in NAMES.values()} <= known.keys()
    _check_names(workspace, documents)
    assert elsewhere.read_bytes().startswith(b"%PDF-")
    for name in oddities:
        assert os.path.lexists(inbox / name), name
        assert f"left alone in the inbox: {name}" in log, name
    assert known[f"{CONTENT}.pdf"].state is State.REJECTED
    assert CONTENT not in log
    assert "Traceback" not in log
    assert "\x1b" not in log


def _check_names(workspace: Configuration, documents: list[Document]) -> None:
    """Every file is under its root, with a name that no terminal, shell or Windows minds."""
    for document in documents:
        root = workspace.root(document.place).resolve()
        path = root / document.path
        assert path.resolve().is_relative_to(root)
        assert path.is_file(), document
        kinds = {unicodedata.category(character) for character in path.name}
        assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}, document
        assert not path.name.startswith(("-", ".", " ")), document
        assert not set('<>:"\\|?*') & set(path.name), document
        assert len(os.fsencode(path.name)) <= 255
        if document.state is State.REJECTED:
            sidecar = json.loads(path.with_name(path.name + ".json").read_bytes())
            assert sidecar["id"] == document.id
