import numpy as np
import pytest
from numpy.typing import NDArray

from docsorter.service.workspace.process import silent
from docsorter.training.label_errors import suspicions


def _two_kinds(each: int, seed: int = 0) -> tuple[NDArray[np.float32], list[str]]:
    rng = np.random.default_rng(seed)
    centres = np.repeat(np.array([[3.0] * 8, [-3.0] * 8]), each, axis=0)
    features = (centres + rng.normal(0, 1, (2 * each, 8))).astype(np.float32)
    return features, ["invoice"] * each + ["letter"] * each


def test_labels_that_were_changed_are_found_and_named() -> None:
    features, labels = _two_kinds(30)
    labels[3], labels[40] = "letter", "invoice"

    found, note = suspicions(features, labels, range(60), silent)

    assert set(found) == {3, 40}
    assert (found[3].label, found[40].label) == ("invoice", "letter")
    assert all(why.probability > 0.9 and why.own_probability < 0.1 for why in found.values())
    assert note == ""


def test_where_all_labels_are_right_none_is_suspected() -> None:
    features, labels = _two_kinds(30)

    assert suspicions(features, labels, range(60), silent) == ({}, "")


def test_a_wrong_label_cannot_vouch_for_its_own_copy() -> None:
    features, labels = _two_kinds(30)
    features[1] = features[0]
    labels[0] = labels[1] = "letter"
    groups = [0, 0, *range(2, 60)]

    found, _ = suspicions(features, labels, groups, silent)

    assert set(found) == {0, 1}


def test_a_label_with_copies_of_one_page_only_is_not_judged() -> None:
    features, labels = _two_kinds(10)
    features, labels = np.concatenate([features, features[:3]]), [*labels, *["claim"] * 3]

    found, note = suspicions(features, labels, [*range(20), 99, 99, 99], silent)

    assert found == {}
    assert note == "not judged, too few different documents: claim"


@pytest.mark.parametrize("labels", [[], ["invoice"] * 6])
def test_with_less_than_two_labels_nothing_is_looked_for(labels: list[str]) -> None:
    features = np.ones((len(labels), 4), np.float32)

    found, note = suspicions(features, labels, range(len(labels)), silent)

    assert found == {}
    assert note.startswith("not looked for")


def test_the_same_seed_finds_the_same() -> None:
    features, labels = _two_kinds(12, seed=3)
    labels[0] = "letter"
    features += np.random.default_rng(4).normal(0, 4, features.shape).astype(np.float32)

    one, other = (suspicions(features, labels, range(24), silent, seed=5) for _ in range(2))

    assert one == other
