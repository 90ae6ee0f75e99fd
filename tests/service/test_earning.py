from collections.abc import Iterator

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import Purpose, ReasonCode, State
from docsorter.store import Why
from tests.service.earning_desk import EarningDesk


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[EarningDesk]:
    made = EarningDesk(configuration, clock)
    yield made
    made.store.close()


def test_before_anything_is_certified_every_document_goes_to_a_person_blind(
    desk: EarningDesk,
) -> None:
    document = desk.sees()

    assert document.state is State.REVIEW
    assert document.verdict is not None
    assert document.verdict.reason.code is ReasonCode.EARNING
    entry = desk.store.entry_for_document(document.id)
    assert (entry.purpose, entry.blind) == (Purpose.DECIDE, True)
    check = desk.store.open_check(document.id)
    assert check is not None
    assert check.draw.inclusion == 1.0


def test_from_nothing_to_certified_to_alarm_and_back(desk: EarningDesk) -> None:
    took = desk.earn()
    assert took > 4, "the pilot does not count"
    alone = desk.sees()
    assert alone.state is State.SORTED
    desk.restart(lambda: 0.0)  # every draw hits from now on
    for _ in range(30):
        wrong = desk.sees()
        assert wrong.state is State.SORTED
        desk.says(wrong, "claim")
        moved = desk.says(wrong, "claim", "ben")
        assert moved.path.startswith("claim/")
        if desk.position.threshold is None:
            break

    history = desk.store.promises()
    assert [move.why for move in history] == [Why.NEW_RULE, Why.CERTIFIED, Why.ALARM]
    assert history[-1].threshold is None
    asked = desk.sees()
    assert asked.state is State.REVIEW
    desk.says(asked)
    kinds = [event.kind for event in desk.store.events() if event.document_id is None]
    assert kinds.count("promise_moved") == 3
    assert desk.earn() >= 5, "what was checked before the alarm does not count again"
    assert desk.sees().state is State.SORTED
