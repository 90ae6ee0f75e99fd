"""Which documents stay together, and which serve what: no set shares a layout or a near-duplicate.

A split that cuts through one vendor's invoices measures memory, not skill. Documents are therefore
grouped first (same layout, same source where asked, near-duplicate pages), and whole groups are
dealt out.

Two signs say that pages are the same, since each alone is fooled: the difference hash by sparse
pages whose few dark cells coincide, features by pages of one kind. Measured with the starter model
on 310 real documents: 59 pairs, of which all but one are by their names one page or one sender's
form. Of 140 generated documents, no two of which are alike, the nearest two have a distance of
0.046 and 47 bits, and there is no pair.

Four sets (train, validation, calibration, test) cost a third of the documents. With few of them
that third is missed, and what is left to measure on measures nothing. So below a limit every
document is learned from *and* measured on, but never at once: cross-fitting (Stone 1974). A head
learned without a fold says what it thinks of that fold, and the final head learns from all. What is
measured so is the skill of heads that had fewer documents: it errs towards caution.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from docsorter.errors import UsageError
from docsorter.model.card import NONE_OF_THESE
from docsorter.service.workspace.process import Progress
from docsorter.training.dataset import Sample
from docsorter.training.rasters import BASE, RasterCache

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


SHARES: Final = {"train": 0.6, "validation": 0.1, "calibration": 0.15, "test": 0.15}
"""How a person's documents are dealt out."""

LEAST_SOURCES: Final = 5
"""A label with fewer sources is split by document: whole sources could not fill four sets."""


