"""From answers to a model in use, with real bundles and the learning itself left out."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docsorter.configuration import load
from docsorter.decide import gate as gates
from docsorter.decide.gate import GateEvaluation, GateVerdict
from docsorter.documents import CheckOutcome
from docsorter.errors import ConflictError, EnvironmentFaultError
from docsorter.model.registry import ModelRegistry
from docsorter.service.learning import gate as judging
from docsorter.service.learning.candidates import KIND, TrainedCandidate
from docsorter.service.learning.gate import AutomationForecast
from docsorter.service.learning.promoting import Person, Promoter
from docsorter.service.learning.retraining import Retraining, TrainingProcess
from docsorter.service.learning.snapshots import SnapshotManifest
from docsorter.store import ShadowPrediction
from docsorter.store.tables import CheckRow
from tests.model.variants import write_variant
from tests.service.desk import Desk
from tests.service.learning.answered import answered

pytestmark = pytest.mark.slow
ADA = Person("ada", 7)


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("variants")
    for number in (1, 2):
        write_variant(folder / f"answers-{number}", temperature=1.5 + number)
    return folder


class Puts(TrainingProcess):
    """Puts a finished bundle where a training would; inspects by believing everything."""

    def __init__(self, models: Path, variants: Path, retraining: Callable[[], Retraining]) -> None:
        self.tasks: list[str] = []
        self.fails = False
        self._models, self._variants, self._retraining = models, variants, retraining

    def run(self, task: str, name: str, progress: object) -> dict[str, Any]:
        assert callable(progress)
        self.tasks.append(task)
        if self.fails:
            raise EnvironmentFaultError("the process that learns was killed by signal 9")
        if task == "inspect":
            snapshots = self._retraining().snapshots
            snapshots.write(snapshots.read(name).model_copy(update={"inspected": True}))
            return {}
        shutil.copytree(self._variants / name, self._models / name)
        return {"lines": [["documents", "1: 1 invoice"]], "outcome": {"name": name}}


class Scene:
    def __init__(self, desk: Desk, variants: Path) -> None:
        self.desk = desk
        self.trainer = Puts(desk.configuration.state / "models", variants, lambda: self.steps)
        self.steps = Retraining(desk.configuration, desk.store, desk.clock, self.trainer)

    def inspected(self) -> SnapshotManifest:
        self.desk.clock.advance(1)
        return self.steps.find_doubts(self.steps.take_snapshot(quiet), quiet)

    def learn(self) -> TrainedCandidate:
        return self.steps.train(self.inspected(), quiet)


def quiet(*_: object) -> None:
    pass


@pytest.fixture
def scene(desk: Desk, variants: Path) -> Scene:
    answered(desk, b"claim 0.5 a", "invoice")
    answered(desk, b"claim 0.5 b", "claim")
    return Scene(desk, variants)


def gate(monkeypatch: pytest.MonkeyPatch, verdict: GateVerdict) -> None:
    def judged(checks: object, plan: object) -> GateEvaluation:
        real = gates.evaluate_candidate(checks, plan)  # type: ignore[arg-type] # passed on
        return dataclasses.replace(real, verdict=verdict, why=f"it {verdict}")

    monkeypatch.setattr(judging, "evaluate_candidate", judged)


def test_a_correction_counts_from_the_next_model_on_and_that_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scene.steps.untrained_answers()
    assert (before.answers, before.corrections) == (2, 1)
    assert "1 corrections among 2 answers are not learned yet" in before.sentence()
    taught = scene.learn()
    assert scene.trainer.tasks == ["inspect", "teach"]
    assert scene.steps.untrained_answers() == before  # a candidate is not in use
    gate(monkeypatch, GateVerdict.PASSED)
    candidate = scene.steps.waiting()
    assert candidate == taught.candidate
    changed = scene.steps.promote(scene.steps.evaluate(candidate, quiet), ADA)
    assert (changed.bundle, changed.previous) == ("answers-1", "starter")
    after = scene.steps.untrained_answers()
    assert after.answers == 0
    assert after.sentence() == "it has learned every answer"
    assert scene.steps.waiting() is None
    assert scene.steps.too_soon() is not None
    scene.desk.clock.advance(8 * 86400)
    assert scene.steps.too_soon() is None


def test_a_promoted_model_brings_the_checks_along_that_it_was_told_of(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, now = scene.learn().candidate, scene.desk.clock.now()
    with scene.desk.store.database.write() as session:
        check = CheckRow(
            document_id=1, drawn_at=now, model="starter-1", rule="old", source="", label="claim",
            score=0.9, inclusion=0.5, outcome=CheckOutcome.RIGHT, settled_at=now,
        )  # fmt: skip
        session.add(check)
        session.flush()
        shadow = ShadowPrediction(check.id, "invoice", 0.8)
    gate(monkeypatch, GateVerdict.PASSED)
    judged = scene.steps.evaluate(candidate, quiet)
    assert (judged.shadows, len(judged.rule_key)) == ((), 64)
    scene.steps.promote(dataclasses.replace(judged, shadows=(shadow,)), ADA)
    (taken,) = scene.desk.store.checks.evidence(judged.rule_key)
    assert (taken.document_id, taken.score, taken.inclusion) == (1, 0.8, 0.5)
    assert taken.outcome is CheckOutcome.WRONG  # nobody has named its label
    (event,) = scene.desk.store.documents.events_of_kind("evidence_taken")
    assert (event.actor, event.detail["checks"]) == ("ada", 1)


def test_without_later_checks_a_candidate_waits_and_is_not_put_to_use(scene: Scene) -> None:
    judged = scene.steps.evaluate(scene.learn().candidate, quiet)
    assert judged.gate.verdict is GateVerdict.OPEN
    assert "at least" in judged.gate.why
    with pytest.raises(ConflictError, match="is not put to use"):
        scene.steps.promote(judged, ADA)
    again = scene.steps.waiting()
    assert again is not None
    assert again.why == judged.gate.why
    assert scene.steps.in_use.name == "starter"


def test_one_that_fails_is_refused_for_good_and_its_documents_are_let_go(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = scene.learn().candidate
    gate(monkeypatch, GateVerdict.FAILED)
    assert scene.steps.evaluate(candidate, quiet).candidate.standing == "refused"
    assert scene.steps.waiting() is None
    folder = scene.steps.snapshots.folder("answers-1")
    assert not (folder / "documents").exists()
    assert scene.learn().candidate.name == "answers-2"


def test_one_put_to_use_by_hand_waits_no_more(scene: Scene) -> None:
    scene.learn()
    Promoter(scene.desk.configuration, scene.desk.store, scene.desk.clock).promote("answers-1", ADA)
    # At once, and not only when somebody retrains: the daemon would draw for it until then.
    assert scene.steps.candidates.waiting() is None
    assert scene.steps.candidates.all()[0].why == "put to use by hand"


def test_one_that_would_cost_automation_is_not_put_to_use_though_it_passed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = scene.learn().candidate
    gate(monkeypatch, GateVerdict.PASSED)
    judged = scene.steps.evaluate(candidate, quiet)
    assert judged.forecast is None, "nothing was earned here"
    costly = dataclasses.replace(judged, forecast=AutomationForecast(80, 0.5, 0.25))
    with pytest.raises(ConflictError, match=r"25\.0% alone, the model in use 50\.0%"):
        scene.steps.promote(costly, ADA)
    assert scene.steps.in_use.name == "starter"
    assert scene.steps.waiting() is not None
    no_worse = dataclasses.replace(judged, forecast=AutomationForecast(80, 0.5, 0.5))
    assert scene.steps.promote(no_worse, ADA).bundle == "answers-1"


def test_one_that_rehearsed_in_vain_is_given_up_after_its_days(
    desk: Desk, variants: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.configuration = load(
        desk.configuration.workspace,
        {"decide.autonomy": "earned", "learning.rehearsal_days": 5},
    )
    answered(desk, b"claim 0.5 a", "invoice")
    answered(desk, b"claim 0.5 b", "claim")
    scene = Scene(desk, variants)
    candidate = scene.learn().candidate
    gate(monkeypatch, GateVerdict.OPEN)
    desk.store.documents.add_event(KIND, actor="daemon", detail={"candidate": candidate.name})
    desk.clock.advance(4 * 86_400)
    assert scene.steps.evaluate(candidate, quiet).candidate.standing == "waiting"
    desk.clock.advance(2 * 86_400)
    settled = scene.steps.evaluate(candidate, quiet).candidate
    assert settled.standing == "refused"
    assert settled.why == "given up after 5 days: it open"


def test_a_candidate_that_was_removed_waits_no_more(scene: Scene) -> None:
    scene.learn()
    shutil.rmtree(scene.desk.configuration.state / "models" / "answers-1")
    assert scene.steps.waiting() is None


def test_a_newer_candidate_takes_the_place_of_the_one_that_waits(scene: Scene) -> None:
    scene.learn()
    answered(scene.desk, b"claim 0.5 c", "claim")
    scene.learn()
    assert [one.standing for one in scene.steps.candidates.all()] == ["superseded", "waiting"]


def test_an_interrupted_training_goes_on_with_the_same_snapshot(scene: Scene) -> None:
    manifest = scene.inspected()
    scene.trainer.fails = True
    with pytest.raises(EnvironmentFaultError):
        scene.steps.train(manifest, quiet)
    # who would have learned is written down before: no bundle is ever without it
    assert scene.desk.store.learning.trained_models() == {"answers-1"}
    answered(scene.desk, b"claim 0.5 late", "claim")
    scene.trainer.fails = False
    unfinished = scene.steps.unfinished()
    assert unfinished == manifest
    scene.steps.train(unfinished, quiet)
    assert scene.steps.unfinished() is None


def test_a_kill_after_the_bundle_was_there_trains_nothing_twice(scene: Scene) -> None:
    manifest = scene.inspected()
    scene.trainer.run("teach", manifest.name, quiet)
    scene.trainer.tasks.clear()
    assert scene.steps.train(manifest, quiet).candidate.name == "answers-1"
    assert scene.trainer.tasks == []


def test_a_dropped_snapshot_leaves_nothing_that_says_somebody_learned(scene: Scene) -> None:
    scene.inspected()
    scene.desk.store.learning.record_learned("answers-1", {1: "invoice"})
    scene.steps.drop_unfinished()
    assert scene.steps.unfinished() is None
    assert scene.desk.store.learning.trained_models() == set()
    registry = ModelRegistry(scene.desk.configuration.state / "models")
    assert [bundle.name for bundle in registry.list()] == ["starter"]
