"""What comes next in the order "helps most", and what is left out of it."""

import datetime as dt
import itertools

import pytest

from docsorter.clock import ManualClock
from docsorter.documents import Document, Purpose, ReasonCode
from docsorter.store import Manner, ReviewFilter, ReviewOrder, Store, Turn
from docsorter.store.queue_order import ROTATION
from tests.store.office import Office

pytestmark = pytest.mark.any_database

HOUR = dt.timedelta(hours=1)
HELPS = ReviewOrder.HELPS


def take(store: Store, turn: int = 0, owner: str = "anna", **how: object) -> int:
    """Hold the next document and return its number."""
    lease = store.review.lease(
        None,
        owner=owner,
        seconds=600,
        order=HELPS,
        turn=Turn(turn, HOUR),
        **how,  # type: ignore[arg-type]
    )
    return lease.entry.document.id


def asked_again(office: Office, reviewer: str = "ben") -> Document:
    """A document that was answered and of which a second opinion is wanted."""
    document = office.review()
    entry = office.store.review.entry_for_document(document.id)
    _, move = office.store.review.plan_answer(
        entry.id,
        office.answered_to(document, "claim"),
        label="claim",
        token=None,
        reviewer=reviewer,
        uid=1,
        manner=Manner(ask_again=True),
    )
    return office.store.moves.finish(move.id, actor=reviewer, event="delivered")


def test_what_waited_too_long_comes_first_the_oldest_of_it_before_the_rest(
    store: Store, office: Office, clock: ManualClock
) -> None:
    first, second = office.review(confidence=0.8), office.review(confidence=0.9)
    clock.advance(3600)
    unsure = office.review(confidence=0.1)
    assert [take(store), take(store), take(store)] == [first.id, second.id, unsure.id]


def test_then_comes_what_the_model_is_least_sure_of(store: Store, office: Office) -> None:
    sure, unsure = office.review(confidence=0.8), office.review(confidence=0.4)
    assert [take(store), take(store)] == [unsure.id, sure.id]


def test_kinds_take_turns_and_an_empty_one_gives_its_turn_away(
    store: Store, office: Office
) -> None:
    assert ROTATION == ("unsure", "evidence", "unsure", "strange")
    strange = [office.review(confidence=0.1, code=ReasonCode.UNLIKE_TRAINING).id for _ in range(2)]
    second = asked_again(office).id
    unsure = [office.review(confidence=0.5 + i / 100).id for i in range(4)]
    taken = [take(store, turn) for turn in range(6)]
    assert taken == [unsure[0], second, unsure[1], strange[0], unsure[2], unsure[3]]
    assert take(store, 0) == strange[1]


def test_a_flood_of_strange_documents_does_not_bury_the_others(
    store: Store, office: Office
) -> None:
    for _ in range(105):
        office.review(confidence=0.01, code=ReasonCode.UNLIKE_TRAINING)
    unsure = office.review(confidence=0.5)
    assert take(store) == unsure.id


def test_what_somebody_looked_at_first_is_asked_of_others(store: Store, office: Office) -> None:
    office.answer(office.review(), "claim", reviewer="anna")
    document = asked_again(office, "ben")
    other = office.review(confidence=0.9)
    assert take(store, 1, owner="ben") == other.id
    assert take(store, 1, owner="anna") == document.id


def test_the_list_shows_the_overdue_first_page_by_page(
    store: Store, office: Office, clock: ManualClock
) -> None:
    old = [office.review(confidence=0.9).id for _ in range(3)]
    clock.advance(3600)
    new = [office.review(confidence=c).id for c in (0.7, 0.5)]
    wanted = [*old, new[1], new[0]]
    pages = [
        [
            entry.document.id
            for entry in store.review.entries(
                order=HELPS, turn=Turn(0, HOUR), limit=2, offset=offset
            )
        ]
        for offset in (0, 2, 4)
    ]
    assert list(itertools.chain(*pages)) == wanted


@pytest.mark.parametrize("how", [{"label": "claim"}, {"reason": ReasonCode.ANSWERED}])
def test_a_filter_by_what_the_model_said_leaves_out_what_is_judged_blind(
    store: Store, office: Office, how: dict[str, object]
) -> None:
    asked_again(office)
    assert store.review.entries(filter=ReviewFilter(**how)) == []  # type: ignore[arg-type]
    assert len(store.review.entries(filter=ReviewFilter(purpose=Purpose.SECOND))) == 1


def test_a_filter_by_age_shows_what_has_waited_at_least_so_long(
    store: Store, office: Office, clock: ManualClock
) -> None:
    old = office.review()
    clock.advance(3600)
    office.review()
    found = store.review.entries(filter=ReviewFilter(older=HOUR))
    assert [entry.document.id for entry in found] == [old.id]
