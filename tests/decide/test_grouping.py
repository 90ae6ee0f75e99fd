import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docsorter.decide.similarity import CUT, MOST, SHARE, cut_of, group_alike, places_of
from docsorter.errors import UsageError


def kinds(*sizes: int, spread: float = 0.1) -> np.ndarray:
    """Features of so many documents of each kind, kinds at right angles to each other."""
    rng = np.random.default_rng(3)
    rows = [np.eye(16)[kind] for kind, size in enumerate(sizes) for _ in range(size)]
    return np.stack(rows) + rng.normal(0, spread / 4, (sum(sizes), 16))


def test_documents_of_one_kind_are_gathered_the_largest_group_first() -> None:
    first, second = group_alike(places_of(kinds(3, 10, 1)))
    assert set(first.members) == set(range(3, 13))
    assert set(second.members) == {0, 1, 2}
    assert 0 < first.tightness < 1


def test_the_most_typical_member_comes_first() -> None:
    features = kinds(4, spread=0.0)
    features[2, 5] = 0.4  # the odd one
    features[0, 7] = 0.05
    (group,) = group_alike(places_of(features))
    assert group.members[-1] == 2


def test_what_is_like_nothing_else_is_in_no_group() -> None:
    assert group_alike(places_of(kinds(1, 1, 1))) == ()
    assert group_alike(places_of(np.zeros((0, 4)))) == ()


def test_how_bright_a_page_is_does_not_matter() -> None:
    features = kinds(3)
    (group,) = group_alike(places_of(features * np.array([[1.0], [5.0], [0.2]])))
    assert len(group.members) == 3


def test_too_many_or_no_cut_are_refused() -> None:
    with pytest.raises(UsageError):
        group_alike(np.zeros((MOST + 1, 2)))
    with pytest.raises(UsageError):
        group_alike(np.zeros((2, 2)), 0.0)


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_groups_never_share_a_document_and_are_as_tight_as_the_cut(n: int, seed: int) -> None:
    places = places_of(np.random.default_rng(seed).normal(size=(n, 3)))
    groups = group_alike(places)
    members = [row for group in groups for row in group.members]
    assert len(members) == len(set(members))
    for group in groups:
        assert len(group.members) >= 2
        assert 0 <= group.tightness <= 1.0
        mine = places[list(group.members)]
        assert np.linalg.norm(mine[0] - mine, axis=1).mean() <= CUT


def test_the_cut_follows_how_far_apart_the_model_sees_its_own_labels() -> None:
    labels = ["a", "a", "b", "b", "c", "c"]
    far = places_of(kinds(2, 2, 2, spread=0.0))
    assert cut_of(far, labels) == pytest.approx(SHARE * np.sqrt(2))
    near = places_of(kinds(2, 2, 2, spread=0.0) + 2 * np.eye(16)[9])
    assert 0 < cut_of(near, labels) < cut_of(far, labels) / 2


def test_too_few_sample_pages_or_alike_ones_leave_the_fixed_cut() -> None:
    assert cut_of(places_of(kinds(1, 1)), ["a", "b"]) == CUT
    assert cut_of(places_of(kinds(6)), ["a"] * 6) == CUT
    assert cut_of(places_of(np.ones((6, 4))), ["a", "a", "b", "b", "c", "c"]) == CUT
    assert cut_of(np.zeros((0, 4)), []) == CUT
