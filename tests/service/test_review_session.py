"""A sitting before the queue: whatever is done in whatever order, files, store and log agree."""

import random
from collections.abc import Callable

import pytest

from docsorter.documents import Document, Place, State
from docsorter.errors import NotFoundError, UsageError
from docsorter.review.items import QueueSource
from docsorter.service.review.service import ReviewService
from docsorter.service.review.session import LeaseTimes, Reviewer, ReviewSession, who
from tests.service.desk import LABELS, Desk


def sit(desk: Desk, name: str) -> ReviewSession:
    return ReviewSession(
        ReviewService(desk.configuration, desk.store, desk.mover),
        QueueSource(desk.store, owner=name, seconds=600),
        reviewer=Reviewer(name, 1000),
        patience=LeaseTimes(),
    )


def act_at_random(session: ReviewSession, chance: random.Random) -> bool:
    """Do one thing; False when there was nothing to do."""
    if chance.random() < 0.3:
        try:
            _, item = session.undo()
        except NotFoundError:
            return False
        assert item is not None
        session.put_back(item)
        return True
    item = session.take()
    if item is None:
        return False
    what: list[Callable[[], object]] = [
        lambda: session.answer(item, chance.choice(LABELS)),
        lambda: session.answer(item, "tax form", new=True),
        lambda: session.reject(item, "torn"),
        lambda: session.skip(item),
    ]
    chance.choices(what, weights=(6, 1, 1, 1))[0]()
    return True


def test_mixed_answers_of_two_people_end_with_files_store_and_log_in_agreement(desk: Desk) -> None:
    documents = []
    for number in range(10):
        content = f"claim 0.{number + 50}".encode()
        documents.append(desk.pipeline.handle(desk.drop(f"{number}.pdf", content).id))
        desk.clock.advance(1)
    chance, done = random.Random(11), 0
    sessions = [sit(desk, "ada"), sit(desk, "bob")]
    while done < 40:
        done += act_at_random(chance.choice(sessions), chance)
        desk.clock.advance(1)
    for document in documents:
        check(desk, document)
    places = (Place.SORTED, Place.REVIEW, Place.REJECTED)
    files = [name for place in places for name in desk.files(place) if name.endswith(".pdf")]
    assert len(files) == len(documents)


def check(desk: Desk, before: Document) -> None:
    now = desk.store.documents.get(before.id)
    assert desk.path(now).read_bytes() == f"claim 0.{int(before.name[:-4]) + 50}".encode()
    assert desk.store.moves.planned_for(now.id) is None
    standing = [a for a in desk.store.review.answers(now.id) if a.undone_at is None]
    assert len(standing) == (now.state is not State.REVIEW)
    if standing:
        expected = State.REJECTED if standing[0].label is None else State.SORTED
        assert now.state is expected
        assert now.answered_by == standing[0].reviewer
    events = [event.kind for event in desk.store.documents.events(document_id=now.id)]
    assert events.count("answered") == len(desk.store.review.answers(now.id))
    assert events.count("answered") - events.count("undone") == len(standing)


def test_a_document_is_offered_with_the_labels_people_made(desk: Desk) -> None:
    for number in range(3):
        desk.pipeline.handle(desk.drop(f"{number}.pdf", f"claim 0.{number + 5}".encode()).id)
    session = sit(desk, "ada")
    for label in ("note", "tax form"):
        item = session.take()
        assert item is not None
        session.answer(item, label, new=True)
    offered = session.offered()
    assert [each.label for each in offered][: len(LABELS)] == list(LABELS)
    assert {each.label for each in offered if not each.trained} == {"note", "tax form"}


SCANROOM = Reviewer("scanroom", 1500)
ACCOUNTS = {"scanroom": 1500, "bob": 1001}


def said(name: str | None, *, shared: tuple[str, ...] = ()) -> Reviewer:
    return who(SCANROOM, name, shared, ACCOUNTS.get)


def test_who_says_nothing_is_called_like_the_account() -> None:
    assert said(None) == SCANROOM


def test_a_name_is_taken_and_the_account_is_kept_beside_it() -> None:
    assert said("Ada L.-B@2") == Reviewer("Ada L.-B@2", 1500)
    assert said("Øystein") == Reviewer("Øystein", 1500)


def test_the_accounts_own_name_may_be_said_where_it_is_one_persons() -> None:
    assert said("scanroom") == SCANROOM


def test_from_a_shared_account_everybody_has_to_say_who_they_are() -> None:
    with pytest.raises(UsageError, match="several people use") as refused:
        said(None, shared=("scanroom",))
    assert "--as NAME" in refused.value.remedy
    with pytest.raises(UsageError, match="no person"):
        said("scanroom", shared=("scanroom",))
    assert said("ada", shared=("scanroom",)).name == "ada"


def test_nobody_answers_in_the_name_of_another_account() -> None:
    with pytest.raises(UsageError, match="another Unix account"):
        said("bob")


@pytest.mark.parametrize("name", ["daemon", "Machine", "docsorter"])
def test_nobody_is_called_like_what_no_person_did(name: str) -> None:
    with pytest.raises(UsageError, match="no person"):
        said(name)


@pytest.mark.parametrize("name", ["", " ada", "ada ", "-a", "a\nb", "a/b", "\x1b[31m", "a" * 65])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        said(name)
