import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from docsorter.training.dataset import ClassPlan, Sample
from starter.cross_report import cross_report, sort_out
from starter.cross_validate import OutOfFold
from starter.rule import Unseen

LABELS = ("invoice", "claim", "letter")
PLAN = ClassPlan(LABELS, tuple((name, name) for name in (*LABELS, "other")))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> OutOfFold:
    """240 documents of 60 sources; most are surely right, some foreign ones surely wrong."""
    work = tmp_path_factory.mktemp("work")
    rng = np.random.default_rng(0)
    targets = np.arange(240) % 4
    groups = np.arange(240) // 4
    sure = rng.normal(6, 2, 240)
    named = np.where(rng.random(240) < 0.93, targets, (targets + 1) % 4)
    logits = rng.normal(0, 0.5, (240, 4))
    logits[np.arange(240), named] += np.where(named == targets, sure, sure / 3)
    features = rng.normal(0, 1, (240, 6)) + 3 * np.eye(6)[targets]
    folds = np.where(groups == 59, -1, groups % 3)
    samples = tuple(
        Sample(
            Path(f"{row}.png"), PLAN.outputs[targets[row]], "", "", f"a-sender/of-paper-{group}",
            split="eval-only" if group == 59 else "train",
        )
        for row, group in enumerate(groups)
    )  # fmt: skip
    for fold in range(3):
        mine = (folds >= 0) & (folds != fold) & (targets < 3)
        np.savez(
            work / f"fold-0-{fold}.npz",
            learned_features=features[mine].astype(np.float16),
            learned_targets=targets[mine],
            learned_real=np.ones(mine.sum(), np.bool_),
        )
    return OutOfFold(
        PLAN, samples, targets, logits.astype(np.float32), logits.astype(np.float32),
        features.astype(np.float16), folds[None], groups, work,
    )  # fmt: skip


def test_every_set_has_its_figures_and_every_line_fits_the_terminal(found: OutOfFold) -> None:
    text, plain = cross_report(found, {"a-sender/of-paper-3"})

    assert max(len(line) for line in text.splitlines()) <= 80
    sets = json.loads(json.dumps(plain))["sets"]
    assert list(sets) == [
        "sources never learned from",
        "sources that the first weights had learned from",
    ]
    new = sets["sources never learned from"]
    assert new["right: claim"]["n"] == 58
    assert 0.85 < new['right ("other" counts as wrong)']["value"] < 1
    assert new["AUROC, labels against foreign"]["value"] > 0.9
    assert new["sorted alone"]["low"] < new["sorted alone"]["value"] < new["sorted alone"]["high"]
    assert new["errors caught by reviewing the least sure 20 %"]["value"] > 0.5
    assert plain["sources"]["a-sender/of-paper-3"][0] == 3
    assert "…ender/of-paper" not in text
    assert "a-sender/of-paper-3 " in text


def test_documents_of_a_source_are_sorted_as_if_nobody_had_seen_it(found: OutOfFold) -> None:
    before = Unseen.of(found, {})
    one = before.groups == 7
    row = int(np.flatnonzero(one & (before.targets == 3))[0])
    logits, distances = before.logits.copy(), before.distances.copy()
    logits[row], distances[row] = [12, 0, 0, 0], 0.0  # sure and foreign, and like any other

    after = sort_out(dataclasses.replace(before, logits=logits, distances=distances), LABELS, 0.01)

    assert after.chosen[row]
    assert not sort_out(before, LABELS, 0.01).chosen[row]


def test_novelty_is_that_of_the_network_that_did_not_learn_the_document(found: OutOfFold) -> None:
    unseen = Unseen.of(found, {})

    assert len(unseen.samples) == 236  # not those that may only be measured on
    own = unseen.targets < 3
    assert np.median(unseen.distances[own]) < np.median(unseen.distances[~own])
