"""What a promotion by hand does to evidence and to automation that was earned."""

import dataclasses

import numpy as np
import pytest

from docsorter.clock import ManualClock
from docsorter.configuration import Configuration, load
from docsorter.decide.autonomy import make_plan
from docsorter.service.learning.promoting import Person, Promoter
from docsorter.service.promise.evidence import CARRIED, first_change, policy_of
from docsorter.service.promise.report import PromiseReader
from docsorter.service.workspace.layout import open_workspace_store
from docsorter.store import ChangeReason, Store
from tests.model.variants import write_variant

pytestmark = pytest.mark.slow
ADA = Person("ada", 7)


def test_with_earned_autonomy_evidence_is_of_one_model_and_counts_again_when_it_comes_back(
    configuration: Configuration, clock: ManualClock
) -> None:
    for number in (1, 2):
        write_variant(configuration.state / "models" / f"ours-{number}", temperature=1.5 + number)
    earned = load(configuration.workspace, {"decide.autonomy": "earned"})
    with open_workspace_store(earned, clock) as store:
        _puts_to_use(earned, store, Promoter(earned, store, clock))


def _puts_to_use(earned: Configuration, store: Store, promoter: Promoter) -> None:
    first = promoter.promote("ours-1", ADA)
    assert first.statement.startswith("nothing is sorted alone yet")
    assert "everything goes to a person until it is" in first.notes[-1]

    mark = PromiseReader(earned, store).rule_key
    policy = policy_of(earned.settings.promise)
    begun = first_change("ours-1", mark, make_plan(np.linspace(0.5, 1, 50), policy), after=0)
    certified = dataclasses.replace(
        begun,
        threshold=0.9,
        checked=400,
        why=ChangeReason.CERTIFIED,
        detail={**begun.detail, CARRIED: True},
    )
    store.checks.add_promise(certified, actor="daemon")
    second = promoter.promote("ours-2", ADA)
    assert second.statement.startswith("nothing is sorted alone yet"), "it has shown nothing"
    assert PromiseReader(earned, store).state().threshold is None

    back = promoter.rollback(ADA)
    assert back.bundle == "ours-1"
    assert PromiseReader(earned, store).state().threshold == 0.9
    assert "confidence of 0.9000 a document is sorted alone" in back.notes[-1]
    assert not back.statement.startswith("nothing is sorted alone yet")
