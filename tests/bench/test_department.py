"""The simulated department itself: what was learned is never new, what must not count does not."""

import numpy as np
import pytest

from bench.department.arrivals import MIX, PER_DAY, draw, mix_of, periods
from bench.department.days import run_starter
from bench.department.drift import SCENARIOS
from bench.department.earning import EarnedDepartment, Evidence, next_threshold
from bench.department.figures import summed, weeks
from bench.department.models import NAMES, OTHER, Seen, targets
from bench.department.people import People
from bench.department.pool import SCANNER, Pool, wanted_documents
from docsorter.decide.autonomy import ELEVATED, AutonomyPolicy
from docsorter.decide.certification import CertificationPlan, CheckedScores, alarm_level

CUTS, SHARES = (4, 20), (0.4, 0.3, 0.3)
PLAN = CertificationPlan(0.01, 0.95, (0.9, 0.8, 0.7))
POLICY = AutonomyPolicy(target=0.05, jump=0.3, pilot_documents=20)


def made_up_pool(documents: int = 1200) -> Pool:
    rng = np.random.default_rng(0)
    label = rng.choice(NAMES, documents, p=(0.4, 0.2, 0.2, 0.2))
    kind = np.where(label == "invoice", "invoice-office", np.char.add(label, "-agency"))
    layout = np.array([f"{one}-{rng.integers(200)}" for one in kind])
    scanner = np.where(rng.random(documents) < 0.1, SCANNER.tag, "")
    nothing = np.zeros((documents, 4), np.float32)
    return Pool(nothing, nothing, label, kind, layout, scanner, refused=0)


def model_of(pool: Pool, name: str, error: float, seed: int = 1) -> Seen:
    """A model that is wrong at such a rate, and less sure where it is."""
    rng = np.random.default_rng(seed)
    truth = targets(pool)
    wrong = rng.random(len(pool)) < error
    top = np.where(wrong, (truth + 1) % OTHER, truth)
    score = np.where(wrong, rng.uniform(0.5, 0.9, len(pool)), rng.uniform(0.6, 1, len(pool)))
    learned = np.zeros(len(pool), np.bool_)
    return Seen(name, top, score, top < OTHER, learned, 0.95)


POOL = made_up_pool()
AMONG = periods(POOL, 40, CUTS, SHARES)


def test_no_layout_comes_both_before_and_after_a_retraining() -> None:
    rows = [np.flatnonzero(AMONG[day]) for day in (0, 10, 30)]
    layouts = [set(POOL.layout[each]) for each in rows]
    assert all(layouts)
    assert len(set.union(*layouts)) == sum(map(len, layouts))
    assert (POOL.scanner[np.concatenate(rows)] == "").all()


def test_the_mix_is_what_was_asked_for() -> None:
    arrivals = draw(POOL, 40, 1, among=AMONG)
    shares = np.bincount(arrivals.truth, minlength=4) / len(arrivals.truth)
    assert len(arrivals.rows) == 40 * PER_DAY
    assert shares == pytest.approx(mix_of(), abs=0.02)
    assert mix_of()[:3] / mix_of()[:3].sum() == pytest.approx(np.array(MIX))


def test_autonomy_is_earned_and_the_promise_kept() -> None:
    arrivals = draw(POOL, 40, 1, among=AMONG)
    model = model_of(POOL, "starter", error=0.02)
    days = EarnedDepartment(model, arrivals, POLICY, seed=1).run()
    assert days[0].sorted_alone == 0
    assert days[0].answers >= PER_DAY
    late = summed(days[20:])
    assert late.sorted_alone > 0.6
    assert late.error < POLICY.target
    assert late.answers < PER_DAY / 2
    assert sum(week.arrived for week in weeks(days)) == 40 * PER_DAY


def test_a_better_model_rehearses_and_takes_over_with_evidence_of_its_own() -> None:
    arrivals = draw(POOL, 40, 2, among=AMONG)
    taught: list[np.ndarray] = []

    def better(rows: np.ndarray, _answers: np.ndarray) -> Seen:
        taught.append(rows)
        return model_of(POOL, "ours-1", error=0.002, seed=3)

    department = EarnedDepartment(
        model_of(POOL, "starter", error=0.1), arrivals, POLICY, 2, {CUTS[0] - 1: better}
    )
    department.run()
    assert [one.model for one in department.retrainings] == ["ours-1"]
    assert department.retrainings[0].promoted is not None
    assert department.model.name == "ours-1"
    counted = np.concatenate(department.evidence.rows)
    assert len(counted) > 50
    assert not set(counted) & set(taught[0]), "what was learned is no evidence"


