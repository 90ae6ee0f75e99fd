"""Any order of claim, decide, move, answer, undo, abandon and crash keeps the store's promises."""

import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from docsorter.clock import ManualClock
from docsorter.documents import (
    Document,
    Move,
    MoveState,
    Place,
    Reason,
    ReasonCode,
    State,
    Verdict,
    VerdictKind,
)
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import Arrival, Destination, Store, migrate, open_store
from tests.store.conftest import URL

LABELS = st.sampled_from(["invoice", "claim", "letter"])
WHERE = {State.SORTED: Place.SORTED, State.REVIEW: Place.REVIEW, State.REJECTED: Place.REJECTED}
VERDICTS = {
    State.SORTED: (VerdictKind.SORT, ReasonCode.SURE),
    State.REVIEW: (VerdictKind.REVIEW, ReasonCode.UNSURE),
    State.REJECTED: (VerdictKind.REJECT, ReasonCode.DAMAGED),
}


@cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate(URL, clock=ManualClock(), state_dir=folder, backups_dir=folder / "backups")
        return (folder / "docsorter.db").read_bytes()


class Way(RuleBasedStateMachine):
    """Documents of an office whose daemon and reviewers do things in any order."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="docsorter-way-"))
        self.clock = ManualClock()
        (self.folder / "docsorter.db").write_bytes(_empty_database())
        self.store = self.opened()
        self.before: dict[int, Document] = {}  # as a document was before its planned move
        self.names = 0

    def opened(self) -> Store:
        return open_store(URL, clock=self.clock, state_dir=self.folder)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert self.store.upkeep.integrity_check() == []
            self.store.close()
            shutil.rmtree(self.folder)

    def documents(self, *states: State) -> list[Document]:
        return [one for one in self.store.documents.find(limit=1000) if one.state in states]

    def some(self, data: st.DataObject, *states: State) -> Document | None:
        found = self.documents(*states)
        return data.draw(st.sampled_from(found)) if found else None

    def planned(self, document: Document, move: Move) -> None:
        assert move.document_id == document.id
        self.before[document.id] = document

    @rule()
    def claim(self) -> None:
        self.names += 1
        name = f"{self.names}.pdf"
        document, move = self.store.documents.plan_claim(
            Arrival(name, "", name, 1, 1), actor="daemon"
        )
        self.planned(document, move)

    @rule(data=st.data(), state=st.sampled_from(list(WHERE)), label=LABELS)
    def decide(self, data: st.DataObject, state: State, label: str) -> None:
        document = self.some(data, State.SPOOLED)
        if document is None:
            return
        kind, code = VERDICTS[state]
        verdict = Verdict(kind, Reason(code, "because"), label, 0.5, 0.9)
        destination = Destination(WHERE[state], f"{label}/{document.id}", state)
        try:
            move = self.store.moves.decide_and_plan(document.id, verdict, destination)
        except ConflictError:
            assert document.id in self.before
        else:
            self.planned(document, move)

    @rule(data=st.data(), label=st.none() | LABELS)
    def answer(self, data: st.DataObject, label: str | None) -> None:
        document = self.some(data, State.REVIEW)
        if document is None:
            return
        state = State.REJECTED if label is None else State.SORTED
        try:
            entry = self.store.review.entry_for_document(document.id)
            _, move = self.store.review.plan_answer(
                entry.id,
                Destination(WHERE[state], f"{label}/{document.id}", state),
                label=label,
                token=None,
                reviewer="anna",
                uid=1,
            )
        except NotFoundError:
            assert document.id in self.before
        else:
            self.planned(document, move)

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        document = self.some(data, State.SORTED, State.REJECTED)
        if document is None:
            return
        back = Destination(Place.REVIEW, str(document.id), State.REVIEW)
        try:
            _, move = self.store.review.undo_answer(document.id, back, reviewer="ben", uid=2)
        except NotFoundError:
            assert document.answered_by is None
        except ConflictError:
            assert document.id in self.before
        else:
            self.planned(document, move)

    @precondition(lambda self: self.before)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        move = data.draw(st.sampled_from(self.store.moves.planned()))
        done = self.store.moves.finish(move.id, actor="daemon", event="moved")
        assert (done.state, done.place, done.path) == (move.next_state, move.to_place, move.to_path)
        assert self.store.moves.finish(move.id, actor="daemon", event="moved") == done
        del self.before[move.document_id]

    @precondition(lambda self: self.before)
    @rule(data=st.data())
    def abandon(self, data: st.DataObject) -> None:
        move = data.draw(st.sampled_from(self.store.moves.planned()))
        after = self.store.moves.abandon(move.id, actor="daemon", reason="no space")
        before = self.before.pop(move.document_id)
        if before.state is State.CLAIMING:
            assert after.state is State.WITHDRAWN
        else:
            assert after == before

    @rule()
    def restart(self) -> None:
        self.store.close()
        self.store = self.opened()

    @invariant()
    def promises_hold(self) -> None:
        if not hasattr(self, "store"):
            return
        documents = self.store.documents.find(limit=1000)
        moving = {move.document_id for move in self.store.moves.planned()}
        assert moving == set(self.before)
        waiting = {entry.document.id for entry in self.store.review.entries(limit=1000)}
        assert waiting == {d.id for d in documents if d.state is State.REVIEW} - moving
        counts = self.store.documents.counts()
        states = Counter(document.state for document in documents)
        assert {state: n for state, n in counts.states.items() if n} == states
        for document in documents:
            standing = [a for a in self.store.review.answers(document.id) if a.undone_at is None]
            assert len(standing) == (document.answered_by is not None)
            moves = self.store.moves.of_document(document.id)
            assert sum(move.state is MoveState.PLANNED for move in moves) <= 1


Way.TestCase.settings = settings(max_examples=8, stateful_step_count=25, deadline=None)
TestWay = pytest.mark.slow(Way.TestCase)
