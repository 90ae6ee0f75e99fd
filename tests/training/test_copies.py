import numpy as np
from numpy.typing import NDArray

from docsorter.training.copies import copies, cosine_distance

DIGESTS = ["a", "b", "c"]


def _hash(*set_bits: int) -> NDArray[np.uint64]:
    bits = np.zeros(256, np.uint8)
    bits[list(set_bits)] = 1
    return np.packbits(bits).view(np.uint64)


def _features(*rows: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def test_nearly_blank_pages_are_no_copies_of_each_other_by_their_hash() -> None:
    blank = np.stack([_hash(1), _hash(2), _hash(3)])

    assert copies(blank, DIGESTS) == []


def test_the_same_bytes_are_always_copies() -> None:
    blank = np.stack([_hash(1), _hash(2), _hash(1)])

    (found,) = copies(blank, ["a", "b", "a"])

    assert (found.first, found.second, found.bits, found.identical) == (0, 2, 0, True)


def test_pages_near_by_hash_and_by_features_are_copies() -> None:
    hashes = np.stack([_hash(*range(60)), _hash(*range(2, 60)), _hash(*range(3, 60))])
    features = _features((1, 0), (1, 0.05), (0, 1))

    assert [(c.first, c.second, c.bits) for c in copies(hashes, DIGESTS)] == [
        (0, 1, 2), (0, 2, 3), (1, 2, 1),
    ]  # fmt: skip
    assert [(c.first, c.second, c.bits) for c in copies(hashes, DIGESTS, features)] == [(0, 1, 2)]


def test_pages_with_the_same_features_may_be_less_near_by_their_hash_but_not_far() -> None:
    hashes = np.stack([_hash(*range(60)), _hash(*range(20, 60)), _hash(*range(100, 160))])
    features = _features((1, 0), (1, 0.01), (1, 0.01))

    assert [(c.first, c.second) for c in copies(hashes, DIGESTS, features)] == [(0, 1)]


def test_without_documents_there_are_no_copies() -> None:
    assert copies(np.zeros((0, 4), np.uint64), [], np.zeros((0, 2), np.float32)) == []


def test_a_vector_of_zeros_is_at_a_right_angle_to_everything() -> None:
    assert cosine_distance(np.zeros(2, np.float32), np.ones(2, np.float32)) == 1.0
