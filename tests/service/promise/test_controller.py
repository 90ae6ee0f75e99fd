"""From nothing certified to certified to an alarm and back, with real files and a real database."""

import json
from collections.abc import Iterator

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.documents import Purpose, ReasonCode, State
from docsorter.errors import SettingsError
from docsorter.service.promise.controller import AutonomyController
from docsorter.store import ChangeReason
from tests.cli.running import docsorter
from tests.service.earning_desk import EarningDesk, KeyedReader


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
    entry = desk.store.review.entry_for_document(document.id)
    assert (entry.purpose, entry.blind) == (Purpose.DECIDE, True)
    check = desk.store.checks.open_check(document.id)
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

    history = desk.store.checks.promises()
    assert [move.why for move in history] == [
        ChangeReason.NEW_RULE,
        ChangeReason.CERTIFIED,
        ChangeReason.ALARM,
    ]
    assert history[-1].threshold is None
    asked = desk.sees()
    assert asked.state is State.REVIEW
    desk.says(asked)
    kinds = [event.kind for event in desk.store.documents.events() if event.document_id is None]
    assert kinds.count("promise_moved") == 3
    assert desk.earn() >= 5, "what was checked before the alarm does not count again"
    assert desk.sees().state is State.SORTED


def test_what_is_not_eligible_is_not_drawn(desk: EarningDesk) -> None:
    broken = desk.pipeline.handle(desk.drop("a.pdf", b"broken").id)
    first = desk.pipeline.handle(desk.drop("b.pdf", b"invoice 0.99").id)
    twin = desk.pipeline.handle(desk.drop("c.pdf", b"invoice 0.99").id)

    assert [d.state for d in (broken, twin)] == [State.REJECTED, State.REJECTED]
    assert [desk.store.checks.of_document(d.id) for d in (broken, twin)] == [[], []]
    assert len(desk.store.checks.of_document(first.id)) == 1


def test_the_reason_says_how_much_is_missing_and_the_log_what_it_rested_on(
    desk: EarningDesk,
) -> None:
    asked = desk.sees()
    assert asked.verdict is not None
    assert "begins to count after 3 more documents" in asked.verdict.reason.text
    desk.says(asked)
    desk.earn()
    alone = desk.sees()
    sidecar = json.loads(desk.path(alone).with_name(f"{desk.path(alone).name}.json").read_text())
    assert "certified on" in sidecar["statement"]
    verdict = next(
        e for e in desk.store.documents.events(document_id=alone.id) if e.kind == "verdict"
    )
    assert verdict.detail["promise"] == sidecar["statement"]
    assert verdict.detail["inclusion"] == 1.0
    asked = desk.sees("invoice", 0.3)
    assert asked.state is State.REVIEW
    assert desk.service.statement() == sidecar["statement"]


def test_what_one_process_answers_another_one_notices_in_its_next_tick(desk: EarningDesk) -> None:
    desk.grant()
    document = desk.sees()
    desk.earning.tick()
    done = docsorter(
        *("-w", desk.configuration.workspace, "review", "answer", str(document.id), "claim"),
        "--json",
        DOCSORTER_DECIDE__AUTONOMY="earned",
    )
    assert done.returncode == 0, done.stderr
    assert desk.position.level is not None
    assert desk.position.level.errors == 0, "nobody looked since"
    assert desk.earning.due()
    desk.earning.tick()
    assert desk.position.level.errors == 1
    assert not desk.earning.due()


def test_answers_taken_back_take_back_what_rested_on_them(desk: EarningDesk) -> None:
    desk.earn()
    checked = [d.id for d in desk.store.documents.find(limit=100) if d.state is State.SORTED]
    for number in checked[:4]:
        desk.service.undo(number, reviewer="anna", uid=1000)
    desk.earning.tick()

    assert desk.position.threshold is None
    assert desk.store.checks.promises()[-1].why is ChangeReason.WITHDRAWN
    assert desk.sees().state is State.REVIEW


