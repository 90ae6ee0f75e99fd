"""Which sample pages a page is like, and which unknown documents form groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.novelty import NoveltyModel
from docsorter.decide.similarity import (
    CUT_SHARE,
    DEFAULT_CUT,
    MAX_DOCUMENTS,
    SHOWN,
    SamplePages,
    group_similar,
    linkage_cut,
    unit_vectors,
)
from docsorter.errors import ModelError, UsageError
from tests.decide.test_novelty import model, pages


def kinds(*sizes: int, spread: float = 0.1) -> np.ndarray:
    """Features of so many documents of each kind, kinds at right angles to each other."""
    rng = np.random.default_rng(3)
    rows = [np.eye(16)[kind] for kind, size in enumerate(sizes) for _ in range(size)]
    return np.stack(rows) + rng.normal(0, spread / 4, (sum(sizes), 16))


def test_documents_of_one_kind_are_gathered_the_largest_group_first() -> None:
    first, second = group_similar(unit_vectors(kinds(3, 10, 1)))
    assert set(first.members) == set(range(3, 13))
    assert set(second.members) == {0, 1, 2}
    assert 0 < first.tightness < 1


def test_the_most_typical_member_comes_first() -> None:
    features = kinds(4, spread=0.0)
    features[2, 5] = 0.4  # the odd one
    features[0, 7] = 0.05
    (group,) = group_similar(unit_vectors(features))
    assert group.members[-1] == 2


def test_what_is_like_nothing_else_is_in_no_group() -> None:
    assert group_similar(unit_vectors(kinds(1, 1, 1))) == ()
    assert group_similar(unit_vectors(np.zeros((0, 4)))) == ()


def test_how_bright_a_page_is_does_not_matter() -> None:
    features = kinds(3)
    (group,) = group_similar(unit_vectors(features * np.array([[1.0], [5.0], [0.2]])))
    assert len(group.members) == 3


def test_too_many_or_no_cut_are_refused() -> None:
    with pytest.raises(UsageError):
        group_similar(np.zeros((MAX_DOCUMENTS + 1, 2)))
    with pytest.raises(UsageError):
        group_similar(np.zeros((2, 2)), 0.0)


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_groups_never_share_a_document_and_are_as_tight_as_the_cut(n: int, seed: int) -> None:
    places = unit_vectors(np.random.default_rng(seed).normal(size=(n, 3)))
    groups = group_similar(places)
    members = [row for group in groups for row in group.members]
    assert len(members) == len(set(members))
    for group in groups:
        assert len(group.members) >= 2
        assert 0 <= group.tightness <= 1.0
        mine = places[list(group.members)]
        assert np.linalg.norm(mine[0] - mine, axis=1).mean() <= DEFAULT_CUT


def test_the_cut_follows_how_far_apart_the_model_sees_its_own_labels() -> None:
    labels = ["a", "a", "b", "b", "c", "c"]
    far = unit_vectors(kinds(2, 2, 2, spread=0.0))
    assert linkage_cut(far, labels) == pytest.approx(CUT_SHARE * np.sqrt(2))
    near = unit_vectors(kinds(2, 2, 2, spread=0.0) + 2 * np.eye(16)[9])
    assert 0 < linkage_cut(near, labels) < linkage_cut(far, labels) / 2


def test_too_few_sample_pages_or_alike_ones_leave_the_fixed_cut() -> None:
    assert linkage_cut(unit_vectors(kinds(1, 1)), ["a", "b"]) == DEFAULT_CUT
    assert linkage_cut(unit_vectors(kinds(6)), ["a"] * 6) == DEFAULT_CUT
    assert linkage_cut(unit_vectors(np.ones((6, 4))), ["a", "a", "b", "b", "c", "c"]) == DEFAULT_CUT
    assert linkage_cut(np.zeros((0, 4)), []) == DEFAULT_CUT


__all__ = ["model"]  # the fixture

NAMES = ("claim-cash", "invoice-web", "letter-agency", "other-article")
LABELS = ("claim", "invoice", "letter", "")


@pytest.fixture(scope="module")
def samples(model: NoveltyModel) -> SamplePages:
    return SamplePages.from_features(NAMES, LABELS, list(pages(11, 4)[0]), model)


def test_a_sample_page_is_most_like_itself(samples: SamplePages, model: NoveltyModel) -> None:
    found = samples.nearest(pages(11, 4)[0], model)
    assert [page[0].name for page in found] == list(NAMES)
    assert [page[0].label for page in found] == list(LABELS)
    assert [page[0].distance for page in found] == pytest.approx([0.0] * 4)


def test_a_few_are_named_the_nearest_first(samples: SamplePages, model: NoveltyModel) -> None:
    for page in samples.nearest(pages(12, 20)[0], model):
        distances = [one.distance for one in page]
        assert len(page) == SHOWN
        assert distances == sorted(distances)


def test_the_distance_is_that_between_whitened_features(
    samples: SamplePages, model: NoveltyModel
) -> None:
    here, there = model.whiten(pages(12, 1)[0])[0], model.whiten(pages(11, 4)[0])
    ((nearest, *_),) = samples.nearest(pages(12, 1)[0], model)
    apart = np.linalg.norm(there[NAMES.index(nearest.name)] - here)
    assert nearest.distance == pytest.approx(apart)
    # Another sum than the product's, so the last bits are the processor's.
    least = min(np.linalg.norm(place - here) for place in there)
    assert nearest.distance == pytest.approx(least)


def test_features_of_another_width_are_refused(samples: SamplePages, model: NoveltyModel) -> None:
    with pytest.raises(ModelError, match="width 7"):
        samples.nearest(np.zeros((1, 7)), model)