def grouped(samples: Sequence[Sample], pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Number the groups of documents joined by pairs or by a source that can be kept whole."""
    few = labels_split_by_document(samples)
    keys = [str(s.path) if s.label in few else s.layout for s in samples]
    return group(keys, pairs)


def labels_split_by_document(samples: Sequence[Sample]) -> dict[str, int]:
    """Return labels with sub-folders, but fewer than can be dealt out whole: label to sources."""
    kinds: dict[str, set[str]] = {}
    hinted = {sample.label for sample in samples if sample.source}
    for sample in samples:
        kinds.setdefault(sample.label, set()).add(sample.layout)
    return {label: len(kinds[label]) for label in hinted if len(kinds[label]) < LEAST_SOURCES}


NEARLY_BLANK: Final = 24
"""With at most this many of the 256 bits set, hashes are alike without being of one page."""

NEAR_BY_FEATURES: Final = 0.05
"""Pooled features of two fillings of one form have at most this cosine distance."""

SAME_BY_FEATURES: Final = 0.005
"""So near, two pages are the same although their hashes are less near, or nearly blank."""

LOOSELY_NEAR: Final = 32
"""Hash bits that may differ then."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Two documents whose first pages are the same.

    Attributes:
        first: Index of the one document.
        second: Index of the other, greater.
        bits: Hash bits in which they differ, 0-256.
        distance: Cosine distance of their features, 0-2; None when features are not known.
        identical: Whether the files are the same byte for byte.
    """

    first: int
    second: int
    bits: int
    distance: float | None
    identical: bool = False


def page_hashes(
    samples: Sequence[Sample], cache: RasterCache, progress: Progress
) -> "NDArray[np.uint64]":
    """Return the difference hash of each first page, (n, 4)."""
    rows: list[NDArray[np.uint64]] = []
    for number, sample in enumerate(samples, 1):
        rows.append(difference_hash(cache.pages(sample.path, BASE)[0]).reshape(-1))
        progress("comparing pages", number, len(samples))
    return np.stack(rows) if rows else np.zeros((0, 4), np.uint64)


def file_digests(samples: Sequence[Sample]) -> list[str]:
    """Return the SHA-256 of each file as hex digits."""
    digests: list[str] = []
    for sample in samples:
        with sample.path.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    return digests


def copies(
    hashes: "NDArray[np.uint64]",
    digests: Sequence[str],
    features: "NDArray[np.float32] | None" = None,
) -> list[Copy]:
    """Return all pairs that are the same page, in the order of their indices.

    Args:
        hashes: (n, 4), of `page_hashes`.
        digests: n, of `file_digests`; the same bytes are always a pair.
        features: (n, width) pooled features of the first pages; None to go by hashes alone.
    """
    pairs = _near_by_hash(hashes) if features is None else _near_by_both(hashes, features)
    found: list[Copy] = []
    for i, j in sorted({*pairs, *_same(digests)}):
        bits = int(np.bitwise_count(hashes[i] ^ hashes[j]).sum())
        distance = None if features is None else cosine_distance(features[i], features[j])
        found.append(Copy(i, j, bits, distance, digests[i] == digests[j]))
    return found


def cosine_distance(one: "NDArray[np.float32]", other: "NDArray[np.float32]") -> float:
    """Return 1 - cosine of the angle between two vectors, 0-2; 1 when one of them is zero."""
    length = float(np.linalg.norm(one)) * float(np.linalg.norm(other))
    return max(0.0, 1.0 - float(one @ other) / length) if length else 1.0


def _near_by_hash(hashes: "NDArray[np.uint64]") -> list[tuple[int, int]]:
    ink = _ink(hashes)
    return [(i, j) for i, j in near_duplicates(hashes) if min(ink[i], ink[j]) > NEARLY_BLANK]


def _near_by_both(
    hashes: "NDArray[np.uint64]", features: "NDArray[np.float32]"
) -> list[tuple[int, int]]:
    inked = _ink(hashes) > NEARLY_BLANK
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    units = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    pairs: list[tuple[int, int]] = []
    for i in range(len(hashes) - 1):
        bits = np.bitwise_count(hashes[i + 1 :] ^ hashes[i]).sum(axis=1)
        distance = 1 - units[i + 1 :] @ units[i]
        alike = (bits <= NEAR) & (distance <= NEAR_BY_FEATURES) & inked[i] & inked[i + 1 :]
        same = (bits <= LOOSELY_NEAR) & (distance <= SAME_BY_FEATURES)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(alike | same)]
    return pairs


def _ink(hashes: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    return np.bitwise_count(hashes).sum(axis=1).astype(np.int64)


def _same(digests: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of equal digests, each document with the first of its kind."""
    places: dict[str, list[int]] = defaultdict(list)
    for index, digest in enumerate(digests):
        places[digest].append(index)
    return [(found[0], other) for found in places.values() for other in found[1:]]


LEAST_FOR_SETS: Final = 60
"""Documents of every label from which on there are four sets."""

LEAST_GROUPS: Final = 8
"""Groups of every label from which on there are four sets: two for each."""

MANY: Final = 1000
"""Documents from which on the calibration set grows at the expense of what is learned from."""

SHARES_OF_MANY: Final = {"train": 0.45, "validation": 0.12, "calibration": 0.31, "test": 0.12}
"""A promise of 1 % takes at least 299 calibration documents that are sorted alone."""

FOLDS: Final = 5
LEAST_TO_DIVIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Division:
    """Which documents serve what.

    Attributes:
        splits: Split of each document: "train", "validation", "calibration" or "test"; all
            "train" when it is cross-fitted.
        folds: (n,) fold of each document, for the choice of the penalty and for cross-fitting;
            whole groups share one.
        cross_fitted: Whether the folds are what is measured on.
    """

    splits: tuple[str, ...]
    folds: "NDArray[np.int64]"
    cross_fitted: bool

    def rows(self, split: str) -> "NDArray[np.int64]":
        """Return the rows of the documents of a split."""
        return np.flatnonzero(np.array([name == split for name in self.splits]))

    def counts(self, samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
        """Return documents by split and label."""
        table: dict[str, dict[str, int]] = {}
        for split in ("train", "validation", "calibration", "test"):
            found = Counter(samples[row].label for row in self.rows(split))
            if found:
                name = f"all, in {self.folds.max() + 1} folds" if self.cross_fitted else split
                table[name] = dict(sorted(found.items()))
        return table


def divide(samples: Sequence[Sample], groups: Sequence[int], seed: int) -> Division:
    """Divide documents; whole groups stay together.

    Args:
        samples: The documents, in any order: the same documents are always divided alike.
        groups: The group of each; see `with_groups_enough`.
        seed: The same seed gives the same division.
    """
    order = sorted(range(len(samples)), key=lambda row: samples[row].path.as_posix())
    labels = [samples[row].label for row in order]
    ordered = group([str(groups[row]) for row in order])
    cross_fitted = _few(labels, ordered)
    dealt = ["train"] * len(order)
    if not cross_fitted:
        shares = SHARES_OF_MANY if len(order) >= MANY else SHARES
        dealt = deal(ordered, labels, dict(shares), seed=seed)
    named = {str(fold): 1 / FOLDS for fold in range(FOLDS)}
    folds = np.zeros(len(order), np.int64)
    splits = [""] * len(order)
    for row, split, fold in zip(order, dealt, deal(ordered, labels, named, seed=seed), strict=True):
        splits[row], folds[row] = split, int(fold)
    _, numbered = np.unique(folds, return_inverse=True)
    return Division(tuple(splits), numbered.astype(np.int64), cross_fitted)


def _few(labels: Sequence[str], groups: Sequence[int]) -> bool:
    mine = [label for label in labels if label != NONE_OF_THESE]
    documents = Counter(mine)
    kinds = Counter(
        label for label, _ in set(zip(labels, groups, strict=True)) if label != NONE_OF_THESE
    )
    return min(documents.values()) < LEAST_FOR_SETS or min(kinds.values()) < LEAST_GROUPS


def with_groups_enough(
    samples: Sequence[Sample], groups: Sequence[int], digests: Sequence[str]
) -> list[int]:
    """Take a label apart that is a single group: there only the same bytes stay together.

    Some labels are one form, filled in by many people: all of it looks alike, and is what is to be
    learned.

    Args:
        samples: The documents.
        groups: The group of each.
        digests: Digest of the bytes of each.

    Returns:
        The group of each; every label has at least two, "other" apart.

    Raises:
        UsageError: All documents of a label are the same file.
    """
    found: dict[str, set[int]] = {}
    for sample, number in zip(samples, groups, strict=True):
        found.setdefault(sample.label, set()).add(number)
    single = {label for label, numbers in found.items() if len(numbers) < LEAST_TO_DIVIDE}
    single.discard(NONE_OF_THESE)
    for label in sorted(single):
        bytes_of = {d for s, d in zip(samples, digests, strict=True) if s.label == label}
        if len(bytes_of) < LEAST_TO_DIVIDE:
            raise UsageError(
                f"all documents of the label {label!r} are the same file",
                remedy="add documents that differ from each other, better from several senders",
            )
    keys = [
        f"{sample.label}:{digest}" if sample.label in single else str(number)
        for sample, number, digest in zip(samples, groups, digests, strict=True)
    ]
    return group(keys)
