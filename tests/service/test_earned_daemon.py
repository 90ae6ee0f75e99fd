"""Autonomy that is earned, with a real daemon, the real model and answers typed beside it."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from docsorter.configuration import Configuration, load
from docsorter.documents import Document, Place, State
from docsorter.resources import examples_dir
from docsorter.service.promise.report import PromiseReader
from docsorter.service.review.service import ReviewService, open_review_service
from docsorter.service.upkeep.verify import Verifier
from docsorter.store import PromiseChange
from tests.cli.running import docsorter
from tests.service.running import RunningDaemon, finished, wait_until

pytestmark = pytest.mark.slow

QUICK = """
[intake]
rest_seconds = 0.2
rescan_seconds = 1.0
[decide]
autonomy = "earned"
[promise]
target_error = 0.4
confidence = 0.5
jump = 0.9
pilot_documents = 2
miss_rate = 0.0
double = 0.0
"""
"""So little is promised that half a dozen documents earn it."""


@pytest.fixture
def workspace(configuration: Configuration) -> Configuration:
    (configuration.workspace / "docsorter.toml").write_text(QUICK)
    return load(configuration.workspace)


@pytest.fixture
def service(workspace: Configuration) -> Iterator[ReviewService]:
    with open_review_service(workspace) as opened:
        yield opened


PILOT = ("kasa zwrot.jpeg", "claim form signed.jpg")
"""Claims of which the model is a little less sure: the thresholds lie on both sides of others."""


def claim(workspace: Configuration, number: int) -> None:
    """Drop a claim that the model is sure of; every number has other bytes."""
    with Image.open(examples_dir() / "scan_20260914_0012.jpg") as page:
        page.save(workspace.root(Place.INBOX) / f"claim-{number}.jpg", quality=80 + number)


def certified(service: ReviewService) -> PromiseChange | None:
    moves = service.store.checks.promises()
    return moves[-1] if moves and moves[-1].threshold is not None else None


def newest(service: ReviewService, count: int) -> Document:
    documents = wait_until(finished(service.store, count), f"{count} documents")
    return max(documents, key=lambda document: document.id)


def test_everything_goes_to_a_person_blind_until_their_answers_certify_it(
    workspace: Configuration, service: ReviewService, tmp_path: Path
) -> None:
    taught = 8
    with RunningDaemon(workspace.workspace, tmp_path) as daemon:
        for name in PILOT:
            shutil.copy(examples_dir() / name, workspace.root(Place.INBOX))
        wait_until(finished(service.store, len(PILOT)), "the pilot")
        for number in range(taught - len(PILOT)):
            claim(workspace, number)
        waiting = wait_until(finished(service.store, taught), "all of them")
        assert {document.state for document in waiting} == {State.REVIEW}
        told = [
            (d.name, service.is_blind(d.id), d.verdict.reason.text) for d in waiting if d.verdict
        ]
        assert all(blind for _, blind, _ in told), told
        assert certified(service) is None

        where = f"--workspace={workspace.workspace}"
        numbers = [str(document.id) for document in waiting]
        typed = docsorter("--as", "Ada", where, "review", "answer", *numbers, "claim")
        assert typed.returncode == 0, typed.stderr
        moved = wait_until(lambda: certified(service), "a certificate")
        assert moved.errors == 0
        assert 0 < moved.checked <= taught - len(PILOT), "the pilot is no evidence"

        claim(workspace, taught)
        alone = newest(service, taught + 1)
        assert (alone.state, alone.answered_by) == (State.SORTED, None)
        assert alone.verdict is not None
        rule = PromiseReader(workspace, service.store).rule
        seen = service.store.documents.prediction(alone.id)
        assert seen is not None
        asked = [  # it comes down further while more answers are looked at
            replace(rule, threshold=each.threshold).required_confidence("claim", seen.novelty)
            for each in service.store.checks.promises()
            if each.threshold is not None
        ]
        assert alone.verdict.threshold == pytest.approx(asked[-1])
        daemon.process.kill()

    assert {a.reviewer for n in numbers for a in service.store.review.answers(int(n))} == {"Ada"}
    with RunningDaemon(workspace.workspace, tmp_path) as daemon:  # what was earned outlives a kill
        claim(workspace, taught + 1)
        assert newest(service, taught + 2).state is State.SORTED
        assert daemon.stop() == 0
    said = docsorter(where, "promise").stdout
    assert "certified on" in said
    assert Verifier(workspace, service.store).verify().findings == []
