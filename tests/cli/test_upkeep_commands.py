"""backup, restore, verify, forget, maintain and migrate, as a person types them."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from docsorter.cli.main import app
from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Place
from docsorter.errors import DocsorterError, ExitCode
from docsorter.service.workspace.process import WorkspaceLock
from tests.service.desk import Desk


@pytest.fixture
def office(configuration: Configuration, clock: ManualClock) -> Desk:
    desk = Desk(configuration, clock)
    for name, content in (("Krause.pdf", b"invoice 0.99"), ("b.pdf", b"claim 0.5")):
        desk.pipeline.handle(desk.drop(name, content).id)
    desk.store.close()
    return desk


def run(desk: Desk, *words: str) -> Result:
    """Run in this process; an error comes back as the exception that main() prints."""
    workspace = str(desk.configuration.workspace)
    return CliRunner().invoke(app, ["--workspace", workspace, *words])


def wide(result: Result) -> int:
    return max(len(line) for line in result.output.splitlines())


def test_verify_says_that_all_is_well_and_ends_with_13_when_it_is_not(office: Desk) -> None:
    well = run(office, "verify")
    assert well.exit_code == 0
    assert "everything is as it should be" in well.output
    assert "2 documents and 3 files examined" in well.output
    office.path(office.store.documents.get(1)).with_name("Krause.pdf.json").unlink()
    found = run(office, "verify")
    assert found.exit_code == ExitCode.FINDINGS
    assert "has lost its sidecar" in found.output.replace("\n", " ").replace("  ", " ")
    assert wide(found) <= 80
    repaired = run(office, "verify", "--repair", "--json")
    assert repaired.exit_code == 0
    assert json.loads(repaired.output)["findings"][0]["repaired"]


def test_forget_asks_a_person_and_erases(office: Desk) -> None:
    asked = run(office, "forget", "1")
    assert isinstance(asked.exception, DocsorterError)
    assert asked.exception.remedy == "say --yes if you are sure"
    assert office.store.documents.get(1).name == "Krause.pdf"
    done = run(office, "forget", "1", "--reason", "asked for", "--yes")
    assert done.exit_code == 0
    assert "document 1 is forgotten" in done.output
    assert "removed      sorted/invoice/2026/Krause.pdf" in done.output
    event = office.store.documents.events(document_id=1)[-1]
    assert event.detail == {"reason": "asked for", "uid": os.getuid()}
    assert office.files(Place.SORTED) == []


def test_a_backup_is_made_and_put_back(office: Desk, tmp_path: Path) -> None:
    made = run(office, "backup", str(tmp_path / "kept.tar"), "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["rows"]["documents"] == 2
    shown = run(office, "backup", "--keep", "3")
    assert "the database is sound" in shown.output
    run(office, "forget", "2", "--yes")
    with WorkspaceLock(office.configuration.state):
        refused = run(office, "restore", str(tmp_path / "kept.tar"))
        assert refused.exit_code != 0
    done = run(office, "restore", str(tmp_path / "kept.tar"))
    assert done.exit_code == 0, done.output
    assert "2 documents" in done.output
    assert "docsorter verify --repair" in done.output
    assert office.store.documents.get(2).name == "(forgotten)"  # it was reached in the backup


def test_maintain_says_what_it_did(office: Desk) -> None:
    done = run(office, "maintain", "--check")
    assert done.exit_code == 0, done.output
    assert "sound" in done.output
    assert "0 rejected documents" in done.output
    said = json.loads(run(office, "maintain", "--compact", "--json").output)
    assert said["findings"] == []
    with office.store.database.write() as session:
        session.connection().exec_driver_sql("UPDATE tallies SET documents = 9")
    assert run(office, "maintain", "--check").exit_code == ExitCode.FINDINGS


def test_migrate_says_where_it_is_and_knows_only_revisions(office: Desk) -> None:
    assert "is at revision" in run(office, "migrate").output
    wrong = run(office, "migrate", "--to", "nowhere")
    assert isinstance(wrong.exception, DocsorterError)
    assert "there is no revision 'nowhere'" in wrong.exception.message
