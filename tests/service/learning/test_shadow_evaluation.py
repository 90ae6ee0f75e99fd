"""A model that waits gathers evidence of its own, and brings it along when it is put to use."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration
from docsorter.documents import CheckOutcome, Document, Reason, ReasonCode, State, VerdictKind
from docsorter.service.engine import Inspection
from docsorter.service.learning.candidates import (
    Candidate,
    Candidates,
    ShadowEvaluation,
    shadow_evaluation_start,
)
from docsorter.service.learning.gate import forecast_automation, shadow_sample
from docsorter.service.learning.snapshots import Snapshots
from docsorter.service.promise.controller import AutonomyController
from docsorter.service.promise.evidence import miss_rate
from docsorter.service.upkeep.forget import Forgetting
from docsorter.store import SHADOW_RULE, ShadowPrediction
from tests.service.earning_desk import EarningDesk, KeyedReader

NEW = "rule of answers-1"


class Strict(KeyedReader):
    """Takes letters for something that was never taught."""

    def inspect(self, path: Path, name: str) -> Inspection:
        inspection = super().inspect(path, name)
        if inspection.prediction.label != "letter":
            return inspection
        reason = Reason(ReasonCode.UNLIKE_TRAINING, "strange")
        verdict = dataclasses.replace(inspection.verdict, kind=VerdictKind.REVIEW, reason=reason)
        return dataclasses.replace(inspection, verdict=verdict)


class RehearsingDesk(EarningDesk):
    def candidate(self, name: str = "answers-1") -> Candidate:
        now = self.clock.now()
        snapshots = Snapshots(self.configuration.state)
        snapshots.begin(name)
        made = Candidate(name=name, model=name, trained_at=now, after=now)
        Candidates(snapshots).write(made)
        return made

    def rehearse(self) -> None:
        """Begin as a daemon does that has a candidate, and let a minute pass."""
        settings = self.configuration.settings
        rehearsing = ShadowEvaluation(self.configuration, self.store, self.clock)
        self.earning = AutonomyController(
            self.store, settings.decide, settings.promise, self.clock, lambda: 0.2,
            shadow_share=rehearsing.share,
        )  # fmt: skip
        self.pipeline = self.make_pipeline(self.earning)
        rehearsing.share()
        self.clock.advance(61)

    def take(self, label: str = "invoice", score: float = 0.95) -> int:
        """Let the candidate say the same of everything that it may be told of."""
        since = shadow_evaluation_start(self.store, "answers-1")
        assert since is not None
        found = self.store.checks.shadow_candidates("answers-1", after=since, least=0.3)
        shadows = [ShadowPrediction(one.check_id, label, score) for one in found]
        return self.store.checks.add_shadows(NEW, "answers-1", shadows, actor="anna")


@pytest.fixture
def desk(configuration: Configuration, clock: ManualClock) -> Iterator[RehearsingDesk]:
    made = RehearsingDesk(configuration, clock, {"promise.days_to_alarm": 300})
    made.reader = Strict(made.rule)
    made.grant()
    made.candidate()
    made.rehearse()
    yield made
    made.store.close()


def own(desk: RehearsingDesk, document: Document) -> CheckOutcome | None:
    (found,) = (one for one in desk.store.checks.of_document(document.id) if one.draw.rule == NEW)
    return found.outcome


def test_all_documents_are_drawn_alike_while_a_model_waits(desk: RehearsingDesk) -> None:
    sure, strange = desk.sees(), desk.sees("letter")
    (one,), (other,) = (
        desk.store.checks.of_document(sure.id),
        desk.store.checks.of_document(strange.id),
    )
    assert (one.draw.rule, other.draw.rule) == (desk.rule, SHADOW_RULE)
    assert one.draw.inclusion == other.draw.inclusion >= 0.3
    assert (sure.state, strange.state) == (State.SORTED, State.REVIEW)
    assert desk.service.is_blind(strange.id)
    assert [each.document_id for each in desk.store.checks.evidence(desk.rule)] == [sure.id]
    desk.says(strange, "letter")
    assert desk.troubles() == []


def test_it_ends_with_the_candidate_and_begins_anew_with_the_next(desk: RehearsingDesk) -> None:
    first = shadow_evaluation_start(desk.store, "answers-1")
    candidates = Candidates(Snapshots(desk.configuration.state))
    waiting = candidates.waiting()
    assert waiting is not None
    candidates.settle(waiting, "refused", desk.clock.now(), "worse")
    desk.clock.advance(60)
    desk.sees("letter")
    assert shadow_evaluation_start(desk.store, "answers-1") is None
    desk.candidate("answers-2")
    desk.rehearse()
    begun = shadow_evaluation_start(desk.store, "answers-2")
    assert first is not None
    assert begun is not None
    assert begun > first


def test_a_restart_goes_on_with_the_same_rehearsal(desk: RehearsingDesk) -> None:
    before = shadow_evaluation_start(desk.store, "answers-1")
    desk.rehearse()
    desk.sees()
    assert shadow_evaluation_start(desk.store, "answers-1") == before


def test_a_promoted_model_sorts_at_once_what_its_own_evidence_bears(desk: RehearsingDesk) -> None:
    for number in range(20):
        document = desk.sees("letter" if number % 4 == 0 else "invoice")
        desk.says(document, "invoice" if document.state is State.SORTED else "letter")
        if document.state is State.REVIEW:  # blind, so that its check has an answer
            assert desk.store.checks.of_document(document.id)[0].outcome is CheckOutcome.RIGHT
    since = shadow_evaluation_start(desk.store, "answers-1")
    assert since is not None
    found = desk.store.checks.shadow_candidates("answers-1", after=since, least=0.3)
    assert len(found) == 20
    labels = {one.document.id: one.document.path.split("/")[0] for one in found}
    shadows = [
        ShadowPrediction(one.check_id, labels[one.document.id], 0.9 + n / 1000)
        for n, one in enumerate(found)
    ]
    settings = desk.configuration.settings.promise
    reckoned = forecast_automation(
        shadow_sample([(0.95, score, labels[one.document.id], one.answered, one.inclusion)
                  for one, (_, _, score) in zip(found, shadows, strict=True)]),
        0.9, settings, miss_rate(desk.store, settings),
    )  # fmt: skip
    assert desk.store.checks.add_shadows(NEW, "answers-1", shadows, actor="anna") == 20
    assert desk.store.checks.add_shadows(NEW, "answers-1", shadows, actor="anna") == 0
    scores = desk.store.checks.drawn_scores(NEW, 100)
    assert scores == sorted(scores)  # in the order of drawing

    desk.reader = KeyedReader(NEW)
    desk.restart()
    assert desk.sees("letter").state is State.SORTED
    position = desk.earning.state(NEW, "answers-1")
    assert position.threshold is not None
    assert position.level is not None
    assert 0 < position.level.checked <= 17  # the first three are the pilot
    above = [score >= position.threshold for _, _, score in shadows]
    assert reckoned.after == pytest.approx(sum(above) / 20), "what was reckoned is what came"
    assert (reckoned.before, reckoned.holds) == (1, sum(above) == 20)
    assert desk.troubles() == []


def test_what_disagrees_is_evidence_against_it(desk: RehearsingDesk) -> None:
    right, wrong, refused = desk.sees(), desk.sees(), desk.sees()
    desk.says(right)
    for reviewer in ("anna", "ben"):
        desk.says(wrong, "claim", reviewer)
        desk.says(refused, None, reviewer)
    assert desk.take() == 3
    assert own(desk, right) is CheckOutcome.RIGHT
    assert own(desk, wrong) is own(desk, refused) is CheckOutcome.WRONG


def test_a_model_that_was_right_where_the_old_one_was_not_is_right(desk: RehearsingDesk) -> None:
    document = desk.sees()
    for reviewer in ("anna", "ben"):
        desk.says(document, "claim", reviewer)
    desk.take("claim")
    assert own(desk, document) is CheckOutcome.RIGHT
    assert desk.store.checks.of_document(document.id)[0].outcome is CheckOutcome.WRONG


def test_later_answers_and_undone_ones_carry_over(desk: RehearsingDesk) -> None:
    first, last = desk.sees(), desk.sees()
    desk.says(last)
    assert desk.take() == 2
    assert own(desk, first) is CheckOutcome.WRONG  # nobody has said that it is right
    desk.says(first)
    assert own(desk, first) is CheckOutcome.RIGHT
    desk.service.undo(first.id, reviewer="anna", uid=1)
    assert own(desk, first) is CheckOutcome.WRONG
    desk.says(first, "claim")
    desk.says(first, "invoice", "ben")
    assert own(desk, first) is CheckOutcome.RIGHT
    desk.store.checks.void(last.id, actor="anna", reason="test")  # settled: stays evidence
    assert own(desk, last) is CheckOutcome.RIGHT
    assert desk.troubles() == []


def test_a_check_that_nobody_can_answer_any_more_is_void_for_both(desk: RehearsingDesk) -> None:
    open_one, last = desk.sees(), desk.sees()
    desk.says(last)
    desk.take()
    forgetting = Forgetting(desk.configuration, desk.store, clock=desk.clock)
    forgetting.forget(open_one.id, actor="anna", uid=1000)
    assert own(desk, open_one) is CheckOutcome.VOID


def test_what_it_learned_from_and_what_was_drawn_before_is_left_out(desk: RehearsingDesk) -> None:
    learned, other = desk.sees(), desk.sees()
    desk.says(learned)
    desk.says(other)
    desk.store.learning.record_learned("answers-1", {learned.id: "invoice"})
    after = desk.clock.now()
    assert [
        one.document.id
        for one in desk.store.checks.shadow_candidates(
            "answers-1", after=shadow_evaluation_start(desk.store, "answers-1") or after, least=0.3
        )
    ] == [other.id]
    assert desk.store.checks.shadow_candidates("answers-1", after=after, least=0.3) == []


def test_a_check_that_was_taken_along_is_counted_once(desk: RehearsingDesk) -> None:
    document = desk.sees()
    desk.says(document)
    desk.take()
    assert len(desk.store.learning.held_out_checks(["test-1"])) == 1
    assert desk.store.checks.count_right([document.id]) == 1
    since = shadow_evaluation_start(desk.store, "answers-1")
    assert since is not None
    assert len(desk.store.checks.shadow_candidates("answers-2", after=since, least=0.3)) == 1
