"""What the reviewer's screen asks of the store."""

import pytest

from docsorter.clock import ManualClock
from docsorter.errors import ConflictError
from docsorter.store import ReviewFilter, Store
from tests.store.office import Office

pytestmark = pytest.mark.any_database


def test_a_lease_is_renewed_by_its_token(store: Store, office: Office, clock: ManualClock) -> None:
    office.review()
    lease = store.review.lease(None, owner="anna", seconds=60)
    clock.advance(50)
    again = store.review.renew(lease.entry.id, lease.token, seconds=60)
    assert again.token == lease.token
    clock.advance(50)
    with pytest.raises(ConflictError):
        store.review.lease(lease.entry.id, owner="bert", seconds=60)


def test_renewing_never_takes_an_entry_over(
    store: Store, office: Office, clock: ManualClock
) -> None:
    office.review()
    lost = store.review.lease(None, owner="anna", seconds=60)
    clock.advance(61)
    held = store.review.lease(None, owner="anna", seconds=60)  # her other terminal
    with pytest.raises(ConflictError):
        store.review.renew(lost.entry.id, lost.token, seconds=60)
    assert store.review.renew(held.entry.id, held.token, seconds=60).token == held.token


def test_an_answered_entry_is_not_renewed(store: Store, office: Office) -> None:
    document = office.review()
    lease = store.review.lease(None, owner="anna", seconds=60)
    office.answer(document, "claim")
    with pytest.raises(ConflictError):
        store.review.renew(lease.entry.id, lease.token, seconds=60)


def test_the_last_answer_is_the_newest_of_that_person_that_stands(
    store: Store, office: Office
) -> None:
    assert store.review.last_answer("anna") is None
    first, second, third = (office.review() for _ in range(3))
    office.answer(first, "claim")
    office.answer(second, "letter")
    office.answer(third, "claim", reviewer="bert")
    newest = store.review.last_answer("anna")
    assert newest is not None
    assert newest.document_id == second.id
    before = store.review.last_answer("anna", before_id=newest.id)
    assert before is not None
    assert before.document_id == first.id
    assert store.review.last_answer("anna", before_id=before.id) is None


def test_entries_are_found_by_a_part_of_the_name(store: Store, office: Office) -> None:
    office.review(name="Rechnung_100%.pdf")
    wanted = office.review(name="Brief.pdf")
    (found,) = store.review.entries(filter=ReviewFilter(text="BRIEF"))
    assert found.document.id == wanted.id
    assert len(store.review.entries(filter=ReviewFilter(text="100%"))) == 1
    assert store.review.entries(filter=ReviewFilter(text="_%x")) == []
    assert (
        store.review.lease(
            None, owner="anna", seconds=60, filter=ReviewFilter(text="brief")
        ).entry.document.id
        == wanted.id
    )
