"""A workspace whose database is on a PostgreSQL server: one document's whole way, and its care."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.documents import Place, ReasonCode, State
from docsorter.errors import ExitCode
from docsorter.service.review.service import open_review_service
from docsorter.service.workspace import process
from docsorter.service.workspace.layout import migrate_workspace, open_workspace_store
from tests.cli.running import docsorter
from tests.postgresql import Server, server
from tests.service.desk import Desk
from tests.service.running import RunningDaemon, finished, wait_until

__all__ = ["server"]
pytestmark = pytest.mark.slow


@pytest.fixture
def served(configuration: Configuration, server: Server) -> Configuration:
    """Return a workspace with an empty database on the server."""
    (configuration.state / "docsorter.db").unlink()
    url = server.make(f"workspace_{secrets.token_hex(4)}")
    (configuration.workspace / "docsorter.toml").write_text(
        f'[intake]\nrest_seconds = 0.2\n[store]\nurl = "{url}"\n'
    )
    made = load(configuration.workspace)
    migrate_workspace(made)
    return made


def test_a_server_that_goes_away_pauses_the_daemon_until_it_is_back(
    served: Configuration, server: Server, tmp_path: Path
) -> None:
    inbox = served.root(Place.INBOX)

    def paused() -> bool:
        beat = process.read_health(served.state)
        return beat is not None and beat.paused_reason == ReasonCode.DATABASE.value

    with RunningDaemon(served.workspace, tmp_path) as daemon:
        server.stop()
        (inbox / "words.txt").write_text("no scan")
        wait_until(paused, "a pause", said=lambda: daemon.log)
        assert daemon.process.poll() is None
        server.start()
        with open_workspace_store(served) as store:
            (document,) = wait_until(finished(store, 1), "the file", said=lambda: daemon.log)
        assert document.state is State.REJECTED
        assert daemon.stop() == 0


@pytest.fixture
def desk(served: Configuration, clock: ManualClock) -> Iterator[Desk]:
    made = Desk(served, clock)
    yield made
    made.store.close()


def test_documents_are_sorted_answered_taken_back_and_forgotten(desk: Desk) -> None:
    sure = desk.drop("a.pdf", b"invoice 0.99")
    unsure = desk.drop("b.pdf", b"claim 0.50")
    broken = desk.drop("c.pdf", b"broken")
    for document in (sure, unsure, broken):
        desk.pipeline.handle(document.id)
    states = [desk.store.documents.get(one.id).state for one in (sure, unsure, broken)]
    assert states == [State.SORTED, State.REVIEW, State.REJECTED]

    with open_review_service(desk.configuration) as service:
        done = service.answer(unsure.id, "letter", reviewer="ada", uid=7)
        assert service.path_of(done).read_bytes() == b"claim 0.50"
        assert service.undo(done.id, reviewer="ada", uid=7).state is State.REVIEW

    said = {
        command: docsorter("-w", desk.configuration.workspace, *command.split(), "--json")
        for command in ("history", "review list", "verify", "status", f"forget {broken.id} --yes")
    }
    assert [row["name"] for row in json.loads(said["history"].stdout)] == [
        "c.pdf",
        "b.pdf",
        "a.pdf",
    ]
    assert [row["document"]["name"] for row in json.loads(said["review list"].stdout)] == ["b.pdf"]
    assert said["verify"].returncode == ExitCode.OK, said["verify"].stderr
    assert said["status"].stderr == ""
    assert desk.store.documents.get(broken.id).name == "(forgotten)"
    assert desk.files(Place.REJECTED) == []
    assert not list(desk.configuration.state.glob("*.db"))
    refused = docsorter("-w", desk.configuration.workspace, "backup")
    assert refused.returncode == ExitCode.USAGE
    assert "pg_dump" in refused.stderr