def test_another_rule_begins_with_no_evidence(desk: EarningDesk) -> None:
    desk.earn()
    assert isinstance(desk.reader, KeyedReader)
    desk.reader.rule_key = "another model"

    document = desk.sees()
    assert document.state is State.REVIEW
    assert document.verdict is not None
    assert "begins to count after" in document.verdict.reason.text
    assert desk.position.threshold is not None, "documents of the model before go on"


def test_another_target_is_judged_by_the_same_evidence_from_the_beginning(
    configuration: Configuration, clock: ManualClock, desk: EarningDesk
) -> None:
    desk.earn()
    stricter = EarningDesk(configuration, clock, {"promise.target_error": 0.02})
    assert stricter.position.threshold is None
    assert stricter.position.certification is not None
    assert stricter.position.certification.checked > 0
    history = stricter.store.checks.promises()
    assert (history[-1].why, history[-1].target) == (ChangeReason.NEW_RULE, 0.02)
    stricter.store.close()


def test_more_confidence_may_be_asked_for_than_was_earned(
    configuration: Configuration, clock: ManualClock
) -> None:
    desk = EarningDesk(configuration, clock, {"decide.threshold": 0.9995})
    desk.grant()
    assert desk.sees("invoice", 0.999).state is State.REVIEW
    assert desk.sees("invoice", 0.9999).state is State.SORTED
    desk.store.close()


def test_a_share_below_one_leaves_it_to_chance_and_remembers_the_share(
    configuration: Configuration, clock: ManualClock
) -> None:
    numbers = iter([0.3, 0.7, 0.1, 0.99])
    flags = {"decide.autonomy": "starter", "promise.starter_share": 0.5}
    desk = EarningDesk(configuration, clock, flags, chance=lambda: next(numbers))
    drawn = [bool(desk.store.checks.of_document(desk.sees().id)) for _ in range(4)]

    assert drawn == [True, False, True, False]
    found = desk.store.checks.evidence(desk.rule)
    assert [each.inclusion for each in found] == [0.5, 0.5]
    assert not desk.earning.due()
    desk.store.close()


def test_with_autonomy_starter_nothing_is_drawn_unless_asked_for(
    configuration: Configuration, clock: ManualClock
) -> None:
    desk = EarningDesk(configuration, clock, {"decide.autonomy": "starter"})
    document = desk.sees()

    assert document.state is State.SORTED
    assert desk.store.review.waiting_by_purpose() == {}
    assert desk.service.statement().startswith("uncertified on your paper")
    desk.store.close()


def test_a_restart_goes_on_where_the_evidence_was(desk: EarningDesk) -> None:
    desk.earn()
    before = desk.position.threshold
    desk.restart()

    assert desk.position.threshold == before
    assert len(desk.store.checks.promises()) == 2


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"promise.target_error": 0.6}, "target_error"),
        ({"promise.confidence": 1.0}, "confidence"),
        ({"promise.jump": 0.001}, "jump"),
        ({"decide.autonomy": "free"}, "autonomy"),
    ],
)
def test_a_promise_that_cannot_be_is_refused_in_one_line(
    configuration: Configuration, flags: dict[str, object], word: str
) -> None:
    with pytest.raises(SettingsError, match=word):
        load(configuration.workspace, flags)


def test_whoever_does_not_hold_the_lock_goes_by_what_was_written_and_writes_nothing(
    desk: EarningDesk,
) -> None:
    settings = desk.configuration.settings
    reader = AutonomyController(
        desk.store, settings.decide, settings.promise, desk.clock, moves=False
    )
    assert reader.state(desk.rule, "test-1").threshold is None
    desk.earn()
    before = len(desk.store.checks.promises())
    late = AutonomyController(
        desk.store, settings.decide, settings.promise, desk.clock, moves=False
    )

    assert late.state(desk.rule, "test-1").threshold == desk.position.threshold
    assert len(desk.store.checks.promises()) == before
