"""The daemon's user, two reviewers in one group, and an outsider: who may do what."""

import grp
import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import STRANGER, Python
from tests.model.bundles import write_whole_bundle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="run in a namespace by test_three_users_without_root.py"
    ),
]
DAEMON, ANNA, BERT = 64301, 64302, 64303
QUEUE = Path(__file__).with_name("queue_documents.py")


@dataclass(frozen=True, slots=True)
class Office:
    """A workspace and the people around it."""

    folder: Path
    python: Python
    group: grp.struct_group
    environment: dict[str, str]

    @property
    def workspace(self) -> Path:
        return self.folder / "paper"

    @property
    def state(self) -> Path:
        return self.workspace / ".docsorter"

    def start(self, uid: int, *command: str | Path, member: bool, umask: int) -> "Run":
        return subprocess.Popen(
            [self.python.path, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env=self.environment,
            user=uid,
            group=uid,
            extra_groups=[self.group.gr_gid] if member else [],
            umask=umask,
        )

    def docsorter(self, uid: int, *command: str, member: bool = True, umask: int = 0o077) -> "Said":
        arguments = ("-m", "docsorter", "--workspace", str(self.workspace), *command)
        run = self.start(uid, *arguments, member=member, umask=umask)
        out, err = run.communicate(timeout=60)
        return Said(run.returncode, out, err)

    def review(self, uid: int, *command: str) -> Any:  # noqa: ANN401 -- as the JSON is
        said = self.docsorter(uid, "review", *command, "--json")
        assert said.code == 0, said.err
        return json.loads(said.out)


Run = subprocess.Popen[str]


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def office(python: Python, shared_folder: Path) -> Office:
    named = [group for group in grp.getgrall() if group.gr_gid not in {0, os.getegid()}]
    bundle = write_whole_bundle(shared_folder / "bundle")
    environment = {**python.environment, "DOCSORTER_MODEL__BUNDLE": str(bundle)}
    home = shared_folder / "home"
    home.mkdir()
    os.chown(home, DAEMON, DAEMON)
    return Office(home, python, named[-1], environment)


@pytest.fixture(scope="module", autouse=True)
def daemon(office: Office) -> Iterator[Run]:
    """Queue documents, sort one, and hold the database open, as the daemon does."""
    run = office.start(
        DAEMON, QUEUE, office.workspace, office.group.gr_name,
        "a.pdf=claim 0.5", "b.pdf=letter 0.5", "c.pdf=invoice 0.5", "d.pdf=invoice 0.99",
        member=True, umask=0o077,
    )  # fmt: skip
    assert run.stdout is not None
    lines = [line.strip() for line in iter(run.stdout.readline, "ready\n") if line]
    assert lines == ["1 review", "2 review", "3 review", "4 sorted"], run.communicate()[1]
    yield run
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err


def files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if not str(path).startswith("."))


def test_two_reviewers_answer_undo_and_reject_beside_the_daemon(
    office: Office, daemon: Run
) -> None:
    listed = office.review(ANNA, "list")
    assert [entry["document"]["name"] for entry in listed] == ["a.pdf", "b.pdf", "c.pdf"]

    # invoice/ was made by the daemon, claim/ is made by Anna; Bert puts his document beside hers
    for uid, number, label in ((ANNA, "1", "claim"), (BERT, "2", "claim"), (ANNA, "3", "invoice")):
        answered = office.review(uid, "answer", number, label)
        assert answered["document"]["answered_by"] == f"uid-{uid}"
        assert Path(answered["file"]).parts[-3] == label

    undone = office.review(BERT, "undo", "1")  # of what Anna moved
    assert undone["document"]["state"] == "review"
    assert files(office.workspace / "review") == ["a.pdf"]
    refused = office.review(BERT, "answer", "1", "--reject")
    assert refused["document"]["state"] == "rejected"
    assert "a.pdf" in files(office.workspace / "rejected")

    kept = [path for path in files(office.workspace / "sorted") if not path.endswith(".json")]
    assert [path.split("/")[0] for path in kept] == ["claim", "invoice", "invoice"]
    with closing(sqlite3.connect(office.state / "docsorter.db")) as database:
        given = database.execute("SELECT document_id, uid FROM answers ORDER BY id").fetchall()
    assert given == [(1, ANNA), (2, BERT), (3, ANNA), (1, BERT)]
    assert daemon.poll() is None


def test_state_spool_review_and_rejected_belong_to_the_group_and_to_nobody_else(
    office: Office,
) -> None:
    assert oct(office.workspace.stat().st_mode) == "0o42750"
    gid = office.group.gr_gid
    for name in ("inbox", "review", "rejected", ".docsorter"):
        root = office.workspace / name
        for path in (root, *root.rglob("*")):
            status = path.stat()
            wanted = 0o2770 if path.is_dir() else 0o660
            modes = (str(path), oct(stat.S_IMODE(status.st_mode)), status.st_gid)
            assert modes == (str(path), oct(wanted), gid)
    for path in (office.workspace / "sorted").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0, path


def test_an_outsider_reads_nothing(office: Office, daemon: Run) -> None:
    said = office.docsorter(STRANGER, "review", "list", member=False)
    assert said.code not in {0, 1}, said.err
    assert "not readable" in said.err

    # Even where the workspace itself may be entered, what is in it may not.
    office.workspace.chmod(0o2755)
    said = office.docsorter(STRANGER, "review", "answer", "2", "claim", member=False)
    assert said.code not in {0, 1}, said.err
    assert said.err.startswith("error: "), said.err
    assert "permission" in said.err
    looking = """
import os, sys
for path in sys.argv[1:]:
    for wanted in (os.R_OK, os.W_OK, os.X_OK):
        if os.access(path, wanted):
            print(path, wanted)
"""
    found = [str(path) for path in office.workspace.rglob("*")]
    inside = [path for path in found if not path.endswith("docsorter.toml")]
    run = office.start(STRANGER, "-c", looking, *inside, member=False, umask=0o022)
    assert run.communicate(timeout=60) == ("", "")
    assert len(inside) > 10
    assert daemon.poll() is None


OPEN = """
import os, sys
from pathlib import Path
from docsorter.configuration import load
from docsorter.service.workspace.layout import open_workspace_store
configuration = load(Path(sys.argv[1]))
store = open_workspace_store(configuration)
store.documents.add_event("looked", actor=str(os.getuid()), document_id=1)
for file in sorted(configuration.state.glob("docsorter.db*")):
    status = file.stat()
    print(file.name, oct(status.st_mode & 0o7777), status.st_gid)
sys.stdout.flush()
os._exit(0)  # as after a kill: what is beside the database stays
"""


def test_the_database_stays_shared_whoever_opens_it_first(office: Office, daemon: Run) -> None:
    daemon.communicate()  # it stops, and with the last connection -wal and -shm go
    assert not list(office.state.glob("docsorter.db-*"))
    for uid in (ANNA, BERT, DAEMON):
        run = office.start(uid, "-c", OPEN, office.workspace, member=True, umask=0o077)
        out, err = run.communicate(timeout=60)
        assert run.returncode == 0, err
        names = ("docsorter.db", "docsorter.db-shm", "docsorter.db-wal")
        assert out.splitlines() == [f"{name} 0o660 {office.group.gr_gid}" for name in names]
