from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Place, State
from docsorter.intake.inbox import Inbox
from docsorter.service.daemon.claims import ClaimQueue
from tests.service.desk import Desk


@pytest.fixture
def inbox(configuration: Configuration, clock: ManualClock) -> Inbox:
    root = configuration.root(Place.INBOX)
    return Inbox(root, configuration.settings.intake, clock)


@pytest.fixture
def claimer(desk: Desk, inbox: Inbox) -> ClaimQueue:
    return ClaimQueue(inbox, desk.store, desk.mover)


def drop(desk: Desk, inbox: Inbox, claimer: ClaimQueue, name: str) -> Path:
    """Put a file into the inbox and let it rest until it is handed out."""
    file = desk.configuration.root(Place.INBOX) / name
    file.write_bytes(b"invoice 0.99")
    inbox.request_rescan()
    for _ in range(3):
        claimer.add(inbox.tick())
        desk.clock.advance(20)
    assert claimer.backlog == 1
    return file


def test_a_complete_file_goes_from_the_inbox_to_the_spool(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    document = claimer.carry(claim)
    claimer.tell_inbox()
    assert document is not None
    assert document.state is State.SPOOLED
    assert desk.path(document).read_bytes() == b"invoice 0.99"
    assert not file.exists()
    assert inbox.waiting().count == 0


def test_a_file_that_was_taken_away_before_the_claim_is_withdrawn_quietly(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    file.unlink()
    assert claimer.carry(claim) is None
    claimer.tell_inbox()
    assert desk.store.documents.get(claim.document.id).state is State.WITHDRAWN
    assert inbox.waiting().count == 0


def test_a_file_that_changed_before_the_claim_stays_in_the_inbox_and_is_offered_again(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    file = drop(desk, inbox, claimer, "a.pdf")
    claim = claimer.plan_next()
    assert claim is not None
    file.write_bytes(b"invoice 0.99 and a second page")
    assert claimer.carry(claim) is None
    claimer.tell_inbox()
    assert file.read_bytes() == b"invoice 0.99 and a second page"
    inbox.request_rescan()
    for _ in range(4):
        desk.clock.advance(20)
        claimer.add(inbox.tick())
    assert claimer.backlog == 1


def test_a_file_whose_claim_still_runs_is_not_claimed_twice(
    desk: Desk, inbox: Inbox, claimer: ClaimQueue
) -> None:
    drop(desk, inbox, claimer, "a.pdf")
    assert claimer.plan_next() is not None
    desk.clock.advance(120)
    claimer.add(inbox.tick())
    assert claimer.backlog == 1
    assert claimer.plan_next() is None
