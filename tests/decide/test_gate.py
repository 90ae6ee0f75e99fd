"""The gate of a candidate model, and the exact paired test."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from docsorter.decide.gate import (
    GatePlan,
    GateVerdict,
    PairedChecks,
    evaluate_candidate,
    mcnemar,
    proportion_interval,
)
from docsorter.errors import UsageError

PLAN = GatePlan(margin=0.02, confidence=0.95)


def checks(
    old_wrong: list[bool],
    new_wrong: list[bool],
    inclusion: list[float] | None = None,
    truths: list[str] | None = None,
) -> PairedChecks:
    n = len(old_wrong)
    return PairedChecks(
        tuple(truths or ["invoice"] * n),
        np.array(old_wrong, bool),
        np.array(new_wrong, bool),
        np.array(inclusion or [1.0] * n),
    )


def agreeing(n: int) -> PairedChecks:
    return checks([False] * n, [False] * n)


def test_without_a_check_it_says_how_many_are_needed() -> None:
    gate = evaluate_candidate(agreeing(0), PLAN)
    assert gate.verdict is GateVerdict.OPEN
    assert 150 < gate.needed < 260  # 149 for one fixed look; looking at any time costs more
    assert str(gate.needed) in gate.why
    assert gate.upper_bound == 1.0


def test_exactly_the_number_that_was_said_makes_it_pass() -> None:
    needed = evaluate_candidate(agreeing(40), PLAN).needed
    assert evaluate_candidate(agreeing(40 + needed - 1), PLAN).verdict is GateVerdict.OPEN
    passed = evaluate_candidate(agreeing(40 + needed), PLAN)
    assert (passed.verdict, passed.needed) == (GateVerdict.PASSED, 0)
    assert 0 < passed.upper_bound <= PLAN.margin + 0.005


def test_a_better_model_needs_far_fewer_checks() -> None:
    gate = evaluate_candidate(checks([True] * 12, [False] * 12), PLAN)
    assert gate.verdict is GateVerdict.PASSED
    assert (gate.only_old_right, gate.only_new_right, gate.difference) == (0, 12, -1.0)
    assert gate.p_value < 0.001


def test_a_worse_model_fails_however_many_it_gets_right() -> None:
    wrong = [False] * 80 + [True] * 12
    gate = evaluate_candidate(checks([False] * 92, wrong), GatePlan(label_margin=1.0))
    assert gate.verdict is GateVerdict.FAILED
    assert "more often" in gate.why


def test_one_label_that_gets_worse_is_enough_to_fail() -> None:
    truths = ["invoice"] * 400 + ["claim"] * 12
    gate = evaluate_candidate(
        checks([True] * 20 + [False] * 392, [False] * 410 + [True] * 2, truths=truths), PLAN
    )
    claim = next(label for label in gate.labels if label.label == "claim")
    assert (claim.checks, claim.old_wrong, claim.new_wrong, claim.holds) == (12, 0, 2, False)
    assert gate.verdict is GateVerdict.FAILED
    assert "claim" in gate.why


def test_a_label_with_few_checks_is_not_judged_on_its_own() -> None:
    gate = evaluate_candidate(
        checks([True] * 9 + [False], [False] * 9 + [True], truths=["a"] * 9 + ["b"]), PLAN
    )
    assert all(label.holds for label in gate.labels)


def test_a_rarely_drawn_document_counts_more() -> None:
    rare = checks([False] * 20, [True] + [False] * 19, [0.05] + [1.0] * 19)
    often = checks([False] * 20, [True] + [False] * 19, [1.0] + [0.05] * 19)
    assert evaluate_candidate(rare, PLAN).difference == pytest.approx(20 / 39)
    assert evaluate_candidate(often, PLAN).difference == pytest.approx(1 / 381)


@pytest.mark.parametrize("share", [0.02, 0.05])
def test_a_model_worse_by_the_margin_passes_at_most_as_often_as_the_confidence_allows(
    share: float,
) -> None:
    rng = np.random.default_rng(5)
    passed = 0
    for _ in range(300):  # looks after every check, up to 400 of them
        new = rng.random(400) < share
        gate = evaluate_candidate(checks([False] * 400, new.tolist()), GatePlan(label_margin=1.0))
        passed += gate.verdict is GateVerdict.PASSED
    assert passed / 300 <= 0.05 + 0.03  # three standard errors


def test_weighted_draws_keep_the_promise_too() -> None:
    rng = np.random.default_rng(6)
    passed = 0
    for _ in range(200):
        # errors only among documents that are drawn rarely: unweighted it would look harmless
        rare = rng.random(3000) < 0.1
        drawn = rng.random(3000) < np.where(rare, 0.1, 0.5)
        new = rare & (rng.random(3000) < 0.2)
        inclusion = np.where(rare, 0.1, 0.5)[drawn].tolist()
        new_wrong = new[drawn].tolist()
        paired = checks([False] * len(new_wrong), new_wrong, inclusion)
        gate = evaluate_candidate(paired, GatePlan(label_margin=1.0))
        passed += gate.verdict is GateVerdict.PASSED
    assert passed / 200 <= 0.05 + 0.045


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0.01, 1)), max_size=60))
def test_whatever_was_checked_the_figures_are_figures(
    rows: list[tuple[bool, bool, float]],
) -> None:
    gate = evaluate_candidate(
        checks([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows]), PLAN
    )
    assert -1 <= gate.difference <= 1
    assert -0.5 <= gate.upper_bound <= 1
    assert gate.needed >= 0
    assert gate.checks == len(rows)


def test_a_plan_that_promises_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        evaluate_candidate(agreeing(1), GatePlan(margin=0.0))
    with pytest.raises(UsageError, match="one length"):
        PairedChecks(("a",), np.zeros(2, bool), np.zeros(1, bool), np.ones(1))
    with pytest.raises(UsageError, match="outside"):
        checks([False], [False], [0.0])


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_two_sided_sign_test(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0

    assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)
    assert mcnemar(second, first) == mcnemar(first, second)


def test_nothing_that_tells_them_apart_is_no_difference() -> None:
    assert mcnemar(0, 0) == 1.0


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(UsageError, match="-1"):
        mcnemar(-1, 3)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_clopper_and_pearson(counts: tuple[int, int]) -> None:
    k, n = counts
    expected = binomtest(k, n).proportion_ci(0.95, "exact")

    assert proportion_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert proportion_interval(0, 0) == (0.0, 1.0)
