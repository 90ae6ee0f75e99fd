"""Train, validation, calibration and test: four sets that share no layout and no near-duplicate.

A split that cuts through one vendor's invoices measures memory, not skill. Documents are therefore
grouped first (same layout, same source where asked, near-duplicate pictures), and whole groups are
dealt out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPLITS: Final = ("train", "validation", "calibration", "test")
HASH_SIDE: Final = 16
NEAR: Final = 12
"""Pictures are near-duplicates when at most this many of their 256 hash bits differ."""


def difference_hash(pixels: "NDArray[np.uint8]") -> "NDArray[np.uint64]":
    """Return the 256-bit difference hash (dHash, Krawetz 2013) of a page as four words.

    Each bit says whether a cell of a 16 x 17 picture is brighter than its left neighbour.
    """
    grey = Image.fromarray(pixels).convert("L")
    cells = np.asarray(grey.resize((HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX), np.int16)
    # Paper is never quite white: differences of a grey level or two are noise.
    return np.packbits(np.diff(cells, axis=1) > 2).view(np.uint64)


def near_duplicates(hashes: "NDArray[np.uint64]", distance: int = NEAR) -> list[tuple[int, int]]:
    """Return all pairs (i < j) of rows of (n, 4) hashes that differ in few bits.

    Nearly blank pages have nearly no bits; they are all near-duplicates of each other, which is
    true and harmless.
    """
    pairs: list[tuple[int, int]] = []
    for i in range(len(hashes) - 1):
        differing = np.bitwise_count(hashes[i + 1 :] ^ hashes[i]).sum(axis=1)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(differing <= distance)]
    return pairs


def group(keys: Sequence[str], pairs: Sequence[tuple[int, int]] = ()) -> list[int]:
    """Number the groups of documents that share a key or are joined by a pair.

    Returns:
        The group of each document; numbers start at 0 in the order of first occurrence.
    """
    parent = list(range(len(keys)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    same_key = [(first.setdefault(key, i), i) for i, key in enumerate(keys)]
    for i, j in (*same_key, *pairs):
        a, b = sorted((root(i), root(j)))
        parent[b] = a
    names: dict[int, int] = {}
    return [names.setdefault(root(i), len(names)) for i in range(len(keys))]


def deal(
    groups: Sequence[int],
    labels: Sequence[str],
    shares: dict[str, float],
    *,
    weights: Sequence[float] | None = None,
    seed: int = 0,
) -> list[str]:
    """Deal whole groups out so that each split gets about its share of every label.

    The largest groups go first, each to the split whose documents of the group's labels are
    furthest below their share; ties are broken by a hash of the seed and the group.

    Args:
        groups: Group of each document.
        labels: Label of each document.
        shares: Split to share; the shares sum to 1.
        weights: How much each document counts, 1 when not given: twenty copies of one template
            are not twenty documents.
        seed: The same seed gives the same split.

    Returns:
        The split of each document.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(groups):
        members[number].append(index)
    weight = [1.0] * len(groups) if weights is None else list(weights)
    totals: dict[str, float] = defaultdict(float)
    for label, share in zip(labels, weight, strict=True):
        totals[label] += share
    filled: dict[tuple[str, str], float] = defaultdict(float)

    def order(number: int) -> tuple[float, str]:
        tie = hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()
        return (-sum(weight[i] for i in members[number]), tie)

    def lack(split: str, number: int) -> float:
        # Relative to the split's own size, so that small splits are not always served last.
        gaps = [
            1 - filled[split, labels[i]] / (shares[split] * totals[labels[i]])
            for i in members[number]
        ]
        return float(np.average(gaps, weights=[weight[i] for i in members[number]]))

    result = [""] * len(groups)
    for number in sorted(members, key=order):
        split = max((name for name in shares if shares[name] > 0), key=lambda s: lack(s, number))
        for index in members[number]:
            result[index] = split
            filled[split, labels[index]] += weight[index]
    return result
