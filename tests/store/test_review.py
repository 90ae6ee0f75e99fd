import pytest

from docsorter.clock import ManualClock
from docsorter.documents import ReasonCode, ReviewEntry
from docsorter.errors import ConflictError, NotFoundError
from docsorter.store import ReviewFilter, ReviewOrder, Store
from tests.store.office import Office

pytestmark = pytest.mark.any_database


def ids(entries: list[ReviewEntry]) -> list[int]:
    return [entry.document.id for entry in entries]


def test_entries_come_in_the_order_asked_for(
    store: Store, office: Office, clock: ManualClock
) -> None:
    made = []
    for confidence in (0.7, 0.5, 0.6):
        made.append(office.review(confidence=confidence).id)
        clock.advance(1)
    first, second, third = made
    assert ids(store.review.entries()) == [first, second, third]
    assert ids(store.review.entries(order=ReviewOrder.NEWEST)) == [third, second, first]
    assert ids(store.review.entries(order=ReviewOrder.UNSURE)) == [second, third, first]
    assert ids(store.review.entries(order=ReviewOrder.SURE)) == [first, third, second]
    assert ids(store.review.entries(limit=1, offset=1)) == [second]


def test_entries_are_filtered_and_carry_document_and_prediction(
    store: Store, office: Office
) -> None:
    document = office.review("invoice", 0.55, ReasonCode.PAGES_DISAGREE, source="hall")
    office.review("claim")
    for one in (
        ReviewFilter(label="invoice"),
        ReviewFilter(reason=ReasonCode.PAGES_DISAGREE),
        ReviewFilter(source="hall"),
    ):
        (entry,) = store.review.entries(filter=one)
        assert entry.document == store.documents.get(document.id)
        assert entry.prediction == store.documents.prediction(document.id)
        assert store.review.entry(entry.id) == store.review.entry_for_document(document.id) == entry


def test_a_lease_keeps_others_away_until_it_runs_out(
    store: Store, office: Office, clock: ManualClock
) -> None:
    first, second = office.review(), office.review()
    anna = store.review.lease(None, owner="anna", seconds=600)
    ben = store.review.lease(None, owner="ben", seconds=600)
    assert (anna.entry.document.id, ben.entry.document.id) == (first.id, second.id)
    with pytest.raises(NotFoundError, match="no document waits"):
        store.review.lease(None, owner="cleo", seconds=600)
    with pytest.raises(ConflictError, match="anna is looking"):
        store.review.lease(anna.entry.id, owner="ben", seconds=600)
    assert store.review.stats().leased == 2
    clock.advance(600)
    taken = store.review.lease(anna.entry.id, owner="ben", seconds=600)
    assert taken.entry.lease_owner == "ben"
    assert taken.token != anna.token


def test_the_same_person_renews_a_lease_and_the_old_token_ends(
    store: Store, office: Office
) -> None:
    document = office.review()
    old = store.review.lease(None, owner="anna", seconds=60)
    new = store.review.lease(old.entry.id, owner="anna", seconds=60)
    with pytest.raises(ConflictError, match="ran out"):
        store.review.plan_answer(
            old.entry.id,
            office.answered_to(document, "claim"),
            label="claim",
            token=old.token,
            reviewer="anna",
            uid=1,
        )
    store.review.release(old.entry.id, old.token)
    assert store.review.entry(old.entry.id).lease_owner == "anna"
    store.review.release(old.entry.id, new.token)
    assert store.review.entry(old.entry.id).lease_owner is None


def test_a_skipped_entry_comes_last_for_a_while(
    store: Store, office: Office, clock: ManualClock
) -> None:
    first, second = office.review(), office.review()
    lease = store.review.lease(None, owner="anna", seconds=60)
    put_back = store.review.skip(lease.entry.id, lease.token, seconds=3600)
    assert (put_back.skips, put_back.lease_owner) == (1, None)
    with pytest.raises(ConflictError):
        store.review.skip(lease.entry.id, lease.token, seconds=3600)
    next_one = store.review.lease(None, owner="anna", seconds=60)
    assert next_one.entry.document.id == second.id
    assert store.review.lease(None, owner="ben", seconds=60).entry.document.id == first.id
    assert store.review.stats().skipped == 1
    clock.advance(3600)
    assert store.review.stats().skipped == 0
    assert store.review.lease(None, owner="cleo", seconds=60).entry.document.id == first.id


def test_review_stats_say_how_often_people_agree(
    store: Store, office: Office, clock: ManualClock
) -> None:
    office.answer(office.review("claim"), "claim")
    clock.advance(3600)
    office.answer(office.review("claim"), "letter")
    office.answer(office.review("claim"), "claim")
    stats = store.review.stats()
    assert (stats.open, stats.answered, stats.agreed) == (0, 3, 2)
    recent = store.review.stats(since=clock.now())
    assert (recent.answered, recent.agreed) == (2, 1)


def test_unknown_entries_are_not_found(store: Store, office: Office) -> None:
    document = office.sort()
    with pytest.raises(NotFoundError, match="is sorted"):
        store.review.entry_for_document(document.id)
    with pytest.raises(NotFoundError, match="no review entry 9"):
        store.review.entry(9)
    with pytest.raises(NotFoundError, match="no review entry 9"):
        office.plan_answer(9, document)
