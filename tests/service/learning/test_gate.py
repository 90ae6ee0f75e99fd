from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from docsorter.decide.gate import GateVerdict
from docsorter.documents import CheckOutcome, Document, PageSet, Purpose, ReasonCode, SortRule
from docsorter.errors import DocumentError
from docsorter.service.engine import LoadedModel
from docsorter.service.learning import gate
from docsorter.service.learning.candidates import KIND, Candidate, Candidates
from docsorter.service.learning.gate import CandidateEvaluator, GateResult
from docsorter.service.learning.snapshots import Snapshots
from docsorter.store.tables import AnswerRow, CheckRow, EntryRow
from tests.service.desk import Desk


class Words:
    """Reads the file's words instead of its pages, and counts how often."""

    reads = 0

    def __init__(self, settings: object, size: int, workers: int) -> None:
        assert settings is not None
        assert size == 8
        assert workers

    def read(self, path: Path, *, name: str) -> PageSet:
        Words.reads += 1
        text = path.read_text()
        if "unreadable" in text:
            raise DocumentError("damaged", f"{name} is damaged")
        return PageSet(np.zeros((1, 8, 8, 3), np.uint8), 1, "text/plain", producer=text)

    def close(self) -> None:
        pass


def model(name: str, place: int) -> LoadedModel:
    """A model that says the word at a place of the file."""

    def judge(pages: PageSet, read: object) -> object:
        assert read is not None
        label = pages.producer.split()[place]
        confidence = float(pages.producer.split()[1])
        code = ReasonCode.SURE if confidence > 0.1 else ReasonCode.UNLIKE_TRAINING
        reason = SimpleNamespace(code=code)
        prediction = SimpleNamespace(label=label, confidence=confidence, novelty=0.0, read=None)
        return SimpleNamespace(prediction=prediction, verdict=SimpleNamespace(reason=reason))

    card = SimpleNamespace(name=name, input=SimpleNamespace(size=8))
    made = SimpleNamespace(
        name=name, fingerprint=f"mark of {name}", card=card, inspect=judge,
        rule=SortRule(1.0, 0.9, 100.0), rule_key=f"rule of {name}",
    )  # fmt: skip
    return cast("LoadedModel", made)


OLD, NEW = model("starter-1", 0), model("answers-1", 2)


@pytest.fixture(autouse=True)
def _words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "open_reader", Words)
    Words.reads = 0


@pytest.fixture
def candidates(desk: Desk) -> Candidates:
    snapshots = Snapshots(desk.configuration.state)
    snapshots.begin("answers-1")
    return Candidates(snapshots)


def checked(desk: Desk, said_new: str, number: int, inclusion: float = 1.0) -> Document:
    """A sorted invoice whose blind check agreed with the model in use."""
    content = f"invoice 0.99 {said_new} {number}".encode()
    document = desk.pipeline.handle(desk.drop(f"scan-{number}.pdf", content).id)
    now = desk.clock.now()
    with desk.store.database.write() as session:
        session.add(
            CheckRow(
                document_id=document.id, drawn_at=now, model="starter-1", rule="r", source="",
                label="invoice", score=0.99, inclusion=inclusion, outcome=CheckOutcome.RIGHT,
                settled_at=now,
            )
        )  # fmt: skip
    return document


def said(session: Session, check: CheckRow) -> AnswerRow:
    """An answer to a check that agrees with it."""
    asked = {"document_id": check.document_id, "label": check.label, "purpose": Purpose.CHECK}
    entry = EntryRow(
        **asked, created_at=check.drawn_at, closed_at=check.drawn_at, source="", skips=0,
        blind=True, reason=ReasonCode.SURE, confidence=0.9,
    )  # fmt: skip
    session.add(entry)
    session.flush()
    answer = AnswerRow(
        **asked, entry_id=entry.id, guess=check.label, model=check.model, reviewer="ada", uid=1,
        answered_at=check.drawn_at, blind=True,
    )  # fmt: skip
    session.add(answer)
    session.flush()
    return answer


def document_of(desk: Desk, check_id: int) -> int:
    with desk.store.database.read() as session:
        return session.get_one(CheckRow, check_id).document_id


def judge(desk: Desk, candidates: Candidates, candidate: Candidate | None = None) -> GateResult:
    at = desk.clock.now()
    candidate = candidate or Candidate(name="answers-1", model="answers-1", trained_at=at, after=at)
    judged = CandidateEvaluator(desk.configuration, desk.store, candidates, 2)
    return judged.evaluate(candidate, OLD, NEW, lambda *_: None)


def test_both_models_look_once_at_each_later_check(desk: Desk, candidates: Candidates) -> None:
    checked(desk, "claim", 0)
    desk.clock.advance(60)
    first = judge(desk, candidates)
    assert (first.gate.checks, first.gate.verdict) == (0, GateVerdict.OPEN)  # drawn before
    for number in range(1, 4):
        checked(desk, "invoice" if number else "claim", number)
    checked(desk, "claim", 4)
    second = judge(desk, candidates, first.candidate)
    assert (second.gate.checks, second.gate.only_old_right, Words.reads) == (4, 1, 4)
    assert second.candidate.judged_until == desk.clock.now()
    assert candidates.waiting() == second.candidate
    third = judge(desk, candidates, second.candidate)
    assert (third.gate, Words.reads) == (second.gate, 4)


def test_what_a_candidate_learned_from_does_not_judge_it(
    desk: Desk, candidates: Candidates
) -> None:
    document = checked(desk, "invoice", 1)
    desk.store.learning.record_learned("answers-1", {document.id: "invoice"})
    assert judge(desk, candidates).gate.checks == 0


def test_files_that_cannot_be_looked_at_are_counted_and_left_out(
    desk: Desk, candidates: Candidates
) -> None:
    gone, changed, _ = (
        checked(desk, "invoice", 1),
        checked(desk, "invoice", 2),
        checked(desk, "unreadable", 3),
    )
    checked(desk, "invoice", 4)
    desk.path(gone).unlink()
    desk.path(changed).write_bytes(b"invoice 0.99 invoice x")
    judged = judge(desk, candidates)
    assert (judged.gate.checks, judged.unusable) == (1, 3)


def test_forgetting_takes_the_opinions_as_well(desk: Desk, candidates: Candidates) -> None:
    document = checked(desk, "invoice", 1)
    judge(desk, candidates)
    assert document.id in candidates.opinions("answers-1").documents
    Snapshots(desk.configuration.state).erase(document.id)
    assert candidates.opinions("answers-1").documents == {}


def test_what_a_candidate_says_of_what_was_drawn_for_it_is_evidence_of_its_own(
    desk: Desk, candidates: Candidates
) -> None:
    checked(desk, "invoice", 1)
    desk.store.documents.add_event(KIND, actor="daemon", detail={"candidate": "answers-1"})
    desk.clock.advance(61)
    numbers = [checked(desk, "claim" if n == 3 else "invoice", n).id for n in range(2, 5)]
    checked(desk, "invoice", 5, inclusion=0.1)  # others were drawn with another chance
    with desk.store.database.write() as session:
        for row in session.scalars(select(CheckRow)):
            answer = said(session, row)
            row.first_answer_id = answer.id

    judged = judge(desk, candidates)
    assert judged.gate.checks == 4
    assert judged.rule_key == "rule of answers-1"
    found = [(document_of(desk, one.check_id), one.label, one.score) for one in judged.shadows]
    labels = ("invoice", "claim", "invoice")
    assert found == [(n, label, 0.99) for n, label in zip(numbers, labels, strict=True)]
