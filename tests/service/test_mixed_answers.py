"""Two hundred answers, refusals, gestures and undos, in an order nobody chose; all agrees after."""

import random
from collections import Counter
from collections.abc import Callable

from docsorter.documents import Document, Place, Purpose, State
from docsorter.errors import DocsorterError
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import for_each
from docsorter.service.review.undo import DocumentUndo
from docsorter.service.upkeep.verify import Verifier
from docsorter.settings import ReviewSettings
from docsorter.store import Manner
from tests.service.desk import LABELS, Desk

_ACTS = 200
_DOCUMENTS = 40
_PEOPLE = ("ada", "ben", "cleo")


class Office:
    """People who do what chance tells them."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.chance = desk, random.Random(seed)
        settings = desk.configuration.settings
        review = ReviewSettings(double=0.2, skip_seconds=5)
        changed = settings.model_copy(update={"review": review})
        object.__setattr__(desk.configuration, "settings", changed)
        self.service = ReviewService(
            desk.configuration, desk.store, desk.mover, chance=self.chance.random
        )
        self.done: Counter[str] = Counter()
        self.batches: list[str] = []

    def arrive(self, number: int) -> None:
        sure = self.chance.choice(("0.5", "0.95"))
        content = f"{self.chance.choice(LABELS)} {sure} {number}".encode()
        self.desk.pipeline.handle(self.desk.drop(f"scan-{number % 7}.pdf", content).id)

    def act(self) -> None:
        kinds: list[Callable[[], None]] = [self.answer] * 5 + [self.together, self.undo, self.skip]
        kinds += [self.undo_together, self.take_back]
        chosen = self.chance.choice(kinds)
        self.desk.clock.advance(1)
        try:
            chosen()
            self.done[chosen.__name__] += 1
        except DocsorterError:
            self.done["refused"] += 1

    def _who(self) -> tuple[str, int]:
        who = self.chance.randrange(len(_PEOPLE))
        return _PEOPLE[who], who

    def _said(self) -> str | None:
        return self.chance.choice((*LABELS, None))

    def _any(self) -> int:
        return self.chance.randint(1, _DOCUMENTS)

    def answer(self) -> None:
        name, uid = self._who()
        lease = self.service.store.review.lease(None, owner=name, seconds=600)
        number, token = lease.entry.document.id, lease.token
        self.service.answer(number, self._said(), reviewer=name, uid=uid, token=token)

    def together(self) -> None:
        name, uid = self._who()
        entries = self.service.store.review.entries(limit=4)
        batch, said = f"batch-{len(self.batches)}", self._said()
        numbers = [*(entry.document.id for entry in entries), self._any()]
        self.batches.append(batch)
        for_each(
            numbers,
            lambda number: self.service.answer(
                number, said, reviewer=name, uid=uid, manner=Manner(batch=batch)
            ),
        )

    def undo(self) -> None:
        name, uid = self._who()
        self.service.undo(self._any(), reviewer=name, uid=uid)

    def undo_together(self) -> None:
        name, uid = self._who()
        batch = self.chance.choice(self.batches or ["none"])
        numbers = [a.document_id for a in self.service.store.review.answers_of_batch(batch)]
        for_each(numbers, lambda number: self.service.undo(number, reviewer=name, uid=uid))

    def skip(self) -> None:
        self.service.skip(self._any(), reviewer=self._who()[0])

    def take_back(self) -> None:
        DocumentUndo(self.service, actor=self._who()[0], batch="b").to_review(self._any())


def agrees(desk: Desk, document: Document) -> None:
    """Check that file, row, answers and log of a document tell the same."""
    answers = desk.store.review.answers(document.id)
    standing = [each for each in answers if each.undone_at is None]
    decided = [each for each in standing if each.purpose is Purpose.DECIDE]
    events = desk.store.documents.events(document_id=document.id)
    kinds = Counter(event.kind for event in events)
    assert kinds["answered"] == sum(a.purpose is Purpose.DECIDE for a in answers)
    assert kinds["second_opinion"] == sum(a.purpose is Purpose.SECOND for a in answers)
    assert document.verdict is not None
    if document.state is State.SORTED:
        assert document.path.startswith(f"{document.verdict.label}/")
    if document.answered_by is not None:
        assert (decided[-1].reviewer, decided[-1].label) == (
            document.answered_by,
            document.verdict.label,
        )
        told = [event for event in events if event.kind == "answered"][-1]
        assert (told.actor, told.detail["label"]) == (document.answered_by, decided[-1].label)
    entry = [e for e in desk.store.review.entries(limit=1000) if e.document.id == document.id]
    if document.state is State.REVIEW:
        assert [each.purpose for each in entry] == [Purpose.DECIDE]
    else:
        assert all(each.purpose is Purpose.SECOND for each in entry)


def test_files_store_and_log_agree_after_two_hundred_acts(desk: Desk) -> None:
    office = Office(desk, seed=7)
    for number in range(_DOCUMENTS):
        office.arrive(number)
    for _ in range(_ACTS):
        office.act()
    assert set(office.done) >= {"answer", "together", "undo", "undo_together", "take_back", "skip"}
    assert Verifier(desk.configuration, desk.store, clock=desk.clock).verify().findings == []
    assert desk.store.moves.planned() == []
    for number in range(1, _DOCUMENTS + 1):
        agrees(desk, desk.store.documents.get(number))
    lying = [
        name for place in (Place.SORTED, Place.REVIEW, Place.REJECTED) for name in desk.files(place)
    ]
    assert sum(not name.endswith(".json") for name in lying) == _DOCUMENTS
    assert desk.store.documents.counts().total == _DOCUMENTS