def test_without_rehearsal_a_new_model_begins_with_nothing() -> None:
    arrivals = draw(POOL, 12, 2, among=AMONG[:12])
    model = model_of(POOL, "starter", error=0.0)
    new = {7: lambda _rows, _answers: model_of(POOL, "ours-1", error=0.0)}
    days = EarnedDepartment(model, arrivals, POLICY, 2, new, shadows=False).run()
    assert days[7].sorted_alone > 0
    assert days[8].sorted_alone == 0
    assert days[8].model == "ours-1"


def test_the_pilot_is_no_evidence() -> None:
    evidence = Evidence(model_of(POOL, "starter", error=0.0))
    rows = np.flatnonzero(evidence.model.eligible)[:100]
    begin = evidence.offer(rows, POLICY)
    assert begin == POLICY.pilot_documents
    assert evidence.plan is not None
    assert evidence.offer(rows, POLICY) == 0
    assert len(evidence.checks()) == 0


def test_the_starter_sorts_by_its_card() -> None:
    arrivals = draw(POOL, 10, 1, among=AMONG[:10])
    model = model_of(POOL, "starter", error=0.1)
    days = run_starter(model, arrivals)
    sure = model.eligible & (model.score >= model.threshold)
    assert sum(day.sorted_alone for day in days) == sure[arrivals.rows].sum()


def test_people_err_as_often_as_they_are_said_to_and_seldom_twice() -> None:
    truth = np.zeros(40_000, np.int64)
    people = People(1, slips=0.02)
    assert (people.say(truth) != truth).mean() == pytest.approx(0.02, abs=0.003)
    said = people.settle(truth, [truth])
    assert (said.label != truth).mean() < 0.002
    assert said.differed / said.doubles == pytest.approx(0.04, abs=0.015)
    missed = People(2, slips=0.02).settle(truth, [truth + 1]).label == truth + 1
    assert missed.mean() < 2 * 0.02


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_change_brings_as_many_documents(name: str) -> None:
    among = np.repeat(AMONG[10:11], 90, axis=0)
    arrivals = SCENARIOS[name](POOL, among, 5)
    assert len(arrivals.rows) == 90 * PER_DAY
    changed = (arrivals.truth != targets(POOL)[arrivals.rows]).mean()
    assert (changed > 0.05) == (name in {"new vendor", "a label splits"})


def test_the_pool_has_every_document_once() -> None:
    documents = wanted_documents()
    assert len({(one.kind, one.seed) for one in documents}) == len(documents) == 2600


def checks(*runs: tuple[float, int, bool]) -> CheckedScores:
    scores = np.concatenate([np.full(count, score) for score, count, _ in runs])
    wrong = np.concatenate([np.full(count, outcome) for _, count, outcome in runs])
    return CheckedScores(scores, wrong, np.ones(len(scores)))


def test_the_threshold_comes_down_as_the_evidence_allows() -> None:
    assert next_threshold(checks((0.95, 100, False)), PLAN, None) is None
    first = next_threshold(checks((0.75, 5, True), (0.95, 400, False)), PLAN, None)
    assert first is not None
    assert (first.threshold, first.alarm) == (0.8, False)
    assert next_threshold(checks((0.75, 5, True), (0.95, 400, False)), PLAN, 0.8) is None


def test_an_alarm_raises_the_threshold_to_one_that_is_calm() -> None:
    evidence = checks((0.95, 400, False), (0.75, 4, True))
    change = next_threshold(evidence, PLAN, 0.7)
    assert change is not None
    assert (change.threshold, change.alarm) == (0.8, True)
    assert change.certification.alarm


def test_an_alarm_everywhere_leaves_nothing_sorted_alone() -> None:
    change = next_threshold(checks((0.95, 400, False), (0.95, 4, True)), PLAN, 0.7)
    assert change is not None
    assert (change.threshold, change.alarm) == (None, True)


def test_one_error_raises_the_alarm_level_and_rings_no_alarm() -> None:
    evidence = checks((0.95, 500, False), (0.95, 1, True))
    assert next_threshold(evidence, PLAN, 0.7) is None
    assert ELEVATED <= alarm_level(evidence, PLAN, 0.7) < 1
    assert alarm_level(checks((0.95, 500, False)), PLAN, 0.7) < ELEVATED
    later = checks((0.95, 500, False), (0.95, 1, True), (0.95, 30, False))
    assert alarm_level(later, PLAN, 0.7) < ELEVATED
