"""Labels as a user lists, renames and merges them; also killed in the middle."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import SystemClock
from docsorter.configuration import Configuration
from docsorter.documents import Place
from docsorter.errors import ExitCode
from docsorter.service.upkeep.verify import Verifier
from tests.cli.running import ROOT, docsorter
from tests.cli.test_undo_commands import Typed, failed
from tests.service.desk import Desk

_MANY = 40


@pytest.fixture
def typed(configuration: Configuration, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Documents 1 and 2 are claims, 3 is a letter, 4 waits as a claim."""
    monkeypatch.setenv("NO_COLOR", "1")
    desk = Desk(configuration, SystemClock())  # type: ignore[arg-type]
    for name, content in (
        ("a.pdf", "claim 0.95 a"),
        ("b.pdf", "claim 0.95 b"),
        ("a2.pdf", "letter 0.95 c"),
        ("d.pdf", "claim 0.6 d"),
    ):
        desk.pipeline.handle(desk.drop(name, content.encode()).id)
    yield Typed(desk)
    desk.store.close()


def sorted_files(typed: Typed) -> list[str]:
    return [name for name in typed.desk.files(Place.SORTED) if name.endswith(".pdf")]


def test_labels_are_listed_with_what_there_is_of_each(typed: Typed) -> None:
    shown = typed("label", "list").stdout
    assert all(len(line) <= 80 for line in shown.splitlines())
    lines = {line["label"]: line for line in json.loads(typed("label", "list", "--json").stdout)}
    claim = lines["claim"]
    assert (claim["sorted"], claim["waiting"], claim["origin"]) == (2, 1, "model")
    assert claim["policy"] == "auto"
    assert claim["folder"].endswith("/sorted/claim")
    asked = typed("label", "list", "--json", settings=("decide.policies={claim='review'}",))
    policies = {line["label"]: line["policy"] for line in json.loads(asked.stdout)}
    assert policies["claim"] == "review"


def test_a_rename_is_shown_first_and_done_when_that_is_wanted(typed: Typed) -> None:
    before = sorted_files(typed)
    shown = typed("label", "rename", "claim", "insurance claim", "--dry-run")
    assert "2 documents to be insurance claim" in shown.stdout
    assert sorted_files(typed) == before
    assert "nobody can be asked" in failed(
        typed("label", "rename", "claim", "insurance claim"), ExitCode.USAGE
    )
    done = typed("label", "rename", "claim", "insurance claim", "--yes")
    assert done.exit_code == ExitCode.OK
    assert "claim is insurance claim now: 2 documents moved" in done.stdout
    assert len([name for name in sorted_files(typed) if name.startswith("insurance")]) == 2
    listed = typed("label", "list").stdout
    assert "insurance claim" in listed
    again = failed(typed("label", "rename", "claim", "insurance claim", "--yes"), ExitCode.USAGE)
    assert "claim is insurance claim already" in again
    # Settings may say either name, and a typo is still refused.
    for name in ("claim", "insurance claim"):
        policies = (f"decide.policies={{'{name}'='review'}}",)
        lines = json.loads(typed("label", "list", "--json", settings=policies).stdout)
        assert {line["label"]: line["policy"] for line in lines}["insurance claim"] == "review"
    assert "2 documents moved" in typed("label", "undo", "--yes").stdout
    assert sorted_files(typed) == before


def test_a_merge_and_its_undo_as_json(typed: Typed) -> None:
    before = sorted_files(typed)
    would = json.loads(typed("label", "merge", "claim", "letter", "--dry-run", "--json").stdout)
    assert [one["id"] for one in would["would_move"]] == [1, 2]
    typed.desk.path(typed.desk.store.documents.get(2)).unlink()
    done = typed("label", "merge", "claim", "letter", "--yes", "--json")
    assert done.exit_code == ExitCode.CONFLICT
    said = json.loads(done.stdout)
    assert [one["id"] for one in said["done"]] == [1]
    assert [one["document_id"] for one in said["left_alone"]] == [2]
    back = json.loads(typed("label", "undo", "--yes", "--json").stdout)
    assert [one["id"] for one in back["done"]] == [1]
    assert set(sorted_files(typed)) == set(before) - {name for name in before if "/b.pdf" in name}


def test_bad_names_are_refused_with_the_remedy(typed: Typed) -> None:
    assert "docsorter label merge claim letter" in failed(
        typed("label", "rename", "claim", "letter", "--yes"), ExitCode.USAGE
    )
    assert "did you mean claim" in failed(
        typed("label", "rename", "clam", "x", "--yes"), ExitCode.USAGE
    )


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_and_the_same_command_goes_on(
    configuration: Configuration,
) -> None:
    desk = Desk(configuration, SystemClock())  # type: ignore[arg-type]
    for number in range(_MANY):
        content = f"claim 0.95 {number}".encode()
        desk.pipeline.handle(desk.drop(f"{number}.pdf", content).id)
    words = ["-w", str(configuration.workspace), "label", "rename", "claim", "Schaden", "--yes"]
    target = configuration.root(Place.SORTED) / "Schaden"
    for least in (1, _MANY // 2):
        running = subprocess.Popen(
            [sys.executable, "-m", "docsorter", *words],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        while running.poll() is None and len(list(target.rglob("*.pdf"))) < least:
            pass
        running.kill()
        assert running.wait(60) in {-signal.SIGKILL, 0}
    done = docsorter(*words)
    assert done.returncode in {ExitCode.OK, ExitCode.USAGE}, done.stderr
    files = [Path(name) for name in desk.files(Place.SORTED)]
    pages = [name for name in files if name.suffix == ".pdf"]
    assert {name.parts[0] for name in files} == {"Schaden"}
    assert sorted(name.name for name in pages) == sorted(f"{n}.pdf" for n in range(_MANY))
    assert Verifier(configuration, desk.store, clock=desk.clock).verify().findings == []
    assert desk.store.documents.counts().labels.get("Schaden") == _MANY
    desk.store.close()
